#include "tests/bench/forest.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "core/derive/derive.h"
#include "queries/attack_paths.h"
#include "queries/principals.h"

namespace tierline::bench {
namespace {

derive::Derived forest_of(const Forest& forest, std::size_t& descriptors) {
  const auto file = std::filesystem::temp_directory_path() /
                    ("tierline-forest-test-" + std::to_string(::getpid()) + ".snap");
  REQUIRE(write_forest(forest, file.string()).ok());
  const auto snapshot = snapshot::Snapshot::open(file.string());
  std::filesystem::remove(file);
  REQUIRE(snapshot.ok());
  descriptors = snapshot->descriptor_count();
  return derive::derive(*snapshot);
}

std::size_t quantile(std::vector<std::size_t> degrees, double part) {
  std::sort(degrees.begin(), degrees.end());
  return degrees[static_cast<std::size_t>(part * static_cast<double>(degrees.size() - 1))];
}

TEST_CASE("generated directories are shaped like real ones") {
  constexpr std::size_t kObjects = 10'000;
  for (const bool is_acl_heavy : {false, true}) {
    for (const bool is_leaky : {false, true}) {
      CAPTURE(is_acl_heavy);
      CAPTURE(is_leaky);
      std::size_t descriptors = 0;
      const derive::Derived derived =
          forest_of({.objects = kObjects, .is_acl_heavy = is_acl_heavy, .is_leaky = is_leaky}, descriptors);
      const graph::AttackGraph& graph = derived.graph;
      // Descriptors are shared: three for each unit, whatever is in it.
      CHECK(descriptors < kObjects / 3);
      std::vector<std::size_t> out;
      std::vector<std::size_t> in;
      for (graph::NodeId n = 0; n < graph.node_count(); ++n) {
        out.push_back(graph.first_out_edge(n + 1) - graph.first_out_edge(n));
        in.push_back(graph.in_edges(n).size());
      }
      CHECK(quantile(out, 0.5) <= 8);
      CHECK(quantile(out, 0.99) <= 400);
      CHECK(quantile(out, 1) > kObjects / 2);  // what administrators control
      CHECK(quantile(in, 0.5) >= 3);
      CHECK(quantile(in, 0.99) <= 60);
      CHECK(quantile(in, 1) > kObjects / 2);  // who is authenticated
      const queries::Exposure exposure = queries::find_exposure(graph, queries::tier_zero(graph));
      const double share = static_cast<double>(exposure.exposed) / static_cast<double>(exposure.population);
      CHECK(share >= (is_leaky ? 0.7 : 0.05));
      CHECK(share <= (is_leaky ? 1.0 : 0.1));
    }
  }
}

}  // namespace
}  // namespace tierline::bench
