// Writes a generated directory: `tierline_generate_forest --objects N [--acl-heavy] [--leaky] [--seed S] -o FILE.snap`, or
// as a collection of SharpHound's with `--sharphound FOLDER`.

#include <CLI/CLI.hpp>

#include "tests/bench/forest.h"
#include "tests/bench/measure.h"

int main(int argc, char** argv) {
  tierline::bench::Forest forest{.is_acl_heavy = false, .is_leaky = false};
  std::string snapshot;
  std::string folder;
  CLI::App app("writes a generated directory");
  app.add_option("--objects", forest.objects, "beside those of the bundled directory")->required();
  app.add_flag("--acl-heavy", forest.is_acl_heavy, "about 25 edges an object, otherwise about 8");
  app.add_flag("--leaky", forest.is_leaky, "nearly all accounts reach Tier Zero, otherwise one in fourteen");
  app.add_option("--seed", forest.seed, "the same one makes the same bytes");
  auto* const targets = app.add_option_group("output");
  targets->add_option("-o", snapshot, "a snapshot");
  targets->add_option("--sharphound", folder, "a folder for a collection of SharpHound's");
  targets->require_option(1);
  CLI11_PARSE(app, argc, argv);
  if (!snapshot.empty()) {
    tierline::bench::must(tierline::bench::write_forest(forest, snapshot));
  } else {
    tierline::bench::must(tierline::bench::write_forest_collection(forest, folder));
  }
  return 0;
}
