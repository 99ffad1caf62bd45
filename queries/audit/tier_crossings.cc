// Rules about what crosses a line between tiers: control, sessions and logon rights.

#include <map>

#include "core/knowledge/edge_kinds.h"
#include "core/knowledge/well_known.h"
#include "queries/audit/audit.h"

namespace tierline::queries::audit {

using graph::EdgeId;
using graph::NodeId;
using knowledge::EdgeKind;
using knowledge::NodeKind;

namespace {

// Memberships are ways to a right and no right; sessions are a rule of their own.
bool is_control(EdgeKind kind) {
  return kind != EdgeKind::MemberOf && kind != EdgeKind::ClaimSpecialIdentity && kind != EdgeKind::Contains &&
         kind != EdgeKind::HasSession && kind != EdgeKind::MemberOfLocalGroup &&
         kind != EdgeKind::LocalToComputer && kind != EdgeKind::DCSync;
}

bool is_logon(EdgeKind kind) {
  return kind == EdgeKind::AdminTo || kind == EdgeKind::CanRDP || kind == EdgeKind::CanPSRemote ||
         kind == EdgeKind::ExecuteDCOM || kind == EdgeKind::RemoteInteractiveLogonRight;
}

// A SID that nothing resolves is a principal as well.
bool is_principal(const graph::Node& node) {
  return node.kind == NodeKind::User || node.kind == NodeKind::Computer || node.kind == NodeKind::Group ||
         (node.object == snapshot::kNoObject && node.sid.count() != 0);
}

std::string kinds_of(const Context& context, const std::vector<EdgeId>& edges) {
  std::string kinds;
  for (const EdgeId e : edges) {
    kinds += (kinds.empty() ? "" : ", ") + std::string(knowledge::info_of(context.graph.edge(e).kind).name);
  }
  return kinds;
}

std::string in_words(Tier tier) { return tier == kNoTier ? "no tier" : "tier " + std::to_string(tier); }

/// Calls `take` for each pair of nodes that traversable edges of chosen kinds join, with these edges.
template <class Choose, class Take>
void for_each_pair(const Context& context, const Choose& choose, const Take& take) {
  for (NodeId source = 0; source < context.graph.node_count(); ++source) {
    std::map<NodeId, std::vector<EdgeId>> by_target;
    for (EdgeId e = context.graph.first_out_edge(source); e < context.graph.first_out_edge(source + 1); ++e) {
      const graph::Edge& edge = context.graph.edge(e);
      if (edge.traversable && choose(edge)) by_target[edge.target].push_back(e);
    }
    for (auto& [target, edges] : by_target) take(source, target, std::move(edges));
  }
}

}  // namespace

void control_into_tier_zero(const Context& context, Report& report) {
  for_each_pair(
      context,
      [&](const graph::Edge& edge) {
        return is_control(edge.kind) && context.is_in_zero(edge.target) && !context.is_in_zero(edge.source) &&
               is_principal(context.graph.node(edge.source));
      },
      [&](NodeId source, NodeId target, std::vector<EdgeId> edges) {
        const std::string kinds = kinds_of(context, edges);
        report.add({source, target}, std::move(edges), kinds);
      });
}

void control_into_higher_tier(const Context& context, Report& report) {
  for_each_pair(
      context,
      [&](const graph::Edge& edge) {
        const Tier target = context.tier(edge.target);
        return is_control(edge.kind) && !is_logon(edge.kind) && target != 0 && target != kNoTier &&
               context.tier(edge.source) > target && is_principal(context.graph.node(edge.source));
      },
      [&](NodeId source, NodeId target, std::vector<EdgeId> edges) {
        const std::string kinds = kinds_of(context, edges);
        report.add(
            {source, target}, std::move(edges),
            kinds + ", from " + in_words(context.tier(source)) + " into " + in_words(context.tier(target)));
      });
}

void sessions_of_higher_tier(const Context& context, Report& report) {
  if (!context.has_edges_of(EdgeKind::HasSession)) return report.unknown("no session was collected");
  for_each_pair(
      context,
      [&](const graph::Edge& edge) {
        return edge.kind == EdgeKind::HasSession && context.tier(edge.target) < context.tier(edge.source);
      },
      [&](NodeId host, NodeId user, std::vector<EdgeId> edges) {
        report.add(context.is_in_zero(user) ? Severity::Critical : Severity::High, {host, user},
                   std::move(edges),
                   in_words(context.tier(user)) + " is logged on to " + in_words(context.tier(host)));
      });
}

void logons_of_higher_tier(const Context& context, Report& report) {
  bool any = false;
  for_each_pair(
      context,
      [&](const graph::Edge& edge) {
        any = any || is_logon(edge.kind);
        const Tier source = context.tier(edge.source);
        // Tier Zero administers every host by default; that it logs on there is what the sessions show.
        return is_logon(edge.kind) && source < context.tier(edge.target) &&
               (source != 0 || context.is_user(edge.source));
      },
      [&](NodeId user, NodeId host, std::vector<EdgeId> edges) {
        const std::string kinds = kinds_of(context, edges);
        report.add({user, host}, std::move(edges),
                   kinds + ", " + in_words(context.tier(user)) + " on " + in_words(context.tier(host)));
      });
  if (!any) report.unknown("no local group or logon right of a host was collected");
}

}  // namespace tierline::queries::audit
