#pragma once

// Who holds several things at once, each of them directly or through groups.

#include <optional>
#include <set>
#include <vector>

#include "core/derive/derive.h"
#include "core/derive/tokens.h"
#include "core/graph/graph_builder.h"

namespace tierline::derive {

class JointHolders {
 public:
  /// Takes the memberships, of local groups as well, that the builder holds when something is first asked.
  JointHolders(const graph::GraphBuilder& builder, Rules rules);

  /// Of those who are in every set, directly or as members of a group in it: the ones named in a set, and where a
  /// group named there does not qualify, those of its members that do. By our rules a member of one that does is
  /// not repeated; BloodHound repeats it when another group named there led to it.
  std::set<graph::NodeId> of(const std::vector<std::set<graph::NodeId>>& sets) const;

  /// Whether the principal, or a group that it is in, is in the set; or Authenticated Users or Everyone is, as whoever
  /// logs on is in those.
  bool is_in(graph::NodeId principal, const std::set<graph::NodeId>& set) const;

  /// Whether everyone who logs on is in the set.
  bool is_every_logon(const std::set<graph::NodeId>& set) const;

  /// The principal and all groups that it is in.
  std::vector<graph::NodeId> groups_and(graph::NodeId principal) const;

  /// The accounts that are the principal or in it, and in none of `excluded`.
  std::set<graph::NodeId> accounts_of(graph::NodeId principal,
                                      const std::vector<graph::NodeId>& excluded) const;

  /// The principals, and everyone in groups among them.
  std::set<graph::NodeId> members_and(const std::set<graph::NodeId>& principals) const;

 private:
  bool is_member(graph::NodeId principal, const std::set<graph::NodeId>& set) const;
  bool is_account(graph::NodeId node) const;
  const Memberships& memberships() const;
  const std::set<graph::NodeId>& of_every_logon() const;

  const graph::GraphBuilder& builder_;
  Rules rules_;
  mutable std::optional<Memberships> memberships_;
  mutable std::optional<std::set<graph::NodeId>> of_every_logon_;
};

}  // namespace tierline::derive
