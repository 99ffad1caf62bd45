#pragma once

// Which tier every object is in, and why: the built-in Tier Zero, and the rules of the organisation.

#include <vector>

#include "core/graph/attack_graph.h"
#include "core/snapshot/snapshot.h"
#include "queries/tier_rules.h"

namespace tierline::queries {

/// Stands for the built-in list of Tier Zero, and for the default, where the place of a rule would.
inline constexpr std::uint32_t kBuiltIn = 0xFFFFFFFE;
inline constexpr std::uint32_t kByDefault = 0xFFFFFFFF;

struct Tiers {
  std::vector<Tier> tier;           ///< by node; kNoTier for one that no rule names
  std::vector<std::uint32_t> rule;  ///< by node, the place of the rule that decides; kBuiltIn, or kByDefault

  Tier otherwise =
      kNoTier;  ///< of what no rule names, when the rules say so; nodes other than accounts do not get it

  /// A node of which rules say different tiers; the most privileged counts.
  struct Conflict {
    graph::NodeId node = graph::kNoNode;
    std::vector<std::uint32_t> rules;  ///< all that fit, by place
  };
  std::vector<Conflict> conflicts;  ///< by node
  std::vector<bool> is_rule_used;   ///< by place, whether it fits any node

  std::uint64_t accounts = 0;                   ///< users and computers that are not disabled
  std::uint64_t accounts_in_zero = 0;           ///< of these, in Tier Zero by rules or built in
  std::uint64_t accounts_in_zero_by_rules = 0;  ///< of these, put there by a rule or the default alone

  /// So much in Tier Zero that a rule must be wrong: nothing could be said of paths to it. Of few accounts most may well be in it, and all
  /// where nobody else has one.
  bool is_zero_too_wide() const {
    const bool is_most_of_many = accounts > 20 && accounts_in_zero * 2 > accounts;
    return is_most_of_many || (accounts_in_zero_by_rules > 0 && accounts_in_zero == accounts);
  }
};

/// Whether the built-in Tier Zero, given as its nodes, is too wide in that sense. Looks at as many accounts as it must.
bool is_too_wide(const graph::AttackGraph& graph, const std::vector<graph::NodeId>& tier_zero);

/// Of rules for containers, the one for the nearest counts alone. Errors: Config with the line of a rule whose group, policy or container
/// is not in the snapshot, or could be several.
Result<Tiers> assign_tiers(const snapshot::Snapshot& snapshot, const graph::AttackGraph& graph,
                           const TierRules& rules);

/// "Tier Zero: Domain Admins", "Servers of the organisation (line 7)", "default".
std::string reason_of(const graph::AttackGraph& graph, const TierRules& rules, const Tiers& tiers,
                      graph::NodeId node);

}  // namespace tierline::queries
