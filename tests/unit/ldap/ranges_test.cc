#include "collectors/ldap/ranges.h"

#include <doctest/doctest.h>

namespace tierline::collectors::ldap {
namespace {

RangedName parsed(std::string_view attribute) {
  const Result<RangedName> range = parse_ranged_name(attribute);
  REQUIRE(range.ok());
  return *range;
}

TEST_CASE("a name without a range is all there is") {
  const RangedName plain = parsed("member");
  CHECK(plain.name == "member");
  CHECK(!plain.is_ranged);
  CHECK(plain.is_last);
  CHECK(parsed("userCertificate;binary").name == "userCertificate");
  CHECK(parsed("userCertificate;binary").is_last);
}

TEST_CASE("a range says where it begins and whether more follow") {
  const RangedName first = parsed("member;range=0-1499");
  CHECK(first.name == "member");
  CHECK(first.is_ranged);
  CHECK(!first.is_last);
  CHECK(first.begin == 0);
  CHECK(first.end == 1499);
  const RangedName last = parsed("member;Range=1500-*");
  CHECK(last.begin == 1500);
  CHECK(last.is_last);
  CHECK(parsed("member;binary;range=3-5").end == 5);
  CHECK(parsed("member;range=7-7").end == 7);
}

TEST_CASE("a range that is none is an error") {
  for (const char* wrong :
       {"member;range=", "member;range=0", "member;range=-5", "member;range=5-4", "member;range=a-b",
        "member;range=0-1499x", "member;range=0--", "member;range=99999999999999999999-*"}) {
    CAPTURE(wrong);
    CHECK(!parse_ranged_name(wrong).ok());
  }
}

}  // namespace
}  // namespace tierline::collectors::ldap
