#include "core/derive/tokens.h"

#include <algorithm>
#include <utility>

#include "core/base/parallel.h"

namespace tierline::derive {

using graph::NodeId;
using knowledge::EdgeKind;

Memberships::Memberships(const graph::GraphBuilder& builder, std::initializer_list<EdgeKind> kinds,
                         bool with_weak) {
  const std::size_t nodes = builder.node_count();
  // Of each edge one end, which has a list, and the other, which is in it.
  const auto list = [&](Lists& lists, const auto& ends_of) {
    lists.first.assign(nodes + 1, 0);
    const auto for_each = [&](const auto& take) {
      for (const EdgeKind kind : kinds) {
        for (const auto& [edge, evidence, part] : builder.pending(kind)) {
          if (with_weak || edge.traversable) take(ends_of(edge));
        }
      }
    };
    for_each([&](const auto& ends) { ++lists.first[ends.first + 1]; });
    for (std::size_t n = 0; n < nodes; ++n) lists.first[n + 1] += lists.first[n];
    lists.ends.resize(lists.first[nodes]);
    std::vector<std::uint32_t> next(lists.first.begin(), lists.first.end() - 1);
    for_each([&](const auto& ends) { lists.ends[next[ends.first]++] = ends.second; });
  };
  in_parallel(2, workers_for(nodes), [&](std::size_t way) {
    if (way == 0) {
      list(groups_, [](const graph::Edge& edge) { return std::pair(edge.source, edge.target); });
    } else {
      list(members_, [](const graph::Edge& edge) { return std::pair(edge.target, edge.source); });
    }
  });
}

Tokens::Tokens(const graph::GraphBuilder& builder)
    : memberships_(std::make_shared<const Memberships>(
          builder,
          std::initializer_list<EdgeKind>{EdgeKind::MemberOf, EdgeKind::HasSIDHistory,
                                          EdgeKind::ClaimSpecialIdentity},
          false)) {}

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
