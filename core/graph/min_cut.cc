#include "core/graph/min_cut.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>

namespace tierline::graph {
namespace {

/// Each vertex is a pipe of limited width with an inlet and an outlet; arcs lead from outlets to inlets and are as wide
/// as need be. Flow goes from the outlet of the root to the outlets of the sinks.
using Port = std::uint64_t;
constexpr Port inlet(Vertex v) { return Port{v} * 2; }
constexpr Port outlet(Vertex v) { return Port{v} * 2 + 1; }
constexpr Vertex vertex_of(Port port) { return static_cast<Vertex>(port / 2); }
constexpr bool is_outlet(Port port) { return port % 2 == 1; }

constexpr std::uint64_t kEndless = ~std::uint64_t{0};

class Flow {
 public:
  Flow(const Digraph& graph, Vertex root, const std::vector<Vertex>& sinks,
       const std::vector<std::uint32_t>& cost)
      : graph_(graph), root_(root), cost_(cost), is_sink_(graph.vertex_count(), false) {
    for (const Vertex sink : sinks) {
      if (!is_sink_[sink]) ++sink_count_;
      is_sink_[sink] = true;
    }
  }

  /// False when it is endless or exceeds `limit`.
  bool maximize(std::uint64_t limit) {
    while (find_levels()) {
      next_.assign(level_.size(), 0);
      while (const std::uint64_t pushed = push_once()) {
        if (pushed == kEndless || (value_ += pushed) > limit) return false;
      }
    }
    return true;
  }

  std::uint64_t value() const { return value_; }

  /// Full pipes whose inlet can still be reached, and whose outlet cannot.
  std::vector<Vertex> cut() const {
    std::vector<Vertex> vertices;
    for (Vertex v = 0; v < graph_.vertex_count(); ++v) {
      if (level_[inlet(v)] != kUnseen && level_[outlet(v)] == kUnseen) vertices.push_back(v);
    }
    return vertices;
  }

 private:
  static constexpr std::uint32_t kUnseen = 0xFFFFFFFF;

  /// An arc with flow on it, seen from its head.
  struct Filled {
    Vertex tail;
    std::uint64_t amount;
  };

  std::uint64_t room(Vertex v) const {
    if (cost_[v] == kFixed) return kEndless;
    const auto found = through_.find(v);
    return cost_[v] - (found == through_.end() ? 0 : found->second);
  }

  std::uint64_t through(Vertex v) const {
    const auto found = through_.find(v);
    return found == through_.end() ? 0 : found->second;
  }

  /// Where one can go on from a port, number by number: `i` counts them. False when there are no more.
  bool step(Port port, std::size_t i, Port& next, std::uint64_t& width) const {
    const Vertex v = vertex_of(port);
    if (is_outlet(port)) {
      const auto successors = graph_.successors(v);
      if (i < successors.size()) {
        next = inlet(successors[i]);
        width = kEndless;
        return true;
      }
      if (i != successors.size()) return false;
      next = inlet(v);
      width = v == root_ ? 0 : through(v);
      return true;
    }
    if (i == 0) {
      next = outlet(v);
      width = room(v);
      return true;
    }
    const auto found = filled_.find(v);
    if (found == filled_.end() || i > found->second.size()) return false;
    next = outlet(found->second[i - 1].tail);
    width = found->second[i - 1].amount;
    return true;
  }

  void move(Port from, Port to, std::uint64_t amount) {
    const Vertex v = vertex_of(from);
    const Vertex w = vertex_of(to);
    if (is_outlet(from) && v != w) {
      fill(v, w, amount);
    } else if (is_outlet(from)) {
      through_[v] -= amount;
    } else if (v == w) {
      through_[v] += amount;
    } else {
      drain(w, v, amount);
    }
  }

  void fill(Vertex tail, Vertex head, std::uint64_t amount) {
    std::vector<Filled>& list = filled_[head];
    const auto [place, is_new] = place_.try_emplace(key(tail, head), static_cast<std::uint32_t>(list.size()));
    if (is_new) list.push_back({tail, 0});
    list[place->second].amount += amount;
  }

  void drain(Vertex tail, Vertex head, std::uint64_t amount) {
    filled_[head][place_.find(key(tail, head))->second].amount -= amount;
  }

  static std::uint64_t key(Vertex tail, Vertex head) { return std::uint64_t{tail} << 32 | head; }

  // Dinic's layers, by breadth-first search, which ends when no further sink can come.
  bool find_levels() {
    level_.assign(graph_.vertex_count() * 2, kUnseen);
    level_[outlet(root_)] = 0;
    std::vector<Port> queue = {outlet(root_)};
    std::size_t arrived = 0;
    for (std::size_t at = 0; at < queue.size() && arrived < sink_count_; ++at) {
      const Port port = queue[at];
      if (is_outlet(port) && is_sink_[vertex_of(port)]) ++arrived;
      Port next = 0;
      std::uint64_t width = 0;
      for (std::size_t i = 0; step(port, i, next, width); ++i) {
        if (width == 0 || level_[next] != kUnseen) continue;
        level_[next] = level_[port] + 1;
        queue.push_back(next);
      }
    }
    return arrived > 0;
  }

  // One more way through the layers, as much as it carries.
  std::uint64_t push_once() {
    way_ = {outlet(root_)};
    widths_ = {kEndless};
    while (!way_.empty()) {
      const Port port = way_.back();
      if (is_outlet(port) && is_sink_[vertex_of(port)]) {
        const std::uint64_t amount = *std::min_element(widths_.begin(), widths_.end());
        if (amount == kEndless) return kEndless;
        for (std::size_t i = 1; i < way_.size(); ++i) move(way_[i - 1], way_[i], amount);
        return amount;
      }
      Port next = 0;
      std::uint64_t width = 0;
      bool advanced = false;
      for (std::uint32_t& i = next_[port]; step(port, i, next, width); ++i) {
        if (width == 0 || level_[next] != level_[port] + 1) continue;
        way_.push_back(next);
        widths_.push_back(width);
        advanced = true;
        break;
      }
      if (advanced) continue;
      way_.pop_back();
      widths_.pop_back();
      if (!way_.empty()) ++next_[way_.back()];
    }
    return 0;
  }

  const Digraph& graph_;
  Vertex root_;
  const std::vector<std::uint32_t>& cost_;
  std::vector<bool> is_sink_;
  std::size_t sink_count_ = 0;
  boost::unordered_flat_map<Vertex, std::uint64_t> through_;
  boost::unordered_flat_map<Vertex, std::vector<Filled>> filled_;  ///< by head
  boost::unordered_flat_map<std::uint64_t, std::uint32_t>
      place_;                         ///< in the list of the head, by tail and head
  std::vector<std::uint32_t> level_;  ///< by port
  std::vector<std::uint32_t> next_;   ///< by port, the step to try next
  std::vector<Port> way_;
  std::vector<std::uint64_t> widths_;
  std::uint64_t value_ = 0;
};

}  // namespace

std::optional<Cut> min_cut(const Digraph& graph, Vertex root, const std::vector<Vertex>& sinks,
                           const std::vector<std::uint32_t>& cost, std::uint64_t limit) {
  Flow flow(graph, root, sinks, cost);
  if (!flow.maximize(limit)) return std::nullopt;
  return Cut{flow.value(), flow.cut()};
}

}  // namespace tierline::graph
