#pragma once

// The facts behind edges, as an administrator would change them: one entry of a DACL where it was written, however many
// objects inherit it; one owner; one value of an attribute.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

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

  bool is_right() const { return kind == Kind::Entry || kind == Kind::CollectedEntry || kind == Kind::Owner; }

  friend auto operator<=>(const Fact&, const Fact&) = default;
};

/// Finds the facts of a snapshot and the graph derived from it, which must outlive this.
class Facts {
 public:
  Facts(const snapshot::Snapshot& snapshot, const graph::AttackGraph& graph);

  /// The fact that an edge of this kind rests on, or kNoFact for one that nobody can take away by itself: the tree, a
  /// rule, a setting whose removal would break what it is for.
  FactId of(const graph::Evidence& evidence, knowledge::EdgeKind kind);

  /// The id of a fact that another table of the same directory has found.
  FactId find(const Fact& fact) { return intern(fact); }

  const Fact& operator[](FactId fact) const { return *facts_[fact]; }
  std::size_t size() const { return facts_.size(); }

  /// 16 hexadecimal digits, the same for the same fact in every snapshot of the directory.
  std::string fingerprint(FactId fact) const;

  const snapshot::Snapshot& snapshot() const { return snapshot_; }

 private:
  /// The entries of a DACL by their keys.
  struct Entries {
    std::vector<std::pair<std::string, bool>> list;  ///< keys in order, and whether they are inherited
    std::unordered_set<std::string> own;
    std::unordered_set<std::string> handed_down;  ///< of its own, to what is below
    std::unordered_set<std::string> inherited;
    bool is_protected = false;
  };

  FactId intern(Fact fact);
  FactId entry(const graph::Evidence& evidence);
  FactId entry_in_attribute(const graph::Evidence& evidence);
  FactId owner(const graph::Evidence& evidence);
  FactId attribute_value(const graph::Evidence& evidence, knowledge::EdgeKind kind);
  FactId written_at(Fact fact, bool is_inherited);
  const Entries& entries_of(snapshot::ObjectIndex object);
  Entries stored_entries(snapshot::DescriptorIndex descriptor) const;
  Entries collected_entries(const snapshot::Object& object) const;

  const snapshot::Snapshot& snapshot_;
  snapshot::AttributeId collected_entries_;
  snapshot::AttributeId collected_protected_;
  std::unordered_map<snapshot::ObjectIndex, snapshot::ObjectIndex>
      holder_of_;  ///< AdminSDHolder, by what it protects
  std::unordered_map<snapshot::DescriptorIndex, Entries> by_descriptor_;
  std::unordered_map<snapshot::ObjectIndex, Entries>
      by_object_;  ///< of collected objects, which have no descriptor
  /// Where inherited entries are written: the same for all objects in a container that share a descriptor.
  std::map<std::tuple<snapshot::DescriptorIndex, std::uint32_t, snapshot::ObjectIndex>, FactId> inherited_;
  std::map<Fact, FactId> ids_;
  std::vector<const Fact*> facts_;  ///< keys of `ids_`
  std::map<std::tuple<graph::Evidence, knowledge::EdgeKind>, FactId> known_;
};

/// The entry's SDDL, whatever it hands down and wherever it comes from.
std::string key_of(const directory::Ace& ace);

}  // namespace tierline::facts
