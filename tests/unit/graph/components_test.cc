#include "core/graph/components.h"

#include <doctest/doctest.h>

#include <random>

#include "tests/support/digraphs.h"

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
  for (unsigned number = 0; const Digraph& digraph : tests::all_digraphs(4)) {
    CAPTURE(number);
    check(digraph);
    ++number;
  }
  for (unsigned seed = 0; seed < 2000; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const auto vertices = static_cast<Vertex>(1 + random() % 15);
    check(tests::random_digraph(random, vertices, random() % (2 * vertices + 1)));
  }
}

}  // namespace
}  // namespace tierline::graph
