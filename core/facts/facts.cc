#include "core/facts/facts.h"

#include <xxhash.h>

#include <tuple>

#include "core/base/text.h"
#include "core/directory/sddl.h"
#include "core/directory/security_descriptor.h"
#include "core/knowledge/changes.h"
#include "core/knowledge/collected_relations.h"

namespace tierline::facts {

using directory::Ace;
using directory::SecurityDescriptor;
using graph::Evidence;
using snapshot::Object;
using snapshot::ObjectIndex;

namespace {

namespace collected = knowledge::collected;

/// "RIGHT SID KIND inherited|explicit HASH", as knowledge::collected::kAces has it.
struct StatedEntry {
  std::string key;
  bool is_inherited = false;
};

StatedEntry stated_entry(std::string_view text) {
  const std::size_t right = text.find('\t');
  const std::size_t trustee = text.find('\t', right + 1);
  if (right == std::string_view::npos || trustee == std::string_view::npos) return {std::string(text)};
  return {std::string(text.substr(0, trustee)), text.find("\tinherited", trustee) != std::string_view::npos};
}

std::string_view first_parts(std::string_view text, unsigned count) {
  std::size_t end = 0;
  for (unsigned i = 0; i < count && end != std::string_view::npos; ++i)
    end = text.find('\t', i == 0 ? 0 : end + 1);
  return count == 0 ? text : text.substr(0, end);
}

}  // namespace

std::string key_of(const Ace& ace) {
  Ace bare = ace;
  bare.flags = 0;
  return directory::to_sddl(bare);
}

Facts::Facts(const snapshot::Snapshot& snapshot, const graph::AttackGraph& graph)
    : snapshot_(snapshot),
      collected_entries_(snapshot.attribute(collected::kAces)),
      collected_protected_(snapshot.attribute(collected::kProtected)) {
  for (const graph::Edge& edge : graph.edges()) {
    if (edge.kind != knowledge::EdgeKind::ProtectAdminGroups) continue;
    const ObjectIndex target = graph.node(edge.target).object;
    const ObjectIndex holder = graph.node(edge.source).object;
    if (target != snapshot::kNoObject && holder != snapshot::kNoObject) holder_of_.emplace(target, holder);
  }
}

FactId Facts::of(const Evidence& evidence, knowledge::EdgeKind kind) {
  const bool is_entry = evidence.kind == Evidence::Kind::Ace && evidence.attribute == snapshot::kNoAttribute;
  if (is_entry) return entry(evidence);  // most are, and shared descriptors make them cheap
  const auto [place, added] = known_.try_emplace({evidence, kind}, kNoFact);
  if (!added) return place->second;
  FactId fact = kNoFact;
  switch (evidence.kind) {
    case Evidence::Kind::Ace:
      fact = entry_in_attribute(evidence);
      break;
    case Evidence::Kind::Owner:
      fact = owner(evidence);
      break;
    case Evidence::Kind::Attribute:
      fact = attribute_value(evidence, kind);
      break;
    case Evidence::Kind::Tree:
    case Evidence::Kind::Rule:
      break;
  }
  return place->second = fact;
}

FactId Facts::intern(Fact fact) {
  const auto [place, added] = ids_.emplace(std::move(fact), static_cast<FactId>(facts_.size()));
  if (added) facts_.push_back(&place->first);
  return place->second;
}

FactId Facts::entry(const Evidence& evidence) {
  const Object object = snapshot_.object(evidence.object);
  if (object.descriptor() == snapshot::kNoDescriptor) return kNoFact;
  const Entries& entries = entries_of(evidence.object);
  if (evidence.item >= entries.list.size()) return kNoFact;
  const auto& [key, is_inherited] = entries.list[evidence.item];
  const std::tuple shared(object.descriptor(), evidence.item, object.parent());
  if (is_inherited) {
    if (const auto found = inherited_.find(shared); found != inherited_.end()) return found->second;
  }
  const FactId fact = written_at(
      {.kind = Fact::Kind::Entry, .object = evidence.object, .key = key, .cost = knowledge::kEntryCost},
      is_inherited);
  if (is_inherited && facts_[fact]->object != evidence.object) inherited_.emplace(shared, fact);
  return fact;
}

// Entries of a descriptor that is the value of an attribute are written there.
FactId Facts::entry_in_attribute(const Evidence& evidence) {
  const auto values = snapshot_.object(evidence.object).values(evidence.attribute);
  if (values.empty()) return kNoFact;
  const auto parsed = SecurityDescriptor::parse(values[0].bytes);
  if (!parsed || !parsed->dacl || evidence.item >= parsed->dacl->aces.size()) return kNoFact;
  return intern({.kind = Fact::Kind::Entry,
                 .object = evidence.object,
                 .attribute = evidence.attribute,
                 .key = key_of(parsed->dacl->aces[evidence.item]),
                 .cost = knowledge::kEntryCost});
}

FactId Facts::owner(const Evidence& evidence) {
  const auto parsed =
      SecurityDescriptor::parse(snapshot_.descriptor(snapshot_.object(evidence.object).descriptor()));
  if (!parsed || !parsed->owner) return kNoFact;
  return intern({.kind = Fact::Kind::Owner,
                 .object = evidence.object,
                 .key = parsed->owner->to_string(),
                 .cost = knowledge::kOwnerCost});
}

FactId Facts::attribute_value(const Evidence& evidence, knowledge::EdgeKind kind) {
  const auto values = snapshot_.object(evidence.object).values(evidence.attribute);
  if (evidence.item >= values.size()) return kNoFact;
  const std::string_view text = values[evidence.item].text();
  if (evidence.attribute == collected_entries_) {
    StatedEntry stated = stated_entry(text);
    return written_at({.kind = Fact::Kind::CollectedEntry,
                       .object = evidence.object,
                       .attribute = collected_entries_,
                       .key = std::move(stated.key),
                       .cost = knowledge::kEntryCost},
                      stated.is_inherited);
  }
  const std::string& name = snapshot_.meta().attributes[evidence.attribute].name;
  if (const knowledge::RemovableFlag* const flag = knowledge::removable_flag(name, kind)) {
    return intern({.kind = Fact::Kind::Flag,
                   .object = evidence.object,
                   .attribute = evidence.attribute,
                   .key = std::to_string(flag->bits),
                   .cost = flag->cost});
  }
  const knowledge::RemovableValue* const row = knowledge::removable_value(name);
  if (row == nullptr) return kNoFact;
  return intern({.kind = Fact::Kind::Value,
                 .object = evidence.object,
                 .attribute = evidence.attribute,
                 .key = std::string(first_parts(text, row->parts)),
                 .cost = row->cost});
}

// An inherited entry is written at the nearest object above that has it as its own; an entry that AdminSDHolder stamps,
// at AdminSDHolder ([MS-ADTS] 3.1.1.6.1), or it comes back within the hour.
FactId Facts::written_at(Fact fact, bool is_inherited) {
  if (!is_inherited) {
    const auto holder = holder_of_.find(fact.object);
    if (holder != holder_of_.end() && entries_of(holder->second).own.contains(fact.key)) {
      fact.object = holder->second;
    }
    return intern(std::move(fact));
  }
  for (ObjectIndex at = fact.object; !entries_of(at).is_protected;) {
    at = snapshot_.object(at).parent();
    if (at == snapshot::kNoObject) break;
    const Entries& entries = entries_of(at);
    if (entries.handed_down.contains(fact.key)) {
      fact.object = at;
      return intern(std::move(fact));
    }
    if (entries.inherited.contains(fact.key)) fact.object = at;
  }
  fact.is_from_above = true;
  return intern(std::move(fact));
}

const Facts::Entries& Facts::entries_of(ObjectIndex index) {
  const Object object = snapshot_.object(index);
  const snapshot::DescriptorIndex descriptor = object.descriptor();
  if (descriptor == snapshot::kNoDescriptor) {
    const auto found = by_object_.find(index);
    return found != by_object_.end() ? found->second
                                     : by_object_.emplace(index, collected_entries(object)).first->second;
  }
  const auto found = by_descriptor_.find(descriptor);
  return found != by_descriptor_.end()
             ? found->second
             : by_descriptor_.emplace(descriptor, stored_entries(descriptor)).first->second;
}

Facts::Entries Facts::stored_entries(snapshot::DescriptorIndex descriptor) const {
  Entries entries;
  const auto parsed = SecurityDescriptor::parse(snapshot_.descriptor(descriptor));
  if (!parsed || !parsed->dacl) return entries;
  entries.is_protected = parsed->is_dacl_protected();
  for (const Ace& ace : parsed->dacl->aces) {
    const std::string key = key_of(ace);
    constexpr std::uint8_t kDown =
        directory::ace_flag::kContainerInherit | directory::ace_flag::kObjectInherit;
    if (ace.is_inherited()) entries.inherited.insert(key);
    if (!ace.is_inherited()) entries.own.insert(key);
    if (!ace.is_inherited() && (ace.flags & kDown) != 0) entries.handed_down.insert(key);
    entries.list.emplace_back(key, ace.is_inherited());
  }
  return entries;
}

Facts::Entries Facts::collected_entries(const Object& object) const {
  Entries entries;
  if (collected_entries_ == snapshot::kNoAttribute) return entries;
  entries.is_protected = object.text(collected_protected_) == "TRUE";
  for (const auto value : object.values(collected_entries_)) {
    StatedEntry stated = stated_entry(value.text());
    // Whether an entry is handed down, collectors do not tell; that the same one is inherited below does.
    if (!stated.is_inherited) entries.own.insert(stated.key);
    (stated.is_inherited ? entries.inherited : entries.handed_down).insert(std::move(stated.key));
  }
  return entries;
}

std::string Facts::fingerprint(FactId id) const {
  const Fact& fact = *facts_[id];
  const Object object = snapshot_.object(fact.object);
  const directory::Guid guid = object.guid();
  std::string text = guid.is_zero() ? fold_case(object.dn()) : guid.to_string();
  text += '\n';
  if (fact.attribute != snapshot::kNoAttribute) text += snapshot_.meta().attributes[fact.attribute].name;
  text += '\n';
  text += std::to_string(static_cast<unsigned>(fact.kind));
  text += '\n';
  text += fact.key;
  XXH64_canonical_t canonical;
  XXH64_canonicalFromHash(&canonical, XXH3_64bits(text.data(), text.size()));
  return to_hex(canonical.digest);
}

}  // namespace tierline::facts
