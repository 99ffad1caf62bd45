#include "core/derive/tokens.h"

#include <algorithm>

namespace tierline::derive {
namespace {

using graph::NodeId;

const std::vector<NodeId> kNone;

const std::vector<NodeId>& find_or_none(const std::unordered_map<NodeId, std::vector<NodeId>>& lists,
                                        NodeId key) {
  const auto found = lists.find(key);
  return found == lists.end() ? kNone : found->second;
}

}  // namespace

Tokens::Tokens(const graph::GraphBuilder& builder) {
  for (const auto& [edge, evidence, part] : builder.pending()) {
    if (!knowledge::puts_in_token(edge.kind) || !edge.traversable) continue;
    parents_[edge.source].push_back(edge.target);
    members_[edge.target].push_back(edge.source);
  }
}

const std::vector<NodeId>& Tokens::parents(NodeId principal) const {
  return find_or_none(parents_, principal);
}

const std::vector<NodeId>& Tokens::members(NodeId group) const { return find_or_none(members_, group); }

const std::vector<NodeId>& Tokens::of(NodeId principal) {
  const auto [place, added] = tokens_.try_emplace(principal);
  if (!added) return place->second;
  std::vector<NodeId> token = {principal};
  std::unordered_map<NodeId, bool> seen = {{principal, true}};
  for (std::size_t next = 0; next < token.size(); ++next) {
    for (const NodeId group : parents(token[next])) {
      if (seen.emplace(group, true).second) token.push_back(group);
    }
  }
  std::sort(token.begin(), token.end());
  place->second = std::move(token);
  return place->second;
}

}  // namespace tierline::derive
