#pragma once

// How many principals each part of a search space cuts off from the targets when it alone is taken away.

#include <cstdint>
#include <functional>
#include <map>
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
  using Parts = std::map<std::uint64_t, std::vector<Place>>;

  /// The parts that cut off the most, at most `limit` (0 = all), equal ones as `before` orders them. `counts_itself` says whether
  /// a principal that stands at a part is cut off with it.
  std::vector<Cut> rank(const Parts& parts, std::size_t limit, bool counts_itself,
                        const std::function<bool(std::uint64_t, std::uint64_t)>& before) const;

  /// Whether every way to the arc's head takes the arc.
  bool is_bridge(graph::Arc arc) const { return bridges_[space_.digraph().head[arc]] == arc; }

  /// The facts of a space that was made with them.
  static Parts facts_of(const SearchSpace& space);

  /// What dominates what, from the targets out; and how many principals are behind each vertex.
  const graph::DominatorTree& tree() const { return tree_; }
  const std::vector<std::uint64_t>& sums() const { return sum_; }

 private:
  std::uint64_t cut_off(const Place& place, bool counts_itself) const;
  std::uint64_t bound(const std::vector<Place>& places) const;
  void settle_bounds(std::vector<Cut>& found, const Parts& parts, bool counts_itself,
                     std::size_t limit) const;
  std::vector<std::size_t> behind(const std::vector<Place>& places, bool counts_itself) const;
  std::vector<bool> reached_without(const std::vector<Place>& places) const;

  const SearchSpace& space_;
  graph::ArcsInto arcs_into_;
  graph::DominatorTree tree_;
  std::vector<std::uint32_t> weight_;
  std::vector<std::uint64_t> sum_;
  std::vector<graph::Arc> bridges_;  ///< by head
  std::vector<std::pair<std::uint32_t, std::size_t>>
      walk_;  ///< principals as a walk through the tree meets them
};

}  // namespace tierline::queries
