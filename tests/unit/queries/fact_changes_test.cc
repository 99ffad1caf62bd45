#include "queries/fact_changes.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <set>
#include <tuple>

#include "core/base/text.h"
#include "core/directory/distinguished_name.h"
#include "core/directory/sddl.h"
#include "core/snapshot/builder.h"

namespace tierline::queries {
namespace {

using directory::AttributeSyntax;
using directory::Sid;
using snapshot::Snapshot;

const std::string kDomain = "S-1-5-21-1-2-3";

struct PlainEntry {
  bool is_denial = false;
  bool is_handed_down = false;
  bool is_inherited = false;
  std::string right;
  std::string trustee;
  bool is_only_below = false;

  std::string sddl(bool with_inherited = true) const {
    std::string flags = is_handed_down ? "CI" : "";
    if (is_only_below) flags += "IO";
    if (is_inherited && with_inherited) flags += "ID";
    return std::string(is_denial ? "(D;" : "(A;") + flags + ";" + right + ";;;" + trustee + ")";
  }
  /// The right in the bits that count on an object.
  std::string mapped() const { return right == "GA" ? "CCDCLCSWRPWPDTLOCRSDRCWDWO" : right; }
  std::tuple<bool, std::string, std::string> granted() const { return {is_denial, mapped(), trustee}; }
};

enum class Readable { Missing, Damaged, Whole };

/// An object as a person would tell it.
struct PlainObject {
  std::string guid;  ///< 16 bytes, or none
  std::string dn;
  std::map<std::string, std::vector<std::string>> values;
  Readable readable = Readable::Whole;
  std::string owner = kDomain + "-500";
  bool is_protected = false;
  bool has_list = true;
  std::vector<PlainEntry> entries;

  std::pair<std::string, std::string> key() const { return {guid, guid.empty() ? dn : ""}; }
};

struct PlainDirectory {
  std::vector<PlainObject> objects;
  bool is_odd_name = false;  ///< what the attribute of both syntaxes is here

  bool is_name(const std::string& attribute) const {
    return attribute == "member" || attribute == "managedBy" || (attribute == "odd" && is_odd_name);
  }
  const PlainObject* named(const std::string& dn) const {
    for (const PlainObject& object : objects) {
      if (object.dn == dn) return &object;
    }
    return nullptr;
  }
  /// Wherever the name, or that of something above, is told.
  void rename(std::string from, const std::string& to) {
    const auto change = [&](std::string& dn) {
      if (dn == from) {
        dn = to;
      } else if (dn.ends_with("," + from)) {
        dn = dn.substr(0, dn.size() - from.size()) + to;
      }
    };
    for (PlainObject& object : objects) {
      change(object.dn);
      for (auto& [attribute, values] : object.values) {
        if (attribute == "member" || attribute == "managedBy")
          std::for_each(values.begin(), values.end(), change);
      }
    }
  }
};

Snapshot snapshot_of(const PlainDirectory& plain, std::mt19937& random, bool numbers_alike) {
  snapshot::Builder builder;
  std::vector<std::string> names = {"member", "managedBy", "odd", "info", "logo", "uSNChanged", "name"};
  if (!numbers_alike) {
    std::shuffle(names.begin(), names.end(), random);
    if (random() % 2 == 0) builder.attribute("of nobody", AttributeSyntax::Text);
  }
  std::map<std::string, snapshot::AttributeId> ids;
  for (const std::string& name : names) {
    const auto syntax = plain.is_name(name) ? AttributeSyntax::DistinguishedName
                        : name == "logo"    ? AttributeSyntax::Binary
                                            : AttributeSyntax::Text;
    const bool is_used = std::any_of(plain.objects.begin(), plain.objects.end(),
                                     [&](const PlainObject& object) { return object.values.contains(name); });
    if (is_used || numbers_alike || random() % 2 == 0) ids[name] = builder.attribute(name, syntax);
  }
  std::vector<const PlainObject*> objects;
  for (const PlainObject& object : plain.objects) objects.push_back(&object);
  std::shuffle(objects.begin(), objects.end(), random);
  for (const PlainObject* const object : objects) {
    builder.begin_object();
    if (!object->guid.empty()) {
      builder.value(builder.attribute("objectGUID", AttributeSyntax::Guid), object->guid);
    }
    builder.value(builder.attribute("distinguishedName", AttributeSyntax::DistinguishedName), object->dn);
    for (const auto& [name, values] : object->values) {
      for (const std::string& value : values) builder.value(ids[name], value);
    }
    if (object->readable == Readable::Damaged) builder.descriptor(as_bytes("damaged"));
    if (object->readable == Readable::Whole) {
      std::string sddl = "O:" + object->owner + "G:" + kDomain + "-513";
      if (object->has_list) sddl += object->is_protected ? "D:P" : "D:AI";
      if (object->has_list) {
        for (const PlainEntry& entry : object->entries) sddl += entry.sddl();
      }
      builder.descriptor(as_bytes(*directory::parse_sddl(sddl, Sid::parse(kDomain))));
    }
    builder.end_object();
  }
  Result<snapshot::File> file = builder.keep({});
  REQUIRE(file.ok());
  Result<Snapshot> loaded = Snapshot::load(*std::move(file));
  REQUIRE(loaded.ok());
  return *std::move(loaded);
}

/// What compare_facts() promises, told from what a person would see, object by object and value by value.
class PlainComparison {
 public:
  PlainComparison(const PlainDirectory& before, const PlainDirectory& after) : old_(before), new_(after) {}

  std::multiset<std::string> run() {
    std::set<std::pair<std::string, std::string>> keys;
    for (const PlainObject& object : old_.objects) keys.insert(object.key());
    for (const PlainObject& object : new_.objects) keys.insert(object.key());
    for (const auto& key : keys) {
      const PlainObject* const before = find(old_, key);
      const PlainObject* const after = find(new_, key);
      if (before == nullptr) {
        tell("added object", after->dn, "", "", after->dn);
      } else if (after == nullptr) {
        tell("removed object", before->dn, "", before->dn, "");
      } else {
        compare(*before, *after);
      }
    }
    for (const auto& key : keys) {
      const PlainObject* const before = find(old_, key);
      const PlainObject* const after = find(new_, key);
      if (before != nullptr && after != nullptr) compare_entries(*before, *after, true);
    }
    return told_;
  }

  static std::string line(const std::string& what, const std::string& object, const std::string& attribute,
                          const std::string& before, const std::string& after) {
    return what + " on " + object + " " + attribute + ": " + before + " -> " + after;
  }

 private:
  static const PlainObject* find(const PlainDirectory& in, const std::pair<std::string, std::string>& key) {
    for (const PlainObject& object : in.objects) {
      if (object.key() == key) return &object;
    }
    return nullptr;
  }

  void tell(const std::string& what, const std::string& object, const std::string& attribute,
            const std::string& before, const std::string& after) {
    told_.insert(line(what, object, attribute, before, after));
  }

  void compare(const PlainObject& before, const PlainObject& after) {
    const bool renamed = directory::first_rdn_value(before.dn) != directory::first_rdn_value(after.dn);
    if (before.dn != after.dn && (renamed || has_moved(before, after))) {
      tell("changed object", after.dn, "", before.dn, after.dn);
    }
    for (const std::string name : {"member", "managedBy", "odd", "info", "logo"})
      compare_values(before, after, name);
    const bool had = before.readable == Readable::Whole;
    const bool has = after.readable == Readable::Whole;
    if (!had || !has) {
      if (had != has) {
        tell("changed setting", after.dn, "security descriptor", had ? "readable" : "not readable",
             has ? "readable" : "not readable");
      }
      return;
    }
    if (before.owner != after.owner) tell("changed owner", after.dn, "", before.owner, after.owner);
    const auto is_protected = [](const PlainObject& one) { return one.has_list && one.is_protected; };
    if (is_protected(before) != is_protected(after)) {
      tell("changed setting", after.dn, "inheritance of the DACL",
           is_protected(before) ? "protected" : "inherits", is_protected(after) ? "protected" : "inherits");
    }
    if (before.has_list != after.has_list) {
      const std::string kAbsent = "absent: everything is granted";
      tell("changed setting", after.dn, "DACL", before.has_list ? "present" : kAbsent,
           after.has_list ? "present" : kAbsent);
    }
    compare_entries(before, after, false);
  }

  // What is above is known by its GUID, or else by its name.
  bool has_moved(const PlainObject& before, const PlainObject& after) const {
    const std::string old_dn(directory::parent_dn(before.dn));
    const std::string new_dn(directory::parent_dn(after.dn));
    const PlainObject* const was = old_.named(old_dn);
    const PlainObject* const is = new_.named(new_dn);
    const bool has_guids = was != nullptr && is != nullptr && !was->guid.empty() && !is->guid.empty();
    return has_guids ? was->guid != is->guid : old_dn != new_dn;
  }

  using Shown = std::map<std::string, std::string>;

  static Shown shown(const PlainDirectory& in, const PlainObject& object, const std::string& name) {
    Shown shown;
    const auto values = object.values.find(name);
    if (values == object.values.end()) return shown;
    for (const std::string& value : values->second) {
      const PlainObject* const named = in.is_name(name) ? in.named(value) : nullptr;
      shown.emplace(named == nullptr || named->guid.empty()
                        ? value
                        : "guid:" + directory::Guid::from_bytes(as_bytes(named->guid))->to_string(),
                    value);
    }
    return shown;
  }

  // A name that only the other side could resolve.
  static void forget(Shown& in, const PlainDirectory& here, Shown& other, const PlainDirectory& there,
                     const std::string& name) {
    for (auto one = in.begin(); one != in.end();) {
      const std::string value = one->second;
      const bool is_resolved = here.is_name(name) && here.named(value) != nullptr;
      const auto same = other.find(value);
      const bool is_unresolved =
          same != other.end() && !(there.is_name(name) && there.named(value) != nullptr);
      if (is_resolved && is_unresolved) {
        other.erase(same);
        one = in.erase(one);
      } else {
        ++one;
      }
    }
  }

  void compare_values(const PlainObject& before, const PlainObject& after, const std::string& name) {
    Shown was = shown(old_, before, name);
    Shown is = shown(new_, after, name);
    const auto same = [&] {
      return std::ranges::equal(was, is, {}, &Shown::value_type::first, &Shown::value_type::first);
    };
    if (same()) return;
    forget(was, old_, is, new_, name);
    forget(is, new_, was, old_, name);
    if (same()) return;
    if (name == "member") {
      for (const auto& [key, value] : was) {
        if (!is.contains(key)) tell("removed membership", after.dn, "", value, "");
      }
      for (const auto& [key, value] : is) {
        if (!was.contains(key)) tell("added membership", after.dn, "", "", value);
      }
      return;
    }
    const auto joined = [&](const Shown& values) {
      std::string text;
      for (const auto& [key, value] : values) {
        text += (text.empty() ? "" : "; ") + (name == "logo" ? to_hex(as_bytes(value)) : value);
      }
      return text;
    };
    tell(was.empty()  ? "added attribute"
         : is.empty() ? "removed attribute"
                      : "changed attribute",
         after.dn, name, joined(was), joined(is));
  }

  void compare_entries(const PlainObject& before, const PlainObject& after, bool inherited) {
    if (before.readable != Readable::Whole || after.readable != Readable::Whole) return;
    const auto missing = [&](const PlainObject& from, const PlainObject& in, bool added) {
      std::set<std::string> seen;
      for (const PlainEntry& entry : from.entries) {
        if (!from.has_list || entry.is_inherited != inherited || !seen.insert(entry.sddl(false)).second)
          continue;
        const bool is_there =
            in.has_list && std::any_of(in.entries.begin(), in.entries.end(), [&](const auto& one) {
              return one.is_inherited == inherited && one.sddl(false) == entry.sddl(false);
            });
        if (is_there || (inherited && comes_from_above(after, entry, added))) continue;
        tell(added ? "added ace" : "removed ace", after.dn, entry.trustee, added ? "" : entry.sddl(),
             added ? entry.sddl() : "");
        if (entry.is_handed_down) handed_down_.insert({after.dn, added, entry.granted()});
      }
    };
    missing(before, after, false);
    missing(after, before, true);
  }

  bool comes_from_above(const PlainObject& object, const PlainEntry& entry, bool added) const {
    const PlainObject* above = new_.named(std::string(directory::parent_dn(object.dn)));
    for (; above != nullptr; above = new_.named(std::string(directory::parent_dn(above->dn)))) {
      if (handed_down_.contains({above->dn, added, entry.granted()})) return true;
    }
    return false;
  }

  const PlainDirectory& old_;
  const PlainDirectory& new_;
  std::multiset<std::string> told_;
  std::set<std::tuple<std::string, bool, std::tuple<bool, std::string, std::string>>> handed_down_;
};

/// Makes directories, and changes them.
class Chance {
 public:
  explicit Chance(std::uint32_t seed) : random_(seed) {}

  std::mt19937& engine() { return random_; }
  std::uint32_t below(std::size_t limit) { return static_cast<std::uint32_t>(random_() % limit); }

  PlainDirectory directory() {
    PlainDirectory made;
    made.is_odd_name = below(2) == 0;
    made.objects.push_back({.guid = guid(), .dn = "DC=corp,DC=example"});
    const std::uint32_t objects = 3 + below(20);
    for (std::uint32_t i = 0; i < objects; ++i) made.objects.push_back(object(made));
    return made;
  }

  void change(PlainDirectory& plain) {
    const std::size_t place = below(plain.objects.size());
    PlainObject& one = plain.objects[place];
    switch (below(18)) {
      case 0:
        plain.objects.push_back(object(plain));
        break;
      case 1:
        if (place != 0) plain.objects.erase(plain.objects.begin() + static_cast<std::ptrdiff_t>(place));
        break;
      case 2:
        plain.rename(one.dn, "OU=" + name() + "," + std::string(directory::parent_dn(one.dn)));
        break;
      case 3: {
        const std::string to = container(plain);
        if (place != 0 && to != one.dn && !to.ends_with("," + one.dn)) {
          plain.rename(one.dn, one.dn.substr(0, one.dn.find(',') + 1) + to);
        }
        break;
      }
      case 4:
        one.readable = static_cast<Readable>(below(3));
        break;
      case 5:
        one.owner = trustee();
        break;
      case 6:
        one.is_protected = !one.is_protected;
        break;
      case 7:
        one.has_list = !one.has_list;
        break;
      case 8: {
        // Handed down as a domain controller would do it.
        PlainEntry entry = this->entry();
        entry.is_handed_down = true;
        entry.is_inherited = false;
        one.entries.push_back(entry);
        entry.is_inherited = true;
        PlainEntry counts = entry;
        counts.right = entry.mapped();
        const bool is_generic = counts.right != entry.right;
        counts.is_handed_down = !is_generic;
        entry.is_only_below = true;
        for (PlainObject& other : plain.objects) {
          if (!other.dn.ends_with("," + one.dn) || below(8) == 0) continue;
          other.entries.push_back(counts);
          if (is_generic) other.entries.push_back(entry);
        }
        break;
      }
      case 9:
        if (!one.entries.empty()) one.entries.erase(one.entries.begin() + below(one.entries.size()));
        break;
      case 10:
        std::shuffle(one.entries.begin(), one.entries.end(), random_);
        if (!one.entries.empty()) one.entries.push_back(one.entries.front());
        break;
      case 11:
        plain.is_odd_name = !plain.is_odd_name;
        break;
      default:
        change_values(plain, one);
    }
  }

 private:
  std::string guid() {
    std::string bytes(16, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random_());
    return bytes;
  }
  /// One that was read or, at times, one that was not.
  std::string container(const PlainDirectory& in) {
    if (below(6) == 0) return "OU=unread" + std::to_string(below(3)) + ",DC=corp,DC=example";
    return in.objects[below(in.objects.size())].dn;
  }
  std::string name() { return "n" + std::to_string(next_++); }
  std::string trustee() { return kDomain + "-" + std::to_string(1100 + below(4)); }
  PlainEntry entry() {
    constexpr std::array kRights = {"WD", "RC", "GA"};
    return {below(4) == 0, below(2) == 0, below(3) == 0, kRights[below(kRights.size())], trustee()};
  }

  PlainObject object(const PlainDirectory& in) {
    PlainObject made;
    if (below(5) != 0) made.guid = guid();
    made.dn = "OU=" + name() + "," + container(in);
    for (std::uint32_t i = below(6); i > 0; --i) made.entries.push_back(entry());
    for (std::uint32_t i = below(6); i > 0; --i) change_values(in, made);
    return made;
  }

  void change_values(const PlainDirectory& in, PlainObject& object) {
    constexpr std::array kNames = {"member", "member", "managedBy",  "odd",
                                   "info",   "logo",   "uSNChanged", "name"};
    const std::string attribute = kNames[below(kNames.size())];
    std::vector<std::string>& values = object.values[attribute];
    switch (below(4)) {
      case 0:
        std::shuffle(values.begin(), values.end(), random_);
        if (!values.empty()) values.push_back(values.front());
        break;
      case 1:
        if (!values.empty()) values.pop_back();
        break;
      default: {
        const bool is_dn = attribute == "member" || attribute == "managedBy" || attribute == "odd";
        const bool is_known = is_dn && below(4) != 0;
        values.push_back(is_known ? in.objects[below(in.objects.size())].dn : "v" + std::to_string(below(5)));
      }
    }
    if (values.empty()) object.values.erase(attribute);
  }

  std::mt19937 random_;
  int next_ = 0;
};

std::multiset<std::string> told(const Snapshot& before, const Snapshot& after) {
  std::multiset<std::string> lines;
  for (const FactChange& change : compare_facts(before, after)) {
    const char* const ops[] = {"added", "removed", "changed"};
    const char* const whats[] = {"ace", "owner", "membership", "object", "attribute", "setting"};
    const Snapshot& side = change.in_new ? after : before;
    std::string about = change.attribute;
    if (change.what == FactChange::What::Ace) about = change.trustee.to_string();
    if (change.member != snapshot::kNoObject) {
      const Snapshot& with = change.op == FactChange::Op::Removed ? before : after;
      CHECK(with.object(change.member).dn() == (change.before.empty() ? change.after : change.before));
    }
    lines.insert(PlainComparison::line(
        std::string(ops[static_cast<int>(change.op)]) + " " + whats[static_cast<int>(change.what)],
        std::string(side.object(change.object).dn()), about, change.before, change.after));
  }
  return lines;
}

TEST_CASE("changes are those that a plain comparison of objects and values finds") {
  std::size_t changes = 0;
  for (std::uint32_t seed = 1; seed <= 1500; ++seed) {
    CAPTURE(seed);
    Chance chance(seed);
    const PlainDirectory before = chance.directory();
    PlainDirectory after = before;
    for (std::uint32_t i = chance.below(30); i > 0; --i) chance.change(after);
    const auto expected = PlainComparison(before, after).run();
    const bool numbers_alike = seed % 2 == 0;
    const auto found = told(snapshot_of(before, chance.engine(), numbers_alike),
                            snapshot_of(after, chance.engine(), numbers_alike));
    changes += expected.size();
    REQUIRE(found == expected);
  }
  CHECK(changes > 10'000);
}

}  // namespace
}  // namespace tierline::queries
