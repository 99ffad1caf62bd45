// Rules about what crosses a line between tiers: control, sessions and logon rights.

#include "core/knowledge/edge_kinds.h"
#include "core/knowledge/well_known.h"
#include "queries/audit/walk.h"

namespace tierline::queries::audit {

using graph::ArcId;
using graph::EdgeId;
using graph::NodeId;
using graph::VertexId;
using knowledge::EdgeKind;
using knowledge::NodeKind;
namespace rids = knowledge::rids;
using Trait = graph::AttackGraph::Trait;

bool is_control(EdgeKind kind) {
  return kind != EdgeKind::MemberOf && kind != EdgeKind::ClaimSpecialIdentity && kind != EdgeKind::Contains &&
         kind != EdgeKind::HasSession && kind != EdgeKind::MemberOfLocalGroup &&
         kind != EdgeKind::LocalToComputer && kind != EdgeKind::DCSync;
}

namespace {

// A way to log on to a host, of which being its administrator is one.
bool is_logon(EdgeKind kind) {
  return kind == EdgeKind::AdminTo || kind == EdgeKind::CanRDP || kind == EdgeKind::CanPSRemote ||
         kind == EdgeKind::ExecuteDCOM || kind == EdgeKind::RemoteInteractiveLogonRight;
}

std::string kinds_of(const Context& context, const std::vector<EdgeId>& edges) {
  std::string kinds;
  for (const EdgeId e : edges) {
    kinds += (kinds.empty() ? "" : ", ") + std::string(knowledge::info_of(context.graph.edge(e).kind).name);
  }
  return kinds;
}

std::string in_words(Tier tier) { return tier == kNoTier ? "no tier" : "tier " + std::to_string(tier); }

/// Calls `take(source, target, edges)` for each pair of nodes that traversable edges of chosen kinds join. `ends(source, vertex)`
/// says whether an edge to a node is meant; of a bundle, whether one to any of its nodes may be.
template <class Choose, class Starts, class Ends, class Take>
void for_each_pair(const Context& context, const Choose& choose, const Starts& starts, const Ends& ends,
                   const Take& take) {
  const graph::AttackGraph& graph = context.graph;
  std::vector<bool> chosen;
  for (const Trait& trait : graph.traits()) chosen.push_back(trait.traversable && choose(trait.kind));
  std::vector<std::pair<NodeId, EdgeId>> found;
  for (NodeId source = 0; source < graph.node_count(); ++source) {
    if (!starts(source)) continue;
    found.clear();
    for (ArcId arc = graph.first_out_arc(source); arc < graph.first_out_arc(source + 1); ++arc) {
      if (!chosen[graph.trait_place(arc)] || !ends(source, graph.head(arc))) continue;
      for_each_edge_of(graph, arc, [&](NodeId target, EdgeId edge) {
        if (ends(source, target)) found.emplace_back(target, edge);
      });
    }
    std::sort(found.begin(), found.end());
    for (std::size_t i = 0; i < found.size();) {
      const NodeId target = found[i].first;
      std::vector<EdgeId> edges;
      for (; i < found.size() && found[i].first == target; ++i) edges.push_back(found[i].second);
      take(source, target, std::move(edges));
    }
  }
}

/// Domain Admins and Administrators administer every host by default; that they log on there is what the sessions show.
bool administers_all_hosts(const Context& context, NodeId group) {
  if (!context.is_in_zero(group) || context.is_user(group)) return false;
  const directory::Sid sid = context.graph.node(group).sid;
  return sid.count() != 0 && ((sid.is_domain_issued() && sid.rid() == rids::kDomainAdmins) ||
                              (sid.is_builtin() && sid.rid() == rids::kAdministrators));
}

}  // namespace

// Of members of a group of Tier Zero, those remain outside it who are members by everyone's groups, or by a rule's group alone.
void control_into_tier_zero(const Context& context, Report& report) {
  report.unknown(context.unread_rights(0, 0));
  for_each_pair(
      context, [](EdgeKind kind) { return is_control(kind) || kind == EdgeKind::MemberOf; },
      [&](NodeId source) { return !context.is_in_zero(source) && context.is_principal(source); },
      [&](NodeId, VertexId end) { return context.highest_tier(end) == 0; },
      [&](NodeId source, NodeId target, std::vector<EdgeId> edges) {
        const std::string kinds = kinds_of(context, edges);
        report.add({source, target}, std::move(edges), kinds);
      });
}

// To log on to a host of a higher tier as an ordinary user is no control of it. A group that no rule names is as low as an account
// that none does.
void control_into_higher_tier(const Context& context, Report& report) {
  const auto from = [&](NodeId source) {
    return context.tier(source) == kNoTier ? context.tiers.otherwise : context.tier(source);
  };
  report.unknown(context.unread_rights(1, kLowestTier));
  for_each_pair(
      context,
      [](EdgeKind kind) {
        return (is_control(kind) && !is_logon(kind)) || kind == EdgeKind::AdminTo ||
               kind == EdgeKind::MemberOf;
      },
      [&](NodeId source) { return from(source) > 1 && context.is_principal(source); },
      [&](NodeId source, VertexId end) {
        if (!context.graph.is_node(end)) return context.highest_tier(end) < from(source);
        return context.tier(end) != 0 && context.tier(end) < from(source);
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
      context, [](EdgeKind kind) { return kind == EdgeKind::HasSession; }, [](NodeId) { return true; },
      [&](NodeId host, VertexId user) { return context.highest_tier(user) < context.tier(host); },
      [&](NodeId host, NodeId user, std::vector<EdgeId> edges) {
        report.add(context.is_in_zero(user) ? Severity::Critical : Severity::High, {host, user},
                   std::move(edges),
                   in_words(context.tier(user)) + " is logged on to " + in_words(context.tier(host)));
      });
}

void logons_of_higher_tier(const Context& context, Report& report) {
  const auto& traits = context.graph.traits();
  if (std::none_of(traits.begin(), traits.end(), [](const Trait& trait) { return is_logon(trait.kind); }))
    return report.unknown("no local group or logon right of a host was collected");
  for_each_pair(
      context, is_logon,
      [&](NodeId source) {
        return context.tier(source) != kNoTier && !administers_all_hosts(context, source);
      },
      [&](NodeId source, VertexId host) { return context.tier(source) < context.lowest_tier(host); },
      [&](NodeId user, NodeId host, std::vector<EdgeId> edges) {
        const std::string kinds = kinds_of(context, edges);
        report.add({user, host}, std::move(edges),
                   kinds + ", " + in_words(context.tier(user)) + " on " + in_words(context.tier(host)));
      });
}

}  // namespace tierline::queries::audit
