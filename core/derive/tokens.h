#pragma once

// Which groups a logon token with a given principal in it is known to hold.

#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "core/graph/graph_builder.h"

namespace tierline::derive {

/// Who is directly in which group, both ways.
class Memberships {
 public:
  /// Of the edges of these kinds that the builder holds so far; those that lead nowhere too, if asked for.
  Memberships(const graph::GraphBuilder& builder, std::initializer_list<knowledge::EdgeKind> kinds,
              bool with_weak);

  std::span<const graph::NodeId> groups_of(graph::NodeId member) const { return list(groups_, member); }
  std::span<const graph::NodeId> members_of(graph::NodeId group) const { return list(members_, group); }

 private:
  struct Lists {
    std::vector<std::uint32_t> first;  ///< by node; a node that came later has none
    std::vector<graph::NodeId> ends;
  };
  static std::span<const graph::NodeId> list(const Lists& lists, graph::NodeId node) {
    if (node + 1u >= lists.first.size()) return {};
    return std::span(lists.ends).subspan(lists.first[node], lists.first[node + 1] - lists.first[node]);
  }

  Lists groups_;
  Lists members_;
};

class Tokens {
 public:
  /// Takes the membership and SID history edges that the builder holds so far.
  explicit Tokens(const graph::GraphBuilder& builder);
  /// Of the same memberships as others, for one of several threads.
  explicit Tokens(std::shared_ptr<const Memberships> memberships) : memberships_(std::move(memberships)) {}

  const std::shared_ptr<const Memberships>& memberships() const { return memberships_; }

  /// The principal and all groups above it, ascending. Stays where it is.
  const std::vector<graph::NodeId>& of(graph::NodeId principal);

  /// The groups directly above.
  std::span<const graph::NodeId> parents(graph::NodeId principal) const {
    return memberships_->groups_of(principal);
  }
  /// The members directly below.
  std::span<const graph::NodeId> members(graph::NodeId group) const {
    return memberships_->members_of(group);
  }

 private:
  std::shared_ptr<const Memberships> memberships_;
  boost::unordered_flat_map<graph::NodeId, std::unique_ptr<const std::vector<graph::NodeId>>> tokens_;
  std::vector<std::uint32_t> seen_;  ///< by node, in which walk it was met last
  std::uint32_t walk_ = 0;
};

}  // namespace tierline::derive
