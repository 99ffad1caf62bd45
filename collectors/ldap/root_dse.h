#pragma once

// What the server says about itself, [MS-ADTS] 3.1.1.3.2.

#include <cstdint>
#include <string>
#include <vector>

#include "collectors/ldap/connection.h"

namespace tierline::collectors::ldap {

struct RootDse {
  std::string domain;  ///< DN of the default naming context
  std::string configuration;
  std::string schema;
  std::string host;  ///< the server's own DNS name
  std::uint64_t highest_usn = 0;
  bool tells_time_to_live = false;  ///< of links, to who asks for it
  std::vector<std::string> naming_contexts;
};

/// Errors: those of search; Unavailable when the server is no domain controller.
Result<RootDse> read_root_dse(Connection& connection, const std::string& url);

}  // namespace tierline::collectors::ldap
