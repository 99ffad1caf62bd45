// info SNAP: what a snapshot holds and where it came from.

#include <fmt/format.h>

#include <map>
#include <memory>

#include "core/base/text.h"
#include "core/directory/security_descriptor.h"
#include "core/knowledge/node_kinds.h"
#include "viewer/cli/commands.h"
#include "viewer/cli/loaded_graph.h"
#include "viewer/export/graph_json.h"

namespace tierline::viewer::cli {
namespace {

struct Options {
  std::string path;
  std::string format;
};

struct Counts {
  std::vector<graph::NodeId> domains;
  std::map<std::string_view, std::uint64_t> by_kind;
  std::uint64_t descriptors = 0;
  std::uint64_t aces = 0;  ///< in the DACLs of all objects, shared descriptors counted each time
};

Counts count(const LoadedGraph& loaded) {
  Counts counts;
  for (graph::NodeId n = 0; n < loaded.graph.node_count(); ++n) {
    const graph::Node& node = loaded.graph.node(n);
    if (node.object == snapshot::kNoObject) continue;
    ++counts.by_kind[knowledge::name_of(node.kind)];
    if (node.kind == knowledge::NodeKind::Domain) counts.domains.push_back(n);
  }
  std::vector<std::uint64_t> aces_of(loaded.snapshot.descriptor_count(), 0);
  for (snapshot::DescriptorIndex d = 0; d < loaded.snapshot.descriptor_count(); ++d) {
    const auto parsed = directory::SecurityDescriptor::parse(loaded.snapshot.descriptor(d));
    if (parsed && parsed->dacl) aces_of[d] = parsed->dacl->aces.size();
  }
  for (snapshot::ObjectIndex i = 0; i < loaded.snapshot.object_count(); ++i) {
    const snapshot::DescriptorIndex d = loaded.snapshot.object(i).descriptor();
    if (d == snapshot::kNoDescriptor) continue;
    ++counts.descriptors;
    counts.aces += aces_of[d];
  }
  return counts;
}

void print_json(const LoadedGraph& loaded, const Counts& counts) {
  JsonWriter json;
  begin_answer(json, "info");
  write_coverage(json, loaded.meta);
  json.key("identity").text(loaded.snapshot.identity());
  write_nodes(json, "domains", loaded.graph, counts.domains);
  json.key("objects").number(static_cast<std::uint64_t>(loaded.snapshot.object_count()));
  json.key("by_kind").begin_object();
  for (const auto& [kind, number] : counts.by_kind) json.key(kind).number(number);
  json.end_object();
  json.key("descriptors").begin_object();
  json.key("total").number(counts.descriptors);
  json.key("distinct").number(static_cast<std::uint64_t>(loaded.snapshot.descriptor_count()));
  json.key("aces").number(counts.aces);
  json.end_object();
  write_provenance(json, loaded.meta.provenance);
  json.end_object();
  print(json.take() + "\n");
}

void print_text(const LoadedGraph& loaded, const Counts& counts) {
  const snapshot::Provenance& from = loaded.meta.provenance;
  for (const graph::NodeId domain : counts.domains) {
    print(fmt::format("domain       {}  {}\n", visible(loaded.graph.node(domain).name),
                      loaded.graph.node(domain).id));
  }
  print(fmt::format("read         {} from {} by {}{}\n", utc_time(from.started), visible(from.server),
                    from.source, from.reader.empty() ? "" : " as " + visible(from.reader)));
  print(fmt::format("objects      {}\n", loaded.snapshot.object_count()));
  for (const auto& [kind, number] : counts.by_kind) print(fmt::format("  {:<14} {:>8}\n", kind, number));
  print(fmt::format("descriptors  {}, {} of them different, {} entries\n", counts.descriptors,
                    loaded.snapshot.descriptor_count(), counts.aces));
  print(fmt::format("edges        {}\n", loaded.graph.edge_count()));
  for (const snapshot::Area& area : loaded.meta.coverage) {
    if (!area.asked) print(fmt::format("not asked    {}\n", visible(area.area)));
  }
  print(coverage_text(loaded.meta));
}

Result<int> run(const Options& options) {
  const Result<LoadedGraph> loaded = LoadedGraph::open(options.path);
  if (!loaded) return loaded.error();
  const Counts counts = count(*loaded);
  if (options.format == "json") {
    print_json(*loaded, counts);
  } else {
    print_text(*loaded, counts);
  }
  return exit_for(loaded->meta);
}

}  // namespace

Action declare_info(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("SNAP", options->path, "the snapshot")->required();
  add_format(app, options->format, {"text", "json"});
  return [options] { return run(*options); };
}

}  // namespace tierline::viewer::cli
