// info SNAP: what a snapshot holds and where it came from.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>

#include "core/base/text.h"
#include "core/directory/security_descriptor.h"
#include "core/knowledge/node_kinds.h"
#include "core/knowledge/tier_zero.h"
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
  std::vector<snapshot::ObjectIndex> without_descriptor;
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
  if (aces_of.empty()) return counts;  // a source without descriptors: coverage says so
  for (snapshot::ObjectIndex i = 0; i < loaded.snapshot.object_count(); ++i) {
    const snapshot::DescriptorIndex d = loaded.snapshot.object(i).descriptor();
    if (d == snapshot::kNoDescriptor) {
      counts.without_descriptor.push_back(i);
      continue;
    }
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
  json.key("tier_zero_version").number(std::uint32_t{knowledge::kTierZeroVersion});
  json.key("without_descriptor").begin_array();
  for (const snapshot::ObjectIndex i : counts.without_descriptor) json.text(loaded.snapshot.object(i).dn());
  json.end_array();
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
  print(fmt::format("identity     {}\n", loaded.snapshot.identity()));
  print(fmt::format("read         {} from {} ({}){}\n",
                    from.started == 0 ? "at no known time" : utc_time(from.started), visible(from.server),
                    from.source, from.reader.empty() ? "" : " as " + visible(from.reader)));
  print(fmt::format("objects      {}\n", loaded.snapshot.object_count()));
  for (const auto& [kind, number] : counts.by_kind) print(fmt::format("  {:<14} {:>8}\n", kind, number));
  print(fmt::format("descriptors  {}, {} of them different, {} entries\n", counts.descriptors,
                    loaded.snapshot.descriptor_count(), counts.aces));
  print(fmt::format("edges        {}\n", loaded.graph.edge_count()));
  for (const snapshot::Area& area : loaded.meta.coverage) {
    if (area.asked) continue;
    const std::string reason = area.reason.empty() ? "" : fmt::format(" ({})", visible(area.reason));
    print(fmt::format("not asked    {}{}\n", visible(area.area), reason));
  }
  constexpr std::size_t kShown = 20;
  for (std::size_t i = 0; i < std::min(kShown, counts.without_descriptor.size()); ++i) {
    const snapshot::Object object = loaded.snapshot.object(counts.without_descriptor[i]);
    print(fmt::format("no descriptor of {}\n", visible(object.dn())));
  }
  if (counts.without_descriptor.size() > kShown) {
    print(fmt::format("  and of {} more; --json has all\n", counts.without_descriptor.size() - kShown));
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
