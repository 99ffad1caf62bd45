#include "queries/tier_rules.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace tierline::queries {
namespace {

Result<TierRules> read(const std::string& text) {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("tierline-rules-" + std::to_string(::getpid()) + ".toml");
  std::ofstream(path, std::ios::binary) << text;
  Result<TierRules> rules = TierRules::read(path.string());
  std::filesystem::remove(path);
  return rules;
}

std::string repeated(std::string_view part, int times) {
  std::string text;
  while (times-- > 0) text += part;
  return text;
}

TEST_CASE("what nests too deep is seen after a text, whatever quotes it ends in") {
  const std::string kDeep = repeated("k.", 20) + "k = 1";
  for (const char quote : {'"', '\''}) {
    for (std::size_t quotes = 3; quotes <= 5; ++quotes) {
      for (const std::string inside : {"", "b", "b\n", "[[[["}) {
        const std::string text = std::string(3, quote) + inside + std::string(quotes, quote);
        CAPTURE(text);
        const auto rules = read("version = 1\nx = { a = " + text + ", " + kDeep + " }\n");
        REQUIRE_FALSE(rules.ok());
        const int line = inside == "b\n" ? 3 : 2;
        CHECK(rules.error().message == "line " + std::to_string(line) + ": nests too deep");
      }
    }
  }
}

TEST_CASE("what only looks like nesting, inside a text, is none") {
  for (const char quote : {'"', '\''}) {
    for (std::size_t quotes = 3; quotes <= 5; ++quotes) {
      const std::string text =
          std::string(3, quote) + repeated("[.", 20) + std::string(2, quote) + repeated("[.", 20);
      CAPTURE(text);
      const auto rules = read("version = 1\n[[rule]]\ntier = 1\nname = \"x\"\nreason = " + text +
                              std::string(quotes, quote) + " # it's \"\n");
      REQUIRE(rules.ok());
      REQUIRE(rules->rules.size() == 1);
      CHECK(rules->rules[0].reason == text.substr(3) + std::string(quotes - 3, quote));
    }
  }
}

}  // namespace
}  // namespace tierline::queries
