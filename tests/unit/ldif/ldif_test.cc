#include "collectors/ldif/ldif.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include "collectors/ldif/records.h"
#include "core/snapshot/snapshot.h"

namespace tierline::collectors {
namespace {

std::vector<ldif::Record> records_of(std::string_view text) {
  ldif::Reader reader(text);
  std::vector<ldif::Record> records;
  while (true) {
    auto record = reader.next();
    REQUIRE(record.ok());
    if (!*record) return records;
    records.push_back(**record);
  }
}

Error error_of(std::string_view text) {
  ldif::Reader reader(text);
  while (true) {
    auto record = reader.next();
    if (!record) return record.error();
    REQUIRE(record->has_value());
  }
}

/// What becomes of a file with this content.
struct Imported {
  Status status;
  std::optional<snapshot::Snapshot> snapshot;
};

Imported import(const std::string& text) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("tierline-ldif-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const std::string input = (folder / "in.ldif").string();
  const std::string output = (folder / "out.snap").string();
  std::ofstream(input, std::ios::binary) << text;
  snapshot::Builder builder;
  snapshot::Provenance provenance;
  Imported imported{read_ldif(input, builder, provenance), {}};
  if (imported.status.ok()) {
    REQUIRE(builder.write(output, provenance).ok());
    auto opened = snapshot::Snapshot::open(output);
    REQUIRE(opened.ok());
    imported.snapshot.emplace(std::move(*opened));
  }
  std::filesystem::remove_all(folder);
  return imported;
}

constexpr const char* kGuid = "objectGUID:: AAECAwQFBgcICQoLDA0ODw==\n";

TEST_CASE("lines are unfolded, decoded and separated") {
  const auto records = records_of(
      "\xEF\xBB\xBFversion: 1\n\n# a comment\n#  that is\n  folded\ndn: CN=a,DC=corp,\n DC=test\r\ncn: "
      "a\r\n\r\n\n"
      "dn:: Q049w6QsREM9Y29ycA==\ndescription:  leading space\nempty:\n");
  REQUIRE(records.size() == 2);
  CHECK(records[0][0].value == "CN=a,DC=corp,DC=test");
  CHECK(records[0][1].value == "a");
  CHECK(records[1][0].value == "CN=\xC3\xA4,DC=corp");
  CHECK(records[1][1].value == "leading space");
  CHECK(records[1][2].value.empty());
}

TEST_CASE("what is no LDIF is refused at its line") {
  CHECK(error_of("dn: a\nnonsense\n").offset == 6);
  CHECK(error_of("dn: a\ncn:: a!b=\n").offset == 6);
  CHECK(error_of("dn: a\nphoto:< file:///etc/passwd\n").offset == 6);
  CHECK(error_of("dn: a\n: b\n").offset == 6);
}

TEST_CASE("an entry keeps the attributes that a collection would ask for") {
  const Imported imported =
      import(std::string("dn: CN=ann,DC=corp,DC=test\n") + kGuid +
             "objectClass: top\nobjectClass: user\nsAMAccountName: ann\nunicodePwd: secret\n"
             "thumbnailPhoto:: AAAA\nwhenChanged: 20261123083000.0Z\nuSNChanged: 17\n"
             "nTSecurityDescriptor:: AQAEgBQAAAAAAAAAAAAAAAAAAAABAQAAAAAABRIAAAA=\n\n"
             "search: 2\nresult: 0 Success\n");
  REQUIRE(imported.status.ok());
  const snapshot::Snapshot& snapshot = *imported.snapshot;
  REQUIRE(snapshot.object_count() == 1);
  CHECK(snapshot.object(0).text(snapshot.attribute("sAMAccountName")) == "ann");
  CHECK(snapshot.attribute("unicodePwd") == snapshot::kNoAttribute);
  CHECK(snapshot.attribute("thumbnailPhoto") == snapshot::kNoAttribute);
  CHECK(snapshot.meta().provenance.started == 1795422600);
  CHECK(snapshot.meta().provenance.highest_usn == 17);
  CHECK(snapshot.meta().is_complete());
}

TEST_CASE("a member for a time is a member, and is known to be one for a time") {
  const std::string group = std::string("dn: CN=g,DC=corp,DC=test\n") + kGuid;
  const Imported imported = import(group +
                                   "member: <TTL=60,CN=a,DC=corp,DC=test>\nmember: CN=b,DC=corp,DC=test\n"
                                   "member: <TTL=x,CN=c>\ndescription: <TTL=1,CN=d>\n");
  REQUIRE(imported.status.ok());
  const snapshot::Object object = imported.snapshot->object(0);
  const auto values = [&](const char* attribute) {
    std::vector<std::string> found;
    for (const auto value : object.values(imported.snapshot->attribute(attribute)))
      found.emplace_back(value.text());
    return found;
  };
  CHECK(values("member") ==
        std::vector<std::string>{"CN=a,DC=corp,DC=test", "CN=b,DC=corp,DC=test", "<TTL=x,CN=c>"});
  CHECK(values("description") == std::vector<std::string>{"<TTL=1,CN=d>"});
  CHECK(values("member;ttl") == std::vector<std::string>{"<TTL=60,CN=a,DC=corp,DC=test>"});
  const auto is_told = [](const Imported& one) {
    const auto& areas = one.snapshot->meta().coverage;
    return std::any_of(areas.begin(), areas.end(),
                       [](const auto& area) { return area.area == "memberships for a time"; });
  };
  CHECK(is_told(imported));
  CHECK_FALSE(is_told(import(group + "member: CN=b,DC=corp,DC=test\n")));
}

TEST_CASE("what the file shows to be missing is coverage") {
  const std::string entry = std::string("dn: CN=g,DC=corp,DC=test\n") + kGuid + "objectClass: group\n";
  CHECK_FALSE(import(entry).snapshot->meta().is_complete());  // no descriptor
  const std::string whole = entry + "nTSecurityDescriptor:: AQAEgBQAAAAAAAAAAAAAAAAAAAABAQAAAAAABRIAAAA=\n";
  CHECK(import(whole).snapshot->meta().is_complete());
  CHECK_FALSE(import(whole + "member;range=0-1499: CN=a,DC=corp,DC=test\n").snapshot->meta().is_complete());
  CHECK(import(whole + "member;range=0-*: CN=a,DC=corp,DC=test\n").snapshot->meta().is_complete());
  CHECK_FALSE(import(whole + "\nsearch: 2\nresult: 4 Size limit exceeded\n").snapshot->meta().is_complete());
}

TEST_CASE("what shows no entry is refused") {
  CHECK(import(std::string("dn: CN=a,DC=corp,DC=test\nchangetype: delete\n") + kGuid).status.error().offset ==
        25);
  CHECK(import(std::string("dn: CN=a,DC=corp,DC=test\nchangetype: add\n") + kGuid).status.ok());
  CHECK(import("cn: a\n").status.error().offset == 0);
}

TEST_CASE("a file in UTF-16, as ldifde -u writes it, is read") {
  const std::string text =
      std::string("dn: CN=ann,DC=corp,DC=test\r\nchangetype: add\r\n") + kGuid + "cn: ann\r\n";
  std::string wide = "\xFF\xFE";
  for (const char c : text) wide += {c, '\0'};
  CHECK(is_ldif(as_bytes(wide)));
  CHECK(import(wide).snapshot->object_count() == 1);
  CHECK_FALSE(import(wide + "x").status.ok());
}

TEST_CASE("LDIF is known by its beginning") {
  CHECK(is_ldif(as_bytes("# extended LDIF\n#\n\nversion: 1\n")));
  CHECK(is_ldif(as_bytes("DN: CN=a\n")));
  CHECK_FALSE(is_ldif(as_bytes("{\"data\": []}")));
  CHECK_FALSE(is_ldif(as_bytes("")));
  CHECK_FALSE(is_ldif(as_bytes("# only a comment")));
}

TEST_CASE("damaged LDIF is refused or read, never read over") {
  const std::string text = std::string("version: 1\n\ndn: CN=ann,DC=corp,DC=test\n") + kGuid +
                           "cn: ann\nmember;range=0-1499:: QUJD\nwhenChanged: 20261123083000.0Z\n";
  std::mt19937 random(9);
  for (int round = 0; round < 300; ++round) {
    std::string damaged = text.substr(0, round % 3 == 0 ? random() % text.size() : text.size());
    for (int flips = 0; flips < round % 5 && !damaged.empty(); ++flips) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    const Imported imported = import(damaged);
    if (!imported.status.ok()) CHECK(imported.status.error().offset.has_value());
  }
}

}  // namespace
}  // namespace tierline::collectors
