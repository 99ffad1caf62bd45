#pragma once

// The connection that a collection works on, made again when it breaks.

#include <functional>
#include <memory>
#include <random>

#include "collectors/ldap/connection.h"

namespace tierline::collectors::ldap {

class Session {
 public:
  explicit Session(const Options& options);

  /// Runs `work` on a connection, again on a new one when the server fails in a way that may pass; so it must
  /// be able to begin anew. The pauses double, with a random part, so that many collectors do not come back at
  /// once. A server that has not been reached yet is not waited for, unless it says itself that it is busy: the
  /// address is wrong more often than the server is restarting.
  /// Errors: those of Connection::open and of `work`, the last ones.
  Status with_retries(const std::function<Status(Connection&)>& work);

 private:
  Status attempt(const std::function<Status(Connection&)>& work);

  const Options& options_;
  Clock::time_point run_deadline_;
  std::unique_ptr<Connection> connection_;
  std::mt19937 random_{std::random_device{}()};
  bool was_reached_ = false;
};

}  // namespace tierline::collectors::ldap
