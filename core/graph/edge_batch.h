#pragma once

// Edges with what they rest on, packed: as a builder keeps them, and as each of several threads brings them to it.

#include <array>
#include <boost/container/deque.hpp>
#include <boost/container_hash/hash.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <vector>

#include "core/graph/attack_graph.h"

namespace tierline::graph {

/// Where a piece of evidence belongs in a proof that takes several.
struct ProofPart {
  std::uint32_t proof = 0;  ///< 0 = the evidence is one by itself
  std::uint32_t number = 0;

  friend auto operator<=>(const ProofPart&, const ProofPart&) = default;
};

struct PendingEdge {
  Edge edge;
  Evidence evidence;
  ProofPart part = {};
};

class EdgeBatch {
 public:
  static constexpr std::size_t kKinds = 128;

  /// What is the same for many edges, kept once.
  struct Common {
    knowledge::EdgeKind kind;
    bool traversable;
    Evidence::Kind proof;
    std::uint16_t attribute;
    std::uint32_t caveats;
    ConditionId condition;
    ProofPart part;

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
  /// Numbered as they are met.
  class Commons {
   public:
    std::uint32_t number_of(const Common& common);
    const Common& operator[](std::uint32_t number) const { return all_[number]; }
    std::size_t size() const { return all_.size(); }

   private:
    std::vector<Common> all_;
    boost::unordered_flat_map<Common, std::uint32_t> index_;
    std::array<std::uint32_t, kKinds> last_ = {};  ///< by kind
  };

  /// What an edge has of its own, as there are many.
  struct Packed {
    NodeId source;
    NodeId target;
    std::uint32_t object;
    std::uint32_t item;
    std::uint32_t common;  ///< in commons()
  };
  static constexpr std::size_t kBlock = std::size_t{1} << 16;
  /// Which neither copies what is there already when it grows nor leaves holes.
  using Rows =
      boost::container::deque<Packed, void,
                              boost::container::deque_options_t<boost::container::block_bytes<kBlock>>>;

  /// Stands for a node that is not known yet: from here on upwards. Builders have fewer nodes.
  static constexpr NodeId kFirstUnknown = 0x80000000;

  /// An edge from a node to itself says nothing and is dropped, unless its kind may be one.
  void add(const PendingEdge& pending) {
    if (!says_nothing(pending.edge)) add_row(pending);
  }

  /// Puts nodes in the place of those that were not known, number by number.
  void resolve(std::span<const NodeId> nodes);

  const Rows& rows(knowledge::EdgeKind kind) const { return rows_[static_cast<std::size_t>(kind)]; }
  const Commons& commons() const { return commons_; }
  PendingEdge unpack(const Packed& packed) const { return unpack(packed, commons_[packed.common]); }
  static PendingEdge unpack(const Packed& packed, const Common& common);
  void clear(knowledge::EdgeKind kind) { Rows().swap(rows_[static_cast<std::size_t>(kind)]); }

 private:
  void add_row(const PendingEdge& pending);
  static bool says_nothing(const Edge& edge) {
    return edge.source == edge.target && !knowledge::may_be_to_itself(edge.kind);
  }

  std::array<Rows, kKinds> rows_;
  Commons commons_;
  /// Of the rows with an end that is not known.
  struct Open {
    knowledge::EdgeKind kind;
    std::size_t row;
  };
  std::vector<Open> open_;
};

/// The edges of one kind in several batches.
class PendingEdges {
 public:
  class Iterator {
   public:
    using value_type = PendingEdge;
    using difference_type = std::ptrdiff_t;
    using reference = PendingEdge;
    using pointer = void;
    using iterator_category = std::input_iterator_tag;
    Iterator() = default;
    Iterator(std::span<const EdgeBatch> batches, knowledge::EdgeKind kind) : batches_(batches), kind_(kind) {
      go_to_next();
    }
    PendingEdge operator*() const { return batches_.front().unpack(*row_); }
    Iterator& operator++() {
      if (++row_ == batches_.front().rows(kind_).end()) {
        batches_ = batches_.subspan(1);
        go_to_next();
      }
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) {
      return a.batches_.size() == b.batches_.size() && (a.batches_.empty() || a.row_ == b.row_);
    }

   private:
    void go_to_next() {
      while (!batches_.empty() && batches_.front().rows(kind_).empty()) batches_ = batches_.subspan(1);
      if (!batches_.empty()) row_ = batches_.front().rows(kind_).begin();
    }

    std::span<const EdgeBatch> batches_;
    knowledge::EdgeKind kind_ = {};
    EdgeBatch::Rows::const_iterator row_;
  };

  PendingEdges(std::span<const EdgeBatch> batches, knowledge::EdgeKind kind)
      : batches_(batches), kind_(kind) {}
  Iterator begin() const { return {batches_, kind_}; }
  Iterator end() const { return {}; }

 private:
  std::span<const EdgeBatch> batches_;
  knowledge::EdgeKind kind_;
};

inline std::uint32_t EdgeBatch::Commons::number_of(const Common& common) {
  std::uint32_t& last = last_[static_cast<std::size_t>(common.kind)];
  if (last >= all_.size() || all_[last] != common) {
    const auto [place, added] = index_.try_emplace(common, static_cast<std::uint32_t>(all_.size()));
    if (added) all_.push_back(common);
    last = place->second;
  }
  return last;
}

inline void EdgeBatch::add_row(const PendingEdge& pending) {
  const auto& [edge, evidence, part] = pending;
  Rows& rows = rows_[static_cast<std::size_t>(edge.kind)];
  if (edge.source >= kFirstUnknown || edge.target >= kFirstUnknown) open_.push_back({edge.kind, rows.size()});
  const std::uint32_t common =
      commons_.number_of({edge.kind, edge.traversable, evidence.kind, evidence.attribute, edge.caveats.bits(),
                          edge.condition, part});
  rows.push_back({edge.source, edge.target, evidence.object, evidence.item, common});
}

inline PendingEdge EdgeBatch::unpack(const Packed& packed, const Common& common) {
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
