#pragma once

// The cheapest set of vertices without which no way leads from a root to any of some sinks (Menger 1927; Ford and
// Fulkerson 1956).

#include <cstdint>
#include <optional>
#include <vector>

#include "core/graph/digraph.h"

namespace tierline::graph {

/// What cannot be removed.
inline constexpr std::uint32_t kFixed = 0xFFFFFFFF;

struct Cut {
  std::uint64_t cost = 0;
  std::vector<Vertex> vertices;  ///< ascending; of all cheapest cuts the one nearest to the root
};

/// `cost` is by vertex, the sinks' own included. Absent when a way consists of fixed vertices alone, or the cut
/// costs more than `limit`. Time: a few searches over what the root reaches, as a cut in a directory is small; the
/// flow itself is kept only where there is any.
std::optional<Cut> min_cut(const Digraph& graph, Vertex root, const std::vector<Vertex>& sinks,
                           const std::vector<std::uint32_t>& cost, std::uint64_t limit = ~std::uint64_t{0});

}  // namespace tierline::graph
