#include "core/derive/tokens.h"

#include <algorithm>

namespace tierline::derive {

using graph::NodeId;
using knowledge::EdgeKind;

Memberships::Memberships(const graph::GraphBuilder& builder, std::initializer_list<EdgeKind> kinds,
                         bool with_weak) {
  const std::size_t nodes = builder.node_count();
  groups_.first.assign(nodes + 1, 0);
  members_.first.assign(nodes + 1, 0);
  const auto for_each = [&](const auto& take) {
    for (const EdgeKind kind : kinds) {
      for (const auto& [edge, evidence, part] : builder.pending(kind)) {
        if (with_weak || edge.traversable) take(edge.source, edge.target);
      }
    }
  };
  for_each([&](NodeId member, NodeId group) {
    ++groups_.first[member + 1];
    ++members_.first[group + 1];
  });
  for (std::size_t n = 0; n < nodes; ++n) {
    groups_.first[n + 1] += groups_.first[n];
    members_.first[n + 1] += members_.first[n];
  }
  groups_.ends.resize(groups_.first[nodes]);
  members_.ends.resize(members_.first[nodes]);
  std::vector<std::uint32_t> next_group(groups_.first.begin(), groups_.first.end() - 1);
  std::vector<std::uint32_t> next_member(members_.first.begin(), members_.first.end() - 1);
  for_each([&](NodeId member, NodeId group) {
    groups_.ends[next_group[member]++] = group;
    members_.ends[next_member[group]++] = member;
  });
}

Tokens::Tokens(const graph::GraphBuilder& builder)
    : memberships_(builder, {EdgeKind::MemberOf, EdgeKind::HasSIDHistory, EdgeKind::ClaimSpecialIdentity},
                   false) {}

const std::vector<NodeId>& Tokens::of(NodeId principal) {
  const auto [place, added] = tokens_.try_emplace(principal);
  if (!added) return *place->second;
  std::vector<NodeId> token = {principal};
  ++walk_;
  const auto meet = [&](NodeId node) {
    if (seen_.size() <= node) seen_.resize(node + 1, 0);
    return std::exchange(seen_[node], walk_) != walk_;
  };
  meet(principal);
  for (std::size_t next = 0; next < token.size(); ++next) {
    for (const NodeId group : parents(token[next])) {
      if (meet(group)) token.push_back(group);
    }
  }
  std::sort(token.begin(), token.end());
  place->second = std::make_unique<const std::vector<NodeId>>(std::move(token));
  return *place->second;
}

}  // namespace tierline::derive
