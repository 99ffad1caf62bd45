#include "viewer/export/html.h"

#include <doctest/doctest.h>
#include <openssl/sha.h>
#include <rapidjson/document.h>

#include <array>
#include <string>

namespace tierline::viewer {
namespace {

constexpr std::string_view kEmpty = R"({"schema":"tierline.report"})";

// What stands between the two; fails the test when either is missing.
std::string between(const std::string& text, std::string_view before, std::string_view after) {
  const std::size_t begin = text.find(before);
  REQUIRE(begin != std::string::npos);
  const std::size_t end = text.find(after, begin + before.size());
  REQUIRE(end != std::string::npos);
  return text.substr(begin + before.size(), end - begin - before.size());
}

std::string data_of(const std::string& page) {
  return between(page, R"(<script type="application/json" id="report">)", "</script>");
}

std::string sha256_base64(const std::string& text) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash = {};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash.data());
  std::string digits;
  // 32 bytes are ten groups of three and one of two.
  for (std::size_t i = 0; i < hash.size(); i += 3) {
    const auto byte = [&](std::size_t k) { return k < hash.size() ? unsigned{hash[k]} : 0u; };
    const unsigned group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    for (const unsigned shift : {18u, 12u, 6u, 0u}) digits += kDigits[group >> shift & 63];
  }
  digits.back() = '=';
  return digits;
}

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

TEST_CASE("data cannot leave its element, and is the same data") {
  const std::string hostile =
      "{\"name\":\"</script><script>alert(1)</script><!--<script>&lt;\",\"lines\":\"a\xE2\x80\xA8"
      "b\xE2\x80\xA9"
      "c\xE2\x80\xA7\",\"escaped\":\"\\\\u003c \\\" \\n\"}";
  const std::string data = data_of(html_report(hostile));
  CHECK(data.find_first_of("<>&") == std::string::npos);
  CHECK(data.find("\xE2\x80\xA8") == std::string::npos);
  CHECK(data.find("\xE2\x80\xA9") == std::string::npos);

  rapidjson::Document before;
  rapidjson::Document after;
  before.Parse(hostile.data(), hostile.size());
  after.Parse(data.data(), data.size());
  REQUIRE_FALSE(before.HasParseError());
  REQUIRE_FALSE(after.HasParseError());
  CHECK(before == after);
}

TEST_CASE("hostile data adds no element to the page") {
  const std::string plain = html_report(kEmpty);
  const std::string hostile = html_report(R"({"name":"</script><script>alert(1)</script><style>"})");
  for (const std::string_view tag : {"<script", "</script", "<style", "<body"}) {
    CAPTURE(tag);
    CHECK(count(hostile, tag) == count(plain, tag));
  }
}

TEST_CASE("the policy allows the script and the style that the page carries, and nothing else") {
  const std::string page = html_report(kEmpty);
  const std::string script = between(page, "<script>", "</script>");
  const std::string style = between(page, "<style>", "</style>");
  REQUIRE(script.size() > 1000);
  REQUIRE(style.size() > 1000);
  CHECK(between(page, "Content-Security-Policy\" content=\"", "\"") ==
        "default-src 'none'; script-src 'sha256-" + sha256_base64(script) + "'; style-src 'sha256-" +
            sha256_base64(style) +
            "'; img-src 'none'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; "
            "trusted-types 'none'");
  CHECK(page.find("Content-Security-Policy") < page.find("<style>"));
  CHECK(count(page, "<script") == 2);
  CHECK(count(page, "</script") == 2);
}

TEST_CASE("the page names no address to load from") {
  const std::string page = html_report(kEmpty);
  // The one address is a name: that of the SVG namespace.
  CHECK(count(page, "://") == 1);
  CHECK(count(page, "http://www.w3.org/2000/svg") == 1);
  CHECK(page.find(" src=") == std::string::npos);
  CHECK(page.find("url(http") == std::string::npos);
  for (const std::string_view sink : {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write",
                                      "eval(", "new Function", "DOMParser"}) {
    CAPTURE(sink);
    CHECK(page.find(sink) == std::string::npos);
  }
}

}  // namespace
}  // namespace tierline::viewer
