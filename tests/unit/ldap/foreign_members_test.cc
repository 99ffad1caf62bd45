#include "collectors/ldap/foreign_members.h"

#include <doctest/doctest.h>

#include "core/directory/guid.h"
#include "core/directory/sid.h"

namespace tierline::collectors::ldap {
namespace {

TEST_CASE("which members live in another domain of the forest") {
  const ForeignMembers members(
      {.domain = "DC=corp,DC=test", .configuration = "CN=Configuration,DC=corp,DC=test"});
  for (const char* own :
       {"CN=a,DC=corp,DC=test", "CN=a,OU=x,DC=corp,DC=test", "CN=a\\,DC=b,DC=corp,DC=test",
        "cn=a,dc=CORP,dc=Test", "CN=S-1-5-21-1-2-3-4,CN=ForeignSecurityPrincipals,DC=corp,DC=test"}) {
    CAPTURE(own);
    CHECK(!members.is_foreign(own));
  }
  for (const char* other : {"CN=a,DC=child,DC=corp,DC=test", "CN=a,OU=x,DC=child,DC=corp,DC=test",
                            "CN=a,DC=other,DC=example", "CN=a,DC=test", "CN=a,DC=xcorp,DC=test"}) {
    CAPTURE(other);
    CHECK(members.is_foreign(other));
  }
}

TEST_CASE("seen from a child domain, the root is another domain but its configuration is everyone's") {
  const ForeignMembers members(
      {.domain = "DC=child,DC=corp,DC=test", .configuration = "CN=Configuration,DC=corp,DC=test"});
  CHECK(members.is_foreign("CN=a,CN=Users,DC=corp,DC=test"));
  CHECK(!members.is_foreign("CN=a,CN=Users,DC=child,DC=corp,DC=test"));
  CHECK(!members.is_foreign("CN=a,CN=Services,CN=Configuration,DC=corp,DC=test"));
}

TEST_CASE("an extended DN is taken apart") {
  const ExtendedDn whole = parse_extended_dn(
      "<GUID=00299570-246d-11d0-a768-00aa006e0529>;<SID=S-1-5-21-1-2-3-1104>;CN=a\\;b,DC=corp,DC=test");
  CHECK(whole.guid == as_text(directory::Guid::parse("00299570-246d-11d0-a768-00aa006e0529")->bytes));
  CHECK(whole.sid == directory::Sid::parse("S-1-5-21-1-2-3-1104")->to_bytes());
  CHECK(whole.dn == "CN=a\\;b,DC=corp,DC=test");
  const ExtendedDn contact =
      parse_extended_dn("<GUID=00299570-246d-11d0-a768-00aa006e0529>;CN=c,DC=corp,DC=test");
  CHECK(contact.sid.empty());
  CHECK(contact.dn == "CN=c,DC=corp,DC=test");
  CHECK(parse_extended_dn("CN=plain").dn == "CN=plain");
  CHECK(parse_extended_dn("<GUID=broken").guid.empty());
  CHECK(parse_extended_dn("").dn.empty());
}

}  // namespace
}  // namespace tierline::collectors::ldap
