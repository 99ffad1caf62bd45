#include "core/graph/components.h"

#include <doctest/doctest.h>

#include <boost/graph/strong_components.hpp>
#include <random>

#include "core/graph/boost_graph.h"
#include "tests/support/attack_graphs.h"

namespace tierline::graph {
namespace {

void check(const Digraph& digraph) {
  const Components found = strong_components(digraph);
  std::vector<std::vector<bool>> reach;
  for (Vertex v = 0; v < digraph.vertex_count(); ++v) reach.push_back(tests::reached(digraph, v, {}));
  for (Vertex v = 0; v < digraph.vertex_count(); ++v) {
    REQUIRE(found.of[v] < found.count);
    for (Vertex w = 0; w < digraph.vertex_count(); ++w) {
      REQUIRE((found.of[v] == found.of[w]) == (reach[v][w] && reach[w][v]));
    }
    for (const Vertex head : digraph.successors(v)) REQUIRE(found.of[head] <= found.of[v]);
  }
}

TEST_CASE("components are what reaches each other, on all digraphs of four vertices and on random ones") {
  for (const Digraph& digraph : tests::all_digraphs(4)) check(digraph);
  std::mt19937 random(1972);
  for (int round = 0; round < 2000; ++round) {
    CAPTURE(round);
    const auto vertices = static_cast<Vertex>(1 + random() % 15);
    check(tests::random_digraph(random, vertices, random() % (2 * vertices + 1)));
  }
}

TEST_CASE("Boost's strong components of an attack graph are the same") {
  std::mt19937 random(72);
  for (int round = 0; round < 200; ++round) {
    const Digraph digraph = tests::random_digraph(random, 30, 45);
    const AttackGraph graph = tests::attack_graph_of(digraph);
    std::vector<std::uint32_t> theirs(graph.node_count());
    const auto count = boost::strong_components(
        graph, boost::make_iterator_property_map(theirs.begin(), boost::identity_property_map()));
    const Components found = strong_components(digraph);
    CHECK(static_cast<std::uint32_t>(count) == found.count);
    for (NodeId a = 0; a < graph.node_count(); ++a) {
      for (NodeId b = 0; b < graph.node_count(); ++b) {
        REQUIRE((theirs[a] == theirs[b]) == (found.of[a] == found.of[b]));
      }
    }
  }
}

}  // namespace
}  // namespace tierline::graph
