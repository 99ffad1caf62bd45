// MemberOf and HasSIDHistory: everything that puts a SID into a logon token.

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

constexpr std::int64_t kSecurityEnabled = 0x80000000;  // [MS-ADTS] 2.2.12

Evidence rule(Rule which) {
  return {.kind = Evidence::Kind::Rule, .item = static_cast<std::uint32_t>(which)};
}

Evidence value(ObjectIndex object, snapshot::AttributeId attribute, std::uint32_t item) {
  return {.kind = Evidence::Kind::Attribute, .attribute = attribute, .object = object, .item = item};
}

// A member that the snapshot does not hold is kept as an unknown, not dropped: it may be anybody.
NodeId unresolved_member(Derivation& derivation, std::string_view dn,
                         std::unordered_map<std::string, NodeId>& placeholders) {
  std::string id = "DN=" + upper_case(dn);
  const auto [place, added] = placeholders.try_emplace(id, 0);
  if (added) {
    graph::Node node;
    node.name = id;
    node.id = std::move(id);
    place->second = derivation.graph.add_node(std::move(node));
  }
  return place->second;
}

void add_members(Derivation& derivation, const Object& group,
                 std::unordered_map<std::string, NodeId>& placeholders) {
  DirectoryModel& directory = derivation.directory;
  const AttributeIds& ids = directory.attributes();
  const auto type = group.number(ids.group_type);
  const bool in_token = !type || (*type & kSecurityEnabled) != 0;
  const knowledge::Caveats caveats = in_token ? knowledge::Caveats() : Caveat::DistributionGroup;
  const NodeId target = directory.node_of(group.index());
  std::uint32_t item = 0;
  for (const auto member : group.values(ids.member)) {
    ObjectIndex object = member.target;
    if (object == snapshot::kNoObject)
      object = directory.find_dn(member.text()).value_or(snapshot::kNoObject);
    const NodeId source = object == snapshot::kNoObject
                              ? unresolved_member(derivation, member.text(), placeholders)
                              : directory.node_of(object);
    add_edge(derivation, source, target, EdgeKind::MemberOf, value(group.index(), ids.member, item++),
             caveats, in_token);
  }
}

// The primary group is in no member attribute ([MS-ADTS] 5.1.3.1 and [MS-SAMR] 3.1.1.8.2).
void add_primary_group(Derivation& derivation, const Object& account) {
  DirectoryModel& directory = derivation.directory;
  const AttributeIds& ids = directory.attributes();
  const auto sid = sid_of(account, ids.object_sid);
  const auto rid = account.number(ids.primary_group_id);
  if (!sid || sid->count() < 2 || !rid || *rid <= 0 || *rid > 0xFFFFFFFF) return;
  const Sid group = sid->parent().with_rid(static_cast<std::uint32_t>(*rid));
  const NodeId target = directory.node_of_sid(group, directory.domain_of(account.index()));
  add_edge(derivation, directory.node_of(account.index()), target, EdgeKind::MemberOf,
           value(account.index(), ids.primary_group_id, 0));
}

void add_sid_history(Derivation& derivation, const Object& account) {
  DirectoryModel& directory = derivation.directory;
  const AttributeIds& ids = directory.attributes();
  std::uint32_t item = 0;
  for (const auto stored : account.values(ids.sid_history)) {
    const Evidence evidence = value(account.index(), ids.sid_history, item++);
    const auto sid = Sid::from_bytes(stored.bytes);
    if (!sid || sid->count() == 0) continue;
    bool known_domain = false;
    for (const Domain& domain : directory.domains()) {
      known_domain = known_domain || sid->parent() == domain.sid;
    }
    add_edge(derivation, directory.node_of(account.index()),
             directory.node_of_sid(*sid, directory.domain_of(account.index())), EdgeKind::HasSIDHistory,
             evidence, known_domain ? knowledge::Caveats() : Caveat::ForeignSidFiltered);
  }
}

/// The groups of one domain that logon adds to a token, [MS-DTYP] 2.4.2.4.
struct LogonGroups {
  NodeId authenticated_users;
  NodeId everyone;
};

LogonGroups add_logon_groups(Derivation& derivation, DomainIndex index) {
  DirectoryModel& directory = derivation.directory;
  const Domain& domain = directory.domains()[index];
  const auto node = [&](std::string_view sid) { return directory.node_of_sid(*Sid::parse(sid), index); };
  const LogonGroups groups = {node(knowledge::sids::kAuthenticatedUsers), node(knowledge::sids::kEveryone)};
  add_edge(derivation, groups.authenticated_users, groups.everyone, EdgeKind::MemberOf, rule(Rule::Everyone));
  if (domain.sid.count() == 0) return groups;
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
    add_edge(derivation, *controllers, node(knowledge::sids::kEnterpriseDomainControllers),
             EdgeKind::MemberOf, rule(Rule::EnterpriseDomainControllers));
  }
  return groups;
}

bool is_in_a_usual_primary_group(std::int64_t rid) {
  return rid == knowledge::rids::kDomainUsers || rid == knowledge::rids::kDomainComputers ||
         rid == knowledge::rids::kDomainControllers || rid == knowledge::rids::kReadOnlyDomainControllers ||
         rid == knowledge::rids::kDomainGuests;
}

}  // namespace

void add_memberships(Derivation& derivation) {
  DirectoryModel& directory = derivation.directory;
  const AttributeIds& ids = directory.attributes();
  std::vector<LogonGroups> logon_groups;
  for (std::size_t d = 0; d < directory.domains().size(); ++d) {
    logon_groups.push_back(add_logon_groups(derivation, static_cast<DomainIndex>(d)));
  }
  std::unordered_map<std::string, NodeId> placeholders;
  const snapshot::Snapshot& snapshot = directory.snapshot();
  for (ObjectIndex i = 0; i < snapshot.object_count(); ++i) {
    const Object object = snapshot.object(i);
    const NodeKind kind = derivation.graph.node(directory.node_of(i)).kind;
    if (kind == NodeKind::Group) add_members(derivation, object, placeholders);
    if (kind == NodeKind::User || kind == NodeKind::Computer) {
      add_primary_group(derivation, object);
      // An account with another primary group need not be in Domain Users, yet is authenticated.
      const auto primary = object.number(ids.primary_group_id);
      if (!primary || !is_in_a_usual_primary_group(*primary)) {
        add_edge(derivation, directory.node_of(i), logon_groups[directory.domain_of(i)].authenticated_users,
                 EdgeKind::MemberOf, rule(Rule::AuthenticatedUsers));
      }
    }
    if (object.has(ids.sid_history)) add_sid_history(derivation, object);
  }
}

}  // namespace tierline::derive
