#pragma once

// Small random directories, written down so that a fact can be struck out and the whole made again: what a change leads to,
// without the code that works it out.

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/directory/sddl.h"
#include "core/facts/facts.h"
#include "core/snapshot/builder.h"

namespace tierline::tests {

class RandomDirectory {
 public:
  struct Options {
    /// The same entry may be written on a container and on one above it.
    bool repeats_entries = false;
    /// Who has a right somewhere is often given another one there or on what is above it.
    bool adds_rights = false;
    /// Most entries give rights at the domain to read secrets from it.
    bool replicates = false;
    /// Some containers were not read, so that what is in them has no parent.
    bool leaves_out_containers = false;
  };

  RandomDirectory(std::mt19937& random, Options options) : random_(random), options_(options) {
    add("DC=corp,DC=example", -1, {"top", "domain", "domainDNS"}, 0);
    const int system = add("CN=System", 0, {"top", "container"}, 0);
    holder_ = add("CN=AdminSDHolder", system, {"top", "container"}, 0);
    containers_ = {0};
    for (int i = 0; i < 3; ++i)
      containers_.push_back(
          add("OU=ou" + std::to_string(i), one_of(containers_), {"top", "organizationalUnit"}, 0));
    admins_ = add("CN=Domain Admins", 0, {"top", "group"}, 512);
    for (int i = 0; i < 4; ++i) groups_.push_back(add_principal("group", i, {"top", "group"}));
    for (int i = 0; i < 5; ++i) users_.push_back(add_principal("user", i, {"top", "person", "user"}));
    users_.push_back(add_principal("host", 0, {"top", "person", "user", "computer"}));
    if (below(2) == 0)
      objects_[static_cast<std::size_t>(users_.back())].control |= 0x80000;  // trusted for delegation
    for (std::size_t i = 0, count = 4 + below(6); i < count; ++i) add_member();
    // Most entries are on containers and groups, which lead on.
    for (std::size_t i = 0, count = 6 + below(10); i < count; ++i) add_entry();
    for (const int i : containers_) object(i).is_protected = below(6) == 0;
    for (const int i : users_) object(i).is_protected = below(6) == 0;
    for (const int i : groups_) object(i).is_protected = below(6) == 0;
    for (const int i : users_) {
      if (below(6) == 0) object(i).owner = one_of(users_);
    }
    find_stamped();
    if (!options_.leaves_out_containers) return;
    // Not the domain.
    for (std::size_t i = 1; i < containers_.size(); ++i) object(containers_[i]).is_left_out = below(2) == 0;
  }

  snapshot::Snapshot build() const {
    snapshot::Builder builder;
    using directory::AttributeSyntax;
    const auto attribute = [&](const char* name, AttributeSyntax syntax) {
      return builder.attribute(name, syntax);
    };
    for (std::size_t i = 0; i < objects_.size(); ++i) {
      const Object& object = objects_[i];
      if (object.is_left_out) continue;
      builder.begin_object();
      builder.value(attribute("objectGUID", AttributeSyntax::Guid),
                    std::string(15, 'g') + static_cast<char>('A' + i));
      builder.value(attribute("distinguishedName", AttributeSyntax::DistinguishedName), object.dn);
      for (const std::string& name : object.classes)
        builder.value(attribute("objectClass", AttributeSyntax::Text), name);
      if (object.rid != 0 || i == 0)
        builder.value(attribute("objectSid", AttributeSyntax::Sid), sid_of(static_cast<int>(i)).to_bytes());
      if (object.rid != 0) builder.value(attribute("sAMAccountName", AttributeSyntax::Text), name_of(object));
      if (object.classes[1] == "group") {
        builder.value(attribute("groupType", AttributeSyntax::Text), std::string_view("-2147483646"));
      } else if (object.rid != 0) {
        builder.value(attribute("userAccountControl", AttributeSyntax::Text), std::to_string(object.control));
      }
      if (object.is_stamped)
        builder.value(attribute("adminCount", AttributeSyntax::Text), std::string_view("1"));
      for (const int member : object.members)
        builder.value(attribute("member", AttributeSyntax::DistinguishedName),
                      objects_[static_cast<std::size_t>(member)].dn);
      const auto sddl = directory::parse_sddl(sddl_of(static_cast<int>(i)), {kDomain});
      REQUIRE(sddl.ok());
      builder.descriptor(as_bytes(*sddl));
      builder.end_object();
    }
    auto file = builder.keep({});
    REQUIRE(file.ok());
    auto loaded = snapshot::Snapshot::load(*std::move(file));
    REQUIRE(loaded.ok());
    return *std::move(loaded);
  }

  /// Makes it so that a fact of the snapshot that was built is none.
  void strike(const facts::Fact& fact, const snapshot::Snapshot& snapshot) {
    const std::string_view dn = snapshot.object(fact.object).dn();
    const auto found =
        std::find_if(objects_.begin(), objects_.end(), [&](const Object& one) { return one.dn == dn; });
    REQUIRE(found != objects_.end());
    REQUIRE(!fact.is_from_above);
    INFO("struck out: ", dn, " ", fact.key);
    switch (fact.kind) {
      case facts::Fact::Kind::Entry:
        REQUIRE(std::erase_if(found->entries, [&](const Entry& e) { return key_of(e) == fact.key; }) > 0);
        break;
      case facts::Fact::Kind::Owner:
        found->owner = kAdministrators;
        break;
      case facts::Fact::Kind::Value:
        REQUIRE(snapshot.meta().attributes[fact.attribute].name == "member");
        REQUIRE(std::erase_if(found->members, [&](int member) {
                  return objects_[static_cast<std::size_t>(member)].dn == fact.key;
                }) == 1);
        break;
      case facts::Fact::Kind::Flag:
        found->control &= ~static_cast<std::uint32_t>(std::stoul(fact.key));
        break;
      case facts::Fact::Kind::CollectedEntry:
        FAIL("no collection");
    }
  }

 private:
  /// Principals that are no objects of their own here.
  static constexpr int kDomainAdmins = -1;
  static constexpr int kAdministrators = -2;
  static constexpr int kAuthenticatedUsers = -3;

  struct Entry {
    bool is_denial = false;
    bool is_handed_down = false;
    bool is_for_below_only = false;
    std::string rights;
    int trustee = 0;
  };
  struct Object {
    std::string dn;
    int parent = -1;
    std::vector<std::string> classes;
    std::uint32_t rid = 0;
    std::uint32_t control = 512;
    std::vector<Entry> entries = {{.rights = "GA", .trustee = kDomainAdmins}};
    bool is_protected = false;
    bool is_left_out = false;
    bool is_stamped = false;  ///< AdminSDHolder's DACL stands over its own
    int owner = kDomainAdmins;
    std::vector<int> members = {};
  };

  inline static const directory::Sid kDomain = *directory::Sid::parse("S-1-5-21-1-2-3");

  std::uint32_t below(std::size_t limit) { return static_cast<std::uint32_t>(random_() % limit); }
  int one_of(const std::vector<int>& list) { return list[below(list.size())]; }
  Object& object(int i) { return objects_[static_cast<std::size_t>(i)]; }
  const Object& object(int i) const { return objects_[static_cast<std::size_t>(i)]; }

  int add(const std::string& name, int parent, std::vector<std::string> classes, std::uint32_t rid) {
    const std::string dn = parent < 0 ? name : name + "," + object(parent).dn;
    objects_.push_back({.dn = dn, .parent = parent, .classes = std::move(classes), .rid = rid});
    return static_cast<int>(objects_.size() - 1);
  }

  int add_principal(const std::string& kind, int number, std::vector<std::string> classes) {
    const std::string name = "CN=" + kind + std::to_string(number);
    return add(name, one_of(containers_), std::move(classes),
               1100 + static_cast<std::uint32_t>(objects_.size()));
  }

  void add_member() {
    std::vector<int> all = groups_;
    all.push_back(admins_);
    std::vector<int> members = users_;
    members.insert(members.end(), groups_.begin(), groups_.end());
    const int member = one_of(members);
    Object& group = object(below(5) == 0 ? admins_ : one_of(all));
    const bool is_there =
        std::find(group.members.begin(), group.members.end(), member) != group.members.end();
    if (!is_there && &group != &object(member)) group.members.push_back(member);
  }

  void add_entry() {
    static const std::vector<std::string> kRights = {"GA",
                                                     "WD",
                                                     "WO",
                                                     "GW",
                                                     "CR;00299570-246d-11d0-a768-00aa006e0529",
                                                     "SW;bf9679c0-0de6-11d0-a285-00aa003049e2",
                                                     "WP;bf9679c0-0de6-11d0-a285-00aa003049e2",
                                                     "CR;1131f6aa-9c07-11d1-f79f-00c04fc2dcd2",
                                                     "CR;1131f6ad-9c07-11d1-f79f-00c04fc2dcd2"};
    std::vector<int> places = containers_;
    places.insert(places.end(), groups_.begin(), groups_.end());
    places.insert(places.end(), users_.begin(), users_.end());
    places.insert(places.end(), {admins_, holder_, 0});
    std::vector<int> trustees = users_;
    trustees.insert(trustees.end(), groups_.begin(), groups_.end());
    trustees.insert(trustees.end(), groups_.begin(), groups_.end());
    trustees.push_back(kAuthenticatedUsers);
    Entry entry;
    entry.is_denial = below(5) == 0;
    entry.rights = kRights[below(kRights.size())];
    entry.trustee = one_of(trustees);
    int place = one_of(places);
    if (options_.adds_rights && !given_.empty() && below(3) != 0) {
      std::tie(place, entry.trustee) = given_[below(given_.size())];
      if (below(2) == 0 && object(place).parent >= 0 && place != holder_) place = object(place).parent;
      entry.is_denial = below(10) == 0;
    }
    if (options_.replicates && below(3) != 0) {
      static const std::vector<std::string> kReplicating = {kRights[kRights.size() - 2], kRights.back(), "CR",
                                                            "GA"};
      place = 0;
      entry.rights = kReplicating[below(kReplicating.size())];
      entry.trustee = below(3) == 0 ? one_of(users_) : one_of(groups_);
      entry.is_denial = below(20) == 0;
    }
    const bool is_container = std::find(containers_.begin(), containers_.end(), place) != containers_.end();
    entry.is_handed_down = is_container && below(3) != 0;
    entry.is_for_below_only = entry.is_handed_down && below(3) == 0;
    if (options_.repeats_entries && is_container && below(2) == 0) {
      const Object& other = object(one_of(containers_));
      if (!other.entries.empty()) {
        const bool is_for_below_only = entry.is_for_below_only;
        entry = other.entries[below(other.entries.size())];
        entry.is_handed_down = true;
        entry.is_for_below_only = is_for_below_only;
      }
    }
    if (!options_.repeats_entries) {
      const std::string key = key_of(entry);
      for (const Object& other : objects_) {
        for (const Entry& known : other.entries) {
          if (key_of(known) == key) return;
        }
      }
    }
    object(place).entries.push_back(entry);
    given_.emplace_back(place, entry.trustee);
  }

  // Users and groups, as it was when SDProp last ran ([MS-ADTS] 3.1.1.6.1): members that are taken out of a protected group since keep what was stamped.
  void find_stamped() {
    std::vector<int> queue = {admins_};
    for (std::size_t next = 0; next < queue.size(); ++next) {
      if (object(queue[next]).is_stamped || object(queue[next]).classes.back() == "computer") continue;
      object(queue[next]).is_stamped = true;
      queue.insert(queue.end(), object(queue[next]).members.begin(), object(queue[next]).members.end());
    }
  }

  directory::Sid sid_of(int i) const {
    if (i == kDomainAdmins) return kDomain.with_rid(512);
    if (i == kAdministrators) return *directory::Sid::parse("S-1-5-32-544");
    if (i == kAuthenticatedUsers) return *directory::Sid::parse("S-1-5-11");
    return object(i).rid == 0 ? kDomain : kDomain.with_rid(object(i).rid);
  }

  static std::string name_of(const Object& of) {
    const std::string name = of.dn.substr(3, of.dn.find(',') - 3);
    return of.classes.back() == "computer" ? name + "$" : name;
  }

  std::string text_of(const Entry& entry, const std::string& flags) const {
    const std::size_t type = entry.rights.find(';');
    const bool is_object = type != std::string::npos;
    return std::string("(") + (is_object ? "O" : "") + (entry.is_denial ? "D" : "A") + ";" + flags + ";" +
           entry.rights.substr(0, type) + ";" + (is_object ? entry.rights.substr(type + 1) : "") + ";;" +
           sid_of(entry.trustee).to_string() + ")";
  }

  // As facts have it: without flags.
  std::string key_of(const Entry& entry) const {
    const auto bytes = directory::parse_sddl("D:" + text_of(entry, ""), {kDomain});
    const auto parsed = directory::SecurityDescriptor::parse(as_bytes(*bytes));
    return facts::key_of(parsed->dacl->aces.front());
  }

  // Canonical order ([MS-DTYP] 2.4.5): its own denials, its own grants, then those of each object above.
  std::string entries_of(int i, bool is_inherited) const {
    std::string text;
    for (const bool is_denial : {true, false}) {
      for (const Entry& entry : object(i).entries) {
        if (entry.is_denial != is_denial || (is_inherited && !entry.is_handed_down)) continue;
        const bool is_for_below_only = entry.is_for_below_only && !is_inherited;
        text += text_of(entry, std::string(entry.is_handed_down ? "CI" : "") +
                                   (is_for_below_only ? "IO" : "") + (is_inherited ? "ID" : ""));
      }
    }
    return text;
  }

  std::string sddl_of(int i) const {
    const std::string head = "O:" + sid_of(object(i).owner).to_string() + "G:DAD:";
    if (object(i).is_stamped) return head + "P" + entries_of(holder_, false);
    const bool is_protected = object(i).is_protected || i == holder_;
    std::string text = head + (is_protected ? "P" : "") + entries_of(i, false);
    for (int at = i; !object(at).is_protected && at != holder_ && object(at).parent >= 0;) {
      at = object(at).parent;
      text += entries_of(at, true);
    }
    return text;
  }

  std::mt19937& random_;
  Options options_;
  std::vector<Object> objects_;
  std::vector<int> containers_;
  std::vector<int> groups_;
  std::vector<int> users_;
  std::vector<std::pair<int, int>> given_;  ///< where and to whom
  int admins_ = 0;
  int holder_ = 0;
};

}  // namespace tierline::tests
