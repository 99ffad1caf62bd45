#pragma once

// What the object type of an entry may stand for in this forest, [MS-ADTS] 5.1.3.2: a control access right or
// validated write, a property set, an attribute, a class; and the names that people know them by.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/derive/schema.h"
#include "core/directory/guid.h"
#include "core/snapshot/snapshot.h"

namespace tierline::derive {

/// "WRITE_DAC" for one bit of an access mask on a directory object; empty for a bit that means nothing there.
std::string_view right_name(std::uint32_t bit);

/// A control access right or validated write that the forest defines.
struct ExtendedRight {
  directory::Guid guid;
  std::string name;
  std::uint32_t bit;
  std::vector<directory::Guid> applies_to;  ///< classes; empty when the forest does not say
};

class ObjectTypes {
 public:
  /// Reads the controlAccessRight objects of the snapshot. `schema` must outlive this.
  ObjectTypes(const snapshot::Snapshot& snapshot, const Schema& schema);

  /// In order of name.
  const std::vector<ExtendedRight>& extended_rights() const { return extended_rights_; }
  /// Whether the right is meant for objects of the class, [MS-ADTS] 5.1.3.2.1: appliesTo names it, one of its
  /// superclasses or of their auxiliary classes.
  bool applies(const ExtendedRight& right, ClassId object_class) const;
  /// Whether the forest defines a control access right or validated write (`bit`) with this GUID.
  bool is_extended_right(const directory::Guid& guid, std::uint32_t bit) const;

  /// The name of an attribute, right, property set or class; empty when nothing that was read has the GUID.
  std::string name_of(const directory::Guid& guid) const;
  /// The same with what it is, "the attribute member"; the GUID itself when nothing has it.
  std::string describe(const directory::Guid& guid) const;

 private:
  struct Named {
    std::string name;
    std::uint32_t bits = 0;  ///< validAccesses
  };

  const Schema& schema_;
  std::vector<ExtendedRight> extended_rights_;
  std::map<directory::Guid, Named> named_;
};

}  // namespace tierline::derive
