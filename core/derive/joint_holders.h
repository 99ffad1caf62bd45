#pragma once

// Who holds several things at once, each of them directly or through groups.

#include <set>
#include <unordered_map>
#include <vector>

#include "core/graph/graph_builder.h"

namespace tierline::derive {

class JointHolders {
 public:
  /// Takes the memberships, of local groups as well, that the builder holds so far.
  explicit JointHolders(const graph::GraphBuilder& builder);

  /// Of those who are in every set, directly or as members of a group in it: the ones named in a set, and where a
  /// group named there does not qualify, those of its members that do. Members of one that does are not repeated.
  std::set<graph::NodeId> of(const std::vector<std::set<graph::NodeId>>& sets) const;

 private:
  bool is_in(graph::NodeId principal, const std::set<graph::NodeId>& set) const;

  std::unordered_map<graph::NodeId, std::vector<graph::NodeId>> groups_of_;
  std::unordered_map<graph::NodeId, std::vector<graph::NodeId>> members_of_;
};

}  // namespace tierline::derive
