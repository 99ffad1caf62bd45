// Group policy: where policies are linked, whom they reach, and who can link one above somebody.
// [MS-GPOL] 2.2.2 (gPLink), 3.2.5.1 (order, enforcement, blocked inheritance, security filtering).

#include <charconv>
#include <optional>
#include <set>

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
      const graph::Node& node = builder.node(n);
      if (node.kind == NodeKind::GPO && node.object != snapshot::kNoObject)
        policies_.emplace(node.id, node.object);
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

/// Whether a policy takes effect on an account that a link reaches.
class Filters {
 public:
  Filters(DirectoryModel& directory, Tokens& tokens) : directory_(directory), tokens_(tokens) {}

  /// Absent when it does not; else with what is not known about it.
  std::optional<knowledge::Caveats> apply(ObjectIndex policy, NodeId account, NodeKind kind) {
    const auto [place, added] = policies_.try_emplace(policy);
    if (added) place->second = read(policy);
    const Policy& filter = place->second;
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

  Policy read(ObjectIndex index) {
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
  for (const auto& pending : derivation.graph.pending()) {
    const graph::Node& target = derivation.graph.node(pending.edge.target);
    const bool links =
        pending.edge.kind == EdgeKind::GenericWrite || pending.edge.kind == EdgeKind::WriteGPLink;
    // Control of the container's own DACL reaches what inherits by Contains; the policy reaches the rest.
    const bool controls = pending.edge.kind == EdgeKind::GenericAll || pending.edge.kind == EdgeKind::Owns ||
                          pending.edge.kind == EdgeKind::WriteDacl ||
                          pending.edge.kind == EdgeKind::WriteOwner;
    const bool holds_accounts = target.kind == NodeKind::OU || target.kind == NodeKind::Site;
    if (holds_accounts && (links || controls)) linkers[target.object].push_back(pending);
  }
  return linkers;
}

// The site of each domain controller, which its server object stands in. Of other computers, only their
// address tells.
std::unordered_map<NodeId, ObjectIndex> sites_of_servers(const Derivation& derivation) {
  std::unordered_map<NodeId, ObjectIndex> sites;
  const snapshot::Snapshot& snapshot = derivation.directory.snapshot();
  for (const auto& [edge, evidence, part] : derivation.graph.pending()) {
    if (edge.kind != EdgeKind::ServerIs) continue;
    const ObjectIndex servers = snapshot.object(evidence.object).parent();
    if (servers == snapshot::kNoObject) continue;
    const ObjectIndex site = snapshot.object(servers).parent();
    if (site == snapshot::kNoObject) continue;
    if (derivation.graph.node(derivation.directory.node_of(site)).kind == NodeKind::Site) {
      sites.emplace(edge.target, site);
    }
  }
  return sites;
}

}  // namespace

void add_group_policy(Derivation& derivation, Tokens& tokens) {
  DirectoryModel& directory = derivation.directory;
  const snapshot::Snapshot& snapshot = directory.snapshot();

  std::set<NodeId> inheriting;  // reached by Contains, so that a second edge would say nothing new
  for (const auto& [edge, evidence, part] : derivation.graph.pending()) {
    if (edge.kind == EdgeKind::Contains && edge.traversable) inheriting.insert(edge.target);
  }
  const Linkers linkers = find_linkers(derivation);
  const std::unordered_map<NodeId, ObjectIndex> sites = sites_of_servers(derivation);
  const Links links_on(directory, derivation.graph);
  LinksInForce in_force(directory, links_on);
  Filters filters(directory, tokens);

  for (ObjectIndex i = 0; i < snapshot.object_count(); ++i) {
    const Object object = snapshot.object(i);
    const NodeId node = directory.node_of(i);
    const NodeKind kind = derivation.graph.node(node).kind;
    for (const Link& link : links_on.of(object)) {
      add_edge(derivation, link.policy, node, EdgeKind::GPLink, link.evidence);
    }
    const graph::Node& account = derivation.graph.node(node);
    // krbtgt is a key, not an account that anyone logs on as ([MS-ADTS] 6.1.1.6).
    const bool is_key = account.sid.is_domain_issued() && account.sid.rid() == knowledge::rids::kKrbtgt;
    const bool is_account = kind == NodeKind::User || kind == NodeKind::Computer;
    const bool takes_policy = is_account && !is_key && directory.stands_for_itself(i);
    const knowledge::Caveats of_account =
        account.enabled == false ? knowledge::Caveats(Caveat::TargetDisabled) : knowledge::Caveats();
    if (!takes_policy || object.parent() == snapshot::kNoObject) continue;
    const auto add_links = [&](const std::vector<Link>& links) {
      for (const Link& link : links) {
        if (const auto caveats = filters.apply(link.policy_object, node, kind)) {
          add_edge(derivation, link.policy, node, EdgeKind::GPOAppliesTo, link.evidence,
                   *caveats | of_account);
        }
      }
    };
    // Where every step down to the account inherits, control of the container's list is control of the account's.
    const auto add_linkers = [&](ObjectIndex container, bool hands_down) {
      const auto found = linkers.find(container);
      if (found == linkers.end()) return;
      for (const auto& [edge, evidence, part] : found->second) {
        const bool by_link_only = edge.kind == EdgeKind::GenericWrite || edge.kind == EdgeKind::WriteGPLink;
        if (!by_link_only && hands_down) continue;
        add_edge(derivation, edge.source, node, EdgeKind::CanApplyGPO, evidence, edge.caveats | of_account,
                 true, edge.condition);
      }
    };
    add_links(in_force.of(object.parent()));
    if (const auto site = sites.find(node); site != sites.end()) {
      add_links(in_force.of_site(site->second, object.parent()));
      add_linkers(site->second, false);
    }
    ObjectIndex above = object.parent();
    bool hands_down = inheriting.contains(node);
    for (int budget = 256; above != snapshot::kNoObject && budget > 0; --budget) {
      add_linkers(above, hands_down);
      hands_down = hands_down && inheriting.contains(directory.node_of(above));
      above = directory.is_naming_context(above) ? snapshot::kNoObject : snapshot.object(above).parent();
    }
  }
}

}  // namespace tierline::derive
