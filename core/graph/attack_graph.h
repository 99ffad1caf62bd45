#pragma once

// The attack graph: who can act on what, and why. Immutable once built.
//
// Many objects carry the same security descriptor, so the same principals hold the same rights on all of them. Such
// nodes stand in a bundle, and an edge into a bundle is stored once for all of them. Seen from outside there are only
// nodes and edges, numbered: the edges into a bundle's nodes have a number each. Algorithms that look at all of the
// graph run on what is stored: vertices (nodes, then bundles) and arcs (edges between nodes, edges into bundles, and
// from each bundle an arc that is no hop to each of its nodes).

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/graph/column.h"
#include "core/graph/node_table.h"
#include "core/knowledge/caveats.h"
#include "core/knowledge/edge_kinds.h"
#include "core/knowledge/node_kinds.h"

namespace tierline::graph {

using EdgeId = std::uint64_t;       ///< edges are in order of source
using VertexId = std::uint32_t;     ///< a node, or node_count() + a bundle
using ArcId = std::uint32_t;        ///< arcs are in order of their tails
using ConditionId = std::uint32_t;  ///< 0 = none
using BundleId = std::uint32_t;

inline constexpr EdgeId kNoEdge = ~EdgeId{0};
inline constexpr ArcId kNoArcId = 0xFFFFFFFF;

/// Why an edge exists: the fact of the snapshot that it was derived from. Which fields count depends on
/// `kind`; a rule of logon or of the directory itself has no fact behind it but its own text.
struct Evidence {
  enum class Kind : std::uint8_t {
    Ace,        ///< entry `item` of the descriptor of `object`, or of the one in attribute `attribute`
    Owner,      ///< the owner in the descriptor of `object`
    Attribute,  ///< value `item` of `attribute` of `object`
    Tree,       ///< the place of `object` in the tree
    Rule,       ///< entry `item` of the table of rules (rule_texts)
  };
  /// As `object` of edges into a bundle: that of each node.
  static constexpr std::uint32_t kEach = 0xFFFFFFFF;

  Kind kind = Kind::Rule;
  std::uint8_t unused = 0;           ///< which would be anything in a file otherwise
  std::uint16_t attribute = 0xFFFF;  ///< snapshot::AttributeId, 0xFFFF = nTSecurityDescriptor
  std::uint32_t object = 0;          ///< snapshot::ObjectIndex
  std::uint32_t item = 0;

  friend auto operator<=>(const Evidence&, const Evidence&) = default;
};

/// Rules that make an edge without a stored fact.
enum class Rule : std::uint32_t {
  AuthenticatedUsers,
  Everyone,
  EnterpriseDomainControllers,
  AdminSdHolderProtects,
  JoinedReplicationRights,
  AbsentDacl,
  NetworkLogon,
  ChosenLogon,
  EnabledGuest,
  CertificateConditions,
  NoOwnerRights,
};

std::string_view text_of(Rule rule);

struct Edge {
  NodeId source = kNoNode;
  NodeId target = kNoNode;
  knowledge::EdgeKind kind = knowledge::EdgeKind::MemberOf;
  bool traversable = false;
  knowledge::Caveats caveats = {};
  ConditionId condition = 0;
};

/// The evidence of one edge.
class EvidenceOf {
 public:
  class Iterator {
   public:
    using value_type = Evidence;
    using difference_type = std::ptrdiff_t;
    using reference = Evidence;
    using pointer = void;
    using iterator_category = std::input_iterator_tag;
    Iterator() = default;
    Iterator(const EvidenceOf* all, std::size_t place) : all_(all), place_(place) {}
    Evidence operator*() const { return (*all_)[place_]; }
    Iterator& operator++() {
      ++place_;
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++place_;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.place_ == b.place_; }

   private:
    const EvidenceOf* all_ = nullptr;
    std::size_t place_ = 0;
  };

  /// `target` is the object of the edge's end, which Evidence::kEach stands for.
  EvidenceOf(std::span<const Evidence> stored, std::uint32_t target) : stored_(stored), target_(target) {}

  std::size_t size() const { return stored_.size(); }
  bool empty() const { return stored_.empty(); }
  Evidence operator[](std::size_t place) const {
    Evidence found = stored_[place];
    if (found.object == Evidence::kEach) found.object = target_;
    return found;
  }
  Evidence front() const { return (*this)[0]; }
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, size()}; }

 private:
  std::span<const Evidence> stored_;
  std::uint32_t target_;
};

class AttackGraph {
 public:
  // -- nodes and edges -----------------------------------------------------------------------------------------------

  std::size_t node_count() const { return nodes_.size(); }
  EdgeId edge_count() const { return edge_count_; }

  Node node(NodeId node) const { return nodes_[node]; }
  Edge edge(EdgeId edge) const;
  const NodeTable& nodes() const { return nodes_; }

  /// Out-edges are consecutive: [first_out_edge(n), first_out_edge(n + 1)). Those that a search may pass whoever
  /// acts come first, and of them and of the others each kind is in one place, as knowledge::out_order() has it.
  EdgeId first_out_edge(NodeId node) const { return id_of(out_start_[node]); }
  /// Edges into `node`.
  std::vector<EdgeId> in_edges(NodeId node) const;

  EvidenceOf evidence(EdgeId edge) const;

  /// One way to prove an edge: of each part, which are places in evidence(), one piece must hold.
  using Proof = std::vector<std::vector<std::uint32_t>>;
  /// The proofs of an edge, any of which is enough. Without joint ones, each piece of evidence is a proof of its own.
  std::vector<Proof> proofs(EdgeId edge) const;

  /// An edge with a condition holds only for an actor whose token contains none of these nodes: deny
  /// entries stand before the grant. Ascending.
  std::span<const NodeId> excluded(ConditionId condition) const {
    return conditions_.slice(condition_start_[condition], condition_start_[condition + 1]);
  }
  std::size_t condition_count() const { return condition_start_.size() - 1; }

  /// The edge of this kind between two nodes, or kNoEdge.
  EdgeId find_edge(NodeId source, NodeId target, knowledge::EdgeKind kind) const;

  /// All edges, in order of their numbers.
  class Edges {
   public:
    class Iterator;
    explicit Edges(const AttackGraph& graph) : graph_(graph) {}
    Iterator begin() const;
    Iterator end() const;

   private:
    const AttackGraph& graph_;
  };
  Edges edges() const { return Edges(*this); }

  // -- what is stored ------------------------------------------------------------------------------------------------

  std::size_t bundle_count() const { return vertex_count() - node_count(); }
  std::size_t vertex_count() const { return out_start_.size() - 1; }
  std::size_t arc_count() const { return head_.size(); }
  bool is_node(VertexId vertex) const { return vertex < node_count(); }

  /// Arcs that leave a vertex are [first_out_arc(v), first_out_arc(v + 1)); the first of them, up to free_out_end(v),
  /// are free: whoever acts may pass them. The first of these, up to keeping_out_end(v), keep the actor.
  ArcId first_out_arc(VertexId vertex) const { return out_start_[vertex]; }
  ArcId keeping_out_end(VertexId vertex) const { return out_keep_[vertex]; }
  ArcId free_out_end(VertexId vertex) const { return out_free_[vertex]; }
  /// REQUIRES: is_edge(arc).
  NodeId tail(ArcId arc) const { return tail_[arc]; }
  VertexId head(ArcId arc) const { return head_[arc]; }
  std::span<const VertexId> free_heads(VertexId vertex) const {
    return head_.slice(out_start_[vertex], out_free_[vertex]);
  }
  /// The arcs into a vertex and the tail of each: free ones that put into tokens, the other free ones, then those that take
  /// a condition, then those that lead nowhere; ascending in each part.
  std::span<const ArcId> in_arcs(VertexId vertex) const {
    return in_arc_.slice(in_start_[vertex], in_start_[vertex + 1]);
  }
  std::span<const VertexId> in_tails(VertexId vertex) const {
    return in_tail_.slice(in_start_[vertex], in_start_[vertex + 1]);
  }
  std::size_t free_in_count(VertexId vertex) const { return in_free_[vertex] - in_start_[vertex]; }
  std::size_t token_in_count(VertexId vertex) const { return in_token_[vertex] - in_start_[vertex]; }
  std::span<const VertexId> free_tails(VertexId vertex) const {
    return in_tail_.slice(in_start_[vertex], in_free_[vertex]);
  }

  /// The arcs that take a condition.
  std::span<const ArcId> bound_arcs() const { return bound_.span(); }

  /// False for the arc from a bundle to one of its nodes, which is no edge.
  bool is_edge(ArcId arc) const { return arc < trait_.size(); }
  /// What all edges that an arc stands for have in common. REQUIRES: is_edge(arc).
  struct Trait {
    knowledge::EdgeKind kind = knowledge::EdgeKind::MemberOf;
    bool traversable = false;
    std::uint16_t unused = 0;
    std::uint32_t caveats = 0;
    ConditionId condition = 0;

    friend auto operator<=>(const Trait&, const Trait&) = default;
  };
  const Trait& trait(ArcId arc) const { return traits_[trait_[arc]]; }
  /// All traits that there are, and the place of an arc's among them.
  std::span<const Trait> traits() const { return traits_.span(); }
  std::uint32_t trait_place(ArcId arc) const { return trait_[arc]; }

  /// The nodes of a bundle, ascending.
  std::span<const NodeId> members(VertexId bundle) const {
    return head_.slice(out_start_[bundle], out_start_[bundle + 1]);
  }
  /// The bundles that a node is in, as vertices.
  std::span<const VertexId> bundles_of(NodeId node) const;

  /// The first edge that an arc stands for. REQUIRES: is_edge(arc).
  EdgeId id_of(ArcId arc) const;
  /// The edge that an arc stands for that leads to `target`. REQUIRES: there is one.
  EdgeId edge_to(ArcId arc, NodeId target) const;
  /// The arc that an edge is stored in.
  ArcId arc_of(EdgeId edge) const;
  /// The evidence that the edges of an arc share; see EvidenceOf.
  std::span<const Evidence> stored_evidence(ArcId arc) const {
    return evidence_.slice(evidence_start_[arc], evidence_start_[arc + 1]);
  }
  bool has_joint_proof(ArcId arc) const { return joint_proofs_.contains(arc); }

 private:
  friend class Assembly;  // of GraphBuilder
  friend class GraphFile;
  friend class GraphCheck;
  friend class Edges::Iterator;

  NodeTable nodes_;
  EdgeId edge_count_ = 0;
  Column<ArcId> out_start_;
  Column<ArcId> out_free_;
  Column<NodeId> tail_;  ///< of edges alone
  Column<VertexId> head_;
  Column<std::uint32_t> trait_;
  Column<Trait> traits_;
  Column<std::uint32_t> in_start_;
  Column<ArcId> out_keep_;
  Column<std::uint32_t> in_token_;
  Column<std::uint32_t> in_free_;
  Column<VertexId> in_tail_;
  Column<ArcId> in_arc_;
  Column<ArcId> bound_;
  Column<ArcId> fan_arc_;  ///< edges into bundles, ascending
  /// By fan, and once more: how many numbers the fans before it take beyond one each.
  Column<std::uint64_t> fan_skip_;
  Column<std::uint32_t> evidence_start_;
  Column<Evidence> evidence_;
  Column<std::uint32_t> condition_start_;
  Column<NodeId> conditions_;
  /// Of arcs that have a proof of several parts, all proofs.
  boost::unordered_flat_map<ArcId, std::vector<Proof>> joint_proofs_;
};

class AttackGraph::Edges::Iterator {
 public:
  using value_type = Edge;
  using difference_type = std::ptrdiff_t;
  using reference = Edge;
  using pointer = void;
  using iterator_category = std::input_iterator_tag;
  Iterator() = default;
  Iterator(const AttackGraph* graph, EdgeId id, ArcId arc) : graph_(graph), id_(id), arc_(arc) {}
  Edge operator*() const;
  Iterator& operator++();
  Iterator operator++(int) {
    Iterator before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const Iterator& a, const Iterator& b) { return a.id_ == b.id_; }

 private:
  const AttackGraph* graph_ = nullptr;
  EdgeId id_ = 0;
  ArcId arc_ = 0;
  std::uint32_t rank_ = 0;  ///< among the edges of the arc
};

}  // namespace tierline::graph
