// What questions cost on generated directories: `tierline_forest_bench [OBJECTS]`, each figure beside a reference that is
// measured in the same run.

#include <sys/resource.h>
#include <unistd.h>

#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/reverse_graph.hpp>
#include <cmath>
#include <deque>
#include <filesystem>
#include <string>

#include "core/derive/derive.h"
#include "core/facts/facts.h"
#include "core/graph/boost_graph.h"
#include "core/graph/dominators.h"
#include "core/graph/graph_file.h"
#include "core/graph/min_cut.h"
#include "queries/attack_paths.h"
#include "queries/audit/audit.h"
#include "queries/choke_points.h"
#include "queries/exposure_counts.h"
#include "queries/principals.h"
#include "queries/search_space.h"
#include "queries/tiers.h"
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

/// The graph as a hand-written search would want it: the traversable edges, each by itself, both ways, and nothing else.
struct PlainGraph {
  std::vector<std::uint64_t> first_out = {0};
  std::vector<std::uint64_t> first_in;
  std::vector<NodeId> target;
  std::vector<NodeId> source;

  explicit PlainGraph(const AttackGraph& graph) : first_in(graph.node_count() + 1, 0) {
    for (NodeId n = 0; n < graph.node_count(); ++n) {
      for (graph::ArcId arc = graph.first_out_arc(n); arc < graph.first_out_arc(n + 1); ++arc) {
        if (!graph.trait(arc).traversable) continue;
        if (graph.is_node(graph.head(arc))) target.push_back(graph.head(arc));
        if (graph.is_node(graph.head(arc))) continue;
        for (const NodeId member : graph.members(graph.head(arc))) {
          if (member != n) target.push_back(member);
        }
      }
      first_out.push_back(target.size());
    }
    for (const NodeId head : target) ++first_in[head + 1];
    for (std::size_t n = 0; n + 1 < first_in.size(); ++n) first_in[n + 1] += first_in[n];
    source.resize(target.size());
    std::vector<std::uint64_t> next = first_in;
    for (NodeId n = 0; n < graph.node_count(); ++n) {
      for (std::uint64_t e = first_out[n]; e < first_out[n + 1]; ++e) source[next[target[e]]++] = n;
    }
  }

  std::size_t size() const { return first_in.size() - 1; }
  double bytes() const {
    return 4.0 * 2 * static_cast<double>(target.size()) + 8.0 * 2 * static_cast<double>(size());
  }

  /// Levels by a queue alone.
  std::size_t reach(const std::vector<NodeId>& targets) const {
    std::vector<std::uint32_t> level(size(), queries::kUnreachable);
    std::vector<NodeId> queue = targets;
    for (const NodeId one : targets) level[one] = 0;
    for (std::size_t next = 0; next < queue.size(); ++next) {
      for (std::uint64_t i = first_in[queue[next]]; i < first_in[queue[next] + 1]; ++i) {
        if (level[source[i]] != queries::kUnreachable) continue;
        level[source[i]] = level[queue[next]] + 1;
        queue.push_back(source[i]);
      }
    }
    return queue.size();
  }

  /// The same, turning round while a level is large (S. Beamer, K. Asanovic, D. Patterson, "Direction-optimizing breadth-first
  /// search", 2012, with its thresholds).
  std::size_t reach_both_ways(const std::vector<NodeId>& targets) const {
    std::vector<std::uint32_t> level(size(), queries::kUnreachable);
    std::vector<std::uint64_t> seen((size() + 63) / 64, 0);
    std::vector<NodeId> queue = targets;
    std::vector<NodeId> found;
    std::size_t reached = targets.size();
    for (const NodeId one : targets) level[one] = 0;
    for (const NodeId one : targets) seen[one / 64] |= std::uint64_t{1} << (one % 64);
    std::uint64_t unexplored = source.size();
    bool upwards = false;
    for (std::uint32_t hops = 1; !queue.empty(); ++hops) {
      std::uint64_t edges = 0;
      for (const NodeId v : queue) edges += first_in[v + 1] - first_in[v];
      if (!upwards && edges > unexplored / 15) upwards = true;
      if (upwards && queue.size() < size() / 18) upwards = false;
      unexplored -= std::min(unexplored, edges);
      found.clear();
      const auto find = [&](NodeId v) {
        level[v] = hops;
        found.push_back(v);
      };
      if (upwards) {
        for (NodeId v = 0; v < size(); ++v) {
          if ((seen[v / 64] >> (v % 64) & 1) != 0) continue;
          for (std::uint64_t e = first_out[v]; e < first_out[v + 1]; ++e) {
            if ((seen[target[e] / 64] >> (target[e] % 64) & 1) == 0) continue;
            find(v);
            break;
          }
        }
        for (const NodeId v : found) seen[v / 64] |= std::uint64_t{1} << (v % 64);
      } else {
        for (const NodeId v : queue) {
          for (std::uint64_t i = first_in[v]; i < first_in[v + 1]; ++i) {
            std::uint64_t& word = seen[source[i] / 64];
            const std::uint64_t bit = std::uint64_t{1} << (source[i] % 64);
            if ((word & bit) != 0) continue;
            word |= bit;
            find(source[i]);
          }
        }
      }
      queue.swap(found);
      reached += queue.size();
    }
    return reached;
  }
};

/// What our search walks, in bytes: arcs both ways, with who they are, and where those of each vertex are.
double bytes_walked(const AttackGraph& graph) {
  return 4.0 * 3 * static_cast<double>(graph.arc_count()) +
         4.0 * 4 * static_cast<double>(graph.vertex_count());
}

/// Boost's search and a queue by hand on the same arcs.
struct BoostAgainstPlain {
  double boost;
  double plain;
};

BoostAgainstPlain boost_against_plain(const AttackGraph& graph, NodeId from) {
  BoostAgainstPlain found{};
  std::vector<std::uint32_t> distance(graph.vertex_count());
  found.boost = median([&] {
    std::fill(distance.begin(), distance.end(), queries::kUnreachable);
    distance[from] = 0;
    const auto reversed = boost::make_reverse_graph(graph);
    std::vector<boost::default_color_type> colors(graph.vertex_count());
    boost::breadth_first_search(
        reversed, from,
        boost::visitor(
            boost::make_bfs_visitor(boost::record_distances(distance.data(), boost::on_tree_edge())))
            .color_map(boost::make_iterator_property_map(colors.begin(), boost::identity_property_map())));
  });
  std::vector<std::uint32_t> level(graph.vertex_count());
  found.plain = median([&] {
    std::fill(level.begin(), level.end(), queries::kUnreachable);
    std::deque<graph::VertexId> queue = {from};
    level[from] = 0;
    for (; !queue.empty(); queue.pop_front()) {
      for (const graph::VertexId tail : graph.in_tails(queue.front())) {
        if (level[tail] != queries::kUnreachable) continue;
        level[tail] = level[queue.front()] + 1;
        queue.push_back(tail);
      }
    }
  });
  if (distance != level) std::printf("  Boost's distances are others\n");
  return found;
}

/// Dominators by the book (L. Georgiadis, "Linear-Time Algorithms for Dominators and Related Problems", 2005, section 2.3), as
/// short as it can be written.
struct PlainDominators {
  std::vector<std::uint32_t> number, label, ancestor, semi;
  std::vector<graph::Vertex> order, parent, idom;

  PlainDominators(const graph::Digraph& graph, const graph::ArcsInto& into, graph::Vertex root)
      : number(graph.vertex_count(), graph::kNoVertex) {
    std::vector<std::pair<graph::Vertex, graph::Vertex>> stack = {{root, 0}};
    while (!stack.empty()) {
      const auto [v, above] = stack.back();
      stack.pop_back();
      if (number[v] != graph::kNoVertex) continue;
      number[v] = static_cast<std::uint32_t>(order.size());
      order.push_back(v);
      parent.push_back(above);
      const auto successors = graph.successors(v);
      for (std::size_t i = successors.size(); i-- > 0;) {
        if (number[successors[i]] == graph::kNoVertex) stack.emplace_back(successors[i], number[v]);
      }
    }
    const auto count = static_cast<std::uint32_t>(order.size());
    ancestor.assign(count, graph::kNoVertex);
    label.resize(count);
    semi.resize(count);
    for (std::uint32_t i = 0; i < count; ++i) label[i] = semi[i] = i;
    std::vector<std::uint32_t> path;
    const auto eval = [&](std::uint32_t v) {
      if (ancestor[v] == graph::kNoVertex) return label[v];
      path.clear();
      std::uint32_t at = v;
      for (; ancestor[ancestor[at]] != graph::kNoVertex; at = ancestor[at]) path.push_back(at);
      while (!path.empty()) {
        const std::uint32_t w = path.back();
        path.pop_back();
        if (semi[label[ancestor[w]]] < semi[label[w]]) label[w] = label[ancestor[w]];
        ancestor[w] = ancestor[ancestor[w]];
      }
      return label[v];
    };
    for (std::uint32_t i = count; i-- > 1;) {
      for (const graph::ArcsInto::Into& arc : into[order[i]]) {
        if (number[arc.tail] != graph::kNoVertex) semi[i] = std::min(semi[i], semi[eval(number[arc.tail])]);
      }
      ancestor[i] = parent[i];
    }
    idom = parent;
    for (std::uint32_t i = 1; i < count; ++i) {
      while (idom[i] > semi[i]) idom[i] = idom[idom[i]];
    }
  }
};

struct Measured {
  double derive = 0;
  double exposure = 0;
  double audit = 0;
};

// A question about one principal, as a command that finds a kept graph asks it; in seconds, and what mapping alone takes.
void measure_kept_graph(const snapshot::Snapshot& snapshot, const std::string& path, const AttackGraph& graph,
                        const std::vector<NodeId>& targets, NodeId about) {
  const std::string kept = path + ".graph";
  const graph::GraphFile::Key key{snapshot.identity(), "bench"};
  const queries::DistanceField field(graph, targets);
  std::vector<std::uint32_t> hops;
  for (NodeId n = 0; n < graph.node_count(); ++n) hops.push_back(field.hops(n));
  std::vector<graph::GraphFile::OtherName> names;
  for (NodeId n = 0; n < graph.node_count(); ++n) {
    for (const std::string& other : queries::other_names(snapshot, graph, n))
      names.push_back({graph::GraphFile::hash_of(other), n});
  }
  must(graph::GraphFile::write(kept, key, graph, hops, std::move(names), ""));
  const std::string name(graph.node(about).name);
  const double mapped = median([&] {
    must(MappedFile::open(path));
    must(MappedFile::open(kept));
  });
  const double answered = median([&] {
    const snapshot::File file = must(snapshot::File::open(path));
    const graph::GraphFile found = must(graph::GraphFile::open(kept, {file.identity(), "bench"}));
    if (must(found.find(name)).value().hops != hops[about]) std::printf("  the kept graph says otherwise\n");
  });
  const graph::Extent extent{snapshot.object_count(), snapshot.meta().attributes.size()};
  const double loaded = median([&] { must(must(graph::GraphFile::open(kept, key)).graph(extent)); });
  std::printf("  %-44s %8.2f ms beyond mapping (%.2f ms)\n", "is one principal exposed, from a kept graph",
              (answered - mapped) * 1e3, answered * 1e3);
  std::printf("  %-44s %8.2f s, %.0f MB\n", "all of a kept graph, verified", loaded,
              static_cast<double>(std::filesystem::file_size(kept)) / 1e6);
  std::filesystem::remove(kept);
}

Measured measure(const bench::Forest& forest) {
  Measured measured;
  const std::string path =
      std::filesystem::temp_directory_path() / ("tierline-forest-" + std::to_string(::getpid()) + ".snap");
  must(bench::write_forest(forest, path));
  const double open = median([&] { must(snapshot::Snapshot::open(path)); });
  const snapshot::Snapshot snapshot = must(snapshot::Snapshot::open(path));
  const double megabytes = static_cast<double>(std::filesystem::file_size(path)) / 1e6;
  derive::Derived result;
  measured.derive = bench::median_of_rounds(1, [&] { result = derive::derive(snapshot); });
  const AttackGraph& graph = result.graph;
  const std::vector<NodeId> targets = queries::tier_zero(graph);
  const std::vector<NodeId> accounts = queries::population(graph, targets);
  queries::Exposure exposure;
  measured.exposure = median([&] { exposure = queries::find_exposure(graph, targets); });
  std::printf(
      "%zu objects, %s, %s: %llu edges (%.1f an object) in %zu arcs, snapshot %.0f MB, %.0f %% of accounts "
      "exposed\n",
      snapshot.object_count(), forest.is_acl_heavy ? "ACL-heavy" : "lean",
      forest.is_leaky ? "leaky" : "hardened", static_cast<unsigned long long>(graph.edge_count()),
      static_cast<double>(graph.edge_count()) / static_cast<double>(snapshot.object_count()),
      graph.arc_count(), megabytes,
      100.0 * static_cast<double>(exposure.exposed) / static_cast<double>(exposure.population));
  std::printf("  peak memory with the snapshot and the graph %.2f GB\n", peak_gigabytes());
  row("derivation", measured.derive / open, "reading the file once", measured.derive);
  measure_kept_graph(snapshot, path, graph, targets, accounts.front());
  std::filesystem::remove(path);

  double searched = 0;
  {
    const PlainGraph plain(graph);
    searched = median([&] { plain.reach_both_ways(targets); });
    const double field = median([&] { queries::DistanceField(graph, targets); });
    row("distances to Tier Zero, deny entries kept", field / searched, "a search both ways, all edges apart",
        field);
    std::printf("  %-44s %8.2f x %.0f bytes an object\n", "bytes walked", bytes_walked(graph) / plain.bytes(),
                plain.bytes() / static_cast<double>(snapshot.object_count()));
    NodeId widest = targets.front();
    std::size_t most = 0;
    for (std::size_t i = 0; i < targets.size() && i < 32; ++i) {
      const std::size_t reached = plain.reach({targets[i]});
      if (reached > most) widest = targets[i];
      most = std::max(most, reached);
    }
    const BoostAgainstPlain boost = boost_against_plain(graph, widest);
    row("Boost's breadth_first_search", boost.boost / boost.plain, "a queue by hand on the same arcs",
        boost.boost);

    std::vector<std::vector<NodeId>> each;
    for (std::size_t i = 0; i < targets.size() && i < 512; ++i) each.push_back({targets[i]});
    std::vector<std::uint8_t> class_of(graph.node_count(), queries::kNoClass);
    for (const NodeId account : accounts) class_of[account] = 0;
    const double singles = bench::median_of_rounds(1, [&] {
      for (const auto& set : each) plain.reach(set);
    });
    const double at_once =
        bench::median_of_rounds(1, [&] { queries::exposure_counts(graph, class_of, 1, each); });
    std::printf("  %-44s %8.2f x faster than a search each for %zu sets (%.3f s)\n",
                "exposure of many target sets at once", singles / at_once, each.size(), at_once);
  }
  const queries::TierRules rules;
  const queries::Tiers tiers = must(queries::assign_tiers(snapshot, graph, rules));
  measured.audit = bench::median_of_rounds(1, [&] {
    must(queries::audit::run({snapshot, graph, tiers, rules.audit}));
  });
  row("audit, all rules", measured.audit / searched, "the search", measured.audit);

  {
    const queries::SearchSpace space(graph, targets, accounts);
    const graph::ArcsInto into(space.digraph());
    const double dominators =
        median([&] { graph::DominatorTree(space.digraph(), into, queries::SearchSpace::kRoot); });
    const double plain_dominators =
        median([&] { PlainDominators(space.digraph(), into, queries::SearchSpace::kRoot); });
    row("dominators of all ways", dominators / plain_dominators, "dominators by the book", dominators);
    std::vector<std::uint32_t> cost(space.digraph().vertex_count(), 1);
    cost[queries::SearchSpace::kRoot] = graph::kFixed;
    for (const graph::Vertex v : space.entrances()) cost[v] = graph::kFixed;
    for (const graph::Vertex v : space.digraph().successors(queries::SearchSpace::kRoot))
      cost[v] = graph::kFixed;
    const double cut = median(
        [&] { graph::min_cut(space.digraph(), queries::SearchSpace::kRoot, space.entrances(), cost, 1000); });
    row("cheapest cut between everyone and Tier Zero", cut / searched, "the search", cut);
  }
  facts::Facts facts(snapshot, graph);
  const double choke =
      bench::median_of_rounds(1, [&] { queries::find_choke_points(graph, accounts, &facts, targets, 20); });
  row("choke points, facts included", choke / searched, "the search", choke);
  std::printf("  peak memory of all this %.2f GB\n\n", peak_gigabytes());
  std::fflush(stdout);
  return measured;
}

}  // namespace
}  // namespace tierline

// Of the two kinds of directories that a size has most trouble with, at a tenth of the size and at all of it.
int main(int argc, char** argv) {
  const std::size_t objects = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  for (const bool is_leaky : {false, true}) {
    const tierline::Measured small =
        tierline::measure({.objects = objects / 10, .is_acl_heavy = true, .is_leaky = is_leaky});
    const tierline::Measured large =
        tierline::measure({.objects = objects, .is_acl_heavy = true, .is_leaky = is_leaky});
    std::printf(
        "%s, from %zu to %zu objects, time grows with the power: derive %.2f, exposure %.2f, audit %.2f\n\n",
        is_leaky ? "leaky" : "hardened", objects / 10, objects, std::log10(large.derive / small.derive),
        std::log10(large.exposure / small.exposure), std::log10(large.audit / small.audit));
  }
}
