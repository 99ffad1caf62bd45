#pragma once

// How many of each class of principals can reach each of many target sets, exactly and at once.

#include <cstdint>
#include <vector>

#include "core/graph/attack_graph.h"

namespace tierline::queries {

inline constexpr std::uint8_t kNoClass = 0xFF;

/// `class_of` is by node, kNoClass for what is not counted; `classes` how many there are. Result: by set, by class, who is in
/// the class and reaches the set; who is in the set does.
///
/// Of what reaches any set at all, what reaches each other is one; over what is left, which has no circles, each sweep carries up
/// to 512 sets in bits. Where conditions are, the states of a search are vertices of their own, so actors are told apart.
std::vector<std::vector<std::uint64_t>> exposure_counts(
    const graph::AttackGraph& graph, const std::vector<std::uint8_t>& class_of, std::size_t classes,
    const std::vector<std::vector<graph::NodeId>>& target_sets);

}  // namespace tierline::queries
