#include "queries/attack_paths.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "queries/principals.h"

namespace tierline::queries {

using graph::AttackGraph;
using graph::NodeId;

namespace {

/// A node among others that are equal so far, and what orders it next.
struct Sorted {
  std::uint64_t key = 0;
  NodeId node = graph::kNoNode;
  friend auto operator<=>(const Sorted&, const Sorted&) = default;
};

// Eight bytes of a text, so that numbers are in the order of the texts.
std::uint64_t bytes_at(std::string_view text, std::size_t at) {
  std::uint64_t bytes = 0;
  for (std::size_t i = at; i < at + 8; ++i)
    bytes = bytes << 8 | (i < text.size() ? static_cast<std::uint8_t>(text[i]) : 0u);
  return bytes;
}

// Of nodes in order of their keys, those with the same one by their names, which are the same before `at`, then by identifier.
// Names are read eight bytes at a time and in order of the nodes: comparing them two by two would wait for memory each time.
void sort_by_name(const graph::NodeTable& nodes, std::span<Sorted> all, std::size_t at) {
  constexpr std::size_t kFar = 64;  // few names are the same up to there
  for (std::size_t first = 0, last = 0; first < all.size(); first = last) {
    while (last < all.size() && all[last].key == all[first].key) ++last;
    const std::span<Sorted> alike = all.subspan(first, last - first);
    if (alike.size() == 1) continue;
    if (at == kFar) {
      std::sort(alike.begin(), alike.end(), [&](const Sorted& a, const Sorted& b) {
        return std::pair(nodes.name(a.node), nodes.id(a.node)) <
               std::pair(nodes.name(b.node), nodes.id(b.node));
      });
      continue;
    }
    for (Sorted& one : alike) one.key = bytes_at(nodes.name(one.node), at);
    std::sort(alike.begin(), alike.end());
    sort_by_name(nodes, alike, at + 8);
  }
}

// Those that reach a target and are none, nearest first, then by name and identifier.
std::vector<NodeId> nearest_first(const AttackGraph& graph, const DistanceField& field,
                                  const std::vector<NodeId>& nodes) {
  std::vector<Sorted> sorted;
  for (const NodeId node : nodes) {
    if (field.hops(node) != kUnreachable && !field.is_target(node))
      sorted.push_back({field.hops(node), node});
  }
  std::sort(sorted.begin(), sorted.end());
  sort_by_name(graph.nodes(), sorted, 0);
  std::vector<NodeId> found;
  found.reserve(sorted.size());
  for (const Sorted& one : sorted) found.push_back(one.node);
  return found;
}

}  // namespace

AttackPaths find_paths(const AttackGraph& graph, const std::vector<NodeId>& sources,
                       const std::vector<NodeId>& targets, std::size_t per_source, std::size_t limit,
                       SearchRules rules) {
  const DistanceField field(graph, targets, rules);
  const std::vector<NodeId> reaching = nearest_first(graph, field, sources);
  AttackPaths answer;
  answer.sources_with_path = reaching.size();
  for (const NodeId source : reaching) {
    bool complete = true;
    for (Path& path : field.paths(source, per_source, &complete)) {
      if (limit != 0 && answer.paths.size() == limit) return answer;
      const std::uint32_t length = field.length_of(path);
      answer.paths.push_back({source, std::move(path), length});
    }
    answer.complete = answer.complete && complete;
  }
  if (per_source > 1) {
    std::stable_sort(answer.paths.begin(), answer.paths.end(),
                     [](const FoundPath& a, const FoundPath& b) { return a.length < b.length; });
  }
  return answer;
}

Exposure find_exposure(const AttackGraph& graph, const std::vector<NodeId>& targets) {
  const DistanceField field(graph, targets);
  Exposure answer;
  const std::vector<NodeId> accounts = population(graph, targets);
  const std::vector<NodeId> reaching = nearest_first(graph, field, accounts);
  answer.population = accounts.size();
  answer.exposed = reaching.size();
  answer.principals.reserve(reaching.size());
  for (const NodeId node : reaching) {
    answer.principals.push_back({node, field.hops(node)});
    ++answer.by_hops[field.hops(node)];
  }
  return answer;
}

}  // namespace tierline::queries
