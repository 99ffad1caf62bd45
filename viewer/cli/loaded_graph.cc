#include "viewer/cli/loaded_graph.h"

#include <fmt/format.h>

#include "core/base/text.h"
#include "queries/principals.h"

namespace tierline::viewer::cli {

Result<LoadedGraph> LoadedGraph::open(const std::string& path) {
  Result<snapshot::Snapshot> opened = snapshot::Snapshot::open(path);
  if (!opened) return std::move(opened).error();
  derive::Derived derived = derive::derive(*opened);
  return LoadedGraph{std::move(*opened), std::move(derived.graph), std::move(derived.meta)};
}

Result<std::vector<graph::NodeId>> LoadedGraph::targets(const std::vector<std::string>& named) const {
  if (!named.empty()) return queries::resolve_all(snapshot, graph, named);
  std::vector<graph::NodeId> tier_zero = queries::tier_zero(graph);
  if (tier_zero.empty()) {
    return Error{ErrorCode::Incomplete, "holds no Tier Zero object, so who can reach it is unknown",
                 snapshot.path()};
  }
  return tier_zero;
}

std::string coverage_text(const snapshot::Meta& meta) {
  std::string text;
  for (const snapshot::Area& area : meta.coverage) {
    if (!area.is_partial()) continue;
    text += fmt::format("not fully read: {}{}{}: {} missing ({})\n", visible(area.area),
                        area.domain.empty() ? "" : " of ", visible(area.domain), area.missing,
                        visible(area.reason));
  }
  return text;
}

}  // namespace tierline::viewer::cli
