#pragma once

// A plain directed graph in compressed rows: what algorithms run on when they need no more than who leads where.

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace tierline::graph {

using Vertex = std::uint32_t;
using Arc = std::uint32_t;  ///< arcs are in order of their tails

inline constexpr Vertex kNoVertex = 0xFFFFFFFF;
inline constexpr Arc kNoArc = 0xFFFFFFFF;

struct Digraph {
  std::vector<Arc> first = {0};  ///< of the arcs that leave a vertex, and one entry more
  std::vector<Vertex> head;      ///< by arc

  std::size_t vertex_count() const { return first.size() - 1; }
  std::size_t arc_count() const { return head.size(); }
  /// By a search.
  Vertex tail(Arc arc) const {
    return static_cast<Vertex>(std::upper_bound(first.begin(), first.end(), arc) - first.begin() - 1);
  }
  std::span<const Vertex> successors(Vertex v) const {
    return std::span(head).subspan(first[v], first[v + 1] - first[v]);
  }
};

/// The arcs of a graph by their heads.
class ArcsInto {
 public:
  explicit ArcsInto(const Digraph& graph);

  struct Into {
    Vertex tail;
    Arc arc;
  };
  /// In order of their numbers.
  std::span<const Into> operator[](Vertex v) const {
    return std::span(into_).subspan(first_[v], first_[v + 1] - first_[v]);
  }

 private:
  std::vector<Arc> first_;
  std::vector<Into> into_;
};

}  // namespace tierline::graph
