#pragma once

// Whether the columns of a graph fit together. Those of a graph that was built do; those that come out of a file may
// say anything.

#include <cstddef>

#include "core/base/result.h"
#include "core/graph/attack_graph.h"

namespace tierline::graph {

/// How much a snapshot has of what the graphs of it speak of by number.
struct Extent {
  std::size_t objects = 0;
  std::size_t attributes = 0;
};

class GraphCheck {
 public:
  /// That no question leads out of the columns, and that what is stored twice is the same both times. It cannot tell
  /// whether a graph is true. What evidence says of the items of an object (which entry, which value) is left to who
  /// looks at the object. Time: as of one search over everything. Errors: BadData naming what does not fit.
  static Status check(const AttackGraph& graph, const Extent& extent);

 private:
  GraphCheck(const AttackGraph& graph, const Extent& extent) : graph_(graph), extent_(extent) {}
  bool sizes_fit() const;
  bool nodes_are_sound() const;
  bool conditions_are_sound() const;
  bool traits_are_sound() const;
  bool arcs_are_sound() const;
  bool out_arcs_are_sound(NodeId node) const;
  bool fans_are_sound() const;
  bool arcs_into_are_sound() const;
  bool evidence_is_sound() const;
  bool joint_proofs_are_sound() const;

  const AttackGraph& graph_;
  const Extent& extent_;
};

}  // namespace tierline::graph
