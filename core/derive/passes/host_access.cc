// AdminTo, CanRDP, CanPSRemote and ExecuteDCOM: what the members of a computer's local groups may do there.

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

/// Members and evidence, by member.
using Holders = std::map<NodeId, Evidence>;

struct Host {
  std::map<std::uint32_t, Holders> groups;  ///< members by the RID of the local group
  Holders may_log_on_remotely;              ///< SeRemoteInteractiveLogonRight
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

}  // namespace

void add_host_access(Derivation& derivation, Tokens&) {
  std::unordered_map<NodeId, NodeId> host_of;  // by local group
  std::map<NodeId, Host> hosts;
  const auto& pending = derivation.graph.pending();
  for (const auto& [edge, evidence] : pending) {
    if (edge.kind == EdgeKind::LocalToComputer) host_of.emplace(edge.source, edge.target);
  }
  for (const auto& [edge, evidence] : pending) {
    if (edge.kind == EdgeKind::RemoteInteractiveLogonRight) {
      hosts[edge.target].may_log_on_remotely.emplace(edge.source, evidence);
    }
    if (edge.kind != EdgeKind::MemberOfLocalGroup) continue;
    const auto host = host_of.find(edge.target);
    if (host == host_of.end()) continue;
    const std::uint32_t rid = rid_of(derivation.graph.node(edge.target));
    hosts[host->second].groups[rid].emplace(edge.source, evidence);
  }
  if (hosts.empty()) return;

  const JointHolders joint(derivation.graph, derivation.rules);
  const auto attribute = derivation.directory.snapshot().attribute(knowledge::collected::kUserRightsRead);
  for (const auto& entry : hosts) {
    const NodeId computer = entry.first;
    const Host& host = entry.second;
    const auto add_members = [&](std::uint32_t rid, EdgeKind kind) {
      const auto group = host.groups.find(rid);
      if (group == host.groups.end()) return;
      for (const auto& [member, evidence] : group->second) {
        add_edge(derivation, member, computer, kind, evidence);
      }
    };
    add_members(knowledge::rids::kAdministrators, EdgeKind::AdminTo);
    add_members(knowledge::rids::kRemoteManagementUsers, EdgeKind::CanPSRemote);
    add_members(knowledge::rids::kDistributedComUsers, EdgeKind::ExecuteDCOM);

    const auto group = host.groups.find(knowledge::rids::kRemoteDesktopUsers);
    if (group == host.groups.end()) continue;
    const std::uint32_t object = derivation.graph.node(computer).object;
    const bool rights_were_read = !host.may_log_on_remotely.empty() ||
                                  (object != snapshot::kNoObject && attribute != snapshot::kNoAttribute &&
                                   derivation.directory.snapshot().object(object).has(attribute));
    if (!rights_were_read) {
      add_members(knowledge::rids::kRemoteDesktopUsers, EdgeKind::CanRDP);
      continue;
    }
    std::set<NodeId> members;
    std::set<NodeId> holders;
    for (const auto& [member, evidence] : group->second) members.insert(member);
    for (const auto& [holder, evidence] : host.may_log_on_remotely) holders.insert(holder);
    for (const NodeId principal : joint.of({members, holders})) {
      const auto direct = group->second.find(principal);
      add_edge(derivation, principal, computer, EdgeKind::CanRDP,
               direct != group->second.end() ? direct->second : group->second.begin()->second);
    }
  }
}

}  // namespace tierline::derive
