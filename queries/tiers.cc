#include "queries/tiers.h"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_set>
#include <vector>

#include "core/base/text.h"
#include "core/knowledge/tier_zero.h"
#include "core/knowledge/well_known.h"
#include "queries/principals.h"

namespace tierline::queries {
namespace {

using graph::ArcId;
using graph::AttackGraph;
using graph::Node;
using graph::NodeId;
using graph::VertexId;
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

bool is_account(NodeKind kind) { return kind == NodeKind::User || kind == NodeKind::Computer; }

/// Whether it counts when accounts in Tier Zero are compared with all.
bool can_act(const graph::NodeTable& nodes, NodeId n) {
  return is_account(nodes.kind(n)) && !nodes.is_disabled(n) && nodes.object(n) != snapshot::kNoObject;
}

/// Finds the nodes that fit rules.
class Matcher {
 public:
  Matcher(const snapshot::Snapshot& snapshot, const AttackGraph& graph)
      : snapshot_(snapshot), graph_(graph), services_(snapshot.attribute("servicePrincipalName")) {}

  /// A rule with what it names besides the node itself looked up.
  struct Prepared {
    const TierRule* rule = nullptr;
    Nodes members;
    Nodes governed;
    std::string below;  ///< ",OU=..." in lower case
    std::string name;   ///< the pattern in lower case
    snapshot::AttributeId attribute = snapshot::kNoAttribute;
    const HostRole* role = nullptr;
  };

  /// Errors: Config.
  Result<std::vector<Prepared>> prepare(const std::vector<TierRule>& rules) const {
    std::vector<std::string> names;
    for (const TierRule& rule : rules) {
      for (const std::string* const name : {&rule.member_of, &rule.gpo, &rule.ou}) {
        if (!name->empty()) names.push_back(*name);
      }
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    const Named named = {names, resolve_each(snapshot_, graph_, names)};
    std::vector<Prepared> prepared;
    for (const TierRule& rule : rules) {
      auto one = prepare(rule, named);
      if (!one) return one.error();
      prepared.push_back(*std::move(one));
    }
    return prepared;
  }

  /// A node, with what rules compare in lower case.
  struct Subject {
    NodeId id;
    Node node;
    std::string dn;    ///< empty unless a rule is for a container
    std::string name;  ///< empty unless a rule is for a name
  };

  Subject subject(NodeId n, const std::vector<Prepared>& rules) const {
    Subject subject = {n, graph_.node(n), "", ""};
    const auto any = [&](std::string Prepared::*part) {
      return std::any_of(rules.begin(), rules.end(),
                         [&](const Prepared& rule) { return !(rule.*part).empty(); });
    };
    if (subject.node.object != snapshot::kNoObject && any(&Prepared::below))
      subject.dn = fold_case(snapshot_.object(subject.node.object).dn());
    if (any(&Prepared::name)) subject.name = fold_case(subject.node.name);
    return subject;
  }

  bool fits_rule(const Prepared& prepared, const Subject& subject) const {
    const TierRule& rule = *prepared.rule;
    const Node& node = subject.node;
    if (rule.sid && node.sid != *rule.sid) return false;
    if (rule.rid && !(node.sid.is_domain_issued() && node.sid.rid() == *rule.rid)) return false;
    if (!rule.member_of.empty() && !prepared.members.contains(subject.id)) return false;
    if (!rule.gpo.empty() && !prepared.governed.contains(subject.id)) return false;
    if (!rule.ou.empty() && !is_below(subject.dn, prepared.below)) return false;
    if (!rule.name.empty() && !has_name(subject.name, prepared.name)) return false;
    if (!rule.attribute.empty() && !has_value(node, prepared.attribute, rule.value)) return false;
    return prepared.role == nullptr || has_role(subject.id, *prepared.role);
  }

 private:
  /// What the rules name, ascending, and the nodes of each.
  struct Named {
    std::vector<std::string> names;
    std::vector<Result<std::vector<NodeId>>> nodes;
  };

  Result<Prepared> prepare(const TierRule& rule, const Named& named) const {
    Prepared found;
    found.rule = &rule;
    if (!rule.member_of.empty()) {
      const auto group = one(rule, rule.member_of, named);
      if (!group) return group.error();
      found.members = members_of(*group);
    }
    if (!rule.gpo.empty()) {
      const auto policy = one(rule, rule.gpo, named);
      if (!policy) return policy.error();
      found.governed = governed_by(*policy);
    }
    if (!rule.ou.empty()) {
      const auto container = one(rule, rule.ou, named);
      if (!container) return container.error();
      const snapshot::ObjectIndex object = graph_.nodes().object(*container);
      const std::string_view dn = object == snapshot::kNoObject ? "" : snapshot_.object(object).dn();
      if (dn.empty()) return fail(rule, "'" + visible(rule.ou) + "' has no distinguished name");
      found.below = "," + fold_case(dn);
    }
    found.name = fold_case(rule.name);
    if (!rule.attribute.empty()) found.attribute = snapshot_.attribute(rule.attribute);
    if (!rule.host_role.empty()) {
      found.role = std::find_if(kHostRoles.begin(), kHostRoles.end(),
                                [&](const HostRole& known) { return known.name == rule.host_role; });
    }
    return found;
  }

  static Result<NodeId> one(const TierRule& rule, const std::string& name, const Named& named) {
    const auto place = std::lower_bound(named.names.begin(), named.names.end(), name);
    const auto& found = named.nodes[static_cast<std::size_t>(place - named.names.begin())];
    if (!found) return fail(rule, found.error().message);
    if (found->size() != 1) return fail(rule, "'" + visible(name) + "' is a set");
    return found->front();
  }

  static Error fail(const TierRule& rule, std::string message) {
    return {ErrorCode::Config, "line " + std::to_string(rule.line) + ": " + std::move(message)};
  }

  // A broad group, such as everyone who logs on, is no reason to be in a tier.
  Nodes members_of(NodeId group) const {
    Nodes members = {group};
    std::vector<NodeId> queue = {group};
    const auto take = [&](ArcId arc) {
      if (graph_.trait(arc).kind != EdgeKind::MemberOf) return;
      const NodeId member = graph_.tail(arc);
      const bool is_group = graph_.nodes().kind(member) == NodeKind::Group;
      if (is_group && knowledge::is_broad_group(graph_.node(member).sid)) return;
      if (members.insert(member).second) queue.push_back(member);
    };
    for (std::size_t next = 0; next < queue.size(); ++next) {
      const auto arcs = graph_.in_arcs(queue[next]);
      const auto tails = graph_.in_tails(queue[next]);
      for (std::size_t i = 0; i < arcs.size(); ++i) {
        if (graph_.is_edge(arcs[i])) {
          take(arcs[i]);
        } else {
          for (const ArcId arc : graph_.in_arcs(tails[i])) take(arc);
        }
      }
    }
    return members;
  }

  Nodes governed_by(NodeId policy) const {
    Nodes governed;
    for (ArcId arc = graph_.first_out_arc(policy); arc < graph_.first_out_arc(policy + 1); ++arc) {
      if (graph_.trait(arc).kind != EdgeKind::GPOAppliesTo) continue;
      const VertexId head = graph_.head(arc);
      if (graph_.is_node(head)) {
        governed.insert(head);
      } else {
        governed.insert(graph_.members(head).begin(), graph_.members(head).end());
      }
    }
    return governed;
  }

  static bool is_below(std::string_view dn, std::string_view below) {
    return dn.ends_with(below) || dn == below.substr(1);
  }

  static bool has_name(std::string_view name, std::string_view pattern) {
    return fits_folded(pattern, name) || fits_folded(pattern, name.substr(0, name.rfind('@')));
  }

  bool has_value(const Node& node, snapshot::AttributeId attribute, const std::string& pattern) const {
    if (node.object == snapshot::kNoObject || attribute == snapshot::kNoAttribute) return false;
    for (const auto value : snapshot_.object(node.object).values(attribute)) {
      if (pattern.empty() || fits(pattern, value.text())) return true;
    }
    return false;
  }

  bool has_role(NodeId n, const HostRole& role) const {
    if (graph_.nodes().kind(n) != NodeKind::Computer) return false;
    if (!role.edge) return has_value(graph_.node(n), services_, std::string(role.service) + "*");
    for (ArcId arc = graph_.first_out_arc(n); arc < graph_.first_out_arc(n + 1); ++arc) {
      if (graph_.trait(arc).kind == *role.edge) return true;
    }
    return false;
  }

  const snapshot::Snapshot& snapshot_;
  const AttackGraph& graph_;
  snapshot::AttributeId services_;
};

/// What the rules say of one node.
void assign(const Matcher& matcher, const std::vector<Matcher::Prepared>& rules, NodeId n, Tiers& tiers) {
  if (rules.empty()) return;
  const Matcher::Subject subject = matcher.subject(n, rules);
  std::vector<std::uint32_t> fitting;
  std::size_t nearest = 0;
  for (std::uint32_t r = 0; r < rules.size(); ++r) {
    if (!matcher.fits_rule(rules[r], subject)) continue;
    fitting.push_back(r);
    tiers.is_rule_used[r] = true;
    nearest = std::max(nearest, rules[r].below.size());
  }
  std::erase_if(fitting,
                [&](std::uint32_t r) { return !rules[r].below.empty() && rules[r].below.size() < nearest; });
  for (const std::uint32_t r : fitting) {
    if (rules[r].rule->tier >= tiers.tier[n]) continue;
    tiers.tier[n] = rules[r].rule->tier;
    tiers.rule[n] = r;
  }
  const bool disagree = std::any_of(fitting.begin(), fitting.end(),
                                    [&](std::uint32_t r) { return rules[r].rule->tier != tiers.tier[n]; });
  if (disagree) tiers.conflicts.push_back({n, std::move(fitting)});
}

/// LOCAL SYSTEM, ANONYMOUS LOGON and the like, which are nobody's account.
bool is_identity_of_every_host(const AttackGraph& graph, NodeId n) {
  if (graph.nodes().object(n) != snapshot::kNoObject) return false;
  const directory::Sid sid = graph.node(n).sid;
  return sid.count() != 0 && !sid.is_domain_issued();
}

}  // namespace

bool is_too_wide(const AttackGraph& graph, const std::vector<NodeId>& tier_zero) {
  const graph::NodeTable& nodes = graph.nodes();
  Tiers counted;
  counted.accounts_in_zero = static_cast<std::uint64_t>(
      std::count_if(tier_zero.begin(), tier_zero.end(), [&](NodeId n) { return can_act(nodes, n); }));
  for (NodeId n = 0; n < graph.node_count() && counted.accounts < counted.accounts_in_zero * 2; ++n) {
    if (can_act(nodes, n)) ++counted.accounts;
  }
  return counted.is_zero_too_wide();
}

Result<Tiers> assign_tiers(const snapshot::Snapshot& snapshot, const AttackGraph& graph,
                           const TierRules& rules) {
  const Matcher matcher(snapshot, graph);
  const auto prepared = matcher.prepare(rules.rules);
  if (!prepared) return prepared.error();
  Tiers tiers;
  tiers.tier.assign(graph.node_count(), kNoTier);
  tiers.rule.assign(graph.node_count(), kByDefault);
  tiers.is_rule_used.assign(prepared->size(), false);
  tiers.otherwise = rules.otherwise.value_or(kNoTier);
  const graph::NodeTable& nodes = graph.nodes();
  for (NodeId n = 0; n < graph.node_count(); ++n) {
    assign(matcher, *prepared, n, tiers);
    if (nodes.is_tier_zero(n)) {
      tiers.tier[n] = 0;
      tiers.rule[n] = kBuiltIn;
    } else if (tiers.tier[n] == kNoTier && rules.otherwise && is_account(nodes.kind(n)) &&
               !is_identity_of_every_host(graph, n)) {
      tiers.tier[n] = *rules.otherwise;
    }
    if (!can_act(nodes, n)) continue;
    ++tiers.accounts;
    if (tiers.tier[n] != 0) continue;
    ++tiers.accounts_in_zero;
    if (tiers.rule[n] != kBuiltIn) ++tiers.accounts_in_zero_by_rules;
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
