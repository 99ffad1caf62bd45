#pragma once

// Every way that principals have to the targets, as a plain graph turned around: from the targets out. What stands on all
// ways of a principal is then a dominator of it, and what is cheapest to take away a cut.

#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

#include "core/facts/facts.h"
#include "core/graph/digraph.h"
#include "queries/search.h"

namespace tierline::queries {

/// A vertex is a node together with the condition that whoever acts there must meet (as in DistanceField), or a fact
/// between the two ends of the edges that rest on it, or what is left to prove of an edge that takes several facts, or
/// the principal that can enter at several vertices. Vertex 0 stands before all targets.
class SearchSpace {
 public:
  /// Of edges only, or with the facts they rest on: a way through each proof of an edge, past a fact of each of its parts.
  SearchSpace(const graph::AttackGraph& graph, const std::vector<graph::NodeId>& targets,
              const std::vector<graph::NodeId>& principals, facts::Facts* facts = nullptr);

  static constexpr graph::Vertex kRoot = 0;

  const graph::Digraph& digraph() const { return digraph_; }
  /// The edge that an arc stands for, or kNoEdge: before a target, on the far side of a fact, for a principal's choice.
  graph::EdgeId edge(graph::Arc arc) const { return edges_[arc]; }
  /// kNoNode for the root and facts.
  graph::NodeId node(graph::Vertex v) const { return nodes_[v]; }
  /// kNoFact for anything else.
  facts::FactId fact(graph::Vertex v) const { return facts_of_.empty() ? facts::kNoFact : facts_of_[v]; }

  /// The principals that reach the targets, and the vertex of each.
  const std::vector<graph::NodeId>& principals() const { return principals_; }
  const std::vector<graph::Vertex>& entrances() const { return entrances_; }

 private:
  graph::Vertex enter(graph::NodeId node, graph::ConditionId condition);
  graph::Vertex add_vertex(graph::NodeId node, graph::ConditionId condition, facts::FactId fact);
  void add_arc(graph::Vertex head, graph::EdgeId edge);
  void add_edge(graph::EdgeId edge, graph::Vertex before);
  void add_proofs(graph::EdgeId edge, graph::Vertex head);
  facts::FactId removable(graph::EdgeId edge, const graph::Evidence& evidence);
  graph::Vertex fact_before(facts::FactId fact, graph::Vertex head);
  graph::Vertex junction(const std::vector<std::vector<facts::FactId>>& parts, std::size_t count,
                         graph::Vertex head);
  void add_principals(const std::vector<graph::NodeId>& principals);

  static std::uint64_t key(std::uint32_t high, std::uint32_t low) {
    return (static_cast<std::uint64_t>(high) << 32) | low;
  }

  const graph::AttackGraph& graph_;
  facts::Facts* source_;
  Exclusions exclusions_;
  graph::Digraph digraph_;
  std::vector<graph::EdgeId> edges_;
  std::vector<graph::NodeId> nodes_;
  std::vector<graph::ConditionId> conditions_;
  std::vector<facts::FactId> facts_of_;
  std::vector<std::vector<graph::Vertex>> next_;              ///< of facts and junctions, where they lead
  std::vector<graph::Vertex> free_;                           ///< by node, its vertex without a condition
  std::unordered_map<std::uint64_t, graph::Vertex> pending_;  ///< by condition and node
  std::unordered_map<graph::NodeId, std::vector<graph::Vertex>> bound_;  ///< the same by node alone
  std::unordered_map<std::uint64_t, graph::Vertex> by_fact_;  ///< by fact and the vertex it leads to
  /// By what is left to prove, and where it leads.
  std::map<std::vector<std::uint32_t>, graph::Vertex> junctions_;
  std::vector<graph::NodeId> principals_;
  std::vector<graph::Vertex> entrances_;
};

}  // namespace tierline::queries
