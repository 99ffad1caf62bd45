#include "collectors/ldap/socket_limits.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>

namespace tierline::collectors::ldap {
namespace {

// The longest answer we take into memory: far more than any entry, far less than a length made up to exhaust us.
constexpr ber_len_t kLongestMessage = 64u << 20;
// Above the socket, below TLS and sealing.
constexpr int kLevel = (LBER_SBIOD_LEVEL_PROVIDER + LBER_SBIOD_LEVEL_TRANSPORT) / 2;

bool wait_for(const Sockbuf_IO_Desc* layer, short event) {
  int fd = -1;
  ber_sockbuf_ctrl(layer->sbiod_sb, LBER_SB_OPT_GET_FD, &fd);
  return static_cast<const SocketLimits*>(layer->sbiod_pvt)->wait(fd, event);
}

int set_up(Sockbuf_IO_Desc* layer, void* limits) {
  layer->sbiod_pvt = limits;
  return 0;
}

int remove(Sockbuf_IO_Desc*) { return 0; }

int control(Sockbuf_IO_Desc* layer, int option, void* argument) {
  return LBER_SBIOD_CTRL_NEXT(layer, option, argument);
}

ber_slen_t read(Sockbuf_IO_Desc* layer, void* buffer, ber_len_t size) {
  return wait_for(layer, POLLIN) ? LBER_SBIOD_READ_NEXT(layer, buffer, size) : -1;
}

ber_slen_t write(Sockbuf_IO_Desc* layer, void* buffer, ber_len_t size) {
  return wait_for(layer, POLLOUT) ? LBER_SBIOD_WRITE_NEXT(layer, buffer, size) : -1;
}

Sockbuf_IO layer_functions = {.sbi_setup = set_up,
                              .sbi_remove = remove,
                              .sbi_ctrl = control,
                              .sbi_read = read,
                              .sbi_write = write,
                              .sbi_close = nullptr};

int limit(LDAP*, Sockbuf* socket, LDAPURLDesc*, sockaddr*, ldap_conncb* callback) {
  ber_len_t longest = kLongestMessage;
  const bool set = ber_sockbuf_ctrl(socket, LBER_SB_OPT_SET_MAX_INCOMING, &longest) == 1 &&
                   ber_sockbuf_add_io(socket, &layer_functions, kLevel, callback->lc_arg) == 0;
  return set ? LDAP_SUCCESS : LDAP_LOCAL_ERROR;
}

void forget(LDAP*, Sockbuf*, ldap_conncb*) {}

}  // namespace

SocketLimits::SocketLimits() {
  on_connect_.lc_add = limit;
  on_connect_.lc_del = forget;
  on_connect_.lc_arg = this;
}

void SocketLimits::apply_to(LDAP* handle) { ldap_set_option(handle, LDAP_OPT_CONNECT_CB, &on_connect_); }

bool SocketLimits::wait(int fd, short event) const {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Clock::now());
    if (left.count() <= 0) break;
    constexpr std::chrono::milliseconds kLongest(std::chrono::hours(1));
    pollfd waiting = {fd, event, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::min(left, kLongest).count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
  errno = ETIMEDOUT;
  return false;
}

}  // namespace tierline::collectors::ldap
