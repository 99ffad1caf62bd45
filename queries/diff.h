#pragma once

// Drift between two snapshots of one directory: which facts changed, and what that opened and closed.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/snapshot/snapshot.h"
#include "queries/attack_paths.h"
#include "queries/fact_changes.h"

namespace tierline::queries {

/// One of the two sides.
struct Side {
  const snapshot::Snapshot& snapshot;
  const graph::AttackGraph& graph;
};

/// A node of one side; what was removed is known only to the old one.
struct NodeRef {
  bool in_new = true;
  graph::NodeId node = graph::kNoNode;
};

struct Change {
  using Op = FactChange::Op;
  using What = FactChange::What;
  Op op = Op::Changed;
  What what = What::Object;
  NodeRef object;
  std::optional<NodeRef> trustee = {};
  std::string attribute = {};  ///< for Attribute and Setting: which
  std::string before = {};
  std::string after = {};
  std::vector<graph::EdgeId> edges_opened = {};  ///< of the new graph
  std::vector<graph::EdgeId> edges_closed = {};  ///< of the old graph
};

struct Drift {
  bool comparable = true;
  std::string incomparable_because;
  std::vector<Change> changes;              ///< by object, in order of its GUID
  std::vector<graph::EdgeId> edges_opened;  ///< all of them, of the new graph
  std::vector<graph::EdgeId> edges_closed;  ///< all of them, of the old graph
  std::vector<FoundPath> paths_opened;      ///< in the new graph, shortest first
  std::vector<FoundPath> paths_closed;      ///< in the old graph, shortest first
  /// Unknown where nothing is in Tier Zero, or so much that a rule must be wrong (is_too_wide). What opened and closed for whom,
  /// here and in paths, is only told when both sides are known.
  std::optional<std::uint64_t> exposed_before;
  std::optional<std::uint64_t> exposed_after;
  std::vector<graph::NodeId> newly_exposed;      ///< of the new graph
  std::vector<graph::NodeId> no_longer_exposed;  ///< of the old graph

  bool is_exposure_known() const { return exposed_before && exposed_after; }
  bool empty() const { return changes.empty() && edges_opened.empty() && edges_closed.empty(); }
};

/// What counts as a change of facts is in fact_changes.h, of edges in edge_changes.h. Paths and exposure are those to Tier Zero.
Drift compare(const Side& before, const Side& after);

}  // namespace tierline::queries
