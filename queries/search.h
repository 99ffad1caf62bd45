#pragma once

// Shortest attack paths: one search backwards from the targets gives every principal's distance at once.

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
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

  /// What is left of a condition at a node: 0 where nobody whom it excludes can come to act, be it by adding oneself.
  graph::ConditionId at(graph::ConditionId condition, graph::NodeId node);

  /// The same of an actor at a node; absent for one whom the condition excludes.
  std::optional<graph::ConditionId> left(graph::ConditionId condition, graph::NodeId actor);

  /// The condition that excludes whom either of the two does.
  graph::ConditionId join(graph::ConditionId a, graph::ConditionId b);

 private:
  /// Some nodes: in order while they are few, by node when they are many.
  struct Set {
    std::vector<graph::NodeId> few;
    std::vector<bool> many;
    bool contains(graph::NodeId node) const;
  };
  struct Reach {
    Set members;  ///< the excluded groups and everyone in them
    Set places;   ///< where these can act
  };
  std::span<const graph::NodeId> excluded(graph::ConditionId condition) const;
  const Reach& reach_of(graph::ConditionId condition);
  bool meet(graph::VertexId vertex);
  std::vector<graph::NodeId> members_of(graph::ConditionId condition);
  void add_places(std::vector<graph::NodeId>& members);
  Set set_of(std::vector<graph::NodeId>&& nodes) const;

  const graph::AttackGraph& graph_;
  std::map<std::vector<graph::NodeId>, graph::ConditionId> by_list_;  ///< what join() has made
  std::vector<std::vector<graph::NodeId>> joined_;                    ///< numbered on from the graph's own
  std::vector<std::unique_ptr<const Reach>> reach_;  ///< by condition; none before it was asked for
  std::vector<std::uint64_t> met_;                   ///< a bit by vertex: whether this walk has met it
};

using knowledge::keeps_actor;

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
  std::uint32_t hops(graph::NodeId node) const {
    const std::uint32_t free = free_[node];
    if (bound_best_.empty()) return free;
    const auto bound = bound_best_.find(node);
    return bound == bound_best_.end() ? free : bound->second.hops;
  }
  bool is_target(graph::NodeId node) const { return is_target_[node]; }
  std::uint32_t length_of(const Path& path) const;

  /// One shortest path; empty for a target. REQUIRES: hops(from) != kUnreachable.
  Path path(graph::NodeId from) const;

  /// Up to `count` paths that differ in their nodes, shortest first. None visits a node twice but for the first one,
  /// which may come back to a group as another of its members. The search
  /// for further ones gives up after a bounded effort, which `complete`, if given, tells.
  std::vector<Path> paths(graph::NodeId from, std::size_t count, bool* complete = nullptr) const;

 private:
  /// A vertex, and the condition that whoever acts there must meet. Without one the state is free: who is there can do
  /// all that others can.
  struct State {
    graph::VertexId vertex = graph::kNoNode;
    graph::ConditionId condition = 0;
  };
  struct Step {
    std::uint32_t hops = kUnreachable;
    graph::ArcId arc = graph::kNoArcId;     ///< towards the target
    graph::VertexId next = graph::kNoNode;  ///< where that leads: a bundle, or the one node of it that counts
    graph::ConditionId next_condition = 0;
  };
  /// A better way than the free one, or the only one.
  struct Bound {
    std::uint32_t hops;
    graph::ConditionId condition;
  };
  static std::uint64_t key(const State& state) {
    return (static_cast<std::uint64_t>(state.condition) << 32) | state.vertex;
  }

  // Hops with nothing forbidden, level by level.
  void search_by_hops(const std::vector<graph::NodeId>& targets);
  class Levels;
  // Anything else, in order of length.
  void search_by_length(const std::vector<graph::NodeId>& targets);
  template <class IsOpen, class Enter>
  void for_each_before(const State& state, const IsOpen& is_open, const Enter& enter);

  bool may_pass(graph::EdgeId edge) const { return rules_.allowed == nullptr || (*rules_.allowed)[edge]; }
  std::uint32_t weight_of(graph::ArcId arc) const;
  bool is_dominated(const State& state, std::uint32_t hops) const;
  bool enter_bound(const State& state, const Step& step);
  Step step_from(const State& state) const;

  const graph::AttackGraph& graph_;
  SearchRules rules_;
  mutable Exclusions exclusions_;
  std::vector<bool> is_target_;
  std::vector<std::uint32_t> free_;     ///< by vertex, of its free state
  std::vector<graph::NodeId> nearest_;  ///< by bundle, one of its nodes from which it has its distance
  /// Ways of free states that the distances do not show: of all of them, or of those that lead to a bound one.
  std::vector<Step> steps_;
  struct OddStep {
    graph::VertexId vertex;
    Step step;
  };
  mutable std::vector<OddStep> odd_steps_;  ///< as they were found; by vertex once a way was asked for
  mutable bool are_odd_sorted_ = false;
  boost::unordered_flat_map<std::uint64_t, Step> bound_;  ///< states with a condition
  boost::unordered_flat_map<graph::VertexId, std::vector<graph::ConditionId>>
      bound_at_;  ///< the same by vertex
  boost::unordered_flat_map<graph::NodeId, Bound> bound_best_;
  /// A bundle of which nodes were passed with a condition.
  struct BoundBundle {
    graph::NodeId first;  ///< of them; kNoNode after others
    bool keeps_actor;     ///< whether some edge into it does
  };
  boost::unordered_flat_map<graph::VertexId, BoundBundle> bound_bundles_;
};

}  // namespace tierline::queries
