#include "core/derive/joint_holders.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>

#include "core/knowledge/well_known.h"

namespace tierline::derive {

using graph::NodeId;
using knowledge::EdgeKind;
using knowledge::NodeKind;

JointHolders::JointHolders(const graph::GraphBuilder& builder, Rules rules)
    : builder_(builder), rules_(rules) {}

const Memberships& JointHolders::memberships() const {
  if (!memberships_)
    memberships_.emplace(
        builder_, std::initializer_list<EdgeKind>{EdgeKind::MemberOf, EdgeKind::MemberOfLocalGroup}, true);
  return *memberships_;
}

const std::set<NodeId>& JointHolders::of_every_logon() const {
  if (of_every_logon_) return *of_every_logon_;
  of_every_logon_.emplace();
  const auto everyone = directory::Sid::parse(knowledge::sids::kEveryone);
  const auto authenticated = directory::Sid::parse(knowledge::sids::kAuthenticatedUsers);
  for (NodeId n = 0; n < builder_.node_count(); ++n) {
    const graph::NodeTable::Row& row = builder_.nodes().rows()[n];
    const directory::Sid& issuer = builder_.nodes().issuers()[row.issuer];
    if (row.issuer == 0 || issuer.is_domain_issued()) continue;
    const directory::Sid sid = issuer.with_rid(row.rid);
    if (sid == everyone || sid == authenticated) of_every_logon_->insert(n);
  }
  return *of_every_logon_;
}

bool JointHolders::is_account(NodeId node) const {
  const NodeKind kind = builder_.nodes().kind(node);
  return kind == NodeKind::User || kind == NodeKind::Computer;
}

bool JointHolders::is_every_logon(const std::set<NodeId>& set) const {
  return std::any_of(of_every_logon().begin(), of_every_logon().end(),
                     [&](NodeId everyone) { return set.contains(everyone); });
}

bool JointHolders::is_in(NodeId principal, const std::set<NodeId>& set) const {
  return is_every_logon(set) || is_member(principal, set);
}

std::vector<NodeId> JointHolders::groups_and(NodeId principal) const {
  std::vector<NodeId> queue = {principal};
  boost::unordered_flat_set<NodeId> seen = {principal};
  for (std::size_t next = 0; next < queue.size(); ++next) {
    for (const NodeId group : memberships().groups_of(queue[next])) {
      if (seen.insert(group).second) queue.push_back(group);
    }
  }
  return queue;
}

bool JointHolders::is_member(NodeId principal, const std::set<NodeId>& set) const {
  const std::vector<NodeId> held = groups_and(principal);
  return std::any_of(held.begin(), held.end(), [&](NodeId one) { return set.contains(one); });
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
    if (of_every_logon().contains(principal)) continue;
    for (const NodeId member : memberships().members_of(principal)) {
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
  std::set<NodeId> found;
  if (of_every_logon().contains(principal)) {
    for (NodeId n = 0; n < builder_.node_count(); ++n) {
      if (is_account(n)) found.insert(found.end(), n);
    }
  } else {
    found = members_and({principal});
  }
  std::erase_if(found, [&](NodeId n) { return !is_account(n) || is_in(n, out); });
  return found;
}

std::set<NodeId> JointHolders::members_and(const std::set<NodeId>& principals) const {
  std::set<NodeId> found = principals;
  std::vector<NodeId> queue(principals.begin(), principals.end());
  for (std::size_t next = 0; next < queue.size(); ++next) {
    for (const NodeId member : memberships().members_of(queue[next])) {
      if (found.insert(member).second) queue.push_back(member);
    }
  }
  return found;
}

}  // namespace tierline::derive
