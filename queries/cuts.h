#pragma once

// How many principals each part of a search space cuts off from the targets when it alone is taken away.

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "core/graph/dominators.h"
#include "queries/search_space.h"

namespace tierline::queries {

struct Cut {
  std::uint64_t id = 0;       ///< of the part
  std::uint64_t cut_off = 0;  ///< principals that reach the targets with it and not without it
  std::uint64_t more = 0;     ///< of these, how many no part listed before it cuts off
};

/// A part is a node, an edge or a fact. Where conditions are, or where edges take several facts, it may stand in the space
/// more than once: what is behind one stand is what it dominates; of several, what cannot be reached without them all.
class Cuts {
 public:
  explicit Cuts(const SearchSpace& space);

  /// One stand of a part: a vertex or an arc.
  struct Place {
    graph::Vertex vertex = graph::kNoVertex;
    graph::Arc arc = graph::kNoArc;
  };
  struct Part {
    std::uint64_t id = 0;
    Place place;
  };
  using Parts = std::vector<Part>;  ///< in any order

  /// The parts that cut off the most, at most `limit` (0 = all), equal ones as `before` orders them. `counts_itself` says whether
  /// a principal that stands at a part is cut off with it.
  std::vector<Cut> rank(Parts parts, std::size_t limit, bool counts_itself,
                        const std::function<bool(std::uint64_t, std::uint64_t)>& before) const;

  /// The nodes, edges and facts that might cut somebody off. Edges: of a space without facts.
  Parts nodes() const;
  Parts edges(const graph::AttackGraph& graph) const;
  Parts facts() const;

  /// What dominates what, from the targets out; and how many principals are behind each vertex.
  const graph::DominatorTree& tree() const { return tree_; }
  const std::vector<std::uint64_t>& sums() const { return sum_; }

 private:
  /// A part and its places, which are parts_[first, last).
  struct Ranked {
    std::uint64_t id;
    std::uint64_t cut_off;
    std::size_t first;
    std::size_t last;
  };
  using Places = std::span<const Part>;

  /// Some shortest way to each vertex, as a tree. What has its way past none of a part's places is not cut off by it.
  struct ShortestWays {
    std::vector<graph::Arc> last;  ///< by vertex, the arc that its way takes last
    std::vector<graph::Vertex>
        order;  ///< a walk through the tree; what is behind a vertex comes right after it
    std::vector<std::uint32_t> enter;  ///< by vertex, its place in the walk
    std::vector<std::uint32_t> leave;  ///< and that of the first one after it that is not behind it
    std::vector<std::uint32_t> count;  ///< by place in the walk, how many principals come before
  };
  using Range = std::pair<std::uint32_t, std::uint32_t>;  ///< of a walk

  graph::Vertex top(const Place& place) const;
  std::uint64_t bound(Places places, bool counts_itself) const;
  void find_shortest_ways() const;
  void number(ShortestWays& ways, const std::vector<graph::Vertex>& by_level) const;
  std::vector<Range> behind(const ShortestWays& ways, Places places) const;
  std::vector<graph::Vertex> cut_off(Places places) const;
  std::uint64_t count_cut_off(Places places, bool counts_itself) const;
  std::uint64_t take_uncovered(Places places, bool counts_itself, std::vector<std::uint32_t>& next) const;
  void settle_bounds(std::vector<Ranked>& found, const Parts& parts, bool counts_itself,
                     std::size_t limit) const;
  void add_edge_into(graph::Vertex v, const graph::AttackGraph& graph, Parts& parts) const;

  const SearchSpace& space_;
  graph::ArcsInto arcs_into_;
  graph::DominatorTree tree_;
  std::vector<std::uint32_t> weight_;
  std::vector<std::uint64_t> sum_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>>
      walk_;  ///< principals as a walk through the tree meets them
  // For parts in several places, when the first such part comes:
  mutable std::array<ShortestWays, 2> shortest_ways_;  ///< the first ones and the last
  mutable std::vector<bool> is_lost_;                  ///< by vertex; while one part is looked at
};

}  // namespace tierline::queries
