#pragma once

// Shortest attack paths: one search backwards from the targets gives every principal's distance at once.

#include <cstdint>
#include <map>
#include <span>
#include <unordered_map>
#include <vector>

#include "core/graph/attack_graph.h"

namespace tierline::queries {

inline constexpr std::uint32_t kUnreachable = 0xFFFFFFFF;

/// A way through the graph: edges[i] ends where edges[i + 1] begins.
using Path = std::vector<graph::EdgeId>;

/// Whose token surely holds at least one of a condition's excluded groups. Identities that come with the way of
/// logging on are not among what is sure. Worked out when first asked for.
class Exclusions {
 public:
  explicit Exclusions(const graph::AttackGraph& graph) : graph_(graph) {}

  bool excludes(graph::ConditionId condition, graph::NodeId actor);

  /// The condition that excludes whom either of the two does.
  graph::ConditionId join(graph::ConditionId a, graph::ConditionId b);

 private:
  std::span<const graph::NodeId> excluded(graph::ConditionId condition) const;

  const graph::AttackGraph& graph_;
  std::map<std::vector<graph::NodeId>, graph::ConditionId> by_list_;  ///< what join() has made
  std::vector<std::vector<graph::NodeId>> joined_;                    ///< numbered on from the graph's own
  std::unordered_map<graph::ConditionId, std::vector<bool>> members_;
};

/// Edges after which the actor is still the same: those of the token, and adding oneself to a group.
inline bool keeps_actor(knowledge::EdgeKind kind) {
  return knowledge::puts_in_token(kind) || kind == knowledge::EdgeKind::AddSelf;
}

/// How a search counts, and what it may pass.
struct SearchRules {
  bool by_cost = false;  ///< what knowledge::cost_of() says of each edge; otherwise every edge is a hop
  const std::vector<bool>* allowed = nullptr;  ///< by edge; all when there is none. Must outlive the search.
};

/// Distances over traversable edges from every node to the nearest of the targets, in hops or by cost.
///
/// An edge with a condition is passed only by actors that it does not exclude. The actor is whoever enters
/// the chain of memberships that ends at the edge's source, so the search carries the condition backwards
/// along that chain and drops everyone whom it excludes.
class DistanceField {
 public:
  DistanceField(const graph::AttackGraph& graph, const std::vector<graph::NodeId>& targets,
                SearchRules rules = {});

  /// In hops, or by cost; 0 does not mean that the node is a target, as some edges cost nothing.
  std::uint32_t hops(graph::NodeId node) const { return best_[node]; }
  bool is_target(graph::NodeId node) const { return is_target_[node]; }
  std::uint32_t length_of(const Path& path) const;

  /// One shortest path; empty for a target. REQUIRES: hops(from) != kUnreachable.
  Path path(graph::NodeId from) const;

  /// Up to `count` paths that differ in their nodes, shortest first. None visits a node twice but for the first one,
  /// which may come back to a group as another of its members. The search
  /// for further ones gives up after a bounded effort, which `complete`, if given, tells.
  std::vector<Path> paths(graph::NodeId from, std::size_t count, bool* complete = nullptr) const;

 private:
  struct State {
    graph::NodeId node = graph::kNoNode;
    graph::ConditionId condition = 0;
  };
  struct Step {
    std::uint32_t hops = kUnreachable;
    graph::EdgeId edge = graph::kNoEdge;    ///< towards the target
    graph::ConditionId next_condition = 0;  ///< of the state that `edge` leads to
  };
  static std::uint64_t key(const State& state) {
    return (static_cast<std::uint64_t>(state.condition) << 32) | state.node;
  }

  bool may_pass(graph::EdgeId edge) const {
    return graph_.edge(edge).traversable && (rules_.allowed == nullptr || (*rules_.allowed)[edge]);
  }
  std::uint32_t weight_of(graph::EdgeId edge) const;
  const Step* find(const State& state) const;
  bool enter(const State& state, const Step& step);

  const graph::AttackGraph& graph_;
  SearchRules rules_;
  mutable Exclusions exclusions_;
  std::vector<bool> is_target_;
  std::vector<std::uint32_t> best_;
  std::vector<graph::ConditionId> best_condition_;
  std::vector<Step> free_;                           ///< states without a pending condition, by node
  std::unordered_map<std::uint64_t, Step> pending_;  ///< states with one
};

}  // namespace tierline::queries
