#include "queries/cuts.h"

#include <algorithm>
#include <numeric>
#include <optional>

namespace tierline::queries {

using graph::Arc;
using graph::ArcId;
using graph::NodeId;
using graph::Vertex;

Cuts::Cuts(const SearchSpace& space)
    : space_(space),
      arcs_into_(space.digraph()),
      tree_(space.digraph(), arcs_into_, SearchSpace::kRoot),
      weight_(space.digraph().vertex_count(), 0) {
  for (const Vertex v : space.entrances()) ++weight_[v];
  sum_ = tree_.sums(weight_);
  walk_.reserve(space.entrances().size());
  for (std::uint32_t i = 0; i < space.entrances().size(); ++i) {
    walk_.emplace_back(tree_.enter(space.entrances()[i]), i);
  }
  std::sort(walk_.begin(), walk_.end());
}

std::vector<Cut> Cuts::rank(Parts parts, std::size_t limit, bool counts_itself,
                            const std::function<bool(std::uint64_t, std::uint64_t)>& before) const {
  std::stable_sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) { return a.id < b.id; });
  std::vector<Ranked> found;
  std::vector<std::uint64_t> sure;
  for (std::size_t first = 0, last = 0; first < parts.size(); first = last) {
    while (last < parts.size() && parts[last].id == parts[first].id) ++last;
    const std::uint64_t most = bound(Places(parts).subspan(first, last - first), counts_itself);
    if (most == 0) continue;
    found.push_back({parts[first].id, most, first, last});
    if (last - first == 1) sure.push_back(most);
  }
  // What cannot be among the first is not put in order.
  if (limit != 0 && sure.size() > limit) {
    std::nth_element(sure.begin(), sure.begin() + static_cast<std::ptrdiff_t>(limit), sure.end(),
                     std::greater<>());
    const std::uint64_t least = sure[limit];
    std::erase_if(found, [&](const Ranked& one) { return one.cut_off < least; });
  }
  const auto more = [&](const Ranked& a, const Ranked& b) {
    return a.cut_off != b.cut_off ? a.cut_off > b.cut_off : before(a.id, b.id);
  };
  std::sort(found.begin(), found.end(), more);
  settle_bounds(found, parts, counts_itself, limit);
  std::sort(found.begin(), found.end(), more);
  std::erase_if(found, [](const Ranked& one) { return one.cut_off == 0; });
  if (limit != 0 && found.size() > limit) found.resize(limit);
  std::vector<Cut> cuts;
  std::vector<std::uint32_t> next(walk_.size() + 1);
  std::iota(next.begin(), next.end(), 0u);
  for (const Ranked& one : found) {
    const Places places = Places(parts).subspan(one.first, one.last - one.first);
    cuts.push_back({one.id, one.cut_off, take_uncovered(places, counts_itself, next)});
  }
  return cuts;
}

Cuts::Parts Cuts::nodes() const {
  Parts parts;
  for (Vertex v = 1; v < space_.digraph().vertex_count(); ++v) {
    if (space_.node(v) != graph::kNoNode) parts.push_back({space_.node(v), {.vertex = v}});
  }
  return parts;
}

Cuts::Parts Cuts::facts() const {
  Parts parts;
  for (Vertex v = 1; v < space_.digraph().vertex_count(); ++v) {
    if (space_.fact(v) != facts::kNoFact) parts.push_back({space_.fact(v), {.vertex = v}});
  }
  return parts;
}

// What an edge cuts off is mostly what is behind the one vertex that it leads to, if every way there takes it last. One that
// leads to several vertices, as it stands at several of its target, has to be looked at whole.
Cuts::Parts Cuts::edges(const graph::AttackGraph& graph) const {
  const graph::Digraph& digraph = space_.digraph();
  Parts parts;
  std::vector<std::uint8_t> stands(graph.node_count(), 0);
  for (Vertex v = 1; v < digraph.vertex_count(); ++v) {
    if (space_.node(v) != graph::kNoNode && stands[space_.node(v)] < 2) ++stands[space_.node(v)];
  }
  Parts often;
  for (Vertex v = 1; v < digraph.vertex_count(); ++v) {
    const NodeId node = space_.node(v);
    if (node == graph::kNoNode) continue;
    add_edge_into(v, graph, parts);
    if (stands[node] < 2) continue;
    for (Arc arc = digraph.first[v]; arc < digraph.first[v + 1]; ++arc) {
      const ArcId stored = space_.stored_arc(arc);
      if (stored != graph::kNoArcId && graph.tail(stored) != node)
        often.push_back({graph.edge_to(stored, node), {.arc = arc}});
    }
  }
  std::stable_sort(often.begin(), often.end(), [](const Part& a, const Part& b) { return a.id < b.id; });
  for (std::size_t first = 0, last = 0; first < often.size(); first = last) {
    bool leads_elsewhere = false;
    for (; last < often.size() && often[last].id == often[first].id; ++last)
      leads_elsewhere = leads_elsewhere || top(often[last].place) != top(often[first].place);
    if (leads_elsewhere) parts.insert(parts.end(), &often[first], &often[first] + (last - first));
  }
  return parts;
}

// The edge that every way to `v` takes last, if there is one.
void Cuts::add_edge_into(Vertex v, const graph::AttackGraph& graph, Parts& parts) const {
  struct Origin {
    ArcId arc;
    NodeId target;
    bool operator==(const Origin&) const = default;
  };
  std::optional<Origin> only;
  // Whether the origin is the same as that of all before.
  const auto take = [&](const Origin& origin) {
    if (!only) only = origin;
    return *only == origin;
  };
  const auto counts = [&](Vertex tail) { return tree_.is_reached(tail) && !tree_.dominates(v, tail); };
  for (const graph::ArcsInto::Into& into : arcs_into_[v]) {
    if (!counts(into.tail)) continue;
    const ArcId arc = space_.stored_arc(into.arc);
    if (arc == graph::kNoArcId) return;
    if (!space_.is_group(into.tail)) {
      if (!take({arc, space_.node(into.tail)})) return;
      continue;
    }
    for (const graph::ArcsInto::Into& member : arcs_into_[into.tail]) {
      if (counts(member.tail) && !take({arc, space_.node(member.tail)})) return;
    }
  }
  if (!only || only->target == graph::kNoNode || only->target == graph.tail(only->arc)) return;
  parts.push_back({graph.edge_to(only->arc, only->target), {.vertex = v}});
}

Vertex Cuts::top(const Place& place) const {
  return place.arc == graph::kNoArc ? place.vertex : space_.digraph().head[place.arc];
}

// How many a part cuts off; of one in several places, how many at most.
std::uint64_t Cuts::bound(Places places, bool counts_itself) const {
  if (places.size() == 1) {
    const Vertex v = top(places[0].place);
    if (places[0].place.arc != graph::kNoArc && tree_.bridge_to(v, arcs_into_) != places[0].place.arc)
      return 0;
    return sum_[v] - (counts_itself ? 0 : weight_[v]);
  }
  Vertex common = top(places[0].place);
  for (const Part& part : places.subspan(1)) common = tree_.common(common, top(part.place));
  std::uint64_t most = sum_[common];
  if (shortest_ways_[0].last.empty()) find_shortest_ways();
  for (const ShortestWays& ways : shortest_ways_) {
    std::uint64_t count = 0;
    for (const auto& [first, last] : behind(ways, places)) count += ways.count[last] - ways.count[first];
    most = std::min(most, count);
  }
  return most;
}

void Cuts::find_shortest_ways() const {
  const graph::Digraph& digraph = space_.digraph();
  is_lost_.assign(digraph.vertex_count(), false);
  std::vector<std::uint32_t> level(digraph.vertex_count(), queries::kUnreachable);
  std::vector<Vertex> queue = {SearchSpace::kRoot};
  level[SearchSpace::kRoot] = 0;
  for (ShortestWays& ways : shortest_ways_) ways.last.assign(digraph.vertex_count(), graph::kNoArc);
  for (std::size_t next = 0; next < queue.size(); ++next) {
    for (Arc arc = digraph.first[queue[next]]; arc < digraph.first[queue[next] + 1]; ++arc) {
      const Vertex head = digraph.head[arc];
      if (level[head] == queries::kUnreachable) {
        level[head] = level[queue[next]] + 1;
        queue.push_back(head);
        shortest_ways_[0].last[head] = arc;
      }
      if (level[head] == level[queue[next]] + 1) shortest_ways_[1].last[head] = arc;
    }
  }
  for (ShortestWays& ways : shortest_ways_) number(ways, queue);
}

// Sizes from the leaves up, then places from the root down.
void Cuts::number(ShortestWays& ways, const std::vector<Vertex>& by_level) const {
  const std::size_t count = space_.digraph().vertex_count();
  std::vector<Vertex> before(count, SearchSpace::kRoot);
  for (const Vertex v : by_level) {
    if (v != SearchSpace::kRoot) before[v] = space_.digraph().tail(ways.last[v]);
  }
  std::vector<std::uint32_t> size(count, 1);
  for (std::size_t i = by_level.size(); i-- > 1;) size[before[by_level[i]]] += size[by_level[i]];
  std::vector<std::uint32_t> next(count, 0);
  ways.order.resize(by_level.size());
  ways.enter.assign(count, 0);
  ways.leave.assign(count, 0);
  for (const Vertex v : by_level) {
    ways.enter[v] = next[before[v]];
    ways.leave[v] = ways.enter[v] + size[v];
    next[before[v]] = ways.leave[v];
    next[v] = ways.enter[v] + 1;
    ways.order[ways.enter[v]] = v;
  }
  ways.count.assign(1, 0);
  for (const Vertex v : ways.order) ways.count.push_back(ways.count.back() + weight_[v]);
}

// What has its way past one of the places: parts of the walk, none of which overlap.
std::vector<Cuts::Range> Cuts::behind(const ShortestWays& ways, Places places) const {
  std::vector<Range> ranges;
  for (const Part& part : places) {
    const Vertex v = top(part.place);
    if (part.place.arc == graph::kNoArc || ways.last[v] == part.place.arc)
      ranges.emplace_back(ways.enter[v], ways.leave[v]);
  }
  std::sort(ranges.begin(), ranges.end());
  // Of two, one holds the other or they have nothing in common.
  std::uint32_t end = 0;
  std::erase_if(ranges, [&](const Range& range) {
    if (range.second <= end) return true;
    end = range.second;
    return false;
  });
  return ranges;
}

// What stands in several places was ranked by a bound; its true number is counted as long as it could be listed.
void Cuts::settle_bounds(std::vector<Ranked>& found, const Parts& parts, bool counts_itself,
                         std::size_t limit) const {
  std::vector<std::uint64_t> best;
  for (Ranked& one : found) {
    const Places places = Places(parts).subspan(one.first, one.last - one.first);
    const bool is_full = limit != 0 && best.size() >= limit;
    if (is_full && one.cut_off < best[limit - 1]) {
      if (places.size() > 1) one.cut_off = 0;
      continue;
    }
    if (places.size() > 1) one.cut_off = count_cut_off(places, counts_itself);
    if (limit == 0) continue;
    best.insert(std::upper_bound(best.begin(), best.end(), one.cut_off, std::greater<>()), one.cut_off);
  }
}

// The vertices that a part in several places cuts off, these places included. Only what has its way past one of them need be
// looked at: of that, what an arc leads to from elsewhere is found again, and what can be reached from there.
std::vector<Vertex> Cuts::cut_off(Places places) const {
  const graph::Digraph& digraph = space_.digraph();
  const ShortestWays* fewest = nullptr;
  std::vector<Range> ranges;
  std::size_t least = 0;
  for (const ShortestWays& ways : shortest_ways_) {
    std::vector<Range> found = behind(ways, places);
    std::size_t count = 0;
    for (const auto& [first, last] : found) count += last - first;
    if (fewest != nullptr && count >= least) continue;
    fewest = &ways;
    ranges = std::move(found);
    least = count;
  }
  std::vector<Vertex> lost;
  for (const auto& [first, last] : ranges)
    lost.insert(lost.end(), &fewest->order[first], &fewest->order[first] + (last - first));
  std::vector<Vertex> taken;
  std::vector<Arc> closed;
  for (const Part& part : places) {
    if (part.place.vertex != graph::kNoVertex) taken.push_back(part.place.vertex);
    if (part.place.arc != graph::kNoArc) closed.push_back(part.place.arc);
  }
  std::sort(taken.begin(), taken.end());
  std::sort(closed.begin(), closed.end());
  for (const Vertex v : lost) is_lost_[v] = true;
  const auto is_closed = [&](Arc arc) { return std::binary_search(closed.begin(), closed.end(), arc); };
  std::vector<Vertex> queue;
  const auto find = [&](Vertex v) {
    if (std::binary_search(taken.begin(), taken.end(), v)) return;
    is_lost_[v] = false;
    queue.push_back(v);
  };
  for (const Vertex v : lost) {
    const auto arcs = arcs_into_[v];
    const bool is_found = std::any_of(arcs.begin(), arcs.end(), [&](const graph::ArcsInto::Into& into) {
      return !is_lost_[into.tail] && !is_closed(into.arc);
    });
    if (is_lost_[v] && is_found) find(v);
  }
  for (std::size_t next = 0; next < queue.size(); ++next) {
    for (Arc arc = digraph.first[queue[next]]; arc < digraph.first[queue[next] + 1]; ++arc) {
      if (is_lost_[digraph.head[arc]] && !is_closed(arc)) find(digraph.head[arc]);
    }
  }
  std::erase_if(lost, [&](Vertex v) { return !is_lost_[v]; });
  for (const Vertex v : lost) is_lost_[v] = false;
  return lost;
}

std::uint64_t Cuts::count_cut_off(Places places, bool counts_itself) const {
  std::uint64_t count = 0;
  for (const Vertex v : cut_off(places)) count += weight_[v];
  if (counts_itself) return count;
  for (const Part& part : places) {
    if (part.place.arc == graph::kNoArc) count -= weight_[part.place.vertex];
  }
  return count;
}

// How many principals that nothing has taken yet a part cuts off; they are then taken. `next` leads from a place in the walk to
// one that is not taken, over those in between in few steps (Tarjan 1975).
std::uint64_t Cuts::take_uncovered(Places places, bool counts_itself,
                                   std::vector<std::uint32_t>& next) const {
  const auto find = [&](std::size_t at) {
    while (next[at] != at) {
      next[at] = next[next[at]];
      at = next[at];
    }
    return at;
  };
  const auto stands_there = [&](std::size_t principal) {
    return std::any_of(places.begin(), places.end(),
                       [&](const Part& part) { return part.place.vertex == space_.entrances()[principal]; });
  };
  std::uint64_t taken = 0;
  const auto take = [&](std::uint32_t first, std::uint32_t last) {
    const auto begin = std::lower_bound(walk_.begin(), walk_.end(), std::pair(first, std::uint32_t{0}));
    for (std::size_t at = find(static_cast<std::size_t>(begin - walk_.begin()));
         at < walk_.size() && walk_[at].first < last; at = find(at + 1)) {
      if (!counts_itself && stands_there(walk_[at].second)) continue;
      next[at] = static_cast<std::uint32_t>(at + 1);
      ++taken;
    }
  };
  if (places.size() == 1) {
    const Vertex above = top(places[0].place);
    take(tree_.enter(above), tree_.leave(above));
  } else {
    for (const Vertex v : cut_off(places)) take(tree_.enter(v), tree_.enter(v) + 1);
  }
  return taken;
}

}  // namespace tierline::queries
