#pragma once

// An attack graph with a way back for every arc, as Boost's maximum flows want it. Nothing is stored: the arc number a is
// 2 * a forwards and 2 * a + 1 backwards.

#include <boost/graph/graph_traits.hpp>
#include <boost/iterator/counting_iterator.hpp>
#include <boost/iterator/iterator_facade.hpp>
#include <cstdint>
#include <utility>

#include "core/graph/attack_graph.h"

namespace tierline::tests {

struct ResidualGraph {
  const graph::AttackGraph& graph;
};

struct ResidualArc {
  graph::VertexId tail = graph::kNoNode;
  graph::VertexId head = graph::kNoNode;
  std::uint64_t number = 0;
  ResidualArc back() const { return {head, tail, number ^ 1}; }
  friend bool operator==(const ResidualArc& a, const ResidualArc& b) { return a.number == b.number; }
};

/// Walks the arcs that leave a vertex, then those that enter it, backwards.
class ResidualArcIterator : public boost::iterator_facade<ResidualArcIterator, ResidualArc,
                                                          boost::random_access_traversal_tag, ResidualArc> {
 public:
  ResidualArcIterator() = default;
  ResidualArcIterator(const graph::AttackGraph* graph, graph::VertexId vertex, std::size_t place)
      : graph_(graph), vertex_(vertex), place_(place) {}

 private:
  friend class boost::iterator_core_access;
  ResidualArc dereference() const {
    const graph::ArcId first = graph_->first_out_arc(vertex_);
    const std::size_t out = graph_->first_out_arc(vertex_ + 1) - first;
    if (place_ < out) {
      const auto arc = static_cast<graph::ArcId>(first + place_);
      return {vertex_, graph_->head(arc), std::uint64_t{arc} * 2};
    }
    const std::size_t in = place_ - out;
    return {vertex_, graph_->in_tails(vertex_)[in], std::uint64_t{graph_->in_arcs(vertex_)[in]} * 2 + 1};
  }
  bool equal(const ResidualArcIterator& other) const { return place_ == other.place_; }
  void increment() { ++place_; }
  void decrement() { --place_; }
  void advance(std::ptrdiff_t by) { place_ += static_cast<std::size_t>(by); }
  std::ptrdiff_t distance_to(const ResidualArcIterator& other) const {
    return static_cast<std::ptrdiff_t>(other.place_) - static_cast<std::ptrdiff_t>(place_);
  }
  const graph::AttackGraph* graph_ = nullptr;
  graph::VertexId vertex_ = 0;
  std::size_t place_ = 0;
};

struct ResidualGraphCategory : boost::incidence_graph_tag, boost::vertex_list_graph_tag {};

inline std::size_t num_vertices(const ResidualGraph& of) { return of.graph.vertex_count(); }
inline auto vertices(const ResidualGraph& of) {
  using Iterator = boost::counting_iterator<graph::VertexId>;
  return std::pair(Iterator(0), Iterator(static_cast<graph::VertexId>(of.graph.vertex_count())));
}
inline std::size_t out_degree(graph::VertexId vertex, const ResidualGraph& of) {
  return of.graph.first_out_arc(vertex + 1) - of.graph.first_out_arc(vertex) +
         of.graph.in_arcs(vertex).size();
}
inline auto out_edges(graph::VertexId vertex, const ResidualGraph& of) {
  return std::pair(ResidualArcIterator(&of.graph, vertex, 0),
                   ResidualArcIterator(&of.graph, vertex, out_degree(vertex, of)));
}
inline graph::VertexId source(const ResidualArc& arc, const ResidualGraph&) { return arc.tail; }
inline graph::VertexId target(const ResidualArc& arc, const ResidualGraph&) { return arc.head; }

}  // namespace tierline::tests

namespace boost {

template <>
struct graph_traits<tierline::tests::ResidualGraph> {
  using vertex_descriptor = tierline::graph::VertexId;
  using edge_descriptor = tierline::tests::ResidualArc;
  using directed_category = directed_tag;
  using edge_parallel_category = allow_parallel_edge_tag;
  using traversal_category = tierline::tests::ResidualGraphCategory;
  using vertex_iterator = counting_iterator<vertex_descriptor>;
  using out_edge_iterator = tierline::tests::ResidualArcIterator;
  using in_edge_iterator = void;  // it is no model of what these belong to
  using edge_iterator = void;
  using vertices_size_type = std::size_t;
  using edges_size_type = std::size_t;
  using degree_size_type = std::size_t;
  static vertex_descriptor null_vertex() { return tierline::graph::kNoNode; }
};

}  // namespace boost
