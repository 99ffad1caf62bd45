#include "core/snapshot/builder.h"

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <xxhash.h>

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <charconv>
#include <cstring>
#include <deque>
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
#include "core/snapshot/value_pool.h"

namespace tierline::snapshot {
namespace {

using directory::AttributeSyntax;
using directory::Guid;

using StoredValue = Builder::StoredValue;

using ValueId = ValuePool::Id;

constexpr ValueId kNoValue = ~ValueId{0};

struct EqualBytes {
  bool operator()(ByteSpan a, ByteSpan b) const { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }
};

/// One value of the object that is being handed over: in the pool, or in the scratch of the object.
struct PendingValue {
  AttributeId attribute;
  ValueId pooled;
  std::uint32_t offset;
  std::uint32_t size;
};

/// As it is kept. Its values are one after the other: attribute, and either kPooled and a number of the pool, or the size and
/// the bytes themselves; numbers are of variable length, the first is how many values there are.
struct StoredObject {
  Guid guid;
  std::uint64_t usn = 0;
  const std::uint8_t* values = nullptr;  ///< null once it is dropped
  ValueId dn = kNoValue;
  DescriptorIndex descriptor = kNoDescriptor;
};

// The size of a value, shifted by one, is never odd.
constexpr std::uint32_t kPooled = 1;

void append_number(std::string& to, std::uint32_t number) {
  for (; number >= 0x80; number >>= 7) to += static_cast<char>(number | 0x80);
  to += static_cast<char>(number);
}

std::uint32_t read_number(const std::uint8_t*& from) {
  std::uint32_t number = 0;
  for (unsigned shift = 0;; shift += 7) {
    const std::uint32_t byte = *from++;
    number |= (byte & 0x7F) << shift;
    if (byte < 0x80) return number;
  }
}

/// Whether values of an attribute come again, so that it pays to look for them: asked of some, now and then.
class Repetition {
 public:
  bool is_looked_for() const { return seen_ % kPeriod < kSample || repeats_; }
  void count(bool was_known) {
    known_ += was_known ? 1 : 0;
    step();
  }
  void step() {
    if (++seen_ % kPeriod == kSample) repeats_ = known_ >= kSample / 8;
    if (seen_ % kPeriod == 0) known_ = 0;
  }

 private:
  static constexpr std::uint32_t kPeriod = 65'536;
  static constexpr std::uint32_t kSample = 4'096;

  std::uint64_t seen_ = 0;
  std::uint32_t known_ = 0;
  bool repeats_ = true;
};

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
  ValuePool pool;
  std::vector<Repetition> repetitions;  ///< by attribute
  std::deque<StoredObject> objects;
  StoredObject current;
  std::vector<PendingValue> current_values;
  std::string scratch;               ///< what values of the current object are not in the pool
  std::vector<std::uint32_t> order;  ///< of objects in the file
  AttributeId dn_attribute = kNoAttribute;
  AttributeId guid_attribute = kNoAttribute;
  AttributeId usn_attribute = kNoAttribute;
  std::vector<ByteSpan> descriptors;
  boost::unordered_flat_map<ByteSpan, DescriptorIndex, SeededHash, EqualBytes> descriptors_known;
  bool too_large = false;

  ValueId keep(AttributeId attribute, ByteSpan bytes);
  /// Calls `take` with the attribute, the number in the pool or kNoValue, and the bytes of each value.
  template <class Take>
  void for_each_value(const StoredObject& object, const Take& take) const;
  ByteSpan dn_of(const StoredObject& object) const;
  void sort_and_merge();
  Status write_objects(FileWriter& writer) const;
  Status write_object_chunk(FileWriter& writer, std::size_t first, std::size_t last,
                            const std::vector<ObjectIndex>& by_name) const;
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
    state.repetitions.emplace_back();
    state.attribute_ids.emplace(std::move(key), id);
  }
  // Most sources ask for each name again and again in one spelling.
  if (state.attribute_ids.size() < std::size_t{2} * kNoAttribute) state.attribute_ids.emplace(name, id);
  return id;
}

void Builder::begin_object() {
  state_->current = {};
  state_->current_values.clear();
  state_->scratch.clear();
}

// Names of objects are in the pool, whoever has or mentions them; of other values, long ones that come again.
ValueId Builder::State::keep(AttributeId attribute, ByteSpan bytes) {
  constexpr std::size_t kShort = 16;
  bool is_new = true;
  if (attributes[attribute].syntax == AttributeSyntax::DistinguishedName) return pool.keep(bytes, is_new);
  if (bytes.size() <= kShort) return kNoValue;
  Repetition& repetition = repetitions[attribute];
  if (!repetition.is_looked_for()) {
    repetition.step();
    return kNoValue;
  }
  const ValueId kept = pool.keep(bytes, is_new);
  repetition.count(!is_new);
  return kept;
}

void Builder::value(AttributeId attribute, ByteSpan bytes) {
  State& state = *state_;
  constexpr std::size_t kMost = std::numeric_limits<std::uint32_t>::max() / 2;
  if (bytes.size() > kMost || state.scratch.size() + bytes.size() > kMost ||
      state.pool.size() >= kNoValue - 1) {
    state.too_large = true;
    return;
  }
  const ValueId pooled = state.keep(attribute, bytes);
  state.current_values.push_back({attribute, pooled, static_cast<std::uint32_t>(state.scratch.size()),
                                  static_cast<std::uint32_t>(bytes.size())});
  if (pooled == kNoValue) state.scratch += as_text(bytes);
  if (attribute == state.dn_attribute) {
    state.current.dn = pooled;
  } else if (attribute == state.guid_attribute) {
    if (const auto guid = Guid::from_bytes(bytes)) state.current.guid = *guid;
  } else if (attribute == state.usn_attribute) {
    std::from_chars(as_text(bytes).data(), as_text(bytes).data() + bytes.size(), state.current.usn);
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
                   [](const PendingValue& a, const PendingValue& b) { return a.attribute < b.attribute; });
  std::string packed;
  append_number(packed, static_cast<std::uint32_t>(state.current_values.size()));
  for (const PendingValue& value : state.current_values) {
    append_number(packed, value.attribute);
    if (value.pooled != kNoValue) {
      append_number(packed, kPooled);
      append_number(packed, value.pooled);
    } else {
      append_number(packed, value.size << 1);
      packed.append(state.scratch, value.offset, value.size);
    }
  }
  state.current.values = state.arena.keep(as_bytes(packed)).data();
  state.objects.push_back(state.current);
  return state.objects.size() - 1;
}

template <class Take>
void Builder::State::for_each_value(const StoredObject& object, const Take& take) const {
  const std::uint8_t* place = object.values;
  for (std::uint32_t left = read_number(place); left != 0; --left) {
    const auto attribute = static_cast<AttributeId>(read_number(place));
    const std::uint32_t size = read_number(place);
    if (size == kPooled) {
      const ValueId pooled = read_number(place);
      take(attribute, pooled, pool[pooled]);
    } else {
      take(attribute, kNoValue, ByteSpan(place, size >> 1));
      place += size >> 1;
    }
  }
}

ByteSpan Builder::State::dn_of(const StoredObject& object) const {
  return object.dn == kNoValue ? ByteSpan() : pool[object.dn];
}

std::vector<StoredValue> Builder::values(std::size_t object) const {
  std::vector<StoredValue> values;
  state_->for_each_value(state_->objects[object], [&](AttributeId attribute, ValueId, ByteSpan bytes) {
    values.push_back({attribute, bytes});
  });
  return values;
}

void Builder::drop(std::size_t object) { state_->objects[object].values = nullptr; }

void Builder::abandon_object() { state_->current_values.clear(); }

void Builder::cover(Area area) { state_->coverage.push_back(std::move(area)); }

std::size_t Builder::object_count() const { return state_->objects.size(); }

// Objects in order of GUID; one that came twice stays once. Without a GUID an object is known by its DN.
void Builder::State::sort_and_merge() {
  struct Key {
    std::uint64_t begin;  ///< of the GUID
    std::uint32_t object;
  };
  std::vector<Key> keys;
  keys.reserve(objects.size());
  for (std::size_t i = 0; i < objects.size(); ++i) {
    if (objects[i].values == nullptr) continue;
    std::uint64_t begin = 0;
    for (std::size_t k = 0; k < sizeof begin; ++k) begin = begin << 8 | objects[i].guid.bytes[k];
    keys.push_back({begin, static_cast<std::uint32_t>(i)});
  }
  std::sort(keys.begin(), keys.end(), [this](const Key& x, const Key& y) {
    if (x.begin != y.begin) return x.begin < y.begin;
    const StoredObject& a = objects[x.object];
    const StoredObject& b = objects[y.object];
    if (a.guid != b.guid) return a.guid < b.guid;
    if (a.guid.is_zero() && a.dn != b.dn) return as_text(dn_of(a)) < as_text(dn_of(b));
    return a.usn != b.usn ? a.usn < b.usn : x.object < y.object;
  });
  order.clear();
  order.reserve(keys.size());
  for (const Key& key : keys) {
    const StoredObject& object = objects[key.object];
    const StoredObject* const before = order.empty() ? nullptr : &objects[order.back()];
    if (before != nullptr && before->guid == object.guid &&
        (!object.guid.is_zero() || before->dn == object.dn)) {
      order.back() = key.object;
    } else {
      order.push_back(key.object);
    }
  }
}

Status Builder::State::write_object_chunk(FileWriter& writer, std::size_t first, std::size_t last,
                                          const std::vector<ObjectIndex>& by_name) const {
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

  const auto append_value = [&](AttributeId attribute, ValueId pooled, ByteSpan bytes) {
    const std::size_t begun = attribute_starts.back();
    if (ids.size() == begun || ids.back() != attribute) {
      if (ids.size() != begun) value_starts.push_back(static_cast<std::uint32_t>(value_offsets.size() - 1));
      ids.push_back(attribute);
    }
    if (attributes[attribute].syntax == AttributeSyntax::DistinguishedName) {
      const ObjectIndex target = attribute == dn_attribute ? kNoObject : by_name[pooled];
      if (target != kNoObject) {
        heap += static_cast<char>(kDnAsObject);
        char raw[sizeof target];
        std::memcpy(raw, &target, sizeof raw);
        heap.append(raw, sizeof raw);
      } else {
        heap += static_cast<char>(kDnAsText);
        heap.append(as_text(bytes));
      }
    } else {
      heap.append(as_text(bytes));
    }
    value_offsets.push_back(static_cast<std::uint32_t>(heap.size()));
  };
  for (std::size_t i = first; i < last; ++i) {
    const StoredObject& object = objects[order[i]];
    guids.append(as_text(object.guid.bytes));
    const auto parent = pool.find(as_bytes(directory::parent_dn(as_text(dn_of(object)))));
    parents.push_back(parent ? by_name[*parent] : kNoObject);
    descriptor_indexes.push_back(object.descriptor);
    for_each_value(object, append_value);
    if (ids.size() != attribute_starts.back()) {
      value_starts.push_back(static_cast<std::uint32_t>(value_offsets.size() - 1));
    }
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
  // Which object has a name of the pool; of several, the first.
  std::vector<ObjectIndex> by_name(pool.size(), kNoObject);
  for (std::size_t i = 0; i < order.size(); ++i) {
    const ValueId dn = objects[order[i]].dn;
    if (dn != kNoValue && !pool[dn].empty() && by_name[dn] == kNoObject) {
      by_name[dn] = static_cast<ObjectIndex>(i);
    }
  }
  std::size_t first = 0;
  while (first < order.size()) {
    std::size_t last = first;
    std::uint64_t size = 0;
    while (last < order.size() && last - first < kChunkObjects && (last == first || size < kChunkHeap)) {
      for_each_value(objects[order[last]],
                     [&](AttributeId, ValueId, ByteSpan bytes) { size += bytes.size() + 1u; });
      ++last;
    }
    if (size > std::numeric_limits<std::uint32_t>::max() / 2) {
      return Error{ErrorCode::BadData, "an object is larger than a snapshot can hold",
                   visible(as_text(dn_of(objects[order[last - 1]])))};
    }
    if (Status status = write_object_chunk(writer, first, last, by_name); !status) return status;
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
