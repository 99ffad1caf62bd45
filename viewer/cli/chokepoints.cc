// chokepoints SNAP: what many attack paths have in common, and how many principals each cuts off.

#include <fmt/format.h>

#include "core/base/text.h"
#include "core/knowledge/edge_kinds.h"
#include "queries/choke_points.h"
#include "queries/principals.h"
#include "viewer/cli/changes.h"
#include "viewer/cli/commands.h"
#include "viewer/cli/loaded_graph.h"
#include "viewer/export/fact_text.h"
#include "viewer/export/graph_json.h"

namespace tierline::viewer::cli {
namespace {

using queries::ChokePoints;

struct Options {
  std::string path;
  std::vector<std::string> from;
  std::vector<std::string> to;
  std::size_t limit = 20;
  std::string format;
};

template <class Describe>
void print_list(std::string_view heading, const std::vector<queries::Cut>& points, const Describe& describe) {
  print(fmt::format("\n{}\n", heading));
  print(points.empty() ? "  none: everyone exposed has a way around each; `plan` looks for several at once\n"
                       : "  cuts off  new  \n");
  for (const queries::Cut& point : points) {
    print(fmt::format("  {:>8} {:>4}  {}\n", point.cut_off, point.more, describe(point.id)));
  }
}

void print_text(const LoadedGraph& loaded, std::string_view targets, std::size_t population,
                const ChokePoints& answer, const FactWriter& facts) {
  print(fmt::format("{} of {} principals outside the targets can reach {}.\n", answer.exposed, population,
                    visible(targets)));
  if (answer.exposed == 0) return;
  const auto name = [&](std::uint64_t id) {
    return label(loaded.snapshot, loaded.graph.node(static_cast<graph::NodeId>(id)));
  };
  print_list("Facts: take one away, and so many are cut off", answer.facts,
             [&](std::uint64_t id) { return facts.line(static_cast<facts::FactId>(id)); });
  print_list("Principals and objects that all ways of so many others pass", answer.nodes, name);
  print_list("Edges that all ways of so many pass", answer.edges, [&](graph::EdgeId id) {
    const graph::Edge edge = loaded.graph.edge(id);
    return fmt::format("{} -[{}]-> {}", name(edge.source), knowledge::info_of(edge.kind).name,
                       name(edge.target));
  });
}

template <class Write>
void write_list(JsonWriter& json, std::string_view key, std::string_view what,
                const std::vector<queries::Cut>& points, const Write& write) {
  json.key(key).begin_array();
  for (const queries::Cut& point : points) {
    json.begin_object();
    json.key("cut_off").number(point.cut_off);
    json.key("new").number(point.more);
    json.key(what);
    write(point.id);
    json.end_object();
  }
  json.end_array();
}

void print_json(const LoadedGraph& loaded, const std::vector<graph::NodeId>& targets, std::size_t population,
                const ChokePoints& answer, const FactWriter& facts) {
  const EdgeWriter edges(loaded.snapshot, loaded.graph);
  JsonWriter json;
  begin_answer(json, "chokepoints");
  write_coverage(json, loaded.meta);
  write_nodes(json, "targets", loaded.graph, targets);
  json.key("population").number(std::uint64_t{population});
  json.key("exposed").number(answer.exposed);
  write_list(json, "facts", "fact", answer.facts,
             [&](std::uint64_t id) { facts.write(json, static_cast<facts::FactId>(id)); });
  write_list(json, "nodes", "node", answer.nodes,
             [&](std::uint64_t id) { write_node(json, loaded.graph, static_cast<graph::NodeId>(id)); });
  write_list(json, "edges", "edge", answer.edges,
             [&](graph::EdgeId id) { edges.write_with_nodes(json, id); });
  json.end_object();
  print(json.take() + "\n");
}

Result<int> run(const Options& options) {
  Result<LoadedGraph> loaded = LoadedGraph::open(options.path);
  if (!loaded) return std::move(loaded).error();
  const auto targets = loaded->targets(options.to);
  if (!targets) return targets.error();
  facts::Facts facts(loaded->snapshot, loaded->graph);
  const auto sources = queries::resolve_all(loaded->snapshot, loaded->graph, options.from);
  if (!sources) return sources.error();
  const std::vector<graph::NodeId> accounts =
      principals_again(loaded->graph, *sources)(loaded->graph, *targets);
  const ChokePoints answer =
      queries::find_choke_points(loaded->graph, accounts, &facts, *targets, options.limit);
  const FactWriter writer(facts, loaded->graph);
  if (options.format == "json") {
    print_json(*loaded, *targets, accounts.size(), answer, writer);
  } else {
    print_text(*loaded, target_name(options.to), accounts.size(), answer, writer);
    print(coverage_text(loaded->meta));
  }
  return exit_for(loaded->meta);
}

}  // namespace

Action declare_chokepoints(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("SNAP", options->path, "the snapshot")->required();
  app.add_option("--from", options->from,
                 "whose ways count (repeatable); default: every account outside the targets that is not "
                 "known to be disabled");
  app.add_option("--to", options->to, "the targets (repeatable); default: tier0");
  app.add_option("--limit", options->limit, "at most so many of each kind, 0 for all")->capture_default_str();
  add_format(app, options->format, {"text", "json"});
  return [options] { return run(*options); };
}

}  // namespace tierline::viewer::cli
