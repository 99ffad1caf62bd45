#pragma once

// The attack graph: who can act on what, and why. Immutable once built; nodes and edges are numbered, and
// both directions are stored, as paths are searched backwards from their targets.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/directory/sid.h"
#include "core/knowledge/caveats.h"
#include "core/knowledge/edge_kinds.h"
#include "core/knowledge/node_kinds.h"

namespace tierline::graph {

using NodeId = std::uint32_t;
using EdgeId = std::uint32_t;       ///< edges are in order of source, kind, target
using ConditionId = std::uint32_t;  ///< 0 = none

inline constexpr NodeId kNoNode = 0xFFFFFFFF;
inline constexpr EdgeId kNoEdge = 0xFFFFFFFF;

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
  Kind kind = Kind::Rule;
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
};

std::string_view text_of(Rule rule);

struct Node {
  knowledge::NodeKind kind = knowledge::NodeKind::Base;
  std::optional<bool> enabled = {};       ///< for accounts only
  std::optional<std::uint8_t> tier = {};  ///< 0 for Tier Zero; absent otherwise
  std::uint32_t object = 0xFFFFFFFF;  ///< snapshot::ObjectIndex, 0xFFFFFFFF when no object stands behind it
  directory::Sid sid = {};            ///< empty (count 0) when it has none
  std::string id;                     ///< as BloodHound identifies it
  std::string name;                   ///< NAME@DOMAIN
  std::string domain;                 ///< DNS name in upper case
  std::uint16_t tier_row = 0xFFFF;    ///< the row of the Tier Zero list that it or its group matched
};

struct Edge {
  NodeId source = kNoNode;
  NodeId target = kNoNode;
  knowledge::EdgeKind kind = knowledge::EdgeKind::MemberOf;
  bool traversable = false;
  knowledge::Caveats caveats = {};
  ConditionId condition = 0;
};

class AttackGraph {
 public:
  std::size_t node_count() const { return nodes_.size(); }
  std::size_t edge_count() const { return edges_.size(); }

  const Node& node(NodeId node) const { return nodes_[node]; }
  const Edge& edge(EdgeId edge) const { return edges_[edge]; }
  const std::vector<Node>& nodes() const { return nodes_; }
  std::span<const Edge> edges() const { return edges_; }

  /// Out-edges are consecutive: [first_out_edge(n), first_out_edge(n + 1)).
  EdgeId first_out_edge(NodeId node) const { return out_start_[node]; }
  /// Edges into `node`, ascending.
  std::span<const EdgeId> in_edges(NodeId node) const {
    return std::span(in_edges_).subspan(in_start_[node], in_start_[node + 1] - in_start_[node]);
  }

  std::span<const Evidence> evidence(EdgeId edge) const {
    return std::span(evidence_).subspan(evidence_start_[edge],
                                        evidence_start_[edge + 1] - evidence_start_[edge]);
  }

  /// One way to prove an edge: of each part, which are places in evidence(), one piece must hold.
  using Proof = std::vector<std::vector<std::uint32_t>>;
  /// The proofs of an edge. Without joint ones, each piece of evidence is a proof of its own.
  std::vector<Proof> proofs(EdgeId edge) const;

  /// An edge with a condition holds only for an actor whose token contains none of these nodes: deny
  /// entries stand before the grant. Ascending.
  std::span<const NodeId> excluded(ConditionId condition) const { return conditions_[condition]; }
  std::size_t condition_count() const { return conditions_.size(); }

  /// The edge of this kind between two nodes, or kNoEdge.
  EdgeId find_edge(NodeId source, NodeId target, knowledge::EdgeKind kind) const;

 private:
  friend class GraphBuilder;
  std::vector<Node> nodes_;
  std::vector<Edge> edges_;
  std::vector<EdgeId> out_start_;
  std::vector<EdgeId> in_edges_;
  std::vector<std::uint32_t> in_start_;
  std::vector<Evidence> evidence_;
  std::vector<std::uint32_t> evidence_start_;
  std::unordered_map<EdgeId, std::vector<Proof>> joint_proofs_;
  std::vector<std::vector<NodeId>> conditions_;
};

}  // namespace tierline::graph
