#include "queries/exposure_counts.h"

#include <algorithm>
#include <array>
#include <bit>
#include <boost/unordered/unordered_flat_map.hpp>
#include <utility>

#include "core/graph/components.h"
#include "queries/search.h"

namespace tierline::queries {
namespace {

using graph::ArcId;
using graph::AttackGraph;
using graph::ConditionId;
using graph::NodeId;
using graph::Vertex;

/// The ways through the attack graph as a plain graph: its vertices, bundles included; then the states of a search in which
/// whoever acts must meet a condition (as in DistanceField); then principals that may begin in several states.
class States {
 public:
  explicit States(const AttackGraph& graph) : graph_(graph), exclusions_(graph) {
    for (const ArcId arc : graph.bound_arcs()) add_way(arc, 0, graph.head(arc));
    for (std::size_t i = 0; i < bound_.size(); ++i) expand(bound_[i], vertex(i));
    for (std::size_t i = 0; i < bound_.size(); ++i) {
      const auto next = static_cast<Vertex>(graph.vertex_count() + bound_.size() + entrances_.size());
      const auto [entrance, is_new] = entrances_.try_emplace(bound_[i].node, next);
      if (is_new) ways_.emplace_back(entrance->second, bound_[i].node);
      ways_.emplace_back(entrance->second, vertex(i));
    }
    std::sort(ways_.begin(), ways_.end());
    assemble();
  }

  const graph::Digraph& digraph() const { return digraph_; }
  /// Where a principal begins.
  Vertex entrance(NodeId node) const {
    const auto found = entrances_.find(node);
    return found == entrances_.end() ? node : found->second;
  }

 private:
  struct Bound {
    NodeId node;
    ConditionId condition;
  };

  Vertex vertex(std::size_t bound) const { return static_cast<Vertex>(graph_.vertex_count() + bound); }

  // From the source of an arc, under what condition remains there, to `head`, under `condition`. False for an arc that leads nowhere.
  bool add_way(ArcId arc, ConditionId condition, Vertex head) {
    const AttackGraph::Trait& trait = graph_.trait(arc);
    if (!trait.traversable) return false;
    const NodeId tail = graph_.tail(arc);
    const ConditionId joined =
        keeps_actor(trait.kind) ? exclusions_.join(condition, trait.condition) : trait.condition;
    if (!exclusions_.excludes(joined, tail))
      ways_.emplace_back(enter(tail, exclusions_.at(joined, tail)), head);
    return true;
  }

  Vertex enter(NodeId node, ConditionId condition) {
    if (condition == 0) return node;
    const std::uint64_t key = std::uint64_t{condition} << 32 | node;
    const auto [place, is_new] = numbers_.try_emplace(key, static_cast<std::uint32_t>(bound_.size()));
    if (is_new) bound_.push_back({node, condition});
    return vertex(place->second);
  }

  void expand(Bound state, Vertex head) {
    const auto arcs = graph_.in_arcs(state.node);
    const auto tails = graph_.in_tails(state.node);
    for (std::size_t i = 0; i < arcs.size(); ++i) {
      if (graph_.is_edge(arcs[i])) {
        if (!add_way(arcs[i], state.condition, head)) break;
        continue;
      }
      // No edge leads from a node to itself.
      for (const ArcId into : graph_.in_arcs(tails[i])) {
        if (graph_.tail(into) != state.node && !add_way(into, state.condition, head)) break;
      }
    }
  }

  void assemble() {
    const std::size_t count = graph_.vertex_count() + bound_.size() + entrances_.size();
    digraph_.head.reserve(graph_.arc_count() + ways_.size());
    digraph_.first.reserve(count + 1);
    auto way = ways_.begin();
    for (Vertex v = 0; v < count; ++v) {
      if (v < graph_.vertex_count()) {
        const auto heads = graph_.free_heads(v);
        digraph_.head.insert(digraph_.head.end(), heads.begin(), heads.end());
      }
      for (; way != ways_.end() && way->first == v; ++way) digraph_.head.push_back(way->second);
      digraph_.first.push_back(static_cast<graph::Arc>(digraph_.head.size()));
    }
    ways_ = {};
  }

  const AttackGraph& graph_;
  Exclusions exclusions_;
  std::vector<Bound> bound_;
  boost::unordered_flat_map<std::uint64_t, std::uint32_t> numbers_;
  boost::unordered_flat_map<NodeId, Vertex> entrances_;
  std::vector<std::pair<Vertex, Vertex>> ways_;  ///< beside the free arcs
  graph::Digraph digraph_;
};

class Sweep {
 public:
  Sweep(const AttackGraph& graph, const std::vector<std::uint8_t>& class_of) {
    const States states(graph);
    components_ = graph::strong_components(states.digraph());
    link(states.digraph());
    for (NodeId n = 0; n < graph.node_count(); ++n) {
      if (class_of[n] != kNoClass) members_.push_back({components_.of[states.entrance(n)], class_of[n], 1});
    }
    // Of one component and class, one entry.
    std::sort(members_.begin(), members_.end());
    std::size_t kept = 0;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      const bool is_same = kept != 0 && members_[kept - 1].component == members_[i].component &&
                           members_[kept - 1].of_class == members_[i].of_class;
      if (is_same) ++members_[kept - 1].count;
      if (!is_same) members_[kept++] = members_[i];
    }
    members_.resize(kept);
  }

  /// Counts the sets from `first` on, up to as many as there are bits in so many words.
  template <std::size_t kWords>
  std::size_t run(const std::vector<std::vector<NodeId>>& sets, std::size_t first,
                  std::vector<std::vector<std::uint64_t>>& counts) const {
    const std::size_t last = std::min(sets.size(), first + kWords * 64);
    std::vector<std::array<std::uint64_t, kWords>> reached(components_.count);
    for (std::size_t s = first; s < last; ++s) {
      for (const NodeId target : sets[s])
        reached[components_.of[target]][(s - first) / 64] |= std::uint64_t{1} << ((s - first) % 64);
    }
    // Arcs lead to lower numbers, so what they lead to is complete by then.
    for (std::uint32_t from = 0; from < components_.count; ++from) {
      for (std::uint32_t i = first_[from]; i < first_[from + 1]; ++i) {
        for (std::size_t w = 0; w < kWords; ++w) reached[from][w] |= reached[to_[i]][w];
      }
    }
    for (const Members& members : members_) {
      for (std::size_t w = 0; w < kWords; ++w) {
        for (std::uint64_t rest = reached[members.component][w]; rest != 0; rest &= rest - 1) {
          const std::size_t s = first + w * 64 + static_cast<std::size_t>(std::countr_zero(rest));
          counts[s][members.of_class] += members.count;
        }
      }
    }
    return last;
  }

 private:
  struct Members {
    std::uint32_t component;
    std::uint32_t of_class;
    std::uint32_t count;
    friend auto operator<=>(const Members&, const Members&) = default;
  };

  // The arcs between components, by the one they come from.
  void link(const graph::Digraph& part) {
    std::vector<std::uint32_t> order(components_.of.size());
    first_.assign(components_.count + 1, 0);
    for (const std::uint32_t component : components_.of) ++first_[component + 1];
    for (std::size_t c = 0; c < components_.count; ++c) first_[c + 1] += first_[c];
    std::vector<std::uint32_t> next(first_.begin(), first_.end() - 1);
    for (Vertex v = 0; v < components_.of.size(); ++v) order[next[components_.of[v]]++] = v;
    std::vector<std::uint32_t> seen(components_.count, graph::kNoVertex);
    std::size_t at = 0;
    for (std::uint32_t from = 0; from < components_.count; ++from) {
      const std::size_t last = first_[from + 1];
      first_[from] = static_cast<std::uint32_t>(to_.size());
      for (; at < last; ++at) {
        for (const Vertex head : part.successors(order[at])) {
          const std::uint32_t to = components_.of[head];
          if (to != from && std::exchange(seen[to], from) != from) to_.push_back(to);
        }
      }
    }
    first_[components_.count] = static_cast<std::uint32_t>(to_.size());
  }

  graph::Components components_;
  std::vector<std::uint32_t> first_;  ///< by component, of what arcs lead to from it
  std::vector<std::uint32_t> to_;
  std::vector<Members> members_;
};

}  // namespace

std::vector<std::vector<std::uint64_t>> exposure_counts(const AttackGraph& graph,
                                                        const std::vector<std::uint8_t>& class_of,
                                                        std::size_t classes,
                                                        const std::vector<std::vector<NodeId>>& target_sets) {
  std::vector<std::vector<std::uint64_t>> counts(target_sets.size(), std::vector<std::uint64_t>(classes, 0));
  const Sweep sweep(graph, class_of);
  for (std::size_t next = 0; next < target_sets.size();) {
    const bool are_few = target_sets.size() - next <= 64;
    next = are_few ? sweep.run<1>(target_sets, next, counts) : sweep.run<8>(target_sets, next, counts);
  }
  return counts;
}

}  // namespace tierline::queries
