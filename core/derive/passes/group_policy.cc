// Group policy: where policies are linked, whom they reach, and who can link one above somebody.
// [MS-GPOL] 2.2.2 (gPLink), 3.2.5.1 (order, enforcement and blocked inheritance).

#include <charconv>
#include <set>

#include "core/base/text.h"
#include "core/derive/passes/passes.h"

namespace tierline::derive {
namespace {

using graph::Evidence;
using graph::NodeId;
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
  ObjectIndex container;
  bool enforced;
};

// "[LDAP://cn={GUID},cn=policies,...;OPTIONS][...]": the DN and options of each entry that is not disabled.
std::vector<Link> links_of(const DirectoryModel& directory, const Object& container) {
  std::vector<Link> links;
  std::string_view text = container.text(directory.attributes().gp_link);
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
    links.push_back({directory.node_of(*policy), *policy, container.index(), (options & kLinkEnforced) != 0});
  }
}

/// The links that reach the objects directly in each container, worked out once per container.
class LinksInForce {
 public:
  explicit LinksInForce(const DirectoryModel& directory) : directory_(directory) {}

  const std::vector<Link>& of(ObjectIndex container, int budget = 256) {
    const auto [place, added] = known_.try_emplace(container);
    if (!added) return place->second;
    const Object object = directory_.snapshot().object(container);
    std::vector<Link> links = links_of(directory_, object);
    if (!directory_.is_naming_context(container) && object.parent() != snapshot::kNoObject && budget > 0) {
      const bool blocked = object.number(directory_.attributes().gp_options) == kInheritanceBlocked;
      for (const Link& link : of(object.parent(), budget - 1)) {
        if (!blocked || link.enforced) links.push_back(link);
      }
    }
    return known_[container] = std::move(links);
  }

 private:
  const DirectoryModel& directory_;
  std::unordered_map<ObjectIndex, std::vector<Link>> known_;
};

// [MS-GPOL] 2.2.4: flags 1 = the user half is off, 2 = the computer half is off.
bool half_is_off(const DirectoryModel& directory, ObjectIndex policy, NodeKind kind) {
  const std::int64_t flags =
      directory.snapshot().object(policy).number(directory.attributes().flags).value_or(0);
  return (flags & (kind == NodeKind::User ? 1 : 2)) != 0;
}

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
    if (target.kind == NodeKind::OU && (links || controls)) linkers[target.object].push_back(pending);
  }
  return linkers;
}

}  // namespace

void add_group_policy(Derivation& derivation, Tokens&) {
  const DirectoryModel& directory = derivation.directory;
  const snapshot::Snapshot& snapshot = directory.snapshot();
  const AttributeIds& ids = directory.attributes();
  const auto by_link = [&](ObjectIndex container) {
    return Evidence{.kind = Evidence::Kind::Attribute, .attribute = ids.gp_link, .object = container};
  };

  std::set<NodeId> inheriting;  // reached by Contains, so that a second edge would say nothing new
  for (const auto& [edge, evidence] : derivation.graph.pending()) {
    if (edge.kind == EdgeKind::Contains && edge.traversable) inheriting.insert(edge.target);
  }
  const Linkers linkers = find_linkers(derivation);
  LinksInForce in_force(directory);

  for (ObjectIndex i = 0; i < snapshot.object_count(); ++i) {
    const Object object = snapshot.object(i);
    const NodeId node = directory.node_of(i);
    const NodeKind kind = derivation.graph.node(node).kind;
    for (const Link& link : links_of(directory, object)) {
      add_edge(derivation, link.policy, node, EdgeKind::GPLink, by_link(i));
    }
    const bool takes_policy = kind == NodeKind::User || kind == NodeKind::Computer;
    if (!takes_policy || object.parent() == snapshot::kNoObject) continue;
    for (const Link& link : in_force.of(object.parent())) {
      if (half_is_off(directory, link.policy_object, kind)) continue;
      add_edge(derivation, link.policy, node, EdgeKind::GPOAppliesTo, by_link(link.container));
    }
    ObjectIndex above = object.parent();
    for (int budget = 256; above != snapshot::kNoObject && budget > 0; --budget) {
      if (const auto found = linkers.find(above); found != linkers.end()) {
        for (const auto& [edge, evidence] : found->second) {
          const bool by_link_only = edge.kind == EdgeKind::GenericWrite || edge.kind == EdgeKind::WriteGPLink;
          if (!by_link_only && inheriting.contains(node)) continue;
          add_edge(derivation, edge.source, node, EdgeKind::CanApplyGPO, evidence, edge.caveats, true,
                   edge.condition);
        }
      }
      above = directory.is_naming_context(above) ? snapshot::kNoObject : snapshot.object(above).parent();
    }
  }
}

}  // namespace tierline::derive
