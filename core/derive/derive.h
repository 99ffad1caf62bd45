#pragma once

// Snapshot in, attack graph out. Pure: the same snapshot gives the same graph.

#include "core/graph/attack_graph.h"
#include "core/snapshot/snapshot.h"

namespace tierline::derive {

struct Derived {
  graph::AttackGraph graph;
  /// The snapshot's own coverage, and what could not be evaluated: an unknown is never shown as safe.
  snapshot::Meta meta;
};

/// By whose rules edges are made.
enum class Rules : std::uint8_t {
  Ours,
  BloodHound,           ///< what BloodHound's analysis makes of a collection, to compare graphs with
  BloodHoundPrimitive,  ///< what BloodHound makes of it before its analysis
};

Derived derive(const snapshot::Snapshot& snapshot, Rules rules = Rules::Ours);

}  // namespace tierline::derive
