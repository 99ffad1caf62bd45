#include "core/directory/sddl.h"

#include <doctest/doctest.h>

#include <random>

namespace tierline::directory {
namespace {

const std::optional<Sid> kDomain = Sid::parse("S-1-5-21-1-2-3");

std::string round_trip(std::string_view text) {
  const Result<std::string> bytes = parse_sddl(text, kDomain);
  if (!bytes) return bytes.error().describe();
  const auto parsed = SecurityDescriptor::parse(as_bytes(*bytes));
  return parsed ? to_sddl(*parsed) : parsed.error().describe();
}

TEST_CASE("descriptors are read and written back with SIDs spelt out") {
  CHECK(round_trip("O:DAG:SYD:PAI(A;CI;GA;;;BA)") ==
        "O:S-1-5-21-1-2-3-512G:S-1-5-18D:PAI(A;CI;GA;;;S-1-5-32-544)");
  CHECK(round_trip("O:S-1-5-18D:(D;;0x100;;;WD)") == "O:S-1-5-18D:(D;;CR;;;S-1-1-0)");
  CHECK(round_trip("D:NO_ACCESS_CONTROL") == "D:NO_ACCESS_CONTROL");
  CHECK(round_trip("D:") == "D:");
  CHECK(round_trip("D:(OA;CIIOID;RPWP;4c164200-20c0-11d0-a768-00aa006e0529;bf967aba-0de6-11d0-a285-"
                   "00aa003049e2;PS)") ==
        "D:(OA;CIIOID;RPWP;4c164200-20c0-11d0-a768-00aa006e0529;bf967aba-0de6-11d0-a285-00aa003049e2;S-1-5-"
        "10)");
  CHECK(round_trip("D:(OD;;CR;00299570-246d-11d0-a768-00aa006e0529;;DU)") ==
        "D:(OD;;CR;00299570-246d-11d0-a768-00aa006e0529;;S-1-5-21-1-2-3-513)");
  CHECK(round_trip("S:(AU;SAFA;WDWO;;;WD)") == "S:(AU;SAFA;WDWO;;;S-1-1-0)");
  CHECK(round_trip("D:(A;;0x1200a9;;;BU)") == "D:(A;;0x1200a9;;;S-1-5-32-545)");
}

TEST_CASE("what does not fit is refused at its place") {
  const auto offset_of = [](std::string_view text) {
    const Result<std::string> bytes = parse_sddl(text, kDomain);
    REQUIRE_FALSE(bytes.ok());
    return bytes.error().offset.value();
  };
  CHECK(offset_of("X:") == 0);
  CHECK(offset_of("O:ZZ") == 2);
  CHECK(offset_of("D:(Q;;GA;;;WD)") == 3);
  CHECK(offset_of("D:(A;XX;GA;;;WD)") == 5);
  CHECK(offset_of("D:(A;;QQ;;;WD)") == 6);
  CHECK(offset_of("D:(OA;;CR;no-guid;;WD)") == 10);
  CHECK(offset_of("D:(A;;GA;;;WD") == 13);
  CHECK(offset_of("D:(A;;GA;;)") == 10);
  CHECK_FALSE(parse_sddl("O:DA", std::nullopt).ok());
}

TEST_CASE("damaged descriptors are refused or read, never read over") {
  const std::string bytes = *parse_sddl(
      "O:DAG:DAD:PAI(A;CI;GA;;;BA)(OA;CIIO;RPWP;4c164200-20c0-11d0-a768-00aa006e0529;bf967aba-0de6-11d0-a285-"
      "00aa003049e2;PS)"
      "(D;;WD;;;WD)S:(AU;SA;WD;;;WD)",
      kDomain);
  REQUIRE(SecurityDescriptor::parse(as_bytes(bytes)).ok());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    // A copy of just that size, so that a sanitizer sees the first byte too many.
    const std::string cut(bytes.data(), size);
    CHECK_FALSE(SecurityDescriptor::parse(as_bytes(cut)).ok());
  }
  std::mt19937 random(3);
  for (int round = 0; round < 20000; ++round) {
    std::string damaged = bytes;
    for (int flips = 0; flips < 1 + round % 3; ++flips) {
      damaged[random() % damaged.size()] ^= static_cast<char>(1 << random() % 8);
    }
    const auto parsed = SecurityDescriptor::parse(as_bytes(damaged));
    if (parsed) {
      CHECK_FALSE(to_sddl(*parsed).empty());
    } else {
      CHECK(parsed.error().offset.has_value());
    }
  }
}

}  // namespace
}  // namespace tierline::directory
