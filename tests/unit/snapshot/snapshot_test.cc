#include "core/snapshot/snapshot.h"

#include <capnp/any.h>
#include <capnp/serialize.h>
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <xxhash.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <vector>

#include "core/snapshot/builder.h"
#include "core/snapshot/format.h"
#include "core/snapshot/snapshot.capnp.h"
#include "tests/support/scratch_files.h"

namespace tierline::snapshot {
namespace {

using directory::AttributeSyntax;

// A domain, a group with a member inside and one outside the snapshot, and two objects sharing a descriptor.
Builder small_directory() {
  Builder builder;
  const AttributeId dn = builder.attribute("distinguishedName", AttributeSyntax::DistinguishedName);
  const AttributeId guid = builder.attribute("objectGUID", AttributeSyntax::Guid);
  const AttributeId member = builder.attribute("member", AttributeSyntax::DistinguishedName);
  const AttributeId count = builder.attribute("adminCount", AttributeSyntax::Text);
  const std::string names[] = {"DC=corp,DC=test", "CN=Staff,DC=corp,DC=test", "CN=Ann\\, A,DC=corp,DC=test"};
  for (std::size_t i = 0; i < 3; ++i) {
    builder.begin_object();
    builder.value(guid, std::string(16, static_cast<char>('c' - i)));
    builder.value(dn, names[i]);
    if (i == 1) {
      builder.value(member, names[2]);
      builder.value(member, std::string_view("CN=Elsewhere,DC=other,DC=test"));
      builder.value(count, std::string_view("1"));
    }
    if (i != 0) builder.descriptor(as_bytes("same descriptor"));
    builder.end_object();
  }
  builder.cover({.area = "objects", .domain = "corp.test", .read = 3});
  return builder;
}

TEST_CASE("what is written is read back") {
  const std::string path = scratch("small.snap");
  REQUIRE(
      small_directory().write(path, {.tool = "tierline", .server = "dc.corp.test", .highest_usn = 42}).ok());
  struct stat info = {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);

  Result<Snapshot> opened = Snapshot::open(path);
  REQUIRE(opened.ok());
  const Snapshot& snapshot = *opened;
  CHECK(snapshot.meta().provenance.server == "dc.corp.test");
  CHECK(snapshot.meta().provenance.highest_usn == 42);
  CHECK(snapshot.meta().is_complete());
  REQUIRE(snapshot.object_count() == 3);
  CHECK(snapshot.descriptor_count() == 1);

  // Objects come in order of their GUIDs, which were given in falling order.
  CHECK(snapshot.object(0).dn() == "CN=Ann\\, A,DC=corp,DC=test");
  CHECK(snapshot.object(0).parent() == 2);
  CHECK(snapshot.object(2).parent() == kNoObject);
  const Object staff = snapshot.object(1);
  CHECK(staff.number(snapshot.attribute("ADMINCOUNT")) == 1);
  const Values members = staff.values(snapshot.attribute("member"));
  REQUIRE(members.size() == 2);
  CHECK(members[0].target == 0);
  CHECK(members[0].text() == "CN=Ann\\, A,DC=corp,DC=test");
  CHECK(members[1].target == kNoObject);
  CHECK(members[1].text() == "CN=Elsewhere,DC=other,DC=test");
  CHECK(as_text(snapshot.descriptor(staff.descriptor())) == "same descriptor");
  CHECK(snapshot.attribute("nothing") == kNoAttribute);
}

TEST_CASE("the same facts give the same bytes, whatever their order") {
  const std::string one = scratch("one.snap");
  const std::string two = scratch("two.snap");
  REQUIRE(small_directory().write(one, {}).ok());
  REQUIRE(small_directory().write(two, {}).ok());
  CHECK(read_all(one) == read_all(two));
}

// More objects than a chunk holds; values that are short, long, long and again and again, or at first alone and later not.
TEST_CASE("of many objects, each keeps its own values") {
  constexpr std::size_t kObjects = 150'000;
  const auto long_value = [](std::size_t i) { return "a value of its own, number " + std::to_string(i); };
  const auto late_value = [&](std::size_t i) { return long_value(i < kObjects / 2 ? i : i % 7); };
  const auto name = [](std::size_t i) { return "CN=" + std::to_string(i) + ",DC=corp,DC=test"; };
  Builder builder;
  const AttributeId dn = builder.attribute("distinguishedName", AttributeSyntax::DistinguishedName);
  const AttributeId guid = builder.attribute("objectGUID", AttributeSyntax::Guid);
  const AttributeId next = builder.attribute("managedBy", AttributeSyntax::DistinguishedName);
  const AttributeId own = builder.attribute("description", AttributeSyntax::Text);
  const AttributeId shared = builder.attribute("title", AttributeSyntax::Text);
  const AttributeId late = builder.attribute("scriptPath", AttributeSyntax::Text);
  const AttributeId number = builder.attribute("adminCount", AttributeSyntax::Text);
  const AttributeId rare = builder.attribute("carLicense", AttributeSyntax::Text);
  const auto has_rare = [](std::size_t i) { return i % 9973 == 5 || i % 60'000 < 2; };
  for (std::size_t i = 0; i < kObjects; ++i) {
    builder.begin_object();
    std::string unique(16, '\0');
    for (std::size_t k = 0; k < 4; ++k) unique[k] = static_cast<char>(i >> (24 - 8 * k));
    builder.value(late, late_value(i));
    builder.value(number, std::to_string(i));
    builder.value(own, long_value(i));
    builder.value(own, std::string_view());
    if (has_rare(i)) builder.value(rare, std::string_view());
    builder.value(shared, long_value(i % 3));
    builder.value(guid, unique);
    builder.value(dn, name(i));
    if (i != 0) builder.value(next, name((i + 1) % kObjects));
    REQUIRE(builder.end_object() == i);
  }
  const auto stored = builder.values(kObjects - 1);
  REQUIRE(stored.size() == 8);
  CHECK(stored[3].attribute == own);
  CHECK(as_text(stored[3].bytes) == long_value(kObjects - 1));
  builder.drop(0);
  const std::string path = scratch("many.snap");
  REQUIRE(builder.write(path, {}).ok());
  const Result<Snapshot> opened = Snapshot::open(path);
  REQUIRE(opened.ok());
  REQUIRE(opened->object_count() == kObjects - 1);
  std::size_t wrong = 0;
  for (std::size_t i = 1; i < kObjects; ++i) {
    const Object object = opened->object(static_cast<ObjectIndex>(i - 1));
    const Values own_values = object.values(own);
    const Value named = object.values(next)[0];
    const bool is_last = i + 1 == kObjects;
    const bool fits = object.dn() == name(i) && object.text(late) == late_value(i) &&
                      object.number(number) == i && own_values.size() == 2 &&
                      own_values[0].text() == long_value(i) && own_values[1].bytes.empty() &&
                      object.text(shared) == long_value(i % 3) && named.text() == name((i + 1) % kObjects) &&
                      named.target == (is_last ? kNoObject : i);
    if (!fits) ++wrong;
  }
  CHECK(wrong == 0);
  std::vector<std::size_t> wanted;
  for (std::size_t i = 1; i < kObjects; ++i) {
    if (has_rare(i)) wanted.push_back(i - 1);
  }
  std::vector<std::size_t> found;
  opened->for_each_with(rare, [&](const Object& object) { found.push_back(object.index()); });
  CHECK(found == wanted);
}

TEST_CASE("an object that comes twice is kept once, in its newer state") {
  Builder builder;
  const AttributeId guid = builder.attribute("objectGUID", AttributeSyntax::Guid);
  const AttributeId usn = builder.attribute("uSNChanged", AttributeSyntax::Text);
  for (const std::string_view changed : {"7", "9", "8"}) {
    builder.begin_object();
    builder.value(guid, std::string(16, 'g'));
    builder.value(usn, changed);
    builder.end_object();
  }
  const std::string path = scratch("twice.snap");
  REQUIRE(builder.write(path, {}).ok());
  Result<Snapshot> snapshot = Snapshot::open(path);
  REQUIRE(snapshot.ok());
  REQUIRE(snapshot->object_count() == 1);
  CHECK(snapshot->object(0).number(snapshot->attribute("uSNChanged")) == 9);
}

TEST_CASE("every truncation and every damaged byte is refused by name and place") {
  const std::string path = scratch("good.snap");
  const std::string bad = scratch("bad.snap");
  REQUIRE(small_directory().write(path, {.tool = "tierline"}).ok());
  const std::string bytes = read_all(path);

  for (std::size_t size = 0; size < bytes.size(); size += 3) {
    CAPTURE(size);
    write_all(bad, bytes.substr(0, size));
    const Result<Snapshot> opened = Snapshot::open(bad);
    REQUIRE_FALSE(opened.ok());
    CHECK(opened.error().code == ErrorCode::BadData);
    CHECK(opened.error().where == bad);
    CHECK(opened.error().offset.has_value());
  }
  for (std::size_t place = 0; place < bytes.size(); ++place) {
    CAPTURE(place);
    std::string damaged = bytes;
    damaged[place] = static_cast<char>(damaged[place] ^ (1 << (place % 8)));
    write_all(bad, damaged);
    const Result<Snapshot> opened = Snapshot::open(bad);
    REQUIRE_FALSE(opened.ok());
    CHECK(opened.error().code == ErrorCode::BadData);
    CHECK(opened.error().offset.has_value());
  }
}

std::uint64_t number_at(const std::string& bytes, std::size_t place) {
  std::uint64_t number = 0;
  std::memcpy(&number, &bytes[place], sizeof number);
  return number;
}

void put(std::string& bytes, std::size_t place, std::uint64_t number) {
  std::memcpy(&bytes[place], &number, sizeof number);
}

// The file of one chunk of objects with other parents, and every checksum made to fit.
std::string with_parents(std::string bytes, const std::vector<ObjectIndex>& parents) {
  const auto reader_at = [&](std::uint64_t offset, std::uint64_t size) {
    return capnp::FlatArrayMessageReader(
        {reinterpret_cast<const capnp::word*>(&bytes[offset]), size / sizeof(capnp::word)});
  };
  const std::size_t trailer = bytes.size() - kTrailerSize;
  const std::uint64_t contents = number_at(bytes, trailer);
  const std::uint64_t contents_size = number_at(bytes, trailer + 8);
  auto table = reader_at(contents, contents_size);
  for (const auto chunk : table.getRoot<schema::Contents>().getChunks()) {
    if (chunk.getKind() != schema::Chunk::Kind::OBJECTS) continue;
    auto objects = reader_at(chunk.getOffset(), chunk.getSize());
    const auto column =
        capnp::AnyList::Reader(objects.getRoot<schema::ObjectChunk>().getParents()).getRawBytes();
    REQUIRE(column.size() == parents.size() * sizeof(ObjectIndex));
    const auto place = static_cast<std::size_t>(reinterpret_cast<const char*>(column.begin()) - bytes.data());
    std::memcpy(&bytes[place], parents.data(), column.size());
    const std::uint64_t old_sum = chunk.getChecksum();
    const std::size_t sum = bytes.find({reinterpret_cast<const char*>(&old_sum), sizeof old_sum}, contents);
    REQUIRE(sum < trailer);
    put(bytes, sum, XXH3_64bits(&bytes[chunk.getOffset()], chunk.getSize()));
  }
  put(bytes, trailer + 16, XXH3_64bits(&bytes[contents], contents_size));
  const std::string sealed = bytes.substr(0, kHeaderSize) + bytes.substr(trailer, kTrailerSize - 8);
  put(bytes, trailer + 32, XXH3_64bits(sealed.data(), sealed.size()));
  return bytes;
}

TEST_CASE("an object that is above itself is refused by its name") {
  const std::string path = scratch("parents.snap");
  REQUIRE(small_directory().write(path, {}).ok());
  const std::string bytes = read_all(path);
  const std::string kNames[] = {"CN=Ann\\, A,DC=corp,DC=test", "CN=Staff,DC=corp,DC=test", "DC=corp,DC=test"};
  std::size_t refused = 0;
  // All forests and all else that three objects can be.
  for (unsigned code = 0; code < 4 * 4 * 4; ++code) {
    std::vector<ObjectIndex> parents;
    for (const unsigned parent : {code % 4, code / 4 % 4, code / 16})
      parents.push_back(parent == 3 ? kNoObject : parent);
    CAPTURE(parents[0]);
    CAPTURE(parents[1]);
    CAPTURE(parents[2]);
    const auto is_above_itself = [&](ObjectIndex object) {
      ObjectIndex above = parents[object];
      for (int steps = 0; steps < 3 && above != kNoObject && above != object; ++steps) above = parents[above];
      return above == object;
    };
    write_all(path, with_parents(bytes, parents));
    const Result<Snapshot> opened = Snapshot::open(path);
    std::vector<std::string> messages;
    for (ObjectIndex object = 0; object < 3; ++object) {
      if (is_above_itself(object)) messages.push_back(kNames[object] + " is above itself");
    }
    REQUIRE(opened.ok() == messages.empty());
    if (opened.ok()) continue;
    ++refused;
    CHECK(std::find(messages.begin(), messages.end(), opened.error().message) != messages.end());
    CHECK(opened.error().code == ErrorCode::BadData);
    CHECK(opened.error().where == path);
    CHECK(opened.error().offset.has_value());
  }
  CHECK(refused == 64 - 16);  // 16 are the rooted forests on three objects
}

TEST_CASE("a newer format is refused by its number") {
  const std::string path = scratch("newer.snap");
  REQUIRE(small_directory().write(path, {}).ok());
  std::string bytes = read_all(path);
  bytes[8] = 99;
  write_all(path, bytes);
  const Result<Snapshot> opened = Snapshot::open(path);
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error().message.find("format 99") != std::string::npos);
}

TEST_CASE("a folder that cannot be written leaves nothing behind") {
  const Status status = small_directory().write("/nonexistent/folder/x.snap", {});
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().code == ErrorCode::CannotCreate);
}

}  // namespace
}  // namespace tierline::snapshot
