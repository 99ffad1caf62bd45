#include "core/graph/min_cut.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/edmonds_karp_max_flow.hpp>
#include <random>

#include "tests/support/digraphs.h"

namespace tierline::graph {
namespace {

using tests::all_digraphs;
using tests::random_digraph;
using tests::reached;

bool separates(const Digraph& graph, Vertex root, const std::vector<Vertex>& sinks,
               const std::vector<Vertex>& cut) {
  const std::vector<bool> seen = reached(graph, root, cut);
  return std::none_of(sinks.begin(), sinks.end(), [&](Vertex v) { return seen[v]; });
}

/// By trying every set of vertices.
std::optional<std::uint64_t> plain_cut(const Digraph& graph, Vertex root, const std::vector<Vertex>& sinks,
                                       const std::vector<std::uint32_t>& cost) {
  std::optional<std::uint64_t> best;
  for (unsigned bits = 0; bits < 1u << graph.vertex_count(); ++bits) {
    std::vector<Vertex> cut;
    std::uint64_t sum = 0;
    bool is_possible = true;
    for (Vertex v = 0; v < graph.vertex_count(); ++v) {
      if ((bits & (1u << v)) == 0) continue;
      is_possible = is_possible && v != root && cost[v] != kFixed;
      sum += cost[v];
      cut.push_back(v);
    }
    if (is_possible && (!best || sum < *best) && separates(graph, root, sinks, cut)) best = sum;
  }
  return best;
}

void check(const Digraph& graph, Vertex root, const std::vector<Vertex>& sinks,
           const std::vector<std::uint32_t>& cost) {
  const auto plain = plain_cut(graph, root, sinks, cost);
  const auto found = min_cut(graph, root, sinks, cost);
  REQUIRE(found.has_value() == plain.has_value());
  if (!found) return;
  REQUIRE(found->cost == *plain);
  std::uint64_t sum = 0;
  for (const Vertex v : found->vertices) sum += cost[v];
  REQUIRE(sum == found->cost);
  REQUIRE(separates(graph, root, sinks, found->vertices));
  if (found->cost > 0) CHECK(!min_cut(graph, root, sinks, cost, found->cost - 1));
}

std::vector<std::uint32_t> random_costs(std::mt19937& random, std::size_t count) {
  std::vector<std::uint32_t> cost;
  for (std::size_t v = 0; v < count; ++v) {
    cost.push_back(random() % 4 == 0 ? kFixed : static_cast<std::uint32_t>(1 + random() % 3));
  }
  return cost;
}

TEST_CASE("the cheapest cut of all digraphs of four vertices is that of trying every set") {
  std::mt19937 random(1927);
  for (unsigned number = 0; const Digraph& graph : all_digraphs(4)) {
    CAPTURE(number);
    check(graph, 0, {3}, {kFixed, 1, 1, 1});
    check(graph, 0, {2, 3}, random_costs(random, 4));
    ++number;
  }
}

TEST_CASE("the cheapest cut of random digraphs is that of trying every set") {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const auto vertices = static_cast<Vertex>(4 + random() % 5);
    const Digraph graph = random_digraph(random, vertices, vertices + random() % (std::size_t{2} * vertices));
    check(graph, 0, {static_cast<Vertex>(vertices - 1), static_cast<Vertex>(vertices - 2)},
          random_costs(random, vertices));
  }
}

TEST_CASE("Boost's maximum flow is as large as the cut") {
  using Traits = boost::adjacency_list_traits<boost::vecS, boost::vecS, boost::directedS>;
  using Boosts = boost::adjacency_list<
      boost::vecS, boost::vecS, boost::directedS,
      boost::property<boost::vertex_color_t, boost::default_color_type,
                      boost::property<boost::vertex_distance_t, long,
                                      boost::property<boost::vertex_predecessor_t, Traits::edge_descriptor>>>,
      boost::property<boost::edge_capacity_t, long,
                      boost::property<boost::edge_residual_capacity_t, long,
                                      boost::property<boost::edge_reverse_t, Traits::edge_descriptor>>>>;
  constexpr long kWide = 1'000'000;
  for (unsigned seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const Digraph graph = random_digraph(random, 40, 120);
    const std::vector<std::uint32_t> cost = random_costs(random, 40);
    const auto found = min_cut(graph, 0, {39}, cost);
    Boosts theirs(80);
    const auto add = [&](Vertex tail, Vertex head, long capacity) {
      const auto forth = boost::add_edge(tail, head, theirs).first;
      const auto back = boost::add_edge(head, tail, theirs).first;
      boost::put(boost::edge_capacity, theirs, forth, capacity);
      boost::put(boost::edge_capacity, theirs, back, 0);
      boost::put(boost::edge_reverse, theirs, forth, back);
      boost::put(boost::edge_reverse, theirs, back, forth);
    };
    for (Vertex v = 0; v < 40; ++v) {
      add(2 * v, 2 * v + 1, cost[v] == kFixed ? kWide : static_cast<long>(cost[v]));
      for (const Vertex head : graph.successors(v)) add(2 * v + 1, 2 * head, kWide);
    }
    const long flow = boost::edmonds_karp_max_flow(theirs, 1, 79);
    if (found) {
      CHECK(static_cast<long>(found->cost) == flow);
    } else {
      CHECK(flow >= kWide);
    }
  }
}

}  // namespace
}  // namespace tierline::graph
