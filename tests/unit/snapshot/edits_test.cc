#include "core/snapshot/edits.h"

#include <doctest/doctest.h>

#include <random>

#include "core/snapshot/builder.h"

namespace tierline::snapshot {
namespace {

using directory::AttributeSyntax;

constexpr int kObjects = 40;

std::string name_of(int object) { return "CN=" + std::to_string(object) + ",DC=corp,DC=example"; }

/// Of each object: what it is called, whom it names, some texts, a descriptor that others share.
Snapshot made() {
  Builder builder;
  const auto dn = builder.attribute("distinguishedName", AttributeSyntax::DistinguishedName);
  const auto guid = builder.attribute("objectGUID", AttributeSyntax::Guid);
  const auto member = builder.attribute("member", AttributeSyntax::DistinguishedName);
  const auto text = builder.attribute("description", AttributeSyntax::Text);
  for (int i = 0; i < kObjects; ++i) {
    builder.begin_object();
    builder.value(dn, name_of(i));
    std::string bytes(16, '\0');
    bytes[15] = static_cast<char>(i + 1);
    builder.value(guid, bytes);
    for (int other = i % 5; other < i; other += 7) builder.value(member, name_of(other));
    builder.value(member, std::string_view("CN=nobody,DC=other,DC=example"));
    for (int k = 0; k < i % 4; ++k) builder.value(text, std::to_string(k * i));
    builder.descriptor(as_bytes("descriptor " + std::to_string(i % 3)));
    builder.end_object();
  }
  auto file = builder.keep({});
  REQUIRE(file.ok());
  auto loaded = Snapshot::load(*std::move(file));
  REQUIRE(loaded.ok());
  return *std::move(loaded);
}

/// Everything that can be read of an object.
struct Said {
  std::map<AttributeId, std::vector<std::pair<std::string, ObjectIndex>>> values;
  std::string descriptor;
  ObjectIndex parent;
  std::string guid;
  bool operator==(const Said&) const = default;
};

std::vector<Said> all_of(const Snapshot& snapshot) {
  std::vector<Said> all;
  for (ObjectIndex i = 0; i < snapshot.object_count(); ++i) {
    const Object object = snapshot.object(i);
    Said& said = all.emplace_back();
    for (const AttributeId attribute : object.attributes()) {
      std::size_t place = 0;
      for (const auto value : object.values(attribute)) {
        CHECK(object.values(attribute).target(place++) == value.target);
        said.values[attribute].emplace_back(value.text(), value.target);
      }
    }
    said.descriptor = as_text(snapshot.descriptor(object.descriptor()));
    said.parent = object.parent();
    said.guid = object.guid().to_string();
  }
  for (AttributeId attribute = 0; attribute < snapshot.meta().attributes.size(); ++attribute) {
    std::vector<ObjectIndex> wanted;
    for (ObjectIndex i = 0; i < all.size(); ++i) {
      if (all[i].values.contains(attribute) && !all[i].values[attribute].empty()) wanted.push_back(i);
    }
    std::vector<ObjectIndex> found;
    snapshot.for_each_with(attribute, [&](const Object& object) { found.push_back(object.index()); });
    CHECK(found == wanted);
  }
  return all;
}

TEST_CASE("an edited snapshot says what was said, but for what was edited") {
  const Snapshot snapshot = made();
  const std::vector<Said> before = all_of(snapshot);
  const AttributeId text = snapshot.attribute("description");
  std::mt19937 random(2026);
  for (int round = 0; round < 200; ++round) {
    CAPTURE(round);
    std::vector<Said> wanted = before;
    Edits edits(snapshot);
    for (ObjectIndex i = 0; i < snapshot.object_count(); ++i) {
      if (random() % 3 != 0) continue;
      if (random() % 2 == 0) {
        const std::string descriptor = "other " + std::to_string(random() % 2);
        edits.set_descriptor(i, descriptor);
        wanted[i].descriptor = descriptor;
      }
      for (auto& [attribute, values] : wanted[i].values) {
        for (std::size_t k = values.size(); k-- > 0;) {
          const auto item = static_cast<std::uint32_t>(k);
          if (random() % 4 == 0) {
            edits.remove(i, attribute, item);
            values.erase(values.begin() + static_cast<std::ptrdiff_t>(k));
          } else if (attribute == text && random() % 2 == 0) {
            edits.replace(i, attribute, item, "edited");
            values[k].first = "edited";
          }
        }
      }
      std::erase_if(wanted[i].values, [](const auto& one) { return one.second.empty(); });
    }
    const Result<Snapshot> edited = edits.apply();
    REQUIRE(edited.ok());
    // Who is named by an object whose own name was taken away is told with no name, as the name is not anywhere else.
    const std::vector<Said> found = all_of(*edited);
    for (ObjectIndex i = 0; i < found.size(); ++i) {
      for (auto& [attribute, values] : wanted[i].values) {
        for (auto& [name, target] : values) {
          if (target != kNoObject) name = edited->object(target).dn();
        }
      }
      CAPTURE(i);
      REQUIRE(found[i] == wanted[i]);
    }
  }
  CHECK(all_of(snapshot) == before);
}

}  // namespace
}  // namespace tierline::snapshot
