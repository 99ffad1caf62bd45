#include "core/graph/digraph.h"

namespace tierline::graph {

ArcsInto::ArcsInto(const Digraph& graph) : first_(graph.vertex_count() + 1, 0), into_(graph.arc_count()) {
  for (const Vertex v : graph.head) ++first_[v + 1];
  for (std::size_t v = 0; v < graph.vertex_count(); ++v) first_[v + 1] += first_[v];
  std::vector<Arc> next(first_.begin(), first_.end() - 1);
  for (Vertex tail = 0; tail < graph.vertex_count(); ++tail) {
    for (Arc arc = graph.first[tail]; arc < graph.first[tail + 1]; ++arc) {
      into_[next[graph.head[arc]]++] = {tail, arc};
    }
  }
}

}  // namespace tierline::graph
