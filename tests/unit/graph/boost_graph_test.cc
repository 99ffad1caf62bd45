#include "core/graph/boost_graph.h"

#include <doctest/doctest.h>
#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/graph_concepts.hpp>
#include <boost/graph/reverse_graph.hpp>

#include <random>

#include "core/graph/graph_builder.h"
#include "queries/search.h"

namespace tierline::graph {
namespace {

BOOST_CONCEPT_ASSERT((boost::BidirectionalGraphConcept<AttackGraph>));
BOOST_CONCEPT_ASSERT((boost::VertexListGraphConcept<AttackGraph>));
BOOST_CONCEPT_ASSERT((boost::EdgeListGraphConcept<AttackGraph>));

Node named(std::string id) {
  Node node;
  node.name = id;
  node.id = std::move(id);
  return node;
}

std::uint32_t below(std::mt19937& random, std::uint32_t limit) {
  return static_cast<std::uint32_t>(random() % limit);
}

AttackGraph random_graph(std::mt19937& random, std::uint32_t nodes, std::uint32_t edges) {
  GraphBuilder builder;
  for (std::uint32_t n = 0; n < nodes; ++n) builder.add_node(named(std::to_string(n)));
  for (std::uint32_t e = 0; e < edges; ++e) {
    builder.add_edge(
        {.source = below(random, nodes),
         .target = below(random, nodes),
         .kind = below(random, 2) == 0 ? knowledge::EdgeKind::MemberOf : knowledge::EdgeKind::GenericAll,
         .traversable = true},
        {.item = below(random, 3)});
  }
  return builder.finish();
}

TEST_CASE("both directions hold the same edges, and each kind between two nodes once") {
  std::mt19937 random(5);
  const AttackGraph graph = random_graph(random, 20, 300);
  std::size_t seen = 0;
  for (NodeId n = 0; n < graph.node_count(); ++n) {
    for (auto [it, end] = in_edges(n, graph); it != end; ++it, ++seen) CHECK(target(*it, graph) == n);
    for (auto [it, end] = out_edges(n, graph); it != end; ++it) CHECK(source(*it, graph) == n);
  }
  CHECK(seen == num_edges(graph));
  for (EdgeId e = 0; e < graph.edge_count(); ++e) {
    const Edge& edge = graph.edge(e);
    CHECK(graph.find_edge(edge.source, edge.target, edge.kind) == e);
    CHECK(edge.source != edge.target);
  }
}

TEST_CASE("Boost's own search over the reversed graph finds the same distances") {
  std::mt19937 random(17);
  for (int round = 0; round < 50; ++round) {
    const AttackGraph graph = random_graph(random, 30, 45);
    const NodeId target_node = below(random, 30);
    std::vector<std::uint32_t> distance(graph.node_count(), queries::kUnreachable);
    distance[target_node] = 0;
    const auto reversed = boost::make_reverse_graph(graph);
    const auto record =
        boost::make_bfs_visitor(boost::record_distances(distance.data(), boost::on_tree_edge()));
    std::vector<boost::default_color_type> colors(graph.node_count());
    boost::breadth_first_search(reversed, target_node,
                                boost::visitor(record).color_map(boost::make_iterator_property_map(
                                    colors.begin(), boost::identity_property_map())));
    const queries::DistanceField field(graph, {target_node});
    for (NodeId n = 0; n < graph.node_count(); ++n) CHECK(field.hops(n) == distance[n]);
  }
}

TEST_CASE("edges that agree are merged: all evidence, the strongest claim, no caveat that one is free of") {
  using knowledge::Caveat;
  GraphBuilder builder;
  const NodeId a = builder.add_node(named("a"));
  const NodeId b = builder.add_node(named("b"));
  const NodeId c = builder.add_node(named("c"));
  const ConditionId no_c = builder.condition({c});
  CHECK(builder.condition({c}) == no_c);
  CHECK(builder.condition({}) == 0);
  const Edge edge{.source = a, .target = b, .kind = knowledge::EdgeKind::GenericAll, .traversable = true};
  Edge excluded = edge;
  excluded.condition = no_c;
  excluded.caveats = Caveat::ConditionalAce;
  builder.add_edge(excluded, {.item = 1});
  builder.add_edge(edge, {.item = 2});
  builder.add_edge(edge, {.item = 2});
  Edge weak = edge;
  weak.traversable = false;
  builder.add_edge(weak, {.item = 3});
  const AttackGraph graph = builder.finish();
  REQUIRE(graph.edge_count() == 1);
  CHECK(graph.edge(0).traversable);
  CHECK(graph.edge(0).condition == 0);
  CHECK(graph.edge(0).caveats.bits() == 0);
  CHECK(graph.evidence(0).size() == 3);
}

}  // namespace
}  // namespace tierline::graph
