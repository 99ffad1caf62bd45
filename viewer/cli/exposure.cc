// exposure SNAP: who can reach the targets, in how many hops.

#include <fmt/format.h>

#include "core/base/text.h"
#include "queries/attack_paths.h"
#include "viewer/cli/commands.h"
#include "viewer/cli/loaded_graph.h"
#include "viewer/export/graph_json.h"

namespace tierline::viewer::cli {
namespace {

struct Options {
  std::string path;
  std::vector<std::string> to;
  std::string format;
};

void print_text(const LoadedGraph& loaded, const queries::Exposure& answer) {
  print(fmt::format("{} of {} accounts that are not disabled, outside the targets, can reach them.\n",
                    answer.exposed, answer.population));
  for (const auto& [hops, count] : answer.by_hops) {
    print(fmt::format("  in {:>2} {}: {}\n", hops, hops == 1 ? "hop " : "hops", count));
  }
  for (const auto& principal : answer.principals) {
    print(fmt::format("{:>3}  {}\n", principal.hops, visible(loaded.graph.node(principal.node).name)));
  }
}

void print_json(const LoadedGraph& loaded, const std::vector<graph::NodeId>& targets,
                const queries::Exposure& answer) {
  JsonWriter json;
  begin_answer(json, "exposure");
  write_coverage(json, loaded.meta);
  write_nodes(json, "targets", loaded.graph, targets);
  write_exposure(json, loaded.graph, answer);
  json.end_object();
  print(json.take() + "\n");
}

Result<int> run(const Options& options) {
  Result<LoadedGraph> loaded = LoadedGraph::open(options.path);
  if (!loaded) return std::move(loaded).error();
  const auto targets = loaded->targets(options.to);
  if (!targets) return targets.error();
  const queries::Exposure answer = queries::find_exposure(loaded->graph, *targets);
  if (options.format == "json") {
    print_json(*loaded, *targets, answer);
  } else {
    print_text(*loaded, answer);
    print(coverage_text(loaded->meta));
  }
  return exit_for(loaded->meta);
}

}  // namespace

Action declare_exposure(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("SNAP", options->path, "the snapshot")->required();
  app.add_option("--to", options->to, "the targets (repeatable); default: tier0");
  add_format(app, options->format, {"text", "json"});
  return [options] { return run(*options); };
}

}  // namespace tierline::viewer::cli
