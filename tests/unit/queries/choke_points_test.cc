#include "queries/choke_points.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>

#include "tests/support/attack_graphs.h"

namespace tierline::queries {
namespace {

using graph::AttackGraph;
using graph::EdgeId;
using graph::NodeId;

/// Who of `accounts` reaches the targets when an edge, or all edges of a node, are no way.
std::set<NodeId> exposed_without(const AttackGraph& graph, const tests::PlainSearch& plain,
                                 const std::vector<NodeId>& accounts, const std::vector<NodeId>& targets,
                                 NodeId node, EdgeId edge) {
  std::set<NodeId> exposed;
  for (const NodeId account : accounts) {
    const std::uint32_t hops = plain.hops(account, {targets.begin(), targets.end()}, [&](EdgeId e) {
      return e == edge ||
             (node != graph::kNoNode && (graph.edge(e).source == node || graph.edge(e).target == node));
    });
    if (hops != tests::kNone) exposed.insert(account);
  }
  return exposed;
}

std::vector<NodeId> all_but(const AttackGraph& graph, const std::vector<NodeId>& targets) {
  std::vector<NodeId> accounts;
  for (NodeId n = 0; n < graph.node_count(); ++n) {
    if (!std::binary_search(targets.begin(), targets.end(), n)) accounts.push_back(n);
  }
  return accounts;
}

std::map<std::uint64_t, std::uint64_t> by_id(const std::vector<Cut>& cuts) {
  std::map<std::uint64_t, std::uint64_t> found;
  for (const Cut& cut : cuts) found.emplace(cut.id, cut.cut_off);
  return found;
}

void check(const AttackGraph& graph, const std::vector<NodeId>& targets) {
  const std::vector<NodeId> accounts = all_but(graph, targets);
  const tests::PlainSearch plain(graph);
  const auto without = [&](NodeId node, EdgeId edge) {
    return exposed_without(graph, plain, accounts, targets, node, edge);
  };
  const std::set<NodeId> exposed = without(graph::kNoNode, graph::kNoEdge);
  const ChokePoints found = find_choke_points(graph, accounts, nullptr, targets, 0);
  REQUIRE(found.exposed == exposed.size());
  const auto nodes = by_id(found.nodes);
  const auto edges = by_id(found.edges);
  for (const NodeId node : accounts) {
    const auto rest = without(node, graph::kNoEdge);
    const std::uint64_t lost = exposed.size() - rest.size() - (exposed.contains(node) ? 1 : 0);
    CAPTURE(node);
    REQUIRE((nodes.contains(node) ? nodes.at(node) : 0) == lost);
  }
  for (EdgeId e = 0; e < graph.edge_count(); ++e) {
    const auto rest = without(graph::kNoNode, e);
    CAPTURE(e);
    REQUIRE((edges.contains(e) ? edges.at(e) : 0) == exposed.size() - rest.size());
  }
  // A shorter list is the beginning of the whole one.
  const ChokePoints few = find_choke_points(graph, accounts, nullptr, targets, 2);
  REQUIRE(few.edges.size() == std::min<std::size_t>(2, found.edges.size()));
  for (std::size_t i = 0; i < few.edges.size(); ++i) REQUIRE(few.edges[i].cut_off == found.edges[i].cut_off);
  REQUIRE(few.nodes.size() == std::min<std::size_t>(2, found.nodes.size()));
  for (std::size_t i = 0; i < few.nodes.size(); ++i) REQUIRE(few.nodes[i].cut_off == found.nodes[i].cut_off);
}

/// That what objects share makes no difference; edges of equal rank may come in another order.
void check_twins(const tests::Statements& stated, const std::vector<NodeId>& targets) {
  const AttackGraph shared = stated.shared();
  const AttackGraph flat = stated.flat();
  const std::vector<NodeId> accounts = all_but(flat, targets);
  const ChokePoints found = find_choke_points(shared, accounts, nullptr, targets, 0);
  const ChokePoints wanted = find_choke_points(flat, accounts, nullptr, targets, 0);
  REQUIRE(found.exposed == wanted.exposed);
  REQUIRE(found.nodes.size() == wanted.nodes.size());
  for (std::size_t i = 0; i < found.nodes.size(); ++i) {
    REQUIRE(found.nodes[i].id == wanted.nodes[i].id);
    REQUIRE(found.nodes[i].cut_off == wanted.nodes[i].cut_off);
    REQUIRE(found.nodes[i].more == wanted.nodes[i].more);
  }
  const auto edges = by_id(wanted.edges);
  REQUIRE(found.edges.size() == edges.size());
  for (const Cut& cut : found.edges) {
    const graph::Edge edge = shared.edge(cut.id);
    REQUIRE(cut.cut_off == edges.at(flat.find_edge(edge.source, edge.target, edge.kind)));
  }
}

TEST_CASE("choke points of all graphs of four nodes are those of taking each node and edge away") {
  for (unsigned number = 0; const graph::Digraph& digraph : tests::all_digraphs(4)) {
    CAPTURE(number);
    check(tests::attack_graph_of(digraph), {0});
    check_twins(tests::copies_of(digraph, 3), {0});
    check_twins(tests::copies_of(digraph, 3), {0, 1, 2});
    ++number;
  }
}

TEST_CASE("choke points of random graphs with deny entries are those of taking each node and edge away") {
  for (unsigned seed = 0; seed < 1500; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const auto nodes = static_cast<NodeId>(4 + random() % 9);
    const tests::Statements stated =
        tests::random_statements(random, nodes, nodes + random() % (std::size_t{2} * nodes));
    const std::vector<NodeId> targets = seed % 2 == 0 ? std::vector<NodeId>{0} : std::vector<NodeId>{0, 1};
    check(stated.shared(), targets);
    check_twins(stated, targets);
  }
}

TEST_CASE("what is new at each place adds up to everyone who is cut off at all") {
  for (unsigned seed = 0; seed < 500; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const AttackGraph graph = tests::random_attack_graph(random, 12, 20);
    const tests::PlainSearch plain(graph);
    const std::vector<NodeId> accounts = all_but(graph, {0});
    const ChokePoints found = find_choke_points(graph, accounts, nullptr, {0}, 0);
    const std::set<NodeId> exposed =
        exposed_without(graph, plain, accounts, {0}, graph::kNoNode, graph::kNoEdge);
    const auto check_sums = [&](const std::vector<Cut>& cuts, bool are_nodes) {
      std::set<NodeId> cut;
      std::uint64_t sum = 0;
      for (const Cut& one : cuts) {
        const NodeId node = are_nodes ? static_cast<NodeId>(one.id) : graph::kNoNode;
        auto rest = exposed_without(graph, plain, accounts, {0}, node, are_nodes ? graph::kNoEdge : one.id);
        if (are_nodes) rest.insert(node);  // is not cut off by itself
        std::set_difference(exposed.begin(), exposed.end(), rest.begin(), rest.end(),
                            std::inserter(cut, cut.end()));
        sum += one.more;
        CHECK(sum == cut.size());
      }
    };
    check_sums(found.nodes, true);
    check_sums(found.edges, false);
  }
}

TEST_CASE("a group of a million members, and groups ten thousand deep, are no matter") {
  graph::GraphBuilder builder;
  const auto add = [&](NodeId source, NodeId target) {
    builder.add_edge(
        {.source = source, .target = target, .kind = knowledge::EdgeKind::MemberOf, .traversable = true},
        graph::Evidence{});
  };
  constexpr NodeId kDepth = 10'000;
  constexpr NodeId kMembers = 1'000'000;
  for (NodeId n = 0; n < kDepth + kMembers; ++n) builder.add_node({});
  for (NodeId n = 1; n < kDepth; ++n) add(n, n - 1);
  for (NodeId n = kDepth; n < kDepth + kMembers; ++n) add(n, kDepth - 1);
  add(1, kDepth - 1);  // a circle
  const AttackGraph graph = builder.finish();
  std::vector<NodeId> accounts;
  for (NodeId n = kDepth; n < kDepth + kMembers; ++n) accounts.push_back(n);
  const ChokePoints found = find_choke_points(graph, accounts, nullptr, {0}, 10);
  CHECK(found.exposed == kMembers);
  REQUIRE(found.edges.size() == 10);
  CHECK(found.edges[0].cut_off == kMembers);
  CHECK(found.edges[0].more == kMembers);
  CHECK(found.edges[1].more == 0);
}

}  // namespace
}  // namespace tierline::queries
