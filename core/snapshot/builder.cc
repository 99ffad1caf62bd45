#include "core/snapshot/builder.h"

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <xxhash.h>

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <charconv>
#include <cstring>
#include <functional>
#include <limits>
#include <vector>

#include "core/base/arena.h"
#include "core/base/file.h"
#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/directory/distinguished_name.h"
#include "core/directory/guid.h"
#include "core/snapshot/format.h"
#include "core/snapshot/snapshot.capnp.h"

namespace tierline::snapshot {
namespace {

using directory::AttributeSyntax;
using directory::Guid;

using StoredValue = Builder::StoredValue;

struct EqualBytes {
  bool operator()(ByteSpan a, ByteSpan b) const { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }
};

struct StoredObject {
  Guid guid;
  std::string_view dn;
  std::uint64_t usn = 0;
  std::span<const StoredValue> values;
  DescriptorIndex descriptor = kNoDescriptor;
  bool is_dropped = false;
};

using IndexByDn = boost::unordered_flat_map<std::string_view, ObjectIndex, SeededHash, std::equal_to<>>;

kj::ArrayPtr<const kj::byte> kj_bytes(ByteSpan bytes) { return {bytes.data(), bytes.size()}; }

template <class List, class Range>
void fill(List list, const Range& range) {
  unsigned i = 0;
  for (const auto element : range) list.set(i++, element);
}

/// The file as it grows: chunks first, then contents and trailer.
class FileWriter {
 public:
  explicit FileWriter(const MappedFile::Write& write) : write_(write) {}

  Status header() {
    header_ = std::string(kMagic);
    append(header_, kFormatVersion);
    append(header_, std::uint32_t{0});
    return put(as_bytes(header_));
  }

  Status chunk(schema::Chunk::Kind kind, std::uint32_t count, capnp::MessageBuilder& message) {
    kj::Array<capnp::word> words = capnp::messageToFlatArray(message);
    const auto raw = words.asBytes();
    const ByteSpan bytes{raw.begin(), raw.size()};
    chunks_.push_back({kind, count, offset_, bytes.size(), XXH3_64bits(bytes.data(), bytes.size())});
    return put(bytes);
  }

  Status contents_and_trailer() {
    capnp::MallocMessageBuilder message;
    auto list = message.initRoot<schema::Contents>().initChunks(static_cast<unsigned>(chunks_.size()));
    for (unsigned i = 0; i < list.size(); ++i) {
      const ChunkEntry& entry = chunks_[i];
      auto chunk = list[i];
      chunk.setKind(entry.kind);
      chunk.setCount(entry.count);
      chunk.setOffset(entry.offset);
      chunk.setSize(entry.size);
      chunk.setChecksum(entry.checksum);
    }
    kj::Array<capnp::word> words = capnp::messageToFlatArray(message);
    const auto raw = words.asBytes();
    std::string trailer;
    append(trailer, offset_);
    append(trailer, static_cast<std::uint64_t>(raw.size()));
    append(trailer, static_cast<std::uint64_t>(XXH3_64bits(raw.begin(), raw.size())));
    append(trailer, static_cast<std::uint64_t>(offset_ + raw.size() + kTrailerSize));
    const std::string sealed = header_ + trailer;
    append(trailer, static_cast<std::uint64_t>(XXH3_64bits(sealed.data(), sealed.size())));
    if (Status status = put({raw.begin(), raw.size()}); !status) return status;
    return put(as_bytes(trailer));
  }

 private:
  struct ChunkEntry {
    schema::Chunk::Kind kind;
    std::uint32_t count;
    std::uint64_t offset;
    std::uint64_t size;
    std::uint64_t checksum;
  };

  Status put(ByteSpan bytes) {
    offset_ += bytes.size();
    return write_(bytes);
  }

  const MappedFile::Write& write_;
  std::string header_;
  std::uint64_t offset_ = 0;
  std::vector<ChunkEntry> chunks_;
};

}  // namespace

struct Builder::State {
  std::vector<AttributeInfo> attributes;
  /// By name as it was spelt, and in lower case.
  boost::unordered_flat_map<std::string, AttributeId, SeededHash, std::equal_to<>> attribute_ids;
  std::vector<Area> coverage;
  Arena arena;
  boost::unordered_flat_set<ByteSpan, SeededHash, EqualBytes> known;
  std::vector<StoredObject> objects;
  StoredObject current;
  std::vector<StoredValue> current_values;
  AttributeId dn_attribute = kNoAttribute;
  AttributeId guid_attribute = kNoAttribute;
  AttributeId usn_attribute = kNoAttribute;
  std::vector<ByteSpan> descriptors;
  boost::unordered_flat_map<ByteSpan, DescriptorIndex, SeededHash, EqualBytes> descriptors_known;
  bool too_large = false;

  ByteSpan keep(ByteSpan bytes);
  void sort_and_merge();
  Status write_objects(FileWriter& writer) const;
  Status write_object_chunk(FileWriter& writer, std::size_t first, std::size_t last,
                            const IndexByDn& by_dn) const;
  Status write_descriptors(FileWriter& writer) const;
  Status write_meta(FileWriter& writer, const Provenance& provenance) const;
  Status write_all(const MappedFile::Write& write, const Provenance& provenance);
};

Builder::Builder() : state_(std::make_unique<State>()) {
  state_->dn_attribute = attribute(kDnAttribute, AttributeSyntax::DistinguishedName);
  state_->guid_attribute = attribute(kGuidAttribute, AttributeSyntax::Guid);
  state_->usn_attribute = attribute(kUsnAttribute, AttributeSyntax::Text);
}

Builder::~Builder() = default;
Builder::Builder(Builder&&) noexcept = default;
Builder& Builder::operator=(Builder&&) noexcept = default;

AttributeId Builder::attribute(std::string_view name, AttributeSyntax syntax) {
  State& state = *state_;
  if (const auto found = state.attribute_ids.find(name); found != state.attribute_ids.end()) {
    return found->second;
  }
  AttributeId id = 0;
  std::string key = fold_case(name);
  if (const auto found = state.attribute_ids.find(key); found != state.attribute_ids.end()) {
    id = found->second;
  } else if (state.attributes.size() >= kNoAttribute) {
    state.too_large = true;
    return 0;
  } else {
    id = static_cast<AttributeId>(state.attributes.size());
    state.attributes.push_back({std::string(name), syntax});
    state.attribute_ids.emplace(std::move(key), id);
  }
  // Most sources ask for each name again and again in one spelling.
  if (state.attribute_ids.size() < std::size_t{2} * kNoAttribute) state.attribute_ids.emplace(name, id);
  return id;
}

void Builder::begin_object() {
  state_->current = {};
  state_->current_values.clear();
}

ByteSpan Builder::State::keep(ByteSpan bytes) {
  const auto found = known.find(bytes);
  return found != known.end() ? *found : *known.insert(arena.keep(bytes)).first;
}

void Builder::value(AttributeId attribute, ByteSpan bytes) {
  State& state = *state_;
  if (bytes.size() > std::numeric_limits<std::uint32_t>::max() / 2) {
    state.too_large = true;
    return;
  }
  const ByteSpan kept = state.keep(bytes);
  state.current_values.push_back({kept.data(), static_cast<std::uint32_t>(kept.size()), attribute});
  if (attribute == state.dn_attribute) {
    state.current.dn = as_text(kept);
  } else if (attribute == state.guid_attribute) {
    if (const auto guid = Guid::from_bytes(kept)) state.current.guid = *guid;
  } else if (attribute == state.usn_attribute) {
    std::from_chars(as_text(kept).data(), as_text(kept).data() + kept.size(), state.current.usn);
  }
}

void Builder::descriptor(ByteSpan bytes) {
  State& state = *state_;
  const auto next = static_cast<DescriptorIndex>(state.descriptors.size());
  const auto found = state.descriptors_known.find(bytes);
  if (found != state.descriptors_known.end()) {
    state.current.descriptor = found->second;
    return;
  }
  state.descriptors.push_back(state.arena.keep(bytes));
  state.descriptors_known.emplace(state.descriptors.back(), next);
  state.current.descriptor = next;
}

std::size_t Builder::end_object() {
  State& state = *state_;
  std::stable_sort(state.current_values.begin(), state.current_values.end(),
                   [](const StoredValue& a, const StoredValue& b) { return a.attribute < b.attribute; });
  state.current.values = state.arena.keep(std::span<const StoredValue>(state.current_values));
  state.objects.push_back(state.current);
  return state.objects.size() - 1;
}

std::span<const StoredValue> Builder::values(std::size_t object) const {
  return state_->objects[object].values;
}

void Builder::drop(std::size_t object) { state_->objects[object].is_dropped = true; }

void Builder::abandon_object() { state_->current_values.clear(); }

void Builder::cover(Area area) { state_->coverage.push_back(std::move(area)); }

std::size_t Builder::object_count() const { return state_->objects.size(); }

// Objects in order of GUID; one that came twice stays once. Without a GUID an object is known by its DN.
void Builder::State::sort_and_merge() {
  std::erase_if(objects, [](const StoredObject& object) { return object.is_dropped; });
  std::stable_sort(objects.begin(), objects.end(), [](const StoredObject& a, const StoredObject& b) {
    if (a.guid != b.guid) return a.guid < b.guid;
    if (a.guid.is_zero() && a.dn != b.dn) return a.dn < b.dn;
    return a.usn < b.usn;
  });
  std::vector<StoredObject> kept;
  kept.reserve(objects.size());
  for (const StoredObject& object : objects) {
    if (!kept.empty() && kept.back().guid == object.guid &&
        (!object.guid.is_zero() || kept.back().dn == object.dn)) {
      kept.back() = object;
    } else {
      kept.push_back(object);
    }
  }
  objects = std::move(kept);
}

Status Builder::State::write_object_chunk(FileWriter& writer, std::size_t first, std::size_t last,
                                          const IndexByDn& by_dn) const {
  const std::size_t count = last - first;
  std::string heap;
  std::string guids;
  std::vector<std::uint32_t> parents;
  std::vector<std::uint32_t> descriptor_indexes;
  std::vector<std::uint32_t> attribute_starts = {0};
  std::vector<std::uint16_t> ids;
  std::vector<std::uint32_t> value_starts = {0};
  std::vector<std::uint32_t> value_offsets = {0};
  parents.reserve(count);
  descriptor_indexes.reserve(count);

  for (std::size_t i = first; i < last; ++i) {
    const StoredObject& object = objects[i];
    guids.append(as_text(object.guid.bytes));
    const auto parent = by_dn.find(directory::parent_dn(object.dn));
    parents.push_back(parent == by_dn.end() ? kNoObject : parent->second);
    descriptor_indexes.push_back(object.descriptor);
    for (std::size_t v = 0; v < object.values.size(); ++v) {
      const StoredValue& value = object.values[v];
      if (v == 0 || object.values[v - 1].attribute != value.attribute) {
        if (v != 0) value_starts.push_back(static_cast<std::uint32_t>(value_offsets.size() - 1));
        ids.push_back(value.attribute);
      }
      if (attributes[value.attribute].syntax == AttributeSyntax::DistinguishedName) {
        const auto target =
            value.attribute == dn_attribute ? by_dn.end() : by_dn.find(as_text(value.bytes()));
        if (target != by_dn.end()) {
          heap += static_cast<char>(kDnAsObject);
          char raw[sizeof(ObjectIndex)];
          std::memcpy(raw, &target->second, sizeof raw);
          heap.append(raw, sizeof raw);
        } else {
          heap += static_cast<char>(kDnAsText);
          heap.append(as_text(value.bytes()));
        }
      } else {
        heap.append(as_text(value.bytes()));
      }
      value_offsets.push_back(static_cast<std::uint32_t>(heap.size()));
    }
    if (!object.values.empty()) value_starts.push_back(static_cast<std::uint32_t>(value_offsets.size() - 1));
    attribute_starts.push_back(static_cast<std::uint32_t>(ids.size()));
  }

  capnp::MallocMessageBuilder message(
      static_cast<unsigned>(heap.size() / 8 + value_offsets.size() + count * 8 + 1024));
  auto chunk = message.initRoot<schema::ObjectChunk>();
  chunk.setGuids(kj_bytes(as_bytes(guids)));
  fill(chunk.initParents(static_cast<unsigned>(parents.size())), parents);
  fill(chunk.initDescriptors(static_cast<unsigned>(descriptor_indexes.size())), descriptor_indexes);
  fill(chunk.initAttributeStarts(static_cast<unsigned>(attribute_starts.size())), attribute_starts);
  fill(chunk.initAttributeIds(static_cast<unsigned>(ids.size())), ids);
  fill(chunk.initValueStarts(static_cast<unsigned>(value_starts.size())), value_starts);
  fill(chunk.initValueOffsets(static_cast<unsigned>(value_offsets.size())), value_offsets);
  chunk.setHeap(kj_bytes(as_bytes(heap)));
  return writer.chunk(schema::Chunk::Kind::OBJECTS, static_cast<std::uint32_t>(count), message);
}

Status Builder::State::write_objects(FileWriter& writer) const {
  IndexByDn by_dn;
  by_dn.reserve(objects.size());
  for (std::size_t i = 0; i < objects.size(); ++i) {
    if (!objects[i].dn.empty()) by_dn.emplace(objects[i].dn, static_cast<ObjectIndex>(i));
  }
  std::size_t first = 0;
  while (first < objects.size()) {
    std::size_t last = first;
    std::uint64_t size = 0;
    while (last < objects.size() && last - first < kChunkObjects && (last == first || size < kChunkHeap)) {
      for (const StoredValue& value : objects[last].values) size += value.size + 1u;
      ++last;
    }
    if (size > std::numeric_limits<std::uint32_t>::max() / 2) {
      return Error{ErrorCode::BadData, "an object is larger than a snapshot can hold",
                   visible(objects[last - 1].dn)};
    }
    if (Status status = write_object_chunk(writer, first, last, by_dn); !status) return status;
    first = last;
  }
  return {};
}

Status Builder::State::write_descriptors(FileWriter& writer) const {
  std::size_t first = 0;
  while (first < descriptors.size()) {
    std::size_t last = first;
    std::string heap;
    std::vector<std::uint32_t> offsets = {0};
    while (last < descriptors.size() && heap.size() < kChunkHeap) {
      heap.append(as_text(descriptors[last++]));
      offsets.push_back(static_cast<std::uint32_t>(heap.size()));
    }
    capnp::MallocMessageBuilder message(static_cast<unsigned>(heap.size() / 8 + offsets.size() + 64));
    auto chunk = message.initRoot<schema::DescriptorChunk>();
    fill(chunk.initOffsets(static_cast<unsigned>(offsets.size())), offsets);
    chunk.setHeap(kj_bytes(as_bytes(heap)));
    const auto count = static_cast<std::uint32_t>(last - first);
    if (Status status = writer.chunk(schema::Chunk::Kind::DESCRIPTORS, count, message); !status)
      return status;
    first = last;
  }
  return {};
}

Status Builder::State::write_meta(FileWriter& writer, const Provenance& provenance) const {
  capnp::MallocMessageBuilder message;
  auto meta = message.initRoot<schema::Meta>();
  auto about = meta.initProvenance();
  about.setTool(provenance.tool);
  about.setToolVersion(provenance.tool_version);
  about.setSource(provenance.source);
  about.setServer(provenance.server);
  about.setReader(provenance.reader);
  about.setStarted(provenance.started);
  about.setFinished(provenance.finished);
  about.setHighestUsn(provenance.highest_usn);
  about.setDirsyncCookie(kj_bytes(as_bytes(provenance.dirsync_cookie)));
  auto areas = meta.initCoverage(static_cast<unsigned>(coverage.size()));
  for (unsigned i = 0; i < areas.size(); ++i) {
    areas[i].setArea(coverage[i].area);
    areas[i].setDomain(coverage[i].domain);
    areas[i].setAsked(coverage[i].asked);
    areas[i].setRead(coverage[i].read);
    areas[i].setMissing(coverage[i].missing);
    areas[i].setReason(coverage[i].reason);
  }
  auto names = meta.initAttributes(static_cast<unsigned>(attributes.size()));
  for (unsigned i = 0; i < names.size(); ++i) {
    names[i].setName(attributes[i].name);
    names[i].setSyntax(static_cast<std::uint8_t>(attributes[i].syntax));
  }
  return writer.chunk(schema::Chunk::Kind::META, 1, message);
}

// Afterwards the builder is spent.
Status Builder::State::write_all(const MappedFile::Write& write, const Provenance& provenance) {
  if (too_large) {
    return Error{ErrorCode::BadData, "a value or the number of attributes exceeds what a snapshot can hold"};
  }
  sort_and_merge();
  FileWriter writer(write);
  if (Status status = writer.header(); !status) return status;
  if (Status status = write_objects(writer); !status) return status;
  if (Status status = write_descriptors(writer); !status) return status;
  if (Status status = write_meta(writer, provenance); !status) return status;
  return writer.contents_and_trailer();
}

Status Builder::write(const std::string& path, const Provenance& provenance) {
  Result<AtomicFile> file = AtomicFile::create(path);
  if (!file) return std::move(file).error();
  const Status status = state_->write_all([&](ByteSpan bytes) { return file->write(bytes); }, provenance);
  return status ? file->commit() : status;
}

Result<File> Builder::keep(const Provenance& provenance) {
  Result<MappedFile> mapped = MappedFile::in_memory(
      [&](const MappedFile::Write& write) { return state_->write_all(write, provenance); });
  if (!mapped) return std::move(mapped).error();
  return File::of(*std::move(mapped), provenance.server);
}

}  // namespace tierline::snapshot
