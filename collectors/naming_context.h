#pragma once

// Which part of the forest a DN belongs to, as coverage counts it.

#include <string>
#include <string_view>

namespace tierline::collectors {

struct NamingContext {
  std::string area;    ///< "objects", "configuration" or "schema"
  std::string domain;  ///< DNS name; the forest's root for the latter two

  friend auto operator<=>(const NamingContext&, const NamingContext&) = default;
};

NamingContext naming_context_of(std::string_view dn);

}  // namespace tierline::collectors
