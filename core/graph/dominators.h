#pragma once

// Dominators: what every way from a root to a vertex passes. Turned around, with the targets as the root, it is what
// every attack path from a vertex passes.

#include <vector>

#include "core/graph/digraph.h"

namespace tierline::graph {

/// The tree of immediate dominators of the vertices that can be reached from `root`.
class DominatorTree {
 public:
  DominatorTree(const Digraph& graph, const ArcsInto& arcs_into, Vertex root);

  /// The last vertex before `v` that every way to it passes; kNoVertex for the root and what cannot be reached.
  Vertex parent(Vertex v) const { return parent_[v]; }
  bool is_reached(Vertex v) const { return v == root_ || parent_[v] != kNoVertex; }

  /// Reached vertices such that each comes after its parent.
  const std::vector<Vertex>& order() const { return order_; }

  /// Whether every way to `v` passes `above`; a vertex dominates itself. REQUIRES: both are reached.
  bool dominates(Vertex above, Vertex v) const {
    return enter_[above] <= enter_[v] && enter_[v] < leave_[above];
  }

  /// The place of a vertex in a walk through the tree, and of the first one after it that it does not dominate.
  std::uint32_t enter(Vertex v) const { return enter_[v]; }
  std::uint32_t leave(Vertex v) const { return leave_[v]; }

  /// The last vertex that dominates both. REQUIRES: both are reached.
  Vertex common(Vertex a, Vertex b) const;

  /// The one arc to `v` that every way to it takes, or kNoArc. REQUIRES: `v` is reached and is not the root.
  Arc bridge_to(Vertex v, const ArcsInto& arcs_into) const;

  /// By vertex, the sum of `weight` over all that it dominates, itself included.
  std::vector<std::uint64_t> sums(const std::vector<std::uint32_t>& weight) const;

 private:
  void number_tree();

  Vertex root_;
  std::vector<Vertex> parent_;
  std::vector<Vertex> order_;
  std::vector<std::uint32_t> enter_;  ///< of a walk through the tree
  std::vector<std::uint32_t> leave_;
};

}  // namespace tierline::graph
