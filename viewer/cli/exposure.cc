// exposure SNAP: who can reach the targets, in how many hops; each target by itself, tier by tier; whether some principals
// can; or what falls when something is taken.

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <tuple>

#include "core/base/text.h"
#include "queries/attack_paths.h"
#include "queries/blast_radius.h"
#include "queries/exposure_counts.h"
#include "queries/principals.h"
#include "queries/search.h"
#include "viewer/cli/commands.h"
#include "viewer/cli/kept_graph.h"
#include "viewer/cli/loaded_graph.h"
#include "viewer/export/graph_json.h"

namespace tierline::viewer::cli {
namespace {

using graph::NodeId;

struct Options {
  std::string path;
  std::vector<std::string> to;
  std::vector<std::string> of;
  std::vector<std::string> from;
  std::string from_file;
  bool each = false;
  bool tiers = false;
  std::string rules;
  std::string format;
};

// -- who reaches the targets --------------------------------------------------------------------------------------

void print_text(const LoadedGraph& loaded, std::string_view targets, const queries::Exposure& answer) {
  print(fmt::format("{} of {} accounts that are not disabled, outside the targets, can reach {}.\n",
                    answer.exposed, answer.population, visible(targets)));
  for (const auto& [hops, count] : answer.by_hops) {
    print(fmt::format("  in {:>2} {}: {}\n", hops, hops == 1 ? "hop " : "hops", count));
  }
  for (const auto& principal : answer.principals) {
    print(fmt::format("{:>3}  {}\n", principal.hops, visible(loaded.graph.node(principal.node).name)));
  }
}

/// How many accounts reach one target.
struct Count {
  NodeId target = graph::kNoNode;
  std::uint64_t exposed = 0;
};

std::vector<Count> count_each(const LoadedGraph& loaded, const std::vector<NodeId>& targets) {
  std::vector<std::uint8_t> class_of(loaded.graph.node_count(), queries::kNoClass);
  for (const NodeId account : queries::population(loaded.graph, targets)) class_of[account] = 0;
  std::vector<std::vector<NodeId>> sets;
  sets.reserve(targets.size());
  for (const NodeId target : targets) sets.push_back({target});
  const auto counts = queries::exposure_counts(loaded.graph, class_of, 1, sets);
  std::vector<Count> found;
  for (std::size_t i = 0; i < targets.size(); ++i) found.push_back({targets[i], counts[i][0]});
  std::sort(found.begin(), found.end(), [&](const Count& a, const Count& b) {
    if (a.exposed != b.exposed) return a.exposed > b.exposed;
    return loaded.graph.node(a.target).id < loaded.graph.node(b.target).id;
  });
  return found;
}

Result<int> run_targets(const Options& options, const LoadedGraph& loaded) {
  const auto targets = loaded.targets(options.to);
  if (!targets) return targets.error();
  const queries::Exposure answer = queries::find_exposure(loaded.graph, *targets);
  const std::vector<Count> each = options.each ? count_each(loaded, *targets) : std::vector<Count>();
  if (options.format == "json") {
    JsonWriter json;
    begin_answer(json, "exposure");
    write_coverage(json, loaded.meta);
    write_nodes(json, "targets", loaded.graph, *targets);
    write_exposure(json, loaded.graph, answer);
    if (options.each) {
      json.key("each").begin_array();
      for (const Count& count : each) {
        json.begin_object();
        json.key("target");
        write_node(json, loaded.graph, count.target);
        json.key("exposed").number(count.exposed);
        json.end_object();
      }
      json.end_array();
    }
    json.end_object();
    print(json.take() + "\n");
  } else if (options.each) {
    for (const Count& count : each) {
      print(
          fmt::format("{:>8}  {}\n", count.exposed, label(loaded.snapshot, loaded.graph.node(count.target))));
    }
    print(coverage_text(loaded.meta));
  } else {
    print_text(loaded, target_name(options.to), answer);
    print(coverage_text(loaded.meta));
  }
  return exit_for(loaded.meta);
}

// -- some principals ----------------------------------------------------------------------------------------------

using Standings = std::vector<graph::GraphFile::Standing>;

int answer_of(const Options& options, const Standings& standings, const snapshot::Meta& meta) {
  JsonWriter json;
  begin_answer(json, "exposure");
  write_coverage(json, meta);
  json.key("principals").begin_array();
  for (const auto& [node, hops] : standings) {
    const bool is_exposed = hops != queries::kUnreachable;
    json.begin_object();
    write_node_fields(json, node);
    json.key("exposed").boolean(is_exposed);
    json.key("hops");
    is_exposed ? json.number(hops) : json.null();
    json.end_object();
    if (options.format == "json") continue;
    const std::string how =
        hops == 0    ? "is in Tier Zero"
        : is_exposed ? fmt::format("can reach Tier Zero in {} {}", hops, hops == 1 ? "hop" : "hops")
                     : "cannot reach Tier Zero";
    print(fmt::format("{} {}\n", visible(node.name), how));
  }
  json.end_array();
  json.end_object();
  print(options.format == "json" ? json.take() + "\n" : coverage_text(meta));
  return exit_for(meta);
}

// From a few pages of the kept graph; nothing when it takes more.
std::optional<Standings> find_in(const KeptGraph& kept, const std::vector<std::string>& names) {
  Standings standings;
  for (const std::string& name : names) {
    const auto found = kept.find(name);
    if (!found || !*found) return std::nullopt;
    standings.push_back(**found);
  }
  return standings;
}

Result<int> run_principals(const Options& options) {
  Result<snapshot::File> file = snapshot::File::open(options.path);
  if (!file) return std::move(file).error();
  const std::optional<KeptGraph> kept = KeptGraph::of(*file);
  if (const auto found = kept ? find_in(*kept, options.of) : std::nullopt) {
    snapshot::Meta meta = file->meta();
    meta.coverage = kept->coverage();
    return answer_of(options, *found, meta);
  }
  const Result<LoadedGraph> loaded = LoadedGraph::of(*std::move(file), kept);
  if (!loaded) return loaded.error();
  const auto targets = loaded->targets({});
  if (!targets) return targets.error();
  const queries::DistanceField field(loaded->graph, *targets);
  Standings standings;
  for (const std::string& name : options.of) {
    const auto nodes = queries::resolve(loaded->snapshot, loaded->graph, name);
    if (!nodes) return nodes.error();
    for (const NodeId node : *nodes) standings.push_back({loaded->graph.node(node), field.hops(node)});
  }
  return answer_of(options, standings, loaded->meta);
}

// -- tier by tier -------------------------------------------------------------------------------------------------

/// The tiers that there are; the last class are accounts without a tier.
struct TierPairs {
  std::vector<queries::Tier> tiers;
  std::vector<std::uint64_t> accounts;             ///< by class
  std::vector<std::vector<std::uint64_t>> counts;  ///< by target tier, by class
};

TierPairs count_pairs(const LoadedGraph& loaded, const queries::Tiers& tiers) {
  TierPairs found;
  std::map<queries::Tier, std::uint8_t> classes;
  for (const queries::Tier tier : tiers.tier) classes.emplace(tier, 0);
  for (auto& [tier, number] : classes) {
    number = static_cast<std::uint8_t>(found.tiers.size());
    found.tiers.push_back(tier);
  }
  std::vector<std::uint8_t> class_of(loaded.graph.node_count(), queries::kNoClass);
  found.accounts.assign(found.tiers.size(), 0);
  for (const NodeId account : queries::population(loaded.graph, {})) {
    class_of[account] = classes.at(tiers.tier[account]);
    ++found.accounts[class_of[account]];
  }
  std::vector<std::vector<NodeId>> sets(found.tiers.size());
  for (NodeId n = 0; n < loaded.graph.node_count(); ++n) sets[classes.at(tiers.tier[n])].push_back(n);
  if (found.tiers.back() == queries::kNoTier) sets.pop_back();
  found.counts = queries::exposure_counts(loaded.graph, class_of, found.tiers.size(), sets);
  return found;
}

std::string name_of(queries::Tier tier) {
  return tier == queries::kNoTier ? "no tier" : fmt::format("tier {}", tier);
}

Result<int> run_tiers(const Options& options, const LoadedGraph& loaded) {
  const Result<TieredDirectory> tiered = TieredDirectory::assign(loaded, options.rules);
  if (!tiered) return tiered.error();
  const TierPairs pairs = count_pairs(loaded, tiered->tiers);
  const bool is_json = options.format == "json";
  JsonWriter json;
  begin_answer(json, "exposure");
  write_coverage(json, loaded.meta);
  json.key("tier_pairs").begin_array();
  for (std::size_t target = 0; target < pairs.counts.size(); ++target) {
    for (std::size_t source = target + 1; source < pairs.tiers.size(); ++source) {
      if (pairs.accounts[source] == 0) continue;
      json.begin_object();
      json.key("from");
      pairs.tiers[source] == queries::kNoTier ? json.null() : json.number(std::uint32_t{pairs.tiers[source]});
      json.key("to").number(std::uint32_t{pairs.tiers[target]});
      json.key("population").number(pairs.accounts[source]);
      json.key("exposed").number(pairs.counts[target][source]);
      json.end_object();
      if (is_json) continue;
      print(fmt::format("{} of {} accounts in {} reach {}\n", pairs.counts[target][source],
                        pairs.accounts[source], name_of(pairs.tiers[source]), name_of(pairs.tiers[target])));
    }
  }
  json.end_array();
  json.end_object();
  print(is_json ? json.take() + "\n" : coverage_text(loaded.meta));
  return exit_for(loaded.meta);
}

// -- what falls ---------------------------------------------------------------------------------------------------

/// One name a line; what follows `#` is a comment. Errors: NoInput; Config naming the line of one that is not in the snapshot.
Result<std::vector<NodeId>> read_sources(const LoadedGraph& loaded, const std::string& path) {
  std::ifstream in(path);
  if (!in) return Error{ErrorCode::NoInput, "cannot open", path};
  std::vector<NodeId> sources;
  std::size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    line.resize(std::min(line.size(), line.find('#')));
    const std::size_t first = line.find_first_not_of(" \t\r");
    if (first == std::string::npos) continue;
    const std::string name = line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
    const auto found = queries::resolve(loaded.snapshot, loaded.graph, name);
    if (!found)
      return Error{ErrorCode::Config, fmt::format("line {}: {}", number, found.error().message), path};
    sources.insert(sources.end(), found->begin(), found->end());
  }
  if (sources.empty()) return Error{ErrorCode::Config, "names nothing", path};
  return sources;
}

struct Fallen {
  NodeId node = graph::kNoNode;
  std::uint32_t hops = 0;
};

// Tier Zero first, then the nearest.
std::vector<Fallen> find_fallen(const LoadedGraph& loaded, const std::vector<NodeId>& sources) {
  const std::vector<std::uint32_t> hops = queries::blast_radius(loaded.graph, sources);
  std::vector<Fallen> fallen;
  for (NodeId n = 0; n < loaded.graph.node_count(); ++n) {
    if (hops[n] != 0 && hops[n] != queries::kUnreachable) fallen.push_back({n, hops[n]});
  }
  std::sort(fallen.begin(), fallen.end(), [&](const Fallen& a, const Fallen& b) {
    const auto key = [&](const Fallen& one) {
      const graph::Node& node = loaded.graph.node(one.node);
      return std::tuple(node.tier != 0, one.hops, std::string_view(node.name), std::string_view(node.id));
    };
    return key(a) < key(b);
  });
  return fallen;
}

Result<int> run_sources(const Options& options, const LoadedGraph& loaded) {
  auto sources = queries::resolve_all(loaded.snapshot, loaded.graph, options.from);
  if (!sources) return sources.error();
  if (!options.from_file.empty()) {
    const auto more = read_sources(loaded, options.from_file);
    if (!more) return more.error();
    sources->insert(sources->end(), more->begin(), more->end());
    std::sort(sources->begin(), sources->end());
    sources->erase(std::unique(sources->begin(), sources->end()), sources->end());
  }
  const std::vector<Fallen> fallen = find_fallen(loaded, *sources);
  std::map<std::uint32_t, std::uint64_t> by_hops;
  std::map<std::string_view, std::uint64_t> by_kind;
  std::uint64_t in_zero = 0;
  for (const Fallen& one : fallen) {
    ++by_hops[one.hops];
    ++by_kind[knowledge::name_of(loaded.graph.node(one.node).kind)];
    if (loaded.graph.node(one.node).tier == 0) ++in_zero;
  }
  if (options.format == "json") {
    JsonWriter json;
    begin_answer(json, "exposure");
    write_coverage(json, loaded.meta);
    write_nodes(json, "sources", loaded.graph, *sources);
    json.key("tier_zero_fallen").number(in_zero);
    json.key("by_hops").begin_object();
    for (const auto& [hops, count] : by_hops) json.key(std::to_string(hops)).number(count);
    json.end_object();
    json.key("by_kind").begin_object();
    for (const auto& [kind, count] : by_kind) json.key(kind).number(count);
    json.end_object();
    json.key("fallen").begin_array();
    for (const Fallen& one : fallen) {
      json.begin_object();
      write_node_fields(json, loaded.graph.node(one.node));
      json.key("hops").number(one.hops);
      json.end_object();
    }
    json.end_array();
    json.end_object();
    print(json.take() + "\n");
  } else {
    print(fmt::format("{} principals and objects fall, {} of them in Tier Zero.\n", fallen.size(), in_zero));
    for (const auto& [hops, count] : by_hops) {
      print(fmt::format("  in {:>2} {}: {}\n", hops, hops == 1 ? "hop " : "hops", count));
    }
    for (const Fallen& one : fallen) {
      const graph::Node& node = loaded.graph.node(one.node);
      print(fmt::format("{:>3}  {}{}\n", one.hops, label(loaded.snapshot, node),
                        node.tier == 0 ? "  (Tier Zero)" : ""));
    }
    print(coverage_text(loaded.meta));
  }
  return exit_for(loaded.meta);
}

Result<int> run(const Options& options) {
  if (!options.of.empty()) return run_principals(options);
  const Result<LoadedGraph> loaded = LoadedGraph::open(options.path);
  if (!loaded) return loaded.error();
  if (options.tiers) return run_tiers(options, *loaded);
  if (!options.from.empty() || !options.from_file.empty()) return run_sources(options, *loaded);
  return run_targets(options, *loaded);
}

}  // namespace

Action declare_exposure(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("SNAP", options->path, "the snapshot")->required();
  auto* const to = app.add_option("--to", options->to, "the targets (repeatable); default: tier0");
  auto* const each = app.add_flag("--each", options->each, "how many reach each target by itself");
  auto* const tiers = app.add_flag("--tiers", options->tiers, "how many of each tier reach each higher one");
  app.add_option("--rules", options->rules, "with --tiers: the rules of the organisation, a TOML file")
      ->needs(tiers);
  auto* const from = app.add_option("--from", options->from, "what falls when these are taken (repeatable)");
  auto* const file =
      app.add_option("--from-file", options->from_file, "the same, names in a file, one a line");
  auto* const of = app.add_option("--of", options->of, "whether these can reach Tier Zero (repeatable)");
  for (auto* const other : {to, each, tiers, from, file}) of->excludes(other);
  for (auto* const source : {from, file}) source->excludes(to)->excludes(each)->excludes(tiers);
  tiers->excludes(to)->excludes(each);
  add_format(app, options->format, {"text", "json"});
  return [options] { return run(*options); };
}

}  // namespace tierline::viewer::cli
