#include "collectors/ldap/connection.h"

#include <ldap.h>
#include <netdb.h>
#include <poll.h>
#include <sasl/sasl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "collectors/ldap/credentials.h"
#include "core/base/text.h"

namespace tierline::collectors::ldap {
namespace {

constexpr const char* kSdFlagsControl = "1.2.840.113556.1.4.801";
constexpr int kPageSize = 1000;  // MaxPageSize of a Windows domain controller
constexpr const char* kSystemAuthorities = "/etc/ssl/certs/ca-certificates.crt";
// The weakest sealing that SASL counts as encryption; Kerberos gives 256.
constexpr const char* kSealed = "minssf=56";
// Inside TLS the server refuses a second layer.
constexpr const char* kNoLayer = "minssf=0,maxssf=0";

// libldap asks for each SASL value in turn; Kerberos needs none beyond its defaults.
int answer_sasl(LDAP*, unsigned, void*, void* asked) {
  for (auto* item = static_cast<sasl_interact_t*>(asked); item->id != SASL_CB_LIST_END; ++item) {
    item->result = item->defresult != nullptr ? item->defresult : "";
    item->len = 0;
    for (const char* c = static_cast<const char*>(item->result); *c != '\0'; ++c) ++item->len;
  }
  return LDAP_SUCCESS;
}

bool mentions(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// Whether the port answers at all. Asked only after a failure: libldap reports a bad certificate and a dead
// host alike.
bool port_answers(const std::string& url, std::chrono::milliseconds patience) {
  LDAPURLDesc* parts = nullptr;
  if (ldap_url_parse(url.c_str(), &parts) != LDAP_URL_SUCCESS) return false;
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* addresses = nullptr;
  const int resolved =
      ::getaddrinfo(parts->lud_host, std::to_string(parts->lud_port).c_str(), &hints, &addresses);
  ldap_free_urldesc(parts);
  if (resolved != 0) return false;
  bool answers = false;
  for (const addrinfo* address = addresses; address != nullptr && !answers; address = address->ai_next) {
    const int fd = ::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) continue;
    ::connect(fd, address->ai_addr, address->ai_addrlen);
    pollfd waiting = {fd, POLLOUT, 0};
    int failure = 0;
    socklen_t size = sizeof failure;
    answers = ::poll(&waiting, 1, static_cast<int>(patience.count())) == 1 &&
              ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size) == 0 && failure == 0;
    ::close(fd);
  }
  ::freeaddrinfo(addresses);
  return answers;
}

// libldap reads from a blocking socket, and inside a sealed packet or a TLS record it asks for all the rest at
// once: a server that falls silent there would hold it beyond every deadline of ours. With this the read comes
// back now and then, and libldap looks at its clock.
int limit_waits(LDAP*, Sockbuf* socket, LDAPURLDesc*, sockaddr*, ldap_conncb*) {
  int fd = -1;
  if (ber_sockbuf_ctrl(socket, LBER_SB_OPT_GET_FD, &fd) != 1) return LDAP_LOCAL_ERROR;
  const timeval pause = {.tv_sec = 0, .tv_usec = 250'000};
  const bool set = ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &pause, sizeof pause) == 0 &&
                   ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &pause, sizeof pause) == 0;
  return set ? LDAP_SUCCESS : LDAP_LOCAL_ERROR;
}

void forget_socket(LDAP*, Sockbuf*, ldap_conncb*) {}

struct MessageDeleter {
  void operator()(LDAPMessage* message) const { ldap_msgfree(message); }
};
using Message = std::unique_ptr<LDAPMessage, MessageDeleter>;

}  // namespace

struct Connection::State {
  LDAP* handle = nullptr;
  ldap_conncb on_connect = {.lc_add = limit_waits, .lc_del = forget_socket, .lc_arg = nullptr};
  Options options;
  Clock::time_point run_deadline;
  std::string identity;

  ~State() {
    if (handle != nullptr) ldap_unbind_ext_s(handle, nullptr, nullptr);
  }

  std::string diagnostic() const {
    char* text = nullptr;
    ldap_get_option(handle, LDAP_OPT_DIAGNOSTIC_MESSAGE, &text);
    std::string message = text != nullptr ? visible(text) : std::string();
    if (text != nullptr) ldap_memfree(text);
    return message;
  }

  Error error(int code, const std::string& doing) const;
  Result<timeval> patience() const;
  Status configure();
  Status secure();
  Status bind();
  Status bind_simple();
  bool over_tls() const { return options.start_tls || options.url.starts_with("ldaps://"); }
  Status read_page(int id, const std::function<Status(const Entry&)>& take, SearchOutcome& outcome,
                   std::string& cookie);
  Status hand_over(LDAPMessage* message, const std::function<Status(const Entry&)>& take) const;
  Status finish_page(LDAPMessage* message, SearchOutcome& outcome, std::string& cookie) const;
};

// What went wrong, in the contract's terms and with what can be done about it.
Error Connection::State::error(int code, const std::string& doing) const {
  const std::string detail = diagnostic();
  std::string message = doing + ": " + ldap_err2string(code);
  if (!detail.empty()) message += " (" + detail + ")";
  ErrorCode kind = ErrorCode::Unavailable;
  std::string advice;
  switch (code) {
    case LDAP_INVALID_CREDENTIALS:
    case LDAP_INSUFFICIENT_ACCESS:
    case LDAP_INAPPROPRIATE_AUTH:
      kind = ErrorCode::Refused;
      if (mentions(detail, "80090346")) advice = "the server demands channel binding";
      if (mentions(detail, "data 532") || mentions(detail, "data 773")) advice = "the password has expired";
      if (mentions(detail, "data 775")) advice = "the account is locked out";
      break;
    case LDAP_STRONG_AUTH_REQUIRED:
    case LDAP_CONFIDENTIALITY_REQUIRED:
      kind = ErrorCode::Refused;
      advice = "the server demands signing or sealing";
      break;
    case LDAP_AUTH_METHOD_NOT_SUPPORTED:
    case LDAP_AUTH_UNKNOWN:
    case LDAP_LOCAL_ERROR:
      kind = ErrorCode::Refused;
      if (mentions(detail, "No Kerberos credentials") || mentions(detail, "No credentials")) {
        advice = "no ticket: run kinit, or give --keytab and --principal";
      } else if (mentions(detail, "expired")) {
        advice = "the ticket has expired: run kinit";
      } else if (mentions(detail, "skew")) {
        kind = ErrorCode::TryAgain;
        advice = "the clocks differ too much";
      } else if (mentions(detail, "Server not found") || mentions(detail, "not found in Kerberos database")) {
        advice = "name the server as its service principal name does";
      } else if (mentions(detail, "Cannot contact any KDC") || mentions(detail, "Cannot find KDC")) {
        kind = ErrorCode::Unavailable;
      } else if (mentions(detail, "No worthy mechs") || mentions(detail, "no mechanism available")) {
        kind = ErrorCode::Config;
        advice = "the SASL module for Kerberos is missing: libsasl2-modules-gssapi-mit";
      }
      break;
    case LDAP_OPERATIONS_ERROR:
      if (mentions(detail, "successful bind must be completed")) kind = ErrorCode::Refused;
      break;
    case LDAP_BUSY:
    case LDAP_UNAVAILABLE:
      kind = ErrorCode::TryAgain;
      break;
    case LDAP_SERVER_DOWN:
    case LDAP_CONNECT_ERROR:
      if (over_tls() && port_answers(options.url, std::chrono::seconds(5))) {
        return {ErrorCode::Unavailable,
                doing +
                    ": the server answers but TLS fails: its certificate is not trusted (--ca-file), has "
                    "expired, or names another host" +
                    (detail.empty() || mentions(detail, "unknown error") ? "" : " (" + detail + ")"),
                options.url};
      }
      break;
    default:
      break;
  }
  if (!advice.empty()) message += "; " + advice;
  return {kind, message, options.url};
}

// How long to wait for the next answer: the operation's deadline, or what is left of the run's.
Result<timeval> Connection::State::patience() const {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(run_deadline - Clock::now());
  if (left.count() <= 0) {
    return Error{ErrorCode::Unavailable, "the collection took longer than its deadline", options.url};
  }
  const auto wait = std::min(left, std::chrono::milliseconds(options.operation_deadline));
  timeval time = {};
  time.tv_sec = wait.count() / 1000;
  time.tv_usec = wait.count() % 1000 * 1000;
  return time;
}

Status Connection::State::configure() {
  const int code = ldap_initialize(&handle, options.url.c_str());
  if (code != LDAP_SUCCESS) {
    return Error{ErrorCode::Usage, std::string("no LDAP address: ") + ldap_err2string(code), options.url};
  }
  const Result<timeval> time = patience();
  if (!time) return time.error();
  const int version = LDAP_VERSION3;
  const int strict = LDAP_OPT_X_TLS_HARD;
  const int as_client = 0;
  const int endpoint = LDAP_OPT_X_SASL_CBINDING_TLS_ENDPOINT;
  const std::string authorities = options.ca_file.empty() ? kSystemAuthorities : options.ca_file;
  ldap_set_option(handle, LDAP_OPT_PROTOCOL_VERSION, &version);
  ldap_set_option(handle, LDAP_OPT_CONNECT_CB, &on_connect);
  // Following a referral would send a bind to whatever host the answer names.
  ldap_set_option(handle, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
  ldap_set_option(handle, LDAP_OPT_NETWORK_TIMEOUT, &*time);
  ldap_set_option(handle, LDAP_OPT_TIMEOUT, &*time);
  // The name to authenticate is the one that was typed, not what reverse DNS makes of it.
  ldap_set_option(handle, LDAP_OPT_X_SASL_NOCANON, LDAP_OPT_ON);
  ldap_set_option(handle, LDAP_OPT_X_SASL_SECPROPS, over_tls() ? kNoLayer : kSealed);
  ldap_set_option(handle, LDAP_OPT_X_SASL_CBINDING, &endpoint);
  if (!over_tls()) return {};
  ldap_set_option(handle, LDAP_OPT_X_TLS_REQUIRE_CERT, &strict);
  if (ldap_set_option(handle, LDAP_OPT_X_TLS_CACERTFILE, authorities.c_str()) != LDAP_SUCCESS ||
      ldap_set_option(handle, LDAP_OPT_X_TLS_NEWCTX, &as_client) != LDAP_SUCCESS) {
    return Error{ErrorCode::Config, "cannot use these certificate authorities", authorities};
  }
  return {};
}

Status Connection::State::secure() {
  if (!options.start_tls) return {};
  const int code = ldap_start_tls_s(handle, nullptr, nullptr);
  if (code != LDAP_SUCCESS) return error(code, "TLS could not be started, or the certificate is not good");
  return {};
}

Status Connection::State::bind_simple() {
  Result<Password> password = Password::read(options.password_file);
  if (!password) return std::move(password).error();
  berval secret = {password->text().size(), password->text().data()};
  const int code = ldap_sasl_bind_s(handle, options.bind_name.c_str(), LDAP_SASL_SIMPLE, &secret, nullptr,
                                    nullptr, nullptr);
  if (code != LDAP_SUCCESS) return error(code, "cannot log on as " + visible(options.bind_name));
  identity = options.bind_name;
  return {};
}

Status Connection::State::bind() {
  if (options.bind == BindMethod::Simple) return bind_simple();
  const char* const mechanism = options.bind == BindMethod::Gssapi ? "GSSAPI" : "GSS-SPNEGO";
  const int code = ldap_sasl_interactive_bind_s(handle, nullptr, mechanism, nullptr, nullptr, LDAP_SASL_QUIET,
                                                answer_sasl, nullptr);
  if (code != LDAP_SUCCESS) return error(code, std::string("cannot log on by ") + mechanism);
  char* user = nullptr;
  if (ldap_get_option(handle, LDAP_OPT_X_SASL_USERNAME, &user) == LDAP_SUCCESS && user != nullptr) {
    identity = user;
    ldap_memfree(user);
  }
  return {};
}

Connection::Connection(std::unique_ptr<State> state) : state_(std::move(state)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

const std::string& Connection::identity() const { return state_->identity; }

Result<Connection> Connection::open(const Options& options, Clock::time_point run_deadline) {
  auto state = std::make_unique<State>();
  state->options = options;
  state->run_deadline = run_deadline;
  if (Status status = state->configure(); !status) return std::move(status).error();
  if (Status status = state->secure(); !status) return std::move(status).error();
  if (Status status = state->bind(); !status) return std::move(status).error();
  return Connection(std::move(state));
}

Status Connection::State::hand_over(LDAPMessage* message,
                                    const std::function<Status(const Entry&)>& take) const {
  BerElement* ber = nullptr;
  berval dn = {};
  if (ldap_get_dn_ber(handle, message, &ber, &dn) != LDAP_SUCCESS) {
    return Error{ErrorCode::BadData, "the server sent an entry that cannot be read", options.url};
  }
  Entry entry;
  entry.dn = {dn.bv_val, dn.bv_len};
  std::vector<BerVarray> owned;
  while (true) {
    berval name = {};
    BerVarray values = nullptr;
    if (ldap_get_attribute_ber(handle, message, ber, &name, &values) != LDAP_SUCCESS ||
        name.bv_val == nullptr) {
      break;
    }
    Entry::Attribute attribute{{name.bv_val, name.bv_len}, {}};
    for (BerVarray value = values; value != nullptr && value->bv_val != nullptr; ++value) {
      attribute.values.push_back({reinterpret_cast<const std::uint8_t*>(value->bv_val), value->bv_len});
    }
    entry.attributes.push_back(std::move(attribute));
    owned.push_back(values);
  }
  Status status = take(entry);
  for (BerVarray values : owned) ber_memfree(values);
  if (ber != nullptr) ber_free(ber, 0);
  return status;
}

Status Connection::State::finish_page(LDAPMessage* message, SearchOutcome& outcome,
                                      std::string& cookie) const {
  int code = LDAP_SUCCESS;
  char* text = nullptr;
  LDAPControl** controls = nullptr;
  const int parsed = ldap_parse_result(handle, message, &code, nullptr, &text, nullptr, &controls, 0);
  if (text != nullptr) ldap_memfree(text);
  if (parsed != LDAP_SUCCESS) return error(parsed, "the server's answer cannot be read");
  cookie.clear();
  if (LDAPControl* const page = ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, controls, nullptr)) {
    ber_int_t estimate = 0;
    berval value = {};
    if (ldap_parse_pageresponse_control(handle, page, &estimate, &value) == LDAP_SUCCESS) {
      cookie.assign(value.bv_val, value.bv_len);
      ber_memfree(value.bv_val);
    }
  }
  if (controls != nullptr) ldap_controls_free(controls);
  switch (code) {
    case LDAP_SUCCESS:
      return {};
    case LDAP_SIZELIMIT_EXCEEDED:
    case LDAP_TIMELIMIT_EXCEEDED:
    case LDAP_ADMINLIMIT_EXCEEDED:
      outcome.limited = ldap_err2string(code);
      return {};
    default:
      return error(code, "the search failed");
  }
}

Status Connection::State::read_page(int id, const std::function<Status(const Entry&)>& take,
                                    SearchOutcome& outcome, std::string& cookie) {
  while (true) {
    Result<timeval> time = patience();
    if (!time) {
      ldap_abandon_ext(handle, id, nullptr, nullptr);
      return std::move(time).error();
    }
    LDAPMessage* raw = nullptr;
    const int type = ldap_result(handle, id, LDAP_MSG_RECEIVED, &*time, &raw);
    const Message messages(raw);
    if (type == 0) {
      ldap_abandon_ext(handle, id, nullptr, nullptr);
      return Error{ErrorCode::Unavailable, "the server did not answer in time", options.url};
    }
    if (type < 0) {
      int code = LDAP_SERVER_DOWN;
      ldap_get_option(handle, LDAP_OPT_RESULT_CODE, &code);
      return error(code, "the connection broke off");
    }
    for (LDAPMessage* message = ldap_first_message(handle, raw); message != nullptr;
         message = ldap_next_message(handle, message)) {
      switch (ldap_msgtype(message)) {
        case LDAP_RES_SEARCH_ENTRY:
          ++outcome.entries;
          if (Status status = hand_over(message, take); !status) {
            ldap_abandon_ext(handle, id, nullptr, nullptr);
            return status;
          }
          break;
        case LDAP_RES_SEARCH_REFERENCE:
          ++outcome.references;
          break;
        case LDAP_RES_SEARCH_RESULT:
          return finish_page(message, outcome, cookie);
        default:
          break;
      }
    }
  }
}

Result<SearchOutcome> Connection::search(const SearchRequest& request,
                                         const std::function<Status(const Entry&)>& take) {
  std::vector<char*> names;
  for (const std::string& name : request.attributes) names.push_back(const_cast<char*>(name.c_str()));
  names.push_back(nullptr);

  // SEQUENCE { INTEGER 7 }: owner, group and DACL.
  char flags[] = {0x30, 0x03, 0x02, 0x01, 0x07};
  LDAPControl descriptors = {};
  descriptors.ldctl_oid = const_cast<char*>(kSdFlagsControl);
  descriptors.ldctl_value = {sizeof flags, flags};
  descriptors.ldctl_iscritical = 1;

  SearchOutcome outcome;
  std::string cookie;
  int pages_without_entries = 0;
  do {
    LDAPControl* page = nullptr;
    std::vector<LDAPControl*> controls;
    if (request.descriptors) controls.push_back(&descriptors);
    if (request.paged) {
      berval place = {cookie.size(), cookie.data()};
      ldap_create_page_control(state_->handle, kPageSize, &place, 1, &page);
      controls.push_back(page);
    }
    controls.push_back(nullptr);
    int id = 0;
    const int code = ldap_search_ext(state_->handle, request.base.c_str(), static_cast<int>(request.scope),
                                     request.filter.c_str(), names.data(), 0, controls.data(), nullptr,
                                     nullptr, LDAP_NO_LIMIT, &id);
    if (page != nullptr) ldap_control_free(page);
    if (code != LDAP_SUCCESS) return state_->error(code, "cannot search");
    const std::uint64_t before = outcome.entries;
    if (Status status = state_->read_page(id, take, outcome, cookie); !status)
      return std::move(status).error();
    // A server that hands out empty pages for ever would keep us here for ever.
    constexpr int kPatience = 100;
    pages_without_entries = outcome.entries == before ? pages_without_entries + 1 : 0;
    if (pages_without_entries > kPatience) {
      return Error{ErrorCode::Unavailable, "the server keeps sending empty pages", state_->options.url};
    }
  } while (!cookie.empty() && outcome.limited.empty());
  return outcome;
}

}  // namespace tierline::collectors::ldap
