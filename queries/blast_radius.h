#pragma once

// What falls when some principals or hosts are taken, and in how many hops.

#include <cstdint>
#include <vector>

#include "queries/search.h"

namespace tierline::queries {

/// Hops from the nearest of `sources` by node; kUnreachable for what does not fall. Forwards, what counts of an actor is by which
/// deny entries the token is caught: an edge is passed unless its own is among them.
std::vector<std::uint32_t> blast_radius(const graph::AttackGraph& graph,
                                        const std::vector<graph::NodeId>& sources);

}  // namespace tierline::queries
