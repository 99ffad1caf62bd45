#include "core/graph/dominators.h"

#include <algorithm>
#include <utility>

namespace tierline::graph {
namespace {

/// Numbers the vertices in the order in which a depth-first search meets them; `order` maps back.
void number_vertices(const Digraph& graph, Vertex root, std::vector<Vertex>& order,
                     std::vector<std::uint32_t>& number, std::vector<std::uint32_t>& tree_parent) {
  number.assign(graph.vertex_count(), kNoVertex);
  std::vector<std::pair<Vertex, Arc>> stack = {{root, graph.first[root]}};
  number[root] = 0;
  order.push_back(root);
  tree_parent.push_back(0);
  while (!stack.empty()) {
    auto& [v, arc] = stack.back();
    if (arc == graph.first[v + 1]) {
      stack.pop_back();
      continue;
    }
    const Vertex next = graph.head[arc++];
    if (number[next] != kNoVertex) continue;
    tree_parent.push_back(number[v]);
    number[next] = static_cast<std::uint32_t>(order.size());
    order.push_back(next);
    stack.emplace_back(next, graph.first[next]);
  }
}

/// The forest of Lengauer and Tarjan (TOPLAS 1979, section 4) over numbers of the search: on the way from a vertex to
/// its root, the one with the least label. Paths are compressed without recursion, as they may be as long as the graph.
class Forest {
 public:
  explicit Forest(std::vector<std::uint32_t> parent)
      : ancestor_(std::move(parent)), label_(ancestor_.size()) {
    for (std::uint32_t v = 0; v < label_.size(); ++v) label_[v] = v;
  }

  void set_label(std::uint32_t v, std::uint32_t label) { label_[v] = label; }

  /// Of vertices numbered from `linked` on, which hang on their parents; others stand alone.
  std::uint32_t least(std::uint32_t v, std::uint32_t linked) {
    if (v < linked) return label_[v];
    path_.clear();
    for (std::uint32_t at = v; ancestor_[at] >= linked; at = ancestor_[at]) path_.push_back(at);
    // The topmost vertex of the path already hangs on a root; each below takes over what its ancestor knows.
    while (!path_.empty()) {
      const std::uint32_t at = path_.back();
      path_.pop_back();
      const std::uint32_t above = ancestor_[at];
      label_[at] = std::min(label_[at], label_[above]);
      ancestor_[at] = ancestor_[above];
    }
    return label_[v];
  }

 private:
  std::vector<std::uint32_t> ancestor_;
  std::vector<std::uint32_t> label_;
  std::vector<std::uint32_t> path_;
};

}  // namespace

// Semi-NCA: L. Georgiadis, "Linear-Time Algorithms for Dominators and Related Problems", 2005, section 2.3.
DominatorTree::DominatorTree(const Digraph& graph, const ArcsInto& arcs_into, Vertex root)
    : root_(root), parent_(graph.vertex_count(), kNoVertex) {
  std::vector<std::uint32_t> number;
  std::vector<std::uint32_t> above;
  number_vertices(graph, root, order_, number, above);
  const auto count = static_cast<std::uint32_t>(order_.size());
  std::vector<std::uint32_t> semidominator(count, 0);
  Forest forest(above);
  for (std::uint32_t i = count; i-- > 1;) {
    std::uint32_t least = i;
    for (const ArcsInto::Into& into : arcs_into[order_[i]]) {
      // A tail that the root does not reach is on no way to anything.
      const std::uint32_t tail = number[into.tail];
      if (tail != kNoVertex) least = std::min(least, forest.least(tail, i + 1));
    }
    semidominator[i] = least;
    forest.set_label(i, least);
  }
  std::vector<std::uint32_t> dominator = std::move(above);
  for (std::uint32_t i = 1; i < count; ++i) {
    while (dominator[i] > semidominator[i]) dominator[i] = dominator[dominator[i]];
    parent_[order_[i]] = order_[dominator[i]];
  }
  number_tree();
}

void DominatorTree::number_tree() {
  std::vector<std::uint32_t> size(parent_.size(), 0);
  for (std::size_t i = order_.size(); i-- > 0;) {
    const Vertex v = order_[i];
    ++size[v];
    if (v != root_) size[parent_[v]] += size[v];
  }
  enter_.assign(parent_.size(), 0);
  leave_.assign(parent_.size(), 0);
  std::vector<std::uint32_t> next(parent_.size(), 0);
  for (const Vertex v : order_) {
    if (v != root_) {
      enter_[v] = next[parent_[v]];
      next[parent_[v]] += size[v];
    }
    leave_[v] = enter_[v] + size[v];
    next[v] = enter_[v] + 1;
  }
}

Vertex DominatorTree::common(Vertex a, Vertex b) const {
  while (!dominates(a, b)) a = parent_[a];
  return a;
}

// All other ways into `v` come from below it, and so have taken this arc before.
Arc DominatorTree::bridge_to(Vertex v, const ArcsInto& arcs_into) const {
  Arc bridge = kNoArc;
  for (const ArcsInto::Into& into : arcs_into[v]) {
    if (!is_reached(into.tail) || dominates(v, into.tail)) continue;
    if (bridge != kNoArc || into.tail != parent_[v]) return kNoArc;
    bridge = into.arc;
  }
  return bridge;
}

std::vector<std::uint64_t> DominatorTree::sums(const std::vector<std::uint32_t>& weight) const {
  std::vector<std::uint64_t> sum(parent_.size(), 0);
  for (std::size_t i = order_.size(); i-- > 0;) {
    const Vertex v = order_[i];
    sum[v] += weight[v];
    if (v != root_) sum[parent_[v]] += sum[v];
  }
  return sum;
}

}  // namespace tierline::graph
