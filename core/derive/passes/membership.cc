// MemberOf and HasSIDHistory: everything that puts a SID into a logon token.

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/parallel.h"
#include "core/base/text.h"
#include "core/derive/passes/passes.h"
#include "core/knowledge/well_known.h"

namespace tierline::derive {
namespace {

using directory::Sid;
using graph::Evidence;
using graph::NodeId;
using graph::Rule;
using knowledge::Caveat;
using knowledge::EdgeKind;
using knowledge::NodeKind;
using snapshot::Object;
using snapshot::ObjectIndex;

Evidence rule(Rule which) {
  return {.kind = Evidence::Kind::Rule, .item = static_cast<std::uint32_t>(which)};
}

Evidence value(ObjectIndex object, snapshot::AttributeId attribute, std::uint32_t item) {
  return {.kind = Evidence::Kind::Attribute, .attribute = attribute, .object = object, .item = item};
}

// A member that the snapshot does not hold is kept as an unknown, not dropped: it may be anybody.
NodeId unresolved_member(Derivation& derivation, std::string_view dn,
                         std::unordered_map<std::string, NodeId>& placeholders) {
  const auto [place, added] = placeholders.try_emplace("DN=" + upper_case(dn), 0);
  if (added) {
    graph::Node node;
    node.name = node.id = place->first;
    place->second = derivation.graph.add_node(node);
  }
  return place->second;
}

// Whether the group's domain trusts the member's only for services that say so, [MS-KILE] 3.3.5.7.1.
bool asks_for_permission(const Derivation& derivation, NodeId member, const Object& group) {
  const DirectoryModel& directory = derivation.directory;
  if (directory.trusts().empty()) return false;
  const Sid sid = derivation.graph.node(member).sid;
  if (!sid.is_domain_issued()) return false;
  return std::any_of(directory.trusts().begin(), directory.trusts().end(), [&](const Trust& trust) {
    return trust.domain == directory.domain_of(group.index()) && trust.is_outbound() &&
           trust.partner_sid == sid.parent() &&
           (trust.attributes & knowledge::trust_attribute::kSelectiveAuthentication) != 0;
  });
}

/// What some objects say of who is in which group.
struct Stated {
  graph::EdgeBatch edges;
  std::vector<std::string_view>
      unresolved;  ///< distinguished names, in the order of the batch's unknown nodes
};

void add_members(const Derivation& derivation, const Object& group, Stated& stated) {
  const DirectoryModel& directory = derivation.directory;
  const AttributeIds& ids = directory.attributes();
  const bool in_token = !directory.is_distribution_group(group.index());
  const knowledge::Caveats caveats = in_token ? knowledge::Caveats() : Caveat::DistributionGroup;
  const NodeId target = directory.node_of(group.index());
  const snapshot::Values members = group.values(ids.member);
  for (std::uint32_t item = 0; item < members.size(); ++item) {
    ObjectIndex object = members.target(item);
    if (object == snapshot::kNoObject)
      object = directory.find_dn(members[item].text()).value_or(snapshot::kNoObject);
    knowledge::Caveats more;
    NodeId source = graph::EdgeBatch::kFirstUnknown + static_cast<NodeId>(stated.unresolved.size());
    if (object == snapshot::kNoObject) {
      stated.unresolved.push_back(members[item].text());
    } else {
      source = directory.node_of(object);
      if (asks_for_permission(derivation, source, group)) more = Caveat::SelectiveAuthentication;
    }
    add_edge(derivation, stated.edges, source, target, EdgeKind::MemberOf,
             value(group.index(), ids.member, item), caveats | more, in_token);
  }
}

/// The primary group is in no member attribute ([MS-ADTS] 5.1.3.1 and [MS-SAMR] 3.1.1.8.2). Few are that of many.
class PrimaryGroups {
 public:
  /// Makes those that accounts name.
  explicit PrimaryGroups(Derivation& derivation) : derivation_(derivation) {
    const DirectoryModel& directory = derivation.directory;
    for (ObjectIndex i = 0; i < directory.snapshot().object_count(); ++i) {
      const NodeKind kind = derivation.graph.nodes().kind(directory.node_of(i));
      if (kind != NodeKind::User && kind != NodeKind::Computer) continue;
      const auto key = key_of(i);
      if (!key || (!groups_.empty() && last_ == *key)) continue;
      last_ = *key;
      if (!groups_.contains(*key)) groups_.emplace(*key, find(*key));
    }
  }

  void add(ObjectIndex account, graph::EdgeBatch& edges) const {
    const auto key = key_of(account);
    if (!key) return;
    const DirectoryModel& directory = derivation_.directory;
    add_edge(derivation_, edges, directory.node_of(account), groups_.at(*key), EdgeKind::MemberOf,
             value(account, directory.attributes().primary_group_id, 0));
  }

 private:
  using Key =
      std::tuple<std::uint32_t, std::uint32_t, DomainIndex>;  ///< issuer, RID, and domain of the account

  std::optional<Key> key_of(ObjectIndex account) const {
    const DirectoryModel& directory = derivation_.directory;
    const std::uint32_t rid = directory.primary_group(account);
    const std::uint32_t issuer = derivation_.graph.nodes().rows()[directory.node_of(account)].issuer;
    if (rid == 0 || derivation_.graph.nodes().issuers()[issuer].count() == 0) return std::nullopt;
    return Key{issuer, rid, directory.domain_of(account)};
  }

  NodeId find(const Key& key) {
    const auto& [issuer, rid, domain] = key;
    graph::NodeTable& nodes = derivation_.graph.nodes();
    const NodeId found = derivation_.directory.node_of_sid(nodes.issuers()[issuer].with_rid(rid), domain);
    if (nodes.kind(found) == NodeKind::Base) nodes.set_kind(found, NodeKind::Group);  // whatever it is called
    return found;
  }

  Derivation& derivation_;
  std::map<Key, NodeId> groups_;
  Key last_;
};

/// What becomes of a SID on its way into the domain that issued it.
struct Passage {
  bool passes = true;
  knowledge::Caveats caveats;
};

Passage passage_of(const DirectoryModel& directory, const Sid& sid, DomainIndex from) {
  const auto& domains = directory.domains();
  const auto issuer = std::find_if(domains.begin(), domains.end(), [&](const Domain& domain) {
    return domain.sid.count() != 0 && domain.sid == sid.parent();
  });
  if (issuer == domains.end()) return {true, Caveat::ForeignSidFiltered};
  const auto to = static_cast<DomainIndex>(issuer - domains.begin());
  if (to == from) return {};
  for (const Trust& trust : directory.trusts()) {
    if (trust.domain != to || !trust.is_outbound() || trust.partner != from) continue;
    if (knowledge::passes(knowledge::sid_filter(trust.attributes), sid)) return {};
    return {false, Caveat::SidFiltered};
  }
  if (directory.in_one_forest(from, to)) return {};
  return {true, Caveat::ForeignSidFiltered};
}

void add_sid_history(Derivation& derivation, const Object& account) {
  DirectoryModel& directory = derivation.directory;
  const AttributeIds& ids = directory.attributes();
  std::uint32_t item = 0;
  for (const auto stored : account.values(ids.sid_history)) {
    const Evidence evidence = value(account.index(), ids.sid_history, item++);
    const auto sid = Sid::from_bytes(stored.bytes);
    if (!sid || sid->count() == 0) continue;
    const DomainIndex home = directory.domain_of(account.index());
    const Passage passage = passage_of(directory, *sid, home);
    add_edge(derivation, directory.node_of(account.index()), directory.node_of_sid(*sid, home),
             EdgeKind::HasSIDHistory, evidence, passage.caveats, passage.passes);
  }
}

/// The groups of one domain that logon adds to a token, [MS-DTYP] 2.4.2.4.
struct LogonGroups {
  NodeId authenticated_users;
  NodeId everyone;
};

LogonGroups add_logon_groups(Derivation& derivation, DomainIndex index) {
  DirectoryModel& directory = derivation.directory;
  const auto node = [&](std::string_view sid) { return directory.node_of_sid(*Sid::parse(sid), index); };
  const LogonGroups groups = {node(knowledge::sids::kAuthenticatedUsers), node(knowledge::sids::kEveryone)};
  add_edge(derivation, groups.authenticated_users, groups.everyone, EdgeKind::MemberOf, rule(Rule::Everyone));
  // The directory is reached over the network only.
  for (const std::string_view identity : {knowledge::sids::kNetwork, knowledge::sids::kThisOrganization}) {
    add_edge(derivation, groups.everyone, node(identity), EdgeKind::ClaimSpecialIdentity,
             rule(Rule::NetworkLogon));
  }
  return groups;
}

// By way of the groups that accounts have as their primary one. These may have no object in the snapshot, but then
// an account that names them.
void add_usual_groups(Derivation& derivation, DomainIndex index, const LogonGroups& groups) {
  DirectoryModel& directory = derivation.directory;
  const Domain& domain = directory.domains()[index];
  if (domain.sid.count() == 0) return;
  const auto in_domain = [&](std::uint32_t rid) {
    return directory.find_sid(domain.sid.with_rid(rid), index);
  };
  for (const std::uint32_t rid :
       {knowledge::rids::kDomainUsers, knowledge::rids::kDomainComputers, knowledge::rids::kDomainControllers,
        knowledge::rids::kReadOnlyDomainControllers}) {
    if (const auto group = in_domain(rid)) {
      add_edge(derivation, *group, groups.authenticated_users, EdgeKind::MemberOf,
               rule(Rule::AuthenticatedUsers));
    }
  }
  if (const auto guests = in_domain(knowledge::rids::kDomainGuests)) {
    add_edge(derivation, *guests, groups.everyone, EdgeKind::MemberOf, rule(Rule::Everyone));
  }
  if (const auto controllers = in_domain(knowledge::rids::kDomainControllers)) {
    const Sid everywhere = *Sid::parse(knowledge::sids::kEnterpriseDomainControllers);
    add_edge(derivation, *controllers, directory.node_of_sid(everywhere, index), EdgeKind::MemberOf,
             rule(Rule::EnterpriseDomainControllers));
  }
}

// Who is authenticated in a trusted domain is so in the trusting one, unless that asks for selective
// authentication. An external trust is not transitive, which a chain of memberships would make it.
void add_authenticated_across_trusts(Derivation& derivation, const std::vector<LogonGroups>& groups) {
  constexpr std::uint32_t kTransitive =
      knowledge::trust_attribute::kWithinForest | knowledge::trust_attribute::kForestTransitive;
  for (const Trust& trust : derivation.directory.trusts()) {
    const bool selective = (trust.attributes & knowledge::trust_attribute::kSelectiveAuthentication) != 0;
    if (!trust.is_outbound() || !trust.partner || selective || (trust.attributes & kTransitive) == 0)
      continue;
    const Evidence evidence = value(trust.object, derivation.directory.attributes().trust_attributes, 0);
    const LogonGroups& from = groups[*trust.partner];
    const LogonGroups& to = groups[trust.domain];
    add_edge(derivation, from.authenticated_users, to.authenticated_users, EdgeKind::MemberOf, evidence);
    add_edge(derivation, from.everyone, to.everyone, EdgeKind::MemberOf, evidence);
  }
}

bool is_in_a_usual_primary_group(std::uint32_t rid) {
  return rid == knowledge::rids::kDomainUsers || rid == knowledge::rids::kDomainComputers ||
         rid == knowledge::rids::kDomainControllers || rid == knowledge::rids::kReadOnlyDomainControllers;
}

// Somebody who is authenticated: not Guest, whom strangers are taken for, not an identity that a token gets by the way, nor a
// stand-in for a stranger.
bool is_account_of(const Domain& domain, const graph::NodeTable& nodes, NodeId node) {
  const graph::NodeTable::Row& row = nodes.rows()[node];
  const Sid& issuer = nodes.issuers()[row.issuer];
  return issuer.count() != 0 && issuer == domain.sid && issuer.with_rid(row.rid).is_domain_issued() &&
         row.rid != knowledge::rids::kGuest;
}

}  // namespace

void add_memberships(Derivation& derivation) {
  DirectoryModel& directory = derivation.directory;
  const AttributeIds& ids = directory.attributes();
  const graph::NodeTable& nodes = derivation.graph.nodes();
  std::vector<LogonGroups> logon_groups;
  for (std::size_t d = 0; d < directory.domains().size(); ++d) {
    logon_groups.push_back(add_logon_groups(derivation, static_cast<DomainIndex>(d)));
  }
  add_authenticated_across_trusts(derivation, logon_groups);
  const snapshot::Snapshot& snapshot = directory.snapshot();
  const PrimaryGroups primary_groups(derivation);
  auto found = of_ranges(snapshot.object_count(), [&](Range range) {
    Stated stated;
    for (auto i = static_cast<ObjectIndex>(range.first); i < range.last; ++i) {
      const NodeId node = directory.node_of(i);
      const NodeKind kind = nodes.kind(node);
      if (kind == NodeKind::Group) add_members(derivation, snapshot.object(i), stated);
      if (kind != NodeKind::User && kind != NodeKind::Computer) continue;
      primary_groups.add(i, stated.edges);
      // An account with another primary group need not be in Domain Users, yet is authenticated.
      if (!is_in_a_usual_primary_group(directory.primary_group(i)) &&
          is_account_of(directory.domains()[directory.domain_of(i)], nodes, node)) {
        add_edge(derivation, stated.edges, node, logon_groups[directory.domain_of(i)].authenticated_users,
                 EdgeKind::MemberOf, rule(Rule::AuthenticatedUsers));
      }
    }
    return stated;
  });
  std::unordered_map<std::string, NodeId> placeholders;
  for (Stated& stated : found) {
    std::vector<NodeId> resolved;
    for (const std::string_view dn : stated.unresolved)
      resolved.push_back(unresolved_member(derivation, dn, placeholders));
    stated.edges.resolve(resolved);
    derivation.graph.take(std::move(stated.edges));
  }
  snapshot.for_each_with(ids.sid_history,
                         [&](const Object& account) { add_sid_history(derivation, account); });
  for (std::size_t d = 0; d < logon_groups.size(); ++d) {
    add_usual_groups(derivation, static_cast<DomainIndex>(d), logon_groups[d]);
  }
}

}  // namespace tierline::derive
