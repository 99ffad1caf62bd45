// What it costs to tell two snapshots of one directory apart: `tierline_diff_bench [OBJECTS]`. One object in a thousand has
// changed: an attribute, a membership, an entry of its DACL, its name, or it came or went.

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <set>
#include <string>

#include "core/base/file.h"
#include "core/derive/derive.h"
#include "core/directory/distinguished_name.h"
#include "core/directory/security_descriptor.h"
#include "core/snapshot/builder.h"
#include "queries/diff.h"
#include "tests/bench/forest.h"
#include "tests/bench/measure.h"

namespace tierline {
namespace {

using bench::median_of_rounds;
using bench::must;
using directory::AttributeSyntax;
using queries::FactChange;
using snapshot::AttributeId;
using snapshot::Object;
using snapshot::ObjectIndex;
using snapshot::Snapshot;

constexpr int kRounds = 5;
constexpr std::size_t kShare = 1000;  ///< one object of so many changes

/// A file that is gone afterwards.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& name)
      : path_(std::filesystem::temp_directory_path() /
              ("tierline-diff-bench-" + std::to_string(::getpid()) + name)) {}
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

/// The descriptor with one entry more: everyone may read it.
std::string with_entry(ByteSpan descriptor) {
  auto parsed = must(directory::SecurityDescriptor::parse(descriptor));
  // (A;;RC;;;S-1-5-21-1-2-3-4) as it is stored.
  static const std::string kEntry = [] {
    std::string sid = directory::Sid::parse("S-1-5-21-1-2-3-4")->to_bytes();
    std::string entry;
    append(entry, std::uint16_t{0});
    append(entry, static_cast<std::uint16_t>(8 + sid.size()));
    append(entry, std::uint32_t{0x00020000});
    return entry + sid;
  }();
  directory::Ace ace;
  ace.raw = as_bytes(kEntry);
  parsed.dacl->aces.push_back(ace);
  return directory::to_bytes(parsed);
}

/// How attributes are numbered in the later snapshot: as in the earlier one; with a new one before them; the other way round.
enum class Numbers { Alike, Shifted, Reversed };

std::string_view name_of(Numbers numbers) {
  switch (numbers) {
    case Numbers::Alike:
      return "alike";
    case Numbers::Shifted:
      return "with a new one before them";
    case Numbers::Reversed:
      return "the other way round";
  }
  return {};
}

/// Writes `before` with changes, and says how many facts are to be found changed.
class ChangedCopy {
 public:
  ChangedCopy(const Snapshot& before, Numbers numbers) : before_(before) {
    const auto& attributes = before.meta().attributes;
    ids_.resize(attributes.size());
    if (numbers == Numbers::Shifted) id("info", AttributeSyntax::Text);
    for (std::size_t i = 0; i < attributes.size(); ++i) {
      const std::size_t place = numbers == Numbers::Reversed ? attributes.size() - 1 - i : i;
      ids_[place] = builder_.attribute(attributes[place].name, attributes[place].syntax);
    }
  }

  std::size_t write(const std::string& path) {
    for (ObjectIndex i = 0; i < before_.object_count(); ++i)
      copy(before_.object(i), i % kShare == kShare / 2);
    must(builder_.write(path, before_.meta().provenance));
    return changes_;
  }

 private:
  bool is_of_class(const Object& object, std::string_view name) const {
    for (const auto value : object.values(before_.attribute("objectClass"))) {
      if (value.text() == name) return true;
    }
    return false;
  }

  AttributeId id(const char* name, AttributeSyntax syntax) { return builder_.attribute(name, syntax); }

  void copy(const Object& object, bool changes) {
    // What others' names or descriptors hang on stays as it is.
    const bool is_group = is_of_class(object, "group");
    const bool is_account = is_of_class(object, "user");
    if (changes && (is_group || is_account)) {
      const std::size_t turn = turn_++ % (is_account ? 5 : 2);
      ++changes_;
      if (turn == 4) return;  // it went; where it was a member, its name is left
      begin(object, turn == 3);
      if (turn == 0) {
        builder_.value(id("info", AttributeSyntax::Text), std::string_view("has changed"));
      } else if (turn == 1 && is_group) {
        builder_.value(id("member", AttributeSyntax::DistinguishedName), before_.object(0).dn());
      } else if (turn == 1) {
        builder_.descriptor(as_bytes(with_entry(before_.descriptor(object.descriptor()))));
      } else if (turn == 2) {
        // Another one came.
        builder_.end_object();
        std::string guid(16, '\0');
        std::memcpy(guid.data(), object.guid().bytes.data(), 16);
        guid[15] = static_cast<char>(guid[15] + 1);
        builder_.begin_object();
        builder_.value(id("objectGUID", AttributeSyntax::Guid), guid);
        builder_.value(id("distinguishedName", AttributeSyntax::DistinguishedName),
                       "CN=new " + std::to_string(turn_) + ",CN=Users,DC=windomain,DC=local");
        builder_.value(id("objectClass", AttributeSyntax::Text), std::string_view("user"));
      }
      builder_.end_object();
      return;
    }
    begin(object, false);
    builder_.end_object();
  }

  void begin(const Object& object, bool renames) {
    const AttributeId dn = before_.attribute("distinguishedName");
    builder_.begin_object();
    for (const AttributeId attribute : object.attributes()) {
      for (const auto value : object.values(attribute)) {
        if (renames && attribute == dn) {
          builder_.value(ids_[attribute], "CN=renamed " + std::to_string(turn_) + "," +
                                              std::string(directory::parent_dn(value.text())));
        } else {
          builder_.value(ids_[attribute], value.bytes);
        }
      }
    }
    if (object.descriptor() != snapshot::kNoDescriptor) {
      builder_.descriptor(before_.descriptor(object.descriptor()));
    }
  }

  const Snapshot& before_;
  snapshot::Builder builder_;
  std::vector<AttributeId> ids_;
  std::size_t turn_ = 0;
  std::size_t changes_ = 0;
};

/// Every byte once, with as little thought as there can be.
std::uint64_t touch(const std::string& path) {
  const MappedFile file = must(MappedFile::open(path));
  const ByteSpan bytes = file.bytes();
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i + sizeof sum <= bytes.size(); i += sizeof sum) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, sizeof word);
    sum += word;
  }
  return sum;
}

// With graphs at hand, what opened and closed besides.
void measure_drift(const std::string& before, const std::string& after) {
  const Snapshot old_snapshot = must(Snapshot::open(before));
  const Snapshot new_snapshot = must(Snapshot::open(after));
  graph::AttackGraph old_graph;
  graph::AttackGraph new_graph;
  const double derived = median_of_rounds(1, [&] {
    old_graph = derive::derive(old_snapshot).graph;
    new_graph = derive::derive(new_snapshot).graph;
  });
  queries::Drift drift;
  const double compared = median_of_rounds(kRounds, [&] {
    drift = queries::compare({old_snapshot, old_graph}, {new_snapshot, new_graph});
  });
  std::printf("  whole drift (%zu edges opened, %zu closed, of %llu): %.2f x deriving both graphs (%.3f s)\n",
              drift.edges_opened.size(), drift.edges_closed.size(),
              static_cast<unsigned long long>(new_graph.edge_count()), compared / derived, compared);
}

void measure(const std::string& before, Numbers numbers) {
  const TemporaryFile changed("-after.snap");
  const std::size_t expected = ChangedCopy(must(Snapshot::open(before)), numbers).write(changed.path());
  const std::string after = changed.path();
  std::size_t found = 0;
  const double facts = median_of_rounds(kRounds, [&] {
    found = queries::compare_facts(must(Snapshot::open(before)), must(Snapshot::open(after))).size();
  });
  if (found != expected) {
    std::fprintf(stderr, "%zu facts were changed and %zu found\n", expected, found);
    std::exit(1);
  }
  std::uint64_t sum = 0;
  const double open = median_of_rounds(kRounds, [&] {
    must(Snapshot::open(before));
    must(Snapshot::open(after));
  });
  const double streamed = median_of_rounds(kRounds, [&] {
    must(Snapshot::open(before));
    sum += touch(before);
    must(Snapshot::open(after));
    sum += touch(after);
  });
  std::printf("%zu changes, attributes numbered %s (checksum %llx)\n", found, name_of(numbers).data(),
              static_cast<unsigned long long>(sum));
  std::printf("  opening both %.3f s, and touching every byte %.3f s\n", open, streamed);
  std::printf("  facts changed: %.2f x streaming both, %.2f x opening both (%.3f s, opening included)\n",
              facts / streamed, facts / open, facts);
  if (numbers == Numbers::Alike) measure_drift(before, after);
}

}  // namespace
}  // namespace tierline

int main(int argc, char** argv) {
  using namespace tierline;
  const std::size_t objects = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100'000;
  const TemporaryFile before("-before.snap");
  must(bench::write_forest({.objects = objects, .is_leaky = false}, before.path()));
  for (const Numbers numbers : {Numbers::Alike, Numbers::Shifted, Numbers::Reversed}) {
    measure(before.path(), numbers);
  }
}
