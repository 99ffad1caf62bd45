// What questions cost on generated directories: `tierline_forest_bench [OBJECTS]`, each figure beside a reference that is
// measured in the same run.

#include <sys/resource.h>
#include <unistd.h>

#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/reverse_graph.hpp>
#include <filesystem>
#include <string>

#include "core/derive/derive.h"
#include "core/facts/facts.h"
#include "core/graph/boost_graph.h"
#include "core/graph/dominators.h"
#include "core/graph/min_cut.h"
#include "queries/attack_paths.h"
#include "queries/choke_points.h"
#include "queries/exposure_counts.h"
#include "queries/principals.h"
#include "queries/search_space.h"
#include "tests/bench/forest.h"
#include "tests/bench/measure.h"

namespace tierline {
namespace {

using bench::must;
using graph::AttackGraph;
using graph::NodeId;

constexpr int kRounds = 3;

double median(const std::function<void()>& work) { return bench::median_of_rounds(kRounds, work); }

double peak_gigabytes() {
  struct rusage used = {};
  ::getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_maxrss) / 1e6;
}

void row(const char* what, double ratio, const char* against, double seconds) {
  std::printf("  %-44s %8.2f x %-40s (%.3f s)\n", what, ratio, against, seconds);
}

/// The graph that a hand-written search would want: traversable edges by their targets, and nothing else.
struct PlainGraph {
  std::vector<std::uint32_t> first;
  std::vector<NodeId> source;

  explicit PlainGraph(const AttackGraph& graph) : first(graph.node_count() + 1, 0) {
    for (NodeId n = 0; n < graph.node_count(); ++n) {
      for (const graph::EdgeId e : graph.in_edges(n)) {
        if (graph.edge(e).traversable) source.push_back(graph.edge(e).source);
      }
      first[n + 1] = static_cast<std::uint32_t>(source.size());
    }
  }

  std::size_t reach(const std::vector<NodeId>& targets) const {
    std::vector<std::uint32_t> level(first.size() - 1, queries::kUnreachable);
    std::vector<NodeId> queue = targets;
    for (const NodeId target : targets) level[target] = 0;
    for (std::size_t next = 0; next < queue.size(); ++next) {
      for (std::uint32_t i = first[queue[next]]; i < first[queue[next] + 1]; ++i) {
        if (level[source[i]] != queries::kUnreachable) continue;
        level[source[i]] = level[queue[next]] + 1;
        queue.push_back(source[i]);
      }
    }
    return queue.size();
  }
};

double boost_search(const AttackGraph& graph, NodeId from) {
  return median([&] {
    std::vector<std::uint32_t> distance(graph.node_count(), queries::kUnreachable);
    distance[from] = 0;
    const auto reversed = boost::make_reverse_graph(graph);
    std::vector<boost::default_color_type> colors(graph.node_count());
    boost::breadth_first_search(
        reversed, from,
        boost::visitor(
            boost::make_bfs_visitor(boost::record_distances(distance.data(), boost::on_tree_edge())))
            .color_map(boost::make_iterator_property_map(colors.begin(), boost::identity_property_map())));
  });
}

void measure(const bench::Forest& forest) {
  const std::string path =
      std::filesystem::temp_directory_path() / ("tierline-forest-" + std::to_string(::getpid()) + ".snap");
  must(bench::write_forest(forest, path));
  const double open = median([&] { must(snapshot::Snapshot::open(path)); });
  const snapshot::Snapshot snapshot = must(snapshot::Snapshot::open(path));
  const double megabytes = static_cast<double>(std::filesystem::file_size(path)) / 1e6;
  std::filesystem::remove(path);
  double derived = 0;
  derive::Derived result;
  derived = bench::median_of_rounds(1, [&] { result = derive::derive(snapshot); });
  const AttackGraph& graph = result.graph;
  const std::vector<NodeId> targets = queries::tier_zero(graph);
  const std::vector<NodeId> accounts = queries::population(graph, targets);
  const queries::Exposure exposure = queries::find_exposure(graph, targets);
  std::printf(
      "%zu objects, %s, %s: %zu edges (%.1f an object), snapshot %.0f MB, %.0f %% of accounts exposed\n",
      snapshot.object_count(), forest.is_acl_heavy ? "ACL-heavy" : "lean",
      forest.is_leaky ? "leaky" : "hardened", graph.edge_count(),
      static_cast<double>(graph.edge_count()) / static_cast<double>(snapshot.object_count()), megabytes,
      100.0 * static_cast<double>(exposure.exposed) / static_cast<double>(exposure.population));

  const PlainGraph plain(graph);
  const double searched = median([&] { plain.reach(targets); });
  row("derivation", derived / open, "reading the file once", derived);
  const double field = median([&] { queries::DistanceField(graph, targets); });
  row("distances to Tier Zero, deny entries kept", field / searched, "a plain search", field);
  const double one = median([&] { plain.reach({targets.front()}); });
  row("Boost's breadth_first_search", boost_search(graph, targets.front()) / one,
      "a plain search of one target", one);

  std::vector<std::vector<NodeId>> each;
  for (std::size_t i = 0; i < targets.size() && i < 512; ++i) each.push_back({targets[i]});
  std::vector<std::uint8_t> class_of(graph.node_count(), queries::kNoClass);
  for (const NodeId account : accounts) class_of[account] = 0;
  const double singles = median([&] {
    for (const auto& set : each) plain.reach(set);
  });
  const double at_once = median([&] { queries::exposure_counts(graph, class_of, 1, each); });
  row("exposure of each of many targets at once", at_once / singles, "a plain search each", at_once);

  const queries::SearchSpace space(graph, targets, accounts);
  const double dominators = median([&] {
    const graph::ArcsInto into(space.digraph());
    graph::DominatorTree(space.digraph(), into, queries::SearchSpace::kRoot);
  });
  row("dominators of all ways", dominators / searched, "a plain search", dominators);
  std::vector<std::uint32_t> cost(space.digraph().vertex_count(), 1);
  cost[queries::SearchSpace::kRoot] = graph::kFixed;
  for (const graph::Vertex v : space.entrances()) cost[v] = graph::kFixed;
  for (const NodeId target : targets) {
    for (const graph::Vertex v : space.digraph().successors(queries::SearchSpace::kRoot)) {
      if (space.node(v) == target) cost[v] = graph::kFixed;
    }
  }
  const double cut = median(
      [&] { graph::min_cut(space.digraph(), queries::SearchSpace::kRoot, space.entrances(), cost, 1000); });
  row("cheapest cut between everyone and Tier Zero", cut / searched, "a plain search", cut);
  facts::Facts facts(snapshot, graph);
  const double choke =
      bench::median_of_rounds(1, [&] { queries::find_choke_points(graph, accounts, &facts, targets, 20); });
  row("choke points, facts included", choke / searched, "a plain search", choke);
  std::printf("  peak memory %.2f GB\n\n", peak_gigabytes());
}

}  // namespace
}  // namespace tierline

int main(int argc, char** argv) {
  const std::size_t objects = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100'000;
  for (const bool is_acl_heavy : {false, true}) {
    for (const bool is_leaky : {false, true}) {
      tierline::measure({.objects = objects, .is_acl_heavy = is_acl_heavy, .is_leaky = is_leaky});
    }
  }
}
