#include "core/facts/facts.h"

#include <xxhash.h>

#include <algorithm>
#include <charconv>
#include <tuple>
#include <unordered_map>

#include "core/base/text.h"
#include "core/directory/sddl.h"
#include "core/directory/security_descriptor.h"
#include "core/knowledge/access_rights.h"
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

constexpr std::size_t kShort =
    16;  ///< of a list of values: to look through it takes less than to keep where each is

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
      collected_protected_(snapshot.attribute(collected::kProtected)),
      ids_(0, RowHash{&rows_}, RowEqual{&rows_}) {
  std::unordered_map<std::string_view, std::vector<snapshot::AttributeId>> groups;
  for (const knowledge::RemovableValue& row : knowledge::removable_values()) {
    const snapshot::AttributeId attribute = snapshot.attribute(row.attribute);
    if (!row.same_as.empty() && attribute != snapshot::kNoAttribute) groups[row.same_as].push_back(attribute);
  }
  for (const auto& [first, attributes] : groups) {
    for (const snapshot::AttributeId attribute : attributes) told_together_[attribute] = attributes;
  }
  const graph::NodeTable& nodes = graph.nodes();
  const auto note = [&](graph::NodeId holder, graph::NodeId target) {
    if (nodes.object(target) != snapshot::kNoObject && nodes.object(holder) != snapshot::kNoObject)
      holder_of_.emplace(nodes.object(target), nodes.object(holder));
  };
  for (graph::NodeId holder = 0; holder < graph.node_count(); ++holder) {
    for (graph::ArcId arc = graph.first_out_arc(holder); arc < graph.first_out_arc(holder + 1); ++arc) {
      if (graph.trait(arc).kind != knowledge::EdgeKind::ProtectAdminGroups) continue;
      const graph::VertexId head = graph.head(arc);
      if (graph.is_node(head)) {
        note(holder, head);
      } else {
        for (const graph::NodeId member : graph.members(head)) note(holder, member);
      }
    }
  }
}

std::size_t Facts::RowHash::operator()(const Row& row) const {
  std::size_t seed = 0;
  boost::hash_combine(seed, std::uint64_t{row.object} << 32 | row.item);
  boost::hash_combine(seed, std::uint64_t{row.attribute} << 16 | static_cast<std::uint64_t>(row.kind) << 1 |
                                (row.is_from_above ? 1u : 0u));
  return seed;
}

FactId Facts::intern(const Row& row) {
  if (const auto found = ids_.find(row); found != ids_.end()) return *found;
  const auto fact = static_cast<FactId>(rows_.size());
  rows_.push_back(row);
  ids_.insert(fact);
  return fact;
}

FactId Facts::of(const Evidence& evidence, knowledge::EdgeKind kind) {
  switch (evidence.kind) {
    case Evidence::Kind::Ace:
      return evidence.attribute == snapshot::kNoAttribute ? entry(evidence) : entry_in_attribute(evidence);
    case Evidence::Kind::Owner:
      return owner(evidence);
    case Evidence::Kind::Attribute:
      return attribute_value(evidence, kind);
    case Evidence::Kind::Tree:
    case Evidence::Kind::Rule:
      break;
  }
  return kNoFact;
}

FactId Facts::entry(const Evidence& evidence) {
  const Object object = snapshot_.object(evidence.object);
  if (object.descriptor() == snapshot::kNoDescriptor) return kNoFact;
  const Entries& entries = entries_of_descriptor(object.descriptor());
  if (evidence.item >= entries.list.size()) return kNoFact;
  const Entry entry = entries.list[evidence.item];
  const std::tuple shared(object.descriptor(), evidence.item, object.parent());
  if (entry.is_inherited) {
    if (const auto found = inherited_.find(shared); found != inherited_.end()) return found->second;
  }
  // Written on several objects above, it is inherited from each of them, from the nearest first.
  const auto copies = std::count_if(
      entries.list.begin(), entries.list.begin() + evidence.item,
      [&](const Entry& other) { return other.key_below == entry.key_below && other.is_inherited; });
  const FactId fact =
      written_at({.object = evidence.object, .kind = Fact::Kind::Entry, .cost = knowledge::kEntryCost}, entry,
                 static_cast<std::size_t>(copies));
  if (entry.is_inherited && rows_[fact].object != evidence.object) inherited_.emplace(shared, fact);
  return fact;
}

// Entries of a descriptor that is the value of an attribute are written there.
FactId Facts::entry_in_attribute(const Evidence& evidence) {
  const auto values = snapshot_.object(evidence.object).values(evidence.attribute);
  if (values.empty()) return kNoFact;
  const auto parsed = SecurityDescriptor::parse(values[0].bytes);
  if (!parsed || !parsed->dacl || evidence.item >= parsed->dacl->aces.size()) return kNoFact;
  const std::vector<Ace>& aces = parsed->dacl->aces;
  const std::string key = key_of(aces[evidence.item]);
  std::uint32_t first = 0;
  while (key_of(aces[first]) != key) ++first;
  return intern({.object = evidence.object,
                 .item = first,
                 .attribute = evidence.attribute,
                 .kind = Fact::Kind::Entry,
                 .cost = knowledge::kEntryCost});
}

FactId Facts::owner(const Evidence& evidence) {
  if (snapshot_.object(evidence.object).descriptor() == snapshot::kNoDescriptor) return kNoFact;
  return intern({.object = evidence.object, .kind = Fact::Kind::Owner, .cost = knowledge::kOwnerCost});
}

FactId Facts::attribute_value(const Evidence& evidence, knowledge::EdgeKind kind) {
  const auto values = snapshot_.object(evidence.object).values(evidence.attribute);
  if (evidence.item >= values.size()) return kNoFact;
  if (evidence.attribute == collected_entries_) {
    const Entries& entries = entries_of(evidence.object);
    if (evidence.item >= entries.list.size()) return kNoFact;
    return written_at({.object = evidence.object,
                       .attribute = collected_entries_,
                       .kind = Fact::Kind::CollectedEntry,
                       .cost = knowledge::kEntryCost},
                      entries.list[evidence.item]);
  }
  const snapshot::AttributeInfo& info = snapshot_.meta().attributes[evidence.attribute];
  if (const knowledge::RemovableFlag* const flag = knowledge::removable_flag(info.name, kind)) {
    return intern({.object = evidence.object,
                   .item = static_cast<std::uint32_t>(flag->bits),
                   .attribute = evidence.attribute,
                   .kind = Fact::Kind::Flag,
                   .cost = flag->cost});
  }
  const knowledge::RemovableValue* const row = knowledge::removable_value(info.name);
  if (row == nullptr) return kNoFact;
  Row value{.object = evidence.object,
            .attribute = evidence.attribute,
            .kind = Fact::Kind::Value,
            .cost = row->cost};
  const std::string_view key = first_parts(values[evidence.item].text(), row->parts);
  for (const snapshot::AttributeId other : told_together(evidence.attribute)) {
    if (other == evidence.attribute) break;
    if (const auto place = place_of(evidence.object, other, key, row->parts)) {
      value.attribute = other;
      value.item = *place;
      return intern(value);
    }
  }
  value.item = first_like(evidence, row->parts);
  return intern(value);
}

std::span<const snapshot::AttributeId> Facts::told_together(snapshot::AttributeId attribute) const {
  const auto found = told_together_.find(attribute);
  if (found == told_together_.end()) return {};
  return found->second;
}

// The first value with the key.
std::optional<std::uint32_t> Facts::place_of(ObjectIndex object, snapshot::AttributeId attribute,
                                             std::string_view key, unsigned parts) {
  const auto values = snapshot_.object(object).values(attribute);
  if (values.size() <= kShort) {
    for (std::uint32_t i = 0; i < values.size(); ++i) {
      if (first_parts(values[i].text(), parts) == key) return i;
    }
    return std::nullopt;
  }
  const auto [list, is_new] = places_.try_emplace(std::uint64_t{object} << 32 | attribute);
  if (is_new) {
    for (std::uint32_t i = 0; i < values.size(); ++i)
      list->second.emplace(first_parts(values[i].text(), parts), i);
  }
  const auto found = list->second.find(key);
  return found == list->second.end() ? std::nullopt : std::optional(found->second);
}

// The first value of the list that is the same fact.
std::uint32_t Facts::first_like(const Evidence& evidence, unsigned parts) {
  const auto values = snapshot_.object(evidence.object).values(evidence.attribute);
  // A directory's own lists of names are sets ([MS-ADTS] 3.1.1.1.4).
  if (parts == 0 && values.target(evidence.item) != snapshot::kNoObject) return evidence.item;
  if (values.size() <= kShort) {
    const std::string_view key = first_parts(values[evidence.item].text(), parts);
    std::uint32_t first = 0;
    while (first_parts(values[first].text(), parts) != key) ++first;
    return first;
  }
  const std::uint64_t place = std::uint64_t{evidence.object} << 32 | evidence.attribute;
  const auto [found, is_new] = first_like_.try_emplace(place);
  if (is_new) {
    boost::unordered_flat_map<std::string_view, std::uint32_t, SeededHash, std::equal_to<>> firsts;
    for (std::uint32_t i = 0; i < values.size(); ++i)
      found->second.push_back(firsts.emplace(first_parts(values[i].text(), parts), i).first->second);
  }
  return found->second[evidence.item];
}

// An inherited entry is written at the nearest object above that has it as its own; an entry that AdminSDHolder stamps,
// at AdminSDHolder ([MS-ADTS] 3.1.1.6.1), or it comes back within the hour.
FactId Facts::written_at(Row row, const Entry& entry, std::size_t copy) {
  const std::uint32_t key = entry.is_inherited ? entry.key_below : entry.key;
  const auto intern_at = [&](bool is_inherited) {
    row.item = entries_of(row.object).first(key, is_inherited);
    return intern(row);
  };
  if (!entry.is_inherited) {
    const auto holder = holder_of_.find(row.object);
    if (holder != holder_of_.end() && entries_of(holder->second).has_own(key)) row.object = holder->second;
    return intern_at(false);
  }
  ObjectIndex last = snapshot::kNoObject;
  for (ObjectIndex at = row.object; !entries_of(at).is_protected;) {
    at = snapshot_.object(at).parent();
    if (at == snapshot::kNoObject) break;
    const Entries& entries = entries_of(at);
    if (entries.hands_down(key)) last = at;
    if (last == at && copy-- == 0) break;
    if (last == snapshot::kNoObject && entries.inherits(key)) row.object = at;
  }
  row.is_from_above = last == snapshot::kNoObject;
  if (row.is_from_above) return intern_at(true);
  row.object = last;
  row.item = entries_of(last).handed_down(key);
  return intern(row);
}

Facts::Sharing Facts::sharing(const Evidence& stored, snapshot::DescriptorIndex descriptor) {
  if (stored.object != Evidence::kEach) return Sharing::All;
  const bool is_entry = stored.kind == Evidence::Kind::Ace && stored.attribute == snapshot::kNoAttribute;
  if (!is_entry) {
    const bool is_fact = stored.kind != Evidence::Kind::Tree && stored.kind != Evidence::Kind::Rule;
    return is_fact ? Sharing::None : Sharing::All;
  }
  if (descriptor == snapshot::kNoDescriptor) return Sharing::None;
  const Entries& entries = entries_of_descriptor(descriptor);
  const bool is_inherited = stored.item < entries.list.size() && entries.list[stored.item].is_inherited;
  return is_inherited ? Sharing::InContainer : Sharing::None;
}

std::vector<std::uint32_t> Facts::entries_with(snapshot::DescriptorIndex descriptor,
                                               std::span<const std::uint32_t> keys) {
  const std::vector<Entry>& list = entries_of_descriptor(descriptor).list;
  std::vector<std::uint32_t> found;
  for (std::uint32_t item = 0; item < list.size(); ++item) {
    const std::uint32_t key = list[item].is_inherited ? list[item].key_below : list[item].key;
    if (std::binary_search(keys.begin(), keys.end(), key)) found.push_back(item);
  }
  return found;
}

std::array<std::uint32_t, 2> Facts::keys_of(FactId fact) {
  const Entry& entry = entries_of(rows_[fact].object).list[rows_[fact].item];
  return {entry.key, entry.key_below};
}

std::uint32_t Facts::key_number(std::string_view key) {
  const auto found = keys_.find(key);
  if (found != keys_.end()) return found->second;
  return keys_.emplace(key, static_cast<std::uint32_t>(keys_.size())).first->second;
}

const Facts::Entries& Facts::entries_of(ObjectIndex index) {
  const Object object = snapshot_.object(index);
  if (object.descriptor() != snapshot::kNoDescriptor) return entries_of_descriptor(object.descriptor());
  const auto found = by_object_.find(index);
  return found != by_object_.end() ? found->second
                                   : by_object_.emplace(index, collected_entries(object)).first->second;
}

const Facts::Entries& Facts::entries_of_descriptor(snapshot::DescriptorIndex descriptor) {
  const auto found = by_descriptor_.find(descriptor);
  return found != by_descriptor_.end()
             ? found->second
             : by_descriptor_.emplace(descriptor, stored_entries(descriptor)).first->second;
}

Facts::Entries Facts::stored_entries(snapshot::DescriptorIndex descriptor) {
  Entries entries;
  const auto parsed = SecurityDescriptor::parse(snapshot_.descriptor(descriptor));
  if (!parsed || !parsed->dacl) return entries;
  entries.is_protected = parsed->is_dacl_protected();
  for (const Ace& ace : parsed->dacl->aces) {
    constexpr std::uint8_t kDown =
        directory::ace_flag::kContainerInherit | directory::ace_flag::kObjectInherit;
    Ace below = ace;
    below.mask = knowledge::access::map_generic(ace.mask);
    entries.list.push_back({.key = key_number(key_of(ace)),
                            .key_below = key_number(key_of(below)),
                            .is_inherited = ace.is_inherited(),
                            .is_handed_down = !ace.is_inherited() && (ace.flags & kDown) != 0});
  }
  return entries;
}

Facts::Entries Facts::collected_entries(const Object& object) {
  Entries entries;
  if (collected_entries_ == snapshot::kNoAttribute) return entries;
  entries.is_protected = object.text(collected_protected_) == "TRUE";
  for (const auto value : object.values(collected_entries_)) {
    const StatedEntry stated = stated_entry(value.text());
    // Whether an entry is handed down, collectors do not tell; that the same one is inherited below does.
    entries.list.push_back({.key = key_number(stated.key),
                            .key_below = key_number(stated.key),
                            .is_inherited = stated.is_inherited,
                            .is_handed_down = !stated.is_inherited});
  }
  return entries;
}

bool Facts::Entries::has_own(std::uint32_t key) const {
  return std::any_of(list.begin(), list.end(),
                     [&](const Entry& entry) { return entry.key == key && !entry.is_inherited; });
}

bool Facts::Entries::hands_down(std::uint32_t key_below) const {
  return std::any_of(list.begin(), list.end(), [&](const Entry& entry) {
    return entry.key_below == key_below && entry.is_handed_down;
  });
}

bool Facts::Entries::inherits(std::uint32_t key_below) const {
  return std::any_of(list.begin(), list.end(),
                     [&](const Entry& entry) { return entry.key_below == key_below && entry.is_inherited; });
}

std::uint32_t Facts::Entries::handed_down(std::uint32_t key_below) const {
  const auto found = std::find_if(list.begin(), list.end(), [&](const Entry& entry) {
    return entry.key_below == key_below && entry.is_handed_down;
  });
  return first(found->key, false);
}

std::uint32_t Facts::Entries::first(std::uint32_t key, bool is_inherited) const {
  const auto found = std::find_if(list.begin(), list.end(), [&](const Entry& entry) {
    return (is_inherited ? entry.key_below : entry.key) == key && entry.is_inherited == is_inherited;
  });
  return static_cast<std::uint32_t>(found - list.begin());
}

std::string Facts::key_of_row(const Row& row) const {
  const Object object = snapshot_.object(row.object);
  switch (row.kind) {
    case Fact::Kind::Entry: {
      const bool is_own = row.attribute == snapshot::kNoAttribute;
      const auto parsed = SecurityDescriptor::parse(is_own ? snapshot_.descriptor(object.descriptor())
                                                           : object.values(row.attribute)[0].bytes);
      return key_of(parsed->dacl->aces[row.item]);
    }
    case Fact::Kind::CollectedEntry:
      return stated_entry(object.values(row.attribute)[row.item].text()).key;
    case Fact::Kind::Owner: {
      const auto parsed = SecurityDescriptor::parse(snapshot_.descriptor(object.descriptor()));
      return parsed && parsed->owner ? parsed->owner->to_string() : std::string();
    }
    case Fact::Kind::Value: {
      const std::string& name = snapshot_.meta().attributes[row.attribute].name;
      return std::string(first_parts(object.values(row.attribute)[row.item].text(),
                                     knowledge::removable_value(name)->parts));
    }
    case Fact::Kind::Flag:
      return std::to_string(row.item);
  }
  return {};
}

Fact Facts::operator[](FactId id) const {
  const Row& row = rows_[id];
  return {.kind = row.kind,
          .object = row.object,
          .attribute = row.attribute,
          .key = key_of_row(row),
          .is_from_above = row.is_from_above,
          .cost = row.cost};
}

bool Facts::is_before(FactId a, FactId b) const {
  const Row& left = rows_[a];
  const Row& right = rows_[b];
  const auto place = [](const Row& row) { return std::tie(row.kind, row.object, row.attribute); };
  if (place(left) != place(right)) return place(left) < place(right);
  return (*this)[a] < (*this)[b];
}

FactId Facts::find(const Fact& fact) {
  Row row{.object = fact.object,
          .attribute = fact.attribute,
          .kind = fact.kind,
          .is_from_above = fact.is_from_above,
          .cost = fact.cost};
  const Object object = snapshot_.object(fact.object);
  std::size_t items = 1;
  switch (fact.kind) {
    case Fact::Kind::Entry: {
      const bool is_own = fact.attribute == snapshot::kNoAttribute;
      if (is_own && object.descriptor() == snapshot::kNoDescriptor) return kNoFact;
      if (!is_own && !object.has(fact.attribute)) return kNoFact;
      const auto parsed = SecurityDescriptor::parse(is_own ? snapshot_.descriptor(object.descriptor())
                                                           : object.values(fact.attribute)[0].bytes);
      items = parsed && parsed->dacl ? parsed->dacl->aces.size() : 0;
      break;
    }
    case Fact::Kind::CollectedEntry:
    case Fact::Kind::Value:
      items = object.values(fact.attribute).size();
      break;
    case Fact::Kind::Owner:
      break;
    case Fact::Kind::Flag:
      return intern([&] {
        std::from_chars(fact.key.data(), fact.key.data() + fact.key.size(), row.item);
        return row;
      }());
  }
  const bool is_listed = fact.kind == Fact::Kind::CollectedEntry ||
                         (fact.kind == Fact::Kind::Entry && fact.attribute == snapshot::kNoAttribute);
  for (; row.item < items; ++row.item) {
    const bool may_be =
        !is_listed || entries_of(fact.object).list[row.item].is_inherited == fact.is_from_above;
    if (!may_be || key_of_row(row) != fact.key) continue;
    if (fact.kind == Fact::Kind::Owner) return intern(row);
    // Where an entry is written depends on what is protected, which may be other objects here, and so may what tells a value.
    const bool is_stored = fact.kind == Fact::Kind::Entry;
    const Evidence evidence{.kind = is_stored ? Evidence::Kind::Ace : Evidence::Kind::Attribute,
                            .attribute = fact.attribute,
                            .object = fact.object,
                            .item = row.item};
    return of(evidence, knowledge::EdgeKind::GenericAll);
  }
  return kNoFact;
}

std::string Facts::fingerprint(FactId id) const {
  const Fact fact = (*this)[id];
  const Object object = snapshot_.object(fact.object);
  const directory::Guid guid = object.guid();
  std::string text = guid.is_zero() ? fold_case(object.dn()) : guid.to_string();
  text += '\n';
  if (fact.attribute != snapshot::kNoAttribute) {
    const std::string_view name = snapshot_.meta().attributes[fact.attribute].name;
    const knowledge::RemovableValue* const row = knowledge::removable_value(name);
    text += row == nullptr || row->same_as.empty() ? name : row->same_as;
  }
  text += '\n';
  text += std::to_string(static_cast<unsigned>(fact.kind));
  text += '\n';
  text += fact.key;
  if (fact.is_from_above) text += "\ninherited from above";
  XXH64_canonical_t canonical;
  XXH64_canonicalFromHash(&canonical, XXH3_64bits(text.data(), text.size()));
  return to_hex(canonical.digest);
}

}  // namespace tierline::facts
