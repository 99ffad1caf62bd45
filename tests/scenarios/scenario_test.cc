#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "tests/scenarios/scenario.h"

namespace {

TEST_CASE("every scenario comes out as it says") {
  std::set<std::string> files;
  const std::filesystem::path folder = TIERLINE_SOURCE_DIR "/fixtures/scenarios";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.insert(entry.path().string());
  }
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

TEST_CASE("a scenario that expects the wrong thing fails") {
  const auto path = std::filesystem::temp_directory_path() / "tierline-wrong-scenario.txt";
  std::ofstream(path) << "user ann\nuser bob\nsd bob O:DAG:DAD:P(A;;GA;;;{ann})\n"
                         "no-edge ann GenericAll bob\nedge bob GenericAll ann\nweak-edge ann GenericAll bob\n"
                         "path ann GenericAll\n";
  const auto complaints = tierline::tests::run_scenario(path.string());
  std::filesystem::remove(path);
  REQUIRE(complaints.ok());
  CHECK(complaints->size() == 4);
}

}  // namespace
