#pragma once

// Puts an AttackGraph together: nodes first, then edges in any order, with repetitions.

#include <array>
#include <boost/container/deque.hpp>
#include <boost/container_hash/hash.hpp>
#include <boost/range/adaptor/transformed.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <map>
#include <tuple>
#include <vector>

#include "core/graph/attack_graph.h"

namespace tierline::graph {

/// A node is in one bundle of each sort at most: those who carry one descriptor, those whom the same policies reach, and
/// hosts whose passwords the same principals can replicate. No kind of edge leads into bundles of two sorts, and none that
/// puts into tokens into any.
enum class BundleSort : std::uint8_t { Rights, Policies, Secrets };

inline constexpr BundleId kNoBundle = 0xFFFFFFFF;

class GraphBuilder {
 public:
  NodeId add_node(const Node& node) { return nodes_.add(node); }
  Node node(NodeId node) const { return nodes_[node]; }
  std::size_t node_count() const { return nodes_.size(); }
  NodeTable& nodes() { return nodes_; }
  const NodeTable& nodes() const { return nodes_; }

  /// The id of "no member of these", for Edge::condition. `excluded` may be in any order; empty gives 0.
  ConditionId condition(std::vector<NodeId> excluded);

  /// What condition() was given.
  const std::vector<NodeId>& excluded(ConditionId condition) const { return conditions_[condition]; }

  /// Edges that agree in source, target and kind become one: it keeps all evidence, is traversable if one
  /// of them was, and has a condition only if every traversable one had. An edge from a node to itself
  /// says nothing and is dropped, unless its kind may be one.
  void add_edge(const Edge& edge, Evidence evidence);

  /// The same with a proof that takes several things at once: a piece of evidence of each part. Empty parts say nothing, and
  /// each piece of a single part is a proof by itself.
  void add_joint_edge(const Edge& edge, const std::vector<std::vector<Evidence>>& parts);

  /// A bundle without nodes.
  BundleId add_bundle();
  /// REQUIRES: the node is in no bundle of this sort.
  void put(BundleSort sort, BundleId bundle, NodeId node);
  /// kNoBundle when it is in none.
  BundleId bundle_of(BundleSort sort, NodeId node) const;

  /// An edge to every node of a bundle but the source itself; `edge.target` does not count. Evidence may be of
  /// Evidence::kEach.
  void add_shared_edge(const Edge& edge, BundleId bundle, Evidence evidence);
  void add_shared_joint_edge(const Edge& edge, BundleId bundle,
                             const std::vector<std::vector<Evidence>>& parts);

  /// Where a piece of evidence belongs in a proof that takes several.
  struct Part {
    std::uint32_t proof = 0;  ///< 0 = the evidence is one by itself
    std::uint32_t number = 0;

    friend auto operator<=>(const Part&, const Part&) = default;
  };

  /// Edges of a kind added so far, for passes that look at the work of earlier ones. Those into bundles are apart: their
  /// target is the bundle.
  struct PendingEdge {
    Edge edge;
    Evidence evidence;
    Part part = {};
  };
  auto pending(knowledge::EdgeKind kind) const {
    return boost::adaptors::transform(pending_[static_cast<std::size_t>(kind)],
                                      [this](const Packed& packed) { return unpack(packed); });
  }
  const std::vector<PendingEdge>& shared() const { return shared_; }

  /// All edges but those into bundles, kind by kind.
  template <class Take>
  void for_each_pending(const Take& take) const {
    for (const Rows& rows : pending_) {
      for (const Packed& packed : rows) take(unpack(packed));
    }
  }

  /// The builder is spent afterwards.
  AttackGraph finish();

 private:
  friend class Assembly;

  /// What is the same for many edges, kept once.
  struct Common {
    knowledge::EdgeKind kind;
    bool traversable;
    Evidence::Kind proof;
    std::uint16_t attribute;
    std::uint32_t caveats;
    ConditionId condition;
    Part part;

    friend bool operator==(const Common&, const Common&) = default;
    friend std::size_t hash_value(const Common& common) {
      std::size_t seed = 0;
      boost::hash_combine(seed, static_cast<unsigned>(common.kind) << 8 | (common.traversable ? 1u : 0u));
      boost::hash_combine(seed, static_cast<unsigned>(common.proof) << 16 | common.attribute);
      boost::hash_combine(seed, common.caveats);
      boost::hash_combine(seed, common.condition);
      boost::hash_combine(seed, common.part.proof);
      boost::hash_combine(seed, common.part.number);
      return seed;
    }
  };
  /// What an edge has of its own, as there are many.
  struct Packed {
    NodeId source;
    NodeId target;
    std::uint32_t object;
    std::uint32_t item;
    std::uint32_t common;  ///< in commons_
  };
  static constexpr std::size_t kBlock = std::size_t{1} << 16;
  /// Which neither copies what is there already when it grows nor leaves holes.
  using Rows =
      boost::container::deque<Packed, void,
                              boost::container::deque_options_t<boost::container::block_bytes<kBlock>>>;

  Packed pack(const PendingEdge& pending);
  PendingEdge unpack(const Packed& packed) const;
  template <class Take>
  void for_each_part(const std::vector<std::vector<Evidence>>& parts, const Take& take);

  static constexpr std::size_t kKinds = 128;
  static constexpr std::size_t kSorts = 3;

  NodeTable nodes_;
  std::array<Rows, kKinds> pending_;
  std::vector<Common> commons_;
  boost::unordered_flat_map<Common, std::uint32_t> common_index_;
  std::array<std::uint32_t, kKinds> last_common_ = {};
  std::vector<PendingEdge> shared_;
  std::array<std::vector<BundleId>, kSorts> bundle_of_;  ///< by node; shorter when the last ones are in none
  BundleId bundles_ = 0;
  std::uint32_t joint_proofs_ = 0;
  std::vector<std::vector<NodeId>> conditions_ = {{}};
  std::map<std::vector<NodeId>, ConditionId> condition_ids_;
};

inline GraphBuilder::PendingEdge GraphBuilder::unpack(const Packed& packed) const {
  const Common& common = commons_[packed.common];
  return {{.source = packed.source,
           .target = packed.target,
           .kind = common.kind,
           .traversable = common.traversable,
           .caveats = knowledge::Caveats::from_bits(common.caveats),
           .condition = common.condition},
          {.kind = common.proof, .attribute = common.attribute, .object = packed.object, .item = packed.item},
          common.part};
}

}  // namespace tierline::graph
