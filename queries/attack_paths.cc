#include "queries/attack_paths.h"

#include <algorithm>

#include "queries/name_order.h"
#include "queries/principals.h"

namespace tierline::queries {

using graph::AttackGraph;
using graph::NodeId;

namespace {

// Those that reach a target and are none, nearest first, then by name and identifier.
std::vector<NodeId> nearest_first(const AttackGraph& graph, const DistanceField& field,
                                  const std::vector<NodeId>& nodes) {
  std::vector<RankedNode> order;
  for (const NodeId node : nodes) {
    if (field.hops(node) != kUnreachable && !field.is_target(node)) order.push_back({field.hops(node), node});
  }
  sort_by_name(graph.nodes(), order);
  std::vector<NodeId> found;
  found.reserve(order.size());
  for (const RankedNode& one : order) found.push_back(one.node);
  return found;
}

}  // namespace

AttackPaths find_paths(const AttackGraph& graph, const std::vector<NodeId>& sources,
                       const std::vector<NodeId>& targets, std::size_t per_source, std::size_t limit,
                       SearchRules rules) {
  const DistanceField field(graph, targets, rules);
  const std::vector<NodeId> reaching = nearest_first(graph, field, sources);
  AttackPaths answer;
  answer.sources_with_path = reaching.size();
  for (const NodeId source : reaching) {
    bool complete = true;
    for (Path& path : field.paths(source, per_source, &complete)) {
      if (limit != 0 && answer.paths.size() == limit) return answer;
      const std::uint32_t length = field.length_of(path);
      answer.paths.push_back({source, std::move(path), length});
    }
    answer.complete = answer.complete && complete;
  }
  if (per_source > 1) {
    std::stable_sort(answer.paths.begin(), answer.paths.end(),
                     [](const FoundPath& a, const FoundPath& b) { return a.length < b.length; });
  }
  return answer;
}

Exposure find_exposure(const AttackGraph& graph, const std::vector<NodeId>& targets) {
  const DistanceField field(graph, targets);
  Exposure answer;
  const std::vector<NodeId> accounts = population(graph, targets);
  const std::vector<NodeId> reaching = nearest_first(graph, field, accounts);
  answer.population = accounts.size();
  answer.exposed = reaching.size();
  answer.principals.reserve(reaching.size());
  for (const NodeId node : reaching) {
    answer.principals.push_back({node, field.hops(node)});
    ++answer.by_hops[field.hops(node)];
  }
  return answer;
}

}  // namespace tierline::queries
