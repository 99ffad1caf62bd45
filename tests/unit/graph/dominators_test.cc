#include "core/graph/dominators.h"

#include <doctest/doctest.h>

#include <random>

#include "tests/support/digraphs.h"

namespace tierline::graph {
namespace {

using tests::all_digraphs;
using tests::random_digraph;
using tests::reached;

/// Of each vertex the dominators, by taking every other vertex away in turn.
std::vector<std::vector<bool>> plain_dominators(const Digraph& graph, Vertex root) {
  const std::size_t count = graph.vertex_count();
  std::vector<std::vector<bool>> dominates(count, std::vector<bool>(count, false));
  const std::vector<bool> all = reached(graph, root, {});
  for (Vertex above = 0; above < count; ++above) {
    const std::vector<bool> without =
        above == root ? std::vector<bool>(count, false) : reached(graph, root, {above});
    for (Vertex v = 0; v < count; ++v) dominates[above][v] = all[v] && (v == above || !without[v]);
  }
  return dominates;
}

void check(const Digraph& graph, Vertex root) {
  const ArcsInto into(graph);
  const DominatorTree tree(graph, into, root);
  const std::vector<bool> all = reached(graph, root, {});
  const auto plain = plain_dominators(graph, root);
  for (Vertex v = 0; v < graph.vertex_count(); ++v) {
    REQUIRE(tree.is_reached(v) == all[v]);
    if (!all[v]) continue;
    std::uint64_t below = 0;
    for (Vertex above = 0; above < graph.vertex_count(); ++above) {
      if (all[above]) REQUIRE(tree.dominates(above, v) == plain[above][v]);
      if (plain[v][above]) ++below;
    }
    REQUIRE(tree.sums(std::vector<std::uint32_t>(graph.vertex_count(), 1))[v] == below);
    if (v == root) continue;
    // The arc that every way takes: the one whose loss loses the vertex.
    Arc bridge = kNoArc;
    for (Arc arc = 0; arc < graph.arc_count(); ++arc) {
      if (graph.head[arc] == v && !reached(graph, root, {}, arc)[v]) bridge = arc;
    }
    REQUIRE(tree.bridge_to(v, into) == bridge);
  }
}

TEST_CASE("dominators and bridges of all digraphs of four vertices are those of taking each away") {
  for (unsigned number = 0; const Digraph& graph : all_digraphs(4)) {
    CAPTURE(number);
    for (Vertex root = 0; root < 4; ++root) check(graph, root);
    ++number;
  }
}

TEST_CASE("dominators and bridges of random digraphs are those of taking each away") {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const auto vertices = static_cast<Vertex>(2 + random() % 14);
    check(random_digraph(random, vertices, random() % (std::size_t{3} * vertices)),
          static_cast<Vertex>(random() % vertices));
  }
}

TEST_CASE("a way as long as the graph needs no stack") {
  constexpr Vertex kLong = 1'000'000;
  Digraph graph;
  for (Vertex v = 0; v < kLong; ++v) {
    if (v + 1 < kLong) graph.head.push_back(v + 1);
    graph.first.push_back(static_cast<Arc>(graph.head.size()));
  }
  const ArcsInto into(graph);
  const DominatorTree tree(graph, into, 0);
  CHECK(tree.dominates(kLong / 2, kLong - 1));
  CHECK(tree.sums(std::vector<std::uint32_t>(kLong, 1))[0] == kLong);
  CHECK(tree.common(kLong - 1, 7) == 7);
}

}  // namespace
}  // namespace tierline::graph
