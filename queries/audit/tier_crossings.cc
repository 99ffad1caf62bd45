// Rules about what crosses a line between tiers: control, sessions and logon rights.

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/knowledge/collected_relations.h"
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
namespace collected = knowledge::collected;
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
  std::vector<EdgeKind> kinds;
  for (const EdgeId e : edges) {
    const EdgeKind kind = context.graph.edge(e).kind;
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) kinds.push_back(kind);
  }
  std::string text;
  for (const EdgeKind kind : kinds)
    text += (text.empty() ? "" : ", ") + std::string(knowledge::info_of(kind).name);
  return text;
}

std::string in_words(Tier tier) { return tier == kNoTier ? "no tier" : "tier " + std::to_string(tier); }

/// What leads from one node to others.
struct Leads {
  std::vector<std::pair<NodeId, EdgeId>> edges;  ///< in order of the targets
  std::vector<EdgeId> first;                     ///< of those that are stored as one, the first

  /// Calls `take(target, edges)` for each target.
  template <class Take>
  void for_each_target(const Take& take) const {
    for (std::size_t i = 0; i < edges.size();) {
      const NodeId target = edges[i].first;
      std::vector<EdgeId> into;
      for (; i < edges.size() && edges[i].first == target; ++i) into.push_back(edges[i].second);
      take(target, std::move(into));
    }
  }

  std::size_t target_count() const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < edges.size(); ++i) {
      if (i == 0 || edges[i].first != edges[i - 1].first) ++count;
    }
    return count;
  }
};

/// Calls `take(source, leads)` for each node from which traversable edges of chosen kinds lead to others that are meant.
/// `ends(source, vertex)` says whether an edge to a node is meant; of a bundle, whether one to any of its nodes may be.
template <class Choose, class Starts, class Ends, class Take>
void for_each_source(const Context& context, const Choose& choose, const Starts& starts, const Ends& ends,
                     const Take& take) {
  const graph::AttackGraph& graph = context.graph;
  std::vector<bool> chosen;
  for (const Trait& trait : graph.traits()) chosen.push_back(trait.traversable && choose(trait.kind));
  Leads found;
  for (NodeId source = 0; source < graph.node_count(); ++source) {
    if (!starts(source)) continue;
    found.edges.clear();
    found.first.clear();
    for (ArcId arc = graph.first_out_arc(source); arc < graph.first_out_arc(source + 1); ++arc) {
      if (!chosen[graph.trait_place(arc)] || !ends(source, graph.head(arc))) continue;
      const std::size_t before = found.edges.size();
      for_each_edge_of(graph, arc, [&](NodeId target, EdgeId edge) {
        if (ends(source, target)) found.edges.emplace_back(target, edge);
      });
      if (found.edges.size() > before) found.first.push_back(found.edges[before].second);
    }
    if (found.edges.empty()) continue;
    std::sort(found.edges.begin(), found.edges.end());
    take(source, found);
  }
}

/// Calls `take(source, target, edges)` for each pair of nodes that for_each_source() finds.
template <class Choose, class Starts, class Ends, class Take>
void for_each_pair(const Context& context, const Choose& choose, const Starts& starts, const Ends& ends,
                   const Take& take) {
  for_each_source(context, choose, starts, ends, [&](NodeId source, const Leads& leads) {
    leads.for_each_target(
        [&](NodeId target, std::vector<EdgeId>&& edges) { take(source, target, std::move(edges)); });
  });
}

/// Domain Admins and Administrators administer every host by default; that they log on there is what the sessions show.
bool administers_all_hosts(const Context& context, NodeId group) {
  if (!context.is_in_zero(group) || context.is_user(group)) return false;
  const directory::Sid sid = context.graph.node(group).sid;
  return sid.count() != 0 && ((sid.is_domain_issued() && sid.rid() == rids::kDomainAdmins) ||
                              (sid.is_builtin() && sid.rid() == rids::kAdministrators));
}

}  // namespace

PoliciesOverZero::PoliciesOverZero(const Context& context)
    : is_over_zero_(context.graph.vertex_count(), false) {
  const graph::AttackGraph& graph = context.graph;
  for (NodeId policy = 0; policy < graph.node_count(); ++policy) {
    if (graph.nodes().kind(policy) != NodeKind::GPO || context.is_in_zero(policy)) continue;
    Applied applied;
    for (ArcId arc = graph.first_out_arc(policy); arc < graph.first_out_arc(policy + 1); ++arc) {
      const Trait& trait = graph.trait(arc);
      if (trait.kind != EdgeKind::GPOAppliesTo || !trait.traversable) continue;
      if (context.highest_tier(graph.head(arc)) != 0) continue;
      bool is_first = true;
      for_each_edge_of(graph, arc, [&](NodeId target, EdgeId edge) {
        if (!context.is_in_zero(target)) return;
        if (std::exchange(is_first, false)) applied.edges.push_back(edge);
        ++applied.objects;
      });
    }
    if (applied.objects == 0) continue;
    applied_.emplace(policy, std::move(applied));
    is_over_zero_[policy] = true;
    for (const VertexId bundle : graph.bundles_of(policy)) is_over_zero_[bundle] = true;
  }
}

// Of members of a group of Tier Zero, those remain outside it who are members by everyone's groups, or by a rule's group alone.
// SID history is a rule of its own.
void control_into_tier_zero(const Context& context, Report& report) {
  report.unknown(context.unread_rights(0, 0));
  const PoliciesOverZero policies(context);
  for_each_source(
      context,
      [](EdgeKind kind) {
        return (is_control(kind) && kind != EdgeKind::HasSIDHistory) || kind == EdgeKind::MemberOf;
      },
      [&](NodeId source) { return !context.is_in_zero(source) && context.is_principal(source); },
      [&](NodeId, VertexId end) { return context.highest_tier(end) == 0 || policies.contains(end); },
      [&](NodeId source, const Leads& leads) {
        const std::size_t count = leads.target_count();
        if (count > context.settings.control_crowd) {
          std::vector<EdgeId> edges = leads.first;
          leads.for_each_target([&](NodeId target, const std::vector<EdgeId>&) {
            if (!policies.contains(target)) return;
            const std::vector<EdgeId>& applied = policies.of(target).edges;
            edges.insert(edges.end(), applied.begin(), applied.end());
          });
          std::string what =
              kinds_of(context, leads.first) + " over " + std::to_string(count) + " objects of Tier Zero";
          if (edges.size() > leads.first.size()) what += " and policies that apply to it";
          report.add({source}, std::move(edges), std::move(what));
          return;
        }
        leads.for_each_target([&](NodeId target, std::vector<EdgeId>&& edges) {
          std::string what = kinds_of(context, edges);
          if (policies.contains(target)) {
            const PoliciesOverZero::Applied& applied = policies.of(target);
            edges.insert(edges.end(), applied.edges.begin(), applied.edges.end());
            what += ", and the policy applies to " + std::to_string(applied.objects) +
                    (applied.objects == 1 ? " object" : " objects") + " of Tier Zero";
          }
          report.add({source, target}, std::move(edges), std::move(what));
        });
      });
}

// To log on to a host of a higher tier as an ordinary user is no control of it. A group that no rule names is as low as an account
// that none does.
void control_into_higher_tier(const Context& context, Report& report) {
  const auto from = [&](NodeId source) {
    return context.tier(source) == kNoTier ? context.tiers.otherwise : context.tier(source);
  };
  report.unknown(context.unread_rights(1, kLowestTier));
  for_each_source(
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
      [&](NodeId source, const Leads& leads) {
        const std::string line = ", from " + in_words(context.tier(source)) + " into ";
        const std::size_t count = leads.target_count();
        if (count > context.settings.control_crowd) {
          std::set<Tier> tiers;
          for (const auto& [target, edge] : leads.edges) tiers.insert(context.tier(target));
          std::string into;
          for (const Tier tier : tiers) into += (into.empty() ? "" : " and ") + in_words(tier);
          report.add(
              {source}, leads.first,
              kinds_of(context, leads.first) + " over " + std::to_string(count) + " objects" + line + into);
          return;
        }
        leads.for_each_target([&](NodeId target, std::vector<EdgeId>&& edges) {
          const std::string kinds = kinds_of(context, edges);
          report.add({source, target}, std::move(edges), kinds + line + in_words(context.tier(target)));
        });
      });
}

// Such a principal is itself of Tier Zero by the group, or controls the account, that its history names.
void sid_history_of_tier_zero(const Context& context, Report& report) {
  const bool is_known =
      context.is_collected("sIDHistory") || context.is_attribute_there(context.attribute(collected::kAces));
  if (!is_known) report.unknown("SID history was not collected");
  for_each_pair(
      context, [](EdgeKind kind) { return kind == EdgeKind::HasSIDHistory; }, [](NodeId) { return true; },
      [&](NodeId, VertexId end) { return context.highest_tier(end) == 0; },
      [&](NodeId holder, NodeId former, std::vector<EdgeId> edges) {
        report.add({holder, former}, std::move(edges), "every token of the one holds the SID of the other");
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
