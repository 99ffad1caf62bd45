#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "queries/audit/audit.h"
#include "tests/scenarios/scenario.h"

namespace {

std::set<std::string> scenario_files() {
  std::set<std::string> files;
  const std::filesystem::path folder = TIERLINE_SOURCE_DIR "/fixtures/scenarios";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.insert(entry.path().string());
  }
  return files;
}

TEST_CASE("every scenario comes out as it says") {
  const std::set<std::string> files = scenario_files();
  REQUIRE(files.size() > 5);
  for (const std::string& file : files) {
    SUBCASE(std::filesystem::path(file).stem().c_str()) {
      CAPTURE(file);
      const auto complaints = tierline::tests::run_scenario(file);
      if (!complaints.ok()) FAIL_CHECK(complaints.error().describe());
      if (complaints.ok()) {
        for (const std::string& complaint : *complaints) FAIL_CHECK(complaint);
      }
    }
  }
}

TEST_CASE("every rule of the audit has a scenario that it fires in and a near miss") {
  std::map<std::string, std::set<std::string>> said;  // by word, the rules
  for (const std::string& file : scenario_files()) {
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
      std::istringstream words(line);
      std::string word;
      std::string rule;
      if (words >> word >> rule) said[word].insert(rule);
    }
  }
  for (const tierline::queries::audit::Rule& rule : tierline::queries::audit::rules()) {
    CAPTURE(rule.id);
    CHECK(said["finding"].contains(std::string(rule.id)));
    CHECK(said["no-finding"].contains(std::string(rule.id)));
  }
}

TEST_CASE("a scenario that expects the wrong thing fails") {
  const auto path = std::filesystem::temp_directory_path() / "tierline-wrong-scenario.txt";
  std::ofstream(path) << "user ann\nuser bob\nsd bob O:DAG:DAD:P(A;;GA;;;{ann})\n"
                         "no-edge ann GenericAll bob\nedge bob GenericAll ann\nweak-edge ann GenericAll bob\n"
                         "path ann GenericAll\ntier 0 bob\nno-finding tier-zero-control ann bob\n"
                         "finding tier-zero-control bob ann\nunknown dcsync\n";
  const auto complaints = tierline::tests::run_scenario(path.string());
  std::filesystem::remove(path);
  REQUIRE(complaints.ok());
  CHECK(complaints->size() == 7);
}

}  // namespace
