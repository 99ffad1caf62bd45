#include "viewer/cli/loaded_graph.h"

#include "core/base/text.h"
#include "queries/principals.h"

namespace tierline::viewer::cli {

Result<LoadedGraph> LoadedGraph::open(const std::string& path, derive::Rules rules) {
  Result<snapshot::Snapshot> opened = snapshot::Snapshot::open(path);
  if (!opened) return std::move(opened).error();
  derive::Derived derived = derive::derive(*opened, rules);
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

std::string label(const snapshot::Snapshot& snapshot, const graph::Node& node) {
  const bool has_dn = node.sid.count() == 0 && node.object != snapshot::kNoObject;
  return visible(has_dn ? snapshot.object(node.object).dn() : std::string_view(node.name));
}

}  // namespace tierline::viewer::cli
