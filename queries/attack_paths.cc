#include "queries/attack_paths.h"

#include <algorithm>

#include "queries/principals.h"

namespace tierline::queries {

using graph::AttackGraph;
using graph::NodeId;

AttackPaths find_paths(const AttackGraph& graph, const std::vector<NodeId>& sources,
                       const std::vector<NodeId>& targets, std::size_t per_source, std::size_t limit,
                       SearchRules rules) {
  const DistanceField field(graph, targets, rules);
  std::vector<NodeId> reaching;
  for (const NodeId source : sources) {
    if (field.hops(source) != kUnreachable && !field.is_target(source)) reaching.push_back(source);
  }
  std::sort(reaching.begin(), reaching.end(), [&](NodeId a, NodeId b) {
    if (field.hops(a) != field.hops(b)) return field.hops(a) < field.hops(b);
    if (graph.node(a).name != graph.node(b).name) return graph.node(a).name < graph.node(b).name;
    return graph.node(a).id < graph.node(b).id;
  });
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
  for (const NodeId account : population(graph, targets)) {
    ++answer.population;
    const std::uint32_t hops = field.hops(account);
    if (hops == kUnreachable) continue;
    ++answer.exposed;
    ++answer.by_hops[hops];
    answer.principals.push_back({account, hops});
  }
  std::sort(answer.principals.begin(), answer.principals.end(), [&](const auto& a, const auto& b) {
    if (a.hops != b.hops) return a.hops < b.hops;
    if (graph.node(a.node).name != graph.node(b.node).name) {
      return graph.node(a.node).name < graph.node(b.node).name;
    }
    return graph.node(a.node).id < graph.node(b.node).id;
  });
  return answer;
}

}  // namespace tierline::queries
