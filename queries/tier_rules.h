#pragma once

// How an organisation divides its directory into tiers, and what it wants audited: one TOML file, docs/tiers.md.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/directory/sid.h"

namespace tierline::queries {

/// 0 is Tier Zero; higher numbers are worth less.
using Tier = std::uint8_t;
inline constexpr Tier kNoTier = 0xFF;
inline constexpr Tier kLowestTier = 9;

/// One [[rule]]. Every condition that is given must hold.
struct TierRule {
  Tier tier = kNoTier;
  std::string application;  ///< what the objects belong to; empty for the organisation as a whole
  std::string reason;
  std::size_t line = 0;  ///< of the file

  std::optional<directory::Sid> sid;
  std::optional<std::uint32_t> rid;  ///< in any domain
  std::string member_of;  ///< a group, as queries::resolve() takes it; direct and nested members, and itself
  std::string ou;         ///< a container, likewise; everything below it, and itself
  std::string gpo;        ///< a policy; the accounts that it applies to
  std::string name;       ///< pattern of NAME@DOMAIN or its first part; `*` and `?`, without case
  std::string attribute;  ///< lDAPDisplayName
  std::string value;      ///< pattern of one of its values; empty = any
  std::string host_role;  ///< a name of host_roles()
};

struct AuditSettings {
  std::set<std::string> enabled;  ///< ids of rules; empty = all
  std::set<std::string> disabled;
  std::uint32_t stale_days = 90;     ///< an account that has not logged on for longer
  std::uint32_t krbtgt_days = 180;   ///< a krbtgt password that is older
  std::uint32_t recent_days = 14;    ///< an account made so lately may not have logged on yet
  std::uint32_t session_days = 14;   ///< a session that has stood for longer
  std::uint32_t session_hosts = 3;   ///< hosts that one account is logged on to at once
  std::uint32_t standing_days = 30;  ///< a membership that lasts longer is as good as one for good
  std::uint32_t control_crowd = 50;  ///< objects that one controls; more of them are told as one finding
  std::uint32_t shadow_crowd = 50;   ///< accounts in one group; more of them are told as the group
};

struct TierRules {
  std::vector<TierRule> rules;
  std::optional<Tier> otherwise;  ///< of accounts that no rule names
  AuditSettings audit;

  /// Errors: NoInput; Config with the line of what is wrong: no TOML, another version, an unknown key, a value of another type,
  /// a rule without tier, reason or condition.
  static Result<TierRules> read(const std::string& path);
};

/// What hosts can be recognised as.
const std::vector<std::string>& host_roles();

/// Whether a text fits a pattern: `*` any characters, `?` one, the rest without regard to case. Linear in their lengths' product.
bool fits(std::string_view pattern, std::string_view text);
/// The same of texts that fold_case() has made.
bool fits_folded(std::string_view pattern, std::string_view text);

}  // namespace tierline::queries
