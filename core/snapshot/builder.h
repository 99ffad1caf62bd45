#pragma once

// Writes a snapshot: collectors hand over facts one object at a time, in any order.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/snapshot/ids.h"
#include "core/snapshot/meta.h"
#include "core/snapshot/snapshot.h"

namespace tierline::snapshot {

/// Collects objects in memory and writes them as one file.
///
/// Use: attribute() for each attribute, then for each object begin_object(), value() and
/// descriptor() in any order, end_object(); last write(). An object is identified by its objectGUID; when
/// the same one comes twice, the one with the higher uSNChanged (or else the later) is kept.
///
/// Values are the bytes that LDAP transmits, whatever the source. nTSecurityDescriptor is handed over by
/// descriptor(), not as a value. Names of objects, long values of attributes that repeat them, and equal descriptors are in
/// memory once. `distinguishedName` must be given.
class Builder {
 public:
  /// A value as it is kept; its bytes stay where they are until the builder is spent.
  struct StoredValue {
    AttributeId attribute;
    ByteSpan bytes;
  };

  Builder();
  ~Builder();
  Builder(Builder&&) noexcept;
  Builder& operator=(Builder&&) noexcept;

  /// The id of the attribute with this lDAPDisplayName (compared without case), added when new.
  AttributeId attribute(std::string_view name, directory::AttributeSyntax syntax);

  void begin_object();
  /// REQUIRES: between begin_object() and end_object(). Values of one attribute keep their order.
  void value(AttributeId attribute, ByteSpan bytes);
  void value(AttributeId attribute, std::string_view text) { value(attribute, as_bytes(text)); }
  void descriptor(ByteSpan bytes);
  /// How many objects were handed over before.
  std::size_t end_object();

  /// What the object that end_object() gave this number was handed, by attribute.
  std::vector<StoredValue> values(std::size_t object) const;
  /// Forgets an object, for a source that puts another one in its place.
  void drop(std::size_t object);

  /// Forgets the object begun, for a source that breaks off inside it.
  void abandon_object();

  void cover(Area area);

  std::size_t object_count() const;

  /// Writes the file (mode 0600, by rename; see AtomicFile). The builder is spent afterwards.
  /// Errors: CannotCreate, Io; BadData when a single object or the whole exceeds the format's limits.
  Status write(const std::string& path, const Provenance& provenance);

  /// The same, in memory that belongs to the result. Errors: Io; BadData as above.
  Result<File> keep(const Provenance& provenance);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tierline::snapshot
