// tiers SNAP: which tier each object is in, and why; and of which objects the rules disagree.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "core/base/text.h"
#include "queries/tiers.h"
#include "viewer/cli/commands.h"
#include "viewer/cli/loaded_graph.h"
#include "viewer/export/graph_json.h"

namespace tierline::viewer::cli {
namespace {

using graph::NodeId;
using queries::TierRules;
using queries::Tiers;

struct Options {
  std::string path;
  std::string rules;
  std::string format;
};

std::vector<NodeId> in_order(const graph::AttackGraph& graph, const Tiers& tiers) {
  std::vector<NodeId> nodes;
  for (NodeId n = 0; n < graph.node_count(); ++n) {
    if (tiers.tier[n] != queries::kNoTier) nodes.push_back(n);
  }
  std::sort(nodes.begin(), nodes.end(), [&](NodeId a, NodeId b) {
    const auto key = [&](NodeId n) {
      return std::tuple(tiers.tier[n], graph.nodes().name(n), graph.nodes().id(n));
    };
    return key(a) < key(b);
  });
  return nodes;
}

std::size_t without_tier(const Tiers& tiers) {
  return static_cast<std::size_t>(std::count(tiers.tier.begin(), tiers.tier.end(), queries::kNoTier));
}

void print_text(const LoadedGraph& loaded, const TierRules& rules, const Tiers& tiers) {
  std::map<queries::Tier, std::size_t> counts;
  for (const NodeId n : in_order(loaded.graph, tiers)) {
    ++counts[tiers.tier[n]];
    print(fmt::format("{}  {}  {}\n", tiers.tier[n], label(loaded.snapshot, loaded.graph.node(n)),
                      visible(queries::reason_of(loaded.graph, rules, tiers, n))));
  }
  for (const auto& [tier, count] : counts) print(fmt::format("tier {}: {} objects\n", tier, count));
  print(fmt::format("no tier: {} objects\n", without_tier(tiers)));
  for (const Tiers::Conflict& conflict : tiers.conflicts) {
    print(fmt::format("rules disagree on {}:\n", label(loaded.snapshot, loaded.graph.node(conflict.node))));
    for (const std::uint32_t r : conflict.rules) {
      print(fmt::format("  tier {} by line {}: {}\n", rules.rules[r].tier, rules.rules[r].line,
                        visible(rules.rules[r].reason)));
    }
  }
}

void print_json(const LoadedGraph& loaded, const TierRules& rules, const Tiers& tiers) {
  JsonWriter json;
  begin_answer(json, "tiers");
  write_coverage(json, loaded.meta);
  json.key("accounts").number(tiers.accounts);
  json.key("accounts_in_tier_zero").number(tiers.accounts_in_zero);
  json.key("without_tier").number(std::uint64_t{without_tier(tiers)});
  json.key("objects").begin_array();
  for (const NodeId n : in_order(loaded.graph, tiers)) {
    const std::uint32_t place = tiers.rule[n];
    const bool is_rule = place < rules.rules.size();
    json.begin_object();
    json.key("node");
    write_node(json, loaded.graph, n);
    json.key("assigned_tier").number(std::uint32_t{tiers.tier[n]});
    json.key("reason").text(queries::reason_of(loaded.graph, rules, tiers, n));
    json.key("rule_line");
    is_rule ? json.number(std::uint64_t{rules.rules[place].line}) : json.null();
    json.key("application").text(is_rule ? rules.rules[place].application : "");
    json.end_object();
  }
  json.end_array();
  json.key("conflicts").begin_array();
  for (const Tiers::Conflict& conflict : tiers.conflicts) {
    json.begin_object();
    json.key("node");
    write_node(json, loaded.graph, conflict.node);
    json.key("rules").begin_array();
    for (const std::uint32_t r : conflict.rules) {
      json.begin_object();
      json.key("tier").number(std::uint32_t{rules.rules[r].tier});
      json.key("line").number(std::uint64_t{rules.rules[r].line});
      json.key("reason").text(rules.rules[r].reason);
      json.end_object();
    }
    json.end_array();
    json.end_object();
  }
  json.end_array();
  json.end_object();
  print(json.take() + "\n");
}

Result<int> run(const Options& options) {
  Result<LoadedGraph> loaded = LoadedGraph::open(options.path);
  if (!loaded) return std::move(loaded).error();
  const Result<TieredDirectory> tiered = TieredDirectory::assign(*loaded, options.rules);
  if (!tiered) return tiered.error();
  if (options.format == "json") {
    print_json(*loaded, tiered->rules, tiered->tiers);
  } else {
    print_text(*loaded, tiered->rules, tiered->tiers);
    print(coverage_text(loaded->meta));
  }
  return exit_for(loaded->meta);
}

}  // namespace

Action declare_tiers(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("SNAP", options->path, "the snapshot")->required();
  app.add_option("--rules", options->rules, "the rules of the organisation, a TOML file");
  add_format(app, options->format, {"text", "json"});
  return [options] { return run(*options); };
}

}  // namespace tierline::viewer::cli
