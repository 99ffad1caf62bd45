#pragma once

// A snapshot and the graph derived from it: what every query command begins with.

#include <optional>
#include <string>
#include <vector>

#include "core/derive/derive.h"
#include "core/snapshot/snapshot.h"
#include "queries/tiers.h"
#include "viewer/cli/kept_graph.h"

namespace tierline::viewer::cli {

struct LoadedGraph {
  snapshot::Snapshot snapshot;
  graph::AttackGraph graph;
  snapshot::Meta meta;  ///< coverage includes what derivation could not evaluate

  /// The graph that `derive` kept beside the snapshot, if it is of this one and by these rules; else derived. Errors:
  /// those of Snapshot::open.
  static Result<LoadedGraph> open(const std::string& path, derive::Rules rules = derive::Rules::Ours);
  /// The same, of what is open already: `kept` is what KeptGraph::of() gave for `file`. Errors: those of
  /// Snapshot::load.
  static Result<LoadedGraph> of(snapshot::File file, const std::optional<KeptGraph>& kept);
  /// Derived, whatever was kept. Errors: those of Snapshot::open.
  static Result<LoadedGraph> derive(const std::string& path);

  /// The targets that --to names, or the Tier Zero set. Errors: those of queries::resolve; Incomplete when nothing is in Tier Zero
  /// or nearly everybody is, as an answer of "nobody" would then say nothing.
  Result<std::vector<graph::NodeId>> targets(const std::vector<std::string>& named) const;
};

/// What to call the targets before a person.
std::string target_name(const std::vector<std::string>& named);

/// Whether the Tier Zero set is among what --to names, or meant because it names nothing.
bool names_tier_zero(const std::vector<std::string>& named);

/// The rules of an organisation, and the tiers they make of a directory.
struct TieredDirectory {
  queries::TierRules rules;
  queries::Tiers tiers;

  /// By the built-in Tier Zero alone when `path` is empty. Errors: those of TierRules::read and assign_tiers; Incomplete when nothing is
  /// in Tier Zero, or so much that a rule must be wrong. Notes rules that fit nothing.
  static Result<TieredDirectory> assign(const LoadedGraph& loaded, const std::string& path);
};

/// What to call a node before a person: the name of a principal, the DN of anything else, as containers of one
/// name are many.
std::string label(const snapshot::Snapshot& snapshot, const graph::Node& node);

}  // namespace tierline::viewer::cli
