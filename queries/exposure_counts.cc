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
using graph::VertexId;

/// What reaches any of the targets, as a plain graph turned around: from what is reached to what reaches it. Its vertices are
/// the states of a search (as in DistanceField), of bundles too, and what the nodes of a bundle have in common where whoever
/// acts must meet a condition.
class States {
 public:
  States(const AttackGraph& graph, const std::vector<std::vector<NodeId>>& target_sets)
      : graph_(graph), exclusions_(graph), free_(graph.vertex_count(), graph::kNoVertex) {
    for (const std::vector<NodeId>& targets : target_sets) {
      for (const NodeId target : targets) enter(target, 0);
    }
    // Vertices are numbered as they are found, so the arcs that leave them come in order.
    for (Vertex v = 0; v < states_.size(); ++v) {
      const State state = states_[v];
      if (state.condition == 0) {
        expand_free(state.vertex);
      } else if (state.condition == kInCommon) {
        expand_in_common(state.vertex);
      } else {
        expand_bound(state.vertex, state.condition);
      }
      digraph_.first.push_back(static_cast<graph::Arc>(digraph_.head.size()));
    }
  }

  const graph::Digraph& digraph() const { return digraph_; }
  /// Where whoever acts may be; kNoVertex when no target is reached from there.
  Vertex free(NodeId node) const { return free_[node]; }
  /// Where only some may, by node.
  const boost::unordered_flat_map<NodeId, std::vector<Vertex>>& bound() const { return bound_; }

 private:
  /// Not a condition: what leads to the nodes of a bundle and makes another actor is the same for all of them, whatever the
  /// condition.
  static constexpr ConditionId kInCommon = 0xFFFFFFFF;

  struct State {
    VertexId vertex;
    ConditionId condition;
  };
  /// A bundle, for its nodes under a condition.
  struct Bundle {
    Vertex in_common = graph::kNoVertex;  ///< kNoVertex when nothing is
    std::vector<ArcId> of_each;           ///< the arcs that keep the actor
  };

  Vertex add(State state) {
    states_.push_back(state);
    return static_cast<Vertex>(states_.size() - 1);
  }

  Vertex enter(VertexId vertex, ConditionId condition) {
    if (condition == 0) {
      if (free_[vertex] == graph::kNoVertex) free_[vertex] = add({vertex, 0});
      return free_[vertex];
    }
    const std::uint64_t key = std::uint64_t{condition} << 32 | vertex;
    const auto [place, is_new] = numbers_.try_emplace(key, graph::kNoVertex);
    if (is_new) {
      place->second = add({vertex, condition});
      bound_[vertex].push_back(place->second);
    }
    return place->second;
  }

  void expand_free(VertexId vertex) {
    for (const VertexId tail : graph_.free_tails(vertex)) digraph_.head.push_back(enter(tail, 0));
    for (const ArcId arc : graph_.in_arcs(vertex).subspan(graph_.free_in_count(vertex))) {
      if (!add_way(arc, 0)) break;
    }
  }

  void expand_bound(NodeId node, ConditionId condition) {
    const auto arcs = graph_.in_arcs(node);
    const auto tails = graph_.in_tails(node);
    for (std::size_t i = 0; i < arcs.size(); ++i) {
      if (!graph_.is_edge(arcs[i])) {
        expand_bundle(tails[i], condition);
      } else if (!add_way(arcs[i], condition)) {
        break;
      }
    }
  }

  // No node of a bundle is the source of an edge into it, so none leads from a node to itself.
  void expand_bundle(VertexId vertex, ConditionId condition) {
    const Bundle& bundle = bundle_at(vertex);
    if (bundle.in_common != graph::kNoVertex) digraph_.head.push_back(bundle.in_common);
    for (const ArcId arc : bundle.of_each) add_way(arc, condition);
  }

  const Bundle& bundle_at(VertexId vertex) {
    const auto [place, is_new] = bundles_.try_emplace(vertex);
    Bundle& bundle = place->second;
    if (!is_new) return bundle;
    for (const ArcId arc : graph_.in_arcs(vertex)) {
      if (!graph_.trait(arc).traversable) break;
      if (keeps_actor(graph_.trait(arc).kind)) {
        bundle.of_each.push_back(arc);
      } else if (bundle.in_common == graph::kNoVertex) {
        bundle.in_common = add({vertex, kInCommon});
      }
    }
    return bundle;
  }

  void expand_in_common(VertexId bundle) {
    for (const ArcId arc : graph_.in_arcs(bundle)) {
      if (!keeps_actor(graph_.trait(arc).kind) && !add_way(arc, 0)) break;
    }
  }

  // To the source of an arc, under what condition remains there, from where it leads, under `condition`. False for an arc that
  // leads nowhere; such ones stand last.
  bool add_way(ArcId arc, ConditionId condition) {
    const AttackGraph::Trait& trait = graph_.trait(arc);
    if (!trait.traversable) return false;
    const NodeId tail = graph_.tail(arc);
    const ConditionId joined =
        keeps_actor(trait.kind) ? exclusions_.join(condition, trait.condition) : trait.condition;
    if (!exclusions_.excludes(joined, tail))
      digraph_.head.push_back(enter(tail, exclusions_.at(joined, tail)));
    return true;
  }

  const AttackGraph& graph_;
  Exclusions exclusions_;
  std::vector<State> states_;
  std::vector<Vertex> free_;  ///< by vertex of the attack graph
  boost::unordered_flat_map<std::uint64_t, Vertex> numbers_;
  boost::unordered_flat_map<NodeId, std::vector<Vertex>> bound_;
  boost::unordered_flat_map<VertexId, Bundle> bundles_;
  graph::Digraph digraph_;
};

class Sweep {
 public:
  Sweep(const AttackGraph& graph, const std::vector<std::uint8_t>& class_of,
        const std::vector<std::vector<NodeId>>& target_sets)
      : graph_(graph),
        class_of_(class_of),
        target_sets_(target_sets),
        states_(graph, target_sets),
        components_(graph::strong_components(states_.digraph())),
        order_(components_.of.size()) {
    std::vector<std::uint32_t> next(components_.count + 1, 0);
    for (const std::uint32_t component : components_.of) ++next[component + 1];
    for (std::size_t c = 0; c < components_.count; ++c) next[c + 1] += next[c];
    for (Vertex v = 0; v < order_.size(); ++v) order_[next[components_.of[v]]++] = v;
  }

  /// Counts the sets from `first` on, up to as many as there are bits in so many words.
  template <std::size_t kWords>
  std::size_t run(std::size_t first, std::vector<std::vector<std::uint64_t>>& counts) const {
    using Row = std::array<std::uint64_t, kWords>;
    const auto join = [](Row& row, const Row& other) {
      for (std::size_t w = 0; w < kWords; ++w) row[w] |= other[w];
    };
    const std::size_t last = std::min(target_sets_.size(), first + kWords * 64);
    std::vector<Row> reached(components_.count);
    for (std::size_t s = first; s < last; ++s) {
      for (const NodeId target : target_sets_[s])
        reached[components_.of[states_.free(target)]][(s - first) / 64] |= std::uint64_t{1}
                                                                           << ((s - first) % 64);
    }
    // Arcs lead to lower numbers, so what leads to a component is complete by then.
    for (std::size_t i = order_.size(); i-- > 0;) {
      const Row row = reached[components_.of[order_[i]]];
      for (const Vertex head : states_.digraph().successors(order_[i]))
        join(reached[components_.of[head]], row);
    }
    // Most principals reach the same.
    std::vector<boost::unordered_flat_map<Row, std::uint64_t>> alike(counts.front().size());
    for (NodeId node = 0; node < graph_.node_count(); ++node) {
      if (class_of_[node] == kNoClass) continue;
      Row row = {};
      if (states_.free(node) != graph::kNoVertex) row = reached[components_.of[states_.free(node)]];
      if (const auto bound = states_.bound().find(node); bound != states_.bound().end()) {
        for (const Vertex v : bound->second) join(row, reached[components_.of[v]]);
      }
      if (row != Row{}) ++alike[class_of_[node]][row];
    }
    for (std::size_t of_class = 0; of_class < alike.size(); ++of_class) {
      for (const auto& [row, count] : alike[of_class]) {
        for (std::size_t s = first; s < last; ++s) {
          if ((row[(s - first) / 64] >> ((s - first) % 64) & 1) != 0) counts[s][of_class] += count;
        }
      }
    }
    return last;
  }

 private:
  const AttackGraph& graph_;
  const std::vector<std::uint8_t>& class_of_;
  const std::vector<std::vector<NodeId>>& target_sets_;
  States states_;
  graph::Components components_;
  std::vector<Vertex> order_;  ///< the vertices, by component
};

}  // namespace

std::vector<std::vector<std::uint64_t>> exposure_counts(const AttackGraph& graph,
                                                        const std::vector<std::uint8_t>& class_of,
                                                        std::size_t classes,
                                                        const std::vector<std::vector<NodeId>>& target_sets) {
  std::vector<std::vector<std::uint64_t>> counts(target_sets.size(), std::vector<std::uint64_t>(classes, 0));
  const Sweep sweep(graph, class_of, target_sets);
  for (std::size_t next = 0; next < target_sets.size();) {
    const std::size_t left = target_sets.size() - next;
    next = left <= 64    ? sweep.run<1>(next, counts)
           : left <= 128 ? sweep.run<2>(next, counts)
                         : sweep.run<8>(next, counts);
  }
  return counts;
}

}  // namespace tierline::queries
