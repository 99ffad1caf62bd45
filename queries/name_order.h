#pragma once

// Nodes in order of their names, which is how answers list what is otherwise equal.

#include <compare>
#include <cstdint>
#include <vector>

#include "core/graph/node_table.h"

namespace tierline::queries {

/// A node and what counts before its name.
struct RankedNode {
  std::uint64_t rank = 0;
  graph::NodeId node = graph::kNoNode;

  friend auto operator<=>(const RankedNode&, const RankedNode&) = default;
};

/// By rank, then by name (its bytes), then by identifier. Ranks are no more what they were.
///
/// Names are read eight bytes at a time and in order of the nodes: comparing them two by two would wait for memory each time.
void sort_by_name(const graph::NodeTable& nodes, std::vector<RankedNode>& all);

}  // namespace tierline::queries
