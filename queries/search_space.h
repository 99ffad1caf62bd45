#pragma once

// Every way that principals have to the targets, as a plain graph turned around: from the targets out. What stands on all
// ways of a principal is then a dominator of it, and what is cheapest to take away a cut.

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <map>
#include <vector>

#include "core/facts/facts.h"
#include "core/graph/digraph.h"
#include "queries/search.h"

namespace tierline::queries {

/// A vertex is a node together with the condition that whoever acts there must meet (as in DistanceField); or a fact
/// between the two ends of the edges that rest on it, or what is left to prove of an edge that takes several facts; or what
/// the nodes of a bundle have in common, all of them or those that inherit the same; or the principal that can enter at
/// several vertices. Vertex 0 stands before all targets. What leads back to a target is no part of any way and left out.
class SearchSpace {
 public:
  /// Of edges only, or with the facts they rest on: a way through each proof of an edge, past a fact of each of its parts.
  SearchSpace(const graph::AttackGraph& graph, const std::vector<graph::NodeId>& targets,
              const std::vector<graph::NodeId>& principals, facts::Facts* facts = nullptr);

  static constexpr graph::Vertex kRoot = 0;

  const graph::Digraph& digraph() const { return digraph_; }
  /// The arc of the attack graph whose edge is taken, or kNoArcId: before a target or what nodes have in common, on the far
  /// side of a fact, for a principal's choice.
  graph::ArcId stored_arc(graph::Arc arc) const { return arcs_[arc]; }
  /// kNoNode for anything but a node, and a principal.
  graph::NodeId node(graph::Vertex v) const { return is_node(v) ? what_[v] : graph::kNoNode; }
  /// kNoFact for anything else.
  facts::FactId fact(graph::Vertex v) const { return kind_[v] == Kind::Fact ? what_[v] : facts::kNoFact; }
  bool is_group(graph::Vertex v) const { return kind_[v] == Kind::Group; }

  /// The principals that reach the targets, and the vertex of each.
  const std::vector<graph::NodeId>& principals() const { return principals_; }
  const std::vector<graph::Vertex>& entrances() const { return entrances_; }

 private:
  enum class Kind : std::uint8_t { Root, Node, Group, Fact, Junction };

  /// The edges into a bundle, by what tells the facts behind them apart.
  struct Shape {
    bool is_known = false;
    std::vector<graph::ArcId> of_all;
    std::vector<graph::ArcId> in_container;
    std::vector<graph::ArcId> of_each;  ///< also those whose condition joins that of the node
    std::vector<graph::NodeId> tails;   ///< of those of all and in a container, ascending
  };
  /// What nodes have in common: edges whose facts are those of the first of them.
  struct Group {
    graph::NodeId first = graph::kNoNode;
    std::vector<graph::ArcId> arcs;
    std::vector<graph::ArcId> of_each;  ///< that turned out to differ
    graph::Vertex vertex = graph::kNoVertex;
  };

  bool is_node(graph::Vertex v) const { return kind_[v] == Kind::Node; }
  void expand_node(graph::NodeId node, graph::ConditionId condition);
  void expand_bundle(graph::VertexId bundle, graph::NodeId node, graph::ConditionId condition);
  const Shape& shape_of(graph::VertexId bundle);
  facts::Facts::Sharing sharing(graph::ArcId arc, snapshot::DescriptorIndex descriptor);
  Group& group_of(graph::VertexId bundle, snapshot::ObjectIndex container, graph::NodeId node,
                  const std::vector<graph::ArcId>& arcs);
  bool is_written_on(graph::NodeId node, graph::ArcId arc);
  graph::EvidenceOf evidence_of(graph::ArcId arc, graph::NodeId target) const;

  graph::Vertex enter(graph::NodeId node, graph::ConditionId condition);
  graph::Vertex add_vertex(Kind kind, std::uint32_t what, std::uint32_t more = 0);
  void add_arc(graph::Vertex head, graph::ArcId arc);
  void add_edge(graph::ArcId arc, graph::NodeId target, graph::ConditionId condition);
  void add_proofs(graph::ArcId arc, graph::NodeId target, graph::Vertex head);
  facts::FactId removable(graph::ArcId arc, const graph::Evidence& evidence);
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
  std::vector<bool> is_target_;
  graph::Digraph digraph_;
  std::vector<graph::ArcId> arcs_;
  std::vector<Kind> kind_;
  std::vector<std::uint32_t> what_;  ///< a node, a group, a fact or a junction
  std::vector<std::uint32_t> more_;  ///< of a node its condition, of a fact where it leads
  std::vector<graph::Vertex> free_;  ///< by node, its vertex without a condition
  boost::unordered_flat_map<std::uint64_t, graph::Vertex> pending_;             ///< by condition and node
  boost::unordered_flat_map<graph::NodeId, std::vector<graph::Vertex>> bound_;  ///< the same by node alone
  std::vector<Shape> shapes_;                                                   ///< by bundle
  std::vector<Group> groups_;
  boost::unordered_flat_map<std::uint64_t, std::uint32_t> group_numbers_;  ///< by bundle and container
  boost::unordered_flat_map<std::uint64_t, graph::Vertex> by_fact_;  ///< by fact and the vertex it leads to
  std::vector<std::vector<graph::Vertex>> junction_next_;
  /// By what is left to prove, and where it leads.
  std::map<std::vector<std::uint32_t>, graph::Vertex> junctions_;
  std::vector<graph::NodeId> principals_;
  std::vector<graph::Vertex> entrances_;
};

}  // namespace tierline::queries
