#pragma once

// Two snapshots of one directory side by side: which objects are the same, and what of them surely is as it was.

#include <boost/unordered/unordered_flat_map.hpp>
#include <compare>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/hash.h"
#include "core/snapshot/snapshot.h"

namespace tierline::snapshot {

/// Objects are the same when their GUIDs are, those without GUID when their DNs are. Most objects are as they were, so they
/// are compared as they are stored, without looking at what their values mean. Must not outlive the snapshots.
class Counterparts {
 public:
  /// An attribute under its ids on both sides; kNoAttribute where there is no such attribute.
  struct Attribute {
    AttributeId before = kNoAttribute;
    AttributeId after = kNoAttribute;
  };

  /// `compared` are the attributes that count.
  Counterparts(const Snapshot& before, const Snapshot& after, std::span<const Attribute> compared);

  /// `take(before, after)` for each object, in order of GUIDs; kNoObject on the side that does not have it.
  template <class Take>
  void for_each(const Take& take) const;

  /// How one object is on both sides.
  struct Compared {
    /// The places in `compared` of all attributes whose values may differ, ascending. Of the others both sides have the same
    /// values in the same order, names being the same when the objects that they name are. Valid until the next call.
    std::span<const std::uint32_t> suspects;
    bool has_same_descriptor = true;  ///< byte by byte, or none
  };
  /// REQUIRES: both are the same object.
  Compared compare(ObjectIndex before, ObjectIndex after);

  /// The places of the values of one attribute that only one side has, in whatever order and however often. Valid until the
  /// next call. A name of an object and the object itself count as different.
  struct Differences {
    std::vector<std::uint32_t> before;
    std::vector<std::uint32_t> after;
  };
  const Differences& differences(std::uint32_t place, ObjectIndex before, ObjectIndex after);

 private:
  /// How an attribute is compared.
  enum class Form : std::uint8_t {
    Ignored,
    Bytes,
    Names,      ///< which may be numbers of objects
    Different,  ///< on both sides; always suspect
  };

  /// An object as its chunk stores it.
  struct Row {
    const std::uint8_t* guid;
    DescriptorIndex descriptor;
    std::span<const AttributeId> ids;
    const std::uint32_t* value_starts;  ///< by attribute, and the end
    const std::uint32_t* offsets;       ///< by value of the chunk
    const std::uint8_t* heap;

    /// The place of an attribute among the object's, or how many it has.
    std::size_t find(AttributeId attribute) const;
    ByteSpan value(std::uint32_t place) const {
      return {heap + offsets[place], offsets[place + 1] - offsets[place]};
    }
    std::uint32_t begin(std::size_t attribute) const { return offsets[value_starts[attribute]]; }
    std::uint32_t end(std::size_t attribute) const { return offsets[value_starts[attribute + 1]]; }
  };

  /// One side, quickest when it is read in order.
  class Rows {
   public:
    explicit Rows(const Snapshot& snapshot) : snapshot_(&snapshot) {}
    Row operator[](ObjectIndex object);
    const Snapshot& snapshot() const { return *snapshot_; }

   private:
    const Snapshot* snapshot_;
    std::uint32_t chunk_ = 0;
  };

  struct Alone {
    ObjectIndex object;
    bool is_after;
  };

  static constexpr std::uint32_t kBlock = 64;
  static constexpr std::int32_t kMixed = std::numeric_limits<std::int32_t>::min();

  void match_attributes();
  void match_objects();
  void find_shifts();
  ObjectIndex counterpart(ObjectIndex before) const {
    const std::int32_t shift = shift_[before / kBlock];
    return shift == kMixed ? counterpart_[before] : before + static_cast<std::uint32_t>(shift);
  }
  std::strong_ordering order(ObjectIndex before, ObjectIndex after);
  void find_suspects(const Row& before, const Row& after);
  bool same_descriptor(DescriptorIndex before, DescriptorIndex after);
  bool same_attributes(std::span<const AttributeId> before, std::span<const AttributeId> after) const;
  bool is_unchanged(const Row& before, const Row& after) const;
  bool same_values(Form form, const Row& before, std::size_t a, const Row& after, std::size_t b) const;
  bool same_names(const std::uint8_t* before, const std::uint8_t* after,
                  std::span<const std::uint32_t> starts) const;

  Rows before_;
  Rows after_;
  std::vector<ObjectIndex> counterpart_;  ///< by object of the earlier side
  /// By kBlock objects of the earlier side: how far on their counterparts are, if that is the same for all. What others name
  /// is all over the directory, and this fits into the caches.
  std::vector<std::int32_t> shift_;
  std::vector<Alone> alone_;  ///< what only one side has, in order
  std::vector<Attribute> compared_;
  std::vector<Form> forms_;                  ///< by place in compared_
  std::vector<std::uint32_t> before_place_;  ///< by attribute: its place in compared_
  std::vector<std::uint32_t> after_place_;
  /// Attributes have the same ids on both sides.
  bool is_aligned_ = false;
  std::vector<Form> form_of_;                     ///< by attribute of the earlier side
  std::vector<DescriptorIndex> same_descriptor_;  ///< by descriptor of the earlier side, as far as is known
  /// By place in compared_: one more than which attribute of an object it is.
  std::vector<std::uint32_t> found_at_;
  std::vector<std::uint32_t> suspects_;
  Differences differences_;
  std::vector<bool> is_named_;  ///< by object of the later side
  std::vector<bool> is_named_twice_;
  /// And whether both sides have it.
  boost::unordered_flat_map<std::string_view, bool, SeededHash> texts_;
};

template <class Take>
void Counterparts::for_each(const Take& take) const {
  ObjectIndex before = 0;
  ObjectIndex after = 0;
  for (const Alone& alone : alone_) {
    while ((alone.is_after ? after : before) < alone.object) take(before++, after++);
    if (alone.is_after) {
      take(kNoObject, after++);
    } else {
      take(before++, kNoObject);
    }
  }
  while (before < counterpart_.size()) take(before++, after++);
}

}  // namespace tierline::snapshot
