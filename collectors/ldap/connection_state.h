#pragma once

// What connection.cc and search.cc share; nobody else includes it, or libldap's header.

#include <ldap.h>

#include <string>
#include <string_view>

#include "collectors/ldap/connection.h"
#include "collectors/ldap/server_address.h"
#include "collectors/ldap/socket_limits.h"

namespace tierline::collectors::ldap {

struct Connection::State {
  State(const Options& how, ServerAddress server, Clock::time_point deadline);
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State();

  Status configure();
  Status secure();
  Status bind();

  /// Begins an operation: from now on the server has until the operation's deadline, or the run's. Returns how
  /// long that is.
  Result<timeval> begin_operation();
  /// Why the operation failed.
  Error error(int code, std::string_view doing) const;
  Error timed_out() const;

  Options options;
  ServerAddress address;
  Clock::time_point run_deadline;
  SocketLimits limits;
  LDAP* handle = nullptr;
  std::string identity;

 private:
  Status bind_simple();
  Status bind_sasl();
  bool is_over_tls() const { return address.tls || options.start_tls; }
};

}  // namespace tierline::collectors::ldap
