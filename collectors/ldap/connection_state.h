#pragma once

// What connection.cc and search.cc share; nobody else includes it, or libldap's header.

#include <ldap.h>

#include <string>
#include <string_view>

#include "collectors/ldap/connection.h"
#include "collectors/ldap/server_address.h"

namespace tierline::collectors::ldap {

struct Connection::State {
  State(const Options& how, ServerAddress server, Clock::time_point deadline);
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State();

  Status configure();
  Status secure();
  Status bind();

  /// How long to wait for the next answer: the operation's deadline, or what is left of the run's.
  Result<timeval> patience() const;
  Error error(int code, std::string_view doing) const;

  Options options;
  ServerAddress address;
  Clock::time_point run_deadline;
  LDAP* handle = nullptr;
  ldap_conncb on_connect = {};
  std::string identity;

 private:
  Status bind_simple();
  Status bind_sasl();
  bool is_over_tls() const { return address.tls || options.start_tls; }
};

}  // namespace tierline::collectors::ldap
