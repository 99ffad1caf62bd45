#pragma once

// Records of an LDIF file (RFC 2849): unfolded, decoded, one at a time.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace tierline::collectors::ldif {

/// "member;range=0-1499:: aGVs...": the name with its options, the value decoded.
struct Line {
  std::string name;
  std::string value;
  std::size_t offset = 0;  ///< of the line in the file
};

using Record = std::vector<Line>;

class Reader {
 public:
  /// `text` may begin with a byte order mark.
  explicit Reader(std::string_view text);

  /// The next record that has a line, without "version:" and comments; absent at the end. Errors: BadData with the
  /// offset of a line that is none, of base64 that is none, or of a value that stands in another file ("name:<").
  Result<std::optional<Record>> next();

 private:
  /// The next line with its continuations joined; absent at an empty line or the end.
  std::optional<std::string> logical_line();
  std::string_view physical_line();

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace tierline::collectors::ldif
