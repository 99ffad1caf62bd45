#pragma once

// Ranged retrieval, [MS-ADTS] 3.1.1.3.1.3.3: a server hands out at most MaxValRange values of an attribute at
// a time, under a name like "member;range=0-1499".

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "collectors/ldap/connection.h"
#include "core/base/result.h"

namespace tierline::collectors::ldap {

/// The name of an attribute in an answer, taken apart.
struct RangedName {
  std::string_view name;  ///< without options
  bool is_ranged = false;
  bool is_last = false;  ///< "-*", or no range at all
  std::uint64_t begin = 0;
  std::uint64_t end = 0;  ///< the last index handed out; 0 when is_last
};

/// Errors: Unavailable for a range that is none, such as one that ends before it begins.
Result<RangedName> parse_ranged_name(std::string_view attribute);

/// Hands over the values of one attribute of one object from index `begin` on, asking until the server says
/// that these were the last. `object` is a DN or <GUID=...>, which survives a rename on the way.
/// Returns false when the object is gone. Errors: those of search; Unavailable when the server does not go on.
Result<bool> read_values(Connection& connection, const std::string& object, const std::string& name,
                         std::uint64_t begin, LinkForm links, const std::function<void(ByteSpan)>& take);

}  // namespace tierline::collectors::ldap
