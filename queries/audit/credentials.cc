// Rules about secrets and how they are kept: LAPS, krbtgt, Kerberos keys, replication.

#include <map>

#include "core/base/text.h"
#include "core/knowledge/user_account_control.h"
#include "core/knowledge/well_known.h"
#include "queries/audit/audit.h"

namespace tierline::queries::audit {

using graph::EdgeId;
using graph::NodeId;
using knowledge::EdgeKind;
using knowledge::NodeKind;
namespace rids = knowledge::rids;
namespace uac = knowledge::uac;

namespace {

constexpr std::int64_t kDay = std::int64_t{24} * 60 * 60;

// [MS-KILE] 2.2.7
constexpr std::int64_t kDesAndRc4 = 0x7;
constexpr std::int64_t kAes = 0x18;

bool has_laps(const Context& context, NodeId n) {
  for (const char* const attribute : {"ms-Mcs-AdmPwdExpirationTime", "msLAPS-PasswordExpirationTime"}) {
    if (context.number(n, attribute).value_or(0) > 0) return true;
  }
  const snapshot::AttributeId said = context.snapshot.attribute("SharpHound.Properties.haslaps");
  return said != snapshot::kNoAttribute &&
         context.snapshot.object(context.graph.node(n).object).text(said) == "TRUE";
}

}  // namespace

void replication_rights(const Context& context, Report& report) {
  for (EdgeId e = 0; e < context.graph.edge_count(); ++e) {
    const graph::Edge& edge = context.graph.edge(e);
    if (edge.kind == EdgeKind::DCSync && edge.traversable && !context.is_in_zero(edge.source)) {
      report.add({edge.source, edge.target}, {e}, "may replicate every secret of the domain");
    }
  }
}

void laps_coverage(const Context& context, Report& report) {
  // Where the schema was read, a host without the attribute has none.
  const bool is_there = context.is_attribute_there("lDAPDisplayName") ||
                        context.is_attribute_there("SharpHound.Properties.haslaps");
  if (!is_there) return report.unknown("whether hosts have LAPS was not collected");
  for (NodeId n = 0; n < context.graph.node_count(); ++n) {
    const bool is_host = context.graph.node(n).kind == NodeKind::Computer && context.is_active_account(n);
    if (is_host && !context.is_controller(n) && !has_laps(context, n))
      report.add({n}, {}, "has no password by LAPS");
  }
}

void laps_readers(const Context& context, Report& report) {
  std::map<NodeId, std::vector<EdgeId>> by_reader;
  for (EdgeId e = 0; e < context.graph.edge_count(); ++e) {
    const graph::Edge& edge = context.graph.edge(e);
    const bool reads = edge.kind == EdgeKind::ReadLAPSPassword || edge.kind == EdgeKind::SyncLAPSPassword;
    if (reads && !context.is_in_zero(edge.source)) by_reader[edge.source].push_back(e);
  }
  for (auto& [reader, edges] : by_reader) {
    const std::size_t count = edges.size();
    report.add({reader}, std::move(edges), "may read the passwords of " + std::to_string(count) + " hosts");
  }
}

void old_krbtgt(const Context& context, Report& report) {
  const auto now = context.now();
  if (!now) return report.unknown("the snapshot does not say when it was taken");
  bool any = false;
  for (NodeId n = 0; n < context.graph.node_count(); ++n) {
    const graph::Node& node = context.graph.node(n);
    if (!node.sid.is_domain_issued() || node.sid.rid() != rids::kKrbtgt || !context.is_user(n)) continue;
    const auto set = context.time(n, "pwdLastSet");
    if (!set) continue;
    any = true;
    const std::int64_t days = (*now - *set) / kDay;
    if (days > std::int64_t{context.settings.krbtgt_days}) {
      report.add({n}, {}, "its password was set " + std::to_string(days) + " days before");
    }
  }
  if (!any) report.unknown("when the password of krbtgt was set was not collected");
}

void weak_encryption(const Context& context, Report& report) {
  if (!context.is_attribute_there("msDS-SupportedEncryptionTypes")) {
    report.unknown("the encryption types of accounts were not collected, or none are set");
  }
  for (NodeId n = 0; n < context.graph.node_count(); ++n) {
    if (!context.is_active_account(n)) continue;
    const std::int64_t control = context.number(n, "userAccountControl").value_or(0);
    const std::int64_t types = context.number(n, "msDS-SupportedEncryptionTypes").value_or(0);
    const Severity severity = context.is_in_zero(n) ? Severity::High : Severity::Medium;
    if ((control & uac::kDesKeyOnly) != 0) {
      report.add(severity, {n}, {}, "uses DES keys only");
    } else if ((types & kDesAndRc4) != 0 && (types & kAes) == 0) {
      report.add(severity, {n}, {}, "its encryption types are " + std::to_string(types) + ", without AES");
    }
  }
}

void no_preauthentication(const Context& context, Report& report) {
  for (NodeId n = 0; n < context.graph.node_count(); ++n) {
    const std::int64_t control = context.number(n, "userAccountControl").value_or(0);
    if (!context.is_active_account(n) || (control & uac::kDontRequirePreauth) == 0) continue;
    report.add(context.is_in_zero(n) ? Severity::Critical : Severity::Medium, {n}, {},
               "anyone may ask for a ticket to guess its password from");
  }
}

// Without a value the quota is 10 ([MS-ADTS] 3.1.1.5.2.1).
void machine_account_quota(const Context& context, Report& report) {
  bool any = false;
  for (NodeId n = 0; n < context.graph.node_count(); ++n) {
    if (context.graph.node(n).kind != NodeKind::Domain) continue;
    const auto quota = context.number(n, "ms-DS-MachineAccountQuota");
    any = any || quota.has_value();
    if (quota && *quota > 0) report.add({n}, {}, "its quota is " + std::to_string(*quota));
  }
  if (!any) report.unknown("ms-DS-MachineAccountQuota was not collected");
}

}  // namespace tierline::queries::audit
