#pragma once

// Small attack graphs to hold queries to, and the search that nobody can get wrong.

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/graph/graph_builder.h"
#include "tests/support/digraphs.h"

namespace tierline::tests {

/// Of the special identities, the odd nodes stand for those that every logon has. The number of a node's object is another
/// than its own.
inline graph::NodeId add_numbered_node(graph::GraphBuilder& builder, graph::NodeId n) {
  const std::string name = std::to_string(n);
  graph::Node node;
  node.id = node.name = name;
  node.object = 1000 + n;
  if (n % 2 == 1) node.sid = *directory::Sid::parse("S-1-5-2");
  return builder.add_node(node);
}

/// What a builder is told, kept, so that a graph can be made of it twice: with what objects share stored once, and flat, with
/// every edge by itself.
class Statements {
 public:
  struct Statement {
    graph::Edge edge = {};  ///< its target counts unless it has a bundle
    std::optional<graph::BundleId> bundle = {};
    std::vector<graph::NodeId> excluded = {};
    std::vector<std::vector<graph::Evidence>> parts = {};  ///< one piece of one part, unless it is joint
    bool is_joint = false;
  };

  explicit Statements(graph::NodeId nodes) : nodes_(nodes) {}

  graph::NodeId node_count() const { return nodes_; }
  const std::vector<Statement>& all() const { return all_; }

  graph::BundleId add_bundle(graph::BundleSort sort, std::vector<graph::NodeId> members) {
    bundles_.push_back({sort, std::move(members)});
    return static_cast<graph::BundleId>(bundles_.size() - 1);
  }
  void add(Statement statement) { all_.push_back(std::move(statement)); }

  /// The nodes that a statement speaks of.
  std::vector<graph::NodeId> targets(const Statement& statement) const {
    std::vector<graph::NodeId> found = {statement.edge.target};
    if (statement.bundle) found = bundles_[*statement.bundle].members;
    std::erase(found, statement.edge.source);
    return found;
  }
  static graph::Evidence evidence_at(graph::Evidence evidence, graph::NodeId target) {
    if (evidence.object == graph::Evidence::kEach) evidence.object = 1000 + target;
    return evidence;
  }

  graph::AttackGraph shared() const { return build(true); }
  graph::AttackGraph flat() const { return build(false); }

 private:
  struct Bundle {
    graph::BundleSort sort;
    std::vector<graph::NodeId> members;
  };

  graph::AttackGraph build(bool shares) const {
    graph::GraphBuilder builder;
    for (graph::NodeId n = 0; n < nodes_; ++n) add_numbered_node(builder, n);
    for (const Bundle& bundle : bundles_) {
      if (!shares) continue;
      const graph::BundleId id = builder.add_bundle();
      for (const graph::NodeId member : bundle.members) builder.put(bundle.sort, id, member);
    }
    for (const Statement& statement : all_) {
      graph::Edge edge = statement.edge;
      edge.condition = builder.condition(statement.excluded);
      if (shares && statement.bundle) {
        if (statement.is_joint) {
          builder.add_shared_joint_edge(edge, *statement.bundle, statement.parts);
        } else {
          builder.add_shared_edge(edge, *statement.bundle, statement.parts[0][0]);
        }
        continue;
      }
      for (const graph::NodeId target : targets(statement)) {
        edge.target = target;
        auto parts = statement.parts;
        for (auto& part : parts) {
          for (graph::Evidence& evidence : part) evidence = evidence_at(evidence, target);
        }
        if (statement.is_joint) {
          builder.add_joint_edge(edge, parts);
        } else {
          builder.add_edge(edge, parts[0][0]);
        }
      }
    }
    return builder.finish();
  }

  graph::NodeId nodes_;
  std::vector<Bundle> bundles_;
  std::vector<Statement> all_;
};

/// Which statements random_statements() makes.
struct StatedKinds {
  bool with_conditions = true;
  bool with_weak_edges = true;  ///< that lead nowhere
};

/// Memberships, rights, additions of oneself, identities, policies and replicated passwords, to single nodes and to bundles of
/// every sort; among them edges that say the same as one into a bundle, and bundles with a right on themselves.
inline Statements random_statements(std::mt19937& random, graph::NodeId nodes, std::size_t statements,
                                    StatedKinds kinds = {}) {
  using graph::BundleSort;
  using knowledge::EdgeKind;
  const auto below = [&](std::size_t limit) { return static_cast<std::uint32_t>(random() % limit); };
  Statements stated(nodes);
  std::vector<std::pair<BundleSort, graph::BundleId>> bundles;
  for (const BundleSort sort : {BundleSort::Rights, BundleSort::Policies, BundleSort::Secrets}) {
    const std::uint32_t count = below(sort == BundleSort::Rights ? 4 : 2);
    std::vector<std::vector<graph::NodeId>> members(count + 1);  // the last ones are in none
    for (graph::NodeId n = 0; n < nodes; ++n) members[below(count + 1)].push_back(n);
    for (std::uint32_t b = 0; b < count; ++b) bundles.emplace_back(sort, stated.add_bundle(sort, members[b]));
  }
  for (std::size_t s = 0; s < statements; ++s) {
    Statements::Statement statement;
    statement.edge = {.source = below(nodes), .target = below(nodes), .traversable = true};
    if (kinds.with_weak_edges) statement.edge.traversable = below(5) != 0;
    if (below(4) == 0) statement.edge.caveats = knowledge::Caveat::ConditionalAce;
    // What is shared has kinds of its own in each sort; about one statement in three is of a single node all the same.
    BundleSort sort = BundleSort::Rights;
    if (!bundles.empty() && below(3) != 0) {
      const auto& [chosen, bundle] = bundles[below(bundles.size())];
      sort = chosen;
      statement.bundle = bundle;
    } else {
      sort = std::array{BundleSort::Rights, BundleSort::Rights, BundleSort::Policies,
                        BundleSort::Secrets}[below(4)];
    }
    graph::Evidence evidence{.kind = graph::Evidence::Kind::Ace, .item = static_cast<std::uint32_t>(s)};
    evidence.object = statement.bundle ? graph::Evidence::kEach : 1000 + statement.edge.target;
    statement.parts = {{evidence}};
    if (sort == BundleSort::Rights) {
      constexpr std::array kRights = {EdgeKind::GenericAll, EdgeKind::GenericAll, EdgeKind::WriteDacl,
                                      EdgeKind::AddSelf};
      constexpr std::array kOthers = {EdgeKind::MemberOf, EdgeKind::MemberOf, EdgeKind::HasSIDHistory,
                                      EdgeKind::ClaimSpecialIdentity};
      const bool is_right = statement.bundle || below(2) == 0;
      statement.edge.kind = is_right ? kRights[below(4)] : kOthers[below(4)];
      if (is_right && kinds.with_conditions && below(3) == 0) {
        statement.excluded.push_back(below(nodes));
        if (below(3) == 0) statement.excluded.push_back(below(nodes));
      }
    } else if (sort == BundleSort::Policies) {
      statement.edge.kind = EdgeKind::CanApplyGPO;
      statement.parts[0][0].object = 1000 + below(nodes);  // of the policy, the same for all
    } else {
      statement.edge.kind = EdgeKind::SyncLAPSPassword;
      statement.is_joint = true;
      statement.parts.clear();
      for (std::uint32_t part = 0, parts = below(4) == 0 ? 1 : 2; part < parts; ++part) {
        auto& pieces = statement.parts.emplace_back();
        for (std::uint32_t piece = 0; piece < 1 + below(2); ++piece)
          pieces.push_back({.kind = graph::Evidence::Kind::Ace, .object = 999, .item = part * 4 + below(4)});
      }
    }
    stated.add(std::move(statement));
  }
  return stated;
}

inline graph::AttackGraph random_attack_graph(std::mt19937& random, std::uint32_t nodes,
                                              std::uint32_t edges) {
  return random_statements(random, nodes, edges).shared();
}

inline graph::AttackGraph attack_graph_of(const graph::Digraph& digraph) {
  graph::GraphBuilder builder;
  for (graph::NodeId n = 0; n < digraph.vertex_count(); ++n) add_numbered_node(builder, n);
  for (graph::NodeId n = 0; n < digraph.vertex_count(); ++n) {
    for (const graph::NodeId target : digraph.successors(n)) {
      builder.add_edge(
          {.source = n, .target = target, .kind = knowledge::EdgeKind::GenericAll, .traversable = true}, {});
    }
  }
  return builder.finish();
}

/// A digraph in which each vertex stands so many times: vertex v is the nodes v * copies and on. What leads to it leads to
/// all of them, which is stored once.
inline Statements copies_of(const graph::Digraph& digraph, graph::NodeId copies) {
  const auto vertices = static_cast<graph::NodeId>(digraph.vertex_count());
  Statements stated(vertices * copies);
  for (graph::NodeId v = 0; v < vertices; ++v) {
    std::vector<graph::NodeId> members;
    for (graph::NodeId c = 0; c < copies; ++c) members.push_back(v * copies + c);
    stated.add_bundle(graph::BundleSort::Rights, members);
  }
  for (graph::NodeId v = 0; v < vertices; ++v) {
    for (const graph::NodeId target : digraph.successors(v)) {
      for (graph::NodeId c = 0; c < copies; ++c) {
        stated.add(
            {.edge = {.source = v * copies + c, .kind = knowledge::EdgeKind::GenericAll, .traversable = true},
             .bundle = target,
             .parts = {{{.object = graph::Evidence::kEach}}}});
      }
    }
  }
  return stated;
}

inline constexpr std::uint32_t kNone = 0xFFFFFFFF;

/// Searched forwards state by state: where one is, and which groups are in the token of who acts there. Slow and plain, and
/// for no more than 64 nodes.
class PlainSearch {
 public:
  using Token = std::uint64_t;
  struct State {
    graph::NodeId place = 0;
    Token token = 0;
    friend auto operator<=>(const State&, const State&) = default;
  };

  explicit PlainSearch(const graph::AttackGraph& graph)
      : out_(graph.node_count()), tokens_(graph.node_count()) {
    for (graph::EdgeId e = 0; e < graph.edge_count(); ++e) {
      const graph::Edge edge = graph.edge(e);
      Token excluded = 0;
      for (const graph::NodeId group : graph.excluded(edge.condition)) excluded |= bit(group);
      // Of the identities that come with the way of logging on, every logon over the network has these two.
      const std::string sid = graph.node(edge.target).sid.to_string();
      const bool is_choice =
          edge.kind == knowledge::EdgeKind::ClaimSpecialIdentity && sid != "S-1-5-2" && sid != "S-1-5-15";
      out_[edge.source].push_back(
          {e, edge, excluded, edge.traversable && is_membership(edge.kind) && !is_choice});
    }
    for (graph::NodeId n = 0; n < graph.node_count(); ++n) tokens_[n] = find_token(n);
  }

  /// What surely is in the token of a node by itself.
  Token token(graph::NodeId node) const { return tokens_[node]; }
  static Token bit(graph::NodeId node) { return Token{1} << node; }

  /// What comes of passing an edge from its source; nothing when it leads nowhere or excludes the actor.
  std::optional<State> pass(const State& state, graph::EdgeId e) const {
    for (const Way& way : out_[state.place]) {
      if (way.id == e) return pass(state, way);
    }
    return std::nullopt;
  }

  /// Hops to the nearest target, or what `weight_of` says of the edges. Edges that `is_closed` names are no way, but count in
  /// tokens. kNone when there is no way.
  std::uint32_t hops(
      graph::NodeId from, const std::set<graph::NodeId>& targets,
      const std::function<bool(graph::EdgeId)>& is_closed = [](graph::EdgeId) { return false; },
      const std::function<std::uint32_t(graph::EdgeId)>& weight_of = [](graph::EdgeId) { return 1u; }) const {
    std::set<State> seen;
    std::multimap<std::uint32_t, State> queue = {{0, {from, tokens_[from]}}};
    while (!queue.empty()) {
      const auto [length, state] = *queue.begin();
      queue.erase(queue.begin());
      if (!seen.insert(state).second) continue;
      if (targets.contains(state.place)) return length;
      for (const Way& way : out_[state.place]) {
        if (is_closed(way.id)) continue;
        const std::optional<State> next = pass(state, way);
        if (next && !seen.contains(*next)) queue.emplace(length + weight_of(way.id), *next);
      }
    }
    return kNone;
  }

  /// Of every way to the targets that visits no node twice and passes no target, the nodes after `from`, and the least length
  /// of the edges between them.
  std::map<std::vector<graph::NodeId>, std::uint32_t> ways(
      graph::NodeId from, const std::set<graph::NodeId>& targets,
      const std::function<bool(graph::EdgeId)>& is_closed,
      const std::function<std::uint32_t(graph::EdgeId)>& weight_of) const {
    std::map<std::vector<graph::NodeId>, std::uint32_t> found;
    std::vector<graph::NodeId> nodes;
    const std::function<void(const State&, Token, std::uint32_t)> go = [&](const State& state, Token visited,
                                                                           std::uint32_t length) {
      if (targets.contains(state.place)) {
        const auto [way, added] = found.emplace(nodes, length);
        if (!added) way->second = std::min(way->second, length);
        return;
      }
      for (const Way& way : out_[state.place]) {
        if (is_closed(way.id) || (visited & bit(way.edge.target)) != 0) continue;
        const std::optional<State> next = pass(state, way);
        if (!next) continue;
        nodes.push_back(next->place);
        go(*next, visited | bit(next->place), length + weight_of(way.id));
        nodes.pop_back();
      }
    };
    go({from, tokens_[from]}, bit(from), 0);
    return found;
  }

 private:
  struct Way {
    graph::EdgeId id;
    graph::Edge edge;
    Token excluded;
    bool is_sure;  ///< whoever is at the source has the target in the token, however the logon went
  };

  std::optional<State> pass(const State& state, const Way& way) const {
    if (!way.edge.traversable || (way.excluded & state.token) != 0) return std::nullopt;
    const Token own = tokens_[way.edge.target];
    const bool is_same_actor = is_membership(way.edge.kind) || way.edge.kind == knowledge::EdgeKind::AddSelf;
    return State{way.edge.target, is_same_actor ? state.token | own : own};
  }

  static bool is_membership(knowledge::EdgeKind kind) {
    using knowledge::EdgeKind;
    return kind == EdgeKind::MemberOf || kind == EdgeKind::HasSIDHistory ||
           kind == EdgeKind::ClaimSpecialIdentity;
  }

  Token find_token(graph::NodeId actor) const {
    Token groups = bit(actor);
    std::vector<graph::NodeId> queue = {actor};
    for (std::size_t next = 0; next < queue.size(); ++next) {
      for (const Way& way : out_[queue[next]]) {
        if (!way.is_sure || (groups & bit(way.edge.target)) != 0) continue;
        groups |= bit(way.edge.target);
        queue.push_back(way.edge.target);
      }
    }
    return groups;
  }

  std::vector<std::vector<Way>> out_;
  std::vector<Token> tokens_;
};

/// Whether someone can go this way, all conditions met.
inline bool is_way(const PlainSearch& plain, graph::NodeId from, const std::vector<graph::EdgeId>& path,
                   const std::set<graph::NodeId>& targets) {
  PlainSearch::State state{from, plain.token(from)};
  for (const graph::EdgeId e : path) {
    const auto next = plain.pass(state, e);
    if (!next) return false;
    state = *next;
  }
  return targets.contains(state.place);
}

}  // namespace tierline::tests
