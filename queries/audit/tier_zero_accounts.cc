// Rules about the accounts of Tier Zero themselves.

#include <unordered_set>

#include "core/knowledge/user_account_control.h"
#include "core/knowledge/well_known.h"
#include "queries/audit/audit.h"

namespace tierline::queries::audit {

using graph::EdgeId;
using graph::NodeId;
using knowledge::EdgeKind;
namespace rids = knowledge::rids;
namespace uac = knowledge::uac;

namespace {

constexpr std::int64_t kDay = std::int64_t{24} * 60 * 60;

// Nobody logs on as krbtgt, and it is disabled; managed accounts cannot be members of Protected Users with use.
bool is_person(const Context& context, NodeId n) {
  return context.is_in_zero(n) && context.is_user(n) && context.is_active_account(n) &&
         context.graph.node(n).sid.rid() != rids::kKrbtgt && !context.has(n, "msDS-GroupMSAMembership");
}

/// Members, nested ones too, of the Protected Users of any domain.
std::unordered_set<NodeId> protected_users(const Context& context) {
  std::unordered_set<NodeId> members;
  std::vector<NodeId> queue;
  for (NodeId n = 0; n < context.graph.node_count(); ++n) {
    const auto& sid = context.graph.node(n).sid;
    if (sid.is_domain_issued() && sid.rid() == rids::kProtectedUsers) queue.push_back(n);
  }
  for (std::size_t next = 0; next < queue.size(); ++next) {
    for (const EdgeId e : context.graph.in_edges(queue[next])) {
      const graph::Edge& edge = context.graph.edge(e);
      if (edge.kind == EdgeKind::MemberOf && members.insert(edge.source).second) queue.push_back(edge.source);
    }
  }
  return members;
}

bool is_made_of_late(const Context& context, NodeId n, std::int64_t now) {
  const auto made = context.generalized_time(n, "whenCreated");
  return made && now - *made < std::int64_t{context.settings.recent_days} * kDay;
}

}  // namespace

void unprotected_users(const Context& context, Report& report) {
  const auto safe = protected_users(context);
  for (NodeId n = 0; n < context.graph.node_count(); ++n) {
    if (is_person(context, n) && !safe.contains(n)) report.add({n}, {}, "is no member of Protected Users");
  }
}

void delegatable_accounts(const Context& context, Report& report) {
  const auto safe = protected_users(context);
  for (NodeId n = 0; n < context.graph.node_count(); ++n) {
    if (!is_person(context, n) || safe.contains(n)) continue;
    const auto control = context.number(n, "userAccountControl");
    if (!control) {
      report.unknown("userAccountControl of some accounts was not collected");
    } else if ((*control & uac::kNotDelegated) == 0) {
      report.add({n}, {}, "is neither marked as sensitive nor a member of Protected Users");
    }
  }
}

void accounts_with_services(const Context& context, Report& report) {
  for (NodeId n = 0; n < context.graph.node_count(); ++n) {
    if (!is_person(context, n) || !context.has(n, "servicePrincipalName")) continue;
    const auto names = context.snapshot.object(context.graph.node(n).object)
                           .values(context.snapshot.attribute("servicePrincipalName"));
    report.add({n}, {}, "has " + std::string(names[0].text()));
  }
}

void stale_accounts(const Context& context, Report& report) {
  const auto now = context.now();
  if (!now) return report.unknown("the snapshot does not say when it was taken");
  if (!context.is_attribute_there("lastLogonTimestamp"))
    return report.unknown("the last logon was not collected");
  // The attribute lags behind by up to 14 days ([MS-ADA1] 2.352, msDS-LogonTimeSyncInterval).
  constexpr std::int64_t kLag = 14 * kDay;
  for (NodeId n = 0; n < context.graph.node_count(); ++n) {
    if (!is_person(context, n)) continue;
    const auto logon = context.time(n, "lastLogonTimestamp");
    if (!logon || *now - *logon <= std::int64_t{context.settings.stale_days} * kDay + kLag) continue;
    report.add({n}, {}, "last logged on " + std::to_string((*now - *logon) / kDay) + " days before");
  }
}

void unused_accounts(const Context& context, Report& report) {
  const auto now = context.now();
  if (!now) return report.unknown("the snapshot does not say when it was taken");
  if (!context.is_attribute_there("lastLogonTimestamp"))
    return report.unknown("the last logon was not collected");
  for (NodeId n = 0; n < context.graph.node_count(); ++n) {
    if (!is_person(context, n) || context.time(n, "lastLogonTimestamp") || context.time(n, "lastLogon"))
      continue;
    if (!is_made_of_late(context, n, *now)) report.add({n}, {}, "never logged on");
  }
}

// Links with a time to live are shown as such only to whoever asks for it; where the forest has not turned the feature on
// (msDS-EnabledFeature of its partitions, [MS-ADTS] 3.1.1.9), there are none.
void standing_membership(const Context& context, Report& report) {
  const snapshot::AttributeId classes = context.snapshot.attribute("objectClass");
  const snapshot::AttributeId features = context.snapshot.attribute("msDS-EnabledFeature");
  bool is_known = false;
  bool is_on = false;
  for (snapshot::ObjectIndex i = 0; i < context.snapshot.object_count(); ++i) {
    const snapshot::Object object = context.snapshot.object(i);
    for (const auto value : object.values(classes))
      is_known = is_known || value.text() == "crossRefContainer";
    if (features == snapshot::kNoAttribute) continue;
    for (const auto value : object.values(features)) {
      is_on = is_on || value.text().starts_with("CN=Privileged Access Management Feature,");
    }
  }
  if (!is_known || is_on) {
    report.unknown(is_on ? "the forest knows memberships for a time, and which are was not collected"
                         : "whether the forest knows memberships for a time was not collected");
  }
  for (NodeId group = 0; group < context.graph.node_count(); ++group) {
    if (!context.is_in_zero(group) || context.graph.node(group).kind != knowledge::NodeKind::Group) continue;
    for (const EdgeId e : context.graph.in_edges(group)) {
      const graph::Edge& edge = context.graph.edge(e);
      if (edge.kind != EdgeKind::MemberOf || !is_person(context, edge.source)) continue;
      if (context.graph.node(edge.source).sid.rid() == rids::kAdministrator) continue;
      report.add({edge.source, group}, {e}, is_known && !is_on ? "for good" : "perhaps for good");
    }
  }
}

void orphans_of_protection(const Context& context, Report& report) {
  if (!context.is_attribute_there("adminCount")) return report.unknown("adminCount was not collected");
  if (!context.has_edges_of(EdgeKind::ProtectAdminGroups))
    return report.unknown("AdminSDHolder was not collected");
  for (NodeId n = 0; n < context.graph.node_count(); ++n) {
    if (context.number(n, "adminCount").value_or(0) != 1 || context.graph.node(n).sid.rid() == rids::kKrbtgt)
      continue;
    bool is_protected = false;
    for (const EdgeId e : context.graph.in_edges(n)) {
      is_protected = is_protected || context.graph.edge(e).kind == EdgeKind::ProtectAdminGroups;
    }
    if (!is_protected) report.add({n}, {}, "has adminCount 1 and is in no protected group");
  }
}

}  // namespace tierline::queries::audit
