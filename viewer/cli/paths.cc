// paths SNAP: shortest attack paths, by default from every enabled account outside Tier Zero to Tier Zero.

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "core/base/text.h"
#include "core/knowledge/edge_kinds.h"
#include "queries/attack_paths.h"
#include "queries/path_filter.h"
#include "queries/principals.h"
#include "viewer/cli/commands.h"
#include "viewer/cli/loaded_graph.h"
#include "viewer/export/graph_json.h"

namespace tierline::viewer::cli {
namespace {

using queries::AttackPaths;

struct Options {
  std::string path;
  std::vector<std::string> from;
  std::vector<std::string> to;
  std::size_t per_source = 1;
  std::size_t limit = 100;
  std::string weight = "hops";
  std::vector<std::string> kinds;
  std::vector<std::string> without_kinds;
  queries::PathFilter filter;
  std::vector<unsigned> tiers;
  std::string rules;
  std::string format;
};

std::string path_text(const graph::AttackGraph& graph, const queries::FoundPath& path) {
  std::string text = visible(graph.node(path.from).name);
  for (const graph::EdgeId e : path.edges) {
    const graph::Edge& edge = graph.edge(e);
    text += fmt::format("\n    -[{}]-> {}", knowledge::info_of(edge.kind).name,
                        visible(graph.node(edge.target).name));
  }
  return text;
}

void print_text(const LoadedGraph& loaded, const std::vector<graph::NodeId>& at_target,
                const AttackPaths& answer, bool by_cost) {
  for (const graph::NodeId n : at_target) {
    print(fmt::format("{} is itself a target.\n", visible(loaded.graph.node(n).name)));
  }
  for (const queries::FoundPath& path : answer.paths) {
    print(fmt::format("{} {}{}  {}\n\n", path.edges.size(), path.edges.size() == 1 ? "hop " : "hops",
                      by_cost ? fmt::format(", cost {}", path.length) : "", path_text(loaded.graph, path)));
  }
  print(fmt::format("{} {} a path; {} {} shown.\n", answer.sources_with_path,
                    answer.sources_with_path == 1 ? "principal has" : "principals have", answer.paths.size(),
                    answer.paths.size() == 1 ? "path" : "paths"));
}

void print_json(const LoadedGraph& loaded, const std::vector<graph::NodeId>& targets,
                const std::vector<graph::NodeId>& at_target, const AttackPaths& answer, bool by_cost) {
  const EdgeWriter writer(loaded.snapshot, loaded.graph);
  JsonWriter json;
  begin_answer(json, "paths");
  write_coverage(json, loaded.meta);
  write_nodes(json, "targets", loaded.graph, targets);
  write_nodes(json, "sources_at_target", loaded.graph, at_target);
  json.key("sources_with_path").number(answer.sources_with_path);
  json.key("search_complete").boolean(answer.complete);
  json.key("paths").begin_array();
  for (const queries::FoundPath& path : answer.paths) {
    json.begin_object();
    if (by_cost) json.key("cost").number(path.length);
    write_path_fields(json, loaded.graph, writer, path.from, path.edges);
    json.end_object();
  }
  json.end_array().end_object();
  print(json.take() + "\n");
}

// Errors: Usage for what is no kind of edge.
Result<std::set<knowledge::EdgeKind>> kinds_of(const std::vector<std::string>& names) {
  std::set<knowledge::EdgeKind> kinds;
  for (const std::string& name : names) {
    const knowledge::EdgeKindInfo* const info = knowledge::find_edge_kind(name);
    if (info == nullptr) return Error{ErrorCode::Usage, "no such kind of edge: '" + visible(name) + "'"};
    kinds.insert(info->kind);
  }
  return kinds;
}

Result<std::vector<bool>> allowed_by(const Options& options, const LoadedGraph& loaded) {
  queries::PathFilter filter = options.filter;
  for (const auto& [names, kinds] :
       {std::pair(&options.kinds, &filter.kinds), std::pair(&options.without_kinds, &filter.without_kinds)}) {
    auto found = kinds_of(*names);
    if (!found) return found.error();
    *kinds = *std::move(found);
  }
  std::optional<TieredDirectory> tiered;
  if (!options.tiers.empty()) {
    auto assigned = TieredDirectory::assign(loaded, options.rules);
    if (!assigned) return std::move(assigned).error();
    tiered = *std::move(assigned);
    filter.tiers = &tiered->tiers;
    filter.tiers_passed.insert(options.tiers.begin(), options.tiers.end());
  }
  if (filter.is_empty()) return std::vector<bool>();
  return queries::allowed_edges(loaded.snapshot, loaded.graph, filter);
}

Result<int> run(const Options& options) {
  Result<LoadedGraph> loaded = LoadedGraph::open(options.path);
  if (!loaded) return std::move(loaded).error();
  const auto targets = loaded->targets(options.to);
  if (!targets) return targets.error();
  std::vector<graph::NodeId> sources = queries::population(loaded->graph, *targets);
  if (!options.from.empty()) {
    auto named = queries::resolve_all(loaded->snapshot, loaded->graph, options.from);
    if (!named) return std::move(named).error();
    sources = std::move(*named);
  }
  std::vector<graph::NodeId> at_target;
  std::set_intersection(sources.begin(), sources.end(), targets->begin(), targets->end(),
                        std::back_inserter(at_target));
  const Result<std::vector<bool>> allowed = allowed_by(options, *loaded);
  if (!allowed) return allowed.error();
  const bool by_cost = options.weight == "cost";
  const AttackPaths answer =
      queries::find_paths(loaded->graph, sources, *targets, options.per_source, options.limit,
                          {.by_cost = by_cost, .allowed = allowed->empty() ? nullptr : &*allowed});
  if (options.format == "json") {
    print_json(*loaded, *targets, at_target, answer, by_cost);
  } else {
    print_text(*loaded, at_target, answer, by_cost);
    print(coverage_text(loaded->meta));
  }
  return exit_for(loaded->meta);
}

}  // namespace

Action declare_paths(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("SNAP", options->path, "the snapshot")->required();
  app.add_option(
      "--from", options->from,
      "start here (repeatable); default: every account outside the targets that is not known to be disabled");
  app.add_option("--to", options->to, "end here (repeatable); default: tier0");
  app.add_option("-k", options->per_source, "distinct paths for each source")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1000}))
      ->capture_default_str();
  app.add_option("--limit", options->limit, "paths in all, 0 for no limit")
      ->check(CLI::Range(std::size_t{0}, std::size_t{1000000000}))
      ->capture_default_str();
  app.add_option("--weight", options->weight, "what makes a path short: hops, or cost for the intruder")
      ->check(CLI::IsMember({"hops", "cost"}))
      ->capture_default_str();
  app.add_option("--kind", options->kinds, "only edges of this kind (repeatable)");
  app.add_option("--without-kind", options->without_kinds, "no edges of this kind (repeatable)");
  app.add_option("--domain", options->filter.domains, "only inside this domain (repeatable)");
  app.add_option("--os", options->filter.operating_system,
                 "only computers with such an operating system: a pattern");
  CLI::Option* const tier =
      app.add_option("--tier", options->tiers, "only objects of this tier, and of none (repeatable)")
          ->check(CLI::Range(0u, unsigned{queries::kLowestTier}));
  app.add_option("--rules", options->rules, "the rules of the organisation, a TOML file")->needs(tier);
  app.add_option("--max-age", options->filter.max_age_days,
                 "only accounts that logged on in so many days before the snapshot");
  add_format(app, options->format, {"text", "json"});
  return [options] { return run(*options); };
}

}  // namespace tierline::viewer::cli
