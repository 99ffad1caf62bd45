// AdminTo, CanRDP, CanPSRemote, ExecuteDCOM and CanBackup: what the members of a computer's local groups may do there.

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <charconv>
#include <set>
#include <span>
#include <tuple>
#include <vector>

#include "core/derive/joint_holders.h"
#include "core/derive/passes/passes.h"
#include "core/knowledge/collected_relations.h"
#include "core/knowledge/well_known.h"

namespace tierline::derive {
namespace {

using graph::Evidence;
using graph::NodeId;
using knowledge::EdgeKind;

namespace rids = knowledge::rids;

/// Somebody with a right on a host, or in one of its local groups.
struct Holder {
  NodeId host;
  std::uint32_t what;  ///< the RID of the group, or the EdgeKind
  NodeId principal;
  Evidence evidence;

  auto key() const { return std::tuple(host, what, principal); }
};
using Holders = std::span<const Holder>;

// Of several pieces of evidence for one thing, the first that was found.
void tidy(std::vector<Holder>& holders) {
  std::stable_sort(holders.begin(), holders.end(),
                   [](const Holder& a, const Holder& b) { return a.key() < b.key(); });
  holders.erase(std::unique(holders.begin(), holders.end(),
                            [](const Holder& a, const Holder& b) { return a.key() == b.key(); }),
                holders.end());
}

Holders find(Holders holders, NodeId host, std::uint32_t what) {
  const auto before = [](const Holder& holder, const auto& wanted) {
    return std::tuple(holder.host, holder.what) < wanted;
  };
  const auto first = std::lower_bound(holders.begin(), holders.end(), std::tuple(host, what), before);
  const auto last = std::lower_bound(first, holders.end(), std::tuple(host, what + 1), before);
  return Holders(first, last);
}

/// What membership in a local group is good for.
struct LocalGroupRule {
  std::uint32_t rid;
  EdgeKind edge;
  /// Rights on the computer that it takes as well, where they were read.
  std::vector<EdgeKind> rights = {};
};

const LocalGroupRule kRules[] = {
    {rids::kAdministrators, EdgeKind::AdminTo},
    {rids::kRemoteManagementUsers, EdgeKind::CanPSRemote},
    {rids::kDistributedComUsers, EdgeKind::ExecuteDCOM},
    {rids::kRemoteDesktopUsers, EdgeKind::CanRDP, {EdgeKind::RemoteInteractiveLogonRight}},
    {rids::kBackupOperators, EdgeKind::CanBackup, {EdgeKind::BackupPrivilege, EdgeKind::RestorePrivilege}},
};

// In drawn graphs only the end of an identifier says which group it is.
std::uint32_t rid_of(const graph::NodeTable& nodes, NodeId group) {
  if (nodes.rows()[group].issuer != 0) return nodes.rows()[group].rid;
  const std::string_view id = nodes.id(group);
  std::uint32_t rid = 0;
  const std::size_t dash = id.rfind('-');
  if (dash != std::string_view::npos) std::from_chars(id.data() + dash + 1, id.data() + id.size(), rid);
  return rid;
}

/// Rights of which the collector asked who holds them.
std::set<EdgeKind> rights_read(const snapshot::Snapshot& snapshot, snapshot::AttributeId attribute,
                               std::uint32_t computer) {
  std::set<EdgeKind> read;
  if (computer == snapshot::kNoObject || attribute == snapshot::kNoAttribute) return read;
  for (const auto value : snapshot.object(computer).values(attribute)) {
    if (const EdgeKind* const kind = knowledge::collected_privilege(value.text())) read.insert(*kind);
  }
  return read;
}

std::set<NodeId> nodes_of(const Holders& holders) {
  std::set<NodeId> found;
  for (const Holder& holder : holders) found.insert(holder.principal);
  return found;
}

}  // namespace

void add_host_access(Derivation& derivation, Tokens&) {
  const graph::GraphBuilder& builder = derivation.graph;
  boost::unordered_flat_map<NodeId, NodeId> host_of;  // by local group
  for (const auto& [edge, evidence, part] : builder.pending(EdgeKind::LocalToComputer)) {
    host_of.emplace(edge.source, edge.target);
  }
  std::vector<Holder> members;
  for (const auto& [edge, evidence, part] : builder.pending(EdgeKind::MemberOfLocalGroup)) {
    const auto host = host_of.find(edge.target);
    if (host == host_of.end()) continue;
    members.push_back({host->second, rid_of(builder.nodes(), edge.target), edge.source, evidence});
  }
  std::vector<Holder> rights;
  for (const LocalGroupRule& rule : kRules) {
    for (const EdgeKind kind : rule.rights) {
      for (const auto& [edge, evidence, part] : builder.pending(kind)) {
        rights.push_back({edge.target, static_cast<std::uint32_t>(kind), edge.source, evidence});
      }
    }
  }
  tidy(members);
  tidy(rights);

  const JointHolders joint(builder, derivation.rules);
  const snapshot::Snapshot& snapshot = derivation.directory.snapshot();
  const snapshot::AttributeId asked = snapshot.attribute(knowledge::collected::kUserRightsRead);
  for (auto at = members.begin(); at != members.end();) {
    const NodeId computer = at->host;
    const auto first = at;
    while (at != members.end() && at->host == computer) ++at;
    const Holders in_groups(first, at);
    const std::set<EdgeKind> read = rights_read(snapshot, asked, builder.nodes().object(computer));
    for (const LocalGroupRule& rule : kRules) {
      const Holders in_group = find(in_groups, computer, rule.rid);
      if (in_group.empty()) continue;
      std::vector<std::set<NodeId>> sets;
      for (const EdgeKind right : rule.rights) {
        const Holders holders = find(rights, computer, static_cast<std::uint32_t>(right));
        if (!holders.empty() || read.contains(right)) sets.push_back(nodes_of(holders));
      }
      if (sets.empty()) {
        for (const Holder& member : in_group)
          add_edge(derivation, member.principal, computer, rule.edge, member.evidence);
        continue;
      }
      sets.push_back(nodes_of(in_group));
      for (const NodeId principal : joint.of(sets)) {
        const auto direct = std::find_if(in_group.begin(), in_group.end(),
                                         [&](const Holder& member) { return member.principal == principal; });
        const Evidence& evidence = direct != in_group.end() ? direct->evidence : in_group.front().evidence;
        add_edge(derivation, principal, computer, rule.edge, evidence);
      }
    }
  }
}

}  // namespace tierline::derive
