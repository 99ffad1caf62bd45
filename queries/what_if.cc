#include "queries/what_if.h"

#include <algorithm>
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
  for (graph::NodeId n = 0; n < graph.node_count(); ++n) {
    for (graph::ArcId arc = graph.first_out_arc(n); arc < graph.first_out_arc(n + 1); ++arc) {
      const graph::VertexId head = graph.head(arc);
      const bool is_node = graph.is_node(head);
      const auto note = [&](graph::NodeId target) {
        const graph::EvidenceOf evidence(graph.stored_evidence(arc), graph.nodes().object(target));
        for (const graph::Evidence& one : evidence) facts.of(one, graph.trait(arc).kind);
      };
      const auto stored = graph.stored_evidence(arc);
      const bool is_of_each = std::any_of(stored.begin(), stored.end(), [](const graph::Evidence& one) {
        return one.object == graph::Evidence::kEach;
      });
      if (is_node) note(head);
      if (is_node) continue;
      for (const graph::NodeId member : graph.members(head)) {
        note(member);
        if (!is_of_each) break;
      }
    }
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
