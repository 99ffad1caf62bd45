#pragma once

// Identifiers as BloodHound and its collectors write them: "S-1-5-21-...", "CORP.EXAMPLE-S-1-5-32-544" for a SID that
// exists in every domain, a GUID for what has no SID.

#include <optional>
#include <string>
#include <string_view>

#include "core/directory/guid.h"
#include "core/directory/sid.h"

namespace tierline::directory {

struct ObjectId {
  std::string domain;      ///< of "DOMAIN-S-1-...", in upper case; empty otherwise
  std::optional<Sid> sid;  ///< exactly one of the two is there
  std::optional<Guid> guid;

  /// Absent for anything else.
  static std::optional<ObjectId> parse(std::string_view text);

  /// In upper case.
  std::string to_string() const;
};

}  // namespace tierline::directory
