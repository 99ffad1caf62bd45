#include "queries/fact_changes.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

#include "core/base/text.h"
#include "core/directory/distinguished_name.h"
#include "core/directory/sddl.h"
#include "core/directory/security_descriptor.h"
#include "core/knowledge/access_rights.h"
#include "core/knowledge/volatile_attributes.h"
#include "core/snapshot/counterparts.h"

namespace tierline::queries {
namespace {

using directory::Ace;
using directory::AttributeSyntax;
using directory::Guid;
using directory::SecurityDescriptor;
using directory::Sid;
using snapshot::AttributeId;
using snapshot::Counterparts;
using snapshot::DescriptorIndex;
using snapshot::Object;
using snapshot::ObjectIndex;
using snapshot::Snapshot;
using Op = FactChange::Op;
using What = FactChange::What;

/// What an entry says, whether it is inherited or not: two entries with the same text grant the same.
std::string meaning_of(const Ace& ace) {
  Ace plain = ace;
  plain.flags = static_cast<std::uint8_t>(plain.flags & ~directory::ace_flag::kInherited);
  return directory::to_sddl(plain) + to_hex(ace.condition);
}

// The same for an entry seen from below: how far it is handed down does not count, and generic bits stand for what they
// are mapped to where they come to count ([MS-DTYP] 2.5.3.4.2).
std::string right_of(const Ace& ace) {
  Ace plain = ace;
  plain.flags = 0;
  plain.mask = knowledge::access::map_generic(ace.mask);
  plain.inherited_object_type.reset();
  return directory::to_sddl(plain) + to_hex(ace.condition);
}

using Entries = std::map<std::string, Ace>;  ///< by meaning

Entries entries_of(const SecurityDescriptor& descriptor, bool inherited) {
  Entries entries;
  if (!descriptor.dacl) return entries;
  for (const Ace& ace : descriptor.dacl->aces) {
    if (ace.is_inherited() == inherited) entries.emplace(meaning_of(ace), ace);
  }
  return entries;
}

std::optional<SecurityDescriptor> parse_descriptor(DescriptorIndex descriptor, const Snapshot& snapshot) {
  if (descriptor == snapshot::kNoDescriptor) return std::nullopt;
  Result<SecurityDescriptor> parsed = SecurityDescriptor::parse(snapshot.descriptor(descriptor));
  if (!parsed) return std::nullopt;
  return std::move(*parsed);
}

/// An entry that only one of two descriptors has.
struct EntryChange {
  bool added;
  Sid trustee;
  std::string sddl;
  std::string right;
  bool is_handed_down;
};

std::vector<EntryChange> compare_entries(const Entries& before, const Entries& after) {
  std::vector<EntryChange> changes;
  const auto add_missing = [&](const Entries& from, const Entries& in, bool added) {
    for (const auto& [meaning, ace] : from) {
      if (in.contains(meaning)) continue;
      changes.push_back({added, ace.trustee, directory::to_sddl(ace), right_of(ace),
                         (ace.flags & directory::ace_flag::kContainerInherit) != 0});
    }
  };
  add_missing(before, after, false);
  add_missing(after, before, true);
  return changes;
}

/// What one descriptor in the place of another changes, on whatever object.
struct DescriptorChange {
  std::vector<FactChange> settings;  ///< without object
  std::vector<EntryChange> explicit_ones;
  std::vector<EntryChange> inherited_ones;
};

FactChange setting(const char* name, const char* before, const char* after) {
  return {.what = What::Setting, .attribute = name, .before = before, .after = after};
}

DescriptorChange compare_descriptors(const std::optional<SecurityDescriptor>& before,
                                     const std::optional<SecurityDescriptor>& after) {
  DescriptorChange change;
  if (!before || !after) {
    const auto state = [](bool readable) { return readable ? "readable" : "not readable"; };
    if (before.has_value() != after.has_value()) {
      change.settings.push_back(
          setting("security descriptor", state(before.has_value()), state(after.has_value())));
    }
    return change;
  }
  if (before->owner != after->owner) {
    FactChange owner{.what = What::Owner};
    if (before->owner) owner.before = before->owner->to_string();
    if (after->owner) {
      owner.after = after->owner->to_string();
      owner.trustee = *after->owner;
    }
    change.settings.push_back(std::move(owner));
  }
  if (before->is_dacl_protected() != after->is_dacl_protected()) {
    const auto state = [](bool is_protected) { return is_protected ? "protected" : "inherits"; };
    change.settings.push_back(setting("inheritance of the DACL", state(before->is_dacl_protected()),
                                      state(after->is_dacl_protected())));
  }
  if (before->dacl.has_value() != after->dacl.has_value()) {
    const auto state = [](bool present) { return present ? "present" : "absent: everything is granted"; };
    change.settings.push_back(
        setting("DACL", state(before->dacl.has_value()), state(after->dacl.has_value())));
  }
  change.explicit_ones = compare_entries(entries_of(*before, false), entries_of(*after, false));
  change.inherited_ones = compare_entries(entries_of(*before, true), entries_of(*after, true));
  return change;
}

bool is_compared(std::string_view attribute) {
  // A rename is told once, by the object.
  return !knowledge::is_volatile(attribute) && !equal_ascii_nocase(attribute, "distinguishedName") &&
         !equal_ascii_nocase(attribute, "name") && !equal_ascii_nocase(attribute, "cn");
}

// Attribute ids differ between snapshots; names do not. The last ones are the objects' own names.
std::vector<Counterparts::Attribute> match_attributes(const Snapshot& before, const Snapshot& after) {
  std::vector<Counterparts::Attribute> matched;
  const auto& names = after.meta().attributes;
  for (std::size_t id = 0; id < names.size(); ++id) {
    if (!is_compared(names[id].name)) continue;
    matched.push_back({before.attribute(names[id].name), static_cast<AttributeId>(id)});
  }
  const auto& old_names = before.meta().attributes;
  for (std::size_t id = 0; id < old_names.size(); ++id) {
    const bool gone = after.attribute(old_names[id].name) == snapshot::kNoAttribute;
    if (gone && is_compared(old_names[id].name)) {
      matched.push_back({static_cast<AttributeId>(id), snapshot::kNoAttribute});
    }
  }
  matched.push_back({before.attribute("distinguishedName"), after.attribute("distinguishedName")});
  return matched;
}

/// Values in a form that is the same on both sides.
using Shown = std::map<std::string, snapshot::Value>;

bool same_keys(const Shown& a, const Shown& b) {
  return std::ranges::equal(a, b, {}, &Shown::value_type::first, &Shown::value_type::first);
}

// A DN by the GUID of its object, so that a rename of the one does not look like a change of the other.
std::string comparable_value(const Snapshot& snapshot, const snapshot::Value& value) {
  if (value.target != snapshot::kNoObject) {
    const Guid guid = snapshot.object(value.target).guid();
    if (!guid.is_zero()) return "guid:" + guid.to_string();
  }
  return std::string(value.text());
}

Shown shown(const Snapshot& snapshot, const snapshot::Values& values) {
  Shown shown;
  for (const snapshot::Value value : values) shown.emplace(comparable_value(snapshot, value), value);
  return shown;
}

// A value that is a name on one side and an object of that name on the other: the one side could not read the
// object, which is no change of the value.
void forget_what_was_only_resolved(Shown& named, Shown& resolved) {
  for (auto place = resolved.begin(); place != resolved.end();) {
    const auto same = place->second.target == snapshot::kNoObject
                          ? named.end()
                          : named.find(std::string(place->second.text()));
    const bool is_same = same != named.end() && same->second.target == snapshot::kNoObject;
    if (is_same) named.erase(same);
    place = is_same ? resolved.erase(place) : std::next(place);
  }
}

std::string shown_value(const snapshot::AttributeInfo& info, const snapshot::Value& value) {
  switch (info.syntax) {
    case AttributeSyntax::Sid:
      if (const auto sid = Sid::from_bytes(value.bytes)) return sid->to_string();
      return to_hex(value.bytes);
    case AttributeSyntax::Guid:
      if (const auto guid = Guid::from_bytes(value.bytes)) return guid->to_string();
      return to_hex(value.bytes);
    case AttributeSyntax::Binary:
    case AttributeSyntax::SecurityDescriptor:
      return to_hex(value.bytes);
    case AttributeSyntax::Text:
    case AttributeSyntax::DistinguishedName:
      return std::string(value.text());
  }
  return {};
}

class FactComparison {
 public:
  FactComparison(const Snapshot& before, const Snapshot& after)
      : old_(before),
        new_(after),
        attributes_(match_attributes(before, after)),
        counterparts_(before, after, attributes_) {}

  std::vector<FactChange> run() {
    counterparts_.for_each([this](ObjectIndex before, ObjectIndex after) {
      if (before == snapshot::kNoObject) {
        add_whole_object(new_, after, true);
      } else if (after == snapshot::kNoObject) {
        add_whole_object(old_, before, false);
      } else {
        compare_pair(before, after);
      }
    });
    tell_inherited();
    return std::move(changes_);
  }

 private:
  void add_whole_object(const Snapshot& side, ObjectIndex object, bool in_new) {
    const std::string dn(side.object(object).dn());
    changes_.push_back({.op = in_new ? Op::Added : Op::Removed,
                        .in_new = in_new,
                        .object = object,
                        .before = in_new ? "" : dn,
                        .after = in_new ? dn : ""});
  }

  void compare_pair(ObjectIndex before, ObjectIndex after) {
    const Counterparts::Compared compared = counterparts_.compare(before, after);
    if (!compared.suspects.empty()) compare_values(before, after, compared.suspects);
    if (!compared.has_same_descriptor) compare_descriptor(before, after);
  }

  void compare_values(ObjectIndex before, ObjectIndex after, std::span<const std::uint32_t> suspects) {
    const Object old_object = old_.object(before);
    const Object new_object = new_.object(after);
    if (suspects.back() + 1 == attributes_.size()) {
      compare_place(old_object, new_object);
      suspects = suspects.first(suspects.size() - 1);
    }
    for (const std::uint32_t place : suspects) compare_attribute(old_object, new_object, place);
  }

  // A name or a parent that changed; a child of a renamed container has done neither.
  void compare_place(const Object& before, const Object& after) {
    if (before.dn() == after.dn()) return;
    const bool renamed = directory::first_rdn_value(before.dn()) != directory::first_rdn_value(after.dn());
    if (!renamed && !has_moved(before, after)) return;
    changes_.push_back(
        {.object = after.index(), .before = std::string(before.dn()), .after = std::string(after.dn())});
  }

  // A container that was not read, or without its GUID, is known by its name alone.
  bool has_moved(const Object& before, const Object& after) const {
    const auto guid_above = [](const Snapshot& snapshot, const Object& child) {
      return child.parent() == snapshot::kNoObject ? Guid{} : snapshot.object(child.parent()).guid();
    };
    const Guid was = guid_above(old_, before);
    const Guid is = guid_above(new_, after);
    if (!was.is_zero() && !is.is_zero()) return was != is;
    return directory::parent_dn(before.dn()) != directory::parent_dn(after.dn());
  }

  void compare_attribute(const Object& before, const Object& after, std::uint32_t place) {
    const Counterparts::Attribute attribute = attributes_[place];
    const snapshot::Values was = before.values(attribute.before);
    const snapshot::Values is = after.values(attribute.after);
    // Groups have many members, and few of them change.
    const Counterparts::Differences& differences =
        counterparts_.differences(place, before.index(), after.index());
    Shown gone;
    Shown come;
    for (const std::uint32_t i : differences.before) gone.emplace(comparable_value(old_, was[i]), was[i]);
    for (const std::uint32_t i : differences.after) come.emplace(comparable_value(new_, is[i]), is[i]);
    if (same_values(gone, come)) return;
    const snapshot::AttributeInfo& info = attribute.after != snapshot::kNoAttribute
                                              ? new_.meta().attributes[attribute.after]
                                              : old_.meta().attributes[attribute.before];
    if (equal_ascii_nocase(info.name, "member")) {
      add_member_changes(false, gone, come, after.index());
      add_member_changes(true, come, gone, after.index());
      return;
    }
    Shown old_values = shown(old_, was);
    Shown new_values = shown(new_, is);
    if (same_values(old_values, new_values)) return;
    const auto joined = [&](const Shown& values) {
      std::string text;
      for (const auto& [key, value] : values) text += (text.empty() ? "" : "; ") + shown_value(info, value);
      return text;
    };
    FactChange change{.what = What::Attribute,
                      .object = after.index(),
                      .attribute = info.name,
                      .before = joined(old_values),
                      .after = joined(new_values)};
    if (old_values.empty()) change.op = Op::Added;
    if (new_values.empty()) change.op = Op::Removed;
    changes_.push_back(std::move(change));
  }

  // Whether two lists of values say the same; from those that do not, what does is gone afterwards.
  static bool same_values(Shown& before, Shown& after) {
    if (same_keys(before, after)) return true;
    forget_what_was_only_resolved(before, after);
    forget_what_was_only_resolved(after, before);
    return same_keys(before, after);
  }

  void add_member_changes(bool added, const Shown& from, const Shown& in, ObjectIndex group) {
    for (const auto& [key, value] : from) {
      if (in.contains(key)) continue;
      FactChange change{.op = added ? Op::Added : Op::Removed,
                        .what = What::Membership,
                        .object = group,
                        .member = value.target};
      (added ? change.after : change.before) = value.text();
      changes_.push_back(std::move(change));
    }
  }

  // Objects share descriptors, so what has changed between two of them is worked out once.
  void compare_descriptor(ObjectIndex before, ObjectIndex after) {
    const DescriptorIndex old_index = old_.object(before).descriptor();
    const DescriptorIndex new_index = new_.object(after).descriptor();
    const auto [place, is_new] = descriptor_changes_.try_emplace(std::uint64_t{old_index} << 32 | new_index);
    DescriptorChange& change = place->second;
    if (is_new)
      change = compare_descriptors(parse_descriptor(old_index, old_), parse_descriptor(new_index, new_));
    for (FactChange setting : change.settings) {
      setting.object = after;
      changes_.push_back(std::move(setting));
    }
    for (const EntryChange& entry : change.explicit_ones) add_entry_change(entry, after);
    if (!change.inherited_ones.empty()) inherited_.emplace_back(after, &change);
  }

  void add_entry_change(const EntryChange& entry, ObjectIndex object) {
    FactChange change{.op = entry.added ? Op::Added : Op::Removed,
                      .what = What::Ace,
                      .object = object,
                      .trustee = entry.trustee};
    (entry.added ? change.after : change.before) = entry.sddl;
    if (entry.is_handed_down) handed_down_[{object, entry.added}].insert(entry.right);
    changes_.push_back(std::move(change));
  }

  // Inherited entries that came or went are told only where nothing above explains them: after a move, or
  // when inheritance was switched on or off.
  void tell_inherited() {
    for (const auto& [object, change] : inherited_) {
      for (const EntryChange& entry : change->inherited_ones) {
        if (!comes_from_above(object, entry)) add_entry_change(entry, object);
      }
    }
  }

  bool comes_from_above(ObjectIndex object, const EntryChange& entry) const {
    ObjectIndex above = new_.object(object).parent();
    for (int budget = 256; above != snapshot::kNoObject && budget > 0; --budget) {
      const auto found = handed_down_.find({above, entry.added});
      if (found != handed_down_.end() && found->second.contains(entry.right)) return true;
      above = new_.object(above).parent();
    }
    return false;
  }

  const Snapshot& old_;
  const Snapshot& new_;
  std::vector<Counterparts::Attribute> attributes_;
  Counterparts counterparts_;
  std::vector<FactChange> changes_;
  std::unordered_map<std::uint64_t, DescriptorChange> descriptor_changes_;  ///< by old and new descriptor
  /// Objects of the new side on which inherited entries came or went.
  std::vector<std::pair<ObjectIndex, const DescriptorChange*>> inherited_;
  /// Rights that entries which came (true) or went (false) hand down, by object of the new side.
  std::map<std::pair<ObjectIndex, bool>, std::set<std::string>> handed_down_;
};

}  // namespace

std::vector<FactChange> compare_facts(const Snapshot& before, const Snapshot& after) {
  return FactComparison(before, after).run();
}

}  // namespace tierline::queries
