#include "core/derive/look_alikes.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <random>
#include <string>
#include <vector>

#include "core/derive/derive.h"
#include "core/derive/effective_rights.h"
#include "core/directory/sddl.h"
#include "core/knowledge/access_rights.h"
#include "core/snapshot/builder.h"

namespace tierline::derive {
namespace {

using namespace directory;  // with its literals
using snapshot::ObjectIndex;
namespace access = knowledge::access;

const std::optional<Sid> kDomain = Sid::parse("S-1-5-21-1-2-3");

constexpr Guid kUserClass = "00000000-0000-0000-0000-0000000000c1"_guid;
constexpr Guid kOtherClass = "00000000-0000-0000-0000-0000000000c2"_guid;
constexpr Guid kSet = "00000000-0000-0000-0000-0000000000a0"_guid;
constexpr Guid kInSet = "00000000-0000-0000-0000-0000000000a1"_guid;
constexpr Guid kSecret = "00000000-0000-0000-0000-0000000000a2"_guid;
constexpr Guid kLoose = "00000000-0000-0000-0000-0000000000b1"_guid;
constexpr Guid kRight = "00000000-0000-0000-0000-0000000000f1"_guid;
constexpr Guid kWrite = "00000000-0000-0000-0000-0000000000f2"_guid;
constexpr Guid kUnknown = "00000000-0000-0000-0000-0000000000e1"_guid;

/// A forest with one class of note and ann (1101) in Staff (1102); Target carries the list under test.
class Forest {
 public:
  explicit Forest(const std::string& target_sddl) : snapshot_(written(target_sddl)), rights_(snapshot_) {
    for (ObjectIndex i = 0; i < snapshot_.object_count(); ++i) {
      if (snapshot_.object(i).dn() == "CN=ann,DC=corp,DC=test") ann_ = i;
      if (snapshot_.object(i).dn() == "CN=Target,DC=corp,DC=test") target_ = i;
    }
  }

  std::vector<EffectiveRight> rights() {
    graph::Node ann;
    ann.object = ann_;
    return *rights_.of(ann, target_);
  }
  std::vector<LookAlike> look_alikes() {
    graph::Node ann;
    ann.object = ann_;
    return *rights_.look_alikes(ann, target_);
  }
  std::vector<LookAlike> look_alikes_of_everyone() {
    graph::Node everyone;
    everyone.sid = *Sid::parse("S-1-1-0");
    everyone.domain = "CORP.TEST";
    return *rights_.look_alikes(everyone, target_);
  }

 private:
  static snapshot::Snapshot written(const std::string& target_sddl) {
    snapshot::Builder builder;
    char number = 0;
    const auto give = [&](const char* name, std::string_view value,
                          AttributeSyntax syntax = AttributeSyntax::Text) {
      builder.value(builder.attribute(name, syntax), value);
    };
    const auto bytes = [](const Guid& guid) { return std::string(as_text(guid.bytes)); };
    const auto add = [&](const std::string& rdn, std::initializer_list<const char*> classes,
                         std::uint32_t rid, const auto& more) {
      builder.begin_object();
      give("objectGUID", std::string(15, 'g') + ++number, AttributeSyntax::Guid);
      give("distinguishedName", rdn + "DC=corp,DC=test", AttributeSyntax::DistinguishedName);
      for (const char* name : classes) give("objectClass", name);
      if (rid != 0)
        give("objectSid", (rid == 1 ? *kDomain : kDomain->with_rid(rid)).to_bytes(), AttributeSyntax::Sid);
      more();
      builder.end_object();
    };
    const auto attribute = [&](const char* name, const Guid& guid, const Guid& set, const char* flags) {
      add("CN=" + std::string(name) + ",", {"top", "attributeSchema"}, 0, [&] {
        give("lDAPDisplayName", name);
        give("schemaIDGUID", bytes(guid), AttributeSyntax::Guid);
        if (!set.is_zero()) give("attributeSecurityGUID", bytes(set), AttributeSyntax::Guid);
        give("searchFlags", flags);
      });
    };
    const auto right = [&](const char* name, const Guid& guid, const char* accesses) {
      add("CN=" + std::string(name) + ",", {"top", "controlAccessRight"}, 0, [&] {
        give("cn", name);
        give("rightsGuid", guid.to_string());
        give("validAccesses", accesses);
      });
    };
    add("", {"top", "domainDNS"}, 1, [] {});
    attribute("inSet", kInSet, kSet, "0");
    attribute("secret", kSecret, kSet, "128");
    attribute("loose", kLoose, {}, "0");
    right("Use", kRight, "256");
    right("Check", kWrite, "8");
    right("Set", kSet, "48");
    add("CN=user,", {"top", "classSchema"}, 0, [&] {
      give("lDAPDisplayName", "user");
      give("schemaIDGUID", bytes(kUserClass), AttributeSyntax::Guid);
      for (const char* name : {"inSet", "secret", "loose"}) give("mayContain", name);
    });
    add("CN=other,", {"top", "classSchema"}, 0, [&] {
      give("lDAPDisplayName", "other");
      give("schemaIDGUID", bytes(kOtherClass), AttributeSyntax::Guid);
    });
    add("CN=ann,", {"top", "user"}, 1101, [&] { give("userAccountControl", "512"); });
    add("CN=Staff,", {"top", "group"}, 1102, [&] {
      give("sAMAccountName", "Staff");
      give("member", "CN=ann,DC=corp,DC=test", AttributeSyntax::DistinguishedName);
    });
    add("CN=Target,", {"top", "user"}, 1103,
        [&] { builder.descriptor(as_bytes(*directory::parse_sddl(target_sddl, kDomain))); });
    const auto file = std::filesystem::temp_directory_path() /
                      ("tierline-look-alikes-" + std::to_string(::getpid()) + ".snap");
    REQUIRE(builder.write(file.string(), {}).ok());
    Result<snapshot::Snapshot> opened = snapshot::Snapshot::open(file.string());
    std::filesystem::remove(file);
    REQUIRE(opened.ok());
    return *std::move(opened);
  }

  snapshot::Snapshot snapshot_;
  EffectiveRights rights_;
  ObjectIndex ann_ = 0;
  ObjectIndex target_ = 0;
};

const std::string kAnn = "S-1-5-21-1-2-3-1101";
const std::string kStaff = "S-1-5-21-1-2-3-1102";

TEST_CASE("a look-alike names the denial that decides, and whom it is for") {
  Forest forest("O:DAG:DAD:(A;;RC;;;WD)(D;;WD;;;" + kStaff + ")(D;;WD;;;" + kAnn + ")(A;;WDRC;;;" + kAnn +
                ")");
  const auto found = forest.look_alikes();
  REQUIRE(found.size() == 1);
  CHECK(found[0].place == 3);
  CHECK(found[0].reason == WhyNot::DeniedEarlier);
  CHECK(found[0].denied_by == 1);
  CHECK(found[0].text == "Entry 2 denies it before: (D;;WD;;;" + kStaff +
                             "), which is for STAFF@CORP.TEST in the token of ANN@CORP.TEST.");
  REQUIRE(found[0].rights.size() == 1);
  CHECK(found[0].rights[0].bit == access::kWriteDacl);
}

TEST_CASE("rights denied by different entries are told apart") {
  Forest forest("O:DAG:DAD:(D;;WD;;;" + kAnn + ")(D;;WO;;;WD)(A;;WDWO;;;" + kAnn + ")");
  const auto found = forest.look_alikes();
  REQUIRE(found.size() == 2);
  CHECK(found[0].denied_by == 0);
  CHECK(found[1].denied_by == 1);
}

TEST_CASE("a denial under a condition leaves the right and is told with it") {
  const std::string list = "O:DAG:DAD:(XD;;WO;;;" + kAnn + ";(@User.a==1))(A;;WDWO;;;" + kAnn + ")";
  Forest forest(list);
  CHECK(forest.look_alikes().empty());
  const auto rights = forest.rights();
  REQUIRE(rights.size() == 2);
  CHECK(rights[0].right == "WRITE_DAC");
  CHECK_FALSE(rights[0].unless);
  CHECK(rights[1].right == "WRITE_OWNER");
  CHECK(rights[1].unless == 0);
  CHECK_FALSE(rights[1].conditional);
}

TEST_CASE("a right under a condition is granted, and no look-alike") {
  Forest forest("O:DAG:DAD:(XA;;WO;;;" + kAnn + ";(@User.a==1))");
  CHECK(forest.look_alikes().empty());
  REQUIRE(forest.rights().size() == 1);
  CHECK(forest.rights()[0].conditional);
}

TEST_CASE("a principal without an object is known by its SID") {
  Forest forest("O:DAG:DAD:(A;CIIO;WO;;;WD)(A;CIIO;WD;;;" + kAnn + ")");
  const auto found = forest.look_alikes_of_everyone();
  REQUIRE(found.size() == 1);
  CHECK(found[0].place == 0);
}

TEST_CASE("no list grants everything, so nothing only seems to be granted") {
  CHECK(Forest("O:DAG:DA").look_alikes().empty());
}

// Every bit of every entry that is for ann is granted or told. What is granted is looked up in the list of
// rights, which holds only the widest.
TEST_CASE("an entry gives each of its rights or is told as a look-alike, on random lists") {
  constexpr std::uint32_t kBits[] = {access::kWriteDacl,     access::kReadProperty,   access::kWriteProperty,
                                     access::kControlAccess, access::kValidatedWrite, access::kCreateChild};
  const std::vector<std::string> types = {"",
                                          kUserClass.to_string(),
                                          kOtherClass.to_string(),
                                          kSet.to_string(),
                                          kInSet.to_string(),
                                          kSecret.to_string(),
                                          kLoose.to_string(),
                                          kRight.to_string(),
                                          kWrite.to_string(),
                                          kUnknown.to_string()};
  std::mt19937 chance(20240607);
  const auto one_of = [&](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(chance);
  };
  for (int round = 0; round < 400; ++round) {
    std::string list = one_of(4) == 0 ? "O:" + kAnn + "G:DAD:" : "O:DAG:DAD:";
    const std::size_t size = 1 + one_of(6);
    for (std::size_t i = 0; i < size; ++i) {
      const std::string& type = types[one_of(3) == 0 ? 0 : one_of(types.size())];
      const char* const rights[] = {"GA", "WP", "RP", "CR", "SW", "CC", "WD", "RPWPCR"};
      const std::string trustees[] = {kAnn, kStaff, "OW", "PS", "WD"};
      list += std::string("(") + (type.empty() ? "" : "O") + (one_of(3) == 0 ? "D;" : "A;") +
              (one_of(5) == 0 ? "CIIO;" : ";") + rights[one_of(8)] + ";" + type + ";;" + trustees[one_of(5)] +
              ")";
    }
    CAPTURE(list);
    Forest forest(list);
    const auto granted = forest.rights();
    const auto seeming = forest.look_alikes();
    const auto is_granted = [&](std::uint32_t bit, const std::optional<Guid>& type) {
      return std::any_of(granted.begin(), granted.end(), [&](const EffectiveRight& right) {
        return right.right == right_name(bit) && right.object_type == type;
      });
    };
    for (const LookAlike& entry : seeming) {
      for (const SeemingRight& right : entry.rights) {
        CAPTURE(right_name(right.bit));
        CHECK_FALSE(is_granted(right.bit, right.object_type));
        // Children of one class may be denied where those of the others are granted.
        CHECK_FALSE((right.bit != access::kCreateChild && is_granted(right.bit, {})));
      }
      CHECK(entry.denied_by.has_value() == (entry.reason == WhyNot::DeniedEarlier));
      if (entry.denied_by) CHECK(*entry.denied_by < entry.place);
    }
    const auto descriptor_bytes = *directory::parse_sddl(list, kDomain);
    const auto descriptor = *directory::SecurityDescriptor::parse(as_bytes(descriptor_bytes));
    for (std::size_t place = 0; place < descriptor.dacl->aces.size(); ++place) {
      const directory::Ace& ace = descriptor.dacl->aces[place];
      const bool for_ann = ace.trustee == *Sid::parse(kAnn) || ace.trustee == *Sid::parse(kStaff);
      if (!ace.is_allow() || !for_ann) continue;
      for (const std::uint32_t bit : kBits) {
        if ((access::map_generic(ace.mask) & bit) == 0) continue;
        CAPTURE(place);
        CAPTURE(right_name(bit));
        // A control access right or validated write that is denied alone is told once, with the entry for all.
        const bool extended = (bit & (access::kControlAccess | access::kValidatedWrite)) != 0;
        const bool told = std::any_of(seeming.begin(), seeming.end(), [&](const LookAlike& entry) {
          return (entry.place == place || (extended && ace.object_type)) &&
                 entry.reason != WhyNot::Confidential &&
                 std::any_of(entry.rights.begin(), entry.rights.end(),
                             [&](const SeemingRight& right) { return right.bit == bit; });
        });
        bool given = is_granted(bit, {}) || is_granted(bit, ace.object_type);
        // What holds over all types is listed as one for each that the forest defines.
        if (extended) given = is_granted(bit, bit == access::kControlAccess ? kRight : kWrite);
        const bool of_set = ace.object_type == kInSet || ace.object_type == kSecret;
        if (of_set && (bit & (access::kReadProperty | access::kWriteProperty)) != 0)
          given = given || is_granted(bit, kSet);
        CHECK((given || told));
      }
    }
  }
}

}  // namespace
}  // namespace tierline::derive
