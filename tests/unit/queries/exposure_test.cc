#include <doctest/doctest.h>

#include <random>

#include "queries/blast_radius.h"
#include "queries/exposure_counts.h"
#include "tests/support/attack_graphs.h"

namespace tierline::queries {
namespace {

using graph::AttackGraph;
using graph::NodeId;

void check_counts(const AttackGraph& graph, const std::vector<std::vector<NodeId>>& sets,
                  std::mt19937& random) {
  std::vector<std::uint8_t> class_of;
  for (NodeId n = 0; n < graph.node_count(); ++n) {
    class_of.push_back(random() % 4 == 0 ? kNoClass : static_cast<std::uint8_t>(random() % 3));
  }
  const auto counts = exposure_counts(graph, class_of, 3, sets);
  REQUIRE(counts.size() == sets.size());
  for (std::size_t s = 0; s < sets.size(); ++s) {
    std::vector<std::uint64_t> plain(3, 0);
    for (NodeId n = 0; n < graph.node_count(); ++n) {
      const std::uint32_t hops = tests::plain_hops(graph, n, {sets[s].begin(), sets[s].end()});
      if (class_of[n] != kNoClass && hops != tests::kNone) ++plain[class_of[n]];
    }
    REQUIRE(counts[s] == plain);
  }
}

std::vector<std::vector<NodeId>> each_node(const AttackGraph& graph) {
  std::vector<std::vector<NodeId>> sets;
  for (NodeId n = 0; n < graph.node_count(); ++n) sets.push_back({n});
  sets.push_back({0, static_cast<NodeId>(graph.node_count() - 1)});
  return sets;
}

TEST_CASE("exposure of many sets at once is that of a plain search for each") {
  std::mt19937 random(512);
  for (const graph::Digraph& digraph : tests::all_digraphs(4)) {
    const AttackGraph graph = tests::attack_graph_of(digraph);
    check_counts(graph, each_node(graph), random);
  }
  for (int round = 0; round < 300; ++round) {
    CAPTURE(round);
    const AttackGraph graph = tests::random_attack_graph(random, 12, 24);
    check_counts(graph, each_node(graph), random);
  }
}

TEST_CASE("more sets than one sweep holds") {
  std::mt19937 random(1300);
  const graph::Digraph digraph = tests::random_digraph(random, 1300, 1500);
  const AttackGraph graph = tests::attack_graph_of(digraph);
  const auto counts =
      exposure_counts(graph, std::vector<std::uint8_t>(graph.node_count(), 0), 1, each_node(graph));
  for (const NodeId target : {0u, 511u, 512u, 1299u}) {
    const DistanceField field(graph, {target});
    std::uint64_t reaching = 0;
    for (NodeId n = 0; n < graph.node_count(); ++n) reaching += field.hops(n) != kUnreachable ? 1u : 0u;
    CHECK(counts[target][0] == reaching);
  }
}

TEST_CASE("the blast radius of each node is how far a plain search gets") {
  std::mt19937 random(7);
  for (int round = 0; round < 400; ++round) {
    CAPTURE(round);
    const AttackGraph graph = tests::random_attack_graph(random, 12, 26);
    for (NodeId source = 0; source < graph.node_count(); ++source) {
      const std::vector<std::uint32_t> hops = blast_radius(graph, {source});
      for (NodeId target = 0; target < graph.node_count(); ++target) {
        REQUIRE(hops[target] == tests::plain_hops(graph, source, {target}));
      }
    }
    const std::vector<std::uint32_t> both = blast_radius(graph, {0, 1});
    for (NodeId target = 0; target < graph.node_count(); ++target) {
      REQUIRE(both[target] ==
              std::min(tests::plain_hops(graph, 0, {target}), tests::plain_hops(graph, 1, {target})));
    }
  }
}

}  // namespace
}  // namespace tierline::queries
