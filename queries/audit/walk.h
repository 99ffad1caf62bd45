#pragma once

// How rules go through the graph: over what is stored, as many objects alike have each edge once.

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "queries/audit/audit.h"

namespace tierline::queries::audit {

/// Whether whoever has such an edge does something to its end by it. Groups are ways to a right, sessions and replication
/// are rules of their own.
bool is_control(knowledge::EdgeKind kind);

/// Group policies outside Tier Zero that apply to objects of it: whoever controls one controls these.
class PoliciesOverZero {
 public:
  explicit PoliciesOverZero(const Context& context);

  struct Applied {
    std::vector<graph::EdgeId> edges;  ///< of those that are stored as one, the first
    std::size_t objects = 0;           ///< of Tier Zero
  };
  /// Of a bundle, whether one of its nodes is such a policy.
  bool contains(graph::VertexId vertex) const { return is_over_zero_[vertex]; }
  /// REQUIRES: contains(policy).
  const Applied& of(graph::NodeId policy) const { return applied_.at(policy); }

 private:
  std::map<graph::NodeId, Applied> applied_;
  std::vector<bool> is_over_zero_;  ///< by vertex
};

/// Calls `take(target, edge)` for each edge that an arc stands for.
template <class Take>
void for_each_edge_of(const graph::AttackGraph& graph, graph::ArcId arc, const Take& take) {
  const graph::VertexId head = graph.head(arc);
  graph::EdgeId edge = graph.id_of(arc);
  if (graph.is_node(head)) return take(head, edge);
  for (const graph::NodeId target : graph.members(head)) take(target, edge++);
}

/// How many edges an arc stands for.
inline std::size_t edges_of(const graph::AttackGraph& graph, graph::ArcId arc) {
  return graph.is_node(graph.head(arc)) ? 1 : graph.members(graph.head(arc)).size();
}

/// Calls `take(arc)` for each arc by which an edge leads to the node.
template <class Take>
void for_each_arc_into(const graph::AttackGraph& graph, graph::NodeId node, const Take& take) {
  const auto arcs = graph.in_arcs(node);
  const auto tails = graph.in_tails(node);
  for (std::size_t i = 0; i < arcs.size(); ++i) {
    if (graph.is_edge(arcs[i])) {
      take(arcs[i]);
    } else {
      for (const graph::ArcId arc : graph.in_arcs(tails[i])) take(arc);
    }
  }
}

/// Calls `take(arc)` for each arc whose trait is chosen, in order of their tails.
template <class Choose, class Take>
void for_each_arc(const graph::AttackGraph& graph, const Choose& choose, const Take& take) {
  std::vector<bool> chosen;
  for (const graph::AttackGraph::Trait& trait : graph.traits()) chosen.push_back(choose(trait));
  if (std::find(chosen.begin(), chosen.end(), true) == chosen.end()) return;
  for (graph::ArcId arc = 0; arc < graph.arc_count() && graph.is_edge(arc); ++arc) {
    if (chosen[graph.trait_place(arc)]) take(arc);
  }
}

}  // namespace tierline::queries::audit
