#include "core/derive/joint_holders.h"

#include <algorithm>

#include "core/knowledge/well_known.h"

namespace tierline::derive {

using graph::NodeId;
using knowledge::EdgeKind;
using knowledge::NodeKind;

JointHolders::JointHolders(const graph::GraphBuilder& builder, Rules rules) : rules_(rules) {
  const auto everyone = directory::Sid::parse(knowledge::sids::kEveryone);
  const auto authenticated = directory::Sid::parse(knowledge::sids::kAuthenticatedUsers);
  for (NodeId n = 0; n < builder.node_count(); ++n) {
    const directory::Sid& sid = builder.node(n).sid;
    if (sid == everyone || sid == authenticated) of_every_logon_.insert(n);
    const NodeKind kind = builder.node(n).kind;
    if (kind == NodeKind::User || kind == NodeKind::Computer) accounts_.insert(n);
  }
  for (const auto& [edge, evidence, part] : builder.pending()) {
    if (edge.kind != EdgeKind::MemberOf && edge.kind != EdgeKind::MemberOfLocalGroup) continue;
    groups_of_[edge.source].push_back(edge.target);
    members_of_[edge.target].push_back(edge.source);
  }
}

bool JointHolders::is_in(NodeId principal, const std::set<NodeId>& set) const {
  return std::any_of(of_every_logon_.begin(), of_every_logon_.end(),
                     [&](NodeId everyone) { return set.contains(everyone); }) ||
         is_member(principal, set);
}

bool JointHolders::is_member(NodeId principal, const std::set<NodeId>& set) const {
  std::vector<NodeId> queue = {principal};
  std::set<NodeId> seen = {principal};
  for (std::size_t next = 0; next < queue.size(); ++next) {
    if (set.contains(queue[next])) return true;
    const auto groups = groups_of_.find(queue[next]);
    if (groups == groups_of_.end()) continue;
    for (const NodeId group : groups->second) {
      if (seen.insert(group).second) queue.push_back(group);
    }
  }
  return false;
}

std::set<NodeId> JointHolders::of(const std::vector<std::set<NodeId>>& sets) const {
  std::set<NodeId> found;
  std::set<NodeId> seen;
  std::vector<NodeId> queue;
  for (const std::set<NodeId>& set : sets) {
    for (const NodeId named : set) {
      if (seen.insert(named).second) queue.push_back(named);
    }
  }
  for (std::size_t next = 0; next < queue.size(); ++next) {
    const NodeId principal = queue[next];
    const bool in_all =
        std::all_of(sets.begin(), sets.end(), [&](const auto& set) { return is_in(principal, set); });
    if (in_all) {
      found.insert(principal);
      continue;
    }
    const auto members = members_of_.find(principal);
    if (members == members_of_.end() || of_every_logon_.contains(principal)) continue;
    for (const NodeId member : members->second) {
      if (seen.insert(member).second) queue.push_back(member);
    }
  }
  if (rules_ != Rules::Ours) return found;
  std::set<NodeId> topmost = found;
  for (const NodeId principal : found) {
    topmost.erase(principal);
    if (!is_member(principal, topmost)) topmost.insert(principal);
  }
  return topmost;
}

std::set<NodeId> JointHolders::accounts_of(NodeId principal, const std::vector<NodeId>& excluded) const {
  const std::set<NodeId> out(excluded.begin(), excluded.end());
  std::set<NodeId> found = of_every_logon_.contains(principal) ? accounts_ : members_and({principal});
  std::erase_if(found, [&](NodeId n) { return !accounts_.contains(n) || is_in(n, out); });
  return found;
}

std::set<NodeId> JointHolders::members_and(const std::set<NodeId>& principals) const {
  std::set<NodeId> found = principals;
  std::vector<NodeId> queue(principals.begin(), principals.end());
  for (std::size_t next = 0; next < queue.size(); ++next) {
    const auto members = members_of_.find(queue[next]);
    if (members == members_of_.end()) continue;
    for (const NodeId member : members->second) {
      if (found.insert(member).second) queue.push_back(member);
    }
  }
  return found;
}

}  // namespace tierline::derive
