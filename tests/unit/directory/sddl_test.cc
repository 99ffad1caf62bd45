#include "core/directory/sddl.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <random>

namespace tierline::directory {
namespace {

const SddlContext kDomain = {Sid::parse("S-1-5-21-1-2-3"), Sid::parse("S-1-5-21-7-8-9")};

std::string round_trip(std::string_view text, const SddlContext& context = {}) {
  const Result<std::string> bytes = parse_sddl(text, kDomain);
  if (!bytes) return bytes.error().describe();
  const auto parsed = SecurityDescriptor::parse(as_bytes(*bytes));
  return parsed ? to_sddl(*parsed, context) : parsed.error().describe();
}

// The seventh field of the only entry, as bytes and as text again.
struct Field {
  std::string bytes;
  std::string text;
};

Field field_of(std::string_view entry) {
  const Result<std::string> bytes = parse_sddl("D:" + std::string(entry), kDomain);
  if (!bytes) return {{}, bytes.error().describe()};
  const auto parsed = SecurityDescriptor::parse(as_bytes(*bytes));
  REQUIRE(parsed.ok());
  const Ace& ace = parsed->dacl->aces.at(0);
  return {std::string(as_text(ace.condition)), condition_text(ace, kDomain)};
}

std::string condition(std::string_view text) {
  return field_of("(XA;;RP;;;WD;" + std::string(text) + ")").text;
}

std::string claim(std::string_view text) { return field_of("(RA;;;;;WD;" + std::string(text) + ")").text; }

std::string from_hex(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

std::size_t offset_of(std::string_view text) {
  const Result<std::string> bytes = parse_sddl(text, kDomain);
  if (bytes.ok()) FAIL("read without complaint: " << text);
  return bytes.error().offset.value();
}

TEST_CASE("descriptors are read and written back") {
  CHECK(round_trip("O:DAG:SYD:PAI(A;CI;GA;;;BA)") == "O:S-1-5-21-1-2-3-512G:SYD:PAI(A;CI;GA;;;BA)");
  CHECK(round_trip("O:DAG:EAD:", kDomain) == "O:DAG:EAD:");
  CHECK(round_trip("G:EA") == "G:S-1-5-21-7-8-9-519");
  CHECK(round_trip("O:S-1-5-18D:(D;;0x100;;;WD)") == "O:SYD:(D;;CR;;;WD)");
  CHECK(round_trip("D:NO_ACCESS_CONTROL") == "D:NO_ACCESS_CONTROL");
  CHECK(round_trip("D:") == "D:");
  CHECK(round_trip("") == "");
  CHECK(round_trip("D:P S:AI") == "D:PS:AI");
  CHECK(round_trip("D:(OA;CIIOID;RPWP;4c164200-20c0-11d0-a768-00aa006e0529;bf967aba-0de6-11d0-a285-"
                   "00aa003049e2;PS)") ==
        "D:(OA;CIIOID;RPWP;4c164200-20c0-11d0-a768-00aa006e0529;bf967aba-0de6-11d0-a285-00aa003049e2;PS)");
  CHECK(round_trip("D:(OD;;CR;00299570-246d-11d0-a768-00aa006e0529;;DU)", kDomain) ==
        "D:(OD;;CR;00299570-246d-11d0-a768-00aa006e0529;;DU)");
  CHECK(round_trip("S:(AU;SAFA;WDWO;;;WD)(ML;;NW;;;ME)") == "S:(AU;SAFA;WDWO;;;WD)(ML;;NW;;;ME)");
  CHECK(round_trip("D:(A;;0x1200a9;;;BU)") == "D:(A;;0x1200a9;;;BU)");
  CHECK(round_trip("D:(A;;FA;;;BU)(A;;KR;;;BU)(A;;GAGX;;;BU)") ==
        "D:(A;;FA;;;BU)(A;;CCSWRPRC;;;BU)(A;;GAGX;;;BU)");
}

TEST_CASE("letters in either case and spaces between fields are read") {
  CHECK(round_trip(" O:da D: P (a; ci; rpWP; ; ;au) ", kDomain) == "O:DAD:P(A;CI;RPWP;;;AU)");
}

TEST_CASE("entries of unknown kinds keep their bytes") {
  CHECK(round_trip("D:(0x4;CI;;;;;#0102030405060708)(A;;RP;;;WD)") ==
        "D:(0x4;CI;;;;;#0102030405060708)(A;;RP;;;WD)");
}

TEST_CASE("what does not fit is refused at its place") {
  CHECK(offset_of("X:") == 0);
  CHECK(offset_of("O:ZZ") == 2);
  CHECK(offset_of("D:(Q;;GA;;;WD)") == 3);
  CHECK(offset_of("D:(A;XX;GA;;;WD)") == 5);
  CHECK(offset_of("D:(A;;QQ;;;WD)") == 6);
  CHECK(offset_of("D:(OA;;CR;no-guid;;WD)") == 10);
  CHECK(offset_of("D:(A;;CR;00299570-246d-11d0-a768-00aa006e0529;;WD)") == 9);
  CHECK(offset_of("D:(A;;GA;;;WD") == 13);
  CHECK(offset_of("D:(A;;GA;;)") == 10);
  CHECK(offset_of("D:D:") == 2);
  CHECK(offset_of("O:S-1-5-4294967296") == 2);
  CHECK_FALSE(parse_sddl("O:DA").ok());
}

TEST_CASE("lists and entries that do not fit in 64 KiB are refused") {
  std::string text = "D:";
  for (int i = 0; i < 5000; ++i) text += "(A;;RP;;;WD)";
  CHECK(offset_of(text) > 2);
  CHECK(offset_of("D:(XA;;RP;;;WD;(@USER.a == \"" + std::string(40000, 'x') + "\"))") > 2);
}

TEST_CASE("a condition is stored as the specification's example has it") {
  // [MS-DTYP] 2.4.4.17.9: (Title=="VP")
  const Field field = field_of("(XA;;RP;;;WD;(Title==\"VP\"))");
  CHECK(field.bytes == from_hex("61727478"  // "artx"
                                "f80a000000"
                                "5400690074006c006500"  // local attribute Title
                                "1004000000"
                                "56005000"  // "VP"
                                "80"        // ==
                                "000000"));
  CHECK(field.text == "(Title == \"VP\")");
}

TEST_CASE("conditions are written as Windows does") {
  CHECK(condition("(@User.Title==\"PM\" && (@User.Division==\"Finance\" || @User.Division ==\"Sales\"))") ==
        "((@USER.Title == \"PM\") && ((@USER.Division == \"Finance\") || (@USER.Division == \"Sales\")))");
  CHECK(condition("(@USER.Project Any_of @RESOURCE.Project)") == "(@USER.Project Any_of @RESOURCE.Project)");
  CHECK(condition("(@USER.clearance>=@RESOURCE.level||Member_of{SID(BA)})") ==
        "((@USER.clearance >= @RESOURCE.level) || (Member_of {SID(BA)}))");
  CHECK(condition("(Member_of {SID(DA), SID(S-1-5-21-7-8-9-1104)})") ==
        "(Member_of {SID(DA), SID(S-1-5-21-7-8-9-1104)})");
  CHECK(condition("(!(@DEVICE.managed == 1))") == "(!(@DEVICE.managed == 1))");
  CHECK(condition("(Exists @USER.a && Not_Exists b)") == "((Exists @USER.a) && (Not_Exists b))");
  CHECK(condition("(@USER.n == -5 || @USER.n == 0x1F || @USER.n == 017 || @USER.n == +7)") ==
        "((((@USER.n == -5) || (@USER.n == 0x1f)) || (@USER.n == 017)) || (@USER.n == +7))");
  CHECK(condition("(@USER.o == #0aff)") == "(@USER.o == #0aff)");
  CHECK(condition("(@USER.a%0020b == {1, \"two\", #03})") == "(@USER.a%0020b == {1, \"two\", #03})");
}

TEST_CASE("and binds tighter than or, and both from left to right") {
  CHECK(condition("(a == 1 || b == 2 && c == 3)") == "((a == 1) || ((b == 2) && (c == 3)))");
  CHECK(condition("(a == 1 && b == 2 && c == 3)") == "(((a == 1) && (b == 2)) && (c == 3))");
  CHECK(condition("(!(a == 1) && b == 2)") == "((!(a == 1)) && (b == 2))");
}

TEST_CASE("what is no condition is refused at its place") {
  CHECK(offset_of("D:(XA;;RP;;;WD;(a == ))") == 21);
  CHECK(offset_of("D:(XA;;RP;;;WD;(a 1))") == 18);
  CHECK(offset_of("D:(XA;;RP;;;WD;(== 1))") == 16);
  CHECK(offset_of("D:(XA;;RP;;;WD;(a == \"x))") > 15);
  CHECK(offset_of("D:(XA;;RP;;;WD;(a == 99999999999999999999))") == 21);
  CHECK(offset_of("D:(XA;;RP;;;WD;(a == 1)") == 23);
  CHECK(offset_of("D:(XA;;RP;;;WD;(Member_of {SID(QQ)}))") == 31);
}

TEST_CASE("nesting of any depth is read and written") {
  const std::string deep(10000, '(');
  const std::string text = deep + "a == 1" + std::string(deep.size(), ')');
  CHECK(condition(text) == "(a == 1)");
}

TEST_CASE("bytes that are no condition stay bytes") {
  CHECK(condition("#61727478ff") == "#61727478ff");                  // unknown token
  CHECK(condition("#6172747880") == "#6172747880");                  // an operator without operands
  CHECK(condition("#617274781010000000") == "#617274781010000000");  // a text that is not there
  CHECK(condition("#62616467") == "#62616467");                      // another signature
}

TEST_CASE("a resource attribute is stored as the specification has it") {
  // [MS-DTYP] 2.4.10.1: offset of the name, type, reserved, flags, count, offsets of the values, name, values
  const Field field = field_of("(RA;;;;;WD;(\"ab\",TU,0x1,7))");
  CHECK(field.bytes == from_hex("14000000"
                                "0200"
                                "0000"
                                "01000000"
                                "01000000"
                                "1a000000"
                                "610062000000"
                                "0700000000000000"
                                "0000"));
  CHECK(field.text == "(\"ab\",TU,0x1,7)");
}

TEST_CASE("resource attributes of every type are written back") {
  CHECK(claim("(\"Secrecy\",TU,0x0,3)") == "(\"Secrecy\",TU,0x0,3)");
  CHECK(claim("(\"n\",TI,0x2,-1,5)") == "(\"n\",TI,0x2,-1,5)");
  CHECK(claim("(\"Project\",TS,0x0,\"Windows\",\"SQL\")") == "(\"Project\",TS,0x0,\"Windows\",\"SQL\")");
  CHECK(claim("(\"who\",TD,0x0,BA,S-1-5-21-7-8-9-1104)") == "(\"who\",TD,0x0,BA,S-1-5-21-7-8-9-1104)");
  CHECK(claim("(\"b\",TB,0x0,1,0)") == "(\"b\",TB,0x0,1,0)");
  CHECK(claim("(\"o\",TX,0x0,#0a0b)") == "(\"o\",TX,0x0,#0a0b)");
  CHECK(offset_of("S:(RA;;;;;WD;(\"n\",TQ,0x0,1))") == 18);
}

TEST_CASE("real descriptors come back byte for byte in what they mean") {
  std::ifstream file(TIERLINE_SOURCE_DIR "/fixtures/descriptors/detectionlab.hex");
  std::size_t lines = 0;
  for (std::string line; std::getline(file, line); ++lines) {
    const std::string bytes = from_hex(line);
    const auto parsed = SecurityDescriptor::parse(as_bytes(bytes));
    REQUIRE(parsed.ok());
    const std::string text = to_sddl(*parsed, kDomain);
    const auto again = *parse_sddl(text, kDomain);
    const auto reparsed = SecurityDescriptor::parse(as_bytes(again));
    REQUIRE(reparsed.ok());
    CHECK(to_sddl(*reparsed, kDomain) == text);
    // SDDL has no place for flags of a SACL that is not there.
    CHECK(reparsed->control == (parsed->control & ~sd_control::kSaclAutoInherited));
    REQUIRE(reparsed->dacl->aces.size() == parsed->dacl->aces.size());
    for (std::size_t i = 0; i < parsed->dacl->aces.size(); ++i) {
      CHECK(std::ranges::equal(reparsed->dacl->aces[i].raw, parsed->dacl->aces[i].raw));
    }
  }
  CHECK(lines == 62);
}

TEST_CASE("the default descriptors of the schema are read") {
  std::ifstream file(TIERLINE_SOURCE_DIR "/fixtures/descriptors/schema-defaults.sddl");
  std::size_t lines = 0;
  for (std::string line; std::getline(file, line); ++lines) {
    const Result<std::string> bytes = parse_sddl(line, kDomain);
    REQUIRE_MESSAGE(bytes.ok(), line);
    CHECK(SecurityDescriptor::parse(as_bytes(*bytes)).ok());
  }
  CHECK(lines == 52);
}

TEST_CASE("damaged descriptors are refused or read, never read over") {
  const std::string bytes = *parse_sddl(
      "O:DAG:DAD:PAI(A;CI;GA;;;BA)(OA;CIIO;RPWP;4c164200-20c0-11d0-a768-00aa006e0529;bf967aba-0de6-11d0-a285-"
      "00aa003049e2;PS)(XA;;RP;;;AU;(@USER.a == {1, \"x\"} && Member_of {SID(BA)}))"
      "(D;;WD;;;WD)S:(AU;SA;WD;;;WD)(RA;;;;;WD;(\"n\",TS,0x0,\"v\",\"w\"))(ML;;NW;;;HI)",
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
    if (!parsed) {
      CHECK(parsed.error().offset.has_value());
      continue;
    }
    // Whatever is read can be said, and what is said can be read.
    const std::string text = to_sddl(*parsed, kDomain);
    const Result<std::string> again = parse_sddl(text, kDomain);
    REQUIRE_MESSAGE(again.ok(), text);
    const auto reparsed = SecurityDescriptor::parse(as_bytes(*again));
    REQUIRE(reparsed.ok());
    CHECK(to_sddl(*reparsed, kDomain) == text);
  }
}

TEST_CASE("damaged text is refused or read, never read over") {
  const std::string text =
      "O:DAG:DAD:PAI(A;CI;GA;;;BA)(XA;;RP;;;AU;(@USER.a == {1, \"x\"} && Member_of {SID(BA)}))"
      "S:(RA;;;;;WD;(\"n\",TS,0x0,\"v\",\"w\"))";
  std::mt19937 random(5);
  for (int round = 0; round < 20000; ++round) {
    std::string damaged = text.substr(0, round % 2 == 0 ? text.size() : random() % text.size());
    for (int flips = 0; flips < round % 4 && !damaged.empty(); ++flips) {
      damaged[random() % damaged.size()] = text[random() % text.size()];
    }
    const Result<std::string> bytes = parse_sddl(damaged, kDomain);
    if (!bytes) {
      CHECK(bytes.error().offset.value() <= damaged.size());
      continue;
    }
    REQUIRE(SecurityDescriptor::parse(as_bytes(*bytes)).ok());
  }
}

}  // namespace
}  // namespace tierline::directory
