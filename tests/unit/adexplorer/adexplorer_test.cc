#include "collectors/adexplorer/adexplorer.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <random>

#include "core/directory/security_descriptor.h"
#include "core/directory/sid.h"
#include "core/snapshot/snapshot.h"

namespace tierline::collectors {
namespace {

const char* const kFile = TIERLINE_SOURCE_DIR "/fixtures/directories/detectionlab/detectionlab.dat";

class Scratch {
 public:
  Scratch()
      : folder_(std::filesystem::temp_directory_path() / ("tierline-dat-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { std::filesystem::remove_all(folder_); }

  std::string path(const char* name) const { return (folder_ / name).string(); }

 private:
  std::filesystem::path folder_;
};

std::string read_all(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

Status read(const std::string& path) {
  snapshot::Builder builder;
  snapshot::Provenance provenance;
  return read_adexplorer(path, builder, provenance);
}

TEST_CASE("a real file is read with its attributes and their syntaxes") {
  const Scratch scratch;
  snapshot::Builder builder;
  snapshot::Provenance provenance;
  REQUIRE(read_adexplorer(kFile, builder, provenance).ok());
  CHECK(provenance.server == "dc.windomain.local");
  CHECK(builder.object_count() == 3848);
  REQUIRE(builder.write(scratch.path("lab.snap"), provenance).ok());
  const auto lab = snapshot::Snapshot::open(scratch.path("lab.snap"));
  REQUIRE(lab.ok());
  CHECK(lab->descriptor_count() == 62);
  std::size_t users = 0;
  for (snapshot::ObjectIndex i = 0; i < lab->object_count(); ++i) {
    const snapshot::Object object = lab->object(i);
    if (object.dn() != "CN=vagrant,CN=Users,DC=windomain,DC=local") continue;
    ++users;
    CHECK(object.text(lab->attribute("sAMAccountName")) == "vagrant");
    CHECK(object.number(lab->attribute("primaryGroupID")) == 513);
    const auto sid = directory::Sid::from_bytes(object.values(lab->attribute("objectSid"))[0].bytes);
    REQUIRE(sid.has_value());
    CHECK(sid->to_string() == "S-1-5-21-2018156605-3479576465-3716879092-1000");
    CHECK(object.parent() != snapshot::kNoObject);
  }
  CHECK(users == 1);
}

TEST_CASE("every kind of value comes as LDAP would transmit it") {
  const Scratch scratch;
  snapshot::Builder builder;
  snapshot::Provenance provenance;
  REQUIRE(read_adexplorer(kFile, builder, provenance).ok());
  REQUIRE(builder.write(scratch.path("lab.snap"), provenance).ok());
  const auto lab = snapshot::Snapshot::open(scratch.path("lab.snap"));
  REQUIRE(lab.ok());
  std::map<directory::AceType, std::size_t> entries;
  std::optional<snapshot::Object> head;
  for (snapshot::ObjectIndex i = 0; i < lab->object_count(); ++i) {
    const snapshot::Object object = lab->object(i);
    if (object.dn() == "DC=windomain,DC=local") head.emplace(object);
    if (object.descriptor() == snapshot::kNoDescriptor) continue;
    const auto parsed = directory::SecurityDescriptor::parse(lab->descriptor(object.descriptor()));
    REQUIRE(parsed.ok());
    for (const directory::Ace& ace : parsed->dacl->aces) ++entries[ace.type];
  }
  CHECK(entries == std::map<directory::AceType, std::size_t>{{directory::AceType::Allow, 16148},
                                                             {directory::AceType::AllowObject, 5142},
                                                             {directory::AceType::Deny, 53}});
  REQUIRE(head.has_value());
  const auto text = [&](const char* attribute) { return std::string(head->text(lab->attribute(attribute))); };
  CHECK(text("objectClass") == "top");
  CHECK(text("nTMixedDomain") == "0");
  CHECK(text("isCriticalSystemObject") == "TRUE");
  CHECK(text("maxPwdAge").starts_with("-"));
  CHECK(text("whenCreated").ends_with("Z"));
  CHECK(text("wellKnownObjects").starts_with("B:32:"));
  CHECK(text("gPLink").starts_with("[LDAP://"));
  CHECK(text("fSMORoleOwner").starts_with("CN=NTDS Settings,"));
  CHECK(head->values(lab->attribute("objectGUID"))[0].bytes.size() == 16);
}

TEST_CASE("a file that was cut off is refused at its end or before") {
  const Scratch scratch;
  const std::string bytes = read_all(kFile);
  const std::string path = scratch.path("cut.dat");
  for (std::size_t size = 0; size < bytes.size(); size += 1 + size / 3) {
    std::ofstream(path, std::ios::binary) << bytes.substr(0, size);
    const Status status = read(path);
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().code == ErrorCode::BadData);
    CHECK(status.error().offset.value_or(0) <= size);
  }
}

TEST_CASE("a damaged file is refused or read, never read over") {
  const Scratch scratch;
  const std::string bytes = read_all(kFile);
  const std::string path = scratch.path("damaged.dat");
  std::mt19937 random(23);
  std::size_t refused = 0;
  for (int round = 0; round < 24; ++round) {
    // Damage counts most at the start, where sizes and the schema are, and in the schema at the end.
    std::string damaged = bytes;
    for (int flips = 0; flips < 40; ++flips) {
      const std::size_t place = flips % 2 == 0 ? 1062 + random() % 4000 : random() % bytes.size();
      damaged[place] = static_cast<char>(random());
    }
    std::ofstream(path, std::ios::binary) << damaged;
    const Status status = read(path);
    if (status.ok()) continue;
    ++refused;
    CHECK(status.error().code == ErrorCode::BadData);
    CHECK(status.error().offset.has_value());
  }
  CHECK(refused > 0);
}

}  // namespace
}  // namespace tierline::collectors
