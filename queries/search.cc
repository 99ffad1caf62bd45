#include "queries/search.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <queue>

#include "core/knowledge/edge_costs.h"
#include "core/knowledge/well_known.h"

namespace tierline::queries {

using graph::AttackGraph;
using graph::ConditionId;
using graph::Edge;
using graph::EdgeId;
using graph::NodeId;

bool Exclusions::excludes(ConditionId condition, NodeId actor) {
  if (condition == 0) return false;
  std::vector<bool>& members = members_[condition];
  if (members.empty()) {
    members.assign(graph_.node_count(), false);
    const std::span<const NodeId> groups = excluded(condition);
    std::vector<NodeId> queue(groups.begin(), groups.end());
    for (const NodeId group : queue) members[group] = true;
    for (std::size_t next = 0; next < queue.size(); ++next) {
      for (const EdgeId e : graph_.in_edges(queue[next])) {
        const Edge& edge = graph_.edge(e);
        const bool is_choice = edge.kind == knowledge::EdgeKind::ClaimSpecialIdentity &&
                               !knowledge::is_of_every_logon(graph_.node(edge.target).sid);
        const bool is_sure = edge.traversable && knowledge::puts_in_token(edge.kind) && !is_choice;
        if (!is_sure || members[edge.source]) continue;
        members[edge.source] = true;
        queue.push_back(edge.source);
      }
    }
  }
  return members[actor];
}

std::span<const NodeId> Exclusions::excluded(ConditionId condition) const {
  const std::size_t own = graph_.condition_count();
  return condition < own ? graph_.excluded(condition) : std::span<const NodeId>(joined_[condition - own]);
}

// The same list always has the same number, or a search in a circle would never come to an end.
ConditionId Exclusions::join(ConditionId a, ConditionId b) {
  if (a == b || b == 0) return a;
  if (a == 0) return b;
  std::vector<NodeId> both;
  std::ranges::set_union(excluded(a), excluded(b), std::back_inserter(both));
  if (both.size() == excluded(a).size()) return a;
  if (both.size() == excluded(b).size()) return b;
  const auto next = static_cast<ConditionId>(graph_.condition_count() + joined_.size());
  const auto [place, added] = by_list_.try_emplace(std::move(both), next);
  if (added) joined_.push_back(place->first);
  return place->second;
}

DistanceField::DistanceField(const AttackGraph& graph, const std::vector<NodeId>& targets, SearchRules rules)
    : graph_(graph),
      rules_(rules),
      exclusions_(graph),
      is_target_(graph.node_count(), false),
      best_(graph.node_count(), kUnreachable),
      best_condition_(graph.node_count(), 0),
      free_(graph.node_count()) {
  // Buckets by distance (R. Dial, "Algorithm 360", 1969): what costs nothing joins the one that is being emptied.
  std::vector<std::vector<State>> buckets(1);
  for (const NodeId target : targets) {
    is_target_[target] = true;
    if (enter({target, 0}, {.hops = 0})) buckets[0].push_back({target, 0});
  }
  for (std::uint32_t distance = 0; distance < buckets.size(); ++distance) {
    for (std::size_t next = 0; next < buckets[distance].size(); ++next) {
      const State state = buckets[distance][next];
      if (find(state)->hops != distance) continue;  // a cheaper way was found since
      if (best_[state.node] == kUnreachable) {
        best_[state.node] = distance;
        best_condition_[state.node] = state.condition;
      }
      for (const EdgeId e : graph.in_edges(state.node)) {
        if (!may_pass(e)) continue;
        const Edge& edge = graph.edge(e);
        const ConditionId condition =
            keeps_actor(edge.kind) ? exclusions_.join(state.condition, edge.condition) : edge.condition;
        if (exclusions_.excludes(condition, edge.source)) continue;
        const State before{edge.source, condition};
        const std::uint32_t length = distance + weight_of(e);
        if (!enter(before, {length, e, state.condition})) continue;
        if (buckets.size() <= length) buckets.resize(length + 1);
        buckets[length].push_back(before);
      }
    }
    buckets[distance] = {};
  }
}

std::uint32_t DistanceField::weight_of(EdgeId edge) const {
  return rules_.by_cost ? knowledge::cost_of(graph_.edge(edge).kind) : 1;
}

std::uint32_t DistanceField::length_of(const Path& path) const {
  std::uint32_t length = 0;
  for (const EdgeId e : path) length += weight_of(e);
  return length;
}

const DistanceField::Step* DistanceField::find(const State& state) const {
  if (state.condition == 0) return &free_[state.node];
  const auto found = pending_.find(key(state));
  return found == pending_.end() ? nullptr : &found->second;
}

bool DistanceField::enter(const State& state, const Step& step) {
  // A state without a condition can do all that one with a condition can, so it makes the latter needless.
  if (free_[state.node].hops <= step.hops) return false;
  if (state.condition == 0) {
    free_[state.node] = step;
    return true;
  }
  const auto [place, added] = pending_.try_emplace(key(state), step);
  if (!added && place->second.hops <= step.hops) return false;
  place->second = step;
  return true;
}

Path DistanceField::path(NodeId from) const {
  Path path;
  State state{from, best_condition_[from]};
  for (const Step* step = find(state); step->edge != graph::kNoEdge; step = find(state)) {
    path.push_back(step->edge);
    state = {graph_.edge(step->edge).target, step->next_condition};
  }
  return path;
}

std::vector<Path> DistanceField::paths(NodeId from, std::size_t count, bool* complete) const {
  constexpr std::size_t kEffort = 200'000;  // partial paths looked at for one source
  if (complete != nullptr) *complete = true;
  std::vector<Path> found;
  if (count == 0 || best_[from] == kUnreachable) return found;
  found.push_back(path(from));
  if (count == 1 || found.front().empty()) return found;

  /// A partial path, linked to the one that it prolongs.
  struct Partial {
    std::shared_ptr<const Partial> before;
    EdgeId edge;
    NodeId node;
    NodeId actor;
    std::uint32_t length;
    std::uint32_t estimate;  ///< length + distance that remains at least: never more than the truth
    std::uint64_t order;     ///< makes ties deterministic
  };
  using Pointer = std::shared_ptr<const Partial>;
  const auto worse = [](const Pointer& a, const Pointer& b) {
    return a->estimate != b->estimate ? a->estimate > b->estimate : a->order > b->order;
  };
  std::priority_queue<Pointer, std::vector<Pointer>, decltype(worse)> queue(worse);
  std::uint64_t order = 0;
  queue.push(
      std::make_shared<Partial>(Partial{nullptr, graph::kNoEdge, from, from, 0, best_[from], order++}));

  const auto nodes_of = [&](const Path& path) {
    std::vector<NodeId> nodes;
    for (const EdgeId e : path) nodes.push_back(graph_.edge(e).target);
    return nodes;
  };
  const std::vector<NodeId> first_nodes = nodes_of(found.front());
  std::size_t effort = 0;
  while (!queue.empty() && found.size() < count) {
    if (++effort > kEffort) {
      if (complete != nullptr) *complete = false;
      break;
    }
    const Pointer partial = queue.top();
    queue.pop();
    if (is_target_[partial->node]) {
      Path path;
      for (const Partial* p = partial.get(); p->before; p = p->before.get()) path.push_back(p->edge);
      std::reverse(path.begin(), path.end());
      if (nodes_of(path) != first_nodes) found.push_back(std::move(path));
      continue;
    }
    std::vector<NodeId> entered;
    for (EdgeId e = graph_.first_out_edge(partial->node); e < graph_.first_out_edge(partial->node + 1); ++e) {
      const Edge& edge = graph_.edge(e);
      if (!may_pass(e) || best_[edge.target] == kUnreachable) continue;
      // The actor's token holds the actor and every group that was entered since, be it by adding oneself.
      bool is_excluded = false;
      for (const Partial* p = partial.get(); !is_excluded; p = p->before.get()) {
        is_excluded = exclusions_.excludes(edge.condition, p->node);
        if (p->node == partial->actor) break;
      }
      if (is_excluded) continue;
      if (std::find(entered.begin(), entered.end(), edge.target) != entered.end()) continue;
      bool visited = edge.target == from;
      for (const Partial* p = partial.get(); p->before && !visited; p = p->before.get()) {
        visited = p->node == edge.target;
      }
      if (visited) continue;
      entered.push_back(edge.target);
      const NodeId actor = keeps_actor(edge.kind) ? partial->actor : edge.target;
      queue.push(
          std::make_shared<Partial>(Partial{partial, e, edge.target, actor, partial->length + weight_of(e),
                                            partial->length + weight_of(e) + best_[edge.target], order++}));
    }
  }
  return found;
}

}  // namespace tierline::queries
