#include "collectors/ldap/failure.h"

#include <ldap.h>

#include "core/base/text.h"

namespace tierline::collectors::ldap {
namespace {

struct Row {
  std::string_view detail;  ///< what the diagnostic message holds
  ErrorCode code;
  std::string_view advice;
};

// clang-format off
// Why a logon was refused: Win32 error numbers in the server's message, GSSAPI's and SASL's words in the library's.
// The first match counts.
constexpr Row kLogonRows[] = {
    {"80090346", ErrorCode::Refused, "the server demands channel binding"},
    {"data 525", ErrorCode::Refused, "no account has this name"},
    {"data 52e", ErrorCode::Refused, "the name or the password is wrong"},
    {"data 530", ErrorCode::Refused, "the account may not log on at this hour"},
    {"data 531", ErrorCode::Refused, "the account may not log on from this host"},
    {"data 532", ErrorCode::Refused, "the password has expired"},
    {"data 533", ErrorCode::Refused, "the account is disabled"},
    {"data 701", ErrorCode::Refused, "the account has expired"},
    {"data 773", ErrorCode::Refused, "the password must be changed first"},
    {"data 775", ErrorCode::Refused, "the account is locked out"},
    {"No Kerberos credentials", ErrorCode::Refused, "no ticket: run kinit, or give --keytab and --principal"},
    {"No credentials", ErrorCode::Refused, "no ticket: run kinit, or give --keytab and --principal"},
    {"expired", ErrorCode::Refused, "the ticket has expired: run kinit, or give --keytab and --principal"},
    {"skew", ErrorCode::TryAgain, "set this machine's clock by the domain controller's"},
    {"not found in Kerberos database", ErrorCode::Refused, "name the server as its service principal name does"},
    {"Cannot contact any KDC", ErrorCode::Unavailable, ""},
    {"Cannot find KDC", ErrorCode::Unavailable, "name the realm's key distribution centre in krb5.conf"},
    {"encryption type", ErrorCode::Refused, "client and domain controller share no kind of Kerberos key"},
    {"No worthy mechs", ErrorCode::Config, "install libsasl2-modules-gssapi-mit"},
    {"no mechanism available", ErrorCode::Config, "install libsasl2-modules-gssapi-mit"},
};
// clang-format on

ErrorCode kind_of(int code) {
  switch (code) {
    case LDAP_INVALID_CREDENTIALS:
    case LDAP_INSUFFICIENT_ACCESS:
    case LDAP_INAPPROPRIATE_AUTH:
    case LDAP_STRONG_AUTH_REQUIRED:
    case LDAP_CONFIDENTIALITY_REQUIRED:
    case LDAP_AUTH_METHOD_NOT_SUPPORTED:
    case LDAP_UNWILLING_TO_PERFORM:
    case LDAP_AUTH_UNKNOWN:
    case LDAP_LOCAL_ERROR:  // SASL and GSSAPI fail with this
      return ErrorCode::Refused;
    case LDAP_BUSY:
    case LDAP_UNAVAILABLE:
      return ErrorCode::TryAgain;
    default:
      return ErrorCode::Unavailable;
  }
}

}  // namespace

Error failure(int code, std::string_view detail, std::string_view doing, const std::string& where) {
  std::string message = std::string(doing) + ": " + ldap_err2string(code);
  if (!detail.empty()) message += " (" + visible(detail) + ")";
  Error error{kind_of(code), std::move(message), where};
  if (error.code != ErrorCode::Refused) {
    // [MS-ADTS] 5.1.1: what an anonymous connection is told.
    if (detail.find("successful bind must be completed") != std::string_view::npos)
      error.code = ErrorCode::Refused;
    return error;
  }
  if (code == LDAP_STRONG_AUTH_REQUIRED || code == LDAP_CONFIDENTIALITY_REQUIRED) {
    error.message += "; the server demands signing or sealing";
    return error;
  }
  for (const Row& row : kLogonRows) {
    if (detail.find(row.detail) == std::string_view::npos) continue;
    error.code = row.code;
    if (!row.advice.empty()) error.message += "; " + std::string(row.advice);
    break;
  }
  return error;
}

}  // namespace tierline::collectors::ldap
