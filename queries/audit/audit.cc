#include "queries/audit/audit.h"

#include <xxhash.h>

#include <algorithm>
#include <ctime>
#include <tuple>

#include "core/base/text.h"
#include "core/knowledge/well_known.h"

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
    {"standing-membership", "Standing membership of a Tier Zero group", Low, "T1078.002",
     "Add-ADGroupMember -MemberTimeToLive for the time of the work, instead of for good.", "[MS-ADTS] 3.1.1.1.16 (time to live of links)", standing_membership},
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
  for (const NodeId object : finding.objects) (text += "\n") += context.graph.node(object).id;
  XXH64_canonical_t canonical;
  XXH64_canonicalFromHash(&canonical, XXH3_64bits(text.data(), text.size()));
  return to_hex(canonical.digest);
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
    std::sort(answer.findings.begin(), answer.findings.end(), [&](const Finding& a, const Finding& b) {
      if (a.severity != b.severity) return a.severity < b.severity;
      // By name before identifier, which for some objects is a GUID that differs from forest to forest.
      return std::lexicographical_compare(a.objects.begin(), a.objects.end(), b.objects.begin(),
                                          b.objects.end(), [&](NodeId one, NodeId other) {
                                            const auto key = [&](NodeId n) {
                                              return std::tuple(context.graph.nodes().name(n),
                                                                context.graph.nodes().id(n));
                                            };
                                            return key(one) < key(other);
                                          });
    });
    answers.push_back(std::move(answer));
  }
  return answers;
}

void Report::add(std::vector<NodeId> objects, std::vector<EdgeId> edges, std::string detail) {
  add(usual_, std::move(objects), std::move(edges), std::move(detail));
}

void Report::add(Severity severity, std::vector<NodeId> objects, std::vector<EdgeId> edges,
                 std::string detail) {
  findings_.push_back({std::move(objects), std::move(edges), std::move(detail), severity, ""});
}

bool Context::is_user(NodeId node) const { return graph.node(node).kind == NodeKind::User; }

bool Context::is_active_account(NodeId n) const {
  const graph::Node& node = graph.node(n);
  return (node.kind == NodeKind::User || node.kind == NodeKind::Computer) && node.enabled != false &&
         node.object != snapshot::kNoObject;
}

bool Context::is_controller(NodeId n) const {
  for (EdgeId e = graph.first_out_edge(n); e < graph.first_out_edge(n + 1); ++e) {
    if (graph.edge(e).kind == EdgeKind::DCFor) return true;
  }
  return false;
}

std::optional<std::int64_t> Context::number(NodeId n, std::string_view attribute) const {
  const std::uint32_t object = graph.node(n).object;
  const snapshot::AttributeId id = snapshot.attribute(attribute);
  if (object == snapshot::kNoObject || id == snapshot::kNoAttribute) return std::nullopt;
  return snapshot.object(object).number(id);
}

bool Context::has(NodeId n, std::string_view attribute) const {
  const std::uint32_t object = graph.node(n).object;
  const snapshot::AttributeId id = snapshot.attribute(attribute);
  return object != snapshot::kNoObject && id != snapshot::kNoAttribute && snapshot.object(object).has(id);
}

bool Context::is_attribute_there(std::string_view attribute) const {
  const snapshot::AttributeId id = snapshot.attribute(attribute);
  if (id == snapshot::kNoAttribute) return false;
  for (snapshot::ObjectIndex i = 0; i < snapshot.object_count(); ++i) {
    if (snapshot.object(i).has(id)) return true;
  }
  return false;
}

bool Context::has_edges_of(EdgeKind kind) const {
  return std::any_of(graph.traits().begin(), graph.traits().end(),
                     [&](const graph::AttackGraph::Trait& trait) { return trait.kind == kind; });
}

std::optional<std::int64_t> Context::time(NodeId n, std::string_view attribute) const {
  constexpr std::int64_t kTicks = 10'000'000;
  constexpr std::int64_t kFrom1601To1970 = 11'644'473'600;
  const auto ticks = number(n, attribute);
  if (!ticks || *ticks <= 0 || *ticks == INT64_MAX) return std::nullopt;
  return *ticks / kTicks - kFrom1601To1970;
}

std::optional<std::int64_t> Context::generalized_time(NodeId n, std::string_view attribute) const {
  const std::uint32_t object = graph.node(n).object;
  const snapshot::AttributeId id = snapshot.attribute(attribute);
  if (object == snapshot::kNoObject || id == snapshot::kNoAttribute) return std::nullopt;
  const std::string text(snapshot.object(object).text(id));
  std::tm parts = {};
  if (::strptime(text.c_str(), "%Y%m%d%H%M%S", &parts) == nullptr) return std::nullopt;
  return ::timegm(&parts);
}

std::optional<std::int64_t> Context::now() const {
  const std::int64_t finished = snapshot.meta().provenance.finished;
  return finished == 0 ? std::nullopt : std::optional(finished);
}

}  // namespace tierline::queries::audit
