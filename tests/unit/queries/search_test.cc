#include "queries/search.h"

#include <doctest/doctest.h>

#include <random>
#include <set>

#include "core/knowledge/edge_costs.h"
#include "tests/support/attack_graphs.h"

namespace tierline::queries {
namespace {

using graph::AttackGraph;
using graph::EdgeId;
using graph::NodeId;

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
    const AttackGraph graph = tests::random_attack_graph(random, 12, 26);
    const NodeId target = static_cast<NodeId>(random() % 12);
    const DistanceField field(graph, {target});
    for (NodeId n = 0; n < graph.node_count(); ++n) {
      CAPTURE(round);
      CAPTURE(n);
      REQUIRE(field.hops(n) == tests::plain_hops(graph, n, {target}));
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
    const AttackGraph graph = tests::random_attack_graph(random, 10, 30);
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

TEST_CASE("paths by cost are as cheap as a plain search finds, deny entries and closed edges included") {
  std::mt19937 random(1959);
  for (int round = 0; round < 300; ++round) {
    CAPTURE(round);
    const AttackGraph graph = tests::random_attack_graph(random, 12, 26);
    std::vector<bool> allowed;
    for (EdgeId e = 0; e < graph.edge_count(); ++e) allowed.push_back(random() % 6 != 0);
    const DistanceField field(graph, {0, 1}, {.by_cost = true, .allowed = &allowed});
    for (NodeId n = 0; n < graph.node_count(); ++n) {
      CAPTURE(n);
      const std::uint32_t plain = tests::plain_hops(
          graph, n, {0, 1}, [&](EdgeId e) { return !allowed[e]; },
          [&](EdgeId e) { return std::uint32_t{knowledge::cost_of(graph.edge(e).kind)}; });
      REQUIRE(field.hops(n) == plain);
      if (plain == kUnreachable) continue;
      const Path path = field.path(n);
      CHECK(is_walkable(graph, n, path));
      CHECK(field.length_of(path) == plain);
      std::uint32_t before = 0;
      for (const Path& one : field.paths(n, 4)) {
        CHECK(is_walkable(graph, n, one));
        CHECK(field.length_of(one) >= before);
        before = field.length_of(one);
        for (const EdgeId e : one) CHECK(allowed[e]);
      }
    }
  }
}

TEST_CASE("every traversable kind of edge has a cost") {
  std::set<knowledge::EdgeKind> listed;
  for (const knowledge::EdgeCost& row : knowledge::edge_costs()) {
    for (const knowledge::EdgeKind kind : row.kinds) CHECK(listed.insert(kind).second);
  }
  for (const knowledge::EdgeKindInfo& info : knowledge::edge_kinds()) {
    CAPTURE(info.name);
    CHECK((!info.traversable || listed.contains(info.kind)));
  }
}

}  // namespace
}  // namespace tierline::queries
