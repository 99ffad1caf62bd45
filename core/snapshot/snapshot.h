#pragma once

// Reading a snapshot: the file is mapped, its chunks are checked once, and everything else is a view into it.

#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/file.h"
#include "core/base/hash.h"
#include "core/base/parallel.h"
#include "core/base/result.h"
#include "core/directory/guid.h"
#include "core/snapshot/ids.h"
#include "core/snapshot/meta.h"

namespace tierline::snapshot {

class Snapshot;

/// The bytes of a value. Of a value that names an object, they are that object's name, which is looked up only when it is
/// asked for: most who follow members want to know who, not what they are called.
class ValueBytes {
 public:
  ValueBytes() = default;
  explicit ValueBytes(ByteSpan stored) : stored_(stored) {}
  ValueBytes(const Snapshot& snapshot, ObjectIndex named) : snapshot_(&snapshot), named_(named) {}

  operator ByteSpan() const { return snapshot_ == nullptr ? stored_ : name(); }
  const std::uint8_t* data() const { return ByteSpan(*this).data(); }
  std::size_t size() const { return ByteSpan(*this).size(); }
  bool empty() const { return ByteSpan(*this).empty(); }

 private:
  friend struct Value;
  ByteSpan name() const;

  ByteSpan stored_;
  const Snapshot* snapshot_ = nullptr;
  ObjectIndex named_ = kNoObject;
};

/// One value of an attribute.
struct Value {
  Value() = default;
  explicit Value(ValueBytes value) : bytes(value), target(value.named_) {}

  ValueBytes bytes;                ///< as LDAP transmits it
  ObjectIndex target = kNoObject;  ///< for DN syntax: the object that has this DN, when it is in the snapshot

  std::string_view text() const { return as_text(bytes); }
};

/// The values of one attribute of one object: a forward range of Value.
class Values {
 public:
  class Iterator {
   public:
    using value_type = Value;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    Value operator*() const { return (*values_)[place_]; }
    Iterator& operator++() {
      ++place_;
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++place_;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.place_ == b.place_; }

   private:
    friend class Values;
    Iterator(const Values* values, std::size_t place) : values_(values), place_(place) {}
    const Values* values_ = nullptr;
    std::size_t place_ = 0;
  };

  Values() = default;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Value operator[](std::size_t i) const;
  /// The object whose DN the value is, without looking at its name.
  ObjectIndex target(std::size_t i) const;
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, size_}; }

 private:
  friend class Object;
  const Snapshot* snapshot_ = nullptr;
  std::uint32_t chunk_ = 0;
  std::uint32_t first_ = 0;
  std::uint32_t size_ = 0;
  bool dn_ = false;
};

/// A view of one object; valid as long as its Snapshot.
class Object {
 public:
  ObjectIndex index() const { return index_; }
  directory::Guid guid() const;
  ObjectIndex parent() const;
  DescriptorIndex descriptor() const;
  /// The distinguished name; empty when the source gave none.
  std::string_view dn() const;

  /// The attributes that have values, ascending.
  std::span<const AttributeId> attributes() const;
  Values values(AttributeId attribute) const;

  bool has(AttributeId attribute) const { return !values(attribute).empty(); }
  /// The first value, or an empty text.
  std::string_view text(AttributeId attribute) const;
  /// The first value as LDAP integer; absent when there is none or it is no number.
  std::optional<std::int64_t> number(AttributeId attribute) const;

 private:
  friend class Snapshot;
  friend class Edits;
  Object(const Snapshot* snapshot, ObjectIndex index, std::uint32_t chunk, std::uint32_t row)
      : snapshot_(snapshot), index_(index), chunk_(chunk), row_(row) {}
  const Snapshot* snapshot_;
  ObjectIndex index_;
  std::uint32_t chunk_;
  std::uint32_t row_;
};

/// A snapshot file, opened: its contents and what it says about itself have been checked; the chunks of
/// objects and descriptors have not been touched.
class File {
 public:
  /// Errors: NoInput; BadData for a file that is no snapshot, is cut off, damaged, or newer than this reader.
  static Result<File> open(const std::string& path);
  /// The same of what is in memory already; `name` is what errors call it.
  static Result<File> of(MappedFile mapped, const std::string& name);

  const Meta& meta() const;
  const std::string& path() const;
  /// 32 hexadecimal digits that change with any byte of the snapshot's facts.
  const std::string& identity() const;

 private:
  friend class Snapshot;
  struct State;
  explicit File(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

/// All of a snapshot, every chunk's checksum and structure verified, so that reading needs no checks.
/// Immutable and safe to read from several threads.
class Snapshot {
 public:
  /// Errors: BadData naming the chunk and its offset.
  static Result<Snapshot> load(File file);
  /// File::open() and load().
  static Result<Snapshot> open(const std::string& path);

  Snapshot(Snapshot&&) noexcept = default;
  Snapshot& operator=(Snapshot&&) noexcept = default;

  const Meta& meta() const { return file_.meta(); }
  const std::string& path() const { return file_.path(); }
  const std::string& identity() const { return file_.identity(); }

  std::size_t object_count() const { return object_count_; }
  /// REQUIRES: index < object_count().
  Object object(ObjectIndex index) const;

  /// Calls `take` with each object that has values of the attribute, ascending. For who looks for few among many: the others
  /// are passed over without being looked at.
  template <class Take>
  void for_each_with(AttributeId attribute, const Take& take) const {
    for_each_with(attribute, {0, object_count_}, take);
  }
  /// The same of some objects.
  template <class Take>
  void for_each_with(AttributeId attribute, Range objects, const Take& take) const {
    const auto last = static_cast<ObjectIndex>(objects.last);
    for (auto found = next_with(attribute, static_cast<ObjectIndex>(objects.first), last); found;
         found = next_with(attribute, found->index() + 1, last))
      take(*found);
  }

  std::size_t descriptor_count() const { return descriptor_count_; }
  /// REQUIRES: index < descriptor_count().
  ByteSpan descriptor(DescriptorIndex index) const;

  /// The id of an attribute by its lDAPDisplayName without case; kNoAttribute when no object has it.
  AttributeId attribute(std::string_view name) const;

 private:
  friend class Counterparts;
  friend class Object;
  friend class Values;
  friend class Edits;

  struct ObjectColumns {
    ByteSpan guids;
    std::span<const std::uint32_t> parents;
    std::span<const std::uint32_t> descriptors;
    std::span<const std::uint32_t> attribute_starts;
    std::span<const std::uint16_t> attribute_ids;
    std::span<const std::uint32_t> value_starts;
    std::span<const std::uint32_t> value_offsets;
    ByteSpan heap;
  };
  struct DescriptorColumns {
    std::span<const std::uint32_t> offsets;
    ByteSpan heap;
  };

  explicit Snapshot(File file) : file_(std::move(file)) {}
  Snapshot(const Snapshot&) = default;
  Status load_objects(ByteSpan message, std::uint32_t count);
  Status load_descriptors(ByteSpan message, std::uint32_t count);
  Status check_attributes(const ObjectColumns& columns) const;
  Status check_references(const ObjectColumns& columns) const;
  void find_chunks_fast();
  std::optional<Object> next_with(AttributeId attribute, ObjectIndex from, ObjectIndex to) const;
  Value value_at(std::uint32_t chunk, std::uint32_t place, bool dn) const;

  File file_;
  std::size_t object_count_ = 0;
  std::size_t descriptor_count_ = 0;
  std::vector<ObjectColumns> objects_;
  std::vector<ObjectIndex> first_object_ = {0};  ///< by chunk, and the end
  std::vector<std::uint32_t> chunk_hints_;       ///< the chunk of every kHint-th object
  std::vector<DescriptorColumns> descriptors_;
  std::vector<DescriptorIndex> first_descriptor_ = {0};  ///< likewise
  AttributeId dn_attribute_ = kNoAttribute;
  // What Edits changed: the last chunk of each kind, and who is in it.
  boost::unordered_flat_map<ObjectIndex, std::uint32_t> moved_;  ///< to rows of the last chunk
  boost::unordered_flat_map<ObjectIndex, DescriptorIndex> descriptor_of_;
  std::shared_ptr<const void> edited_;
  boost::unordered_flat_map<std::string, AttributeId, NocaseHash, NocaseEqual>
      attribute_ids_;                        ///< the first by each name
  std::vector<std::uint8_t> names_objects_;  ///< by attribute: whether it is of DN syntax
};

}  // namespace tierline::snapshot
