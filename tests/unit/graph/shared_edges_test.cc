#include <doctest/doctest.h>

#include <random>
#include <tuple>

#include "tests/support/attack_graphs.h"

namespace tierline::graph {
namespace {

using knowledge::EdgeKind;
using tests::Statements;

using Identity = std::tuple<NodeId, NodeId, EdgeKind>;

Identity identity_of(const Edge& edge) { return {edge.source, edge.target, edge.kind}; }

bool are_equal(const Edge& a, const Edge& b) {
  return identity_of(a) == identity_of(b) && a.traversable == b.traversable &&
         a.caveats.bits() == b.caveats.bits() && a.condition == b.condition;
}

std::multiset<Evidence> evidence_of(const AttackGraph& graph, EdgeId e) {
  const EvidenceOf evidence = graph.evidence(e);
  return {evidence.begin(), evidence.end()};
}

/// With the evidence itself instead of its place.
std::multiset<std::vector<std::set<Evidence>>> proofs_of(const AttackGraph& graph, EdgeId e) {
  std::multiset<std::vector<std::set<Evidence>>> found;
  for (const AttackGraph::Proof& proof : graph.proofs(e)) {
    std::vector<std::set<Evidence>> parts;
    for (const auto& places : proof) {
      std::set<Evidence>& part = parts.emplace_back();
      for (const std::uint32_t place : places) part.insert(graph.evidence(e)[place]);
    }
    found.insert(std::move(parts));
  }
  return found;
}

/// The edges that come of statements, one by one.
struct PlainEdge {
  std::set<Evidence> evidence;
  /// By whether they lead somewhere, and whom they exclude.
  std::map<std::pair<bool, std::vector<NodeId>>, std::set<std::vector<std::set<Evidence>>>> proofs;
  std::set<std::vector<NodeId>> excluded;  ///< by each statement that leads somewhere
  bool traversable = false;
};

std::map<Identity, PlainEdge> plain_edges(const Statements& stated) {
  std::map<Identity, PlainEdge> edges;
  for (const Statements::Statement& statement : stated.all()) {
    std::vector<NodeId> excluded = statement.excluded;
    std::sort(excluded.begin(), excluded.end());
    excluded.erase(std::unique(excluded.begin(), excluded.end()), excluded.end());
    for (const NodeId target : stated.targets(statement)) {
      PlainEdge& edge = edges[{statement.edge.source, target, statement.edge.kind}];
      std::vector<std::set<Evidence>> parts;
      for (const auto& pieces : statement.parts) {
        std::set<Evidence>& part = parts.emplace_back();
        for (const Evidence& evidence : pieces) part.insert(Statements::evidence_at(evidence, target));
        edge.evidence.insert(part.begin(), part.end());
      }
      auto& proofs = edge.proofs[{statement.edge.traversable, excluded}];
      if (parts.size() > 1) {
        proofs.insert(parts);
      } else {
        for (const Evidence& evidence : parts[0]) proofs.insert({{evidence}});
      }
      if (statement.edge.traversable) edge.excluded.insert(excluded);
      edge.traversable = edge.traversable || statement.edge.traversable;
    }
  }
  return edges;
}

/// That a graph has what was stated and nothing else.
void check_edges(const AttackGraph& graph, const Statements& stated) {
  const std::map<Identity, PlainEdge> plain = plain_edges(stated);
  REQUIRE(graph.edge_count() == plain.size());
  for (EdgeId e = 0; e < graph.edge_count(); ++e) {
    const Edge edge = graph.edge(e);
    const auto found = plain.find(identity_of(edge));
    REQUIRE(found != plain.end());
    REQUIRE(edge.traversable == found->second.traversable);
    const auto evidence = evidence_of(graph, e);
    REQUIRE(evidence ==
            std::multiset<Evidence>(found->second.evidence.begin(), found->second.evidence.end()));
    const std::span<const NodeId> excluded = graph.excluded(edge.condition);
    const auto& full = found->second.proofs.at({edge.traversable, {excluded.begin(), excluded.end()}});
    const auto proofs = proofs_of(graph, e);
    REQUIRE(std::vector(proofs.begin(), proofs.end()) == std::vector(full.begin(), full.end()));
    if (!edge.traversable) continue;
    const std::set<std::vector<NodeId>>& wanted = found->second.excluded;
    REQUIRE(wanted.contains(std::vector<NodeId>(excluded.begin(), excluded.end())));
    if (wanted.contains({})) REQUIRE(edge.condition == 0);
    REQUIRE(edge.caveats.contains(knowledge::Caveat::OtherConditions) ==
            (edge.condition != 0 && wanted.size() > 1));
  }
}

/// What the numbers of edges promise.
void check_numbers(const AttackGraph& graph) {
  std::vector<std::vector<EdgeId>> into(graph.node_count());
  EdgeId e = 0;
  for (const Edge& edge : graph.edges()) {
    REQUIRE(are_equal(edge, graph.edge(e)));
    REQUIRE(graph.first_out_edge(edge.source) <= e);
    REQUIRE(e < graph.first_out_edge(edge.source + 1));
    REQUIRE(graph.find_edge(edge.source, edge.target, edge.kind) == e);
    into[edge.target].push_back(e);
    if (e > graph.first_out_edge(edge.source)) {
      const auto rank = [](const Edge& of) {
        return std::pair(!of.traversable || of.condition != 0, knowledge::out_order(of.kind));
      };
      REQUIRE(rank(graph.edge(e - 1)) <= rank(edge));
    }
    ++e;
  }
  REQUIRE(e == graph.edge_count());
  for (NodeId n = 0; n < graph.node_count(); ++n) REQUIRE(graph.in_edges(n) == into[n]);
}

/// What the stored form promises.
void check_arcs(const AttackGraph& graph) {
  std::vector<std::vector<ArcId>> into(graph.vertex_count());
  std::vector<std::set<VertexId>> bundles(graph.node_count());
  std::vector<ArcId> bound;
  EdgeId next = 0;
  for (VertexId v = 0; v < graph.vertex_count(); ++v) {
    for (ArcId arc = graph.first_out_arc(v); arc < graph.first_out_arc(v + 1); ++arc) {
      into[graph.head(arc)].push_back(arc);
      REQUIRE(graph.is_edge(arc) == graph.is_node(v));
      if (!graph.is_edge(arc)) {
        REQUIRE(graph.is_node(graph.head(arc)));
        REQUIRE(arc < graph.free_out_end(v));
        bundles[graph.head(arc)].insert(v);
        continue;
      }
      REQUIRE(graph.tail(arc) == v);
      const AttackGraph::Trait& trait = graph.trait(arc);
      REQUIRE((arc < graph.free_out_end(v)) == (trait.traversable && trait.condition == 0));
      if (trait.traversable && trait.condition != 0) bound.push_back(arc);
      const VertexId head = graph.head(arc);
      const std::vector<NodeId> ends =
          graph.is_node(head) ? std::vector<NodeId>{head}
                              : std::vector<NodeId>(graph.members(head).begin(), graph.members(head).end());
      REQUIRE(graph.id_of(arc) == next);
      for (const NodeId end : ends) {
        REQUIRE(graph.edge_to(arc, end) == next);
        REQUIRE(graph.arc_of(next) == arc);
        const Edge edge = graph.edge(next++);
        REQUIRE(are_equal(edge, {v, end, trait.kind, trait.traversable,
                                 knowledge::Caveats::from_bits(trait.caveats), trait.condition}));
      }
    }
  }
  REQUIRE(next == graph.edge_count());
  for (VertexId v = 0; v < graph.vertex_count(); ++v) {
    REQUIRE(graph.first_out_arc(v) <= graph.keeping_out_end(v));
    REQUIRE(graph.keeping_out_end(v) <= graph.free_out_end(v));
    for (ArcId arc = graph.first_out_arc(v); arc < graph.free_out_end(v); ++arc) {
      const bool keeps = graph.is_edge(arc) && knowledge::keeps_actor(graph.trait(arc).kind);
      REQUIRE(keeps == (arc < graph.keeping_out_end(v)));
    }
  }
  REQUIRE(std::vector<ArcId>(graph.bound_arcs().begin(), graph.bound_arcs().end()) == bound);
  for (VertexId v = 0; v < graph.vertex_count(); ++v) {
    const auto part_of = [&](ArcId arc) {
      if (!graph.is_edge(arc)) return 1;
      const AttackGraph::Trait& trait = graph.trait(arc);
      if (trait.traversable && trait.condition == 0) return knowledge::puts_in_token(trait.kind) ? 0 : 1;
      return trait.traversable ? 2 : 3;
    };
    std::sort(into[v].begin(), into[v].end(),
              [&](ArcId a, ArcId b) { return std::pair(part_of(a), a) < std::pair(part_of(b), b); });
    REQUIRE(std::vector<ArcId>(graph.in_arcs(v).begin(), graph.in_arcs(v).end()) == into[v]);
    REQUIRE(graph.token_in_count(v) ==
            static_cast<std::size_t>(
                std::count_if(into[v].begin(), into[v].end(), [&](ArcId arc) { return part_of(arc) == 0; })));
    std::size_t free = 0;
    for (std::size_t i = 0; i < into[v].size(); ++i) {
      const VertexId tail = graph.in_tails(v)[i];
      REQUIRE(graph.first_out_arc(tail) <= into[v][i]);
      REQUIRE(into[v][i] < graph.first_out_arc(tail + 1));
      if (part_of(into[v][i]) <= 1) ++free;
    }
    REQUIRE(graph.free_in_count(v) == free);
    if (!graph.is_node(v)) {
      const auto members = graph.members(v);
      REQUIRE(std::adjacent_find(members.begin(), members.end(), std::greater_equal<>()) == members.end());
      continue;
    }
    const auto found = graph.bundles_of(v);
    REQUIRE(std::vector<VertexId>(found.begin(), found.end()) ==
            std::vector<VertexId>(bundles[v].begin(), bundles[v].end()));
  }
}

void check_twins(const AttackGraph& shared, const AttackGraph& flat) {
  REQUIRE(flat.bundle_count() == 0);
  REQUIRE(shared.node_count() == flat.node_count());
  REQUIRE(shared.edge_count() == flat.edge_count());
  REQUIRE(shared.condition_count() == flat.condition_count());
  for (NodeId n = 0; n <= shared.node_count(); ++n)
    REQUIRE(shared.first_out_edge(n) == flat.first_out_edge(n));
  std::set<Identity> there;
  for (EdgeId e = 0; e < shared.edge_count(); ++e) {
    const Edge edge = shared.edge(e);
    const EdgeId twin = flat.find_edge(edge.source, edge.target, edge.kind);
    REQUIRE(twin != kNoEdge);
    REQUIRE(are_equal(edge, flat.edge(twin)));
    REQUIRE(evidence_of(shared, e) == evidence_of(flat, twin));
    REQUIRE(proofs_of(shared, e) == proofs_of(flat, twin));
    there.insert(identity_of(edge));
  }
  for (NodeId source = 0; source < shared.node_count(); ++source) {
    for (NodeId target = 0; target < shared.node_count(); ++target) {
      for (const EdgeKind kind : {EdgeKind::GenericAll, EdgeKind::MemberOf, EdgeKind::SyncLAPSPassword}) {
        if (!there.contains({source, target, kind}))
          REQUIRE(shared.find_edge(source, target, kind) == kNoEdge);
      }
    }
  }
}

void check(const Statements& stated) {
  const AttackGraph shared = stated.shared();
  const AttackGraph flat = stated.flat();
  check_twins(shared, flat);
  for (const AttackGraph* graph : {&shared, &flat}) {
    check_edges(*graph, stated);
    check_numbers(*graph);
    check_arcs(*graph);
  }
}

TEST_CASE(
    "what is stored once for many is the same graph, for all digraphs of four nodes of three copies each") {
  std::size_t bundles = 0;
  for (unsigned number = 0; const Digraph& digraph : tests::all_digraphs(4)) {
    CAPTURE(number);
    const Statements stated = tests::copies_of(digraph, 3);
    check(stated);
    bundles += stated.shared().bundle_count();
    ++number;
  }
  // Each vertex of them that something leads to.
  CHECK(bundles == 4096 * 4 - 4 * 512);
}

TEST_CASE("what is stored once for many is the same graph, for random ones with exceptions of every sort") {
  std::size_t bundles = 0;
  std::size_t joint = 0;
  for (unsigned seed = 0; seed < 3000; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const auto nodes = static_cast<NodeId>(2 + random() % 20);
    const Statements stated =
        tests::random_statements(random, nodes, 1 + random() % (std::size_t{4} * nodes));
    check(stated);
    const AttackGraph graph = stated.shared();
    bundles += graph.bundle_count();
    for (ArcId arc = 0; arc < graph.arc_count(); ++arc) {
      const bool is_fan = graph.is_edge(arc) && !graph.is_node(graph.head(arc));
      if (is_fan && graph.has_joint_proof(arc)) ++joint;
    }
  }
  CHECK(bundles > 2000);
  CHECK(joint > 1000);
}

}  // namespace
}  // namespace tierline::graph
