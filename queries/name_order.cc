#include "queries/name_order.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

namespace tierline::queries {
namespace {

// Eight bytes of a text, so that numbers are in the order of the texts.
std::uint64_t bytes_at(std::string_view text, std::size_t at) {
  std::uint64_t bytes = 0;
  for (std::size_t i = at; i < at + 8; ++i)
    bytes = bytes << 8 | (i < text.size() ? static_cast<std::uint8_t>(text[i]) : 0u);
  return bytes;
}

// Of nodes in order of their ranks, those with the same one by their names, which are the same before `at`.
void sort_alike(const graph::NodeTable& nodes, std::span<RankedNode> all, std::size_t at) {
  constexpr std::size_t kFar = 64;  // few names are the same up to there
  for (std::size_t first = 0, last = 0; first < all.size(); first = last) {
    while (last < all.size() && all[last].rank == all[first].rank) ++last;
    const std::span<RankedNode> alike = all.subspan(first, last - first);
    if (alike.size() == 1) continue;
    if (at == kFar) {
      std::sort(alike.begin(), alike.end(), [&](const RankedNode& a, const RankedNode& b) {
        return std::pair(nodes.name(a.node), nodes.id(a.node)) <
               std::pair(nodes.name(b.node), nodes.id(b.node));
      });
      continue;
    }
    for (RankedNode& one : alike) one.rank = bytes_at(nodes.name(one.node), at);
    std::sort(alike.begin(), alike.end());
    sort_alike(nodes, alike, at + 8);
  }
}

}  // namespace

void sort_by_name(const graph::NodeTable& nodes, std::vector<RankedNode>& all) {
  std::sort(all.begin(), all.end());
  sort_alike(nodes, all, 0);
}

}  // namespace tierline::queries
