#pragma once

// A snapshot and the graph derived from it: what every query command begins with.

#include <memory>

#include "core/derive/derive.h"
#include "core/snapshot/snapshot.h"

namespace tierline::viewer::cli {

struct LoadedGraph {
  snapshot::Snapshot snapshot;
  graph::AttackGraph graph;
  snapshot::Meta meta;  ///< coverage includes what derivation could not evaluate

  /// Errors: those of Snapshot::open.
  static Result<LoadedGraph> open(const std::string& path);

  /// The targets that --to names, or the Tier Zero set. Errors: those of queries::resolve; Incomplete when
  /// there is no target at all, as an answer of "nobody" would then say nothing.
  Result<std::vector<graph::NodeId>> targets(const std::vector<std::string>& named) const;
};

/// Coverage gaps as lines for the person at the terminal; empty when there are none.
std::string coverage_text(const snapshot::Meta& meta);

}  // namespace tierline::viewer::cli
