#include "collectors/ldap/credentials.h"

#include <fcntl.h>
#include <krb5.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace tierline::collectors::ldap {
namespace {

constexpr const char* kCacheName = "MEMORY:tierline";

/// A Kerberos context and what was made in it, released in the right order.
class Kerberos {
 public:
  Kerberos() : failed_(krb5_init_context(&context_)) {}
  Kerberos(const Kerberos&) = delete;
  Kerberos& operator=(const Kerberos&) = delete;
  ~Kerberos() {
    if (context_ == nullptr) return;
    krb5_free_cred_contents(context_, &credentials_);
    if (keytab_ != nullptr) krb5_kt_close(context_, keytab_);
    if (cache_ != nullptr) krb5_cc_close(context_, cache_);
    if (principal_ != nullptr) krb5_free_principal(context_, principal_);
    krb5_free_context(context_);
  }

  krb5_error_code fetch(const std::string& keytab, const std::string& principal) {
    if (failed_ != 0) return failed_;
    const std::string keytab_name = "FILE:" + keytab;
    krb5_error_code code = krb5_parse_name(context_, principal.c_str(), &principal_);
    if (code == 0) code = krb5_kt_resolve(context_, keytab_name.c_str(), &keytab_);
    if (code == 0) {
      code = krb5_get_init_creds_keytab(context_, &credentials_, principal_, keytab_, 0, nullptr, nullptr);
    }
    if (code == 0) code = krb5_cc_resolve(context_, kCacheName, &cache_);
    if (code == 0) code = krb5_cc_initialize(context_, cache_, principal_);
    // GSSAPI opens the cache by its name later; a cache in memory outlives the handles to it.
    if (code == 0) code = krb5_cc_store_cred(context_, cache_, &credentials_);
    return code;
  }

  std::string message(krb5_error_code code) const {
    if (context_ == nullptr) return "Kerberos cannot be initialised";
    const char* const text = krb5_get_error_message(context_, code);
    std::string message(text);
    krb5_free_error_message(context_, text);
    return message;
  }

 private:
  krb5_context context_ = nullptr;
  krb5_principal principal_ = nullptr;
  krb5_keytab keytab_ = nullptr;
  krb5_ccache cache_ = nullptr;
  krb5_creds credentials_ = {};
  krb5_error_code failed_;
};

}  // namespace

Result<Password> Password::read(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Error{ErrorCode::NoInput, std::string("cannot open: ") + std::strerror(errno), path};
  struct stat info = {};
  constexpr mode_t kOthers = S_IRWXG | S_IRWXO;
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || (info.st_mode & kOthers) != 0) {
    ::close(fd);
    return Error{ErrorCode::Config, "a password file must be a file that only its owner can read (chmod 600)",
                 path};
  }
  Password password;
  constexpr std::size_t kLongest = 4096;
  password.text_.resize(kLongest);
  const ssize_t size = ::read(fd, password.text_.data(), kLongest);
  ::close(fd);
  if (size < 0) return Error{ErrorCode::Io, "cannot read", path};
  password.text_.resize(static_cast<std::size_t>(size));
  const std::size_t end = password.text_.find_first_of("\r\n");
  if (end != std::string::npos) password.text_.resize(end);
  if (password.text_.empty()) return Error{ErrorCode::Config, "the password file is empty", path};
  return password;
}

Password::~Password() { ::explicit_bzero(text_.data(), text_.capacity()); }

Status check_keytab(const std::string& keytab) {
  if (::access(keytab.c_str(), R_OK) == 0) return {};
  return Error{ErrorCode::NoInput, std::string("cannot read the keytab: ") + std::strerror(errno), keytab};
}

Status use_keytab(const std::string& keytab, const std::string& principal) {
  if (Status status = check_keytab(keytab); !status) return status;
  Kerberos kerberos;
  const krb5_error_code code = kerberos.fetch(keytab, principal);
  if (code != 0) {
    ErrorCode kind = ErrorCode::Refused;
    if (code == KRB5KRB_AP_ERR_SKEW || code == KRB5_KDCREP_SKEW) kind = ErrorCode::TryAgain;
    if (code == KRB5_KDC_UNREACH || code == KRB5_REALM_UNKNOWN) kind = ErrorCode::Unavailable;
    return Error{kind, "no ticket for " + principal + ": " + kerberos.message(code), keytab};
  }
  ::setenv("KRB5CCNAME", kCacheName, 1);
  return {};
}

}  // namespace tierline::collectors::ldap
