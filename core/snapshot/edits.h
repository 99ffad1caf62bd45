#pragma once

// A snapshot as it would be with some values and descriptors changed: the rest is read where it was, nothing is written.

#include <boost/unordered/unordered_flat_map.hpp>
#include <map>
#include <optional>
#include <string>

#include "core/snapshot/snapshot.h"

namespace tierline::snapshot {

/// Changes to gather, then to apply. Objects, attributes and what is not changed keep their numbers.
class Edits {
 public:
  /// `of` must outlive this, not what apply() makes of it. REQUIRES: it is as it was loaded, not made by apply() itself.
  explicit Edits(const Snapshot& of) : of_(of) {}

  /// REQUIRES: there is such a value.
  void remove(ObjectIndex object, AttributeId attribute, std::uint32_t item) {
    values_[object].insert_or_assign({attribute, item}, std::nullopt);
  }
  /// REQUIRES: there is such a value, and it is no distinguished name.
  void replace(ObjectIndex object, AttributeId attribute, std::uint32_t item, std::string bytes) {
    values_[object].insert_or_assign({attribute, item}, std::move(bytes));
  }
  void set_descriptor(ObjectIndex object, std::string bytes);

  /// Its identity is that of the snapshot that was changed. Errors: BadData when the changes are too large.
  Result<Snapshot> apply() const;

 private:
  using OfObject = std::map<std::pair<AttributeId, std::uint32_t>, std::optional<std::string>>;
  class Columns;

  const Snapshot& of_;
  std::map<ObjectIndex, OfObject> values_;
  std::map<std::string, DescriptorIndex> descriptors_;  ///< numbered on from the snapshot's own
  boost::unordered_flat_map<ObjectIndex, DescriptorIndex> descriptor_of_;
};

}  // namespace tierline::snapshot
