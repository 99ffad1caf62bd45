#include "viewer/export/dacl_entry.h"

#include <algorithm>

#include "core/directory/sddl.h"
#include "core/knowledge/access_rights.h"

namespace tierline::viewer {
namespace {

using directory::Ace;
using directory::SecurityDescriptor;
using snapshot::Object;

// Generic bits stay where they are handed down, and are mapped where they come to count ([MS-DTYP] 2.5.3.4.2).
bool same_entry(const Ace& a, const Ace& b) {
  const auto mask = [](const Ace& ace) { return knowledge::access::map_generic(ace.mask); };
  return a.type == b.type && mask(a) == mask(b) && a.object_type == b.object_type && a.trustee == b.trustee;
}

// Where an inherited entry was written: the nearest object above that has it as its own.
std::optional<snapshot::ObjectIndex> origin_of(const DaclEntry& entry) {
  if (!entry.ace.is_inherited() || entry.object == snapshot::kNoObject) return std::nullopt;
  snapshot::ObjectIndex above = entry.snapshot.object(entry.object).parent();
  for (int budget = 256; above != snapshot::kNoObject && budget > 0; --budget) {
    const Object object = entry.snapshot.object(above);
    if (object.descriptor() != snapshot::kNoDescriptor) {
      const auto parsed = SecurityDescriptor::parse(entry.snapshot.descriptor(object.descriptor()));
      if (parsed && parsed->dacl) {
        const auto& aces = parsed->dacl->aces;
        const bool written_here = std::any_of(aces.begin(), aces.end(), [&](const Ace& other) {
          return !other.is_inherited() && (other.flags & directory::ace_flag::kContainerInherit) != 0 &&
                 same_entry(entry.ace, other);
        });
        if (written_here) return above;
      }
    }
    above = object.parent();
  }
  return std::nullopt;
}

}  // namespace

void write_entry_fields(JsonWriter& json, const DaclEntry& entry) {
  json.key("index").number(entry.index);
  json.key("ace").text(directory::to_sddl(entry.ace));
  json.key("inherited").boolean(entry.ace.is_inherited());
  json.key("inherited_from");
  if (const auto origin = origin_of(entry)) {
    json.text(entry.snapshot.object(*origin).dn());
  } else {
    json.null();
  }
}

Result<StoredDacl> StoredDacl::read(const snapshot::Snapshot& snapshot, snapshot::ObjectIndex object) {
  auto parsed = SecurityDescriptor::parse(snapshot.descriptor(snapshot.object(object).descriptor()));
  if (!parsed) return std::move(parsed).error();
  return StoredDacl(snapshot, object, *std::move(parsed));
}

std::string entry_text(const DaclEntry& entry) {
  std::string text = directory::to_sddl(entry.ace);
  if (const auto origin = origin_of(entry)) {
    text += ", inherited from " + std::string(entry.snapshot.object(*origin).dn());
  } else if (entry.ace.is_inherited()) {
    text += ", inherited";
  }
  return text;
}

}  // namespace tierline::viewer
