#pragma once

// Which groups a logon token with a given principal in it is known to hold.

#include <unordered_map>
#include <vector>

#include "core/graph/graph_builder.h"

namespace tierline::derive {

class Tokens {
 public:
  /// Takes the membership and SID history edges that the builder holds so far.
  explicit Tokens(const graph::GraphBuilder& builder);

  /// The principal and all groups above it, ascending.
  const std::vector<graph::NodeId>& of(graph::NodeId principal);

  /// The groups directly above.
  const std::vector<graph::NodeId>& parents(graph::NodeId principal) const;
  /// The members directly below.
  const std::vector<graph::NodeId>& members(graph::NodeId group) const;

 private:
  std::unordered_map<graph::NodeId, std::vector<graph::NodeId>> parents_;
  std::unordered_map<graph::NodeId, std::vector<graph::NodeId>> members_;
  std::unordered_map<graph::NodeId, std::vector<graph::NodeId>> tokens_;
};

}  // namespace tierline::derive
