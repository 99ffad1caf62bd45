#include "collectors/ldap/connection.h"

#include <sasl/sasl.h>

#include <algorithm>
#include <cstring>

#include "collectors/ldap/connection_state.h"
#include "collectors/ldap/credentials.h"
#include "collectors/ldap/failure.h"
#include "core/base/text.h"

namespace tierline::collectors::ldap {
namespace {

constexpr const char* kSystemAuthorities = "/etc/ssl/certs/ca-certificates.crt";
// The weakest sealing that SASL counts as encryption: NTLM gives 64, Kerberos 256.
constexpr const char* kSealed = "minssf=56";
// Inside TLS the server refuses a second layer.
constexpr const char* kNoLayer = "minssf=0,maxssf=0";

// libldap asks for each SASL value in turn; Kerberos needs none beyond its defaults.
int answer_sasl(LDAP*, unsigned, void*, void* asked) {
  for (auto* item = static_cast<sasl_interact_t*>(asked); item->id != SASL_CB_LIST_END; ++item) {
    const char* const value = item->defresult != nullptr ? item->defresult : "";
    item->result = value;
    item->len = static_cast<unsigned>(std::strlen(value));
  }
  return LDAP_SUCCESS;
}

}  // namespace

Connection::State::State(const Options& how, ServerAddress server, Clock::time_point deadline)
    : options(how), address(std::move(server)), run_deadline(deadline) {}

Connection::State::~State() {
  if (handle != nullptr) ldap_unbind_ext_s(handle, nullptr, nullptr);
}

Error Connection::State::timed_out() const {
  if (Clock::now() >= run_deadline) {
    return {ErrorCode::Unavailable, "the collection took longer than its deadline", address.url()};
  }
  return {ErrorCode::Unavailable, "the server did not answer in time", address.url()};
}

Error Connection::State::error(int code, std::string_view doing) const {
  const bool is_lost = code == LDAP_SERVER_DOWN || code == LDAP_CONNECT_ERROR;
  // The library's own clock may be a moment ahead of ours.
  if (code == LDAP_TIMEOUT || (is_lost && limits.has_passed())) return timed_out();
  char* text = nullptr;
  ldap_get_option(handle, LDAP_OPT_DIAGNOSTIC_MESSAGE, &text);
  const std::string detail = text != nullptr ? text : "";
  if (text != nullptr) ldap_memfree(text);
  return failure(code, detail == "(unknown error code)" ? "" : detail, doing, address.url());
}

Result<timeval> Connection::State::begin_operation() {
  const Clock::time_point now = Clock::now();
  if (now >= run_deadline) return timed_out();
  const Clock::time_point end = std::min(run_deadline, now + options.operation_deadline);
  limits.set_deadline(end);
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(end - now).count();
  timeval time = {};
  time.tv_sec = wait / 1000;
  time.tv_usec = wait % 1000 * 1000;
  return time;
}

Status Connection::State::configure() {
  const int code = ldap_initialize(&handle, address.url().c_str());
  if (code != LDAP_SUCCESS) return Error{ErrorCode::Usage, ldap_err2string(code), address.url()};
  const Result<timeval> time = begin_operation();
  if (!time) return time.error();
  limits.apply_to(handle);
  const int version = LDAP_VERSION3;
  const int strict = LDAP_OPT_X_TLS_HARD;
  const int as_client = 0;
  const int endpoint = LDAP_OPT_X_SASL_CBINDING_TLS_ENDPOINT;
  ldap_set_option(handle, LDAP_OPT_PROTOCOL_VERSION, &version);
  // Following a referral would send a bind to whatever host the answer names.
  ldap_set_option(handle, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
  ldap_set_option(handle, LDAP_OPT_NETWORK_TIMEOUT, &*time);
  ldap_set_option(handle, LDAP_OPT_TIMEOUT, &*time);
  // The name to authenticate is the one that was typed, not what reverse DNS makes of it.
  ldap_set_option(handle, LDAP_OPT_X_SASL_NOCANON, LDAP_OPT_ON);
  ldap_set_option(handle, LDAP_OPT_X_SASL_SECPROPS, is_over_tls() ? kNoLayer : kSealed);
  ldap_set_option(handle, LDAP_OPT_X_SASL_CBINDING, &endpoint);
  if (!is_over_tls()) return {};
  const std::string authorities = options.ca_file.empty() ? kSystemAuthorities : options.ca_file;
  ldap_set_option(handle, LDAP_OPT_X_TLS_REQUIRE_CERT, &strict);
  if (ldap_set_option(handle, LDAP_OPT_X_TLS_CACERTFILE, authorities.c_str()) != LDAP_SUCCESS ||
      ldap_set_option(handle, LDAP_OPT_X_TLS_NEWCTX, &as_client) != LDAP_SUCCESS) {
    return Error{ErrorCode::Config, "cannot use these certificate authorities", authorities};
  }
  return {};
}

// Opens the connection and, if asked for, TLS on it. The first thing that fails here or in bind() may be the
// certificate, which libldap does not tell from a dead host.
Status Connection::State::secure() {
  const int code = options.start_tls ? ldap_start_tls_s(handle, nullptr, nullptr) : ldap_connect(handle);
  if (code == LDAP_SUCCESS) return {};
  const bool is_lost = code == LDAP_SERVER_DOWN || code == LDAP_CONNECT_ERROR;
  if (!is_lost || limits.has_passed() || !is_over_tls() || !answers(address, options.operation_deadline)) {
    return error(code, options.start_tls ? "cannot start TLS" : "cannot connect");
  }
  return error(code,
               "the server answers but TLS fails: its certificate is not trusted (--ca-file), has expired, "
               "or names another host");
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

Status Connection::State::bind_sasl() {
  if (!options.keytab.empty()) {
    // Anew for each connection: the tickets of the last one may have expired in a long collection.
    if (Status status = use_keytab(options.keytab, options.principal); !status) return status;
  }
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

Status Connection::State::bind() {
  if (Result<timeval> time = begin_operation(); !time) return std::move(time).error();
  return options.bind == BindMethod::Simple ? bind_simple() : bind_sasl();
}

Connection::Connection(std::unique_ptr<State> state) : state_(std::move(state)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

const std::string& Connection::identity() const { return state_->identity; }

Result<Connection> Connection::open(const Options& options, Clock::time_point run_deadline) {
  Result<ServerAddress> address = parse_address(options.url);
  if (!address) return std::move(address).error();
  auto state = std::make_unique<State>(options, std::move(*address), run_deadline);
  if (Status status = state->configure(); !status) return std::move(status).error();
  if (Status status = state->secure(); !status) return std::move(status).error();
  if (Status status = state->bind(); !status) return std::move(status).error();
  return Connection(std::move(state));
}

}  // namespace tierline::collectors::ldap
