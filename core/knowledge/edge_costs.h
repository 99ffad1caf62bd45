#pragma once

// What it takes an intruder to use an edge, for paths by cost. The figures are judgements: small numbers to compare, not times.

#include <cstdint>
#include <span>
#include <string_view>

#include "core/knowledge/edge_kinds.h"

namespace tierline::knowledge {

struct EdgeCost {
  std::uint8_t cost;
  std::string_view reason;
  std::span<const EdgeKind> kinds;
};

/// Every traversable kind is in one row.
std::span<const EdgeCost> edge_costs();

std::uint8_t cost_of(EdgeKind kind);

}  // namespace tierline::knowledge
