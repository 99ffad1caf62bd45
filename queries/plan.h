#pragma once

// Which changes to make first: few facts to take away, so that many principals lose their ways to the targets.

#include <cstdint>
#include <vector>

#include "queries/what_if.h"

namespace tierline::queries {

struct PlanStep {
  std::vector<facts::FactId> facts;  ///< more than one where only together they cut anyone off
  std::uint64_t exposed = 0;         ///< that are left after this step and all before it, derived anew
};

struct Plan {
  std::uint64_t population = 0;
  std::uint64_t exposed = 0;  ///< before
  /// How many stay exposed whatever single facts are taken away; rights of Tier Zero stay. With targets that are not all of Tier
  /// Zero a plan may get lower, as a step may take somebody out of Tier Zero whose rights the next one takes away.
  std::uint64_t floor = 0;
  std::vector<PlanStep> steps;

  std::uint64_t exposed_after() const { return steps.empty() ? exposed : steps.back().exposed; }
};

/// Up to `budget` changes, greedily: the most principals for the least cost first, each step checked by deriving the
/// directory without all facts taken so far. Where no single fact cuts anyone off, the cheapest set that does. With a
/// budget of 0 the cheapest set of facts that cuts off everyone down to the floor. The graph as it is tells what is cheapest;
/// where that cuts off nobody, as others grant the same or less, the step goes on to these. Errors: those of Changed::make().
Result<Plan> make_plan(const graph::AttackGraph& graph, facts::Facts& facts,
                       const std::vector<graph::NodeId>& targets, std::size_t budget, const Derive& derive,
                       const Targets& targets_of, const Principals& principals_of);

}  // namespace tierline::queries
