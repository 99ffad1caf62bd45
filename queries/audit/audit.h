#pragma once

// The audit: what crosses tiers, and what invites crossing them. A rule is a function in one of the files here, a declaration
// below, and a row in the list (audit.cc).

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/graph/attack_graph.h"
#include "core/snapshot/snapshot.h"
#include "queries/tiers.h"

namespace tierline::queries::audit {

enum class Severity : std::uint8_t { Critical, High, Medium, Low };
std::string_view name_of(Severity severity);

struct Finding {
  std::vector<graph::NodeId> objects;  ///< the one that is at fault first
  std::vector<graph::EdgeId> edges;    ///< that prove it
  std::string detail;                  ///< what was seen, for a person
  Severity severity = Severity::Medium;
  std::string fingerprint;  ///< 16 hexadecimal digits: rule and objects, the same in every snapshot
};

/// Everything a rule may look at.
struct Context {
  const snapshot::Snapshot& snapshot;
  const graph::AttackGraph& graph;
  const Tiers& tiers;
  const AuditSettings& settings;

  Tier tier(graph::NodeId node) const { return tiers.tier[node]; }
  bool is_in_zero(graph::NodeId node) const { return tiers.tier[node] == 0; }
  /// A user or computer that is not known to be disabled, with an object of its own.
  bool is_active_account(graph::NodeId node) const;
  bool is_user(graph::NodeId node) const;
  bool is_controller(graph::NodeId node) const;

  /// Of a node's object; absent without one, without the attribute, or for what is no number.
  std::optional<std::int64_t> number(graph::NodeId node, std::string_view attribute) const;
  bool has(graph::NodeId node, std::string_view attribute) const;
  /// Whether any object of the snapshot has the attribute: without one, that it is missing somewhere says nothing.
  bool is_attribute_there(std::string_view attribute) const;
  bool has_edges_of(knowledge::EdgeKind kind) const;

  /// Seconds since 1970 of an attribute that counts hundreds of nanoseconds since 1601 ([MS-DTYP] 2.3.3); absent for never.
  std::optional<std::int64_t> time(graph::NodeId node, std::string_view attribute) const;
  /// Seconds since 1970 of a generalized time (RFC 4517 3.3.13) as directories write it.
  std::optional<std::int64_t> generalized_time(graph::NodeId node, std::string_view attribute) const;
  /// When the facts were collected; absent when the snapshot does not say. Nothing is judged by the clock.
  std::optional<std::int64_t> now() const;
};

/// What a rule has to say.
class Report {
 public:
  explicit Report(Severity usual) : usual_(usual) {}

  void add(std::vector<graph::NodeId> objects, std::vector<graph::EdgeId> edges, std::string detail);
  void add(Severity severity, std::vector<graph::NodeId> objects, std::vector<graph::EdgeId> edges,
           std::string detail);
  /// Its input was not collected, so that nothing was found means nothing. Findings may stand beside it.
  void unknown(std::string why) { unknown_ = std::move(why); }

  std::vector<Finding>& findings() { return findings_; }
  const std::string& why_unknown() const { return unknown_; }

 private:
  Severity usual_;
  std::vector<Finding> findings_;
  std::string unknown_;
};

struct Rule {
  std::string_view id;
  std::string_view title;
  Severity severity;
  std::string_view attack;  ///< MITRE ATT&CK technique ids, separated by spaces
  std::string_view remedy;
  std::string_view reference;  ///< where the rule comes from
  void (*check)(const Context& context, Report& report);
};

std::span<const Rule> rules();

struct Answer {
  const Rule* rule = nullptr;
  std::vector<Finding> findings;  ///< worst first, then by name
  std::string unknown;            ///< why the rule could not be judged; empty when it was
};

/// Every rule that the settings select, in the order of the list. Errors: Config for a selection of a rule that does not exist.
Result<std::vector<Answer>> run(const Context& context);

// The rules.
void control_into_tier_zero(const Context& context, Report& report);
void control_into_higher_tier(const Context& context, Report& report);
void sessions_of_higher_tier(const Context& context, Report& report);
void logons_of_higher_tier(const Context& context, Report& report);
void unprotected_users(const Context& context, Report& report);
void delegatable_accounts(const Context& context, Report& report);
void accounts_with_services(const Context& context, Report& report);
void stale_accounts(const Context& context, Report& report);
void unused_accounts(const Context& context, Report& report);
void standing_membership(const Context& context, Report& report);
void replication_rights(const Context& context, Report& report);
void orphans_of_protection(const Context& context, Report& report);
void unconstrained_delegation(const Context& context, Report& report);
void delegation_into_tier_zero(const Context& context, Report& report);
void laps_coverage(const Context& context, Report& report);
void laps_readers(const Context& context, Report& report);
void old_krbtgt(const Context& context, Report& report);
void weak_encryption(const Context& context, Report& report);
void no_preauthentication(const Context& context, Report& report);
void machine_account_quota(const Context& context, Report& report);
void trusts_that_lead_inside(const Context& context, Report& report);
void foreign_principals(const Context& context, Report& report);

}  // namespace tierline::queries::audit
