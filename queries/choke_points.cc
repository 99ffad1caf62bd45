#include "queries/choke_points.h"

#include <algorithm>

namespace tierline::queries {

using graph::AttackGraph;
using graph::NodeId;

ChokePoints find_choke_points(const AttackGraph& graph, const std::vector<NodeId>& principals,
                              facts::Facts* facts, const std::vector<NodeId>& targets, std::size_t limit) {
  ChokePoints found;
  {
    const SearchSpace space(graph, targets, principals);
    found.exposed = space.principals().size();
    const Cuts cuts(space);
    Cuts::Parts nodes = cuts.nodes();
    std::erase_if(nodes, [&](const Cuts::Part& part) {
      return std::binary_search(targets.begin(), targets.end(), part.id);
    });
    found.nodes = cuts.rank(std::move(nodes), limit, false, [&](std::uint64_t a, std::uint64_t b) {
      return graph.nodes().id(static_cast<NodeId>(a)) < graph.nodes().id(static_cast<NodeId>(b));
    });
    found.edges =
        cuts.rank(cuts.edges(graph), limit, true, [](std::uint64_t a, std::uint64_t b) { return a < b; });
  }
  if (facts == nullptr) return found;
  const SearchSpace space(graph, targets, principals, facts);
  const Cuts cuts(space);
  found.facts = cuts.rank(cuts.facts(), limit, true, [&](std::uint64_t a, std::uint64_t b) {
    return facts->is_before(static_cast<facts::FactId>(a), static_cast<facts::FactId>(b));
  });
  return found;
}

}  // namespace tierline::queries
