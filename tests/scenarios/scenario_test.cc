#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "tests/scenarios/scenario.h"

namespace {

TEST_CASE("every scenario comes out as it says") {
  std::set<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(TIERLINE_SOURCE_DIR "/fixtures/scenarios")) {
    files.insert(entry.path().string());
  }
  REQUIRE(files.size() > 5);
  for (const std::string& file : files) {
    CAPTURE(file);
    const auto complaints = tierline::tests::run_scenario(file);
    if (!complaints.ok()) FAIL_CHECK(complaints.error().describe());
    if (complaints.ok()) {
      for (const std::string& complaint : *complaints) FAIL_CHECK(complaint);
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
