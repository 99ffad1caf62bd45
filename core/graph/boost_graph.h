#pragma once

// AttackGraph as a model of the Boost.Graph concepts BidirectionalGraph, VertexListGraph and EdgeListGraph,
// so that Boost's algorithms run on it as it is. Vertices are NodeIds and edges are EdgeIds; both start at
// zero, and vertex_index is the identity.

#include <boost/graph/graph_traits.hpp>
#include <boost/graph/properties.hpp>
#include <boost/iterator/counting_iterator.hpp>
#include <boost/property_map/property_map.hpp>
#include <utility>

#include "core/graph/attack_graph.h"

namespace tierline::graph {

/// An edge as a type of its own: vertices and edges are both 32-bit numbers, which overloads could not tell
/// apart.
struct EdgeDescriptor {
  EdgeId id = kNoEdge;
  friend auto operator<=>(const EdgeDescriptor&, const EdgeDescriptor&) = default;
};

/// Walks consecutive edge ids.
class EdgeIterator : public boost::iterator_facade<EdgeIterator, EdgeDescriptor,
                                                   boost::random_access_traversal_tag, EdgeDescriptor> {
 public:
  EdgeIterator() = default;
  explicit EdgeIterator(EdgeId id) : id_(id) {}

 private:
  friend class boost::iterator_core_access;
  EdgeDescriptor dereference() const { return {id_}; }
  bool equal(const EdgeIterator& other) const { return id_ == other.id_; }
  void increment() { ++id_; }
  void decrement() { --id_; }
  void advance(std::ptrdiff_t by) { id_ = static_cast<EdgeId>(id_ + by); }
  std::ptrdiff_t distance_to(const EdgeIterator& other) const {
    return static_cast<std::ptrdiff_t>(other.id_) - static_cast<std::ptrdiff_t>(id_);
  }
  EdgeId id_ = 0;
};

/// Walks a list of edge ids.
class InEdgeIterator : public boost::iterator_facade<InEdgeIterator, EdgeDescriptor,
                                                     boost::random_access_traversal_tag, EdgeDescriptor> {
 public:
  InEdgeIterator() = default;
  explicit InEdgeIterator(const EdgeId* at) : at_(at) {}

 private:
  friend class boost::iterator_core_access;
  EdgeDescriptor dereference() const { return {*at_}; }
  bool equal(const InEdgeIterator& other) const { return at_ == other.at_; }
  void increment() { ++at_; }
  void decrement() { --at_; }
  void advance(std::ptrdiff_t by) { at_ += by; }
  std::ptrdiff_t distance_to(const InEdgeIterator& other) const { return other.at_ - at_; }
  const EdgeId* at_ = nullptr;
};

struct AttackGraphCategory : boost::bidirectional_graph_tag,
                             boost::vertex_list_graph_tag,
                             boost::edge_list_graph_tag {};

}  // namespace tierline::graph

namespace boost {

template <>
struct graph_traits<tierline::graph::AttackGraph> {
  using vertex_descriptor = tierline::graph::NodeId;
  using edge_descriptor = tierline::graph::EdgeDescriptor;
  using directed_category = bidirectional_tag;
  using edge_parallel_category = allow_parallel_edge_tag;
  using traversal_category = tierline::graph::AttackGraphCategory;
  using vertex_iterator = counting_iterator<vertex_descriptor>;
  using edge_iterator = tierline::graph::EdgeIterator;
  using out_edge_iterator = tierline::graph::EdgeIterator;
  using in_edge_iterator = tierline::graph::InEdgeIterator;
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
          GraphTraits::vertex_iterator(static_cast<NodeId>(graph.node_count()))};
}

inline std::pair<EdgeIterator, EdgeIterator> edges(const AttackGraph& graph) {
  return {EdgeIterator(0), EdgeIterator(static_cast<EdgeId>(graph.edge_count()))};
}

inline std::pair<EdgeIterator, EdgeIterator> out_edges(NodeId node, const AttackGraph& graph) {
  return {EdgeIterator(graph.first_out_edge(node)), EdgeIterator(graph.first_out_edge(node + 1))};
}

inline std::pair<InEdgeIterator, InEdgeIterator> in_edges(NodeId node, const AttackGraph& graph) {
  const std::span<const EdgeId> list = graph.in_edges(node);
  return {InEdgeIterator(list.data()), InEdgeIterator(list.data() + list.size())};
}

inline std::size_t num_vertices(const AttackGraph& graph) { return graph.node_count(); }
inline std::size_t num_edges(const AttackGraph& graph) { return graph.edge_count(); }
inline NodeId source(EdgeDescriptor edge, const AttackGraph& graph) { return graph.edge(edge.id).source; }
inline NodeId target(EdgeDescriptor edge, const AttackGraph& graph) { return graph.edge(edge.id).target; }
inline std::size_t out_degree(NodeId node, const AttackGraph& graph) {
  return graph.first_out_edge(node + 1) - graph.first_out_edge(node);
}
inline std::size_t in_degree(NodeId node, const AttackGraph& graph) { return graph.in_edges(node).size(); }
inline std::size_t degree(NodeId node, const AttackGraph& graph) {
  return out_degree(node, graph) + in_degree(node, graph);
}
inline boost::identity_property_map get(boost::vertex_index_t, const AttackGraph&) { return {}; }

}  // namespace tierline::graph
