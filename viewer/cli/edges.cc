// edges SNAP: the derived edges, one per line.

#include <fmt/format.h>

#include "core/base/text.h"
#include "core/knowledge/edge_kinds.h"
#include "queries/principals.h"
#include "viewer/cli/commands.h"
#include "viewer/cli/loaded_graph.h"
#include "viewer/export/formats.h"
#include "viewer/export/graph_json.h"

namespace tierline::viewer::cli {
namespace {

using graph::EdgeId;
using graph::NodeId;

struct Options {
  std::string path;
  std::vector<std::string> kinds;
  std::vector<std::string> from;
  std::vector<std::string> to;
  std::string compat;
  bool primitive = false;
  std::string format;

  derive::Rules rules() const {
    if (compat.empty()) return derive::Rules::Ours;
    return primitive ? derive::Rules::BloodHoundPrimitive : derive::Rules::BloodHound;
  }
};

/// Which edges were asked for.
struct Filter {
  std::vector<knowledge::EdgeKind> kinds;
  std::optional<std::vector<NodeId>> sources;
  std::optional<std::vector<NodeId>> targets;

  bool accepts(const graph::Edge& edge) const {
    const auto in = [](const auto& list, auto value) {
      return std::find(list.begin(), list.end(), value) != list.end();
    };
    return (kinds.empty() || in(kinds, edge.kind)) && (!sources || in(*sources, edge.source)) &&
           (!targets || in(*targets, edge.target));
  }
};

Result<Filter> make_filter(const Options& options, const LoadedGraph& loaded) {
  Filter filter;
  for (const std::string& name : options.kinds) {
    const knowledge::EdgeKindInfo* info = knowledge::find_edge_kind(name);
    if (info == nullptr) return Error{ErrorCode::Usage, "no such kind of edge: '" + visible(name) + "'"};
    filter.kinds.push_back(info->kind);
  }
  for (auto [names, place] :
       {std::pair(&options.from, &filter.sources), std::pair(&options.to, &filter.targets)}) {
    if (names->empty()) continue;
    auto nodes = queries::resolve_all(loaded.snapshot, loaded.graph, *names);
    if (!nodes) return std::move(nodes).error();
    *place = std::move(*nodes);
  }
  return filter;
}

void print_json(const LoadedGraph& loaded, const EdgeWriter& writer, const std::vector<EdgeId>& edges) {
  std::vector<bool> used(loaded.graph.node_count(), false);
  for (const EdgeId e : edges) {
    used[loaded.graph.edge(e).source] = true;
    used[loaded.graph.edge(e).target] = true;
  }
  JsonWriter json;
  begin_answer(json, "edges");
  write_coverage(json, loaded.meta);
  json.key("nodes").begin_array();
  for (NodeId n = 0; n < used.size(); ++n) {
    if (used[n]) write_node(json, loaded.graph, n);
  }
  json.end_array();
  json.key("edges").begin_array();
  for (const EdgeId e : edges) writer.write(json, e);
  json.end_array().end_object();
  print(json.take() + "\n");
}

Result<int> run(const Options& options) {
  Result<LoadedGraph> loaded = LoadedGraph::open(options.path, options.rules());
  if (!loaded) return std::move(loaded).error();
  const Result<Filter> filter = make_filter(options, *loaded);
  if (!filter) return filter.error();
  std::vector<EdgeId> edges;
  for (EdgeId e = 0; e < loaded->graph.edge_count(); ++e) {
    if (filter->accepts(loaded->graph.edge(e))) edges.push_back(e);
  }
  const EdgeWriter writer(loaded->snapshot, loaded->graph);
  if (options.format == "json") {
    print_json(*loaded, writer, edges);
  } else if (options.format == "csv") {
    print(csv_edge_heading());
    for (const EdgeId e : edges) print(csv_edge(loaded->graph, writer, e));
  } else {
    for (const EdgeId e : edges) {
      JsonWriter json;
      writer.write_with_nodes(json, e);
      print(json.take() + "\n");
    }
  }
  if (options.format != "json") note_coverage(loaded->meta);
  return exit_for(loaded->meta);
}

}  // namespace

Action declare_edges(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("SNAP", options->path, "the snapshot")->required();
  app.add_option("--kind", options->kinds, "only this kind of edge (repeatable)");
  app.add_option("--from", options->from, "only edges of this principal (repeatable)");
  app.add_option("--to", options->to, "only edges to this object (repeatable)");
  CLI::Option* const compat = app.add_option("--compat", options->compat,
                                             "the edges that another program makes of the same collection")
                                  ->check(CLI::IsMember({"bloodhound"}));
  app.add_flag("--primitive", options->primitive, "with --compat: those it makes before its analysis")
      ->needs(compat);
  add_format(app, options->format, {"ndjson", "csv", "json"});
  return [options] { return run(*options); };
}

}  // namespace tierline::viewer::cli
