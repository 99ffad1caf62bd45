#pragma once

// Puts an AttackGraph together: nodes first, then edges in any order, with repetitions.

#include <array>
#include <cstddef>
#include <map>
#include <vector>

#include "core/graph/attack_graph.h"
#include "core/graph/edge_batch.h"

namespace tierline::graph {

/// A node is in one bundle of each sort at most: those who carry one descriptor, those whom the same policies reach, and
/// hosts whose passwords the same principals can replicate. No kind of edge leads into bundles of two sorts, and none that
/// puts into tokens into any.
enum class BundleSort : std::uint8_t { Rights, Policies, Secrets };

inline constexpr BundleId kNoBundle = 0xFFFFFFFF;

class GraphBuilder {
 public:
  NodeId add_node(const Node& node) { return nodes_.add(node); }
  Node node(NodeId node) const { return nodes_[node]; }
  std::size_t node_count() const { return nodes_.size(); }
  NodeTable& nodes() { return nodes_; }
  const NodeTable& nodes() const { return nodes_; }

  /// The id of "no member of these", for Edge::condition. `excluded` may be in any order; empty gives 0.
  ConditionId condition(std::vector<NodeId> excluded);

  /// What condition() was given.
  const std::vector<NodeId>& excluded(ConditionId condition) const { return conditions_[condition]; }

  /// Edges that agree in source, target and kind become one: it keeps all evidence, is traversable if one
  /// of them was, and has a condition only if every traversable one had. An edge from a node to itself
  /// says nothing and is dropped, unless its kind may be one.
  void add_edge(const Edge& edge, Evidence evidence);

  /// The same with a proof that takes several things at once: a piece of evidence of each part. Empty parts say nothing, and
  /// each piece of a single part is a proof by itself.
  void add_joint_edge(const Edge& edge, const std::vector<std::vector<Evidence>>& parts);

  /// A bundle without nodes.
  BundleId add_bundle();
  /// REQUIRES: the node is in no bundle of this sort.
  void put(BundleSort sort, BundleId bundle, NodeId node);
  /// kNoBundle when it is in none.
  BundleId bundle_of(BundleSort sort, NodeId node) const;

  /// An edge to every node of a bundle but the source itself; `edge.target` does not count. Evidence may be of
  /// Evidence::kEach.
  void add_shared_edge(const Edge& edge, BundleId bundle, Evidence evidence);
  void add_shared_joint_edge(const Edge& edge, BundleId bundle,
                             const std::vector<std::vector<Evidence>>& parts);

  /// Takes over edges that were brought together elsewhere, of which nothing is unknown.
  void take(EdgeBatch&& batch);

  using PendingEdge = graph::PendingEdge;
  /// Edges of a kind added so far, for passes that look at the work of earlier ones. Those into bundles are apart: their
  /// target is the bundle.
  PendingEdges pending(knowledge::EdgeKind kind) const { return {batches_, kind}; }
  const std::vector<PendingEdge>& shared() const { return shared_; }

  /// All edges but those into bundles, kind by kind.
  template <class Take>
  void for_each_pending(const Take& take) const {
    for (std::size_t kind = 0; kind < EdgeBatch::kKinds; ++kind) {
      for (const PendingEdge& edge : pending(static_cast<knowledge::EdgeKind>(kind))) take(edge);
    }
  }

  /// The builder is spent afterwards.
  AttackGraph finish();

 private:
  friend class Assembly;

  EdgeBatch& own() { return batches_.back(); }
  template <class Take>
  void for_each_part(const std::vector<std::vector<Evidence>>& parts, const Take& take);

  static constexpr std::size_t kSorts = 3;

  NodeTable nodes_;
  std::vector<EdgeBatch> batches_ =
      std::vector<EdgeBatch>(1);  ///< the last one is for what is added one by one
  std::vector<PendingEdge> shared_;
  std::array<std::vector<BundleId>, kSorts> bundle_of_;  ///< by node; shorter when the last ones are in none
  BundleId bundles_ = 0;
  std::uint32_t joint_proofs_ = 0;
  std::vector<std::vector<NodeId>> conditions_ = {{}};
  std::map<std::vector<NodeId>, ConditionId> condition_ids_;
};

}  // namespace tierline::graph
