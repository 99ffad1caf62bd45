#pragma once

// Strongly connected components: nodes that reach each other, and so reach and are reached by the same ones.

#include <vector>

#include "core/graph/digraph.h"

namespace tierline::graph {

struct Components {
  /// By vertex. An arc never leads to a component of a higher number.
  std::vector<std::uint32_t> of;
  std::uint32_t count = 0;
};

/// R. Tarjan, "Depth-first search and linear graph algorithms", 1972, without recursion.
Components strong_components(const Digraph& graph);

}  // namespace tierline::graph
