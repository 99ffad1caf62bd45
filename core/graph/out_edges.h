#pragma once

// The edges out of nodes, put in order: the part of a graph's columns that is worked out node by node.

#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "core/graph/attack_graph.h"
#include "core/graph/edge_batch.h"

namespace tierline::graph {

/// The edges out of nodes that follow one another, in order: those that are free and keep the actor, the other free ones, the
/// rest. Arcs, traits and evidence are numbered from 0.
struct OutEdges {
  // By node.
  std::vector<ArcId> start;  ///< where its arcs begin
  std::vector<ArcId> keep;   ///< where those end that are free and keep the actor
  std::vector<ArcId> free;   ///< where those end that are free
  // By arc.
  std::vector<NodeId> tail;
  std::vector<VertexId> head;
  std::vector<std::uint32_t> trait;
  std::vector<std::uint32_t> evidence_start;

  std::vector<AttackGraph::Trait> traits;
  std::vector<Evidence> evidence;
  std::vector<ArcId> into_bundles;
  std::vector<std::pair<ArcId, std::vector<AttackGraph::Proof>>> proofs;  ///< of arcs that have any to list

  /// Out of the nodes from `first` to before `last`, whose rows are `rows[first_of[n] .. first_of[n + 1])`. These are brought
  /// into order. Heads from `node_count` on are bundles.
  OutEdges(NodeId first, NodeId last, std::size_t node_count, std::span<EdgeBatch::Packed> rows,
           std::span<const std::uint64_t> first_of, const EdgeBatch::Commons& commons);
  OutEdges() = default;

  /// Room for so many nodes and arcs.
  void reserve(std::size_t nodes, std::size_t arcs);

 private:
  class Writer;
};

/// Puts parts together that follow one another.
class JoinedOutEdges {
 public:
  OutEdges all;

  void append(OutEdges&& more);

 private:
  std::map<AttackGraph::Trait, std::uint32_t> numbers_;  ///< of traits
};

}  // namespace tierline::graph
