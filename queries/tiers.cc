#include "queries/tiers.h"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "core/base/text.h"
#include "core/knowledge/tier_zero.h"
#include "core/knowledge/well_known.h"
#include "queries/principals.h"

namespace tierline::queries {
namespace {

using graph::AttackGraph;
using graph::Edge;
using graph::EdgeId;
using graph::Node;
using graph::NodeId;
using knowledge::EdgeKind;
using knowledge::NodeKind;
using Nodes = std::unordered_set<NodeId>;

/// What makes a host one of a role: an edge from it, or the class of a service principal name ([MS-KILE] 3.1.5.11).
struct HostRole {
  std::string_view name;
  std::optional<EdgeKind> edge = {};
  std::string_view service = {};
};

constexpr std::array kHostRoles = {
    HostRole{.name = "domain-controller", .edge = EdgeKind::DCFor},
    HostRole{.name = "certification-authority", .edge = EdgeKind::HostsCAService},
    HostRole{.name = "database", .service = "MSSQLSvc/"},
    HostRole{.name = "mail", .service = "exchangeMDB/"},
    HostRole{.name = "web", .service = "HTTP/"},
};

bool is_account(const Node& node) { return node.kind == NodeKind::User || node.kind == NodeKind::Computer; }

/// Finds the nodes that fit rules.
class Matcher {
 public:
  Matcher(const snapshot::Snapshot& snapshot, const AttackGraph& graph)
      : snapshot_(snapshot), graph_(graph) {}

  /// What a rule names besides the node itself, looked up once. Errors: Config.
  struct Prepared {
    Nodes members;
    Nodes governed;
    std::string below;  ///< ",OU=..." in lower case
    snapshot::AttributeId attribute = snapshot::kNoAttribute;
  };

  Result<Prepared> prepare(const TierRule& rule) const {
    Prepared found;
    if (!rule.member_of.empty()) {
      const auto group = one(rule, rule.member_of);
      if (!group) return group.error();
      found.members = members_of(*group);
    }
    if (!rule.gpo.empty()) {
      const auto policy = one(rule, rule.gpo);
      if (!policy) return policy.error();
      for (EdgeId e = graph_.first_out_edge(*policy); e < graph_.first_out_edge(*policy + 1); ++e) {
        if (graph_.edge(e).kind == EdgeKind::GPOAppliesTo) found.governed.insert(graph_.edge(e).target);
      }
    }
    if (!rule.ou.empty()) {
      const auto container = one(rule, rule.ou);
      if (!container) return container.error();
      found.below = "," + fold_case(rule.ou);
    }
    if (!rule.attribute.empty()) found.attribute = snapshot_.attribute(rule.attribute);
    return found;
  }

  bool fits_rule(const TierRule& rule, const Prepared& prepared, NodeId n) const {
    const Node& node = graph_.node(n);
    if (rule.sid && node.sid != *rule.sid) return false;
    if (rule.rid && !(node.sid.is_domain_issued() && node.sid.rid() == *rule.rid)) return false;
    if (!rule.member_of.empty() && !prepared.members.contains(n)) return false;
    if (!rule.gpo.empty() && !prepared.governed.contains(n)) return false;
    if (!rule.ou.empty() && !is_below(node, prepared.below)) return false;
    if (!rule.name.empty() && !has_name(node, rule.name)) return false;
    if (!rule.attribute.empty() && !has_value(node, prepared.attribute, rule.value)) return false;
    return rule.host_role.empty() || has_role(n, rule.host_role);
  }

 private:
  Result<NodeId> one(const TierRule& rule, const std::string& name) const {
    const auto found = resolve(snapshot_, graph_, name);
    const auto fail = [&](std::string message) {
      return Error{ErrorCode::Config, "line " + std::to_string(rule.line) + ": " + std::move(message)};
    };
    if (!found) return fail(found.error().message);
    if (found->size() != 1) return fail("'" + visible(name) + "' is a set");
    return found->front();
  }

  // A broad group, such as everyone who logs on, is no reason to be in a tier.
  Nodes members_of(NodeId group) const {
    Nodes members = {group};
    std::vector<NodeId> queue = {group};
    for (std::size_t next = 0; next < queue.size(); ++next) {
      for (const EdgeId e : graph_.in_edges(queue[next])) {
        const Edge& edge = graph_.edge(e);
        if (edge.kind != EdgeKind::MemberOf) continue;
        const Node& member = graph_.node(edge.source);
        if (member.kind == NodeKind::Group && knowledge::is_broad_group(member.sid)) continue;
        if (members.insert(edge.source).second) queue.push_back(edge.source);
      }
    }
    return members;
  }

  bool is_below(const Node& node, const std::string& below) const {
    if (node.object == snapshot::kNoObject) return false;
    const std::string dn = fold_case(snapshot_.object(node.object).dn());
    return dn.ends_with(below) || dn == std::string_view(below).substr(1);
  }

  static bool has_name(const Node& node, const std::string& pattern) {
    return fits(pattern, node.name) ||
           fits(pattern, std::string_view(node.name).substr(0, node.name.rfind('@')));
  }

  bool has_value(const Node& node, snapshot::AttributeId attribute, const std::string& pattern) const {
    if (node.object == snapshot::kNoObject || attribute == snapshot::kNoAttribute) return false;
    for (const auto value : snapshot_.object(node.object).values(attribute)) {
      if (pattern.empty() || fits(pattern, value.text())) return true;
    }
    return false;
  }

  bool has_role(NodeId n, const std::string& name) const {
    const auto role = std::find_if(kHostRoles.begin(), kHostRoles.end(),
                                   [&](const HostRole& known) { return known.name == name; });
    const Node& node = graph_.node(n);
    if (role == kHostRoles.end() || node.kind != NodeKind::Computer) return false;
    if (!role->edge)
      return has_value(node, snapshot_.attribute("servicePrincipalName"), std::string(role->service) + "*");
    for (EdgeId e = graph_.first_out_edge(n); e < graph_.first_out_edge(n + 1); ++e) {
      if (graph_.edge(e).kind == *role->edge) return true;
    }
    return false;
  }

  const snapshot::Snapshot& snapshot_;
  const AttackGraph& graph_;
};

}  // namespace

Result<Tiers> assign_tiers(const snapshot::Snapshot& snapshot, const AttackGraph& graph,
                           const TierRules& rules) {
  const Matcher matcher(snapshot, graph);
  std::vector<Matcher::Prepared> prepared;
  for (const TierRule& rule : rules.rules) {
    auto one = matcher.prepare(rule);
    if (!one) return std::move(one).error();
    prepared.push_back(*std::move(one));
  }
  Tiers tiers;
  tiers.tier.assign(graph.node_count(), kNoTier);
  tiers.rule.assign(graph.node_count(), kByDefault);
  for (NodeId n = 0; n < graph.node_count(); ++n) {
    const Node& node = graph.node(n);
    std::vector<std::uint32_t> fitting;
    std::size_t nearest = 0;
    for (std::uint32_t r = 0; r < rules.rules.size(); ++r) {
      if (!matcher.fits_rule(rules.rules[r], prepared[r], n)) continue;
      fitting.push_back(r);
      nearest = std::max(nearest, prepared[r].below.size());
    }
    std::erase_if(fitting, [&](std::uint32_t r) {
      return !prepared[r].below.empty() && prepared[r].below.size() < nearest;
    });
    for (const std::uint32_t r : fitting) {
      if (rules.rules[r].tier >= tiers.tier[n]) continue;
      tiers.tier[n] = rules.rules[r].tier;
      tiers.rule[n] = r;
    }
    const bool disagree = std::any_of(fitting.begin(), fitting.end(),
                                      [&](std::uint32_t r) { return rules.rules[r].tier != tiers.tier[n]; });
    if (disagree) tiers.conflicts.push_back({n, std::move(fitting)});
    if (node.tier == 0) {
      tiers.tier[n] = 0;
      tiers.rule[n] = kBuiltIn;
    } else if (tiers.tier[n] == kNoTier && rules.otherwise && is_account(node)) {
      tiers.tier[n] = *rules.otherwise;
    }
    if (!is_account(node) || node.enabled == false || node.object == snapshot::kNoObject) continue;
    ++tiers.accounts;
    if (tiers.tier[n] == 0) ++tiers.accounts_in_zero;
  }
  return tiers;
}

std::string reason_of(const AttackGraph& graph, const TierRules& rules, const Tiers& tiers, NodeId node) {
  const std::uint32_t place = tiers.rule[node];
  if (place == kBuiltIn) {
    const auto rows = knowledge::tier_zero_rows();
    const std::size_t row = graph.node(node).tier_row;
    if (row >= rows.size()) return "Tier Zero";
    return "Tier Zero: " + std::string(rows[row].name) + ". " + std::string(rows[row].reason);
  }
  if (place == kByDefault) return tiers.tier[node] == kNoTier ? "" : "default";
  const TierRule& rule = rules.rules[place];
  const std::string application = rule.application.empty() ? "" : rule.application + ": ";
  return application + rule.reason + " (line " + std::to_string(rule.line) + ")";
}

}  // namespace tierline::queries
