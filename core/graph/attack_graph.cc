#include "core/graph/attack_graph.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "core/graph/graph_builder.h"

namespace tierline::graph {
namespace {

auto identity_of(const Edge& edge) { return std::tuple(edge.source, edge.kind, edge.target); }

// `into` and `other` agree in identity; afterwards `into` says what both said.
void merge(Edge& into, const Edge& other) {
  if (other.traversable == into.traversable) {
    if (into.condition != other.condition) {
      // Two different conditions: the edge holds when either does. Only an unconditional one can stand for
      // both; otherwise the first is kept, which claims less than the truth, never more.
      if (other.condition == 0) into.condition = 0;
    }
    // A caveat holds for the edge only if no evidence is free of it.
    into.caveats = knowledge::Caveats::from_bits(into.caveats.bits() & other.caveats.bits());
  } else if (other.traversable) {
    into = other;
  }
}

}  // namespace

std::string_view text_of(Rule rule) {
  switch (rule) {
    case Rule::AuthenticatedUsers:
      return "Every account that logs on with its own credentials is an authenticated user.";
    case Rule::Everyone:
      return "Every logon is a member of Everyone.";
    case Rule::EnterpriseDomainControllers:
      return "Every domain controller of the forest is an enterprise domain controller.";
    case Rule::AdminSdHolderProtects:
      return "The object is protected: AdminSDHolder's security descriptor is written over its own.";
    case Rule::JoinedReplicationRights:
      return "The two replication rights come from different entries that meet in this principal's token.";
    case Rule::NetworkLogon:
      return "Every logon at a domain controller over the network has it.";
    case Rule::ChosenLogon:
      return "Whoever logs on gets it by the way of logging on.";
    case Rule::EnabledGuest:
      return "Guest is enabled: an unknown user is taken for it.";
    case Rule::CertificateConditions:
      return "The settings of the template and of its authority allow it together.";
    case Rule::AbsentDacl:
      return "The descriptor has no DACL, so everyone has every right.";
  }
  return {};
}

EdgeId AttackGraph::find_edge(NodeId source, NodeId target, knowledge::EdgeKind kind) const {
  const auto begin = edges_.begin() + out_start_[source];
  const auto end = edges_.begin() + out_start_[source + 1];
  const auto wanted = std::tuple(source, kind, target);
  const auto found = std::lower_bound(
      begin, end, wanted, [](const Edge& edge, const auto& key) { return identity_of(edge) < key; });
  if (found == end || identity_of(*found) != wanted) return kNoEdge;
  return static_cast<EdgeId>(found - edges_.begin());
}

std::vector<AttackGraph::Proof> AttackGraph::proofs(EdgeId edge) const {
  std::vector<Proof> found;
  std::vector<bool> is_joint(evidence(edge).size(), false);
  if (const auto joint = joint_proofs_.find(edge); joint != joint_proofs_.end()) {
    found = joint->second;
    for (const Proof& proof : found) {
      for (const auto& part : proof) {
        for (const std::uint32_t place : part) is_joint[place] = true;
      }
    }
  }
  for (std::uint32_t place = 0; place < is_joint.size(); ++place) {
    if (!is_joint[place]) found.push_back({{place}});
  }
  return found;
}

NodeId GraphBuilder::add_node(Node node) {
  nodes_.push_back(std::move(node));
  return static_cast<NodeId>(nodes_.size() - 1);
}

ConditionId GraphBuilder::condition(std::vector<NodeId> excluded) {
  if (excluded.empty()) return 0;
  std::sort(excluded.begin(), excluded.end());
  excluded.erase(std::unique(excluded.begin(), excluded.end()), excluded.end());
  const auto [place, added] =
      condition_ids_.emplace(std::move(excluded), static_cast<ConditionId>(conditions_.size()));
  if (added) conditions_.push_back(place->first);
  return place->second;
}

void GraphBuilder::add_edge(const Edge& edge, Evidence evidence) {
  if (edge.source != edge.target || knowledge::may_be_to_itself(edge.kind))
    edges_.push_back({edge, evidence});
}

void GraphBuilder::add_joint_edge(const Edge& edge, const std::vector<std::vector<Evidence>>& parts) {
  if (edge.source == edge.target && !knowledge::may_be_to_itself(edge.kind)) return;
  ++joint_proofs_;
  std::uint32_t number = 0;
  for (const std::vector<Evidence>& part : parts) {
    for (const Evidence& evidence : part) edges_.push_back({edge, evidence, {joint_proofs_, number}});
    ++number;
  }
}

AttackGraph GraphBuilder::finish() {
  std::sort(edges_.begin(), edges_.end(), [](const PendingEdge& a, const PendingEdge& b) {
    const auto left = identity_of(a.edge);
    const auto right = identity_of(b.edge);
    if (left != right) return left < right;
    return std::tie(a.evidence, a.part) < std::tie(b.evidence, b.part);
  });
  AttackGraph graph;
  graph.nodes_ = std::move(nodes_);
  graph.conditions_ = std::move(conditions_);
  const std::size_t node_count = graph.nodes_.size();
  graph.out_start_.assign(node_count + 1, 0);
  graph.in_start_.assign(node_count + 1, 0);

  std::map<EdgeId, std::map<std::uint32_t, std::map<std::uint32_t, std::vector<std::uint32_t>>>> joint;
  for (std::size_t i = 0; i < edges_.size(); ++i) {
    const PendingEdge& pending = edges_[i];
    const bool same = i != 0 && identity_of(edges_[i - 1].edge) == identity_of(pending.edge);
    if (same) {
      merge(graph.edges_.back(), pending.edge);
    } else {
      graph.edges_.push_back(pending.edge);
      graph.evidence_start_.push_back(static_cast<std::uint32_t>(graph.evidence_.size()));
      ++graph.out_start_[pending.edge.source + 1];
      ++graph.in_start_[pending.edge.target + 1];
    }
    if (!same || edges_[i - 1].evidence != pending.evidence) graph.evidence_.push_back(pending.evidence);
    if (pending.part.proof != 0) {
      const auto place =
          static_cast<std::uint32_t>(graph.evidence_.size() - graph.evidence_start_.back() - 1);
      joint[static_cast<EdgeId>(graph.edges_.size() - 1)][pending.part.proof][pending.part.number].push_back(
          place);
    }
  }
  graph.evidence_start_.push_back(static_cast<std::uint32_t>(graph.evidence_.size()));
  for (const auto& [edge, proofs] : joint) {
    std::vector<AttackGraph::Proof>& of_edge = graph.joint_proofs_[edge];
    for (const auto& [proof, parts] : proofs) {
      AttackGraph::Proof& found = of_edge.emplace_back();
      for (const auto& [part, places] : parts) found.push_back(places);
    }
  }
  for (std::size_t n = 0; n < node_count; ++n) {
    graph.out_start_[n + 1] += graph.out_start_[n];
    graph.in_start_[n + 1] += graph.in_start_[n];
  }
  graph.in_edges_.resize(graph.edges_.size());
  std::vector<std::uint32_t> next(graph.in_start_.begin(), graph.in_start_.end() - 1);
  for (EdgeId e = 0; e < graph.edges_.size(); ++e) graph.in_edges_[next[graph.edges_[e].target]++] = e;
  return graph;
}

}  // namespace tierline::graph
