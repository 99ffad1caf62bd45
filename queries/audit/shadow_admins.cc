// Shadow administrators: accounts outside Tier Zero that hold a right over an object of Tier Zero, or over a policy that applies
// to one, themselves or by a group that they are in. The rule about control tells which principal an entry names; this one tells
// which people that comes to.

#include <map>
#include <set>

#include "core/knowledge/edge_kinds.h"
#include "core/knowledge/well_known.h"
#include "queries/audit/walk.h"
#include "queries/search.h"

namespace tierline::queries::audit {

using graph::ArcId;
using graph::EdgeId;
using graph::NodeId;
using knowledge::EdgeKind;
using Trait = graph::AttackGraph::Trait;

namespace {

class ShadowAdministrators {
 public:
  ShadowAdministrators(const Context& context, Report& report)
      : context_(context),
        graph_(context.graph),
        report_(report),
        policies_(context),
        exclusions_(graph_),
        reached_(graph_.node_count(), 0) {}

  void run() {
    for_each_arc(
        graph_,
        [](const Trait& trait) {
          const bool is_right = (is_control(trait.kind) && trait.kind != EdgeKind::CoerceToTGT) ||
                                trait.kind == EdgeKind::DCSync;
          return trait.traversable && is_right;
        },
        [&](ArcId arc) {
          const NodeId holder = graph_.tail(arc);
          const graph::VertexId head = graph_.head(arc);
          const bool leads_in = context_.highest_tier(head) == 0 || policies_.contains(head);
          if (leads_in && !context_.is_in_zero(holder) && context_.is_principal(holder))
            holdings_[holder].push_back(arc);
        });
    for (const auto& [holder, arcs] : holdings_) look_behind(holder, arcs);
    for (const auto& [account, held] : held_by_) tell_account(account, held);
  }

 private:
  /// One who gets at what a principal holds: by which memberships, and to which of it.
  struct Behind {
    NodeId account = graph::kNoNode;
    NodeId holder = graph::kNoNode;
    std::vector<EdgeId> memberships;
    std::vector<ArcId> arcs;
  };

  // Everyone in the holder, nested. Many of them, and everyone there is, are told as the group that they are in.
  void look_behind(NodeId holder, const std::vector<ArcId>& arcs) {
    ++round_;
    std::vector<NodeId> queue = {holder};
    std::vector<std::pair<std::size_t, ArcId>> by = {
        {0, graph::kNoArcId}};  ///< the group it is in, and by what
    std::vector<std::size_t> accounts;
    bool is_crowd = false;
    reached_[holder] = round_;
    for (std::size_t next = 0; next < queue.size(); ++next) {
      if (context_.is_active_account(queue[next])) accounts.push_back(next);
      is_crowd = is_crowd || is_broad(queue[next]);
      for_each_arc_into(graph_, queue[next], [&](ArcId arc) {
        const NodeId member = graph_.tail(arc);
        const Trait& trait = graph_.trait(arc);
        if (!trait.traversable || !knowledge::puts_in_token(trait.kind)) return;
        if (reached_[member] == round_ || context_.is_in_zero(member)) return;
        reached_[member] = round_;
        queue.push_back(member);
        by.emplace_back(next, arc);
      });
    }
    std::vector<Behind> behind;
    std::size_t count = 0;
    for (const std::size_t place : accounts) {
      std::vector<ArcId> held = open_to(queue[place], arcs);
      if (held.empty()) continue;
      is_crowd = ++count > context_.settings.shadow_crowd || is_crowd;
      if (is_crowd) continue;
      Behind found = {queue[place], holder, {}, std::move(held)};
      for (std::size_t at = place; at != 0; at = by[at].first)
        found.memberships.push_back(graph_.edge_to(by[at].second, queue[by[at].first]));
      behind.push_back(std::move(found));
    }
    if (count == 0) return;
    if (is_crowd) {
      std::vector<EdgeId> edges;
      const std::string what = rights(arcs, edges);
      report_.add(
          {holder}, std::move(edges),
          std::to_string(count) + (count == 1 ? " account in it holds " : " accounts in it hold ") + what);
      return;
    }
    for (Behind& one : behind) held_by_[one.account].push_back(std::move(one));
  }

  bool is_broad(NodeId n) const {
    return graph_.nodes().kind(n) == knowledge::NodeKind::Group &&
           knowledge::is_broad_group(graph_.node(n).sid);
  }

  // Without what deny entries keep from this one.
  std::vector<ArcId> open_to(NodeId account, const std::vector<ArcId>& arcs) {
    std::vector<ArcId> held;
    for (const ArcId arc : arcs) {
      if (!exclusions_.excludes(graph_.trait(arc).condition, account)) held.push_back(arc);
    }
    return held;
  }

  /// "WriteDacl, AddMember over 3 objects of Tier Zero and GenericWrite over 1 policy that applies to Tier Zero"; adds the edge
  /// that stands for each arc, and for a policy those by which it applies.
  std::string rights(const std::vector<ArcId>& arcs, std::vector<EdgeId>& edges) const {
    Held objects;
    Held policies;
    for (const ArcId arc : arcs) {
      bool is_told = false;
      for_each_edge_of(graph_, arc, [&](NodeId target, EdgeId edge) {
        const bool is_policy = policies_.contains(target);
        if (!context_.is_in_zero(target) && !is_policy) return;
        Held& held = is_policy ? policies : objects;
        held.kinds.insert(graph_.trait(arc).kind);
        if (held.targets.insert(target).second && is_policy) {
          const std::vector<EdgeId>& applied = policies_.of(target).edges;
          edges.insert(edges.end(), applied.begin(), applied.end());
        }
        if (!is_told) edges.push_back(edge);
        is_told = true;
      });
    }
    std::string text = in_words(objects, " object of Tier Zero", " objects of Tier Zero");
    if (!text.empty() && !policies.targets.empty()) text += " and ";
    return text +
           in_words(policies, " policy that applies to Tier Zero", " policies that apply to Tier Zero");
  }

  /// By which rights, and over what.
  struct Held {
    std::set<EdgeKind> kinds;
    std::set<NodeId> targets;
  };

  static std::string in_words(const Held& held, const char* one, const char* many) {
    if (held.targets.empty()) return "";
    std::string text;
    for (const EdgeKind kind : held.kinds)
      text += (text.empty() ? "" : ", ") + std::string(knowledge::info_of(kind).name);
    return text + " over " + std::to_string(held.targets.size()) + (held.targets.size() == 1 ? one : many);
  }

  void tell_account(NodeId account, const std::vector<Behind>& held) {
    std::set<ArcId> arcs;
    std::set<std::string_view> groups;
    std::vector<EdgeId> edges;
    for (const Behind& one : held) {
      arcs.insert(one.arcs.begin(), one.arcs.end());
      edges.insert(edges.end(), one.memberships.begin(), one.memberships.end());
      if (one.holder != account) groups.insert(graph_.nodes().name(one.holder));
    }
    std::string what = "holds " + rights({arcs.begin(), arcs.end()}, edges);
    for (const std::string_view name : groups)
      (what += name == *groups.begin() ? ", as one of " : " and ") += name;
    std::sort(edges.begin(), edges.end());
    edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
    report_.add({account}, std::move(edges), std::move(what));
  }

  const Context& context_;
  const graph::AttackGraph& graph_;
  Report& report_;
  PoliciesOverZero policies_;
  Exclusions exclusions_;
  std::vector<std::uint32_t> reached_;  ///< by node, the last round that met it
  std::uint32_t round_ = 0;
  std::map<NodeId, std::vector<ArcId>> holdings_;  ///< by principal, what leads from it into Tier Zero
  std::map<NodeId, std::vector<Behind>> held_by_;
};

}  // namespace

void shadow_administrators(const Context& context, Report& report) {
  report.unknown(context.unread_rights(0, 0));
  ShadowAdministrators(context, report).run();
}

}  // namespace tierline::queries::audit
