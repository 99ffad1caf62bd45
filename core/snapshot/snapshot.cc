#include "core/snapshot/snapshot.h"

#include <capnp/any.h>
#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/exception.h>
#include <xxhash.h>

#include <algorithm>
#include <charconv>

#include "core/base/text.h"
#include "core/snapshot/format.h"
#include "core/snapshot/snapshot.capnp.h"

namespace tierline::snapshot {
namespace {

using directory::AttributeSyntax;
using directory::Guid;

struct ChunkPlace {
  schema::Chunk::Kind kind;
  std::uint32_t count;
  std::uint64_t offset;
  ByteSpan bytes;
  std::uint64_t checksum;
};

// The reader counts bytes against amplification by shared pointers; our messages share none, so each is
// bounded by its own size.
capnp::ReaderOptions options_for(ByteSpan bytes) {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = bytes.size() / sizeof(capnp::word) * 4 + 1024;
  return options;
}

kj::ArrayPtr<const capnp::word> words_of(ByteSpan bytes) {
  return {reinterpret_cast<const capnp::word*>(bytes.data()), bytes.size() / sizeof(capnp::word)};
}

// Runs `read` and turns what Cap'n Proto throws at damaged framing into an Error.
template <class Read>
Status guarded(std::uint64_t offset, const Read& read) {
  try {
    return read();
  } catch (const kj::Exception&) {
    return Error{ErrorCode::BadData, "damaged message", {}, offset};
  }
}

template <class Element, class List>
std::span<const Element> column(const List& list) {
  const auto raw = capnp::AnyList::Reader(list).getRawBytes();
  return {reinterpret_cast<const Element*>(raw.begin()), list.size()};
}

ByteSpan bytes_of(capnp::Data::Reader data) { return {data.begin(), data.size()}; }

std::string string_of(capnp::Text::Reader text) { return {text.begin(), text.size()}; }

// Offsets that start at zero, never fall and end exactly at `limit`.
template <class Offsets>
bool partitions(const Offsets& offsets, std::size_t entries, std::size_t limit) {
  if (offsets.size() != entries + 1 || offsets.front() != 0 || offsets.back() != limit) return false;
  // Without a way out in the middle, so that several are compared at once.
  unsigned falls = 0;
  for (std::size_t i = 0; i < entries; ++i) falls |= offsets[i] > offsets[i + 1] ? 1u : 0u;
  return falls == 0;
}

/// Of objects whose chunk is known without a search.
constexpr std::size_t kHint = 1024;

// Whoever goes up from an object must come to an end. One for which that is not so, or kNoObject.
ObjectIndex find_above_itself(const Snapshot& snapshot) {
  std::vector<ObjectIndex> met_from(snapshot.object_count(), kNoObject);
  for (ObjectIndex i = 0; i < met_from.size(); ++i) {
    ObjectIndex at = i;
    for (; at != kNoObject && met_from[at] == kNoObject; at = snapshot.object(at).parent()) met_from[at] = i;
    if (at != kNoObject && met_from[at] == i) return at;
  }
  return kNoObject;
}

}  // namespace

struct File::State {
  explicit State(MappedFile mapped, std::string name) : file(std::move(mapped)), path(std::move(name)) {}

  MappedFile file;
  std::string path;
  std::string identity;
  Meta meta;
  std::vector<ChunkPlace> chunks;

  Status read_contents();
  Status read_meta(const ChunkPlace& place);

  std::uint64_t offset_of(ObjectIndex object) const;

  Error damaged(std::string message, std::uint64_t offset) const {
    return {ErrorCode::BadData, std::move(message), path, offset};
  }
};

Status File::State::read_contents() {
  const ByteSpan all = file.bytes();
  if (all.size() < kMagic.size() || as_text(all.first(kMagic.size())) != kMagic) {
    return damaged("not a Tierline snapshot", 0);
  }
  ByteReader header(all, kMagic.size());
  const std::uint32_t version = header.u32();
  if (header.failed()) return damaged("the snapshot is cut off inside its header", all.size());
  if (version > kFormatVersion) {
    return damaged("written by a newer Tierline: format " + std::to_string(version) +
                       ", this one reads up to " + std::to_string(kFormatVersion),
                   kMagic.size());
  }
  if (version == 0) return damaged("no such format version: 0", kMagic.size());
  if (all.size() < kHeaderSize + kTrailerSize || all.size() % sizeof(capnp::word) != 0) {
    return damaged("the snapshot is cut off", all.size());
  }
  const std::size_t trailer_offset = all.size() - kTrailerSize;
  ByteReader trailer(all, trailer_offset);
  const std::uint64_t offset = trailer.u64();
  const std::uint64_t size = trailer.u64();
  const std::uint64_t checksum = trailer.u64();
  const std::uint64_t file_size = trailer.u64();
  const std::uint64_t seal = trailer.u64();
  std::string sealed(as_text(all.first(kHeaderSize)));
  sealed += as_text(all.subspan(trailer_offset, kTrailerSize - sizeof seal));
  if (XXH3_64bits(sealed.data(), sealed.size()) != seal || file_size != all.size()) {
    return damaged("the snapshot is cut off or its trailer is damaged", trailer_offset);
  }
  if (offset % sizeof(capnp::word) != 0 || offset < kHeaderSize || offset > trailer_offset ||
      size != trailer_offset - offset) {
    return damaged("the trailer points outside the file", trailer_offset);
  }
  const ByteSpan contents = all.subspan(offset, size);
  if (XXH3_64bits(contents.data(), contents.size()) != checksum) {
    return damaged("the table of contents is damaged (checksum)", offset);
  }
  const XXH128_hash_t hash = XXH3_128bits(contents.data(), contents.size());
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, hash);
  identity = to_hex(canonical.digest);

  Status status = guarded(offset, [&]() -> Status {
    capnp::FlatArrayMessageReader reader(words_of(contents), options_for(contents));
    for (const auto chunk : reader.getRoot<schema::Contents>().getChunks()) {
      const std::uint64_t begin = chunk.getOffset();
      if (begin % sizeof(capnp::word) != 0 || begin < kHeaderSize || begin > offset ||
          chunk.getSize() > offset - begin || chunk.getSize() % sizeof(capnp::word) != 0) {
        return damaged("a chunk lies outside the file", offset);
      }
      chunks.push_back({chunk.getKind(), chunk.getCount(), begin, all.subspan(begin, chunk.getSize()),
                        chunk.getChecksum()});
    }
    return {};
  });
  if (!status) return std::move(status).error().in(path);
  const auto place = std::find_if(chunks.begin(), chunks.end(), [](const ChunkPlace& chunk) {
    return chunk.kind == schema::Chunk::Kind::META;
  });
  if (place == chunks.end()) return damaged("the snapshot does not say where it comes from", offset);
  status = guarded(place->offset, [&] { return read_meta(*place); });
  if (!status) return std::move(status).error().in(path);
  return {};
}

Status File::State::read_meta(const ChunkPlace& place) {
  if (XXH3_64bits(place.bytes.data(), place.bytes.size()) != place.checksum) {
    return damaged("the description of the snapshot is damaged (checksum)", place.offset);
  }
  capnp::FlatArrayMessageReader reader(words_of(place.bytes), options_for(place.bytes));
  const auto root = reader.getRoot<schema::Meta>();
  const auto about = root.getProvenance();
  meta.provenance.tool = string_of(about.getTool());
  meta.provenance.tool_version = string_of(about.getToolVersion());
  meta.provenance.source = string_of(about.getSource());
  meta.provenance.server = string_of(about.getServer());
  meta.provenance.reader = string_of(about.getReader());
  meta.provenance.started = about.getStarted();
  meta.provenance.finished = about.getFinished();
  meta.provenance.highest_usn = about.getHighestUsn();
  meta.provenance.dirsync_cookie = as_text(bytes_of(about.getDirsyncCookie()));
  for (const auto area : root.getCoverage()) {
    meta.coverage.push_back({string_of(area.getArea()), string_of(area.getDomain()), area.getAsked(),
                             area.getRead(), area.getMissing(), string_of(area.getReason())});
  }
  for (const auto attribute : root.getAttributes()) {
    if (attribute.getSyntax() > static_cast<std::uint8_t>(AttributeSyntax::SecurityDescriptor)) {
      return damaged("unknown attribute syntax", place.offset);
    }
    meta.attributes.push_back(
        {string_of(attribute.getName()), static_cast<AttributeSyntax>(attribute.getSyntax())});
  }
  if (meta.attributes.size() >= kNoAttribute) return damaged("too many attributes", place.offset);
  return {};
}

// Of the chunk that holds it.
std::uint64_t File::State::offset_of(ObjectIndex object) const {
  std::size_t end = 0;
  const auto place = std::find_if(chunks.begin(), chunks.end(), [&](const ChunkPlace& chunk) {
    if (chunk.kind == schema::Chunk::Kind::OBJECTS) end += chunk.count;
    return object < end;
  });
  return place->offset;
}

const Meta& File::meta() const { return state_->meta; }
const std::string& File::path() const { return state_->path; }
const std::string& File::identity() const { return state_->identity; }

Result<File> File::open(const std::string& path) {
  Result<MappedFile> mapped = MappedFile::open(path);
  if (!mapped) return std::move(mapped).error();
  return of(*std::move(mapped), path);
}

Result<File> File::of(MappedFile mapped, const std::string& name) {
  auto state = std::make_unique<State>(std::move(mapped), name);
  if (Status status = state->read_contents(); !status) return std::move(status).error();
  return File(std::move(state));
}

Status Snapshot::load_objects(ByteSpan message, std::uint32_t count) {
  // The reader object only parses pointers; the columns it hands out lie in the mapped file itself.
  capnp::FlatArrayMessageReader reader(words_of(message), options_for(message));
  const auto chunk = reader.getRoot<schema::ObjectChunk>();
  ObjectColumns columns;
  columns.guids = bytes_of(chunk.getGuids());
  columns.parents = column<std::uint32_t>(chunk.getParents());
  columns.descriptors = column<std::uint32_t>(chunk.getDescriptors());
  columns.attribute_starts = column<std::uint32_t>(chunk.getAttributeStarts());
  columns.attribute_ids = column<std::uint16_t>(chunk.getAttributeIds());
  columns.value_starts = column<std::uint32_t>(chunk.getValueStarts());
  columns.value_offsets = column<std::uint32_t>(chunk.getValueOffsets());
  columns.heap = bytes_of(chunk.getHeap());

  const std::size_t attributes = columns.attribute_ids.size();
  const std::size_t values = columns.value_offsets.empty() ? 0 : columns.value_offsets.size() - 1;
  if (columns.guids.size() != std::size_t{count} * 16 || columns.parents.size() != count ||
      columns.descriptors.size() != count || !partitions(columns.attribute_starts, count, attributes) ||
      !partitions(columns.value_starts, attributes, values) ||
      !partitions(columns.value_offsets, values, columns.heap.size())) {
    return Error{ErrorCode::BadData, "the columns of an object chunk do not fit together"};
  }
  if (Status status = check_attributes(columns); !status) return status;
  if (Status status = check_references(columns); !status) return status;
  first_object_.push_back(first_object_.back() + count);
  objects_.push_back(columns);
  return {};
}

Status Snapshot::check_attributes(const ObjectColumns& columns) const {
  const std::size_t known = names_objects_.size();
  unsigned wrong = 0;
  for (const AttributeId id : columns.attribute_ids) wrong |= id >= known ? 1u : 0u;
  for (std::size_t row = 0; row + 1 < columns.attribute_starts.size(); ++row) {
    for (std::uint32_t a = columns.attribute_starts[row] + 1; a < columns.attribute_starts[row + 1]; ++a) {
      wrong |= columns.attribute_ids[a - 1] >= columns.attribute_ids[a] ? 1u : 0u;
    }
  }
  if (wrong == 0) return {};
  return Error{ErrorCode::BadData, "an object has an attribute that the snapshot does not name"};
}

Status Snapshot::load_descriptors(ByteSpan message, std::uint32_t count) {
  capnp::FlatArrayMessageReader reader(words_of(message), options_for(message));
  const auto chunk = reader.getRoot<schema::DescriptorChunk>();
  DescriptorColumns columns{column<std::uint32_t>(chunk.getOffsets()), bytes_of(chunk.getHeap())};
  if (!partitions(columns.offsets, count, columns.heap.size())) {
    return Error{ErrorCode::BadData, "the columns of a descriptor chunk do not fit together"};
  }
  first_descriptor_.push_back(first_descriptor_.back() + count);
  descriptors_.push_back(columns);
  return {};
}

Status Snapshot::check_references(const ObjectColumns& columns) const {
  unsigned wrong = 0;
  for (const ObjectIndex parent : columns.parents) {
    wrong |= parent != kNoObject && parent >= object_count_ ? 1u : 0u;
  }
  for (const DescriptorIndex descriptor : columns.descriptors) {
    wrong |= descriptor != kNoDescriptor && descriptor >= descriptor_count_ ? 1u : 0u;
  }
  if (wrong != 0) {
    return Error{ErrorCode::BadData, "an object refers to something that the snapshot does not hold"};
  }
  for (std::size_t a = 0; a < columns.attribute_ids.size(); ++a) {
    const AttributeId id = columns.attribute_ids[a];
    if (names_objects_[id] == 0) continue;
    for (std::uint32_t v = columns.value_starts[a]; v < columns.value_starts[a + 1]; ++v) {
      const std::uint32_t begin = columns.value_offsets[v];
      const std::uint32_t size = columns.value_offsets[v + 1] - begin;
      const std::uint8_t tag = size == 0 ? std::uint8_t{0xFF} : columns.heap[begin];
      if (tag == kDnAsText) continue;
      ByteReader named(columns.heap.subspan(begin, size), 1);
      const bool fits = tag == kDnAsObject && id != dn_attribute_ && size == 1 + sizeof(ObjectIndex) &&
                        named.u32() < object_count_;
      if (!fits) {
        return Error{ErrorCode::BadData,
                     "a value of " + visible(meta().attributes[id].name) + " is no distinguished name"};
      }
    }
  }
  return {};
}

void Snapshot::find_chunks_fast() {
  for (std::uint32_t chunk = 0; chunk + 1 < first_object_.size(); ++chunk) {
    while (chunk_hints_.size() * kHint < first_object_[chunk + 1]) chunk_hints_.push_back(chunk);
  }
}

Result<Snapshot> Snapshot::load(File file) {
  Snapshot snapshot(std::move(file));
  for (const AttributeInfo& attribute : snapshot.meta().attributes) {
    const auto id = static_cast<AttributeId>(snapshot.names_objects_.size());
    snapshot.attribute_ids_.emplace(attribute.name, id);
    snapshot.names_objects_.push_back(attribute.syntax == AttributeSyntax::DistinguishedName ? 1 : 0);
  }
  snapshot.dn_attribute_ = snapshot.attribute(kDnAttribute);
  // Each chunk is held to its own count, so that what it refers to can be checked while it is at hand.
  for (const ChunkPlace& place : snapshot.file_.state_->chunks) {
    if (place.kind == schema::Chunk::Kind::OBJECTS) snapshot.object_count_ += place.count;
    if (place.kind == schema::Chunk::Kind::DESCRIPTORS) snapshot.descriptor_count_ += place.count;
  }
  if (snapshot.object_count_ >= kNoObject || snapshot.descriptor_count_ >= kNoDescriptor) {
    return Error{ErrorCode::BadData, "more objects than a snapshot can hold", snapshot.path()};
  }
  for (const ChunkPlace& place : snapshot.file_.state_->chunks) {
    if (place.kind == schema::Chunk::Kind::META) continue;
    if (XXH3_64bits(place.bytes.data(), place.bytes.size()) != place.checksum) {
      return snapshot.file_.state_->damaged("a chunk is damaged (checksum)", place.offset);
    }
    Status status = guarded(place.offset, [&]() -> Status {
      if (place.kind == schema::Chunk::Kind::OBJECTS) return snapshot.load_objects(place.bytes, place.count);
      if (place.kind == schema::Chunk::Kind::DESCRIPTORS) {
        return snapshot.load_descriptors(place.bytes, place.count);
      }
      return {};  // a kind that a later version of this format added
    });
    if (!status) {
      Error error = std::move(status).error().in(snapshot.path());
      error.offset = place.offset;
      return error;
    }
  }
  snapshot.find_chunks_fast();
  if (const ObjectIndex object = find_above_itself(snapshot); object != kNoObject) {
    const File::State& state = *snapshot.file_.state_;
    return state.damaged(visible(snapshot.object(object).dn()) + " is above itself", state.offset_of(object));
  }
  return snapshot;
}

Result<Snapshot> Snapshot::open(const std::string& path) {
  Result<File> file = File::open(path);
  if (!file) return std::move(file).error();
  return load(std::move(*file));
}

Object Snapshot::object(ObjectIndex index) const {
  if (!moved_.empty()) {
    const auto moved = moved_.find(index);
    const auto last = static_cast<std::uint32_t>(objects_.size() - 1);
    if (moved != moved_.end()) return Object(this, index, last, moved->second);
  }
  std::uint32_t chunk = chunk_hints_[index / kHint];
  while (first_object_[chunk + 1] <= index) ++chunk;
  return Object(this, index, chunk, index - first_object_[chunk]);
}

// The first object at `from` or later that has values of the attribute.
std::optional<Object> Snapshot::next_with(AttributeId attribute, ObjectIndex from, ObjectIndex to) const {
  if (attribute == kNoAttribute) return std::nullopt;
  while (from < to) {
    const Object first = object(from);
    if (first.has(attribute)) return first;
    ++from;
    // Objects that were changed stand elsewhere, so that the others have to be looked at one by one.
    if (!moved_.empty()) continue;
    const ObjectColumns& columns = objects_[first.chunk_];
    const auto& ids = columns.attribute_ids;
    std::uint32_t row = first.row_ + 1;
    const auto next = std::find(ids.begin() + columns.attribute_starts[row], ids.end(), attribute);
    const auto place = static_cast<std::size_t>(next - ids.begin());
    while (row + 1 < columns.attribute_starts.size() && columns.attribute_starts[row + 1] <= place) ++row;
    from = first_object_[first.chunk_] + row;
  }
  return std::nullopt;
}

ByteSpan Snapshot::descriptor(DescriptorIndex index) const {
  const auto after = std::upper_bound(first_descriptor_.begin(), first_descriptor_.end(), index);
  const auto chunk = static_cast<std::size_t>(after - first_descriptor_.begin() - 1);
  const DescriptorColumns& columns = descriptors_[chunk];
  const std::size_t row = index - first_descriptor_[chunk];
  return columns.heap.subspan(columns.offsets[row], columns.offsets[row + 1] - columns.offsets[row]);
}

AttributeId Snapshot::attribute(std::string_view name) const {
  const auto found = attribute_ids_.find(name);
  return found == attribute_ids_.end() ? kNoAttribute : found->second;
}

Value Snapshot::value_at(std::uint32_t chunk, std::uint32_t place, bool dn) const {
  const ObjectColumns& columns = objects_[chunk];
  const std::uint32_t begin = columns.value_offsets[place];
  const ByteSpan stored = columns.heap.subspan(begin, columns.value_offsets[place + 1] - begin);
  if (!dn) return Value(ValueBytes(stored));
  if (stored[0] == kDnAsText) return Value(ValueBytes(stored.subspan(1)));
  ByteReader reader(stored, 1);
  return Value(ValueBytes(*this, reader.u32()));
}

ByteSpan ValueBytes::name() const { return as_bytes(snapshot_->object(named_).dn()); }

Value Values::operator[](std::size_t i) const {
  return snapshot_->value_at(chunk_, first_ + static_cast<std::uint32_t>(i), dn_);
}

ObjectIndex Values::target(std::size_t i) const {
  if (!dn_) return kNoObject;
  const Snapshot::ObjectColumns& columns = snapshot_->objects_[chunk_];
  ByteReader reader(columns.heap, columns.value_offsets[first_ + i]);
  return reader.u8() == kDnAsObject ? reader.u32() : kNoObject;
}

Guid Object::guid() const {
  return *Guid::from_bytes(snapshot_->objects_[chunk_].guids.subspan(std::size_t{row_} * 16, 16));
}

ObjectIndex Object::parent() const { return snapshot_->objects_[chunk_].parents[row_]; }

DescriptorIndex Object::descriptor() const {
  if (!snapshot_->descriptor_of_.empty()) {
    const auto changed = snapshot_->descriptor_of_.find(index_);
    if (changed != snapshot_->descriptor_of_.end()) return changed->second;
  }
  return snapshot_->objects_[chunk_].descriptors[row_];
}

std::string_view Object::dn() const { return text(snapshot_->dn_attribute_); }

std::span<const AttributeId> Object::attributes() const {
  const Snapshot::ObjectColumns& columns = snapshot_->objects_[chunk_];
  const std::uint32_t first = columns.attribute_starts[row_];
  return columns.attribute_ids.subspan(first, columns.attribute_starts[row_ + 1] - first);
}

Values Object::values(AttributeId attribute) const {
  Values values;
  if (attribute == kNoAttribute) return values;
  const std::span<const AttributeId> ids = attributes();
  // Objects have few attributes: to look at all of them takes less than the wrong turns of a search among them.
  constexpr std::size_t kFew = 64;
  const auto found = ids.size() <= kFew
                         ? ids.begin() + std::count_if(ids.begin(), ids.end(),
                                                       [&](AttributeId id) { return id < attribute; })
                         : std::lower_bound(ids.begin(), ids.end(), attribute);
  if (found == ids.end() || *found != attribute) return values;
  const Snapshot::ObjectColumns& columns = snapshot_->objects_[chunk_];
  const std::size_t place = columns.attribute_starts[row_] + static_cast<std::size_t>(found - ids.begin());
  values.snapshot_ = snapshot_;
  values.chunk_ = chunk_;
  values.first_ = columns.value_starts[place];
  values.size_ = columns.value_starts[place + 1] - values.first_;
  values.dn_ = snapshot_->names_objects_[attribute] != 0;
  return values;
}

std::string_view Object::text(AttributeId attribute) const {
  const Values all = values(attribute);
  return all.empty() ? std::string_view() : all[0].text();
}

std::optional<std::int64_t> Object::number(AttributeId attribute) const {
  const std::string_view digits = text(attribute);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

}  // namespace tierline::snapshot
