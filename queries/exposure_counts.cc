#include "queries/exposure_counts.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "core/graph/components.h"
#include "queries/search.h"

namespace tierline::queries {
namespace {

using graph::ArcId;
using graph::AttackGraph;
using graph::NodeId;
using graph::VertexId;

constexpr std::size_t kWords = 8;
constexpr std::size_t kAtOnce = kWords * 64;
using Bits = std::array<std::uint64_t, kWords>;

// Vertices of the attack graph, bundles included; arcs that lead somewhere.
graph::Digraph traversable_part(const AttackGraph& graph) {
  graph::Digraph part;
  part.head.reserve(graph.arc_count());
  part.first.reserve(graph.vertex_count() + 1);
  for (VertexId v = 0; v < graph.vertex_count(); ++v) {
    for (ArcId arc = graph.first_out_arc(v); arc < graph.first_out_arc(v + 1); ++arc) {
      if (arc < graph.free_out_end(v) || graph.trait(arc).traversable) part.head.push_back(graph.head(arc));
    }
    part.first.push_back(static_cast<graph::Arc>(part.head.size()));
  }
  return part;
}

class Sweep {
 public:
  Sweep(const AttackGraph& graph, const std::vector<std::uint8_t>& class_of, std::size_t classes)
      : graph_(graph), class_of_(class_of) {
    const graph::Digraph part = traversable_part(graph);
    components_ = graph::strong_components(part);
    link(part);
    for (const ArcId arc : graph.bound_arcs()) conditional_.push_back(components_.of[graph.head(arc)]);
    members_.assign(components_.count, std::vector<std::uint32_t>());
    for (NodeId n = 0; n < graph.node_count(); ++n) {
      if (class_of[n] == kNoClass) continue;
      std::vector<std::uint32_t>& members = members_[components_.of[n]];
      members.resize(classes, 0);
      ++members[class_of[n]];
    }
  }

  /// Counts up to kAtOnce sets from `first` on.
  void run(const std::vector<std::vector<NodeId>>& sets, std::size_t first,
           std::vector<std::vector<std::uint64_t>>& counts) {
    const std::size_t last = std::min(sets.size(), first + kAtOnce);
    std::vector<Bits> reached(components_.count, Bits{});
    for (std::size_t s = first; s < last; ++s) {
      for (const NodeId target : sets[s]) set(reached[components_.of[target]], s - first);
    }
    // Arcs lead to lower numbers, so what they lead to is complete by then.
    for (std::uint32_t from = 0; from < components_.count; ++from) {
      for (std::uint32_t i = first_[from]; i < first_[from + 1]; ++i) {
        for (std::size_t w = 0; w < kWords; ++w) reached[from][w] |= reached[to_[i]][w];
      }
    }
    Bits by_actor{};
    for (const std::uint32_t component : conditional_) {
      for (std::size_t w = 0; w < kWords; ++w) by_actor[w] |= reached[component][w];
    }
    for (std::uint32_t c = 0; c < components_.count; ++c) {
      if (!members_[c].empty()) add(members_[c], reached[c], first, counts);
    }
    for (std::size_t s = first; s < last; ++s) {
      if ((by_actor[(s - first) / 64] >> ((s - first) % 64) & 1) != 0) search(sets[s], counts[s]);
    }
  }

 private:
  // The arcs between components, by the one they come from.
  void link(const graph::Digraph& part) {
    std::vector<std::uint32_t> order(components_.of.size());
    first_.assign(components_.count + 1, 0);
    for (const std::uint32_t component : components_.of) ++first_[component + 1];
    for (std::size_t c = 0; c < components_.count; ++c) first_[c + 1] += first_[c];
    std::vector<std::uint32_t> next(first_.begin(), first_.end() - 1);
    for (VertexId v = 0; v < components_.of.size(); ++v) order[next[components_.of[v]]++] = v;
    std::vector<std::uint32_t> seen(components_.count, graph::kNoVertex);
    std::size_t at = 0;
    for (std::uint32_t from = 0; from < components_.count; ++from) {
      const std::size_t last = first_[from + 1];
      first_[from] = static_cast<std::uint32_t>(to_.size());
      for (; at < last; ++at) {
        for (const VertexId head : part.successors(order[at])) {
          const std::uint32_t to = components_.of[head];
          if (to != from && std::exchange(seen[to], from) != from) to_.push_back(to);
        }
      }
    }
    first_[components_.count] = static_cast<std::uint32_t>(to_.size());
  }

  static void set(Bits& bits, std::size_t place) { bits[place / 64] |= std::uint64_t{1} << (place % 64); }

  static void add(const std::vector<std::uint32_t>& members, const Bits& bits, std::size_t first,
                  std::vector<std::vector<std::uint64_t>>& counts) {
    for (std::size_t w = 0; w < kWords; ++w) {
      for (std::uint64_t rest = bits[w]; rest != 0; rest &= rest - 1) {
        std::vector<std::uint64_t>& of_set =
            counts[first + w * 64 + static_cast<std::size_t>(std::countr_zero(rest))];
        for (std::size_t k = 0; k < members.size(); ++k) of_set[k] += members[k];
      }
    }
  }

  void search(const std::vector<NodeId>& targets, std::vector<std::uint64_t>& counts) const {
    std::fill(counts.begin(), counts.end(), 0);
    const DistanceField field(graph_, targets);
    for (NodeId n = 0; n < graph_.node_count(); ++n) {
      if (class_of_[n] != kNoClass && field.hops(n) != kUnreachable) ++counts[class_of_[n]];
    }
  }

  const AttackGraph& graph_;
  const std::vector<std::uint8_t>& class_of_;
  graph::Components components_;
  std::vector<std::uint32_t> first_;  ///< by component, of what arcs lead to from it
  std::vector<std::uint32_t> to_;
  std::vector<std::uint32_t> conditional_;           ///< components that conditional edges lead to
  std::vector<std::vector<std::uint32_t>> members_;  ///< by component, how many of each class
};

}  // namespace

std::vector<std::vector<std::uint64_t>> exposure_counts(const AttackGraph& graph,
                                                        const std::vector<std::uint8_t>& class_of,
                                                        std::size_t classes,
                                                        const std::vector<std::vector<NodeId>>& target_sets) {
  std::vector<std::vector<std::uint64_t>> counts(target_sets.size(), std::vector<std::uint64_t>(classes, 0));
  Sweep sweep(graph, class_of, classes);
  for (std::size_t first = 0; first < target_sets.size(); first += kAtOnce)
    sweep.run(target_sets, first, counts);
  return counts;
}

}  // namespace tierline::queries
