#pragma once

// Choke points: what many paths have in common. Each is told with how many principals it cuts off from the targets, exactly,
// if it alone is taken away.

#include <cstdint>
#include <vector>

#include "queries/cuts.h"

namespace tierline::queries {

struct ChokePoints {
  std::uint64_t exposed = 0;
  /// Most first; equal ones by name. Only what cuts off anyone.
  std::vector<Cut> nodes;  ///< by NodeId; outside the targets, and not counting themselves
  std::vector<Cut> edges;  ///< by EdgeId
  std::vector<Cut> facts;  ///< by FactId
};

/// The first `limit` of each (0 = all); facts only when a table of them is given. Exact for the graph as it is: a membership
/// that is cut still counts where a deny entry names its group. What a change makes of the graph, what_if.h looks at: an edge
/// goes with the last proof that gives it to as many, though an entry behind a denial may go on giving it to some.
ChokePoints find_choke_points(const graph::AttackGraph& graph, const std::vector<graph::NodeId>& principals,
                              facts::Facts* facts, const std::vector<graph::NodeId>& targets,
                              std::size_t limit);

}  // namespace tierline::queries
