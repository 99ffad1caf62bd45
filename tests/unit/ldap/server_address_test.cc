#include "collectors/ldap/server_address.h"

#include <doctest/doctest.h>

namespace tierline::collectors::ldap {
namespace {

TEST_CASE("an address is one host and one port") {
  const Result<ServerAddress> plain = parse_address("ldap://dc1.corp.test");
  REQUIRE(plain.ok());
  CHECK(!plain->tls);
  CHECK(plain->host == "dc1.corp.test");
  CHECK(plain->url() == "ldap://dc1.corp.test:389");
  CHECK(parse_address("LDAPS://dc1.corp.test/")->url() == "ldaps://dc1.corp.test:636");
  CHECK(parse_address("ldap://127.0.0.1:10389")->url() == "ldap://127.0.0.1:10389");
  CHECK(parse_address("ldaps://[::1]")->url() == "ldaps://[::1]:636");
}

TEST_CASE("anything else is refused as usage") {
  for (const char* wrong :
       {"", "dc1.corp.test", "http://dc1", "ldap://", "ldap:///", "ldapi://%2ftmp%2fsocket",
        "ldap://dc1:port", "ldaps://dc1 ldap://dc2", "ldaps://dc1,ldap://dc2", "ldap://dc1/DC=corp",
        "ldap://dc1/?member", "ldap://dc1/?member?sub?(cn=*)", "ldap://dc1:3268", "ldaps://dc1:3269",
        "ldap://dc1\n"}) {
    CAPTURE(wrong);
    const Result<ServerAddress> address = parse_address(wrong);
    REQUIRE(!address.ok());
    CHECK(address.error().code == ErrorCode::Usage);
  }
}

}  // namespace
}  // namespace tierline::collectors::ldap
