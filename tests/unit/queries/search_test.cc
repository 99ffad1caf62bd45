#include "queries/search.h"

#include <doctest/doctest.h>

#include <random>
#include <set>
#include <tuple>

#include "core/graph/graph_builder.h"

namespace tierline::queries {
namespace {

using graph::AttackGraph;
using graph::ConditionId;
using graph::Edge;
using graph::EdgeId;
using graph::GraphBuilder;
using graph::NodeId;
using knowledge::EdgeKind;

std::uint32_t below(std::mt19937& random, std::uint32_t limit) {
  return static_cast<std::uint32_t>(random() % limit);
}

graph::Node named(NodeId n) {
  graph::Node node;
  node.id = node.name = std::to_string(n);
  if (n % 2 == 1) node.sid = *directory::Sid::parse("S-1-5-2");
  return node;
}

AttackGraph random_graph(std::mt19937& random, std::uint32_t nodes, std::uint32_t edges) {
  GraphBuilder builder;
  for (NodeId n = 0; n < nodes; ++n) builder.add_node(named(n));
  for (std::uint32_t e = 0; e < edges; ++e) {
    Edge edge{
        .source = below(random, nodes), .target = below(random, nodes), .traversable = below(random, 5) != 0};
    constexpr EdgeKind kKinds[] = {
        EdgeKind::MemberOf,   EdgeKind::MemberOf, EdgeKind::GenericAll,    EdgeKind::GenericAll,
        EdgeKind::GenericAll, EdgeKind::AddSelf,  EdgeKind::HasSIDHistory, EdgeKind::ClaimSpecialIdentity};
    edge.kind = kKinds[below(random, std::size(kKinds))];
    const bool is_right = edge.kind == EdgeKind::GenericAll || edge.kind == EdgeKind::AddSelf;
    if (is_right && below(random, 3) == 0) {
      edge.condition = builder.condition({below(random, nodes)});
    }
    builder.add_edge(edge, {});
  }
  return builder.finish();
}

// Forwards, state by state: where one is, and as whom one acts. Slow and plain.
std::uint32_t plain_distance(const AttackGraph& graph, NodeId from, NodeId target) {
  const auto token = [&](NodeId actor) {
    std::set<NodeId> groups = {actor};
    std::vector<NodeId> queue = {actor};
    for (std::size_t i = 0; i < queue.size(); ++i) {
      for (EdgeId e = graph.first_out_edge(queue[i]); e < graph.first_out_edge(queue[i] + 1); ++e) {
        const Edge& edge = graph.edge(e);
        // Of the special identities, the graph's odd nodes stand for those that every logon has.
        const bool is_sure = edge.kind == EdgeKind::MemberOf || edge.kind == EdgeKind::HasSIDHistory ||
                             (edge.kind == EdgeKind::ClaimSpecialIdentity && edge.target % 2 == 1);
        if (is_sure && edge.traversable && groups.insert(edge.target).second) {
          queue.push_back(edge.target);
        }
      }
    }
    return groups;
  };
  using State = std::tuple<NodeId, NodeId, std::set<NodeId>>;  // place, actor, what is in the token
  std::set<State> seen = {{from, from, token(from)}};
  std::vector<std::pair<State, std::uint32_t>> queue = {{*seen.begin(), 0}};
  for (std::size_t i = 0; i < queue.size(); ++i) {
    const auto [state, hops] = queue[i];
    const auto& [place, actor, groups] = state;
    if (place == target) return hops;
    for (EdgeId e = graph.first_out_edge(place); e < graph.first_out_edge(place + 1); ++e) {
      const Edge& edge = graph.edge(e);
      if (!edge.traversable) continue;
      bool denied = false;
      for (const NodeId excluded : graph.excluded(edge.condition))
        denied = denied || groups.contains(excluded);
      if (denied) continue;
      const bool is_other = edge.kind == EdgeKind::GenericAll;
      std::set<NodeId> held = token(edge.target);
      if (!is_other) held.insert(groups.begin(), groups.end());
      const State next = {edge.target, is_other ? edge.target : actor, std::move(held)};
      if (seen.insert(next).second) queue.emplace_back(next, hops + 1);
    }
  }
  return kUnreachable;
}

bool is_walkable(const AttackGraph& graph, NodeId from, const Path& path) {
  NodeId place = from;
  for (const EdgeId e : path) {
    if (graph.edge(e).source != place || !graph.edge(e).traversable) return false;
    place = graph.edge(e).target;
  }
  return true;
}

TEST_CASE("distances with conditions are those of a plain forward search by the actor at hand") {
  std::mt19937 random(99);
  for (int round = 0; round < 300; ++round) {
    const AttackGraph graph = random_graph(random, 12, 26);
    const NodeId target = below(random, 12);
    const DistanceField field(graph, {target});
    for (NodeId n = 0; n < graph.node_count(); ++n) {
      CAPTURE(round);
      CAPTURE(n);
      REQUIRE(field.hops(n) == plain_distance(graph, n, target));
      if (field.hops(n) == kUnreachable) continue;
      const Path path = field.path(n);
      CHECK(path.size() == field.hops(n));
      CHECK(is_walkable(graph, n, path));
    }
  }
}

TEST_CASE("several paths of one source differ in their nodes and come in order of length") {
  std::mt19937 random(4);
  for (int round = 0; round < 100; ++round) {
    const AttackGraph graph = random_graph(random, 10, 30);
    const DistanceField field(graph, {0});
    for (NodeId n = 1; n < graph.node_count(); ++n) {
      const std::vector<Path> paths = field.paths(n, 6);
      CHECK(paths.empty() == (field.hops(n) == kUnreachable));
      std::set<std::vector<NodeId>> ways;
      std::size_t before = 0;
      for (const Path& path : paths) {
        CHECK(is_walkable(graph, n, path));
        CHECK(path.size() >= before);
        before = path.size();
        std::vector<NodeId> nodes = {n};
        for (const EdgeId e : path) nodes.push_back(graph.edge(e).target);
        CHECK(nodes.back() == 0);
        const bool comes_back = std::set<NodeId>(nodes.begin(), nodes.end()).size() != nodes.size();
        CHECK((!comes_back || path == paths.front()));
        CHECK(ways.insert(nodes).second);
      }
    }
  }
}

}  // namespace
}  // namespace tierline::queries
