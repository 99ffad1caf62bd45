#include "queries/search.h"

#include <algorithm>
#include <bit>
#include <deque>
#include <iterator>
#include <memory>
#include <queue>
#include <set>
#include <tuple>
#include <utility>

#include "core/knowledge/edge_costs.h"
#include "core/knowledge/well_known.h"

namespace tierline::queries {

using graph::ArcId;
using graph::AttackGraph;
using graph::ConditionId;
using graph::Edge;
using graph::EdgeId;
using graph::NodeId;
using graph::VertexId;

bool Exclusions::Set::contains(NodeId node) const {
  return many.empty() ? std::binary_search(few.begin(), few.end(), node) : many[node];
}

std::optional<ConditionId> Exclusions::left(ConditionId condition, NodeId actor) {
  if (condition == 0) return 0;
  const Reach& reach = reach_of(condition);
  if (!reach.places.contains(actor)) return 0;
  return reach.members.contains(actor) ? std::nullopt : std::optional(condition);
}

bool Exclusions::excludes(ConditionId condition, NodeId actor) {
  return condition != 0 && reach_of(condition).members.contains(actor);
}

ConditionId Exclusions::at(ConditionId condition, NodeId node) {
  return condition != 0 && reach_of(condition).places.contains(node) ? condition : 0;
}

const Exclusions::Reach& Exclusions::reach_of(ConditionId condition) {
  if (reach_.size() <= condition) reach_.resize(condition + 1);
  if (reach_[condition] != nullptr) return *reach_[condition];
  std::vector<NodeId> nodes = members_of(condition);
  auto reach = std::make_unique<Reach>();
  reach->members = set_of(std::vector<NodeId>(nodes));
  add_places(nodes);
  reach->places = set_of(std::move(nodes));
  reach_[condition] = std::move(reach);
  return *reach_[condition];
}

// Whether the vertex is met for the first time in this walk.
bool Exclusions::meet(VertexId vertex) {
  std::uint64_t& word = met_[vertex / 64];
  const std::uint64_t bit = std::uint64_t{1} << (vertex % 64);
  return (std::exchange(word, word | bit) & bit) == 0;
}

std::vector<NodeId> Exclusions::members_of(ConditionId condition) {
  met_.assign((graph_.vertex_count() + 63) / 64, 0);
  const std::span<const NodeId> groups = excluded(condition);
  std::vector<NodeId> queue(groups.begin(), groups.end());
  for (const NodeId group : groups) meet(group);
  for (std::size_t next = 0; next < queue.size(); ++next) {
    const NodeId group = queue[next];
    const std::size_t tokens = graph_.token_in_count(group);
    if (tokens == 0) continue;
    const bool is_of_every_logon = knowledge::is_of_every_logon(graph_.node(group).sid);
    const auto arcs = graph_.in_arcs(group);
    const auto tails = graph_.in_tails(group);
    for (std::size_t i = 0; i < tokens; ++i) {
      // Only a special identity can be left aside when logging on.
      const bool is_choice =
          !is_of_every_logon && graph_.trait(arcs[i]).kind == knowledge::EdgeKind::ClaimSpecialIdentity;
      if (!is_choice && meet(tails[i])) queue.push_back(tails[i]);
    }
  }
  return queue;
}

// From who is excluded, whom members_of() has just met, on along all edges that keep the actor.
void Exclusions::add_places(std::vector<NodeId>& members) {
  const auto add = [&](NodeId node) {
    if (meet(node)) members.push_back(node);
  };
  constexpr std::size_t kAhead = 8;
  const auto traits = graph_.traits();
  const bool is_any_bound = std::any_of(traits.begin(), traits.end(), [](const AttackGraph::Trait& trait) {
    return trait.traversable && trait.condition != 0 && keeps_actor(trait.kind);
  });
  for (std::size_t next = 0; next < members.size(); ++next) {
    const NodeId node = members[next];
    // Those in the queue stand anywhere: what they need is fetched while others are at work.
    if (next + kAhead < members.size()) __builtin_prefetch(graph_.free_heads(members[next + kAhead]).data());
    const auto follow = [&](ArcId arc) {
      const VertexId head = graph_.head(arc);
      if (graph_.is_node(head)) {
        add(head);
      } else if (meet(head)) {
        for (const NodeId member : graph_.members(head)) add(member);
      }
    };
    for (ArcId arc = graph_.first_out_arc(node); arc < graph_.keeping_out_end(node); ++arc) follow(arc);
    if (!is_any_bound) continue;
    // Of those that are not free, too, what keeps the actor stands first.
    for (ArcId arc = graph_.free_out_end(node); arc < graph_.first_out_arc(node + 1); ++arc) {
      const AttackGraph::Trait& trait = graph_.trait(arc);
      if (!keeps_actor(trait.kind)) break;
      if (trait.traversable) follow(arc);
    }
  }
}

Exclusions::Set Exclusions::set_of(std::vector<NodeId>&& nodes) const {
  Set set;
  constexpr std::size_t kMany = 32;  // one in so many nodes: the list is as large as the bits
  if (nodes.size() <= graph_.node_count() / kMany) {
    std::sort(nodes.begin(), nodes.end());
    set.few = std::move(nodes);
  } else {
    set.many.assign(graph_.node_count(), false);
    for (const NodeId node : nodes) set.many[node] = true;
  }
  return set;
}

std::span<const NodeId> Exclusions::excluded(ConditionId condition) const {
  const std::size_t own = graph_.condition_count();
  return condition < own ? graph_.excluded(condition) : std::span<const NodeId>(joined_[condition - own]);
}

// The same list always has the same number, or a search in a circle would never come to an end.
ConditionId Exclusions::join(ConditionId a, ConditionId b) {
  if (a == b || b == 0) return a;
  if (a == 0) return b;
  std::vector<NodeId> both;
  std::ranges::set_union(excluded(a), excluded(b), std::back_inserter(both));
  if (both.size() == excluded(a).size()) return a;
  if (both.size() == excluded(b).size()) return b;
  const auto next = static_cast<ConditionId>(graph_.condition_count() + joined_.size());
  const auto [place, added] = by_list_.try_emplace(std::move(both), next);
  if (added) joined_.push_back(place->first);
  return place->second;
}

DistanceField::DistanceField(const AttackGraph& graph, const std::vector<NodeId>& targets, SearchRules rules)
    : graph_(graph),
      rules_(rules),
      exclusions_(graph),
      is_target_(graph.node_count(), false),
      free_(graph.vertex_count(), kUnreachable) {
  for (const NodeId target : targets) is_target_[target] = true;
  if (rules.by_cost || rules.allowed != nullptr) {
    search_by_length(targets);
  } else {
    search_by_hops(targets);
  }
  for (const auto& [vertex, conditions] : bound_at_) {
    if (!graph.is_node(vertex)) continue;
    for (const ConditionId condition : conditions) {
      const std::uint32_t hops = bound_.at(key({vertex, condition})).hops;
      if (hops >= free_[vertex]) continue;
      const auto [best, added] = bound_best_.try_emplace(vertex, Bound{hops, condition});
      const Bound found{hops, condition};
      const bool is_better =
          std::tie(found.hops, found.condition) < std::tie(best->second.hops, best->second.condition);
      if (!added && is_better) best->second = found;
    }
  }
}

std::uint32_t DistanceField::weight_of(ArcId arc) const {
  if (!graph_.is_edge(arc)) return 0;
  return rules_.by_cost ? knowledge::cost_of(graph_.trait(arc).kind) : 1;
}

std::uint32_t DistanceField::length_of(const Path& path) const {
  std::uint32_t length = 0;
  for (const EdgeId e : path) length += weight_of(graph_.arc_of(e));
  return length;
}

// A free state can do all that one with a condition can, so it makes the latter needless.
bool DistanceField::is_dominated(const State& state, std::uint32_t hops) const {
  return free_[state.vertex] <= hops;
}

bool DistanceField::enter_bound(const State& state, const Step& step) {
  if (is_dominated(state, step.hops)) return false;
  const auto [place, added] = bound_.try_emplace(key(state), step);
  if (added) bound_at_[state.vertex].push_back(state.condition);
  if (!added && place->second.hops <= step.hops) return false;
  place->second = step;
  return true;
}

/// Calls `enter(state, step)` for each state from which one arc leads to `state`; hops of the step are the arc's weight. Not for
/// one whose vertex is not open.
template <class IsOpen, class Enter>
void DistanceField::for_each_before(const State& state, const IsOpen& is_open, const Enter& enter) {
  const auto arcs = graph_.in_arcs(state.vertex);
  const auto tails = graph_.in_tails(state.vertex);
  const auto go_on = [&](ArcId arc, VertexId tail, ConditionId condition) {
    if (const auto left = exclusions_.left(condition, tail))
      enter(State{tail, *left}, Step{weight_of(arc), arc, state.vertex, state.condition});
  };
  const auto pass = [&](ArcId arc, VertexId tail) {
    const AttackGraph::Trait& trait = graph_.trait(arc);
    if (!trait.traversable) return false;
    go_on(arc, tail,
          keeps_actor(trait.kind) ? exclusions_.join(state.condition, trait.condition) : trait.condition);
    return true;
  };
  const bool are_alike = rules_.allowed == nullptr;
  const std::size_t tokens = graph_.token_in_count(state.vertex);
  for (std::size_t i = 0; i < tokens; ++i) {
    if (is_open(tails[i]) && (are_alike || may_pass(graph_.id_of(arcs[i]))))
      go_on(arcs[i], tails[i], state.condition);
  }
  for (std::size_t i = tokens; i < arcs.size(); ++i) {
    if (graph_.is_edge(arcs[i])) {
      // What leads nowhere stands last.
      if (is_open(tails[i]) && (are_alike || may_pass(graph_.id_of(arcs[i]))) && !pass(arcs[i], tails[i]))
        break;
      continue;
    }
    if (are_alike && state.condition == 0) {
      enter(State{tails[i], 0}, Step{0, arcs[i], state.vertex, 0});
      continue;
    }
    // Edges into a bundle may be allowed to some of its nodes only, and none leads from a node to itself. What takes over the
    // actor is the same for all of them: once it came from two, from others it is nothing new.
    const auto into_bundle = graph_.in_arcs(tails[i]);
    const auto tails_of_bundle = graph_.in_tails(tails[i]);
    const auto [place, is_new] = bound_bundles_.try_emplace(tails[i], BoundBundle{state.vertex, false});
    BoundBundle& bundle = place->second;
    if (is_new) {
      bundle.keeps_actor = std::any_of(into_bundle.begin(), into_bundle.end(),
                                       [&](ArcId arc) { return keeps_actor(graph_.trait(arc).kind); });
    }
    if (are_alike && !is_new && !bundle.keeps_actor && bundle.first == graph::kNoNode) continue;
    for (std::size_t j = 0; j < into_bundle.size(); ++j) {
      const NodeId tail = tails_of_bundle[j];
      if (tail == state.vertex || !is_open(tail)) continue;
      const ArcId into = into_bundle[j];
      if (are_alike && !is_new && tail != bundle.first && !keeps_actor(graph_.trait(into).kind)) continue;
      if (!are_alike && !may_pass(graph_.edge_to(into, state.vertex))) continue;
      if (!pass(into, tail)) break;
    }
    if (!is_new && bundle.first != state.vertex) bundle.first = graph::kNoNode;
  }
}

// Buckets by distance (R. Dial, "Algorithm 360", 1969): what costs nothing joins the one that is being emptied.
void DistanceField::search_by_length(const std::vector<NodeId>& targets) {
  steps_.resize(graph_.vertex_count());
  std::vector<std::vector<State>> buckets(1);
  for (const NodeId target : targets) {
    if (std::exchange(free_[target], 0) != 0) buckets[0].push_back({target, 0});
  }
  for (std::uint32_t distance = 0; distance < buckets.size(); ++distance) {
    for (std::size_t next = 0; next < buckets[distance].size(); ++next) {
      const State state = buckets[distance][next];
      const std::uint32_t known = state.condition == 0 ? free_[state.vertex] : bound_.at(key(state)).hops;
      if (known != distance) continue;  // a cheaper way was found since
      const auto is_open = [&](VertexId before) { return free_[before] > distance; };
      for_each_before(state, is_open, [&](const State& before, Step step) {
        step.hops += distance;
        if (before.condition == 0) {
          if (free_[before.vertex] <= step.hops) return;
          free_[before.vertex] = step.hops;
          steps_[before.vertex] = step;
        } else if (!enter_bound(before, step)) {
          return;
        }
        if (buckets.size() <= step.hops) buckets.resize(step.hops + 1);
        buckets[step.hops].push_back(before);
      });
    }
    buckets[distance] = {};
  }
}

/// The search by hops. Free states, which are nearly all, go level by level over arrays: from those just found backwards,
/// or, while these are many, from those not yet found forwards (S. Beamer, K. Asanovic, D. Patterson, "Direction-optimizing
/// breadth-first search", 2012). The few states with conditions go along one by one.
class DistanceField::Levels {
 public:
  explicit Levels(DistanceField& field)
      : field_(field), graph_(field.graph_), free_(field.free_), seen_((graph_.vertex_count() + 63) / 64, 0) {
    field.nearest_.assign(graph_.bundle_count(), graph::kNoNode);
    std::vector<bool> is_listed(graph_.bound_arcs().empty() ? 0 : graph_.vertex_count(), false);
    for (const ArcId arc : graph_.bound_arcs()) {
      const VertexId head = graph_.head(arc);
      if (!is_listed[head]) bound_heads_.push_back(head);
      is_listed[head] = true;
    }
  }

  void run(const std::vector<NodeId>& targets) {
    for (const NodeId target : targets) {
      if (is_seen(target)) continue;
      see(target, 0);
      found_.push_back(target);
    }
    std::size_t unexplored = graph_.arc_count();
    bool upwards = false;
    for (hops_ = 0; !found_.empty() || !bound_.empty(); ++hops_) {
      std::size_t arcs = 0;
      for (const VertexId v : found_) arcs += graph_.free_in_count(v);
      // The thresholds of the paper.
      if (!upwards && arcs > unexplored / 15) upwards = true;
      if (upwards && found_.size() < graph_.vertex_count() / 18) upwards = false;
      unexplored -= std::min(unexplored, arcs);
      if (upwards) {
        add_bundles();
        search_upwards();
      } else {
        search_downwards();
      }
      // Last, as there is nothing to gain where others are as near without a condition.
      follow_bound();
      found_.swap(next_found_);
      next_found_.clear();
      bound_.swap(next_bound_);
      next_bound_.clear();
    }
  }

 private:
  bool is_seen(VertexId v) const { return (seen_[v / 64] >> (v % 64) & 1) != 0; }
  void see(VertexId v, std::uint32_t hops) {
    seen_[v / 64] |= std::uint64_t{1} << (v % 64);
    free_[v] = hops;
  }

  // Whether it was not found before.
  bool find(VertexId v) {
    if (is_seen(v)) return false;
    see(v, hops_ + 1);
    next_found_.push_back(v);
    return true;
  }

  // Nodes of one level bring the bundles that they are in, which are no hop away.
  void bring(VertexId bundle, NodeId node) {
    see(bundle, hops_);
    field_.nearest_[bundle - graph_.node_count()] = node;
  }

  void search_downwards() {
    for (std::size_t i = 0; i < found_.size(); ++i) {  // which grows
      for (const VertexId tail : graph_.free_tails(found_[i])) {
        if (graph_.is_node(tail)) {
          find(tail);
        } else if (!is_seen(tail)) {
          bring(tail, found_[i]);
          found_.push_back(tail);
        }
      }
    }
  }

  void add_bundles() {
    for (auto bundle = static_cast<VertexId>(graph_.node_count()); bundle < graph_.vertex_count(); ++bundle) {
      if (is_seen(bundle)) continue;
      const auto members = graph_.members(bundle);
      const auto seen =
          std::find_if(members.begin(), members.end(), [&](NodeId node) { return is_seen(node); });
      if (seen != members.end()) bring(bundle, *seen);
    }
  }

  // Found now is what an arc leads from to something found before.
  void search_upwards() {
    before_ = seen_;
    const auto nodes = static_cast<VertexId>(graph_.node_count());
    for (std::size_t word = 0; word * 64 < nodes; ++word) {
      for (std::uint64_t open = ~before_[word]; open != 0; open &= open - 1) {
        const auto v = static_cast<VertexId>(word * 64 + static_cast<std::size_t>(std::countr_zero(open)));
        if (v >= nodes) break;
        for (const VertexId head : graph_.free_heads(v)) {
          if ((before_[head / 64] >> (head % 64) & 1) == 0) continue;
          find(v);
          break;
        }
      }
    }
  }

  // What conditions do to those found at this level, and to states that carry one.
  void follow_bound() {
    const auto is_open = [&](VertexId v) { return !is_seen(v); };
    const auto enter = [&](const State& before, Step step) {
      step.hops += hops_;
      if (before.condition != 0) {
        if (!field_.enter_bound(before, step)) return;
        (step.hops == hops_ ? bound_ : next_bound_).push_back(before);
      } else if (find(before.vertex)) {
        field_.odd_steps_.push_back({before.vertex, step});
      }
    };
    std::erase_if(bound_heads_, [&](VertexId head) {
      if (!is_seen(head) || free_[head] > hops_) return false;
      const auto arcs = graph_.in_arcs(head);
      const auto tails = graph_.in_tails(head);
      for (std::size_t i = graph_.free_in_count(head); i < arcs.size(); ++i) {
        const AttackGraph::Trait& trait = graph_.trait(arcs[i]);
        if (!trait.traversable) break;
        if (!is_open(tails[i])) continue;
        if (const auto left = field_.exclusions_.left(trait.condition, tails[i]))
          enter({tails[i], *left}, {1, arcs[i], head, 0});
      }
      return true;
    });
    for (std::size_t i = 0; i < bound_.size(); ++i) {
      const State state = bound_[i];
      if (field_.bound_.at(key(state)).hops != hops_) continue;
      field_.for_each_before(state, is_open, enter);
    }
  }

  DistanceField& field_;
  const AttackGraph& graph_;
  std::vector<std::uint32_t>& free_;
  std::vector<std::uint64_t> seen_;
  std::vector<std::uint64_t> before_;
  std::vector<VertexId> bound_heads_;  ///< of arcs that take a condition, not yet found
  std::vector<VertexId> found_;        ///< at this level
  std::vector<VertexId> next_found_;   ///< one hop further
  std::vector<State> bound_;
  std::vector<State> next_bound_;
  std::uint32_t hops_ = 0;
};

void DistanceField::search_by_hops(const std::vector<NodeId>& targets) { Levels(*this).run(targets); }

// How to go on from a state, towards the targets; without an arc at one of them.
DistanceField::Step DistanceField::step_from(const State& state) const {
  if (state.condition != 0) return bound_.at(key(state));
  if (!steps_.empty()) return steps_[state.vertex];
  if (!std::exchange(are_odd_sorted_, true)) std::ranges::sort(odd_steps_, {}, &OddStep::vertex);
  const auto odd = std::ranges::lower_bound(odd_steps_, state.vertex, {}, &OddStep::vertex);
  if (odd != odd_steps_.end() && odd->vertex == state.vertex) return odd->step;
  if (!graph_.is_node(state.vertex)) {
    const NodeId member = nearest_[state.vertex - graph_.node_count()];
    return {free_[state.vertex], graph::kNoArcId, member, 0};
  }
  if (is_target_[state.vertex]) return {};
  for (ArcId arc = graph_.first_out_arc(state.vertex); arc < graph_.free_out_end(state.vertex); ++arc) {
    const VertexId head = graph_.head(arc);
    if (free_[head] + 1 == free_[state.vertex]) return {free_[state.vertex], arc, head, 0};
  }
  return {};
}

Path DistanceField::path(NodeId from) const {
  Path path;
  const auto bound = bound_best_.find(from);
  State state{from, bound == bound_best_.end() ? 0 : bound->second.condition};
  for (Step step = step_from(state); step.next != graph::kNoNode; step = step_from(state)) {
    state = {step.next, step.next_condition};
    const ArcId arc = step.arc;
    if (!graph_.is_node(state.vertex)) {
      step = step_from(state);
      state = {step.next, step.next_condition};
    }
    path.push_back(graph_.edge_to(arc, state.vertex));
  }
  return path;
}

std::vector<Path> DistanceField::paths(NodeId from, std::size_t count, bool* complete) const {
  constexpr std::size_t kEffort = 200'000;  // partial paths looked at for one source
  if (complete != nullptr) *complete = true;
  std::vector<Path> found;
  if (count == 0 || hops(from) == kUnreachable) return found;
  found.push_back(path(from));
  if (count == 1 || found.front().empty()) return found;

  /// A partial path, linked to the one that it prolongs. All are kept to the end, as giving up a chain of links one within the
  /// other would take as much stack as a path is long.
  struct Partial {
    const Partial* before;
    EdgeId edge;
    NodeId node;
    NodeId actor;
    std::uint32_t length;
    std::uint32_t estimate;  ///< length + distance that remains at least: never more than the truth
    std::uint64_t order;     ///< makes ties deterministic
  };
  std::deque<Partial> partials;  // which stay where they are
  const auto worse = [](const Partial* a, const Partial* b) {
    return a->estimate != b->estimate ? a->estimate > b->estimate : a->order > b->order;
  };
  std::priority_queue<const Partial*, std::vector<const Partial*>, decltype(worse)> queue(worse);
  const auto push = [&](const Partial* before, EdgeId edge, NodeId node, NodeId actor, std::uint32_t length) {
    partials.push_back({before, edge, node, actor, length, length + hops(node), partials.size()});
    queue.push(&partials.back());
  };
  push(nullptr, graph::kNoEdge, from, from, 0);

  const auto nodes_of = [&](const Path& path) {
    std::vector<NodeId> nodes;
    for (const EdgeId e : path) nodes.push_back(graph_.edge(e).target);
    return nodes;
  };
  std::set<std::vector<NodeId>> ways = {nodes_of(found.front())};
  std::size_t effort = 0;
  while (!queue.empty() && found.size() < count) {
    if (++effort > kEffort) {
      if (complete != nullptr) *complete = false;
      break;
    }
    const Partial* const partial = queue.top();
    queue.pop();
    if (is_target_[partial->node]) {
      Path path;
      for (const Partial* p = partial; p->before != nullptr; p = p->before) path.push_back(p->edge);
      std::reverse(path.begin(), path.end());
      if (ways.insert(nodes_of(path)).second) found.push_back(std::move(path));
      continue;
    }
    // Of edges that lead to the same node, the cheapest as another actor goes on, and the cheapest as the same one if that
    // is cheaper: who comes as the node itself is excluded by nothing that others are not.
    std::map<std::pair<NodeId, bool>, std::pair<std::uint32_t, EdgeId>> entered;
    for (EdgeId e = graph_.first_out_edge(partial->node); e < graph_.first_out_edge(partial->node + 1); ++e) {
      const Edge edge = graph_.edge(e);
      if (!edge.traversable || !may_pass(e) || hops(edge.target) == kUnreachable) continue;
      // The actor's token holds the actor and every group that was entered since, be it by adding oneself.
      bool is_excluded = false;
      for (const Partial* p = partial; !is_excluded; p = p->before) {
        is_excluded = exclusions_.excludes(edge.condition, p->node);
        if (p->node == partial->actor) break;
      }
      if (is_excluded) continue;
      bool visited = edge.target == from;
      for (const Partial* p = partial; p->before != nullptr && !visited; p = p->before) {
        visited = p->node == edge.target;
      }
      if (visited) continue;
      const std::pair best(weight_of(graph_.arc_of(e)), e);
      const auto [place, added] = entered.try_emplace({edge.target, keeps_actor(edge.kind)}, best);
      if (!added) place->second = std::min(place->second, best);
    }
    for (const auto& [way, best] : entered) {
      const auto [node, is_same_actor] = way;
      const auto other = entered.find({node, false});
      if (is_same_actor && other != entered.end() && other->second.first <= best.first) continue;
      push(partial, best.second, node, is_same_actor ? partial->actor : node, partial->length + best.first);
    }
  }
  return found;
}

}  // namespace tierline::queries
