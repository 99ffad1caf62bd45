#pragma once

// One entry of a stored DACL as answers tell it: its place, its SDDL, and where it was inherited from.

#include <optional>
#include <string>

#include "core/directory/security_descriptor.h"
#include "core/snapshot/snapshot.h"
#include "viewer/export/json.h"

namespace tierline::viewer {

/// Entry `index` of the DACL of `object`; of kNoObject when the descriptor is the value of an attribute and so
/// inherits nothing.
struct DaclEntry {
  const snapshot::Snapshot& snapshot;
  snapshot::ObjectIndex object = snapshot::kNoObject;
  std::uint32_t index = 0;
  const directory::Ace& ace;
};

/// "index", "ace", "inherited" and "inherited_from" of an object that somebody else has begun.
void write_entry_fields(JsonWriter& json, const DaclEntry& entry);

/// "(A;;GA;;;DA), inherited from OU=Staff,DC=corp,DC=example"
std::string entry_text(const DaclEntry& entry);

/// The DACL of an object, to tell entries of by their places.
class StoredDacl {
 public:
  /// Errors: BadData when the descriptor is malformed. REQUIRES: the object has a descriptor.
  static Result<StoredDacl> read(const snapshot::Snapshot& snapshot, snapshot::ObjectIndex object);

  /// REQUIRES: there is a DACL, and it has such an entry.
  DaclEntry entry(std::uint16_t place) const {
    return {snapshot_, object_, place, descriptor_.dacl->aces[place]};
  }

 private:
  StoredDacl(const snapshot::Snapshot& snapshot, snapshot::ObjectIndex object,
             directory::SecurityDescriptor descriptor)
      : snapshot_(snapshot), object_(object), descriptor_(std::move(descriptor)) {}

  const snapshot::Snapshot& snapshot_;
  snapshot::ObjectIndex object_;
  directory::SecurityDescriptor descriptor_;
};

}  // namespace tierline::viewer
