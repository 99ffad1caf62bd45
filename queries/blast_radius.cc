#include "queries/blast_radius.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

namespace tierline::queries {
namespace {

using graph::AttackGraph;
using graph::ConditionId;
using graph::Edge;
using graph::EdgeId;
using graph::NodeId;

class Spread {
 public:
  explicit Spread(const AttackGraph& graph)
      : graph_(graph), exclusions_(graph), hops_(graph.node_count(), kUnreachable) {
    for (const Edge& edge : graph.edges()) {
      if (edge.traversable && edge.condition != 0) conditions_.insert(edge.condition);
    }
  }

  std::vector<std::uint32_t> run(const std::vector<NodeId>& sources) {
    for (const NodeId source : sources) enter({source, caught(source)}, 0);
    for (std::size_t next = 0; next < queue_.size(); ++next) {
      const State state = queue_[next].first;
      const std::uint32_t hops = queue_[next].second + 1;
      for (EdgeId e = graph_.first_out_edge(state.node); e < graph_.first_out_edge(state.node + 1); ++e) {
        const Edge& edge = graph_.edge(e);
        if (!edge.traversable || lists_[state.caught].contains(edge.condition)) continue;
        const ListId own = caught(edge.target);
        enter({edge.target, keeps_actor(edge.kind) ? join(state.caught, own) : own}, hops);
      }
    }
    return std::move(hops_);
  }

 private:
  using ListId = std::uint32_t;
  using List = std::set<ConditionId>;

  struct State {
    NodeId node;
    ListId caught;  ///< the conditions that exclude the actor, through any of the groups on the way
    friend auto operator<=>(const State&, const State&) = default;
  };

  // Who is caught by nothing can do all that others can, so that where it has been nobody need go again.
  void enter(const State& state, std::uint32_t hops) {
    if (state.caught != kNone && seen_.contains({state.node, kNone})) return;
    if (!seen_.insert(state).second) return;
    hops_[state.node] = std::min(hops_[state.node], hops);
    queue_.emplace_back(state, hops);
  }

  ListId caught(NodeId node) {
    if (conditions_.empty()) return kNone;
    const auto [place, added] = caught_.try_emplace(node, kNone);
    if (added) {
      List list;
      for (const ConditionId condition : conditions_) {
        if (exclusions_.excludes(condition, node)) list.insert(condition);
      }
      place->second = intern(std::move(list));
    }
    return place->second;
  }

  ListId join(ListId a, ListId b) {
    if (a == b || b == kNone) return a;
    if (a == kNone) return b;
    List both = lists_[a];
    both.insert(lists_[b].begin(), lists_[b].end());
    return intern(std::move(both));
  }

  ListId intern(List list) {
    const auto [place, added] = ids_.try_emplace(list, static_cast<ListId>(lists_.size()));
    if (added) lists_.push_back(std::move(list));
    return place->second;
  }

  static constexpr ListId kNone = 0;

  const AttackGraph& graph_;
  Exclusions exclusions_;
  std::vector<std::uint32_t> hops_;
  std::set<ConditionId> conditions_;
  std::map<NodeId, ListId> caught_;
  std::vector<List> lists_ = {{}};
  std::map<List, ListId> ids_ = {{{}, kNone}};
  std::set<State> seen_;
  std::vector<std::pair<State, std::uint32_t>> queue_;
};

}  // namespace

std::vector<std::uint32_t> blast_radius(const AttackGraph& graph, const std::vector<NodeId>& sources) {
  return Spread(graph).run(sources);
}

}  // namespace tierline::queries
