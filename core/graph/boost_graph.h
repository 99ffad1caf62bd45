#pragma once

// AttackGraph as a model of the Boost.Graph concepts BidirectionalGraph, VertexListGraph and EdgeListGraph,
// so that Boost's algorithms run on it as it is. They see what is stored: vertices are nodes, then bundles; edges are
// arcs, those from a bundle to its nodes included. Both start at zero, and vertex_index is the identity.

#include <boost/graph/graph_traits.hpp>
#include <boost/graph/properties.hpp>
#include <boost/iterator/counting_iterator.hpp>
#include <boost/iterator/iterator_facade.hpp>
#include <boost/property_map/property_map.hpp>
#include <utility>

#include "core/graph/attack_graph.h"

namespace tierline::graph {

/// An arc with its ends, so that nobody has to look them up. Equal when the arcs are.
struct ArcDescriptor {
  VertexId tail = kNoNode;
  VertexId head = kNoNode;
  ArcId arc = kNoArcId;
  friend bool operator==(const ArcDescriptor& a, const ArcDescriptor& b) { return a.arc == b.arc; }
  friend auto operator<=>(const ArcDescriptor& a, const ArcDescriptor& b) { return a.arc <=> b.arc; }
};

/// Walks the arcs that leave a vertex.
class OutArcIterator : public boost::iterator_facade<OutArcIterator, ArcDescriptor,
                                                     boost::random_access_traversal_tag, ArcDescriptor> {
 public:
  OutArcIterator() = default;
  OutArcIterator(const AttackGraph* graph, VertexId tail, ArcId arc)
      : graph_(graph), tail_(tail), arc_(arc) {}

 private:
  friend class boost::iterator_core_access;
  ArcDescriptor dereference() const { return {tail_, graph_->head(arc_), arc_}; }
  bool equal(const OutArcIterator& other) const { return arc_ == other.arc_; }
  void increment() { ++arc_; }
  void decrement() { --arc_; }
  void advance(std::ptrdiff_t by) { arc_ = static_cast<ArcId>(arc_ + by); }
  std::ptrdiff_t distance_to(const OutArcIterator& other) const {
    return static_cast<std::ptrdiff_t>(other.arc_) - static_cast<std::ptrdiff_t>(arc_);
  }
  const AttackGraph* graph_ = nullptr;
  VertexId tail_ = kNoNode;
  ArcId arc_ = 0;
};

/// Walks the arcs into a vertex.
class InArcIterator : public boost::iterator_facade<InArcIterator, ArcDescriptor,
                                                    boost::random_access_traversal_tag, ArcDescriptor> {
 public:
  InArcIterator() = default;
  InArcIterator(const VertexId* tail, const ArcId* arc, VertexId head)
      : tail_(tail), arc_(arc), head_(head) {}

 private:
  friend class boost::iterator_core_access;
  ArcDescriptor dereference() const { return {*tail_, head_, *arc_}; }
  bool equal(const InArcIterator& other) const { return tail_ == other.tail_; }
  void increment() { advance(1); }
  void decrement() { advance(-1); }
  void advance(std::ptrdiff_t by) {
    tail_ += by;
    arc_ += by;
  }
  std::ptrdiff_t distance_to(const InArcIterator& other) const { return other.tail_ - tail_; }
  const VertexId* tail_ = nullptr;
  const ArcId* arc_ = nullptr;
  VertexId head_ = kNoNode;
};

/// Walks all arcs, vertex by vertex.
class ArcIterator
    : public boost::iterator_facade<ArcIterator, ArcDescriptor, boost::forward_traversal_tag, ArcDescriptor> {
 public:
  ArcIterator() = default;
  ArcIterator(const AttackGraph* graph, ArcId arc) : graph_(graph), arc_(arc) { skip(); }

 private:
  friend class boost::iterator_core_access;
  ArcDescriptor dereference() const { return {tail_, graph_->head(arc_), arc_}; }
  bool equal(const ArcIterator& other) const { return arc_ == other.arc_; }
  void increment() {
    ++arc_;
    skip();
  }
  void skip() {
    while (arc_ < graph_->arc_count() && graph_->first_out_arc(tail_ + 1) <= arc_) ++tail_;
  }
  const AttackGraph* graph_ = nullptr;
  VertexId tail_ = 0;
  ArcId arc_ = 0;
};

struct AttackGraphCategory : boost::bidirectional_graph_tag,
                             boost::vertex_list_graph_tag,
                             boost::edge_list_graph_tag {};

}  // namespace tierline::graph

namespace boost {

template <>
struct graph_traits<tierline::graph::AttackGraph> {
  using vertex_descriptor = tierline::graph::VertexId;
  using edge_descriptor = tierline::graph::ArcDescriptor;
  using directed_category = bidirectional_tag;
  using edge_parallel_category = allow_parallel_edge_tag;
  using traversal_category = tierline::graph::AttackGraphCategory;
  using vertex_iterator = counting_iterator<vertex_descriptor>;
  using edge_iterator = tierline::graph::ArcIterator;
  using out_edge_iterator = tierline::graph::OutArcIterator;
  using in_edge_iterator = tierline::graph::InArcIterator;
  using vertices_size_type = std::size_t;
  using edges_size_type = std::size_t;
  using degree_size_type = std::size_t;
  static vertex_descriptor null_vertex() { return tierline::graph::kNoNode; }
};

template <>
struct property_map<tierline::graph::AttackGraph, vertex_index_t> {
  using type = identity_property_map;
  using const_type = identity_property_map;
};

}  // namespace boost

namespace tierline::graph {

using GraphTraits = boost::graph_traits<AttackGraph>;

inline std::pair<GraphTraits::vertex_iterator, GraphTraits::vertex_iterator> vertices(
    const AttackGraph& graph) {
  return {GraphTraits::vertex_iterator(0),
          GraphTraits::vertex_iterator(static_cast<VertexId>(graph.vertex_count()))};
}

inline std::pair<ArcIterator, ArcIterator> edges(const AttackGraph& graph) {
  return {ArcIterator(&graph, 0), ArcIterator(&graph, static_cast<ArcId>(graph.arc_count()))};
}

inline std::pair<OutArcIterator, OutArcIterator> out_edges(VertexId vertex, const AttackGraph& graph) {
  return {OutArcIterator(&graph, vertex, graph.first_out_arc(vertex)),
          OutArcIterator(&graph, vertex, graph.first_out_arc(vertex + 1))};
}

inline std::pair<InArcIterator, InArcIterator> in_edges(VertexId vertex, const AttackGraph& graph) {
  const auto tails = graph.in_tails(vertex);
  const auto arcs = graph.in_arcs(vertex);
  return {InArcIterator(tails.data(), arcs.data(), vertex),
          InArcIterator(tails.data() + tails.size(), arcs.data() + arcs.size(), vertex)};
}

inline std::size_t num_vertices(const AttackGraph& graph) { return graph.vertex_count(); }
inline std::size_t num_edges(const AttackGraph& graph) { return graph.arc_count(); }
inline VertexId source(const ArcDescriptor& arc, const AttackGraph&) { return arc.tail; }
inline VertexId target(const ArcDescriptor& arc, const AttackGraph&) { return arc.head; }
inline std::size_t out_degree(VertexId vertex, const AttackGraph& graph) {
  return graph.first_out_arc(vertex + 1) - graph.first_out_arc(vertex);
}
inline std::size_t in_degree(VertexId vertex, const AttackGraph& graph) {
  return graph.in_arcs(vertex).size();
}
inline std::size_t degree(VertexId vertex, const AttackGraph& graph) {
  return out_degree(vertex, graph) + in_degree(vertex, graph);
}
inline boost::identity_property_map get(boost::vertex_index_t, const AttackGraph&) { return {}; }

}  // namespace tierline::graph
