#include "queries/audit/audit.h"

#include <xxhash.h>

#include <algorithm>
#include <ctime>

#include "core/base/text.h"
#include "core/knowledge/collected_relations.h"
#include "core/knowledge/well_known.h"
#include "queries/audit/walk.h"
#include "queries/name_order.h"

namespace tierline::queries::audit {

using graph::EdgeId;
using graph::NodeId;
using knowledge::EdgeKind;
using knowledge::NodeKind;

namespace {

using enum Severity;

// clang-format off
constexpr Rule kRules[] = {
    {"tier-zero-control", "Control over Tier Zero from outside it", Critical, "T1098 T1222.001",
     "Take the right away (tierline explain tells the entry, tierline plan which to take first), or put the principal into Tier Zero and guard it as such.", "Microsoft, enterprise access model", control_into_tier_zero},
    {"dcsync", "Replication of secrets by others than Tier Zero", Critical, "T1003.006",
     "Remove the entries for DS-Replication-Get-Changes and -All of the principal from the head of the domain.", "[MS-ADTS] 5.1.3.2.1; [MS-DRSR] 4.1.10.5.2", replication_rights},
    {"tier-control", "Control over a higher tier from a lower one", High, "T1098",
     "Take the right away, or move the principal into the tier of what it controls.", "Microsoft, enterprise access model", control_into_higher_tier},
    {"shadow-admin", "Account that administers Tier Zero without being in it", Critical, "T1098 T1078.002",
     "Take the right away, or take the account out of the group that has it; an account that needs it belongs into Tier Zero.", "Microsoft, enterprise access model", shadow_administrators},
    {"tier-session", "Logon session of a higher tier on a host of a lower one", High, "T1078.002 T1003.001",
     "Log the account off and deny it the logon on hosts of lower tiers by a group policy; change its password, as it may have been read there.", "Microsoft, enterprise access model", sessions_of_higher_tier},
    {"tier-logon", "Logon right of a higher tier on a host of a lower one", Medium, "T1078.002",
     "Take the account out of the host's local groups and logon rights; deny it the logon there by a group policy.", "Microsoft, enterprise access model", logons_of_higher_tier},
    {"unconstrained-delegation", "Unconstrained delegation outside domain controllers", High, "T1187 T1558",
     "Set-ADAccountControl -TrustedForDelegation $false; use constrained delegation by resource where it is needed.", "[MS-KILE] 3.3.5.7.1; [MS-SFU] 1.3.4", unconstrained_delegation},
    {"delegation-into-tier-zero", "Delegation into Tier Zero from outside it", High, "T1134.001 T1550",
     "Take the target out of msDS-AllowedToDelegateTo, or the principal out of msDS-AllowedToActOnBehalfOfOtherIdentity.", "[MS-SFU] 3.2.5.2", delegation_into_tier_zero},
    {"trust-inside", "Trust by which another forest gets inside", High, "T1134.005 T1482",
     "Turn SID filtering on (netdom trust /quarantine) and delegation over the trust off (netdom trust /EnableTGTDelegation:no).", "[MS-PAC] 4.1.2.2; [MS-ADTS] 6.1.6.7.9", trusts_that_lead_inside},
    {"foreign-principal", "Principal of another directory with rights inside", Medium, "T1199",
     "Ask who it is and whether it still needs this; remove it from the group or list.", "Microsoft, enterprise access model", foreign_principals},
    {"tier-zero-delegatable", "Tier Zero account that others may act as", High, "T1558 T1134.001",
     "Set-ADUser -AccountNotDelegated $true, or make it a member of Protected Users.", "[MS-KILE] 3.3.5.7.2; [MS-SFU] 3.2.5.1.2", delegatable_accounts},
    {"tier-zero-unprotected", "Tier Zero user outside Protected Users", Medium, "T1558 T1003.001",
     "Add-ADGroupMember 'Protected Users'; first try it with accounts that do not run services.", "[MS-ADTS] 6.1.1.6; Microsoft, Protected Users", unprotected_users},
    {"tier-zero-service", "Tier Zero user with a service principal name", High, "T1558.003",
     "Run the service under a group managed service account outside Tier Zero and remove the name (setspn -D).", "[MS-KILE] 3.3.5.1.1", accounts_with_services},
    {"tier-zero-stale", "Tier Zero account that is no longer used", Medium, "T1078.002",
     "Disable-ADAccount, and take it out of its groups.", "Microsoft, enterprise access model", stale_accounts},
    {"tier-zero-unused", "Tier Zero account that was never used", Low, "T1078.002",
     "Disable-ADAccount until somebody needs it.", "Microsoft, enterprise access model", unused_accounts},
    {"tier-zero-always-on", "Tier Zero account that stays logged on", Medium, "T1078.002 T1003.001",
     "Log it off when the work is done; end idle and disconnected sessions by a group policy; run what needs nobody under a managed service account.", "Microsoft, enterprise access model", accounts_always_on},
    {"standing-membership", "Standing membership of a Tier Zero group", Low, "T1078.002",
     "Add-ADGroupMember -MemberTimeToLive for the time of the work, instead of for good.", "[MS-ADTS] 3.1.1.9.2, 3.1.1.3.4.1.36 (links that expire)", standing_membership},
    {"sid-history", "SID of Tier Zero in the SID history of somebody", Critical, "T1134.005",
     "Set-ADUser -Remove @{sIDHistory='SID'}: no migration brings a SID of Tier Zero along.", "[MS-ADTS] 5.1.3.1; [MS-PAC] 4.1.2.2", sid_history_of_tier_zero},
    {"admin-sd-holder", "Control that AdminSDHolder spreads", Critical, "T1098 T1222.001",
     "Remove the entry from AdminSDHolder: it is written over every protected account and group, again and again.", "[MS-ADTS] 3.1.1.6.1, 6.1.1.2.4.1.2 (dSHeuristics)", entries_of_admin_sd_holder},
    {"admin-sd-holder-drift", "Protected object without AdminSDHolder's entries", Low, "T1098 T1222.001",
     "Within the hour the protection task writes them; if it does not, look why, and at what the entries that stand there grant.", "[MS-ADTS] 3.1.1.6.1", objects_not_stamped},
    {"admin-count-orphan", "Left protected by AdminSDHolder after it left its groups", Low, "T1098",
     "Set-ADObject -Clear adminCount and turn inheritance on again; look first at what the old entries grant.", "[MS-ADTS] 3.1.1.6.1", orphans_of_protection},
    {"laps-coverage", "Hosts without LAPS", Medium, "T1078.003 T1550.002",
     "Deploy Windows LAPS to them: equal passwords of local administrators open every host to whoever has one.", "Microsoft, Windows LAPS", laps_coverage},
    {"laps-readers", "Local administrator passwords readable outside Tier Zero", Medium, "T1555 T1078.003",
     "Narrow who may read them (Set-LapsADReadPasswordPermission) to those who manage these hosts.", "Microsoft, Windows LAPS", laps_readers},
    {"krbtgt-age", "Old password of krbtgt", High, "T1558.001",
     "Reset it twice, with a pause longer than the life of tickets in between.", "[MS-KILE] 3.3.1; Microsoft, krbtgt reset guidance", old_krbtgt},
    {"weak-encryption", "Account that is limited to DES or RC4", Medium, "T1558.003",
     "Set-ADUser -KerberosEncryptionType AES128,AES256 and change its password once, so that AES keys are made.", "[MS-KILE] 2.2.7", weak_encryption},
    {"no-preauth", "Account without Kerberos pre-authentication", Medium, "T1558.004",
     "Set-ADAccountControl -DoesNotRequirePreAuth $false.", "[MS-KILE] 3.3.5.7; RFC 4120 5.2.7", no_preauthentication},
    {"machine-quota", "Anyone may add computers to the domain", Medium, "T1136.002",
     "Set-ADDomain -Replace @{'ms-DS-MachineAccountQuota'=0} and delegate the joining of computers.", "[MS-ADTS] 3.1.1.5.2.1 (ms-DS-MachineAccountQuota)", machine_account_quota},
};
// clang-format on

std::string fingerprint_of(const Context& context, const Rule& rule, const Finding& finding) {
  std::string text(rule.id);
  for (const NodeId object : finding.objects) (text += "\n") += context.graph.nodes().id(object);
  XXH64_canonical_t canonical;
  XXH64_canonicalFromHash(&canonical, XXH3_64bits(text.data(), text.size()));
  return to_hex(canonical.digest);
}

// Worst first, then by the names of the objects.
void sort_findings(const graph::NodeTable& nodes, std::vector<Answer>& answers) {
  // By name before identifier, which for some objects is a GUID that differs from forest to forest.
  std::vector<bool> is_named(nodes.size(), false);
  for (const Answer& answer : answers) {
    for (const Finding& finding : answer.findings) {
      for (const NodeId object : finding.objects) is_named[object] = true;
    }
  }
  std::vector<RankedNode> named;
  for (NodeId n = 0; n < nodes.size(); ++n) {
    if (is_named[n]) named.push_back({0, n});
  }
  sort_by_name(nodes, named);
  std::vector<std::uint32_t> place(nodes.size(), 0);
  for (std::size_t i = 0; i < named.size(); ++i) place[named[i].node] = static_cast<std::uint32_t>(i);
  for (Answer& answer : answers) {
    std::sort(answer.findings.begin(), answer.findings.end(), [&](const Finding& a, const Finding& b) {
      if (a.severity != b.severity) return a.severity < b.severity;
      return std::lexicographical_compare(
          a.objects.begin(), a.objects.end(), b.objects.begin(), b.objects.end(),
          [&](NodeId one, NodeId other) { return place[one] < place[other]; });
    });
  }
}

}  // namespace

std::string_view name_of(Severity severity) {
  constexpr std::string_view kNames[] = {"critical", "high", "medium", "low"};
  return kNames[static_cast<std::size_t>(severity)];
}

std::span<const Rule> rules() { return kRules; }

Result<std::vector<Answer>> run(const Context& context) {
  for (const auto& selection : {context.settings.enabled, context.settings.disabled}) {
    for (const std::string& id : selection) {
      const bool is_known =
          std::any_of(std::begin(kRules), std::end(kRules), [&](const Rule& rule) { return rule.id == id; });
      if (!is_known)
        return Error{ErrorCode::Config, "[audit] selects '" + visible(id) + "', which is no rule"};
    }
  }
  std::vector<Answer> answers;
  for (const Rule& rule : kRules) {
    const std::string id(rule.id);
    const auto& enabled = context.settings.enabled;
    if ((!enabled.empty() && !enabled.contains(id)) || context.settings.disabled.contains(id)) continue;
    Report report(rule.severity);
    rule.check(context, report);
    Answer answer{&rule, std::move(report.findings()), report.why_unknown()};
    for (Finding& finding : answer.findings) finding.fingerprint = fingerprint_of(context, rule, finding);
    answers.push_back(std::move(answer));
  }
  sort_findings(context.graph.nodes(), answers);
  return answers;
}

void Report::add(std::vector<NodeId> objects, std::vector<EdgeId> edges, std::string detail,
                 std::vector<graph::Evidence> facts) {
  add(usual_, std::move(objects), std::move(edges), std::move(detail), std::move(facts));
}

void Report::add(Severity severity, std::vector<NodeId> objects, std::vector<EdgeId> edges,
                 std::string detail, std::vector<graph::Evidence> facts) {
  findings_.push_back(
      {std::move(objects), std::move(edges), std::move(facts), std::move(detail), severity, ""});
}

void Report::unknown(const std::string& why) {
  if (why.empty() || unknown_.find(why) != std::string::npos) return;
  unknown_ += (unknown_.empty() ? "" : "; ") + why;
}

Context::Context(const snapshot::Snapshot& of_snapshot, const graph::AttackGraph& of_graph,
                 const Tiers& of_tiers, const AuditSettings& of_settings)
    : snapshot(of_snapshot),
      graph(of_graph),
      tiers(of_tiers),
      settings(of_settings),
      collected_kind_(snapshot.attribute(knowledge::collected::kKind)),
      is_controller_(graph.node_count(), false) {
  for (const char* const name :
       {"msDS-GroupMSAMembership", "SharpHound.Properties.gmsa", "SharpHound.Properties.msa"}) {
    managed_.push_back(snapshot.attribute(name));
  }
  for (std::size_t b = 0; b < graph.bundle_count(); ++b) {
    std::pair<Tier, Tier> range = {kNoTier, 0};
    for (const NodeId node : graph.members(static_cast<graph::VertexId>(graph.node_count() + b))) {
      range.first = std::min(range.first, tier(node));
      range.second = std::max(range.second, tier(node));
    }
    bundle_tiers_.push_back(range);
  }
  for_each_arc(
      graph, [](const graph::AttackGraph::Trait& trait) { return trait.kind == EdgeKind::DCFor; },
      [&](graph::ArcId arc) { is_controller_[graph.tail(arc)] = true; });
  // A read-only one holds no domain; its group tells it.
  for (NodeId n = 0; n < graph.node_count(); ++n) {
    const bool may_be = graph.nodes().rows()[n].rid == knowledge::rids::kReadOnlyDomainControllers;
    if (!may_be || !graph.node(n).sid.is_domain_issued()) continue;
    for_each_arc_into(graph, n, [&](graph::ArcId arc) {
      const bool is_host = graph.nodes().kind(graph.tail(arc)) == NodeKind::Computer;
      if (is_host && graph.trait(arc).kind == EdgeKind::MemberOf) is_controller_[graph.tail(arc)] = true;
    });
  }
}

Tier Context::highest_tier(graph::VertexId vertex) const {
  return graph.is_node(vertex) ? tier(vertex) : bundle_tiers_[vertex - graph.node_count()].first;
}

Tier Context::lowest_tier(graph::VertexId vertex) const {
  return graph.is_node(vertex) ? tier(vertex) : bundle_tiers_[vertex - graph.node_count()].second;
}

bool Context::is_user(NodeId node) const { return graph.nodes().kind(node) == NodeKind::User; }

bool Context::is_active_account(NodeId node) const {
  const NodeKind kind = graph.nodes().kind(node);
  return (kind == NodeKind::User || kind == NodeKind::Computer) && !graph.nodes().is_disabled(node) &&
         graph.nodes().object(node) != snapshot::kNoObject;
}

bool Context::is_principal(NodeId node) const {
  const NodeKind kind = graph.nodes().kind(node);
  return kind == NodeKind::User || kind == NodeKind::Computer || kind == NodeKind::Group ||
         (graph.nodes().object(node) == snapshot::kNoObject && graph.node(node).sid.count() != 0);
}

// The standalone kind has no attribute of its own; its class tells it.
bool Context::is_managed(NodeId node) const {
  if (!is_user(node)) return false;
  const auto value = [&](std::size_t i) { return text(node, managed_[i]); };
  if (has(node, managed_[0]) || value(1) == "TRUE" || value(2) == "TRUE") return true;
  const std::uint32_t object = graph.nodes().object(node);
  const snapshot::AttributeId classes = attribute("objectClass");
  if (object == snapshot::kNoObject || classes == snapshot::kNoAttribute) return false;
  for (const auto one : snapshot.object(object).values(classes)) {
    if (one.text() == "msDS-ManagedServiceAccount" || one.text() == "msDS-GroupManagedServiceAccount")
      return true;
  }
  return false;
}

std::optional<std::int64_t> Context::number(NodeId node, snapshot::AttributeId attribute) const {
  const std::uint32_t object = graph.nodes().object(node);
  if (object == snapshot::kNoObject || attribute == snapshot::kNoAttribute) return std::nullopt;
  return snapshot.object(object).number(attribute);
}

bool Context::has(NodeId node, snapshot::AttributeId attribute) const {
  const std::uint32_t object = graph.nodes().object(node);
  return object != snapshot::kNoObject && attribute != snapshot::kNoAttribute &&
         snapshot.object(object).has(attribute);
}

std::string_view Context::text(NodeId node, snapshot::AttributeId attribute) const {
  return has(node, attribute) ? snapshot.object(graph.nodes().object(node)).text(attribute) : "";
}

std::vector<graph::Evidence> Context::facts(NodeId node,
                                            std::initializer_list<snapshot::AttributeId> attributes) const {
  std::vector<graph::Evidence> found;
  for (const snapshot::AttributeId attribute : attributes) {
    if (!has(node, attribute)) continue;
    found.push_back({.kind = graph::Evidence::Kind::Attribute,
                     .attribute = attribute,
                     .object = graph.nodes().object(node)});
  }
  return found;
}

bool Context::is_attribute_there(snapshot::AttributeId attribute) const {
  if (attribute == snapshot::kNoAttribute) return false;
  for (snapshot::ObjectIndex i = 0; i < snapshot.object_count(); ++i) {
    if (snapshot.object(i).has(attribute)) return true;
  }
  return false;
}

bool Context::is_collected(std::string_view attribute) const {
  const std::string& source = snapshot.meta().provenance.source;
  return source == "ldap" || source == "adexplorer" || is_attribute_there(this->attribute(attribute));
}

bool Context::has_edges_of(EdgeKind kind) const {
  return std::any_of(graph.traits().begin(), graph.traits().end(),
                     [&](const graph::AttackGraph::Trait& trait) { return trait.kind == kind; });
}

bool Context::are_rights_read(NodeId node) const {
  const std::uint32_t object = graph.nodes().object(node);
  return object != snapshot::kNoObject &&
         (snapshot.object(object).descriptor() != snapshot::kNoDescriptor || has(node, collected_kind_));
}

std::string Context::unread_rights(Tier first, Tier last) const {
  std::size_t unread = 0;
  for (NodeId n = 0; n < graph.node_count(); ++n) {
    const bool is_meant = tier(n) >= first && tier(n) <= last;
    if (is_meant && graph.nodes().object(n) != snapshot::kNoObject && !are_rights_read(n)) ++unread;
  }
  if (unread == 0) return "";
  return "the security descriptors of " + std::to_string(unread) + " objects of " +
         (last == 0 ? "Tier Zero" : "the tiers") + " were not read";
}

std::optional<std::int64_t> Context::time(NodeId node, snapshot::AttributeId attribute) const {
  constexpr std::int64_t kTicks = 10'000'000;
  constexpr std::int64_t kFrom1601To1970 = 11'644'473'600;
  const auto ticks = number(node, attribute);
  if (!ticks || *ticks <= 0 || *ticks == INT64_MAX) return std::nullopt;
  return *ticks / kTicks - kFrom1601To1970;
}

std::optional<std::int64_t> Context::generalized_time(NodeId node, snapshot::AttributeId attribute) const {
  const std::string value(text(node, attribute));
  std::tm parts = {};
  if (::strptime(value.c_str(), "%Y%m%d%H%M%S", &parts) == nullptr) return std::nullopt;
  return ::timegm(&parts);
}

std::optional<std::int64_t> Context::now() const {
  const std::int64_t finished = snapshot.meta().provenance.finished;
  return finished == 0 ? std::nullopt : std::optional(finished);
}

}  // namespace tierline::queries::audit
