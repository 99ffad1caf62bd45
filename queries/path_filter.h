#pragma once

// Which edges a path may take: by their kind, and by what they lead through.

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/graph/attack_graph.h"
#include "core/snapshot/snapshot.h"
#include "queries/tiers.h"

namespace tierline::queries {

struct PathFilter {
  std::set<knowledge::EdgeKind> kinds;  ///< none but these; empty = all
  std::set<knowledge::EdgeKind> without_kinds;
  std::vector<std::string> domains;  ///< DNS names without case; both ends in one of them, or in none at all
  std::string
      operating_system;  ///< pattern of the computers passed, as tier rules have it; unknown ones stay
  /// Of the nodes passed; those that are in no tier stay. By `tiers`, which must then be given.
  std::set<Tier> tiers_passed;
  const Tiers* tiers = nullptr;
  std::optional<std::uint32_t>
      max_age_days;  ///< accounts passed that have logged on so lately, as of the snapshot; unknown ones stay

  bool is_empty() const {
    return kinds.empty() && without_kinds.empty() && domains.empty() && operating_system.empty() &&
           tiers_passed.empty() && !max_age_days;
  }
};

/// By edge. Errors: Incomplete for an age when the snapshot does not say when it was taken; Usage for a domain that it does not
/// know, or a tier that nothing is in.
Result<std::vector<bool>> allowed_edges(const snapshot::Snapshot& snapshot, const graph::AttackGraph& graph,
                                        const PathFilter& filter);

}  // namespace tierline::queries
