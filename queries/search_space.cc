#include "queries/search_space.h"

#include <algorithm>
#include <set>

namespace tierline::queries {

using facts::FactId;
using graph::Arc;
using graph::ArcId;
using graph::ConditionId;
using graph::NodeId;
using graph::Vertex;
using graph::VertexId;
using Sharing = facts::Facts::Sharing;

SearchSpace::SearchSpace(const graph::AttackGraph& graph, const std::vector<NodeId>& targets,
                         const std::vector<NodeId>& principals, facts::Facts* facts)
    : graph_(graph),
      source_(facts),
      exclusions_(graph),
      is_target_(graph.node_count(), false),
      free_(graph.node_count(), graph::kNoVertex),
      shapes_(graph.bundle_count()) {
  for (const NodeId target : targets) is_target_[target] = true;
  add_vertex(Kind::Root, 0);
  for (const NodeId target : targets) add_arc(enter(target, 0), graph::kNoArcId);
  digraph_.first.push_back(static_cast<Arc>(digraph_.head.size()));
  // Vertices are numbered as they are found, so the arcs that leave them come in order.
  for (Vertex v = 1; v < kind_.size(); ++v) {
    switch (kind_[v]) {
      case Kind::Root:
        break;
      case Kind::Node:
        expand_node(what_[v], more_[v]);
        break;
      case Kind::Group: {
        const NodeId first = groups_[what_[v]].first;
        // By number: what is entered may add groups.
        for (std::size_t i = 0; i < groups_[what_[v]].arcs.size(); ++i)
          add_edge(groups_[what_[v]].arcs[i], first, 0);
        break;
      }
      case Kind::Fact:
        add_arc(more_[v], graph::kNoArcId);
        break;
      case Kind::Junction:
        for (const Vertex next : junction_next_[what_[v]]) add_arc(next, graph::kNoArcId);
        break;
    }
    digraph_.first.push_back(static_cast<Arc>(digraph_.head.size()));
  }
  add_principals(principals);
}

void SearchSpace::expand_node(NodeId node, ConditionId condition) {
  const auto arcs = graph_.in_arcs(node);
  const auto tails = graph_.in_tails(node);
  for (std::size_t i = 0; i < arcs.size(); ++i) {
    if (!graph_.is_edge(arcs[i])) {
      expand_bundle(tails[i], node, condition);
      continue;
    }
    if (!graph_.trait(arcs[i]).traversable) break;  // what leads nowhere stands last
    add_edge(arcs[i], node, condition);
  }
}

void SearchSpace::expand_bundle(VertexId bundle, NodeId node, ConditionId condition) {
  const Shape& shape = shape_of(bundle);
  // No edge leads from a node to itself, which matters where others than itself may act as it.
  const bool is_among_tails =
      condition != 0 && std::binary_search(shape.tails.begin(), shape.tails.end(), node);
  if (is_among_tails) {
    for (const auto& list : {&shape.of_all, &shape.in_container, &shape.of_each}) {
      for (const ArcId arc : *list) {
        if (graph_.tail(arc) != node) add_edge(arc, node, condition);
      }
    }
    return;
  }
  const auto join = [&](snapshot::ObjectIndex container, const std::vector<ArcId>& arcs) {
    if (arcs.empty()) return;
    const Group& group = group_of(bundle, container, node, arcs);
    if (group.vertex != graph::kNoVertex) add_arc(group.vertex, graph::kNoArcId);
    for (const ArcId arc : group.of_each) add_edge(arc, node, condition);
  };
  join(snapshot::kNoObject, shape.of_all);
  if (!shape.in_container.empty()) {
    const snapshot::ObjectIndex container = source_->snapshot().object(graph_.nodes().object(node)).parent();
    if (container != snapshot::kNoObject) {
      join(container, shape.in_container);
    } else {
      // Whether the container, which was not read, is the same, nobody knows.
      for (const ArcId arc : shape.in_container) add_edge(arc, node, condition);
    }
  }
  for (const ArcId arc : shape.of_each) {
    if (graph_.tail(arc) != node) add_edge(arc, node, condition);
  }
}

const SearchSpace::Shape& SearchSpace::shape_of(VertexId bundle) {
  Shape& shape = shapes_[bundle - graph_.node_count()];
  if (std::exchange(shape.is_known, true)) return shape;
  snapshot::DescriptorIndex descriptor = snapshot::kNoDescriptor;
  const std::uint32_t object = graph_.nodes().object(graph_.members(bundle).front());
  if (source_ != nullptr && object != snapshot::kNoObject)
    descriptor = source_->snapshot().object(object).descriptor();
  for (const ArcId arc : graph_.in_arcs(bundle)) {
    const graph::AttackGraph::Trait& trait = graph_.trait(arc);
    if (!trait.traversable) break;
    const NodeId tail = graph_.tail(arc);
    const bool keeps = keeps_actor(trait.kind);
    if (!keeps && trait.condition == 0 && is_target_[tail]) continue;
    const Sharing sharing = keeps ? Sharing::None : this->sharing(arc, descriptor);
    if (sharing == Sharing::None) {
      shape.of_each.push_back(arc);
      continue;
    }
    (sharing == Sharing::All ? shape.of_all : shape.in_container).push_back(arc);
    shape.tails.push_back(tail);
  }
  std::sort(shape.tails.begin(), shape.tails.end());
  return shape;
}

Sharing SearchSpace::sharing(ArcId arc, snapshot::DescriptorIndex descriptor) {
  if (source_ == nullptr) return Sharing::All;
  const bool is_of_tier_zero = graph_.nodes().is_tier_zero(graph_.tail(arc));
  Sharing widest = Sharing::All;
  for (const graph::Evidence& evidence : graph_.stored_evidence(arc)) {
    const bool is_right =
        evidence.kind == graph::Evidence::Kind::Ace || evidence.kind == graph::Evidence::Kind::Owner;
    if (is_of_tier_zero && is_right) continue;  // see removable()
    widest = std::max(widest, source_->sharing(evidence, descriptor));
  }
  return widest;
}

SearchSpace::Group& SearchSpace::group_of(VertexId bundle, snapshot::ObjectIndex container, NodeId node,
                                          const std::vector<ArcId>& arcs) {
  const auto [number, is_new] =
      group_numbers_.try_emplace(key(bundle, container), static_cast<std::uint32_t>(groups_.size()));
  if (!is_new) return groups_[number->second];
  Group& group = groups_.emplace_back();
  group.first = node;
  for (const ArcId arc : arcs) {
    const bool is_own = container != snapshot::kNoObject && is_written_on(node, arc);
    (is_own ? group.of_each : group.arcs).push_back(arc);
  }
  if (!group.arcs.empty()) group.vertex = add_vertex(Kind::Group, number->second);
  return group;
}

bool SearchSpace::is_written_on(NodeId node, ArcId arc) {
  for (const graph::Evidence& evidence : evidence_of(arc, node)) {
    const FactId fact = source_->of(evidence, graph_.trait(arc).kind);
    if (fact != facts::kNoFact && source_->object(fact) == graph_.nodes().object(node)) return true;
  }
  return false;
}

graph::EvidenceOf SearchSpace::evidence_of(ArcId arc, NodeId target) const {
  return {graph_.stored_evidence(arc), graph_.nodes().object(target)};
}

void SearchSpace::add_edge(ArcId arc, NodeId target, ConditionId before) {
  const graph::AttackGraph::Trait& trait = graph_.trait(arc);
  const NodeId tail = graph_.tail(arc);
  const ConditionId condition =
      keeps_actor(trait.kind) ? exclusions_.join(before, trait.condition) : trait.condition;
  if (exclusions_.excludes(condition, tail)) return;
  const ConditionId left = exclusions_.at(condition, tail);
  if (left == 0 && is_target_[tail]) return;
  const Vertex head = enter(tail, left);
  if (source_ == nullptr) return add_arc(head, arc);
  add_proofs(arc, target, head);
}

void SearchSpace::add_proofs(ArcId arc, NodeId target, Vertex head) {
  const graph::EvidenceOf evidence = evidence_of(arc, target);
  std::vector<graph::AttackGraph::Proof> proofs;
  if (graph_.has_joint_proof(arc)) {
    proofs = graph_.proofs(graph_.id_of(arc));
  } else if (evidence.size() == 1) {
    const FactId fact = removable(arc, evidence.front());
    return add_arc(fact == facts::kNoFact ? head : fact_before(fact, head), arc);
  } else {
    for (std::uint32_t place = 0; place < evidence.size(); ++place) proofs.push_back({{place}});
  }
  std::vector<std::vector<std::vector<FactId>>> found;
  for (const graph::AttackGraph::Proof& proof : proofs) {
    std::vector<std::vector<FactId>>& parts = found.emplace_back();
    for (const std::vector<std::uint32_t>& places : proof) {
      std::vector<FactId> facts;
      facts.reserve(places.size());
      for (const std::uint32_t place : places) facts.push_back(removable(arc, evidence[place]));
      std::sort(facts.begin(), facts.end());
      facts.erase(std::unique(facts.begin(), facts.end()), facts.end());
      // kNoFact is the last: what nobody can take away proves its part alone.
      if (!facts.empty() && facts.back() != facts::kNoFact) parts.push_back(std::move(facts));
    }
    if (parts.empty()) return add_arc(head, arc);
  }
  if (found.empty()) return add_arc(head, arc);
  std::set<Vertex> next;
  for (const auto& parts : found) {
    const Vertex behind = junction(parts, parts.size() - 1, head);
    for (const FactId fact : parts.back()) next.insert(fact_before(fact, behind));
  }
  for (const Vertex v : next) add_arc(v, arc);
}

// What Tier Zero may do by its rights is how a directory is administered: it is no change that anybody could make.
FactId SearchSpace::removable(ArcId arc, const graph::Evidence& evidence) {
  const FactId fact = source_->of(evidence, graph_.trait(arc).kind);
  if (fact == facts::kNoFact || !graph_.nodes().is_tier_zero(graph_.tail(arc))) return fact;
  return source_->is_right(fact) ? facts::kNoFact : fact;
}

Vertex SearchSpace::fact_before(FactId fact, Vertex head) {
  const auto [place, added] = by_fact_.try_emplace(key(fact, head), graph::kNoVertex);
  if (added) place->second = add_vertex(Kind::Fact, fact, head);
  return place->second;
}

// Where the first `count` parts are still to be proved before `head`; edges that share them share the vertex.
Vertex SearchSpace::junction(const std::vector<std::vector<FactId>>& parts, std::size_t count, Vertex head) {
  if (count == 0) return head;
  std::vector<std::uint32_t> name = {head};
  for (std::size_t i = 0; i < count; ++i) {
    name.insert(name.end(), parts[i].begin(), parts[i].end());
    name.push_back(facts::kNoFact);
  }
  if (const auto found = junctions_.find(name); found != junctions_.end()) return found->second;
  const Vertex behind = junction(parts, count - 1, head);
  std::vector<Vertex> next;
  for (const FactId fact : parts[count - 1]) next.push_back(fact_before(fact, behind));
  const Vertex v = add_vertex(Kind::Junction, static_cast<std::uint32_t>(junction_next_.size()));
  junction_next_.push_back(std::move(next));
  junctions_.emplace(std::move(name), v);
  return v;
}

Vertex SearchSpace::enter(NodeId node, ConditionId condition) {
  if (condition == 0) {
    if (free_[node] == graph::kNoVertex) free_[node] = add_vertex(Kind::Node, node);
    return free_[node];
  }
  const auto [place, added] = pending_.try_emplace(key(condition, node), graph::kNoVertex);
  if (added) {
    place->second = add_vertex(Kind::Node, node, condition);
    bound_[node].push_back(place->second);
  }
  return place->second;
}

Vertex SearchSpace::add_vertex(Kind kind, std::uint32_t what, std::uint32_t more) {
  kind_.push_back(kind);
  what_.push_back(what);
  more_.push_back(more);
  return static_cast<Vertex>(kind_.size() - 1);
}

void SearchSpace::add_arc(Vertex head, ArcId arc) {
  digraph_.head.push_back(head);
  arcs_.push_back(arc);
}

// A principal that can enter in several ways gets a vertex behind them all. The graph is then made anew, as arcs are in
// order of their tails; it happens only where deny entries are.
void SearchSpace::add_principals(const std::vector<NodeId>& principals) {
  std::vector<std::pair<Vertex, Vertex>> choices;
  for (const NodeId principal : principals) {
    const auto bound = bound_.find(principal);
    const bool is_free = free_[principal] != graph::kNoVertex;
    const std::size_t ways = (bound == bound_.end() ? 0 : bound->second.size()) + (is_free ? 1 : 0);
    if (ways == 0) continue;
    Vertex entrance = is_free ? free_[principal] : bound->second.front();
    if (ways > 1) {
      entrance = add_vertex(Kind::Node, principal);
      if (is_free) choices.emplace_back(free_[principal], entrance);
      for (const Vertex v : bound->second) choices.emplace_back(v, entrance);
    }
    principals_.push_back(principal);
    entrances_.push_back(entrance);
  }
  if (choices.empty()) return;
  std::sort(choices.begin(), choices.end());
  graph::Digraph all;
  std::vector<ArcId> arcs;
  std::size_t next = 0;
  for (Vertex v = 0; v < kind_.size(); ++v) {
    if (v < digraph_.vertex_count()) {
      for (Arc arc = digraph_.first[v]; arc < digraph_.first[v + 1]; ++arc) {
        all.head.push_back(digraph_.head[arc]);
        arcs.push_back(arcs_[arc]);
      }
    }
    for (; next < choices.size() && choices[next].first == v; ++next) {
      all.head.push_back(choices[next].second);
      arcs.push_back(graph::kNoArcId);
    }
    all.first.push_back(static_cast<Arc>(all.head.size()));
  }
  digraph_ = std::move(all);
  arcs_ = std::move(arcs);
}

}  // namespace tierline::queries
