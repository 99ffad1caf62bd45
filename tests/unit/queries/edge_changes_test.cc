#include "queries/edge_changes.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/graph/graph_builder.h"

namespace tierline::queries {
namespace {

using graph::AttackGraph;
using graph::BundleSort;
using graph::EdgeId;
using graph::GraphBuilder;
using graph::NodeId;
using knowledge::EdgeKind;

/// Who may do what to whom: rights of nodes on each other, and on all nodes that carry one descriptor.
struct PlainRights {
  struct Right {
    std::string source;
    EdgeKind kind;
    bool traversable;
    std::string excluded;  ///< who may not; empty for nobody
  };
  std::set<std::string> nodes;
  std::map<std::string, int> descriptor_of;
  std::map<std::string, int> policy_of;
  std::map<int, std::vector<Right>> rights_by_descriptor;
  std::map<int, std::vector<Right>> rights_by_policy;
  std::vector<std::pair<std::string, Right>> rights;  ///< on the first

  AttackGraph graph(std::mt19937& random) const {
    GraphBuilder builder;
    std::vector<std::string> order(nodes.begin(), nodes.end());
    // Numbers of nodes and bundles are of no account.
    if (random() % 2 == 0) std::shuffle(order.begin(), order.end(), random);
    std::map<std::string, NodeId> number;
    for (const std::string& name : order) {
      graph::Node node;
      node.id = node.name = name;
      number[name] = builder.add_node(node);
    }
    const auto edge = [&](const Right& right) {
      graph::Edge made{
          .source = number.at(right.source), .kind = right.kind, .traversable = right.traversable};
      if (!right.excluded.empty() && number.contains(right.excluded)) {
        made.condition = builder.condition({number.at(right.excluded)});
      }
      return made;
    };
    const auto share = [&](BundleSort sort, const auto& rights_by, const auto& carried) {
      for (const auto& [key, held] : rights_by) {
        const graph::BundleId bundle = builder.add_bundle();
        for (const auto& [name, key_of_node] : carried) {
          if (key_of_node == key && number.contains(name)) builder.put(sort, bundle, number.at(name));
        }
        for (const Right& right : held) {
          if (number.contains(right.source)) builder.add_shared_edge(edge(right), bundle, {});
        }
      }
    };
    share(BundleSort::Rights, rights_by_descriptor, descriptor_of);
    share(BundleSort::Policies, rights_by_policy, policy_of);
    for (const auto& [target, right] : rights) {
      if (!number.contains(target) || !number.contains(right.source)) continue;
      graph::Edge made = edge(right);
      made.target = number.at(target);
      builder.add_edge(made, {});
    }
    return builder.finish();
  }
};

class Chance {
 public:
  explicit Chance(std::uint32_t seed) : random_(seed) {}
  std::mt19937& engine() { return random_; }
  std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(random_() % limit); }

  PlainRights rights() {
    PlainRights made;
    const std::uint32_t nodes = 4 + below(30);
    for (std::uint32_t i = 0; i < nodes; ++i) add_node(made);
    for (std::uint32_t i = 20 + below(100); i > 0; --i) change(made);
    return made;
  }

  void change(PlainRights& rights) {
    switch (below(8)) {
      case 0:
        add_node(rights);
        break;
      case 1:
        if (rights.nodes.size() > 2) rights.nodes.erase(node(rights));
        break;
      case 2:
        rights.descriptor_of[node(rights)] = descriptor();
        break;
      case 3:
        rights.policy_of[node(rights)] = descriptor();
        break;
      case 4: {
        auto& held = rights.rights_by_descriptor[descriptor()];
        if (!held.empty() && below(3) == 0) {
          held.pop_back();
        } else {
          held.push_back(right(rights, {EdgeKind::GenericAll, EdgeKind::WriteDacl, EdgeKind::GenericWrite}));
        }
        break;
      }
      case 5:
        rights.rights_by_policy[descriptor()].push_back(right(rights, {EdgeKind::CanApplyGPO}));
        break;
      case 6:
        if (!rights.rights.empty()) rights.rights.pop_back();
        break;
      default:
        rights.rights.emplace_back(
            node(rights), right(rights, {EdgeKind::MemberOf, EdgeKind::GenericAll, EdgeKind::CanApplyGPO}));
    }
  }

 private:
  int descriptor() { return static_cast<int>(below(4)); }
  void add_node(PlainRights& rights) {
    const std::string name = "n" + std::to_string(next_++);
    rights.nodes.insert(name);
    if (below(6) != 0) rights.descriptor_of[name] = descriptor();
    if (below(3) != 0) rights.policy_of[name] = descriptor();
  }
  std::string node(const PlainRights& rights) {
    return *std::next(rights.nodes.begin(), below(static_cast<std::uint32_t>(rights.nodes.size())));
  }
  PlainRights::Right right(const PlainRights& rights, std::vector<EdgeKind> kinds) {
    return {node(rights), kinds[below(static_cast<std::uint32_t>(kinds.size()))], below(5) != 0,
            below(4) == 0 ? node(rights) : ""};
  }

  std::mt19937 random_;
  int next_ = 0;
};

/// Every edge by its ends and kind, with how strong it is: 1 when it leads nowhere, 2 with a condition, otherwise 3.
std::map<std::tuple<std::string, std::string, EdgeKind>, std::pair<int, EdgeId>> all_edges(
    const AttackGraph& graph) {
  std::map<std::tuple<std::string, std::string, EdgeKind>, std::pair<int, EdgeId>> edges;
  for (EdgeId e = 0; e < graph.edge_count(); ++e) {
    const graph::Edge edge = graph.edge(e);
    const int strength = edge.traversable ? (edge.condition == 0 ? 3 : 2) : 1;
    edges[{std::string(graph.node(edge.source).id), std::string(graph.node(edge.target).id), edge.kind}] = {
        strength, e};
  }
  return edges;
}

/// The edges of one graph that the other has not, or has weaker, by this measure of strength; 0 is none.
template <class Measure>
std::vector<EdgeId> stronger(const AttackGraph& graph, const AttackGraph& other, const Measure& measure) {
  const auto others = all_edges(other);
  std::set<EdgeId> found;
  for (const auto& [key, edge] : all_edges(graph)) {
    const auto same = others.find(key);
    if (measure(edge.first) > (same == others.end() ? 0 : measure(same->second.first)))
      found.insert(edge.second);
  }
  return {found.begin(), found.end()};
}

TEST_CASE("edges that opened and closed are those of a comparison one by one, with and without bundles") {
  const auto by_strength = [](int strength) { return strength; };
  const auto if_traversable = [](int strength) { return strength > 1 ? 1 : 0; };
  std::size_t bundles = 0;
  std::size_t changes = 0;
  std::size_t traversable_changes = 0;
  for (std::uint32_t seed = 1; seed <= 3000; ++seed) {
    CAPTURE(seed);
    Chance chance(seed);
    PlainRights rights = chance.rights();
    const AttackGraph before = rights.graph(chance.engine());
    for (std::uint32_t i = chance.below(8); i > 0; --i) chance.change(rights);
    const AttackGraph after = rights.graph(chance.engine());
    const std::vector<NodeId> same = same_nodes(before, after);
    const EdgeChanges found = compare_edges(before, after, same);
    REQUIRE(found.opened == stronger(after, before, by_strength));
    REQUIRE(found.closed == stronger(before, after, by_strength));
    const EdgeChanges traversable = compare_traversable_edges(before, after, same);
    REQUIRE(traversable.opened == stronger(after, before, if_traversable));
    REQUIRE(traversable.closed == stronger(before, after, if_traversable));
    bundles += after.bundle_count();
    changes += found.opened.size() + found.closed.size();
    traversable_changes += traversable.opened.size() + traversable.closed.size();
  }
  CHECK(bundles > 4000);
  CHECK(changes > 15'000);
  CHECK(traversable_changes > 10'000);
  CHECK(traversable_changes < changes);
}

TEST_CASE("of nodes with one id each is the first that is left") {
  const auto graph_of = [](std::initializer_list<const char*> ids) {
    GraphBuilder builder;
    for (const char* id : ids) {
      graph::Node node;
      node.id = node.name = id;
      builder.add_node(node);
    }
    return builder.finish();
  };
  CHECK(same_nodes(graph_of({"a", "b", "a", "a"}), graph_of({"c", "a", "b", "a"})) ==
        std::vector<NodeId>{1, 2, 3, graph::kNoNode});
}

}  // namespace
}  // namespace tierline::queries
