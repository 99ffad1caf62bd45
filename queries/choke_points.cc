#include "queries/choke_points.h"

#include <algorithm>

namespace tierline::queries {

using graph::Arc;
using graph::AttackGraph;
using graph::EdgeId;
using graph::NodeId;
using graph::Vertex;

ChokePoints find_choke_points(const AttackGraph& graph, const std::vector<NodeId>& principals,
                              facts::Facts* facts, const std::vector<NodeId>& targets, std::size_t limit) {
  ChokePoints found;
  const auto before = [&](NodeId a, NodeId b) { return graph.node(a).id < graph.node(b).id; };
  {
    const SearchSpace space(graph, targets, principals);
    found.exposed = space.principals().size();
    const Cuts cuts(space);
    Cuts::Parts nodes;
    Cuts::Parts edges;
    for (Vertex v = 1; v < space.digraph().vertex_count(); ++v) {
      if (space.node(v) == graph::kNoNode) continue;
      if (std::binary_search(targets.begin(), targets.end(), space.node(v))) continue;
      nodes[space.node(v)].push_back({.vertex = v});
    }
    // An edge that is there once and no bridge cuts nobody off.
    std::vector<std::uint8_t> stands(graph.edge_count(), 0);
    for (Arc arc = 0; arc < space.digraph().arc_count(); ++arc) {
      if (space.edge(arc) == graph::kNoEdge) continue;
      std::uint8_t& count = stands[space.edge(arc)];
      if (count < 2) ++count;
    }
    for (Arc arc = 0; arc < space.digraph().arc_count(); ++arc) {
      const EdgeId e = space.edge(arc);
      if (e != graph::kNoEdge && (stands[e] > 1 || cuts.is_bridge(arc))) edges[e].push_back({.arc = arc});
    }
    found.nodes = cuts.rank(nodes, limit, false, before);
    found.edges = cuts.rank(edges, limit, true, [&](EdgeId a, EdgeId b) { return a < b; });
  }
  if (facts == nullptr) return found;
  const SearchSpace space(graph, targets, principals, facts);
  const Cuts cuts(space);
  found.facts = cuts.rank(Cuts::facts_of(space), limit, true,
                          [&](facts::FactId a, facts::FactId b) { return (*facts)[a] < (*facts)[b]; });
  return found;
}

}  // namespace tierline::queries
