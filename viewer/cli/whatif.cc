// whatif SNAP FACT...: the directory without some facts, and what that changes.

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/base/text.h"
#include "core/knowledge/edge_kinds.h"
#include "queries/attack_paths.h"
#include "queries/edge_changes.h"
#include "queries/what_if.h"
#include "viewer/cli/changes.h"
#include "viewer/cli/commands.h"
#include "viewer/export/fact_text.h"
#include "viewer/export/graph_json.h"

namespace tierline::viewer::cli {
namespace {

using graph::EdgeId;
using graph::NodeId;
using queries::Changed;
using queries::Exposure;

struct Options {
  std::string path;
  std::vector<std::string> facts;
  std::vector<std::string> to;
  std::string format;
};

/// One answer before and after.
struct Comparison {
  Exposure before;
  Exposure after;
  std::vector<EdgeId> closed;             ///< of the graph before
  std::vector<EdgeId> opened;             ///< of the graph after
  std::vector<NodeId> no_longer_exposed;  ///< of the graph before
  std::vector<NodeId> newly_exposed;      ///< of the graph after
};

std::vector<NodeId> nodes_of(const Exposure& exposure) {
  std::vector<NodeId> nodes;
  for (const auto& principal : exposure.principals) nodes.push_back(principal.node);
  return nodes;
}

Comparison compare(const LoadedGraph& loaded, const std::vector<NodeId>& targets, const Changed& changed) {
  Comparison found;
  found.before = queries::find_exposure(loaded.graph, targets);
  found.after = queries::find_exposure(changed.graph, changed.targets);
  const std::vector<NodeId> counterpart = queries::same_nodes(loaded.graph, changed.graph);
  queries::EdgeChanges edges = queries::compare_traversable_edges(loaded.graph, changed.graph, counterpart);
  found.closed = std::move(edges.closed);
  found.opened = std::move(edges.opened);

  std::vector<bool> is_exposed(changed.graph.node_count(), false);
  std::vector<bool> was_exposed(changed.graph.node_count(), false);
  found.newly_exposed = nodes_of(found.after);
  found.no_longer_exposed = nodes_of(found.before);
  for (const NodeId n : found.newly_exposed) is_exposed[n] = true;
  std::erase_if(found.no_longer_exposed, [&](NodeId n) {
    const NodeId same = counterpart[n];
    if (same != graph::kNoNode) was_exposed[same] = true;
    return same != graph::kNoNode && is_exposed[same];
  });
  std::erase_if(found.newly_exposed, [&](NodeId n) { return was_exposed[n]; });
  return found;
}

void print_edges(const char* heading, const snapshot::Snapshot& snapshot, const graph::AttackGraph& graph,
                 const std::vector<EdgeId>& edges) {
  if (edges.empty()) return;
  print(fmt::format("{}:\n", heading));
  for (const EdgeId e : edges) {
    const graph::Edge& edge = graph.edge(e);
    print(fmt::format("  {} -[{}]-> {}\n", label(snapshot, graph.node(edge.source)),
                      knowledge::info_of(edge.kind).name, label(snapshot, graph.node(edge.target))));
  }
}

void print_text(const LoadedGraph& loaded, const Changed& changed, const FactWriter& writer,
                std::string_view targets, const std::vector<facts::FactId>& removed,
                const Comparison& found) {
  for (const facts::FactId fact : removed) print(fmt::format("without: {}\n", writer.text(fact)));
  print(fmt::format("can reach {}: {} before, {} after\n", visible(targets), found.before.exposed,
                    found.after.exposed));
  for (const NodeId n : found.no_longer_exposed)
    print(fmt::format("  no longer: {}\n", visible(loaded.graph.node(n).name)));
  for (const NodeId n : found.newly_exposed)
    print(fmt::format("  now: {}\n", visible(changed.graph.node(n).name)));
  print_edges("edges closed", loaded.snapshot, loaded.graph, found.closed);
  print_edges("edges opened", changed.snapshot, changed.graph, found.opened);
}

void write_side(JsonWriter& json, std::string_view key, const Exposure& exposure) {
  json.key(key).begin_object();
  json.key("population").number(exposure.population);
  json.key("exposed").number(exposure.exposed);
  json.end_object();
}

void write_edges(JsonWriter& json, std::string_view key, const EdgeWriter& writer,
                 const std::vector<EdgeId>& edges) {
  json.key(key).begin_array();
  for (const EdgeId e : edges) writer.write(json, e);
  json.end_array();
}

void print_json(const LoadedGraph& loaded, const Changed& changed, const FactWriter& writer,
                const std::vector<facts::FactId>& removed, const Comparison& found) {
  JsonWriter json;
  begin_answer(json, "whatif");
  write_coverage(json, loaded.meta);
  json.key("removed").begin_array();
  for (const facts::FactId fact : removed) writer.write(json, fact);
  json.end_array();
  write_side(json, "before", found.before);
  write_side(json, "after", found.after);
  write_nodes(json, "no_longer_exposed", loaded.graph, found.no_longer_exposed);
  write_nodes(json, "newly_exposed", changed.graph, found.newly_exposed);
  write_edges(json, "edges_closed", EdgeWriter(loaded.snapshot, loaded.graph), found.closed);
  write_edges(json, "edges_opened", EdgeWriter(changed.snapshot, changed.graph), found.opened);
  json.end_object();
  print(json.take() + "\n");
}

Result<std::vector<facts::FactId>> find_facts(const graph::AttackGraph& graph, facts::Facts& facts,
                                              const std::vector<std::string>& named) {
  std::vector<std::string> fingerprints;
  for (const std::string& name : named) fingerprints.push_back(fold_case(name));
  const auto looked_up = queries::find_facts(graph, facts, fingerprints, derive_again());
  if (!looked_up) return looked_up.error();
  const std::vector<facts::FactId>& with_names = *looked_up;
  std::vector<facts::FactId> found;
  for (std::size_t i = 0; i < named.size(); ++i) {
    if (with_names[i] == facts::kNoFact) {
      return Error{ErrorCode::Usage, "no edge of this snapshot rests on a fact '" + visible(named[i]) +
                                         "'; chokepoints and plan tell which there are (id)"};
    }
    const bool is_known = std::find(found.begin(), found.end(), with_names[i]) != found.end();
    if (!is_known) found.push_back(with_names[i]);
  }
  return found;
}

Result<int> run(const Options& options) {
  Result<LoadedGraph> loaded = LoadedGraph::open(options.path);
  if (!loaded) return std::move(loaded).error();
  const auto targets = loaded->targets(options.to);
  if (!targets) return targets.error();
  facts::Facts facts(loaded->snapshot, loaded->graph);
  const auto removed = find_facts(loaded->graph, facts, options.facts);
  if (!removed) return removed.error();
  const Result<Changed> changed =
      Changed::make(facts, *removed, derive_again(), targets_again(loaded->graph, *targets, options.to));
  if (!changed) return changed.error();
  const Comparison found = compare(*loaded, *targets, *changed);
  const FactWriter writer(facts, loaded->graph);
  if (options.format == "json") {
    print_json(*loaded, *changed, writer, *removed, found);
  } else {
    print_text(*loaded, *changed, writer, target_name(options.to), *removed, found);
    print(coverage_text(loaded->meta));
  }
  return exit_for(loaded->meta);
}

}  // namespace

Action declare_whatif(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("SNAP", options->path, "the snapshot")->required();
  app.add_option("FACT", options->facts, "what is taken away, by the id that plan and chokepoints give it")
      ->required();
  app.add_option("--to", options->to, "the targets (repeatable); default: tier0");
  add_format(app, options->format, {"text", "json"});
  return [options] { return run(*options); };
}

}  // namespace tierline::viewer::cli
