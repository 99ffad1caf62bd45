// AdminTo, CanRDP, CanPSRemote, ExecuteDCOM and CanBackup: what the members of a computer's local groups may do there.

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <unordered_map>

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

/// Members and evidence, by member.
using Holders = std::map<NodeId, Evidence>;

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

struct Host {
  std::map<std::uint32_t, Holders> groups;  ///< members by the RID of the local group
  std::map<EdgeKind, Holders> rights;
};

// In drawn graphs only the end of an identifier says which group it is.
std::uint32_t rid_of(const graph::Node& group) {
  if (group.sid.count() != 0) return group.sid.rid();
  std::uint32_t rid = 0;
  const std::size_t dash = group.id.rfind('-');
  if (dash != std::string::npos)
    std::from_chars(group.id.data() + dash + 1, group.id.data() + group.id.size(), rid);
  return rid;
}

/// Rights of which the collector asked who holds them.
std::set<EdgeKind> rights_read(const snapshot::Snapshot& snapshot, const graph::Node& computer) {
  std::set<EdgeKind> read;
  const snapshot::AttributeId attribute = snapshot.attribute(knowledge::collected::kUserRightsRead);
  if (computer.object == snapshot::kNoObject || attribute == snapshot::kNoAttribute) return read;
  for (const auto value : snapshot.object(computer.object).values(attribute)) {
    if (const EdgeKind* const kind = knowledge::collected_privilege(value.text())) read.insert(*kind);
  }
  return read;
}

std::set<NodeId> nodes_of(const Holders& holders) {
  std::set<NodeId> found;
  for (const auto& [holder, evidence] : holders) found.insert(holder);
  return found;
}

}  // namespace

void add_host_access(Derivation& derivation, Tokens&) {
  std::unordered_map<NodeId, NodeId> host_of;  // by local group
  std::map<NodeId, Host> hosts;
  const auto& pending = derivation.graph.pending();
  for (const auto& [edge, evidence, part] : pending) {
    if (edge.kind == EdgeKind::LocalToComputer) host_of.emplace(edge.source, edge.target);
  }
  for (const auto& [edge, evidence, part] : pending) {
    for (const LocalGroupRule& rule : kRules) {
      if (std::find(rule.rights.begin(), rule.rights.end(), edge.kind) == rule.rights.end()) continue;
      hosts[edge.target].rights[edge.kind].emplace(edge.source, evidence);
    }
    if (edge.kind != EdgeKind::MemberOfLocalGroup) continue;
    const auto host = host_of.find(edge.target);
    if (host == host_of.end()) continue;
    const std::uint32_t rid = rid_of(derivation.graph.node(edge.target));
    hosts[host->second].groups[rid].emplace(edge.source, evidence);
  }
  if (hosts.empty()) return;

  const JointHolders joint(derivation.graph, derivation.rules);
  for (const auto& [computer, host] : hosts) {
    const std::set<EdgeKind> read =
        rights_read(derivation.directory.snapshot(), derivation.graph.node(computer));
    for (const LocalGroupRule& rule : kRules) {
      const auto group = host.groups.find(rule.rid);
      if (group == host.groups.end()) continue;
      const Holders& members = group->second;
      std::vector<std::set<NodeId>> sets = {nodes_of(members)};
      for (const EdgeKind right : rule.rights) {
        const auto holders = host.rights.find(right);
        if (holders != host.rights.end()) {
          sets.push_back(nodes_of(holders->second));
        } else if (read.contains(right)) {
          sets.emplace_back();
        }
      }
      if (sets.size() == 1) {
        for (const auto& [member, evidence] : members)
          add_edge(derivation, member, computer, rule.edge, evidence);
        continue;
      }
      for (const NodeId principal : joint.of(sets)) {
        const auto direct = members.find(principal);
        const Evidence& evidence = direct != members.end() ? direct->second : members.begin()->second;
        add_edge(derivation, principal, computer, rule.edge, evidence);
      }
    }
  }
}

}  // namespace tierline::derive
