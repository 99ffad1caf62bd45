#include "viewer/cli/changes.h"

#include <algorithm>
#include <set>

#include "core/derive/derive.h"
#include "queries/principals.h"
#include "viewer/cli/loaded_graph.h"

namespace tierline::viewer::cli {

queries::Derive derive_again() {
  return [](const snapshot::Snapshot& snapshot) { return std::move(derive::derive(snapshot).graph); };
}

queries::Targets targets_again(const graph::AttackGraph& graph, const std::vector<graph::NodeId>& targets,
                               const std::vector<std::string>& named) {
  const bool is_tier_zero = names_tier_zero(named);
  const bool only_tier_zero = is_tier_zero && named.size() <= 1;
  std::set<std::string, std::less<>> ids;
  for (const graph::NodeId target : targets) ids.emplace(graph.node(target).id);
  return
      [is_tier_zero, only_tier_zero, ids](
          const snapshot::Snapshot&, const graph::AttackGraph& again) -> Result<std::vector<graph::NodeId>> {
        std::vector<graph::NodeId> found;
        for (graph::NodeId n = 0; n < again.node_count(); ++n) {
          const bool is_named = !only_tier_zero && ids.contains(again.node(n).id);
          if (is_named || (is_tier_zero && again.node(n).tier == 0)) found.push_back(n);
        }
        return found;
      };
}

queries::Principals principals_again(const graph::AttackGraph& graph,
                                     const std::vector<graph::NodeId>& sources) {
  std::set<std::string, std::less<>> ids;
  for (const graph::NodeId source : sources) ids.emplace(graph.node(source).id);
  return [ids](const graph::AttackGraph& again, const std::vector<graph::NodeId>& targets) {
    if (ids.empty()) return queries::population(again, targets);
    std::vector<graph::NodeId> found;
    for (graph::NodeId n = 0; n < again.node_count(); ++n) {
      const bool is_target = std::binary_search(targets.begin(), targets.end(), n);
      if (!is_target && ids.contains(again.node(n).id)) found.push_back(n);
    }
    return found;
  };
}

}  // namespace tierline::viewer::cli
