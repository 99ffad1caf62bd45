#include "queries/cuts.h"

#include <algorithm>

namespace tierline::queries {

using graph::Arc;
using graph::Vertex;

Cuts::Cuts(const SearchSpace& space)
    : space_(space),
      arcs_into_(space.digraph()),
      tree_(space.digraph(), arcs_into_, SearchSpace::kRoot),
      weight_(space.digraph().vertex_count(), 0) {
  for (const Vertex v : space.entrances()) ++weight_[v];
  sum_ = tree_.sums(weight_);
  bridges_.assign(space.digraph().vertex_count(), graph::kNoArc);
  for (const Vertex v : tree_.order()) {
    if (v != SearchSpace::kRoot) bridges_[v] = tree_.bridge_to(v, arcs_into_);
  }
  for (std::size_t i = 0; i < space.entrances().size(); ++i) {
    walk_.emplace_back(tree_.enter(space.entrances()[i]), i);
  }
  std::sort(walk_.begin(), walk_.end());
}

std::vector<Cut> Cuts::rank(const Parts& parts, std::size_t limit, bool counts_itself,
                            const std::function<bool(std::uint64_t, std::uint64_t)>& before) const {
  std::vector<Cut> found;
  for (const auto& [id, places] : parts) {
    // Of a part in several places, no more can be cut off than what lies behind them all.
    const std::uint64_t most = places.size() == 1 ? cut_off(places[0], counts_itself) : bound(places);
    if (most != 0) found.push_back({id, most, 0});
  }
  const auto more = [&](const Cut& a, const Cut& b) {
    return a.cut_off != b.cut_off ? a.cut_off > b.cut_off : before(a.id, b.id);
  };
  std::sort(found.begin(), found.end(), more);
  settle_bounds(found, parts, counts_itself, limit);
  std::sort(found.begin(), found.end(), more);
  std::erase_if(found, [](const Cut& point) { return point.cut_off == 0; });
  if (limit != 0 && found.size() > limit) found.resize(limit);
  std::vector<bool> covered(space_.entrances().size(), false);
  for (Cut& point : found) {
    for (const std::size_t principal : behind(parts.at(point.id), counts_itself)) {
      if (!covered[principal]) ++point.more;
      covered[principal] = true;
    }
  }
  return found;
}

Cuts::Parts Cuts::facts_of(const SearchSpace& space) {
  Parts parts;
  for (Vertex v = 1; v < space.digraph().vertex_count(); ++v) {
    if (space.fact(v) != facts::kNoFact) parts[space.fact(v)].push_back({.vertex = v});
  }
  return parts;
}

std::uint64_t Cuts::cut_off(const Place& place, bool counts_itself) const {
  if (place.arc != graph::kNoArc) {
    return is_bridge(place.arc) ? sum_[space_.digraph().head[place.arc]] : 0;
  }
  return sum_[place.vertex] - (counts_itself ? 0 : weight_[place.vertex]);
}

std::uint64_t Cuts::bound(const std::vector<Place>& places) const {
  Vertex common = graph::kNoVertex;
  for (const Place& place : places) {
    const Vertex v = place.arc == graph::kNoArc ? place.vertex : space_.digraph().head[place.arc];
    common = common == graph::kNoVertex ? v : tree_.common(common, v);
  }
  return sum_[common];
}

// What stands in several places was ranked by a bound; its true number is counted as long as it could be listed.
void Cuts::settle_bounds(std::vector<Cut>& found, const Parts& parts, bool counts_itself,
                         std::size_t limit) const {
  std::vector<std::uint64_t> best;
  for (Cut& point : found) {
    const bool is_full = limit != 0 && best.size() >= limit;
    if (is_full && point.cut_off < best[limit - 1]) {
      if (parts.at(point.id).size() > 1) point.cut_off = 0;
      continue;
    }
    const std::vector<Place>& places = parts.at(point.id);
    if (places.size() > 1) point.cut_off = behind(places, counts_itself).size();
    best.insert(std::upper_bound(best.begin(), best.end(), point.cut_off, std::greater<>()), point.cut_off);
  }
}

// The principals, by their places in the space's list, that a part cuts off.
std::vector<std::size_t> Cuts::behind(const std::vector<Place>& places, bool counts_itself) const {
  std::vector<std::size_t> cut;
  const std::vector<Vertex>& entrances = space_.entrances();
  const auto stands_there = [&](std::size_t principal) {
    return std::any_of(places.begin(), places.end(), [&](const Place& place) {
      return place.arc == graph::kNoArc && space_.node(place.vertex) == space_.principals()[principal];
    });
  };
  if (places.size() == 1) {
    const Place& place = places[0];
    const Vertex top = place.arc == graph::kNoArc ? place.vertex : space_.digraph().head[place.arc];
    auto at = std::lower_bound(walk_.begin(), walk_.end(), std::pair(tree_.enter(top), std::size_t{0}));
    for (; at != walk_.end() && at->first < tree_.leave(top); ++at) {
      if (counts_itself || !stands_there(at->second)) cut.push_back(at->second);
    }
    return cut;
  }
  const std::vector<bool> reached = reached_without(places);
  for (std::size_t i = 0; i < entrances.size(); ++i) {
    if (!reached[entrances[i]] && (counts_itself || !stands_there(i))) cut.push_back(i);
  }
  return cut;
}

std::vector<bool> Cuts::reached_without(const std::vector<Place>& places) const {
  const graph::Digraph& digraph = space_.digraph();
  std::vector<bool> seen(digraph.vertex_count(), false);
  std::vector<Arc> closed;
  for (const Place& place : places) {
    if (place.vertex != graph::kNoVertex) seen[place.vertex] = true;
    if (place.arc != graph::kNoArc) closed.push_back(place.arc);
  }
  std::sort(closed.begin(), closed.end());
  std::vector<Vertex> queue = {SearchSpace::kRoot};
  seen[SearchSpace::kRoot] = true;
  for (std::size_t next = 0; next < queue.size(); ++next) {
    for (Arc arc = digraph.first[queue[next]]; arc < digraph.first[queue[next] + 1]; ++arc) {
      const Vertex head = digraph.head[arc];
      if (seen[head] || std::binary_search(closed.begin(), closed.end(), arc)) continue;
      seen[head] = true;
      queue.push_back(head);
    }
  }
  for (const Place& place : places) {
    if (place.vertex != graph::kNoVertex) seen[place.vertex] = false;
  }
  return seen;
}

}  // namespace tierline::queries
