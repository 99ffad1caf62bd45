#include "queries/edge_changes.h"

#include <algorithm>
#include <bitset>
#include <boost/unordered/unordered_flat_map.hpp>
#include <tuple>
#include <utility>

#include "core/base/hash.h"

namespace tierline::queries {
namespace {

using graph::ArcId;
using graph::AttackGraph;
using graph::EdgeId;
using graph::kNoNode;
using graph::NodeId;
using graph::VertexId;
using knowledge::EdgeKind;

enum class Strength : std::uint8_t { LeadsNowhere, Conditional, Free };

/// Which edges count, and what of them beside their ends and kind.
enum class Compared : std::uint8_t {
  Strengths,    ///< all edges, and how strong they are
  Traversable,  ///< traversable edges, which are all alike
};

/// One side's arc out of a node, told in the vertices of the new graph.
struct Arc {
  EdgeKind kind;
  Strength strength;
  VertexId head;  ///< kNoNode when the new graph has no such vertex
  ArcId arc;

  std::tuple<EdgeKind, VertexId> key() const { return {kind, head}; }
};

/// An edge that is to be looked at by itself.
struct SingleEdge {
  EdgeKind kind;
  Strength strength;
  NodeId target;  ///< of the new graph
  EdgeId edge;

  std::tuple<EdgeKind, NodeId> key() const { return {kind, target}; }
};

class EdgeComparison {
 public:
  EdgeComparison(const AttackGraph& before, const AttackGraph& after, std::span<const NodeId> counterpart,
                 Compared compared)
      : old_(before),
        new_(after),
        compared_(compared),
        counterpart_(counterpart.begin(), counterpart.end()) {}

  EdgeChanges run() {
    match_bundles();
    std::vector<bool> is_matched(new_.node_count(), false);
    for (NodeId node = 0; node < old_.node_count(); ++node) {
      if (counterpart_[node] == kNoNode) {
        add_all(old_, node, changes_.closed);
      } else {
        is_matched[counterpart_[node]] = true;
        compare_arcs(node, counterpart_[node]);
      }
    }
    for (NodeId node = 0; node < new_.node_count(); ++node) {
      if (!is_matched[node]) add_all(new_, node, changes_.opened);
    }
    std::sort(changes_.opened.begin(), changes_.opened.end());
    std::sort(changes_.closed.begin(), changes_.closed.end());
    return std::move(changes_);
  }

 private:
  /// What only one of two bundles has that are taken for the same.
  struct BundleChange {
    std::vector<NodeId> gone;  ///< of the old graph
    std::vector<NodeId> come;  ///< of the new graph
  };

  using Kinds = std::bitset<256>;
  static Kinds kinds_into(const AttackGraph& graph, VertexId bundle) {
    Kinds kinds;
    for (const ArcId arc : graph.in_arcs(bundle)) kinds.set(static_cast<std::size_t>(graph.trait(arc).kind));
    return kinds;
  }

  // A bundle is taken for the one that has most of its nodes and gets some edges of the same kinds. Which one it is taken
  // for decides how much is looked at one by one, not what comes of it.
  void match_bundles() {
    std::vector<Kinds> kinds;
    for (VertexId bundle = first_bundle(new_); bundle < new_.vertex_count(); ++bundle) {
      kinds.push_back(kinds_into(new_, bundle));
    }
    std::vector<std::uint32_t> shared(new_.bundle_count(), 0);
    std::vector<bool> is_taken(new_.bundle_count(), false);
    std::vector<VertexId> candidates;
    for (VertexId bundle = first_bundle(old_); bundle < old_.vertex_count(); ++bundle) {
      candidates.clear();
      for (const NodeId node : old_.members(bundle)) {
        if (counterpart_[node] == kNoNode) continue;
        for (const VertexId other : new_.bundles_of(counterpart_[node])) {
          if (shared[other - first_bundle(new_)]++ == 0) candidates.push_back(other);
        }
      }
      const Kinds wanted = kinds_into(old_, bundle);
      VertexId best = kNoNode;
      std::uint32_t most = 0;
      for (const VertexId candidate : candidates) {
        const std::size_t place = candidate - first_bundle(new_);
        if (!is_taken[place] && shared[place] > most && (kinds[place] & wanted).any()) {
          best = candidate;
          most = shared[place];
        }
        shared[place] = 0;
      }
      counterpart_.push_back(best);
      bundle_changes_.emplace_back();
      if (best == kNoNode) continue;
      is_taken[best - first_bundle(new_)] = true;
      compare_members(bundle, best, bundle_changes_.back());
    }
  }

  static VertexId first_bundle(const AttackGraph& graph) { return static_cast<VertexId>(graph.node_count()); }

  void compare_members(VertexId before, VertexId after, BundleChange& change) const {
    const auto come = new_.members(after);
    const auto is_in = [](std::span<const NodeId> nodes, NodeId node) {
      return std::binary_search(nodes.begin(), nodes.end(), node);
    };
    std::vector<NodeId> stayed;
    for (const NodeId node : old_.members(before)) {
      if (counterpart_[node] != kNoNode && is_in(come, counterpart_[node])) {
        stayed.push_back(counterpart_[node]);
      } else {
        change.gone.push_back(node);
      }
    }
    std::sort(stayed.begin(), stayed.end());
    for (const NodeId node : come) {
      if (!is_in(stayed, node)) change.come.push_back(node);
    }
  }

  Strength strength_of(const AttackGraph::Trait& trait) const {
    if (!trait.traversable) return Strength::LeadsNowhere;
    return trait.condition == 0 || compared_ == Compared::Traversable ? Strength::Free
                                                                      : Strength::Conditional;
  }

  // All edges out of a node that the other side does not have.
  void add_all(const AttackGraph& graph, NodeId node, std::vector<EdgeId>& edges) const {
    for (EdgeId e = graph.first_out_edge(node); e < graph.first_out_edge(node + 1); ++e) {
      if (compared_ == Compared::Strengths || graph.edge(e).traversable) edges.push_back(e);
    }
  }

  // The arcs that count, in order of their keys; `vertex_of` tells a head in the vertices of the new graph.
  template <class VertexOf>
  void list_arcs(const AttackGraph& graph, NodeId node, const VertexOf& vertex_of,
                 std::vector<Arc>& arcs) const {
    arcs.clear();
    for (ArcId arc = graph.first_out_arc(node); arc < graph.first_out_arc(node + 1); ++arc) {
      const AttackGraph::Trait& trait = graph.trait(arc);
      if (compared_ == Compared::Traversable && !trait.traversable) continue;
      arcs.push_back({trait.kind, strength_of(trait), vertex_of(graph.head(arc)), arc});
    }
    const auto by_key = [](const Arc& a, const Arc& b) { return a.key() < b.key(); };
    if (!std::is_sorted(arcs.begin(), arcs.end(), by_key)) std::sort(arcs.begin(), arcs.end(), by_key);
  }

  void compare_arcs(NodeId before, NodeId after) {
    const auto counterpart = [&](VertexId head) { return counterpart_[head]; };
    const auto itself = [](VertexId head) { return head; };
    list_arcs(old_, before, counterpart, old_arcs_);
    list_arcs(new_, after, itself, new_arcs_);
    old_singles_.clear();
    new_singles_.clear();
    auto o = old_arcs_.begin();
    auto n = new_arcs_.begin();
    while (o != old_arcs_.end() || n != new_arcs_.end()) {
      if (n == new_arcs_.end() || (o != old_arcs_.end() && o->key() < n->key())) {
        take_apart_old(*o++);
      } else if (o == old_arcs_.end() || n->key() < o->key()) {
        take_apart_new(*n++);
      } else {
        compare_same(*o++, *n++);
      }
    }
    compare_singles();
  }

  void compare_same(const Arc& before, const Arc& after) {
    if (new_.is_node(after.head)) {
      add_if_other(before.strength, old_.id_of(before.arc), after.strength, new_.id_of(after.arc));
    } else if (before.strength != after.strength) {
      take_apart_old(before);
      take_apart_new(after);
    } else {
      const BundleChange& change = bundle_changes_[old_.head(before.arc) - first_bundle(old_)];
      for (const NodeId node : change.gone) add_old(before, node);
      for (const NodeId node : change.come) add_new(after, node);
    }
  }

  void take_apart_old(const Arc& arc) {
    const VertexId head = old_.head(arc.arc);
    if (old_.is_node(head)) {
      add_old(arc, head);
    } else {
      for (const NodeId node : old_.members(head)) add_old(arc, node);
    }
  }

  void take_apart_new(const Arc& arc) {
    if (new_.is_node(arc.head)) {
      add_new(arc, arc.head);
    } else {
      for (const NodeId node : new_.members(arc.head)) add_new(arc, node);
    }
  }

  void add_old(const Arc& arc, NodeId target) {
    const EdgeId edge = old_.edge_to(arc.arc, target);
    if (counterpart_[target] == kNoNode) {
      changes_.closed.push_back(edge);
    } else {
      old_singles_.push_back({arc.kind, arc.strength, counterpart_[target], edge});
    }
  }

  void add_new(const Arc& arc, NodeId target) {
    new_singles_.push_back({arc.kind, arc.strength, target, new_.edge_to(arc.arc, target)});
  }

  void compare_singles() {
    const auto by_key = [](const SingleEdge& a, const SingleEdge& b) { return a.key() < b.key(); };
    std::sort(old_singles_.begin(), old_singles_.end(), by_key);
    std::sort(new_singles_.begin(), new_singles_.end(), by_key);
    auto o = old_singles_.begin();
    auto n = new_singles_.begin();
    while (o != old_singles_.end() || n != new_singles_.end()) {
      if (n == new_singles_.end() || (o != old_singles_.end() && o->key() < n->key())) {
        changes_.closed.push_back(o++->edge);
      } else if (o == old_singles_.end() || n->key() < o->key()) {
        changes_.opened.push_back(n++->edge);
      } else {
        add_if_other(o->strength, o->edge, n->strength, n->edge);
        ++o;
        ++n;
      }
    }
  }

  void add_if_other(Strength before, EdgeId old_edge, Strength after, EdgeId new_edge) {
    if (after > before) changes_.opened.push_back(new_edge);
    if (after < before) changes_.closed.push_back(old_edge);
  }

  const AttackGraph& old_;
  const AttackGraph& new_;
  Compared compared_;
  std::vector<VertexId> counterpart_;         ///< by vertex of the old graph
  std::vector<BundleChange> bundle_changes_;  ///< by bundle of the old graph
  EdgeChanges changes_;
  std::vector<Arc> old_arcs_;
  std::vector<Arc> new_arcs_;
  std::vector<SingleEdge> old_singles_;
  std::vector<SingleEdge> new_singles_;
};

}  // namespace

std::vector<NodeId> same_nodes(const AttackGraph& before, const AttackGraph& after) {
  const graph::NodeTable& old_nodes = before.nodes();
  const graph::NodeTable& new_nodes = after.nodes();
  std::vector<NodeId> same(before.node_count(), kNoNode);
  boost::unordered_flat_map<std::string_view, NodeId, SeededHash> first;
  std::vector<NodeId> next(after.node_count(), kNoNode);
  first.reserve(after.node_count());
  for (auto node = static_cast<NodeId>(after.node_count()); node-- > 0;) {
    const auto [place, is_only] = first.try_emplace(new_nodes.id(node), node);
    if (!is_only) next[node] = std::exchange(place->second, node);
  }
  for (NodeId node = 0; node < before.node_count(); ++node) {
    const auto place = first.find(old_nodes.id(node));
    if (place == first.end() || place->second == kNoNode) continue;
    same[node] = place->second;
    place->second = next[place->second];
  }
  return same;
}

EdgeChanges compare_edges(const AttackGraph& before, const AttackGraph& after,
                          std::span<const NodeId> counterpart) {
  return EdgeComparison(before, after, counterpart, Compared::Strengths).run();
}

EdgeChanges compare_traversable_edges(const AttackGraph& before, const AttackGraph& after,
                                      std::span<const NodeId> counterpart) {
  return EdgeComparison(before, after, counterpart, Compared::Traversable).run();
}

}  // namespace tierline::queries
