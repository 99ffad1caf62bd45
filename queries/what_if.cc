#include "queries/what_if.h"

#include <set>
#include <tuple>

namespace tierline::queries {

using facts::FactId;
using graph::AttackGraph;
using graph::EdgeId;

Result<Changed> Changed::make(facts::Facts& facts, const std::vector<FactId>& removed, const Derive& derive,
                              const Targets& targets) {
  Result<snapshot::Snapshot> rest = facts::without(facts, removed);
  if (!rest) return std::move(rest).error();
  AttackGraph graph = derive(*rest);
  auto found = targets(*rest, graph);
  if (!found) return std::move(found).error();
  return Changed{*std::move(rest), std::move(graph), *std::move(found)};
}

std::unordered_map<std::string, FactId> facts_by_fingerprint(const AttackGraph& graph, facts::Facts& facts) {
  for (EdgeId e = 0; e < graph.edge_count(); ++e) {
    for (const graph::Evidence& evidence : graph.evidence(e)) facts.of(evidence, graph.edge(e).kind);
  }
  std::unordered_map<std::string, FactId> found;
  for (FactId fact = 0; fact < facts.size(); ++fact) found.emplace(facts.fingerprint(fact), fact);
  return found;
}

std::vector<EdgeId> edges_missing_in(const AttackGraph& graph, const AttackGraph& other) {
  using Identity = std::tuple<std::string_view, knowledge::EdgeKind, std::string_view>;
  const auto identity_of = [](const AttackGraph& of, const graph::Edge& edge) {
    return Identity(of.node(edge.source).id, edge.kind, of.node(edge.target).id);
  };
  std::set<Identity> there;
  for (const graph::Edge& edge : other.edges()) {
    if (edge.traversable) there.insert(identity_of(other, edge));
  }
  std::vector<EdgeId> missing;
  for (EdgeId e = 0; e < graph.edge_count(); ++e) {
    const graph::Edge& edge = graph.edge(e);
    if (edge.traversable && !there.contains(identity_of(graph, edge))) missing.push_back(e);
  }
  return missing;
}

}  // namespace tierline::queries
