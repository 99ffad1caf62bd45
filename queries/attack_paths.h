#pragma once

// The two main questions: by which paths can somebody reach the targets, and who can.

#include <map>
#include <vector>

#include "queries/search.h"

namespace tierline::queries {

struct FoundPath {
  graph::NodeId from = graph::kNoNode;
  Path edges;
  std::uint32_t length = 0;  ///< in hops, or by cost
};

struct AttackPaths {
  std::uint64_t sources_with_path = 0;  ///< however many are listed
  std::vector<FoundPath> paths;         ///< shortest first; equal ones by the source's name
  bool complete = true;                 ///< false when the search for further paths of a source gave up
};

/// Up to `per_source` paths for each source, `limit` in all (0 = no limit). Sources that are targets
/// themselves have nowhere to go and are left out.
AttackPaths find_paths(const graph::AttackGraph& graph, const std::vector<graph::NodeId>& sources,
                       const std::vector<graph::NodeId>& targets, std::size_t per_source, std::size_t limit,
                       SearchRules rules = {});

struct Exposure {
  std::uint64_t population = 0;
  std::uint64_t exposed = 0;
  std::map<std::uint32_t, std::uint64_t> by_hops;
  struct Principal {
    graph::NodeId node = graph::kNoNode;
    std::uint32_t hops = 0;
  };
  std::vector<Principal> principals;  ///< nearest first, then by name
};

/// Which enabled accounts outside `targets` can reach them.
Exposure find_exposure(const graph::AttackGraph& graph, const std::vector<graph::NodeId>& targets);

}  // namespace tierline::queries
