#pragma once

// The facts behind edges, as an administrator would change them: one entry of a DACL where it was written, however many
// objects inherit it; one owner; one value of an attribute.

#include <array>
#include <boost/container_hash/hash.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "core/base/hash.h"
#include "core/directory/security_descriptor.h"
#include "core/graph/attack_graph.h"
#include "core/snapshot/snapshot.h"

namespace tierline::facts {

using FactId = std::uint32_t;
inline constexpr FactId kNoFact = 0xFFFFFFFF;

struct Fact {
  enum class Kind : std::uint8_t {
    Entry,           ///< of a security descriptor; `key` is its SDDL without flags
    CollectedEntry,  ///< as a collector of BloodHound's stated it; `key` is the right and the trustee's SID
    Owner,           ///< `key` is the owner's SID
    Value,           ///< of `attribute`; `key` is the value
    Flag,            ///< a bit of `attribute`; `key` is its number
  };
  Kind kind = Kind::Entry;
  snapshot::ObjectIndex object = snapshot::kNoObject;        ///< where it is written
  snapshot::AttributeId attribute = snapshot::kNoAttribute;  ///< kNoAttribute = nTSecurityDescriptor
  std::string key = {};
  /// An entry that `object` and what is below it inherit from above, where it is written on nothing that was read.
  bool is_from_above = false;
  std::uint32_t cost = 1;

  friend auto operator<=>(const Fact&, const Fact&) = default;
};

/// Entries and owners, by which somebody has rights.
constexpr bool is_right(Fact::Kind kind) {
  return kind == Fact::Kind::Entry || kind == Fact::Kind::CollectedEntry || kind == Fact::Kind::Owner;
}

/// Finds the facts of a snapshot and the graph derived from it, which must outlive this. A fact takes a row of numbers; what
/// it says is read from the snapshot when it is asked for.
class Facts {
 public:
  Facts(const snapshot::Snapshot& snapshot, const graph::AttackGraph& graph);
  Facts(const Facts&) = delete;
  Facts& operator=(const Facts&) = delete;

  /// The fact that an edge of this kind rests on, or kNoFact for one that nobody can take away by itself: the tree, a
  /// rule, a setting whose removal would break what it is for.
  FactId of(const graph::Evidence& evidence, knowledge::EdgeKind kind);

  /// A fact that another table of the same directory has found, as this one has it: an entry that AdminSDHolder stamps here is
  /// written there, though in the other one its object may be protected no more. kNoFact when there is none like it.
  FactId find(const Fact& fact);

  Fact operator[](FactId fact) const;
  std::size_t size() const { return rows_.size(); }

  // The same without what it says.
  std::uint32_t cost(FactId fact) const { return rows_[fact].cost; }
  bool is_right(FactId fact) const { return tierline::facts::is_right(rows_[fact].kind); }
  snapshot::ObjectIndex object(FactId fact) const { return rows_[fact].object; }
  /// In order of facts.
  bool is_before(FactId a, FactId b) const;

  /// Of objects that share a descriptor, which have the same fact behind evidence that they share (graph::Evidence::kEach).
  enum class Sharing : std::uint8_t {
    All,
    InContainer,  ///< those with the same parent, unless the fact is written on the objects themselves
    None,
  };
  Sharing sharing(const graph::Evidence& stored, snapshot::DescriptorIndex descriptor);

  /// Which entries of the descriptor have one of these keys, which are ascending; by their places in it.
  std::vector<std::uint32_t> entries_with(snapshot::DescriptorIndex descriptor,
                                          std::span<const std::uint32_t> keys);
  /// Of an entry of nTSecurityDescriptor: its key where it is written and, if other, where it is inherited.
  std::array<std::uint32_t, 2> keys_of(FactId entry);

  /// All attributes whose values that say the same are one fact, this one among them: what several ways of asking a host tell
  /// of one logon. Nothing where the attribute stands for itself alone. A fact is of the first that tells it.
  std::span<const snapshot::AttributeId> told_together(snapshot::AttributeId attribute) const;

  /// 16 hexadecimal digits, the same for the same fact in every snapshot of the directory.
  std::string fingerprint(FactId fact) const;

  const snapshot::Snapshot& snapshot() const { return snapshot_; }

 private:
  /// Where a fact is: which entry, value or bits of what. Of equal ones the first stands for all.
  struct Row {
    snapshot::ObjectIndex object = snapshot::kNoObject;
    std::uint32_t item = 0;
    snapshot::AttributeId attribute = snapshot::kNoAttribute;
    Fact::Kind kind = Fact::Kind::Entry;
    bool is_from_above = false;
    std::uint32_t cost = 1;

    friend bool operator==(const Row&, const Row&) = default;
  };
  struct RowHash {
    using is_transparent = void;
    const std::vector<Row>* rows;
    std::size_t operator()(const Row& row) const;
    std::size_t operator()(FactId fact) const { return (*this)((*rows)[fact]); }
  };
  struct RowEqual {
    using is_transparent = void;
    const std::vector<Row>* rows;
    const Row& row(FactId fact) const { return (*rows)[fact]; }
    const Row& row(const Row& self) const { return self; }
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return row(a) == row(b);
    }
  };

  /// An entry of a DACL: the number of its key, and how it is held.
  struct Entry {
    std::uint32_t key = 0;
    std::uint32_t key_below =
        0;  ///< where it is inherited: generic bits are mapped there ([MS-DTYP] 2.5.3.4.2)
    bool is_inherited = false;
    bool is_handed_down = false;
  };
  struct Entries {
    std::vector<Entry> list;
    bool is_protected = false;

    bool has_own(std::uint32_t key) const;
    bool hands_down(std::uint32_t key_below) const;
    bool inherits(std::uint32_t key_below) const;
    /// By the key, or what it is below where it is inherited.
    std::uint32_t first(std::uint32_t key, bool is_inherited) const;
    std::uint32_t handed_down(std::uint32_t key_below) const;  ///< REQUIRES: hands_down(key_below)
  };

  FactId intern(const Row& row);
  FactId entry(const graph::Evidence& evidence);
  FactId entry_in_attribute(const graph::Evidence& evidence);
  FactId owner(const graph::Evidence& evidence);
  FactId attribute_value(const graph::Evidence& evidence, knowledge::EdgeKind kind);
  std::optional<std::uint32_t> place_of(snapshot::ObjectIndex object, snapshot::AttributeId attribute,
                                        std::string_view key, unsigned parts);
  FactId written_at(Row row, const Entry& entry, std::size_t copy = 0);
  std::uint32_t first_like(const graph::Evidence& evidence, unsigned parts);
  std::string key_of_row(const Row& row) const;
  std::uint32_t key_number(std::string_view key);
  const Entries& entries_of(snapshot::ObjectIndex object);
  const Entries& entries_of_descriptor(snapshot::DescriptorIndex descriptor);
  Entries stored_entries(snapshot::DescriptorIndex descriptor);
  Entries collected_entries(const snapshot::Object& object);

  const snapshot::Snapshot& snapshot_;
  snapshot::AttributeId collected_entries_;
  snapshot::AttributeId collected_protected_;
  boost::unordered_flat_map<snapshot::ObjectIndex, snapshot::ObjectIndex>
      holder_of_;  ///< AdminSDHolder, by what it protects
  boost::unordered_flat_map<std::string, std::uint32_t, SeededHash, std::equal_to<>> keys_;
  std::unordered_map<snapshot::DescriptorIndex, Entries> by_descriptor_;
  std::unordered_map<snapshot::ObjectIndex, Entries>
      by_object_;  ///< of collected objects, which have no descriptor
  /// Where inherited entries are written: the same for all objects in a container that share a descriptor.
  boost::unordered_flat_map<
      std::tuple<snapshot::DescriptorIndex, std::uint32_t, snapshot::ObjectIndex>, FactId,
      boost::hash<std::tuple<snapshot::DescriptorIndex, std::uint32_t, snapshot::ObjectIndex>>>
      inherited_;
  /// Of lists that are not short, by object and attribute: which value each is like.
  boost::unordered_flat_map<std::uint64_t, std::vector<std::uint32_t>> first_like_;
  std::unordered_map<snapshot::AttributeId, std::vector<snapshot::AttributeId>> told_together_;
  /// Of such lists that are not short, by object and attribute: where the first value with a key is.
  boost::unordered_flat_map<
      std::uint64_t, boost::unordered_flat_map<std::string_view, std::uint32_t, SeededHash, std::equal_to<>>>
      places_;
  std::vector<Row> rows_;
  boost::unordered_flat_set<FactId, RowHash, RowEqual> ids_;
};

/// The entry's SDDL, whatever it hands down and wherever it comes from.
std::string key_of(const directory::Ace& ace);

}  // namespace tierline::facts
