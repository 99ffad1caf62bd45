#pragma once

// Small digraphs to hold algorithms to, and the search that nobody can get wrong.

#include <random>
#include <vector>

#include "core/graph/digraph.h"

namespace tierline::tests {

/// `lists[v]` are the heads of the arcs that leave v.
inline graph::Digraph digraph_of(const std::vector<std::vector<graph::Vertex>>& lists) {
  graph::Digraph graph;
  for (const auto& heads : lists) {
    graph.head.insert(graph.head.end(), heads.begin(), heads.end());
    graph.first.push_back(static_cast<graph::Arc>(graph.head.size()));
  }
  return graph;
}

/// Every digraph of so many vertices without loops: 4,096 of four.
inline std::vector<graph::Digraph> all_digraphs(graph::Vertex vertices) {
  std::vector<graph::Digraph> all;
  const unsigned arcs = vertices * (vertices - 1);
  for (unsigned bits = 0; bits < 1u << arcs; ++bits) {
    std::vector<std::vector<graph::Vertex>> lists(vertices);
    unsigned bit = 0;
    for (graph::Vertex tail = 0; tail < vertices; ++tail) {
      for (graph::Vertex head = 0; head < vertices; ++head) {
        if (head != tail && (bits & (1u << bit++)) != 0) lists[tail].push_back(head);
      }
    }
    all.push_back(digraph_of(lists));
  }
  return all;
}

/// Arcs may be parallel, and lead to where they come from.
inline graph::Digraph random_digraph(std::mt19937& random, graph::Vertex vertices, std::size_t arcs) {
  std::vector<std::vector<graph::Vertex>> lists(vertices);
  for (std::size_t i = 0; i < arcs; ++i) {
    lists[random() % vertices].push_back(static_cast<graph::Vertex>(random() % vertices));
  }
  return digraph_of(lists);
}

/// What `root` reaches when some vertices, and perhaps an arc, are away. A root that is away reaches nothing.
inline std::vector<bool> reached(const graph::Digraph& graph, graph::Vertex root,
                                 const std::vector<graph::Vertex>& away, graph::Arc lost = graph::kNoArc) {
  std::vector<bool> closed(graph.vertex_count(), false);
  for (const graph::Vertex v : away) closed[v] = true;
  std::vector<bool> seen(graph.vertex_count(), false);
  std::vector<graph::Vertex> queue;
  if (!closed[root]) queue.push_back(root);
  if (!closed[root]) seen[root] = true;
  for (std::size_t next = 0; next < queue.size(); ++next) {
    for (graph::Arc arc = graph.first[queue[next]]; arc < graph.first[queue[next] + 1]; ++arc) {
      const graph::Vertex head = graph.head[arc];
      if (arc == lost || seen[head] || closed[head]) continue;
      seen[head] = true;
      queue.push_back(head);
    }
  }
  return seen;
}

}  // namespace tierline::tests
