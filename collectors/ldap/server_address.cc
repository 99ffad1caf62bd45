#include "collectors/ldap/server_address.h"

#include <ldap.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "core/base/text.h"

namespace tierline::collectors::ldap {
namespace {

constexpr int kGlobalCatalogue = 3268;
constexpr int kGlobalCatalogueTls = 3269;

bool accepts(const addrinfo& address, std::chrono::milliseconds patience) {
  const int fd = ::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return false;
  const bool begun = ::connect(fd, address.ai_addr, address.ai_addrlen) == 0 || errno == EINPROGRESS;
  pollfd waiting = {fd, POLLOUT, 0};
  int failure = 0;
  socklen_t size = sizeof failure;
  const bool connected = begun && ::poll(&waiting, 1, static_cast<int>(patience.count())) == 1 &&
                         ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size) == 0 && failure == 0;
  ::close(fd);
  return connected;
}

}  // namespace

std::string ServerAddress::url() const {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return std::string(tls ? "ldaps://" : "ldap://") + (is_ipv6 ? "[" + host + "]" : host) + ":" +
         std::to_string(port);
}

Result<ServerAddress> parse_address(const std::string& text) {
  const Error malformed{ErrorCode::Usage,
                        "no LDAP address: give ldap://HOST or ldaps://HOST, with :PORT at most",
                        visible(text)};
  if (text.find_first_of(" ,\t\r\n") != std::string::npos) return malformed;
  LDAPURLDesc* raw = nullptr;
  if (ldap_url_parse(text.c_str(), &raw) != LDAP_URL_SUCCESS) return malformed;
  const std::unique_ptr<LDAPURLDesc, decltype(&ldap_free_urldesc)> parts(raw, ldap_free_urldesc);
  const std::string_view scheme = parts->lud_scheme;
  const bool has_more = (parts->lud_dn != nullptr && *parts->lud_dn != '\0') || parts->lud_attrs != nullptr ||
                        parts->lud_filter != nullptr || parts->lud_exts != nullptr;
  const bool has_host = parts->lud_host != nullptr && *parts->lud_host != '\0';
  if ((scheme != "ldap" && scheme != "ldaps") || !has_host || has_more) return malformed;
  ServerAddress address{.tls = scheme == "ldaps", .host = parts->lud_host, .port = parts->lud_port};
  if (address.port == 0) address.port = address.tls ? LDAPS_PORT : LDAP_PORT;
  if (address.port == kGlobalCatalogue || address.port == kGlobalCatalogueTls) {
    return Error{ErrorCode::Usage, "the global catalogue holds only part of each object: use port 389 or 636",
                 address.url()};
  }
  return address;
}

bool answers(const ServerAddress& address, std::chrono::milliseconds patience) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found) != 0)
    return false;
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, ::freeaddrinfo);
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    if (accepts(*one, patience)) return true;
  }
  return false;
}

}  // namespace tierline::collectors::ldap
