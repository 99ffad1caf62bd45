#include "core/graph/components.h"

#include <algorithm>
#include <utility>

namespace tierline::graph {

Components strong_components(const Digraph& graph) {
  const std::size_t count = graph.vertex_count();
  Components found;
  found.of.assign(count, kNoVertex);
  std::vector<std::uint32_t> number(count, kNoVertex);
  std::vector<std::uint32_t> low(count, 0);
  std::vector<Vertex> open;  // not yet in a component, in the order in which they were met
  std::vector<std::pair<Vertex, Arc>> stack;
  std::uint32_t next_number = 0;
  const auto enter = [&](Vertex v) {
    number[v] = low[v] = next_number++;
    open.push_back(v);
    stack.emplace_back(v, graph.first[v]);
  };
  for (Vertex root = 0; root < count; ++root) {
    if (number[root] != kNoVertex) continue;
    enter(root);
    while (!stack.empty()) {
      auto& [v, arc] = stack.back();
      if (arc < graph.first[v + 1]) {
        const Vertex head = graph.head[arc++];
        if (number[head] == kNoVertex) {
          enter(head);
        } else if (found.of[head] == kNoVertex) {
          low[v] = std::min(low[v], number[head]);
        }
        continue;
      }
      const Vertex done = v;
      stack.pop_back();
      if (!stack.empty()) low[stack.back().first] = std::min(low[stack.back().first], low[done]);
      if (low[done] != number[done]) continue;
      for (Vertex member = kNoVertex; member != done;) {
        member = open.back();
        open.pop_back();
        found.of[member] = found.count;
      }
      ++found.count;
    }
  }
  return found;
}

}  // namespace tierline::graph
