#include "queries/cuts.h"

#include <algorithm>
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
  std::vector<bool> covered(space_.entrances().size(), false);
  for (const Ranked& one : found) {
    Cut& cut = cuts.emplace_back(Cut{one.id, one.cut_off, 0});
    for (const std::size_t principal :
         behind(Places(parts).subspan(one.first, one.last - one.first), counts_itself)) {
      if (!covered[principal]) ++cut.more;
      covered[principal] = true;
    }
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
    std::uint64_t behind = 0;
    for (const Part& part : places) {
      const Vertex v = top(part.place);
      if (part.place.arc == graph::kNoArc || ways.last[v] == part.place.arc) behind += ways.behind[v];
    }
    most = std::min(most, behind);
  }
  return most;
}

void Cuts::find_shortest_ways() const {
  const graph::Digraph& digraph = space_.digraph();
  std::vector<std::uint32_t> level(digraph.vertex_count(), queries::kUnreachable);
  std::vector<Vertex> queue = {SearchSpace::kRoot};
  level[SearchSpace::kRoot] = 0;
  for (ShortestWays& ways : shortest_ways_) {
    ways.last.assign(digraph.vertex_count(), graph::kNoArc);
    ways.behind = weight_;
  }
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
  for (ShortestWays& ways : shortest_ways_) {
    for (std::size_t i = queue.size(); i-- > 1;)
      ways.behind[digraph.tail(ways.last[queue[i]])] += ways.behind[queue[i]];
  }
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
    if (places.size() > 1) one.cut_off = behind(places, counts_itself).size();
    best.insert(std::upper_bound(best.begin(), best.end(), one.cut_off, std::greater<>()), one.cut_off);
  }
}

// The principals, by their places in the space's list, that a part cuts off.
std::vector<std::size_t> Cuts::behind(Places places, bool counts_itself) const {
  std::vector<std::size_t> cut;
  const std::vector<Vertex>& entrances = space_.entrances();
  const auto stands_there = [&](std::size_t principal) {
    return std::any_of(places.begin(), places.end(), [&](const Part& part) {
      return part.place.arc == graph::kNoArc &&
             space_.node(part.place.vertex) == space_.principals()[principal];
    });
  };
  if (places.size() == 1) {
    const Vertex above = top(places[0].place);
    auto at = std::lower_bound(walk_.begin(), walk_.end(), std::pair(tree_.enter(above), std::uint32_t{0}));
    for (; at != walk_.end() && at->first < tree_.leave(above); ++at) {
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

std::vector<bool> Cuts::reached_without(Places places) const {
  const graph::Digraph& digraph = space_.digraph();
  std::vector<bool> seen(digraph.vertex_count(), false);
  std::vector<Arc> closed;
  for (const Part& part : places) {
    if (part.place.vertex != graph::kNoVertex) seen[part.place.vertex] = true;
    if (part.place.arc != graph::kNoArc) closed.push_back(part.place.arc);
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
  for (const Part& part : places) {
    if (part.place.vertex != graph::kNoVertex) seen[part.place.vertex] = false;
  }
  return seen;
}

}  // namespace tierline::queries
