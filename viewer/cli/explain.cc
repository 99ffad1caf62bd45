// explain SNAP FROM TO: why each edge between two principals exists.

#include <fmt/format.h>

#include "core/base/text.h"
#include "core/knowledge/edge_kinds.h"
#include "queries/attack_paths.h"
#include "queries/principals.h"
#include "viewer/cli/commands.h"
#include "viewer/cli/loaded_graph.h"
#include "viewer/export/graph_json.h"

namespace tierline::viewer::cli {
namespace {

using graph::EdgeId;
using graph::NodeId;

struct Options {
  std::string path;
  std::string from;
  std::string to;
  std::string format;
};

Result<NodeId> one_node(const LoadedGraph& loaded, const std::string& text) {
  const auto nodes = queries::resolve(loaded.snapshot, loaded.graph, text);
  if (!nodes) return nodes.error();
  if (nodes->size() != 1)
    return Error{ErrorCode::Usage, "'" + visible(text) + "' is a set; name one principal"};
  return nodes->front();
}

std::vector<EdgeId> edges_between(const graph::AttackGraph& graph, NodeId from, NodeId to) {
  std::vector<EdgeId> edges;
  for (EdgeId e = graph.first_out_edge(from); e < graph.first_out_edge(from + 1); ++e) {
    if (graph.edge(e).target == to) edges.push_back(e);
  }
  return edges;
}

void print_edge_text(const LoadedGraph& loaded, const EdgeWriter& writer, EdgeId e) {
  const graph::Edge& edge = loaded.graph.edge(e);
  const knowledge::EdgeKindInfo& info = knowledge::info_of(edge.kind);
  print(fmt::format("{} -[{}]-> {}{}\n", visible(loaded.graph.node(edge.source).name), info.name,
                    visible(loaded.graph.node(edge.target).name),
                    edge.traversable ? "" : "  (gives no control by itself)"));
  print(fmt::format("  what:    {}\n", info.meaning));
  for (const graph::Evidence& evidence : loaded.graph.evidence(e)) {
    print(fmt::format("  because: {}\n", visible(writer.sentence(evidence))));
  }
  for (const std::string& caveat : writer.caveats(e)) print(fmt::format("  but:     {}\n", visible(caveat)));
  print(fmt::format("  remove:  {}\n  seen as: {}\n  ATT&CK:  {}\n  source:  {}\n\n", info.remedy,
                    info.detection, info.attack, info.source));
}

void write_explained(JsonWriter& json, const LoadedGraph& loaded, const EdgeWriter& writer, EdgeId e) {
  const graph::Edge& edge = loaded.graph.edge(e);
  const knowledge::EdgeKindInfo& info = knowledge::info_of(edge.kind);
  json.begin_object();
  json.key("kind").text(info.name);
  json.key("source").text(loaded.graph.node(edge.source).id);
  json.key("target").text(loaded.graph.node(edge.target).id);
  json.key("traversable").boolean(edge.traversable);
  writer.write_reasons(json, e);
  json.key("meaning").text(info.meaning);
  json.key("derived").text(info.derived);
  json.key("remedy").text(info.remedy);
  json.key("detection").text(info.detection);
  json.key("attack").text(info.attack);
  json.key("specification").text(info.source);
  json.end_object();
}

Result<int> run(const Options& options) {
  Result<LoadedGraph> loaded = LoadedGraph::open(options.path);
  if (!loaded) return std::move(loaded).error();
  const Result<NodeId> from = one_node(*loaded, options.from);
  if (!from) return from.error();
  const Result<NodeId> to = one_node(*loaded, options.to);
  if (!to) return to.error();
  const std::vector<EdgeId> edges = edges_between(loaded->graph, *from, *to);
  const queries::AttackPaths way = queries::find_paths(loaded->graph, {*from}, {*to}, 1, 1);
  const EdgeWriter writer(loaded->snapshot, loaded->graph);

  if (options.format == "json") {
    JsonWriter json;
    begin_answer(json, "explain");
    write_coverage(json, loaded->meta);
    json.key("from");
    write_node(json, loaded->graph, *from);
    json.key("to");
    write_node(json, loaded->graph, *to);
    json.key("edges").begin_array();
    for (const EdgeId e : edges) write_explained(json, *loaded, writer, e);
    json.end_array();
    json.key("path").begin_array();
    if (!way.paths.empty()) {
      for (const EdgeId e : way.paths.front().edges) write_explained(json, *loaded, writer, e);
    }
    json.end_array().end_object();
    print(json.take() + "\n");
  } else {
    for (const EdgeId e : edges) print_edge_text(*loaded, writer, e);
    if (edges.empty() && !way.paths.empty()) {
      print("No single edge joins the two; the shortest path is:\n\n");
      for (const EdgeId e : way.paths.front().edges) print_edge_text(*loaded, writer, e);
    }
    if (edges.empty() && way.paths.empty()) print("No edge and no path joins the two in what was read.\n");
    print(coverage_text(loaded->meta));
  }
  return exit_for(loaded->meta);
}

}  // namespace

Action declare_explain(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("SNAP", options->path, "the snapshot")->required();
  app.add_option("FROM", options->from, "the principal that can act")->required();
  app.add_option("TO", options->to, "the thing acted upon")->required();
  add_format(app, options->format, {"text", "json"});
  return [options] { return run(*options); };
}

}  // namespace tierline::viewer::cli
