#include "queries/search_space.h"

#include <algorithm>
#include <set>

namespace tierline::queries {

using facts::FactId;
using graph::Arc;
using graph::ConditionId;
using graph::Edge;
using graph::EdgeId;
using graph::NodeId;
using graph::Vertex;

SearchSpace::SearchSpace(const graph::AttackGraph& graph, const std::vector<NodeId>& targets,
                         const std::vector<NodeId>& principals, facts::Facts* facts)
    : graph_(graph), source_(facts), exclusions_(graph), free_(graph.node_count(), graph::kNoVertex) {
  add_vertex(graph::kNoNode, 0, facts::kNoFact);
  for (const NodeId target : targets) add_arc(enter(target, 0), graph::kNoEdge);
  digraph_.first.push_back(static_cast<Arc>(digraph_.head.size()));
  // Vertices are numbered as they are found, so the arcs that leave them come in order.
  for (Vertex v = 1; v < nodes_.size(); ++v) {
    if (nodes_[v] == graph::kNoNode) {
      for (const Vertex next : next_[v]) add_arc(next, graph::kNoEdge);
    } else {
      for (const EdgeId e : graph.in_edges(nodes_[v])) add_edge(e, v);
    }
    digraph_.first.push_back(static_cast<Arc>(digraph_.head.size()));
  }
  add_principals(principals);
}

void SearchSpace::add_edge(EdgeId e, Vertex before) {
  const Edge& edge = graph_.edge(e);
  if (!edge.traversable) return;
  const ConditionId condition =
      keeps_actor(edge.kind) ? exclusions_.join(conditions_[before], edge.condition) : edge.condition;
  if (exclusions_.excludes(condition, edge.source)) return;
  const Vertex head = enter(edge.source, condition);
  if (source_ == nullptr) return add_arc(head, e);
  add_proofs(e, head);
}

void SearchSpace::add_proofs(EdgeId e, Vertex head) {
  const graph::EvidenceOf evidence = graph_.evidence(e);
  std::vector<std::vector<std::vector<FactId>>> proofs;
  for (const graph::AttackGraph::Proof& proof : graph_.proofs(e)) {
    std::vector<std::vector<FactId>>& parts = proofs.emplace_back();
    for (const std::vector<std::uint32_t>& places : proof) {
      std::vector<FactId> facts;
      facts.reserve(places.size());
      for (const std::uint32_t place : places) facts.push_back(removable(e, evidence[place]));
      std::sort(facts.begin(), facts.end());
      facts.erase(std::unique(facts.begin(), facts.end()), facts.end());
      // kNoFact is the last: what nobody can take away proves its part alone.
      if (!facts.empty() && facts.back() != facts::kNoFact) parts.push_back(std::move(facts));
    }
    if (parts.empty()) return add_arc(head, e);
  }
  if (proofs.empty()) return add_arc(head, e);
  std::set<Vertex> next;
  for (const auto& parts : proofs) {
    const Vertex behind = junction(parts, parts.size() - 1, head);
    for (const FactId fact : parts.back()) next.insert(fact_before(fact, behind));
  }
  for (const Vertex v : next) add_arc(v, e);
}

// What Tier Zero may do by its rights is how a directory is administered: it is no change that anybody could make.
FactId SearchSpace::removable(EdgeId e, const graph::Evidence& evidence) {
  const FactId fact = source_->of(evidence, graph_.edge(e).kind);
  if (fact == facts::kNoFact || graph_.node(graph_.edge(e).source).tier != 0) return fact;
  return (*source_)[fact].is_right() ? facts::kNoFact : fact;
}

Vertex SearchSpace::fact_before(FactId fact, Vertex head) {
  const auto [place, added] = by_fact_.try_emplace(key(fact, head), graph::kNoVertex);
  if (added) {
    place->second = add_vertex(graph::kNoNode, 0, fact);
    next_[place->second] = {head};
  }
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
  const Vertex v = add_vertex(graph::kNoNode, 0, facts::kNoFact);
  next_[v] = std::move(next);
  junctions_.emplace(std::move(name), v);
  return v;
}

Vertex SearchSpace::enter(NodeId node, ConditionId condition) {
  if (condition == 0) {
    if (free_[node] == graph::kNoVertex) free_[node] = add_vertex(node, 0, facts::kNoFact);
    return free_[node];
  }
  const auto [place, added] = pending_.try_emplace(key(condition, node), graph::kNoVertex);
  if (added) {
    place->second = add_vertex(node, condition, facts::kNoFact);
    bound_[node].push_back(place->second);
  }
  return place->second;
}

Vertex SearchSpace::add_vertex(NodeId node, ConditionId condition, FactId fact) {
  nodes_.push_back(node);
  conditions_.push_back(condition);
  if (source_ != nullptr) {
    facts_of_.push_back(fact);
    next_.emplace_back();
  }
  return static_cast<Vertex>(nodes_.size() - 1);
}

void SearchSpace::add_arc(Vertex head, EdgeId edge) {
  digraph_.head.push_back(head);
  edges_.push_back(edge);
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
      entrance = add_vertex(principal, 0, facts::kNoFact);
      if (is_free) choices.emplace_back(free_[principal], entrance);
      for (const Vertex v : bound->second) choices.emplace_back(v, entrance);
    }
    principals_.push_back(principal);
    entrances_.push_back(entrance);
  }
  if (choices.empty()) return;
  std::sort(choices.begin(), choices.end());
  graph::Digraph all;
  std::vector<EdgeId> edges;
  std::size_t next = 0;
  for (Vertex v = 0; v < nodes_.size(); ++v) {
    if (v < digraph_.vertex_count()) {
      for (Arc arc = digraph_.first[v]; arc < digraph_.first[v + 1]; ++arc) {
        all.head.push_back(digraph_.head[arc]);
        edges.push_back(edges_[arc]);
      }
    }
    for (; next < choices.size() && choices[next].first == v; ++next) {
      all.head.push_back(choices[next].second);
      edges.push_back(graph::kNoEdge);
    }
    all.first.push_back(static_cast<Arc>(all.head.size()));
  }
  digraph_ = std::move(all);
  edges_ = std::move(edges);
}

}  // namespace tierline::queries
