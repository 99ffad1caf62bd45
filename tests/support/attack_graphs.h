#pragma once

// Small attack graphs to hold queries to.

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>

#include "core/graph/graph_builder.h"
#include "tests/support/digraphs.h"

namespace tierline::tests {

/// Of the special identities, the odd nodes stand for those that every logon has.
inline graph::NodeId add_numbered_node(graph::GraphBuilder& builder, graph::NodeId n) {
  const std::string name = std::to_string(n);
  graph::Node node;
  node.id = node.name = name;
  if (n % 2 == 1) node.sid = *directory::Sid::parse("S-1-5-2");
  return builder.add_node(node);
}

/// Memberships, rights, additions of oneself and identities, some of which lead nowhere or have conditions.
inline graph::AttackGraph random_attack_graph(std::mt19937& random, std::uint32_t nodes,
                                              std::uint32_t edges) {
  using knowledge::EdgeKind;
  const auto below = [&](std::uint32_t limit) { return static_cast<std::uint32_t>(random() % limit); };
  graph::GraphBuilder builder;
  for (graph::NodeId n = 0; n < nodes; ++n) add_numbered_node(builder, n);
  for (std::uint32_t e = 0; e < edges; ++e) {
    graph::Edge edge{.source = below(nodes), .target = below(nodes), .traversable = below(5) != 0};
    constexpr EdgeKind kKinds[] = {
        EdgeKind::MemberOf,   EdgeKind::MemberOf, EdgeKind::GenericAll,    EdgeKind::GenericAll,
        EdgeKind::GenericAll, EdgeKind::AddSelf,  EdgeKind::HasSIDHistory, EdgeKind::ClaimSpecialIdentity};
    edge.kind = kKinds[below(std::size(kKinds))];
    const bool is_right = edge.kind == EdgeKind::GenericAll || edge.kind == EdgeKind::AddSelf;
    if (is_right && below(3) == 0) edge.condition = builder.condition({below(nodes)});
    builder.add_edge(edge, {});
  }
  return builder.finish();
}

inline graph::AttackGraph attack_graph_of(const graph::Digraph& digraph) {
  graph::GraphBuilder builder;
  for (graph::NodeId n = 0; n < digraph.vertex_count(); ++n) add_numbered_node(builder, n);
  for (graph::NodeId n = 0; n < digraph.vertex_count(); ++n) {
    for (const graph::NodeId target : digraph.successors(n)) {
      builder.add_edge(
          {.source = n, .target = target, .kind = knowledge::EdgeKind::GenericAll, .traversable = true}, {});
    }
  }
  return builder.finish();
}

/// Hops to the nearest target, or what `weight_of` says of the edges, searched forwards state by state: where one is, and as
/// whom one acts. Slow and plain. Edges that `is_closed` names are no way, but count in tokens. kNone when there is no way.
inline constexpr std::uint32_t kNone = 0xFFFFFFFF;
inline std::uint32_t plain_hops(
    const graph::AttackGraph& graph, graph::NodeId from, const std::set<graph::NodeId>& targets,
    const std::function<bool(graph::EdgeId)>& is_closed = [](graph::EdgeId) { return false; },
    const std::function<std::uint32_t(graph::EdgeId)>& weight_of = [](graph::EdgeId) { return 1u; }) {
  using graph::NodeId;
  using knowledge::EdgeKind;
  const auto token = [&](NodeId actor) {
    std::set<NodeId> groups = {actor};
    std::vector<NodeId> queue = {actor};
    for (std::size_t i = 0; i < queue.size(); ++i) {
      for (graph::EdgeId e = graph.first_out_edge(queue[i]); e < graph.first_out_edge(queue[i] + 1); ++e) {
        const graph::Edge& edge = graph.edge(e);
        const bool is_sure = edge.kind == EdgeKind::MemberOf || edge.kind == EdgeKind::HasSIDHistory ||
                             (edge.kind == EdgeKind::ClaimSpecialIdentity && edge.target % 2 == 1);
        if (is_sure && edge.traversable && groups.insert(edge.target).second) queue.push_back(edge.target);
      }
    }
    return groups;
  };
  using State = std::tuple<NodeId, NodeId, std::set<NodeId>>;  // place, actor, what is in the token
  std::set<State> seen;
  std::multimap<std::uint32_t, State> queue = {{0, {from, from, token(from)}}};
  while (!queue.empty()) {
    const std::uint32_t hops = queue.begin()->first;
    const State state = queue.begin()->second;
    queue.erase(queue.begin());
    if (!seen.insert(state).second) continue;
    const NodeId place = std::get<0>(state);
    const NodeId actor = std::get<1>(state);
    const std::set<NodeId>& groups = std::get<2>(state);
    if (targets.contains(place)) return hops;
    for (graph::EdgeId e = graph.first_out_edge(place); e < graph.first_out_edge(place + 1); ++e) {
      const graph::Edge& edge = graph.edge(e);
      if (!edge.traversable || is_closed(e)) continue;
      const auto excluded = graph.excluded(edge.condition);
      if (std::any_of(excluded.begin(), excluded.end(), [&](NodeId n) { return groups.contains(n); }))
        continue;
      const bool is_other = edge.kind == EdgeKind::GenericAll;
      std::set<NodeId> held = token(edge.target);
      if (!is_other) held.insert(groups.begin(), groups.end());
      const State next = {edge.target, is_other ? edge.target : actor, std::move(held)};
      if (!seen.contains(next)) queue.emplace(hops + weight_of(e), next);
    }
  }
  return kNone;
}

}  // namespace tierline::tests
