#include "core/facts/removal.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <numeric>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/directory/security_descriptor.h"
#include "core/knowledge/edge_kinds.h"
#include "core/snapshot/edits.h"

namespace tierline::facts {
namespace {

using directory::Ace;
using directory::SecurityDescriptor;
using graph::Evidence;
using snapshot::Object;
using snapshot::ObjectIndex;
using snapshot::Snapshot;

constexpr std::string_view kAdministrators = "S-1-5-32-544";

class Removal {
 public:
  explicit Removal(Facts& facts) : facts_(facts), snapshot_(facts.snapshot()), edits_(snapshot_) {}

  Result<Snapshot> run(const std::vector<FactId>& removed) {
    for (const FactId id : removed) note(id);
    std::sort(keys_.begin(), keys_.end());
    for (const auto& [place, bits] : flags_) clear(place.first, place.second, bits);
    for (const auto& [object, attribute] : values_) remove_values(object, attribute);
    for (const auto& [object, attribute] : lists_) shorten_list(object, attribute);
    if (!keys_.empty() || !ownerless_.empty() || any_collected_) {
      for (ObjectIndex i = 0; i < snapshot_.object_count(); ++i) change_rights(snapshot_.object(i));
    }
    return edits_.apply();
  }

 private:
  using Attribute = std::pair<ObjectIndex, snapshot::AttributeId>;

  void note(FactId id) {
    const Fact fact = facts_[id];
    gone_.insert(id);
    switch (fact.kind) {
      case Fact::Kind::Entry:
        if (fact.attribute == snapshot::kNoAttribute) {
          for (const std::uint32_t key : facts_.keys_of(id)) keys_.push_back(key);
        }
        if (fact.attribute != snapshot::kNoAttribute) lists_.emplace(fact.object, fact.attribute);
        break;
      case Fact::Kind::Owner:
        ownerless_.insert(fact.object);
        break;
      case Fact::Kind::CollectedEntry:
        any_collected_ = true;
        collected_ = fact.attribute;
        break;
      case Fact::Kind::Value:
        values_.emplace(fact.object, fact.attribute);
        for (const snapshot::AttributeId other : facts_.told_together(fact.attribute))
          values_.emplace(fact.object, other);
        break;
      case Fact::Kind::Flag: {
        std::int64_t bits = 0;
        std::from_chars(fact.key.data(), fact.key.data() + fact.key.size(), bits);
        flags_[{fact.object, fact.attribute}] |= bits;
        break;
      }
    }
  }

  void clear(ObjectIndex object, snapshot::AttributeId attribute, std::int64_t bits) {
    const std::int64_t number = snapshot_.object(object).number(attribute).value_or(0);
    edits_.replace(object, attribute, 0, std::to_string(number & ~bits));
  }

  void remove_values(ObjectIndex object, snapshot::AttributeId attribute) {
    const auto count = static_cast<std::uint32_t>(snapshot_.object(object).values(attribute).size());
    for (std::uint32_t item = 0; item < count; ++item) {
      const Evidence evidence{
          .kind = Evidence::Kind::Attribute, .attribute = attribute, .object = object, .item = item};
      // The kind of edge matters to flags alone.
      if (gone_.contains(facts_.of(evidence, knowledge::EdgeKind::MemberOf)))
        edits_.remove(object, attribute, item);
    }
  }

  // A descriptor that is the value of an attribute.
  void shorten_list(ObjectIndex object, snapshot::AttributeId attribute) {
    auto parsed = SecurityDescriptor::parse(snapshot_.object(object).values(attribute)[0].bytes);
    if (!parsed || !parsed->dacl) return;
    std::vector<std::uint32_t> all(parsed->dacl->aces.size());
    std::iota(all.begin(), all.end(), 0u);
    const std::vector<std::uint32_t> gone = gone_entries(all, object, attribute);
    if (gone.empty()) return;
    erase_entries(*parsed, gone);
    edits_.replace(object, attribute, 0, directory::to_bytes(*parsed));
  }

  void change_rights(const Object& object) {
    if (any_collected_ && object.has(collected_)) remove_values(object.index(), collected_);
    if (object.descriptor() == snapshot::kNoDescriptor) return;
    const bool is_ownerless = ownerless_.contains(object.index());
    const std::vector<std::uint32_t> gone =
        gone_entries(suspects_in(object.descriptor()), object.index(), snapshot::kNoAttribute);
    if (!is_ownerless && gone.empty()) return;
    auto parsed = SecurityDescriptor::parse(snapshot_.descriptor(object.descriptor()));
    if (!parsed) return;
    if (!gone.empty()) erase_entries(*parsed, gone);
    if (is_ownerless) parsed->owner = directory::Sid::parse(kAdministrators);
    edits_.set_descriptor(object.index(), directory::to_bytes(*parsed));
  }

  std::vector<std::uint32_t> gone_entries(const std::vector<std::uint32_t>& items, ObjectIndex object,
                                          snapshot::AttributeId attribute) {
    std::vector<std::uint32_t> gone;
    for (const std::uint32_t item : items) {
      const Evidence evidence{
          .kind = Evidence::Kind::Ace, .attribute = attribute, .object = object, .item = item};
      if (gone_.contains(facts_.of(evidence, knowledge::EdgeKind::GenericAll))) gone.push_back(item);
    }
    return gone;
  }

  static void erase_entries(SecurityDescriptor& descriptor, const std::vector<std::uint32_t>& gone) {
    std::uint32_t item = 0;
    std::erase_if(descriptor.dacl->aces,
                  [&](const Ace&) { return std::binary_search(gone.begin(), gone.end(), item++); });
  }

  // The entries of a descriptor, which many objects may share, that look like one that is removed.
  const std::vector<std::uint32_t>& suspects_in(snapshot::DescriptorIndex index) {
    const auto [place, added] = suspects_.try_emplace(index);
    if (added && !keys_.empty()) place->second = facts_.entries_with(index, keys_);
    return place->second;
  }

  Facts& facts_;
  const Snapshot& snapshot_;
  snapshot::Edits edits_;
  std::unordered_set<FactId> gone_;
  std::vector<std::uint32_t> keys_;  ///< of entries, ascending
  std::unordered_set<ObjectIndex> ownerless_;
  bool any_collected_ = false;  ///< entries that a collector stated
  snapshot::AttributeId collected_ = snapshot::kNoAttribute;
  std::set<Attribute> values_;               ///< some of which go
  std::set<Attribute> lists_;                ///< descriptors in attributes
  std::map<Attribute, std::int64_t> flags_;  ///< bits to clear
  std::unordered_map<snapshot::DescriptorIndex, std::vector<std::uint32_t>> suspects_;
};

}  // namespace

Result<Snapshot> without(Facts& facts, const std::vector<FactId>& removed) {
  return Removal(facts).run(removed);
}

}  // namespace tierline::facts
