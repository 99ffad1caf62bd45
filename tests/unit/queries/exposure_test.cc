#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "queries/attack_paths.h"
#include "queries/blast_radius.h"
#include "queries/exposure_counts.h"
#include "tests/support/attack_graphs.h"

namespace tierline::queries {
namespace {

using graph::AttackGraph;
using graph::NodeId;
using tests::PlainSearch;

void check_counts(const AttackGraph& graph, const std::vector<std::vector<NodeId>>& sets,
                  std::mt19937& random) {
  std::vector<std::uint8_t> class_of;
  for (NodeId n = 0; n < graph.node_count(); ++n) {
    class_of.push_back(random() % 4 == 0 ? kNoClass : static_cast<std::uint8_t>(random() % 3));
  }
  const auto counts = exposure_counts(graph, class_of, 3, sets);
  const PlainSearch search(graph);
  REQUIRE(counts.size() == sets.size());
  for (std::size_t s = 0; s < sets.size(); ++s) {
    std::vector<std::uint64_t> plain(3, 0);
    for (NodeId n = 0; n < graph.node_count(); ++n) {
      if (class_of[n] == kNoClass) continue;
      if (search.hops(n, {sets[s].begin(), sets[s].end()}) != tests::kNone) ++plain[class_of[n]];
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

/// Groups whose rights exclude some of their members, in one bundle that others, and they themselves, have rights on.
tests::Statements bundled_groups(std::mt19937& random) {
  using knowledge::EdgeKind;
  constexpr NodeId kGroups = 4;  // 1 to 3, and 0 is what they have rights on
  constexpr NodeId kNodes = 9;
  const auto below = [&](NodeId limit) { return static_cast<NodeId>(random() % limit); };
  tests::Statements stated(kNodes);
  const graph::BundleId bundle = stated.add_bundle(graph::BundleSort::Rights, {1, 2, 3});
  const auto add = [&](NodeId source, EdgeKind kind, NodeId target, std::optional<graph::BundleId> into,
                       std::vector<NodeId> excluded) {
    stated.add({.edge = {.source = source, .target = target, .kind = kind, .traversable = true},
                .bundle = into,
                .excluded = std::move(excluded),
                .parts = {{{.object = into ? graph::Evidence::kEach : 1000 + target}}}});
  };
  for (NodeId group = 1; group < kGroups; ++group)
    add(group, EdgeKind::GenericAll, below(2) == 0 ? 0 : kNodes - 1, {}, {kGroups + below(4)});
  for (int i = 0; i < 5; ++i) add(kGroups + below(5), EdgeKind::MemberOf, 1 + below(kNodes - 2), {}, {});
  for (NodeId i = 0; i < 1 + below(4); ++i) {
    const EdgeKind kind = below(2) == 0 ? EdgeKind::GenericAll : EdgeKind::AddSelf;
    const bool is_conditional = below(2) == 0;
    add(1 + below(kNodes - 1), kind, 0, bundle,
        is_conditional ? std::vector<NodeId>{kGroups + below(4)} : std::vector<NodeId>());
  }
  return stated;
}

void check_blast_radius(const AttackGraph& graph) {
  const PlainSearch plain(graph);
  for (NodeId source = 0; source < graph.node_count(); ++source) {
    const std::vector<std::uint32_t> hops = blast_radius(graph, {source});
    REQUIRE(hops.size() == graph.node_count());
    for (NodeId target = 0; target < graph.node_count(); ++target) {
      REQUIRE(hops[target] == plain.hops(source, {target}));
    }
  }
  const std::vector<std::uint32_t> both = blast_radius(graph, {0, 1});
  for (NodeId target = 0; target < graph.node_count(); ++target) {
    REQUIRE(both[target] == std::min(plain.hops(0, {target}), plain.hops(1, {target})));
  }
}

TEST_CASE("exposure of many sets at once is that of a plain search for each") {
  std::mt19937 random(512);
  for (unsigned number = 0; const graph::Digraph& digraph : tests::all_digraphs(4)) {
    CAPTURE(number);
    const AttackGraph graph = tests::attack_graph_of(digraph);
    check_counts(graph, each_node(graph), random);
    check_counts(tests::copies_of(digraph, 3).shared(), {{0}, {1, 2}, {4, 7}}, random);
    ++number;
  }
  for (unsigned seed = 0; seed < 1500; ++seed) {
    CAPTURE(seed);
    std::mt19937 own(seed);
    const auto nodes = static_cast<NodeId>(2 + own() % 14);
    const tests::Statements stated =
        tests::random_statements(own, nodes, 1 + own() % (std::size_t{3} * nodes));
    for (const AttackGraph& graph : {stated.shared(), stated.flat()})
      check_counts(graph, each_node(graph), own);
  }
}

TEST_CASE(
    "exposure of many sets at once by groups whose members are told apart, and which share who has rights on "
    "them") {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const tests::Statements stated = bundled_groups(random);
    for (const AttackGraph& graph : {stated.shared(), stated.flat()}) {
      check_counts(graph, each_node(graph), random);
      check_counts(graph, {{0}}, random);
    }
  }
}

TEST_CASE("who is exposed comes nearest first, then by name, then by identifier") {
  for (unsigned seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    // Few bytes, so that many names begin alike, some are the beginning of others and some are the same.
    constexpr std::array<char, 4> kBytes = {'A', 'b', '\0', '\xFF'};
    graph::GraphBuilder builder;
    constexpr NodeId kNodes = 60;
    for (NodeId n = 0; n < kNodes; ++n) {
      std::string name(random() % 3 == 0 ? 60 : 0, 'x');
      for (std::size_t left = random() % 12; left > 0; --left) name += kBytes[random() % kBytes.size()];
      const std::string id = std::to_string(random() % 1000) + "-" + std::to_string(n);
      builder.add_node(
          {.kind = knowledge::NodeKind::User, .enabled = true, .object = n, .id = id, .name = name});
    }
    for (NodeId n = 1; n < kNodes; ++n) {
      const auto target = static_cast<NodeId>(random() % n);
      builder.add_edge(
          {.source = n, .target = target, .kind = knowledge::EdgeKind::GenericAll, .traversable = true}, {});
    }
    const AttackGraph graph = builder.finish();
    const DistanceField field(graph, {0});
    const auto rank = [&](NodeId n) {
      return std::tuple(field.hops(n), std::string(graph.node(n).name), graph.node(n).id);
    };
    std::vector<NodeId> wanted(kNodes - 1);
    std::iota(wanted.begin(), wanted.end(), 1);
    std::sort(wanted.begin(), wanted.end(), [&](NodeId a, NodeId b) { return rank(a) < rank(b); });
    const Exposure exposure = find_exposure(graph, {0});
    std::vector<NodeId> found;
    for (const Exposure::Principal& principal : exposure.principals) {
      found.push_back(principal.node);
      REQUIRE(principal.hops == field.hops(principal.node));
    }
    REQUIRE(found == wanted);
    REQUIRE(exposure.exposed == wanted.size());
    found.clear();
    for (const FoundPath& path : find_paths(graph, wanted, {0}, 1, 0).paths) found.push_back(path.from);
    REQUIRE(found == wanted);
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
  for (unsigned number = 0; const graph::Digraph& digraph : tests::all_digraphs(4)) {
    CAPTURE(number);
    check_blast_radius(tests::attack_graph_of(digraph));
    check_blast_radius(tests::copies_of(digraph, 2).shared());
    ++number;
  }
  for (unsigned seed = 0; seed < 1500; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const auto nodes = static_cast<NodeId>(2 + random() % 12);
    const tests::Statements stated =
        tests::random_statements(random, nodes, 1 + random() % (std::size_t{3} * nodes));
    for (const AttackGraph& graph : {stated.shared(), stated.flat()}) check_blast_radius(graph);
  }
}

}  // namespace
}  // namespace tierline::queries
