#pragma once

// Limits on what a server can do to us through libldap.
//
// libldap's own timeouts end a wait for the first byte of a message. Inside a TLS handshake, a TLS record or a
// sealed packet it asks for all the rest at once, and a server that falls silent there, or hands out a byte now
// and then, would hold it for ever. So a layer of ours stands between the socket and all other layers, and ends
// every read and write at one point in time.

#include <ldap.h>

#include <chrono>

namespace tierline::collectors::ldap {

class SocketLimits {
 public:
  using Clock = std::chrono::steady_clock;

  SocketLimits();
  SocketLimits(const SocketLimits&) = delete;
  SocketLimits& operator=(const SocketLimits&) = delete;

  /// Sets the limits on every connection that `handle` makes. REQUIRES: this outlives the handle.
  void apply_to(LDAP* handle);

  /// From now on, reads and writes fail after `deadline`.
  void set_deadline(Clock::time_point deadline) { deadline_ = deadline; }
  bool has_passed() const { return Clock::now() >= deadline_; }

  /// Waits until the socket can be read (POLLIN) or written (POLLOUT); false, with errno set, if that takes
  /// too long.
  bool wait(int fd, short event) const;

 private:
  ldap_conncb on_connect_ = {};
  Clock::time_point deadline_ = Clock::time_point::max();
};

}  // namespace tierline::collectors::ldap
