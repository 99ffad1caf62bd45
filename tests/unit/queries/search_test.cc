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
using tests::PlainSearch;

/// How the edges of a graph count, and which of them may be passed.
struct Case {
  const AttackGraph& graph;
  bool by_cost = false;
  std::vector<bool> allowed = {};  ///< empty = all

  SearchRules rules() const { return {.by_cost = by_cost, .allowed = allowed.empty() ? nullptr : &allowed}; }
  std::uint32_t weight(EdgeId e) const {
    return by_cost ? std::uint32_t{knowledge::cost_of(graph.edge(e).kind)} : 1;
  }
  bool is_closed(EdgeId e) const { return !allowed.empty() && !allowed[e]; }
  std::uint32_t length(const Path& path) const {
    std::uint32_t sum = 0;
    for (const EdgeId e : path) sum += weight(e);
    return sum;
  }
};

void check_distances(const Case& of, const std::set<NodeId>& targets) {
  const DistanceField field(of.graph, {targets.begin(), targets.end()}, of.rules());
  const PlainSearch plain(of.graph);
  for (NodeId n = 0; n < of.graph.node_count(); ++n) {
    CAPTURE(n);
    REQUIRE(field.is_target(n) == targets.contains(n));
    REQUIRE(field.hops(n) == plain.hops(
                                 n, targets, [&](EdgeId e) { return of.is_closed(e); },
                                 [&](EdgeId e) { return of.weight(e); }));
    if (field.hops(n) == kUnreachable) continue;
    const Path path = field.path(n);
    REQUIRE(tests::is_way(plain, n, path, targets));
    REQUIRE(of.length(path) == field.hops(n));
    REQUIRE(field.length_of(path) == field.hops(n));
    for (const EdgeId e : path) REQUIRE(!of.is_closed(e));
  }
}

/// Several paths against all that there are: the first may come back to a node; of the others there must be the shortest.
void check_paths(const Case& of, NodeId from, const std::set<NodeId>& targets, std::size_t count) {
  const DistanceField field(of.graph, {targets.begin(), targets.end()}, of.rules());
  const PlainSearch plain(of.graph);
  auto ways = plain.ways(
      from, targets, [&](EdgeId e) { return of.is_closed(e); }, [&](EdgeId e) { return of.weight(e); });
  bool complete = false;
  const std::vector<Path> paths = field.paths(from, count, &complete);
  REQUIRE(complete);
  REQUIRE(paths.empty() == (field.hops(from) == kUnreachable));
  if (paths.empty() || targets.contains(from)) return;
  std::set<std::vector<NodeId>> seen;
  std::vector<std::uint32_t> found;
  for (const Path& path : paths) {
    REQUIRE(tests::is_way(plain, from, path, targets));
    for (const EdgeId e : path) REQUIRE(!of.is_closed(e));
    std::vector<NodeId> nodes;
    for (const EdgeId e : path) nodes.push_back(of.graph.edge(e).target);
    REQUIRE(seen.insert(nodes).second);
    if (&path != &paths.front()) {
      REQUIRE(ways.contains(nodes));
      found.push_back(of.length(path));
    } else {
      REQUIRE(of.length(path) == field.hops(from));
      ways.erase(nodes);
    }
  }
  std::vector<std::uint32_t> wanted;
  for (const auto& [nodes, length] : ways) wanted.push_back(length);
  std::sort(wanted.begin(), wanted.end());
  wanted.resize(std::min(wanted.size(), count - 1));
  REQUIRE(found == wanted);
}

std::vector<bool> random_choice(std::mt19937& random, const AttackGraph& graph) {
  std::vector<bool> allowed;
  for (EdgeId e = 0; e < graph.edge_count(); ++e) allowed.push_back(random() % 6 != 0);
  return allowed;
}

TEST_CASE(
    "distances on all graphs of four nodes, alone and of three copies each, are those of a plain search") {
  for (unsigned number = 0; const graph::Digraph& digraph : tests::all_digraphs(4)) {
    CAPTURE(number);
    const AttackGraph graph = tests::attack_graph_of(digraph);
    check_distances({graph}, {0});
    check_distances({graph, true}, {0, 1});
    const AttackGraph shared = tests::copies_of(digraph, 3).shared();
    check_distances({shared}, {0});
    std::mt19937 random(static_cast<unsigned>(digraph.arc_count()));
    check_distances({shared, false, random_choice(random, shared)}, {0, 1});
    ++number;
  }
}

TEST_CASE("distances with conditions are those of a plain search forwards by the actor at hand") {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const auto nodes = static_cast<NodeId>(2 + random() % 13);
    const tests::Statements stated =
        tests::random_statements(random, nodes, 1 + random() % (std::size_t{3} * nodes));
    const std::set<NodeId> targets = {static_cast<NodeId>(random() % nodes),
                                      static_cast<NodeId>(random() % nodes)};
    for (const AttackGraph& graph : {stated.shared(), stated.flat()}) {
      check_distances({graph}, targets);
      check_distances({graph, true}, targets);
      const std::vector<bool> allowed = random_choice(random, graph);
      check_distances({graph, false, allowed}, targets);
      check_distances({graph, true, allowed}, targets);
    }
  }
}

TEST_CASE("several paths of one source are the shortest of all ways that there are") {
  for (unsigned seed = 0; seed < 1000; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const auto nodes = static_cast<NodeId>(3 + random() % 6);
    const tests::Statements stated =
        tests::random_statements(random, nodes, 1 + random() % (std::size_t{2} * nodes));
    const std::set<NodeId> targets = {0, static_cast<NodeId>(random() % nodes)};
    const std::size_t count = 2 + random() % 6;
    for (const AttackGraph& graph : {stated.shared(), stated.flat()}) {
      const std::vector<bool> allowed = random_choice(random, graph);
      for (NodeId n = 0; n < nodes; ++n) {
        CAPTURE(n);
        check_paths({graph}, n, targets, count);
        check_paths({graph, true}, n, targets, count);
        check_paths({graph, true, allowed}, n, targets, count);
      }
    }
  }
}

TEST_CASE(
    "a condition excludes whose token holds one of its groups, and joined ones exclude whom either does") {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const AttackGraph graph = tests::random_attack_graph(random, 12, 40);
    const PlainSearch plain(graph);
    Exclusions exclusions(graph);
    const auto excludes = [&](graph::ConditionId condition, NodeId actor) {
      const auto groups = graph.excluded(condition);
      return std::any_of(groups.begin(), groups.end(),
                         [&](NodeId group) { return (plain.token(actor) & PlainSearch::bit(group)) != 0; });
    };
    for (graph::ConditionId a = 0; a < graph.condition_count(); ++a) {
      for (graph::ConditionId b = 0; b < graph.condition_count(); ++b) {
        const graph::ConditionId both = exclusions.join(a, b);
        REQUIRE(exclusions.join(b, a) == both);
        for (NodeId n = 0; n < graph.node_count(); ++n) {
          REQUIRE(exclusions.excludes(a, n) == excludes(a, n));
          REQUIRE(exclusions.excludes(both, n) == (excludes(a, n) || excludes(b, n)));
        }
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
