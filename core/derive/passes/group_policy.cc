// Group policy: where policies are linked, whom they reach, and who can link one above somebody.
// [MS-GPOL] 2.2.2 (gPLink), 3.2.5.1 (order, enforcement, blocked inheritance, security filtering).

#include <algorithm>
#include <boost/container_hash/hash.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <charconv>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/base/parallel.h"
#include "core/base/text.h"
#include "core/derive/dacl.h"
#include "core/derive/passes/passes.h"
#include "core/knowledge/access_rights.h"
#include "core/knowledge/collected_relations.h"
#include "core/knowledge/guids.h"
#include "core/knowledge/well_known.h"

namespace tierline::derive {
namespace {

using graph::Evidence;
using graph::NodeId;
using knowledge::Caveat;
using knowledge::EdgeKind;
using knowledge::NodeKind;
using snapshot::Object;
using snapshot::ObjectIndex;

constexpr unsigned kLinkDisabled = 1;
constexpr unsigned kLinkEnforced = 2;
constexpr std::int64_t kInheritanceBlocked = 1;

struct Link {
  NodeId policy;
  ObjectIndex policy_object;
  Evidence evidence;
  bool enforced;
};

// "[LDAP://cn={GUID},cn=policies,...;OPTIONS][...]": the DN and options of each entry that is not disabled.
std::vector<Link> links_of(const DirectoryModel& directory, const Object& container) {
  std::vector<Link> links;
  const snapshot::AttributeId attribute = directory.attributes().gp_link;
  const Evidence by_link = {
      .kind = Evidence::Kind::Attribute, .attribute = attribute, .object = container.index()};
  std::string_view text = container.text(attribute);
  while (true) {
    const std::size_t begin = text.find('[');
    const std::size_t end = text.find(']', begin == std::string_view::npos ? 0 : begin);
    if (begin == std::string_view::npos || end == std::string_view::npos) return links;
    std::string_view entry = text.substr(begin + 1, end - begin - 1);
    text.remove_prefix(end + 1);
    constexpr std::string_view kScheme = "LDAP://";
    const std::size_t semicolon = entry.rfind(';');
    if (entry.size() < kScheme.size() || !equal_ascii_nocase(entry.substr(0, kScheme.size()), kScheme) ||
        semicolon == std::string_view::npos) {
      continue;
    }
    unsigned options = 0;
    std::from_chars(entry.data() + semicolon + 1, entry.data() + entry.size(), options);
    if ((options & kLinkDisabled) != 0) continue;
    const auto policy = directory.find_dn(entry.substr(kScheme.size(), semicolon - kScheme.size()));
    if (!policy) continue;  // the policy was deleted; nothing answers to the link
    links.push_back({directory.node_of(*policy), *policy, by_link, (options & kLinkEnforced) != 0});
  }
}

/// The links of a container, whether the directory or a collection states them.
class Links {
 public:
  Links(const DirectoryModel& directory, const graph::GraphBuilder& builder)
      : directory_(directory), collected_(directory.snapshot().attribute(knowledge::collected::kLinks)) {
    if (collected_ == snapshot::kNoAttribute) return;
    for (NodeId n = 0; n < builder.node_count(); ++n) {
      const ObjectIndex object = builder.nodes().object(n);
      if (builder.nodes().kind(n) == NodeKind::GPO && object != snapshot::kNoObject)
        policies_.emplace(builder.nodes().id(n), object);
    }
  }

  std::vector<Link> of(const Object& container) const {
    std::vector<Link> links = links_of(directory_, container);
    if (collected_ == snapshot::kNoAttribute) return links;
    std::uint32_t item = 0;
    for (const auto value : container.values(collected_)) {
      const std::string_view record = value.text();
      const auto policy = policies_.find(std::string(record.substr(0, record.find('\t'))));
      const Evidence evidence = {.kind = Evidence::Kind::Attribute,
                                 .attribute = collected_,
                                 .object = container.index(),
                                 .item = item++};
      if (policy == policies_.end()) continue;
      links.push_back({directory_.node_of(policy->second), policy->second, evidence,
                       record.ends_with(knowledge::collected::kEnforced)});
    }
    return links;
  }

  /// Whatever states links.
  template <class Take>
  void for_each_container(const Take& take) const {
    const snapshot::AttributeId stored = directory_.attributes().gp_link;
    const snapshot::Snapshot& snapshot = directory_.snapshot();
    snapshot.for_each_with(stored, take);
    snapshot.for_each_with(collected_, [&](const Object& container) {
      if (!container.has(stored)) take(container);
    });
  }

 private:
  const DirectoryModel& directory_;
  snapshot::AttributeId collected_;
  std::unordered_map<std::string, ObjectIndex> policies_;  ///< by identifier
};

/// The links that reach the objects directly in each container, worked out once per container.
class LinksInForce {
 public:
  LinksInForce(const DirectoryModel& directory, const Links& links) : directory_(directory), links_(links) {}

  const std::vector<Link>& of(ObjectIndex container, int budget = 256) {
    const auto [place, added] = known_.try_emplace(container);
    if (!added) return place->second;
    const Object object = directory_.snapshot().object(container);
    std::vector<Link> links = links_.of(object);
    if (!directory_.is_naming_context(container) && object.parent() != snapshot::kNoObject && budget > 0) {
      const bool blocked = object.number(directory_.attributes().gp_options) == kInheritanceBlocked;
      for (const Link& link : of(object.parent(), budget - 1)) {
        if (!blocked || link.enforced) links.push_back(link);
      }
    }
    return known_[container] = std::move(links);
  }

  /// The links on a site that reach a computer in it, whose container is `container`: the site counts as
  /// above the domain.
  std::vector<Link> of_site(ObjectIndex site, ObjectIndex container) const {
    bool blocked = false;
    for (int budget = 256; container != snapshot::kNoObject && budget > 0; --budget) {
      const Object object = directory_.snapshot().object(container);
      blocked = blocked || object.number(directory_.attributes().gp_options) == kInheritanceBlocked;
      container = directory_.is_naming_context(container) ? snapshot::kNoObject : object.parent();
    }
    std::vector<Link> links = links_.of(directory_.snapshot().object(site));
    if (blocked) std::erase_if(links, [](const Link& link) { return !link.enforced; });
    return links;
  }

 private:
  const DirectoryModel& directory_;
  const Links& links_;
  std::unordered_map<ObjectIndex, std::vector<Link>> known_;
};

/// Who is in a few groups, directly or not: asked for every account, of groups that filter policies.
class Holders {
 public:
  Holders(const Tokens& tokens, std::size_t nodes) : tokens_(tokens), nodes_(nodes) {}

  struct Set {
    std::vector<NodeId> few;  ///< ascending
    std::vector<bool> all;    ///< by node, where there are many

    bool contains(NodeId account) const {
      if (!all.empty()) return account < all.size() && all[account];
      return std::binary_search(few.begin(), few.end(), account);
    }
  };

  /// Whose tokens hold the trustee. Stays where it is.
  const Set& of(NodeId trustee) {
    const auto [place, added] = sets_.try_emplace(trustee);
    if (added) place->second = members_of(trustee);
    return place->second;
  }

 private:
  Set members_of(NodeId trustee) const {
    std::vector<NodeId> queue = {trustee};
    std::vector<bool> seen(std::max<std::size_t>(nodes_, trustee + 1), false);
    seen[trustee] = true;
    for (std::size_t next = 0; next < queue.size(); ++next) {
      for (const NodeId member : tokens_.members(queue[next])) {
        if (!seen[member]) queue.push_back(member);
        seen[member] = true;
      }
    }
    constexpr std::size_t kMany = 32;  // one in so many nodes: the list is as large as the bits
    if (queue.size() > seen.size() / kMany) return {{}, std::move(seen)};
    std::sort(queue.begin(), queue.end());
    return {std::move(queue), {}};
  }

  const Tokens& tokens_;
  std::size_t nodes_;
  std::unordered_map<NodeId, Set> sets_;
};

/// Whether a policy takes effect on an account that a link reaches.
class Filters {
 public:
  Filters(DirectoryModel& directory, Tokens& tokens) : directory_(directory), tokens_(tokens) {}

  /// Absent when it does not; else with what is not known about it.
  std::optional<knowledge::Caveats> apply(ObjectIndex policy, NodeId account, NodeKind kind) {
    const Policy& filter = of(policy);
    if (!filter.in_force || (filter.flags & (kind == NodeKind::User ? 1 : 2)) != 0) return std::nullopt;
    if (!filter.dacl) return filter.caveats | Caveat::GpoFiltersUnknown;
    knowledge::Caveats caveats = filter.caveats;
    for (const Request& request : kRead) {
      const Decision decision = access_check(*filter.dacl, *filter.tree, request, tokens_.of(account));
      if (!decision.granted) return std::nullopt;
      if (decision.conditional) caveats |= Caveat::ConditionalAce;
    }
    return caveats;
  }

  /// Looks up whom a policy names, so that nobody is new later on.
  void read(ObjectIndex policy) { of(policy); }

  /// Whose being in an account's token decides about the policy.
  std::vector<NodeId> trustees(ObjectIndex policy) {
    std::vector<NodeId> found;
    const Policy& filter = of(policy);
    if (!filter.in_force || !filter.dacl) return found;
    for (const CompiledAce& ace : filter.dacl->aces) {
      if (ace.trustee != kOwnerRightsTrustee) found.push_back(ace.trustee);
    }
    return found;
  }

 private:
  struct Policy {
    bool in_force = true;
    std::int64_t flags = 0;  ///< [MS-GPOL] 2.2.4: 1 = the user half is off, 2 = the computer half is off
    knowledge::Caveats caveats = {};
    std::optional<CompiledDacl> dacl;  ///< absent when it was not read
    const ObjectTypeTree* tree = nullptr;
  };

  // [MS-GPOL] 3.2.5.1.6: the account must be able to read the policy, and have the right to apply it.
  static constexpr Request kRead[] = {
      {Request::Kind::Property, knowledge::access::kReadProperty, {}},
      {Request::Kind::Extended, knowledge::access::kControlAccess, knowledge::guids::kApplyGroupPolicy}};

  const Policy& of(ObjectIndex policy) {
    const auto [place, added] = policies_.try_emplace(policy);
    if (added) place->second = read_filter(policy);
    return place->second;
  }

  Policy read_filter(ObjectIndex index) {
    const Object object = directory_.snapshot().object(index);
    const AttributeIds& ids = directory_.attributes();
    Policy policy;
    policy.flags = object.number(ids.flags).value_or(0);
    // To whom it applies is stated, by somebody who could read its filter.
    const auto is_stated = directory_.snapshot().attribute(knowledge::collected::kAllEdges);
    if (object.text(is_stated) == "TRUE") {
      policy.in_force = false;
      return policy;
    }
    // Anything but version 2 is ignored by clients, [MS-GPOL] 2.2.4; unread, it is taken to be in force.
    policy.in_force = object.number(ids.gpc_functionality_version).value_or(2) == 2;
    if (object.has(ids.gpc_wql_filter)) policy.caveats = Caveat::GpoFiltersUnknown;
    if (object.descriptor() == snapshot::kNoDescriptor) return policy;
    const auto descriptor =
        directory::SecurityDescriptor::parse(directory_.snapshot().descriptor(object.descriptor()));
    if (!descriptor) return policy;
    policy.tree = &directory_.schema().tree(directory_.class_of(index));
    policy.dacl = compile(
        *descriptor, [&](const directory::Sid& sid) { return directory_.trustee_of(sid, index); },
        std::nullopt);
    return policy;
  }

  DirectoryModel& directory_;
  Tokens& tokens_;
  std::unordered_map<ObjectIndex, Policy> policies_;
};

/// Who can have a policy linked to a container, by which edge.
using Linkers = std::unordered_map<ObjectIndex, std::vector<graph::GraphBuilder::PendingEdge>>;

Linkers find_linkers(const Derivation& derivation) {
  Linkers linkers;
  // Control of the container's own DACL reaches what inherits by Contains; the policy reaches the rest.
  for (const EdgeKind kind : {EdgeKind::GenericWrite, EdgeKind::WriteGPLink, EdgeKind::GenericAll,
                              EdgeKind::Owns, EdgeKind::WriteDacl, EdgeKind::WriteOwner}) {
    for (const auto& pending : derivation.graph.pending(kind)) {
      const NodeKind target = derivation.graph.nodes().kind(pending.edge.target);
      if (target != NodeKind::OU && target != NodeKind::Site) continue;
      linkers[derivation.graph.nodes().object(pending.edge.target)].push_back(pending);
    }
  }
  return linkers;
}

// The site of each domain controller, which its server object stands in. Of other computers, only their
// address tells.
std::unordered_map<NodeId, ObjectIndex> sites_of_servers(const Derivation& derivation) {
  std::unordered_map<NodeId, ObjectIndex> sites;
  const snapshot::Snapshot& snapshot = derivation.directory.snapshot();
  for (const auto& [edge, evidence, part] : derivation.graph.pending(EdgeKind::ServerIs)) {
    const ObjectIndex servers = snapshot.object(evidence.object).parent();
    if (servers == snapshot::kNoObject) continue;
    const ObjectIndex site = snapshot.object(servers).parent();
    if (site == snapshot::kNoObject) continue;
    if (derivation.graph.nodes().kind(derivation.directory.node_of(site)) == NodeKind::Site) {
      sites.emplace(edge.target, site);
    }
  }
  return sites;
}

/// Hands policies to accounts. Accounts in one container for whom the same filters hold are given the same ones.
class GroupPolicy {
 public:
  GroupPolicy(Derivation& derivation, Tokens& tokens)
      : derivation_(derivation),
        directory_(derivation.directory),
        inheriting_(derivation.graph.node_count(), false),
        linkers_(find_linkers(derivation)),
        sites_(sites_of_servers(derivation)),
        links_on_(directory_, derivation.graph),
        in_force_(directory_, links_on_),
        filters_(directory_, tokens),
        holders_(tokens, derivation.graph.node_count()) {
    for (const auto& [edge, evidence, part] : derivation.graph.pending(EdgeKind::Contains)) {
      if (edge.traversable) inheriting_[edge.target] = true;
    }
  }

  void run() {
    const snapshot::Snapshot& snapshot = directory_.snapshot();
    links_on_.for_each_container([&](const Object& container) {
      for (const Link& link : links_on_.of(container)) {
        add_edge(derivation_, link.policy, directory_.node_of(container.index()), EdgeKind::GPLink,
                 link.evidence);
        filters_.read(link.policy_object);
      }
    });
    describe_containers();
    in_ranges(
        snapshot.object_count(),
        [&](Range range) {
          std::vector<Account> accounts;
          for (auto i = static_cast<ObjectIndex>(range.first); i < range.last; ++i) {
            if (const auto account = account_of(i)) accounts.push_back(*account);
          }
          return accounts;
        },
        [&](const std::vector<Account>& accounts) {
          for (const Account& account : accounts) add_account(account);
        });
  }

 private:
  /// Where an account is, and what of it decides who reaches it there.
  struct Key {
    ObjectIndex container;
    NodeKind kind;
    bool is_disabled;
    bool inherits;
    std::uint64_t held;  ///< a bit for each trustee of the container's policies that its token holds
    friend bool operator==(const Key&, const Key&) = default;
    friend std::size_t hash_value(const Key& key) {
      std::size_t seed = 0;
      boost::hash_combine(seed, key.container);
      boost::hash_combine(
          seed, static_cast<unsigned>(key.kind) * 4 + (key.is_disabled ? 2 : 0) + (key.inherits ? 1 : 0));
      boost::hash_combine(seed, key.held);
      return seed;
    }
  };

  struct Account {
    NodeId node;
    Key key;
  };

  /// What is the same for all accounts of a container: who holds each trustee of the policies in force.
  using Container = std::vector<const Holders::Set*>;
  static constexpr std::size_t kMost = 64;  // of trustees, for which a key has bits

  // Where policies reach an account, which somebody logs on as.
  std::optional<ObjectIndex> container_of(ObjectIndex index) const {
    const graph::NodeTable& nodes = derivation_.graph.nodes();
    const NodeId node = directory_.node_of(index);
    const NodeKind kind = nodes.kind(node);
    const bool is_account = kind == NodeKind::User || kind == NodeKind::Computer;
    if (!is_account || !directory_.stands_for_itself(index)) return std::nullopt;
    // krbtgt is a key, not an account that anyone logs on as ([MS-ADTS] 6.1.1.6).
    const graph::NodeTable::Row& row = nodes.rows()[node];
    if (row.rid == knowledge::rids::kKrbtgt &&
        nodes.issuers()[row.issuer].with_rid(row.rid).is_domain_issued())
      return std::nullopt;
    const ObjectIndex container = directory_.snapshot().object(index).parent();
    return container == snapshot::kNoObject ? std::nullopt : std::optional(container);
  }

  void describe_containers() {
    using Found = std::vector<ObjectIndex>;
    const auto look_for = [&](Range range) {
      boost::unordered_flat_set<ObjectIndex> seen;
      Found found;
      for (auto i = static_cast<ObjectIndex>(range.first); i < range.last; ++i) {
        if (const auto container = container_of(i); container && seen.insert(*container).second)
          found.push_back(*container);
      }
      return found;
    };
    for (const Found& found : of_ranges(directory_.snapshot().object_count(), look_for)) {
      for (const ObjectIndex container : found) {
        const auto [place, added] = containers_.try_emplace(container);
        if (added) place->second = describe(container);
      }
    }
  }

  std::optional<Account> account_of(ObjectIndex index) const {
    const auto container = container_of(index);
    if (!container) return std::nullopt;
    const graph::NodeTable& nodes = derivation_.graph.nodes();
    const NodeId node = directory_.node_of(index);
    Account account{node, {*container, nodes.kind(node), nodes.is_disabled(node), inheriting_[node], 0}};
    const Container& trustees = containers_.at(*container);
    for (std::size_t i = 0; i < trustees.size() && i < kMost; ++i) {
      if (trustees[i]->contains(node)) account.key.held |= std::uint64_t{1} << i;
    }
    return account;
  }

  void add_account(const Account& account) {
    const auto& [node, key] = account;
    const auto site = sites_.find(node);
    const bool is_apart =
        site != sites_.end() || containers_.at(key.container).size() > kMost || !derivation_.stated.empty();
    if (is_apart) {
      add_edges(node, key.kind, key.container, graph::kNoBundle);
      if (site == sites_.end()) return;
      add_links(in_force_.of_site(site->second, key.container), node, key.kind, graph::kNoBundle);
      add_linkers(site->second, false, node, graph::kNoBundle);
      return;
    }
    const auto [bundle, is_new] = bundles_.try_emplace(key, graph::kNoBundle);
    if (is_new) {
      bundle->second = derivation_.graph.add_bundle();
      add_edges(node, key.kind, key.container, bundle->second);
    }
    derivation_.graph.put(graph::BundleSort::Policies, bundle->second, node);
  }

  Container describe(ObjectIndex index) {
    std::vector<NodeId> trustees;
    for (const Link& link : in_force_.of(index)) {
      const std::vector<NodeId> more = filters_.trustees(link.policy_object);
      trustees.insert(trustees.end(), more.begin(), more.end());
    }
    std::sort(trustees.begin(), trustees.end());
    trustees.erase(std::unique(trustees.begin(), trustees.end()), trustees.end());
    Container found;
    for (const NodeId trustee : trustees) found.push_back(&holders_.of(trustee));
    return found;
  }

  void add_edges(NodeId node, NodeKind kind, ObjectIndex container, graph::BundleId bundle) {
    add_links(in_force_.of(container), node, kind, bundle);
    // Where every step down to the account inherits, control of the container's list is control of the account's.
    ObjectIndex above = container;
    bool hands_down = inheriting_[node];
    for (int budget = 256; above != snapshot::kNoObject && budget > 0; --budget) {
      add_linkers(above, hands_down, node, bundle);
      hands_down = hands_down && inheriting_[directory_.node_of(above)];
      above = directory_.is_naming_context(above) ? snapshot::kNoObject
                                                  : directory_.snapshot().object(above).parent();
    }
  }

  void add_links(const std::vector<Link>& links, NodeId node, NodeKind kind, graph::BundleId bundle) {
    for (const Link& link : links) {
      if (const auto caveats = filters_.apply(link.policy_object, node, kind)) {
        add(link.policy, node, bundle, EdgeKind::GPOAppliesTo, link.evidence, *caveats, 0);
      }
    }
  }

  void add_linkers(ObjectIndex container, bool hands_down, NodeId node, graph::BundleId bundle) {
    const auto found = linkers_.find(container);
    if (found == linkers_.end()) return;
    for (const auto& [edge, evidence, part] : found->second) {
      const bool by_link_only = edge.kind == EdgeKind::GenericWrite || edge.kind == EdgeKind::WriteGPLink;
      if (!by_link_only && hands_down) continue;
      add(edge.source, node, bundle, EdgeKind::CanApplyGPO, evidence, edge.caveats, edge.condition);
    }
  }

  void add(NodeId source, NodeId node, graph::BundleId bundle, EdgeKind kind, const Evidence& evidence,
           knowledge::Caveats caveats, graph::ConditionId condition) {
    if (derivation_.graph.nodes().is_disabled(node)) caveats |= Caveat::TargetDisabled;
    if (bundle == graph::kNoBundle) {
      add_edge(derivation_, source, node, kind, evidence, caveats, true, condition);
    } else {
      add_shared_edge(derivation_, source, bundle, kind, evidence, caveats, true, condition);
    }
  }

  Derivation& derivation_;
  DirectoryModel& directory_;
  std::vector<bool> inheriting_;  ///< nodes reached by Contains, so that a second edge would say nothing new
  Linkers linkers_;
  std::unordered_map<NodeId, ObjectIndex> sites_;
  Links links_on_;
  LinksInForce in_force_;
  Filters filters_;
  Holders holders_;
  boost::unordered_flat_map<ObjectIndex, Container> containers_;
  boost::unordered_flat_map<Key, graph::BundleId> bundles_;
};

}  // namespace

void add_group_policy(Derivation& derivation, Tokens& tokens) { GroupPolicy(derivation, tokens).run(); }

}  // namespace tierline::derive
