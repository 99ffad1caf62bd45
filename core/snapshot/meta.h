#pragma once

// What a snapshot says about itself: who read which directory when, and how much of it.

#include <cstdint>
#include <string>
#include <vector>

#include "core/directory/attribute_syntax.h"

namespace tierline::snapshot {

struct Provenance {
  std::string tool;
  std::string tool_version;
  std::string source;        ///< the collector: "ldap", "adexplorer"
  std::string server;        ///< the server or file that was read
  std::string reader;        ///< the account that read it; empty when unknown
  std::int64_t started = 0;  ///< seconds since 1970-01-01 UTC
  std::int64_t finished = 0;
  std::uint64_t highest_usn = 0;  ///< highestCommittedUSN before reading; 0 when unknown
  std::string dirsync_cookie;
};

/// One area of the directory, such as "objects" of a naming context: what was asked for and what came of it.
struct Area {
  std::string area;
  std::string domain;
  bool asked = true;
  std::uint64_t read = 0;     ///< things read
  std::uint64_t missing = 0;  ///< things known to be there and not read
  std::string reason;         ///< why something is missing

  /// An area that was asked for and not fully read. A reason without a count counts as well.
  bool is_partial() const { return asked && (missing != 0 || !reason.empty()); }
};

struct AttributeInfo {
  std::string name;  ///< lDAPDisplayName
  directory::AttributeSyntax syntax = directory::AttributeSyntax::Text;
};

struct Meta {
  Provenance provenance;
  std::vector<Area> coverage;
  std::vector<AttributeInfo> attributes;  ///< by AttributeId

  bool is_complete() const {
    for (const Area& area : coverage) {
      if (area.is_partial()) return false;
    }
    return true;
  }
};

}  // namespace tierline::snapshot
