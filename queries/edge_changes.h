#pragma once

// Which edges only one of two graphs has.

#include <span>
#include <vector>

#include "core/graph/attack_graph.h"

namespace tierline::queries {

struct EdgeChanges {
  std::vector<graph::EdgeId> opened;  ///< of the new graph, ascending
  std::vector<graph::EdgeId> closed;  ///< of the old graph, ascending
};

/// For each node of `before` the one of `after` with the same id, or kNoNode. Of several with one id, each is the first that is
/// left.
std::vector<graph::NodeId> same_nodes(const graph::AttackGraph& before, const graph::AttackGraph& after);

/// Edges are the same when ends and kind are; `counterpart` is what same_nodes() gives. An edge that only became stronger or
/// weaker counts as well: traversable or not, with or without a condition. Takes time for what is stored, and for what
/// has changed: edges that are shared alike on both sides are not looked at one by one.
EdgeChanges compare_edges(const graph::AttackGraph& before, const graph::AttackGraph& after,
                          std::span<const graph::NodeId> counterpart);

/// The same of traversable edges: those that are traversable in one graph and not, or not there, in the other. A condition makes
/// no difference.
EdgeChanges compare_traversable_edges(const graph::AttackGraph& before, const graph::AttackGraph& after,
                                      std::span<const graph::NodeId> counterpart);

}  // namespace tierline::queries
