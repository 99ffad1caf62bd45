#include "queries/plan.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/graph/min_cut.h"
#include "queries/cuts.h"

namespace tierline::queries {
namespace {

using facts::FactId;
using graph::AttackGraph;
using graph::NodeId;
using graph::Vertex;

/// Facts that might be a step, and how many principals they should cut off for what they cost.
struct Candidate {
  std::vector<FactId> facts;
  std::uint64_t gain = 0;
  std::uint64_t cost = 0;
};

bool is_better(const facts::Facts& facts, const Candidate& a, const Candidate& b) {
  const std::uint64_t left = a.gain * b.cost;
  const std::uint64_t right = b.gain * a.cost;
  if (left != right) return left > right;
  if (a.cost != b.cost) return a.cost < b.cost;
  return std::lexicographical_compare(a.facts.begin(), a.facts.end(), b.facts.begin(), b.facts.end(),
                                      [&](FactId x, FactId y) { return facts.is_before(x, y); });
}

/// The ways to the targets as they are after some steps.
class Situation {
 public:
  Situation(const AttackGraph& graph, facts::Facts& facts, const std::vector<NodeId>& targets,
            const std::vector<NodeId>& principals)
      : facts_(facts), space_(graph, targets, principals, &facts) {
    const graph::Digraph& digraph = space_.digraph();
    cost_.assign(digraph.vertex_count(), graph::kFixed);
    for (Vertex v = 0; v < digraph.vertex_count(); ++v) {
      if (space_.fact(v) != facts::kNoFact) cost_[v] = facts.cost(space_.fact(v));
    }
    stays_ = search([&](Vertex v) { return cost_[v] != graph::kFixed; });
    for (const Vertex v : space_.entrances()) {
      if (stays_[v]) ++floor_;
      if (!stays_[v]) sinks_.push_back(v);
    }
  }

  std::uint64_t exposed() const { return space_.principals().size(); }
  std::uint64_t floor() const { return floor_; }

  /// What cuts off everyone who can be, at the least cost.
  std::vector<FactId> full_cut() const {
    const auto cut = graph::min_cut(space_.digraph(), SearchSpace::kRoot, sinks_, cost_);
    return cut ? needed(facts_of(cut->vertices), sinks_) : std::vector<FactId>();
  }

  /// The best first.
  std::vector<Candidate> candidates(std::size_t budget) const {
    constexpr std::size_t kSingles = 64;
    const Cuts cuts(space_);
    std::vector<Candidate> found;
    const auto before = [&](std::uint64_t a, std::uint64_t b) {
      return facts_.is_before(static_cast<FactId>(a), static_cast<FactId>(b));
    };
    for (const Cut& cut : cuts.rank(cuts.facts(), kSingles, true, before)) {
      const auto fact = static_cast<FactId>(cut.id);
      found.push_back({{fact}, cut.cut_off, facts_.cost(fact)});
    }
    add_sets(cuts, budget, found);
    std::sort(found.begin(), found.end(),
              [&](const Candidate& a, const Candidate& b) { return is_better(facts_, a, b); });
    return found;
  }

 private:
  // A crowd with several ways to the targets that have no fact in common is cut off by nothing single. What they have in
  // common may be nodes, as a single target is.
  void add_sets(const Cuts& cuts, std::size_t budget, std::vector<Candidate>& found) const {
    const graph::DominatorTree& tree = cuts.tree();
    const std::vector<std::uint64_t>& sum = cuts.sums();
    constexpr std::size_t kCrowds = 32;
    constexpr std::uint64_t kDearest = 64;
    if (budget < 2) return;
    std::vector<Vertex> crowds;
    std::vector<bool> is_past_fact(space_.digraph().vertex_count(), false);
    for (const Vertex v : tree.order()) {
      if (v == SearchSpace::kRoot) continue;
      is_past_fact[v] = space_.fact(v) != facts::kNoFact || is_past_fact[tree.parent(v)];
      const bool is_crowd = space_.node(v) != graph::kNoNode && sum[v] != 0;
      if (is_crowd && !is_past_fact[v] && !stays_[v]) crowds.push_back(v);
    }
    std::stable_sort(crowds.begin(), crowds.end(), [&](Vertex a, Vertex b) { return sum[a] > sum[b]; });
    if (crowds.size() > kCrowds) crowds.resize(kCrowds);
    for (const Vertex crowd : crowds) {
      const auto cut = graph::min_cut(space_.digraph(), SearchSpace::kRoot, {crowd}, cost_, kDearest);
      if (!cut || cut->vertices.size() < 2) continue;
      const std::vector<FactId> facts = needed(facts_of(cut->vertices), {crowd});
      if (facts.size() <= budget) found.push_back({facts, sum[crowd], cost_of(facts)});
    }
  }

  // A fact that stands in several places may be in a cut without need, as another place of it is what counts. What is reached
  // without a fact stays so, so that trying the next one looks only at what that one lets through.
  std::vector<FactId> needed(const std::vector<FactId>& facts, const std::vector<Vertex>& sinks) const {
    enum class State : std::uint8_t { Unseen, Met, Reached };
    const std::size_t count = space_.digraph().vertex_count();
    std::vector<State> states(count, State::Unseen);
    std::vector<bool> is_closed(count, false);
    std::vector<bool> is_sink(count, false);
    for (const Vertex v : sinks) is_sink[v] = true;
    std::vector<std::vector<Vertex>> places(facts.size());
    for (Vertex v = 0; v < count; ++v) {
      const auto fact = std::lower_bound(facts.begin(), facts.end(), space_.fact(v));
      if (fact == facts.end() || *fact != space_.fact(v)) continue;
      places[static_cast<std::size_t>(fact - facts.begin())].push_back(v);
      is_closed[v] = true;
    }
    // Goes on from vertices that are reached, unless a sink is then reached too: all is as before in that case.
    std::vector<Vertex> reached;
    std::vector<Vertex> met;
    const auto stays_cut_off = [&] {
      for (std::size_t next = 0; next < reached.size(); ++next) {
        for (const Vertex head : space_.digraph().successors(reached[next])) {
          if (states[head] != State::Unseen) continue;
          if (is_sink[head]) return false;
          states[head] = is_closed[head] ? State::Met : State::Reached;
          (is_closed[head] ? met : reached).push_back(head);
        }
      }
      return true;
    };
    states[SearchSpace::kRoot] = State::Reached;
    reached = {SearchSpace::kRoot};
    stays_cut_off();
    std::vector<FactId> kept;
    for (std::size_t i = facts.size(); i-- > 0;) {
      reached.clear();
      met.clear();
      for (const Vertex v : places[i]) {
        is_closed[v] = false;
        if (states[v] == State::Met) reached.push_back(v);
      }
      const std::size_t before = reached.size();
      for (const Vertex v : reached) states[v] = State::Reached;
      if (stays_cut_off()) continue;
      kept.push_back(facts[i]);
      for (const Vertex v : places[i]) is_closed[v] = true;
      for (std::size_t k = 0; k < reached.size(); ++k)
        states[reached[k]] = k < before ? State::Met : State::Unseen;
      for (const Vertex v : met) states[v] = State::Unseen;
    }
    std::reverse(kept.begin(), kept.end());
    return kept;
  }

  std::uint64_t cost_of(const std::vector<FactId>& facts) const {
    std::uint64_t cost = 0;
    for (const FactId fact : facts) cost += facts_.cost(fact);
    return cost;
  }

  std::vector<FactId> facts_of(const std::vector<Vertex>& vertices) const {
    std::vector<FactId> facts;
    facts.reserve(vertices.size());
    for (const Vertex v : vertices) facts.push_back(space_.fact(v));
    std::sort(facts.begin(), facts.end());
    facts.erase(std::unique(facts.begin(), facts.end()), facts.end());
    return facts;
  }

  // What is reached past no vertex that is closed.
  template <class IsClosed>
  std::vector<bool> search(const IsClosed& is_closed) const {
    std::vector<bool> seen(space_.digraph().vertex_count(), false);
    std::vector<Vertex> queue = {SearchSpace::kRoot};
    seen[SearchSpace::kRoot] = true;
    for (std::size_t next = 0; next < queue.size(); ++next) {
      for (const Vertex head : space_.digraph().successors(queue[next])) {
        if (seen[head] || is_closed(head)) continue;
        seen[head] = true;
        queue.push_back(head);
      }
    }
    return seen;
  }

  facts::Facts& facts_;
  SearchSpace space_;
  std::vector<std::uint32_t> cost_;
  std::vector<bool> stays_;  ///< reached whatever facts are taken away
  std::vector<Vertex> sinks_;
  std::uint64_t floor_ = 0;
};

class Planner {
 public:
  Planner(facts::Facts& facts, const Derive& derive, const Targets& targets_of,
          const Principals& principals_of)
      : facts_(facts), derive_(derive), targets_of_(targets_of), principals_of_(principals_of) {}

  Result<Plan> run(const AttackGraph& graph, const std::vector<NodeId>& targets, std::size_t budget) {
    Plan plan;
    plan.population = principals_of_(graph, targets).size();
    std::optional<Changed> changed;
    std::optional<facts::Facts> changed_facts;
    std::vector<std::vector<FactId>> rounds;  // what was taken since the last step
    const bool takes_all = budget == 0;
    while (takes_all || removed_.size() < budget) {
      facts::Facts& facts = changed ? changed_facts.emplace(changed->snapshot, changed->graph) : facts_;
      const AttackGraph& now = changed ? changed->graph : graph;
      const std::vector<NodeId>& targets_now = changed ? changed->targets : targets;
      const Situation situation(now, facts, targets_now, principals_of_(now, targets_now));
      if (!changed) {
        plan.exposed = situation.exposed();
        plan.floor = situation.floor();
      }
      if (situation.exposed() == situation.floor()) break;
      const std::uint64_t exposed = plan.exposed_after();
      Result<std::optional<Taken>> next =
          takes_all ? take(situation.full_cut(), facts)
                    : take_best(situation.candidates(budget - removed_.size()), facts, exposed);
      if (!next) return std::move(next).error();
      if (!*next) break;
      Taken& taken = **next;
      removed_.insert(removed_.end(), taken.facts.begin(), taken.facts.end());
      rounds.push_back(std::move(taken.facts));
      if (taken.exposed < exposed) {
        if (Status dropped = drop_needless(rounds, taken); !dropped) return std::move(dropped).error();
        plan.steps.push_back({joined(std::exchange(rounds, {})), taken.exposed});
      }
      changed_facts.reset();
      changed = std::move(taken.changed);
    }
    return plan;
  }

 private:
  /// The directory without some more facts, and without all that were taken before.
  struct Taken {
    std::vector<FactId> facts;  ///< as they are called before all changes
    std::uint64_t exposed = 0;
    Changed changed;
  };

  // The first candidate nearly always does what it is counted for. A count is wrong where an edge needs several facts at once,
  // and where others, which a denial made weaker, grant it to some once those that it rests on are gone. As trying one is deriving
  // the whole directory, so many in a row are tried; if none cuts anybody off, the plan goes on behind the first, where these others
  // are seen.
  Result<std::optional<Taken>> take_best(const std::vector<Candidate>& candidates, facts::Facts& facts,
                                         std::uint64_t exposed) {
    constexpr std::size_t kTries = 8;
    std::optional<Taken> first;
    for (std::size_t i = 0; i < std::min(candidates.size(), kTries); ++i) {
      Result<std::optional<Taken>> next = take(candidates[i].facts, facts);
      if (!next || (*next && (*next)->exposed < exposed)) return next;
      if (!first) first = *std::move(next);
    }
    return first;
  }

  // Nothing when there is none among them that was not taken before.
  Result<std::optional<Taken>> take(const std::vector<FactId>& chosen, facts::Facts& facts) {
    std::vector<FactId> taken;
    std::vector<FactId> removed = removed_;
    for (const FactId fact : chosen) {
      const FactId here = facts_.find(facts[fact]);
      const bool is_removed = std::find(removed.begin(), removed.end(), here) != removed.end();
      if (here == facts::kNoFact || is_removed) continue;
      removed.push_back(here);
      taken.push_back(here);
    }
    if (taken.empty()) return std::optional<Taken>();
    Result<Taken> next = without(removed);
    if (!next) return std::move(next).error();
    next->facts = std::move(taken);
    return std::optional<Taken>(*std::move(next));
  }

  // What cut off nobody when it was taken may not be needed beside what was taken after it.
  Status drop_needless(std::vector<std::vector<FactId>>& rounds, Taken& taken) {
    for (std::size_t i = rounds.size() - 1; i-- > 0;) {
      std::vector<FactId> rest = removed_;
      std::erase_if(rest, [&](FactId fact) {
        return std::find(rounds[i].begin(), rounds[i].end(), fact) != rounds[i].end();
      });
      Result<Taken> fewer = without(rest);
      if (!fewer) return std::move(fewer).error();
      if (fewer->exposed > taken.exposed) continue;
      taken = *std::move(fewer);
      removed_ = std::move(rest);
      rounds.erase(rounds.begin() + static_cast<std::ptrdiff_t>(i));
    }
    return {};
  }

  std::vector<FactId> joined(const std::vector<std::vector<FactId>>& rounds) const {
    std::vector<FactId> all;
    for (const std::vector<FactId>& round : rounds) all.insert(all.end(), round.begin(), round.end());
    std::sort(all.begin(), all.end(), [&](FactId a, FactId b) { return facts_.is_before(a, b); });
    return all;
  }

  Result<Taken> without(const std::vector<FactId>& removed) {
    Result<Changed> next = Changed::make(facts_, removed, derive_, targets_of_);
    if (!next) return std::move(next).error();
    const std::uint64_t exposed = exposed_in(*next);
    return Taken{{}, exposed, *std::move(next)};
  }

  std::uint64_t exposed_in(const Changed& changed) const {
    const DistanceField field(changed.graph, changed.targets);
    const std::vector<NodeId> accounts = principals_of_(changed.graph, changed.targets);
    return static_cast<std::uint64_t>(std::count_if(accounts.begin(), accounts.end(), [&](NodeId account) {
      return field.hops(account) != kUnreachable;
    }));
  }

  facts::Facts& facts_;
  const Derive& derive_;
  const Targets& targets_of_;
  const Principals& principals_of_;
  std::vector<FactId> removed_;
};

}  // namespace

Result<Plan> make_plan(const AttackGraph& graph, facts::Facts& facts, const std::vector<NodeId>& targets,
                       std::size_t budget, const Derive& derive, const Targets& targets_of,
                       const Principals& principals_of) {
  return Planner(facts, derive, targets_of, principals_of).run(graph, targets, budget);
}

}  // namespace tierline::queries
