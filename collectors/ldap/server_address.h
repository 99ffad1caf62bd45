#pragma once

// The one server that a collection talks to.

#include <chrono>
#include <string>

#include "core/base/result.h"

namespace tierline::collectors::ldap {

struct ServerAddress {
  bool tls = false;  ///< from the first byte on: ldaps://
  std::string host;
  int port = 0;

  /// scheme://HOST:PORT, what libldap is given and messages name.
  std::string url() const;
};

/// ldap://HOST[:PORT] or ldaps://HOST[:PORT], nothing more. libldap itself takes lists of addresses, local
/// sockets and search parameters; a list could lead from a secured server to one in the clear.
/// Errors: Usage, also for the ports of the global catalogue, which holds only part of each object.
Result<ServerAddress> parse_address(const std::string& text);

/// Whether something accepts connections there. Asked only after a failure: libldap reports a bad certificate
/// and a dead host alike.
bool answers(const ServerAddress& address, std::chrono::milliseconds patience);

}  // namespace tierline::collectors::ldap
