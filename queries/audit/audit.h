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
  /// That prove it; of edges that one entry makes to many objects alike, where these are not named, the first stands for all.
  std::vector<graph::EdgeId> edges;
  std::vector<graph::Evidence> facts;  ///< that were looked at besides
  std::string detail;                  ///< what was seen, for a person
  Severity severity = Severity::Medium;
  std::string fingerprint;  ///< 16 hexadecimal digits: rule and objects, the same in every snapshot
};

/// Everything a rule may look at.
class Context {
 public:
  Context(const snapshot::Snapshot& snapshot, const graph::AttackGraph& graph, const Tiers& tiers,
          const AuditSettings& settings);

  const snapshot::Snapshot& snapshot;
  const graph::AttackGraph& graph;
  const Tiers& tiers;
  const AuditSettings& settings;

  Tier tier(graph::NodeId node) const { return tiers.tier[node]; }
  bool is_in_zero(graph::NodeId node) const { return tiers.tier[node] == 0; }
  /// The most and the least privileged tier of the node, or of the nodes of the bundle.
  Tier highest_tier(graph::VertexId vertex) const;
  Tier lowest_tier(graph::VertexId vertex) const;

  /// A user or computer that is not known to be disabled, with an object of its own.
  bool is_active_account(graph::NodeId node) const;
  bool is_user(graph::NodeId node) const;
  /// A user, computer or group, or a SID that nothing resolves.
  bool is_principal(graph::NodeId node) const;
  /// A service account whose password the directory makes.
  bool is_managed(graph::NodeId node) const;
  /// A domain controller, read-only or not.
  bool is_controller(graph::NodeId node) const { return is_controller_[node]; }

  snapshot::AttributeId attribute(std::string_view name) const { return snapshot.attribute(name); }
  /// Of a node's object; absent without one, without the attribute, or for what is no number.
  std::optional<std::int64_t> number(graph::NodeId node, snapshot::AttributeId attribute) const;
  bool has(graph::NodeId node, snapshot::AttributeId attribute) const;
  /// The first value, or an empty text.
  std::string_view text(graph::NodeId node, snapshot::AttributeId attribute) const;
  /// The first values of attributes as facts, of those that there are.
  std::vector<graph::Evidence> facts(graph::NodeId node,
                                     std::initializer_list<snapshot::AttributeId> attributes) const;

  /// Whether any object of the snapshot has the attribute.
  bool is_attribute_there(snapshot::AttributeId attribute) const;
  /// Whether an object without the attribute has none. Some collectors read all of a list; of others one value shows that they read it.
  bool is_collected(std::string_view attribute) const;
  bool has_edges_of(knowledge::EdgeKind kind) const;
  /// Whether it is known who holds which rights on the node's object.
  bool are_rights_read(graph::NodeId node) const;
  /// Why not all rights on the objects of these tiers are known; empty when they are.
  std::string unread_rights(Tier first, Tier last) const;

  /// Seconds since 1970 of an attribute that counts hundreds of nanoseconds since 1601 ([MS-DTYP] 2.3.3); absent for never.
  std::optional<std::int64_t> time(graph::NodeId node, snapshot::AttributeId attribute) const;
  /// Seconds since 1970 of a generalized time (RFC 4517 3.3.13) as directories write it.
  std::optional<std::int64_t> generalized_time(graph::NodeId node, snapshot::AttributeId attribute) const;
  /// When the facts were collected; absent when the snapshot does not say. Nothing is judged by the clock.
  std::optional<std::int64_t> now() const;

 private:
  snapshot::AttributeId collected_kind_;
  std::vector<snapshot::AttributeId> managed_;  ///< attributes that only managed accounts have
  std::vector<std::pair<Tier, Tier>> bundle_tiers_;
  std::vector<bool> is_controller_;
};

/// What a rule has to say.
class Report {
 public:
  explicit Report(Severity usual) : usual_(usual) {}

  void add(std::vector<graph::NodeId> objects, std::vector<graph::EdgeId> edges, std::string detail,
           std::vector<graph::Evidence> facts = {});
  void add(Severity severity, std::vector<graph::NodeId> objects, std::vector<graph::EdgeId> edges,
           std::string detail, std::vector<graph::Evidence> facts = {});
  /// Its input was not collected, so that nothing was found means nothing. Findings may stand beside it. Empty for nothing unknown.
  void unknown(const std::string& why);

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
void shadow_administrators(const Context& context, Report& report);
void sessions_of_higher_tier(const Context& context, Report& report);
void logons_of_higher_tier(const Context& context, Report& report);
void unprotected_users(const Context& context, Report& report);
void delegatable_accounts(const Context& context, Report& report);
void accounts_with_services(const Context& context, Report& report);
void stale_accounts(const Context& context, Report& report);
void unused_accounts(const Context& context, Report& report);
void accounts_always_on(const Context& context, Report& report);
void standing_membership(const Context& context, Report& report);
void sid_history_of_tier_zero(const Context& context, Report& report);
void replication_rights(const Context& context, Report& report);
void entries_of_admin_sd_holder(const Context& context, Report& report);
void objects_not_stamped(const Context& context, Report& report);
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
