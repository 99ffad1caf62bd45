#include "core/facts/removal.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <unordered_set>

#include "core/directory/security_descriptor.h"
#include "core/knowledge/edge_kinds.h"
#include "core/snapshot/builder.h"

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
  Removal(Facts& facts, const std::vector<FactId>& removed) : facts_(facts), snapshot_(facts.snapshot()) {
    for (const FactId id : removed) {
      const Fact& fact = facts[id];
      gone_.insert(id);
      switch (fact.kind) {
        case Fact::Kind::Entry:
          if (fact.attribute == snapshot::kNoAttribute) keys_.insert(fact.key);
          if (fact.attribute != snapshot::kNoAttribute) lists_.emplace(fact.object, fact.attribute);
          break;
        case Fact::Kind::Owner:
          ownerless_.insert(fact.object);
          break;
        case Fact::Kind::CollectedEntry:
        case Fact::Kind::Value:
          values_.insert(fact.attribute);
          break;
        case Fact::Kind::Flag: {
          std::int64_t bit = 0;
          std::from_chars(fact.key.data(), fact.key.data() + fact.key.size(), bit);
          flags_[{fact.object, fact.attribute}] |= bit;
          break;
        }
      }
    }
  }

  Result<Snapshot> run() {
    snapshot::Builder builder;
    for (const snapshot::AttributeInfo& attribute : snapshot_.meta().attributes) {
      ids_.push_back(builder.attribute(attribute.name, attribute.syntax));
    }
    for (ObjectIndex i = 0; i < snapshot_.object_count(); ++i) copy(snapshot_.object(i), builder);
    for (const snapshot::Area& area : snapshot_.meta().coverage) builder.cover(area);
    Result<snapshot::File> file = builder.keep(snapshot_.meta().provenance);
    if (!file) return std::move(file).error();
    return Snapshot::load(*std::move(file));
  }

 private:
  void copy(const Object& object, snapshot::Builder& builder) {
    builder.begin_object();
    for (const snapshot::AttributeId attribute : object.attributes()) {
      std::uint32_t item = 0;
      for (const auto value : object.values(attribute)) {
        copy_value(object, attribute, item++, value.bytes, builder);
      }
    }
    if (object.descriptor() != snapshot::kNoDescriptor) copy_descriptor(object, builder);
    builder.end_object();
  }

  void copy_value(const Object& object, snapshot::AttributeId attribute, std::uint32_t item, ByteSpan bytes,
                  snapshot::Builder& builder) {
    if (values_.contains(attribute)) {
      const Evidence evidence{
          .kind = Evidence::Kind::Attribute, .attribute = attribute, .object = object.index(), .item = item};
      // The kind of edge matters to flags alone.
      if (gone_.contains(facts_.of(evidence, knowledge::EdgeKind::MemberOf))) return;
    }
    if (const auto flags = flags_.find({object.index(), attribute}); flags != flags_.end()) {
      std::int64_t number = 0;
      std::from_chars(as_text(bytes).data(), as_text(bytes).data() + bytes.size(), number);
      return builder.value(ids_[attribute], std::to_string(number & ~flags->second));
    }
    if (lists_.contains({object.index(), attribute})) {
      if (auto parsed = SecurityDescriptor::parse(bytes); parsed && parsed->dacl) {
        erase_entries(*parsed, object.index(), attribute);
        return builder.value(ids_[attribute], directory::to_bytes(*parsed));
      }
    }
    builder.value(ids_[attribute], bytes);
  }

  void copy_descriptor(const Object& object, snapshot::Builder& builder) {
    const ByteSpan bytes = snapshot_.descriptor(object.descriptor());
    const bool is_ownerless = ownerless_.contains(object.index());
    if (!is_ownerless && !may_change(object.descriptor())) return builder.descriptor(bytes);
    auto parsed = SecurityDescriptor::parse(bytes);
    if (!parsed) return builder.descriptor(bytes);
    const bool is_shorter = parsed->dacl && erase_entries(*parsed, object.index(), snapshot::kNoAttribute);
    if (is_ownerless) parsed->owner = directory::Sid::parse(kAdministrators);
    if (!is_shorter && !is_ownerless) return builder.descriptor(bytes);
    builder.descriptor(as_bytes(directory::to_bytes(*parsed)));
  }

  bool erase_entries(SecurityDescriptor& descriptor, ObjectIndex object, snapshot::AttributeId attribute) {
    std::uint32_t item = 0;
    const auto is_gone = [&](const Ace&) {
      const Evidence evidence{
          .kind = Evidence::Kind::Ace, .attribute = attribute, .object = object, .item = item++};
      return gone_.contains(facts_.of(evidence, knowledge::EdgeKind::GenericAll));
    };
    std::vector<Ace>& aces = descriptor.dacl->aces;
    std::vector<Ace> kept;
    for (const Ace& ace : aces) {
      if (!is_gone(ace)) kept.push_back(ace);
    }
    const bool is_shorter = kept.size() != aces.size();
    aces = std::move(kept);
    return is_shorter;
  }

  // Whether any entry of a descriptor, which many objects may share, looks like one that is removed.
  bool may_change(snapshot::DescriptorIndex index) {
    if (keys_.empty()) return false;
    const auto [place, added] = may_change_.try_emplace(index, false);
    if (!added) return place->second;
    const auto parsed = SecurityDescriptor::parse(snapshot_.descriptor(index));
    if (parsed && parsed->dacl) {
      place->second = std::any_of(parsed->dacl->aces.begin(), parsed->dacl->aces.end(),
                                  [&](const Ace& ace) { return keys_.contains(key_of(ace)); });
    }
    return place->second;
  }

  Facts& facts_;
  const Snapshot& snapshot_;
  std::unordered_set<FactId> gone_;
  std::unordered_set<std::string> keys_;  ///< of entries
  std::unordered_set<ObjectIndex> ownerless_;
  std::unordered_set<snapshot::AttributeId> values_;               ///< some of which go
  std::set<std::pair<ObjectIndex, snapshot::AttributeId>> lists_;  ///< descriptors in attributes
  std::map<std::pair<ObjectIndex, snapshot::AttributeId>, std::int64_t> flags_;  ///< bits to clear
  std::unordered_map<snapshot::DescriptorIndex, bool> may_change_;
  std::vector<snapshot::AttributeId> ids_;  ///< the builder's, by the snapshot's
};

}  // namespace

Result<Snapshot> without(Facts& facts, const std::vector<FactId>& removed) {
  return Removal(facts, removed).run();
}

}  // namespace tierline::facts
