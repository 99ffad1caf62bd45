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

Derived derive(const snapshot::Snapshot& snapshot);

}  // namespace tierline::derive
