// derive SNAP: derives the graph and keeps it beside the snapshot, so that the questions that follow need not.

#include <fmt/format.h>

#include <memory>

#include "viewer/cli/commands.h"
#include "viewer/cli/kept_graph.h"
#include "viewer/cli/loaded_graph.h"

namespace tierline::viewer::cli {
namespace {

Result<int> run(const std::string& path) {
  const Result<LoadedGraph> loaded = LoadedGraph::derive(path);
  if (!loaded) return loaded.error();
  // Where Tier Zero says nothing, nothing is said of who can reach it.
  const auto targets = loaded->targets({});
  const Status status = KeptGraph::keep(loaded->snapshot, loaded->graph, loaded->meta.coverage,
                                        targets ? *targets : std::vector<graph::NodeId>());
  if (!status) return status.error();
  print(fmt::format("{}: {} nodes, {} edges\n", KeptGraph::path_of(path), loaded->graph.node_count(),
                    loaded->graph.edge_count()));
  note_coverage(loaded->meta);
  return exit_for(loaded->meta);
}

}  // namespace

Action declare_derive(CLI::App& app) {
  const auto path = std::make_shared<std::string>();
  app.add_option("SNAP", *path, "the snapshot")->required();
  return [path] { return run(*path); };
}

}  // namespace tierline::viewer::cli
