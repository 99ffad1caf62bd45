// Rules about the accounts of Tier Zero themselves.

#include <set>
#include <unordered_set>

#include "core/base/text.h"
#include "core/knowledge/user_account_control.h"
#include "core/knowledge/well_known.h"
#include "queries/audit/walk.h"

namespace tierline::queries::audit {

using graph::ArcId;
using graph::EdgeId;
using graph::NodeId;
using knowledge::EdgeKind;
namespace rids = knowledge::rids;
namespace uac = knowledge::uac;

namespace {

constexpr std::int64_t kDay = std::int64_t{24} * 60 * 60;
// lastLogonTimestamp lags behind by up to 14 days ([MS-ADA1] 2.352, msDS-LogonTimeSyncInterval).
constexpr std::int64_t kLag = 14 * kDay;

constexpr const char* kNoTime = "the snapshot does not say when it was taken";

// Nobody logs on as krbtgt, and it is disabled.
bool is_user_of_zero(const Context& context, NodeId n) {
  return context.is_in_zero(n) && context.is_user(n) && context.is_active_account(n) &&
         context.graph.node(n).sid.rid() != rids::kKrbtgt;
}

// Managed accounts have passwords that nobody knows, and cannot be members of Protected Users with use.
bool is_person(const Context& context, NodeId n) {
  return is_user_of_zero(context, n) && !context.is_managed(n);
}

/// Who is in the Protected Users of any domain, nested members too, and of which domains that is known.
class ProtectedUsers {
 public:
  explicit ProtectedUsers(const Context& context) : context_(context) {
    const graph::AttackGraph& graph = context.graph;
    std::vector<NodeId> queue;
    for (NodeId n = 0; n < graph.node_count(); ++n) {
      if (graph.nodes().rows()[n].rid != rids::kProtectedUsers) continue;
      const graph::Node node = graph.node(n);
      if (!node.sid.is_domain_issued()) continue;
      queue.push_back(n);
      if (node.object != snapshot::kNoObject) domains_.emplace(node.domain);
    }
    for (std::size_t next = 0; next < queue.size(); ++next) {
      for_each_arc_into(graph, queue[next], [&](ArcId arc) {
        if (graph.trait(arc).kind == EdgeKind::MemberOf && members_.insert(graph.tail(arc)).second)
          queue.push_back(graph.tail(arc));
      });
    }
  }

  bool contains(NodeId n) const { return members_.contains(n); }
  /// Whether an account that is no known member is none. Reports it when not.
  bool is_known_of(NodeId n, Report& report) const {
    const std::string_view domain = context_.graph.node(n).domain;
    if (domains_.contains(domain)) return true;
    report.unknown("the group Protected Users of " + visible(domain) + " was not collected");
    return false;
  }

 private:
  const Context& context_;
  std::unordered_set<NodeId> members_;
  std::set<std::string_view> domains_;
};

/// When accounts last logged on, as far as the directory knows.
class Logons {
 public:
  explicit Logons(const Context& context)
      : context_(context),
        stamp_(context.attribute("lastLogonTimestamp")),
        exact_(context.attribute("lastLogon")) {}

  bool are_collected() const { return context_.is_attribute_there(stamp_); }
  std::optional<std::int64_t> last(NodeId n) const {
    const auto stamp = context_.time(n, stamp_);
    const auto exact = context_.time(n, exact_);
    return stamp && exact ? std::max(*stamp, *exact) : stamp ? stamp : exact;
  }
  /// The last moment at which the account may have logged on without the attributes showing it.
  std::optional<std::int64_t> latest_possible(NodeId n) const {
    const auto stamp = context_.time(n, stamp_);
    const auto exact = context_.time(n, exact_);
    if (!stamp) return exact;
    return exact ? std::max(*stamp + kLag, *exact) : *stamp + kLag;
  }
  std::vector<graph::Evidence> facts(NodeId n) const { return context_.facts(n, {stamp_, exact_}); }

 private:
  const Context& context_;
  snapshot::AttributeId stamp_;
  snapshot::AttributeId exact_;
};

}  // namespace

void unprotected_users(const Context& context, Report& report) {
  const ProtectedUsers safe(context);
  for (NodeId n = 0; n < context.graph.node_count(); ++n) {
    if (!is_person(context, n) || safe.contains(n) || !safe.is_known_of(n, report)) continue;
    report.add({n}, {}, "is no member of Protected Users");
  }
}

void delegatable_accounts(const Context& context, Report& report) {
  const ProtectedUsers safe(context);
  const snapshot::AttributeId attribute = context.attribute("userAccountControl");
  for (NodeId n = 0; n < context.graph.node_count(); ++n) {
    if (!is_person(context, n) || safe.contains(n)) continue;
    const auto control = context.number(n, attribute);
    if (!control) {
      report.unknown("userAccountControl of some accounts was not collected");
    } else if ((*control & uac::kNotDelegated) == 0 && safe.is_known_of(n, report)) {
      report.add({n}, {}, "is neither marked as sensitive nor a member of Protected Users",
                 context.facts(n, {attribute}));
    }
  }
}

void accounts_with_services(const Context& context, Report& report) {
  const snapshot::AttributeId names = context.attribute("servicePrincipalName");
  if (!context.is_collected("servicePrincipalName"))
    return report.unknown("service principal names were not collected");
  for (NodeId n = 0; n < context.graph.node_count(); ++n) {
    if (!is_person(context, n) || !context.has(n, names)) continue;
    report.add({n}, {}, "has " + std::string(context.text(n, names)), context.facts(n, {names}));
  }
}

void stale_accounts(const Context& context, Report& report) {
  const auto now = context.now();
  if (!now) return report.unknown(kNoTime);
  const Logons logons(context);
  if (!logons.are_collected()) return report.unknown("the last logon was not collected");
  for (NodeId n = 0; n < context.graph.node_count(); ++n) {
    if (!is_user_of_zero(context, n)) continue;
    const auto latest = logons.latest_possible(n);
    if (!latest || *now - *latest <= std::int64_t{context.settings.stale_days} * kDay) continue;
    report.add({n}, {}, "last logged on " + std::to_string((*now - *logons.last(n)) / kDay) + " days before",
               logons.facts(n));
  }
}

void unused_accounts(const Context& context, Report& report) {
  const auto now = context.now();
  if (!now) return report.unknown(kNoTime);
  const Logons logons(context);
  if (!logons.are_collected()) return report.unknown("the last logon was not collected");
  const snapshot::AttributeId created = context.attribute("whenCreated");
  for (NodeId n = 0; n < context.graph.node_count(); ++n) {
    if (!is_user_of_zero(context, n) || logons.last(n)) continue;
    const auto made = context.generalized_time(n, created);
    const bool is_new = made && *now - *made < std::int64_t{context.settings.recent_days} * kDay;
    if (!is_new) report.add({n}, {}, "never logged on", context.facts(n, {created}));
  }
}

// A session that is there although its account has not logged on for so long has stood since then.
void accounts_always_on(const Context& context, Report& report) {
  const graph::AttackGraph& graph = context.graph;
  if (!context.has_edges_of(EdgeKind::HasSession)) return report.unknown("no session was collected");
  const auto now = context.now();
  if (!now) report.unknown(kNoTime);
  const Logons logons(context);
  if (!logons.are_collected()) report.unknown("the last logon was not collected");
  for (NodeId n = 0; n < graph.node_count(); ++n) {
    if (!is_user_of_zero(context, n)) continue;
    std::vector<EdgeId> edges;
    std::set<NodeId> hosts;
    for_each_arc_into(graph, n, [&](ArcId arc) {
      if (graph.trait(arc).kind != EdgeKind::HasSession) return;
      edges.push_back(graph.edge_to(arc, n));
      hosts.insert(graph.tail(arc));
    });
    if (edges.empty()) continue;
    std::string what;
    if (hosts.size() >= context.settings.session_hosts)
      what = "is logged on to " + std::to_string(hosts.size()) + " hosts at once";
    const auto latest = logons.latest_possible(n);
    const bool stands = now && latest && *now - *latest > std::int64_t{context.settings.session_days} * kDay;
    if (stands) {
      what += (what.empty() ? "is logged on, and" : ", and") + std::string(" last logged on ") +
              std::to_string((*now - *logons.last(n)) / kDay) + " days before";
    }
    if (what.empty()) continue;
    std::sort(edges.begin(), edges.end());
    report.add({n}, std::move(edges), std::move(what),
               stands ? logons.facts(n) : std::vector<graph::Evidence>());
  }
}

}  // namespace tierline::queries::audit
