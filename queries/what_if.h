#pragma once

// What would be if some facts were gone: the directory without them is derived like any other, so the answer is what a
// collection after the change would give.

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/facts/facts.h"
#include "core/facts/removal.h"

namespace tierline::queries {

/// How a graph is made of a snapshot; queries do not know it themselves.
using Derive = std::function<graph::AttackGraph(const snapshot::Snapshot& snapshot)>;

/// What counts as target in a graph; a change may make the Tier Zero set another one.
using Targets = std::function<Result<std::vector<graph::NodeId>>(const snapshot::Snapshot& snapshot,
                                                                 const graph::AttackGraph& graph)>;

/// Whose ways to the targets count.
using Principals = std::function<std::vector<graph::NodeId>(const graph::AttackGraph& graph,
                                                            const std::vector<graph::NodeId>& targets)>;

/// A directory after changes.
struct Changed {
  snapshot::Snapshot snapshot;
  graph::AttackGraph graph;
  std::vector<graph::NodeId> targets;

  /// Errors: those of facts::without() and `targets`.
  static Result<Changed> make(facts::Facts& facts, const std::vector<facts::FactId>& removed,
                              const Derive& derive, const Targets& targets);
};

/// For each fingerprint the fact behind an edge of the graph that has it, or behind one that comes to light without those that are
/// found: an edge rests on the entries that give it to as many, not on those that give it to some. kNoFact when there is none.
/// Errors: those of facts::without().
Result<std::vector<facts::FactId>> find_facts(const graph::AttackGraph& graph, facts::Facts& facts,
                                              std::span<const std::string> fingerprints,
                                              const Derive& derive);

}  // namespace tierline::queries
