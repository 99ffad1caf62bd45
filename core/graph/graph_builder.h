#pragma once

// Puts an AttackGraph together: nodes first, then edges in any order, with repetitions.

#include <map>
#include <vector>

#include "core/graph/attack_graph.h"

namespace tierline::graph {

class GraphBuilder {
 public:
  NodeId add_node(Node node);
  Node& node(NodeId node) { return nodes_[node]; }
  const Node& node(NodeId node) const { return nodes_[node]; }
  std::size_t node_count() const { return nodes_.size(); }
  const std::vector<Node>& nodes() const { return nodes_; }

  /// The id of "no member of these", for Edge::condition. `excluded` may be in any order; empty gives 0.
  ConditionId condition(std::vector<NodeId> excluded);

  /// What condition() was given.
  const std::vector<NodeId>& excluded(ConditionId condition) const { return conditions_[condition]; }

  /// Edges that agree in source, target and kind become one: it keeps all evidence, is traversable if one
  /// of them was, and has a condition only if every traversable one had. An edge from a node to itself
  /// says nothing and is dropped, unless its kind may be one.
  void add_edge(const Edge& edge, Evidence evidence);

  /// The same with a proof that takes several things at once: a piece of evidence of each part. Empty parts say nothing.
  void add_joint_edge(const Edge& edge, const std::vector<std::vector<Evidence>>& parts);

  /// Where a piece of evidence belongs in a proof that takes several.
  struct Part {
    std::uint32_t proof = 0;  ///< 0 = the evidence is one by itself
    std::uint32_t number = 0;

    friend auto operator<=>(const Part&, const Part&) = default;
  };

  /// Edges added so far, for passes that look at the work of earlier ones.
  struct PendingEdge {
    Edge edge;
    Evidence evidence;
    Part part = {};
  };
  const std::vector<PendingEdge>& pending() const { return edges_; }

  /// The builder is spent afterwards.
  AttackGraph finish();

 private:
  std::vector<Node> nodes_;
  std::vector<PendingEdge> edges_;
  std::uint32_t joint_proofs_ = 0;
  std::vector<std::vector<NodeId>> conditions_ = {{}};
  std::map<std::vector<NodeId>, ConditionId> condition_ids_;
};

}  // namespace tierline::graph
