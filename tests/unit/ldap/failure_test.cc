#include "collectors/ldap/failure.h"

#include <doctest/doctest.h>
#include <ldap.h>

namespace tierline::collectors::ldap {
namespace {

TEST_CASE("a failure is told in the contract's terms, with what can be done about it") {
  struct Row {
    int code;
    const char* detail;
    ErrorCode expected;
    const char* says;
  };
  // Messages of Windows, of MIT Kerberos and of Cyrus SASL, as they arrive.
  const Row rows[] = {
      {LDAP_INVALID_CREDENTIALS,
       "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 52e, v1db1",
       ErrorCode::Refused, "name or the password is wrong"},
      {LDAP_INVALID_CREDENTIALS,
       "80090346: LdapErr: DSID-0C090597, comment: AcceptSecurityContext error, data 80090346, v4563",
       ErrorCode::Refused, "channel binding"},
      {LDAP_INVALID_CREDENTIALS, "data 773, v1db1", ErrorCode::Refused, "must be changed"},
      {LDAP_STRONG_AUTH_REQUIRED, "BindSimple: Transport encryption required.", ErrorCode::Refused,
       "signing or sealing"},
      {LDAP_LOCAL_ERROR,
       "SASL(-1): generic failure: GSSAPI Error: No credentials were supplied (No Kerberos credentials "
       "available)",
       ErrorCode::Refused, "kinit"},
      {LDAP_LOCAL_ERROR, "SASL(-1): generic failure: GSSAPI Error: (Ticket expired)", ErrorCode::Refused,
       "expired"},
      {LDAP_LOCAL_ERROR, "SASL(-1): generic failure: GSSAPI Error: (Clock skew too great)",
       ErrorCode::TryAgain, "clock"},
      {LDAP_LOCAL_ERROR, "GSSAPI Error: (Cannot contact any KDC for realm 'CORP.TEST')",
       ErrorCode::Unavailable, "KDC"},
      {LDAP_LOCAL_ERROR, "(Server ldap/10.0.0.1@CORP.TEST not found in Kerberos database)",
       ErrorCode::Refused, "service principal name"},
      {LDAP_AUTH_UNKNOWN, "SASL(-4): no mechanism available: No worthy mechs found", ErrorCode::Config,
       "libsasl2"},
      {LDAP_OPERATIONS_ERROR,
       "000004DC: LdapErr: DSID-0C0907E9, comment: In order to perform this operation a successful bind must "
       "be completed",
       ErrorCode::Refused, "successful bind"},
      {LDAP_BUSY, "", ErrorCode::TryAgain, "busy"},
      {LDAP_UNAVAILABLE, "", ErrorCode::TryAgain, "unavailable"},
      {LDAP_SERVER_DOWN, "", ErrorCode::Unavailable, "Can't contact"},
      {LDAP_OTHER, "", ErrorCode::Unavailable, ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.detail);
    const Error error = failure(row.code, row.detail, "cannot log on", "ldap://dc1:389");
    CHECK(error.code == row.expected);
    CHECK(error.where == "ldap://dc1:389");
    CHECK(error.message.starts_with("cannot log on: "));
    CHECK(error.message.find(row.says) != std::string::npos);
  }
}

TEST_CASE("what the server says cannot drive the terminal") {
  const Error error = failure(LDAP_OTHER, "\x1b[2J\n", "x", "");
  CHECK(error.message.find('\x1b') == std::string::npos);
  CHECK(error.message.find('\n') == std::string::npos);
}

}  // namespace
}  // namespace tierline::collectors::ldap
