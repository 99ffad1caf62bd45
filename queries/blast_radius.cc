#include "queries/blast_radius.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

namespace tierline::queries {
namespace {

using graph::ArcId;
using graph::AttackGraph;
using graph::ConditionId;
using graph::NodeId;
using graph::VertexId;

class Spread {
 public:
  explicit Spread(const AttackGraph& graph)
      : graph_(graph),
        exclusions_(graph),
        hops_(graph.node_count(), kUnreachable),
        is_done_(graph.vertex_count(), false) {
    for (const ArcId arc : graph.bound_arcs()) conditions_.insert(graph.trait(arc).condition);
  }

  std::vector<std::uint32_t> run(const std::vector<NodeId>& sources) {
    for (const NodeId source : sources) enter({source, caught(source)}, 0);
    for (std::size_t next = 0; next < queue_.size(); ++next) {
      const State state = queue_[next].first;
      go_on_from(state, queue_[next].second + 1);
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

  void go_on_from(const State& state, std::uint32_t hops) {
    for (ArcId arc = graph_.first_out_arc(state.node); arc < graph_.first_out_arc(state.node + 1); ++arc) {
      const AttackGraph::Trait& trait = graph_.trait(arc);
      if (!trait.traversable || (trait.condition != 0 && lists_[state.caught].contains(trait.condition)))
        continue;
      const bool keeps = keeps_actor(trait.kind) && state.caught != kNone;
      const VertexId head = graph_.head(arc);
      if (graph_.is_node(head)) {
        arrive(state, keeps, head, hops);
        continue;
      }
      // Whoever comes to the nodes of a bundle as nobody but themselves finds the same as the first who did.
      if (!keeps && is_done_[head]) continue;
      if (!keeps) is_done_[head] = true;
      for (const NodeId member : graph_.members(head)) arrive(state, keeps, member, hops);
    }
  }

  void arrive(const State& from, bool keeps, NodeId node, std::uint32_t hops) {
    const ListId own = caught(node);
    enter({node, keeps ? join(from.caught, own) : own}, hops);
  }

  // Who is caught by nothing can do all that others can, so that where it has been nobody need go again.
  void enter(const State& state, std::uint32_t hops) {
    if (is_done_[state.node]) return;
    if (state.caught == kNone) {
      is_done_[state.node] = true;
    } else if (!seen_.insert(state).second) {
      return;
    }
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
  std::vector<bool> is_done_;  ///< nodes where somebody who is caught by nothing has been, and bundles
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
