#include "tests/bench/forest.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <vector>

#include "collectors/importers.h"
#include "core/derive/derive.h"
#include "core/graph/components.h"
#include "queries/attack_paths.h"
#include "queries/principals.h"
#include "tests/bench/bundled_directory.h"

namespace tierline::bench {
namespace {

using graph::AttackGraph;
using graph::EdgeId;
using graph::NodeId;
using knowledge::EdgeKind;

/// A name for a file or folder that is gone afterwards.
class TemporaryPath {
 public:
  TemporaryPath()
      : path_(std::filesystem::temp_directory_path() /
              ("tierline-forest-test-" + std::to_string(::getpid()) + "-" + std::to_string(next_++))) {}
  ~TemporaryPath() { std::filesystem::remove_all(path_); }
  TemporaryPath(const TemporaryPath&) = delete;
  TemporaryPath& operator=(const TemporaryPath&) = delete;

  std::string text() const { return path_.string(); }

 private:
  static inline int next_ = 0;
  std::filesystem::path path_;
};

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Quantiles {
  std::size_t half;
  std::size_t most;         ///< nine of ten have no more
  std::size_t all_but_few;  ///< 99 of a hundred
  std::size_t all;
};

Quantiles quantiles(std::vector<std::size_t> degrees) {
  std::sort(degrees.begin(), degrees.end());
  const auto at = [&](double part) {
    return degrees[static_cast<std::size_t>(part * static_cast<double>(degrees.size() - 1))];
  };
  return {at(0.5), at(0.9), at(0.99), at(1)};
}

bool is_right(EdgeKind kind) {
  constexpr std::array kRights = {EdgeKind::GenericAll,
                                  EdgeKind::GenericWrite,
                                  EdgeKind::WriteDacl,
                                  EdgeKind::WriteOwner,
                                  EdgeKind::Owns,
                                  EdgeKind::AllExtendedRights,
                                  EdgeKind::ForceChangePassword,
                                  EdgeKind::AddMember,
                                  EdgeKind::AddKeyCredentialLink,
                                  EdgeKind::WriteSPN,
                                  EdgeKind::WriteAccountRestrictions,
                                  EdgeKind::CanApplyGPO};
  return std::find(kRights.begin(), kRights.end(), kind) != kRights.end();
}

/// What a derived graph is like. Degrees, components and reach are of edges that lead on.
struct Shape {
  double edges = 0;  ///< for each object that was asked for
  double rights = 0;
  double memberships = 0;
  Quantiles out = {};
  Quantiles in = {};
  double reach = 0;
  std::size_t exposed = 0;
  double largest_component = 0;
  bool has_conditions = false;
};

Shape shape_of(const AttackGraph& graph, std::size_t objects) {
  Shape shape;
  std::size_t rights = 0;
  std::size_t memberships = 0;
  std::vector<std::size_t> out(graph.node_count());
  std::vector<std::size_t> in(graph.node_count());
  graph::Digraph digraph;
  for (NodeId n = 0; n < graph.node_count(); ++n) {
    for (EdgeId e = graph.first_out_edge(n); e < graph.first_out_edge(n + 1); ++e) {
      const graph::Edge edge = graph.edge(e);
      if (is_right(edge.kind)) ++rights;
      if (edge.kind == EdgeKind::MemberOf) ++memberships;
      shape.has_conditions = shape.has_conditions || edge.condition != 0;
      if (!edge.traversable) continue;
      digraph.head.push_back(edge.target);
      ++out[edge.source];
      ++in[edge.target];
    }
    digraph.first.push_back(static_cast<graph::Arc>(digraph.head.size()));
  }
  const auto edges = static_cast<double>(graph.edge_count());
  shape.edges = edges / static_cast<double>(objects);
  shape.rights = static_cast<double>(rights) / edges;
  shape.memberships = static_cast<double>(memberships) / edges;
  // Objects that nothing leads to, such as those of the schema, are no part of what is measured.
  std::vector<std::size_t> reached;
  for (NodeId n = 0; n < graph.node_count(); ++n) {
    if (in[n] != 0) reached.push_back(n);
  }
  const auto of_reached = [&](const std::vector<std::size_t>& degrees) {
    std::vector<std::size_t> kept;
    for (const std::size_t n : reached) kept.push_back(degrees[n]);
    return quantiles(std::move(kept));
  };
  shape.out = of_reached(out);
  shape.in = of_reached(in);
  const graph::Components components = graph::strong_components(digraph);
  std::vector<std::size_t> sizes(components.count);
  for (const std::uint32_t component : components.of) ++sizes[component];
  shape.largest_component = static_cast<double>(*std::max_element(sizes.begin(), sizes.end())) /
                            static_cast<double>(reached.size());
  const queries::Exposure exposure = queries::find_exposure(graph, queries::tier_zero(graph));
  shape.exposed = exposure.exposed;
  shape.reach = static_cast<double>(exposure.exposed) / static_cast<double>(exposure.population);
  return shape;
}

snapshot::Snapshot generated(const Forest& forest) {
  const TemporaryPath file;
  REQUIRE(write_forest(forest, file.text()).ok());
  auto opened = snapshot::Snapshot::open(file.text());
  REQUIRE(opened.ok());
  return *std::move(opened);
}

// Figures of real forests: 15 to 31 edges an object where all rights are collected, more than half of them rights, and 5 to
// 8 where they are not, without the weaker edges that further entries give; a few principals with a right on nearly everything; median degrees of 3 to 15.
void check_shape(const Forest& forest) {
  CAPTURE(forest.objects);
  CAPTURE(forest.is_acl_heavy);
  CAPTURE(forest.is_leaky);
  const snapshot::Snapshot snapshot = generated(forest);
  const auto base = bundled_directory();
  REQUIRE(base.ok());
  CHECK(snapshot.object_count() == forest.objects + base->object_count());
  // Whatever stands in one unit shares its descriptor.
  CHECK(snapshot.descriptor_count() < forest.objects / 20);
  const derive::Derived derived = derive::derive(snapshot);
  const Shape shape = shape_of(derived.graph, forest.objects);
  CHECK(shape.reach >= (forest.is_leaky ? 0.7 : 0.05));
  CHECK(shape.reach <= (forest.is_leaky ? 1.0 : 0.1));
  // Tier Zero controls all, so whatever reaches it is in one component with it. Helpdesks make others.
  CHECK(shape.largest_component >= (forest.is_leaky ? 0.7 : 0.05));
  CHECK(shape.largest_component <= (forest.is_leaky ? 1.0 : 0.6));
  CHECK(shape.has_conditions);
  CHECK(shape.edges >= (forest.is_acl_heavy ? 22 : 7));
  CHECK(shape.edges <= (forest.is_acl_heavy ? 28 : 10));
  CHECK(shape.rights >= (forest.is_acl_heavy ? 0.52 : 0.25));
  CHECK(shape.rights <= (forest.is_acl_heavy ? 0.65 : 0.4));
  CHECK(shape.memberships >= (forest.is_acl_heavy ? 0.2 : 0.25));
  CHECK(shape.memberships <= (forest.is_acl_heavy ? 0.3 : 0.4));
  CHECK(shape.out.half >= 2);
  CHECK(shape.out.half <= 15);
  CHECK(shape.out.most <= 30);
  CHECK(shape.out.all_but_few <= 200);
  CHECK(shape.out.all > forest.objects);  // what administrators control
  CHECK(shape.in.half >= (forest.is_acl_heavy ? 10 : 4));
  CHECK(shape.in.half <= (forest.is_acl_heavy ? 25 : 10));
  CHECK(shape.in.most <= 40);
  CHECK(shape.in.all_but_few <= 150);
  CHECK(shape.in.all > forest.objects / 2);  // who is in Domain Users
}

TEST_CASE("generated directories are shaped like real ones") {
  for (const bool is_acl_heavy : {false, true}) {
    for (const bool is_leaky : {false, true}) {
      check_shape({.objects = 10'000, .is_acl_heavy = is_acl_heavy, .is_leaky = is_leaky});
    }
  }
}

TEST_CASE("a generated directory ten times as large has the same shape") {
  check_shape({.objects = 100'000, .is_acl_heavy = false, .is_leaky = false});
}

TEST_CASE("a seed decides every byte of a generated directory") {
  const TemporaryPath first;
  const TemporaryPath second;
  const TemporaryPath other;
  const auto write = [](std::uint32_t seed, const TemporaryPath& path) {
    REQUIRE(write_forest({.objects = 1'000, .seed = seed}, path.text()).ok());
    return bytes_of(path.text());
  };
  const std::string bytes = write(1, first);
  CHECK(bytes == write(1, second));
  CHECK(bytes != write(2, other));
}

TEST_CASE("a generated directory has the same reach as a collection") {
  for (const bool is_acl_heavy : {false, true}) {
    for (const bool is_leaky : {false, true}) {
      CAPTURE(is_acl_heavy);
      CAPTURE(is_leaky);
      const Forest forest = {.objects = 5'000, .is_acl_heavy = is_acl_heavy, .is_leaky = is_leaky};
      const TemporaryPath folder;
      REQUIRE(write_forest_collection(forest, folder.text()).ok());
      snapshot::Builder builder;
      snapshot::Provenance provenance;
      REQUIRE(collectors::import_file(folder.text(), builder, provenance).ok());
      auto file = builder.keep(provenance);
      REQUIRE(file.ok());
      const auto imported = snapshot::Snapshot::load(*std::move(file));
      REQUIRE(imported.ok());
      const Shape of_collection = shape_of(derive::derive(*imported).graph, forest.objects);
      const Shape of_facts = shape_of(derive::derive(generated(forest)).graph, forest.objects);
      CHECK(of_collection.exposed == of_facts.exposed);
      CHECK(of_collection.reach == doctest::Approx(of_facts.reach));
      // Collections name implied rights and who is authenticated once more.
      CHECK(of_collection.edges > of_facts.edges);
      CHECK(of_collection.edges < 1.1 * of_facts.edges);
    }
  }
}

}  // namespace
}  // namespace tierline::bench
