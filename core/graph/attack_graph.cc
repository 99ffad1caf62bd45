#include "core/graph/attack_graph.h"

#include <algorithm>
#include <tuple>

namespace tierline::graph {

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
    case Rule::NoOwnerRights:
      return "Where no entry is for OWNER RIGHTS, the owner may rewrite the DACL.";
    case Rule::AbsentDacl:
      return "The descriptor has no DACL, so everyone has every right.";
  }
  return {};
}

EdgeId AttackGraph::id_of(ArcId arc) const {
  const auto fans =
      static_cast<std::size_t>(std::lower_bound(fan_arc_.begin(), fan_arc_.end(), arc) - fan_arc_.begin());
  return arc + fan_skip_[fans];
}

ArcId AttackGraph::arc_of(EdgeId edge) const {
  // Fan k begins at the number fan_arc_[k] + fan_skip_[k]; both columns ascend.
  std::size_t low = 0;
  std::size_t high = fan_arc_.size();
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (fan_arc_[middle] + fan_skip_[middle] <= edge) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == 0) return static_cast<ArcId>(edge);
  const EdgeId after = fan_arc_[low - 1] + fan_skip_[low] + 1;  // the first number behind the fan
  return edge < after ? fan_arc_[low - 1] : static_cast<ArcId>(edge - fan_skip_[low]);
}

EdgeId AttackGraph::edge_to(ArcId arc, NodeId target) const {
  const VertexId head = head_[arc];
  if (is_node(head)) return id_of(arc);
  const auto nodes = members(head);
  return id_of(arc) +
         static_cast<EdgeId>(std::lower_bound(nodes.begin(), nodes.end(), target) - nodes.begin());
}

Edge AttackGraph::edge(EdgeId id) const {
  const ArcId arc = arc_of(id);
  const Trait& trait = this->trait(arc);
  const VertexId head = head_[arc];
  const NodeId target = is_node(head) ? head : members(head)[id - id_of(arc)];
  return {tail_[arc],     target, trait.kind, trait.traversable, knowledge::Caveats::from_bits(trait.caveats),
          trait.condition};
}

std::vector<EdgeId> AttackGraph::in_edges(NodeId node) const {
  std::vector<EdgeId> found;
  const auto arcs = in_arcs(node);
  const auto tails = in_tails(node);
  for (std::size_t i = 0; i < arcs.size(); ++i) {
    if (is_edge(arcs[i])) {
      found.push_back(id_of(arcs[i]));
      continue;
    }
    const ArcId rank = arcs[i] - out_start_[tails[i]];
    for (const ArcId into : in_arcs(tails[i])) found.push_back(id_of(into) + rank);
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::span<const VertexId> AttackGraph::bundles_of(NodeId node) const {
  // Their arcs put into no token and have the highest numbers, so they stand last among the free ones.
  const auto tails = free_tails(node).subspan(token_in_count(node));
  const auto first = std::lower_bound(tails.begin(), tails.end(), static_cast<VertexId>(node_count()));
  return tails.subspan(static_cast<std::size_t>(first - tails.begin()));
}

EvidenceOf AttackGraph::evidence(EdgeId id) const {
  const ArcId arc = arc_of(id);
  const VertexId head = head_[arc];
  const NodeId target = is_node(head) ? head : members(head)[id - id_of(arc)];
  return EvidenceOf(stored_evidence(arc), nodes_.object(target));
}

EdgeId AttackGraph::find_edge(NodeId source, NodeId target, knowledge::EdgeKind kind) const {
  const auto find = [&](VertexId head) {
    const std::tuple wanted(knowledge::out_order(kind), head);
    const auto key = [&](ArcId arc) { return std::tuple(knowledge::out_order(trait(arc).kind), head_[arc]); };
    for (const auto& [first, last] : {std::pair(out_start_[source], out_free_[source]),
                                      std::pair(out_free_[source], out_start_[source + 1])}) {
      ArcId low = first;
      ArcId high = last;
      while (low < high) {
        const ArcId middle = low + (high - low) / 2;
        if (key(middle) < wanted) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      if (low != last && key(low) == wanted) return low;
    }
    return kNoArcId;
  };
  if (const ArcId arc = find(target); arc != kNoArcId) return id_of(arc);
  for (const VertexId bundle : bundles_of(target)) {
    if (const ArcId arc = find(bundle); arc != kNoArcId) return edge_to(arc, target);
  }
  return kNoEdge;
}

std::vector<AttackGraph::Proof> AttackGraph::proofs(EdgeId edge) const {
  const ArcId arc = arc_of(edge);
  if (const auto joint = joint_proofs_.find(arc); joint != joint_proofs_.end()) return joint->second;
  std::vector<Proof> found;
  const auto pieces = static_cast<std::uint32_t>(stored_evidence(arc).size());
  for (std::uint32_t place = 0; place < pieces; ++place) found.push_back({{place}});
  return found;
}

AttackGraph::Edges::Iterator AttackGraph::Edges::begin() const { return {&graph_, 0, 0}; }
AttackGraph::Edges::Iterator AttackGraph::Edges::end() const { return {&graph_, graph_.edge_count(), 0}; }

Edge AttackGraph::Edges::Iterator::operator*() const {
  const Trait& trait = graph_->trait(arc_);
  const VertexId head = graph_->head(arc_);
  return {graph_->tail(arc_),
          graph_->is_node(head) ? head : graph_->members(head)[rank_],
          trait.kind,
          trait.traversable,
          knowledge::Caveats::from_bits(trait.caveats),
          trait.condition};
}

AttackGraph::Edges::Iterator& AttackGraph::Edges::Iterator::operator++() {
  ++id_;
  const VertexId head = graph_->head(arc_);
  if (!graph_->is_node(head) && rank_ + 1 < graph_->members(head).size()) {
    ++rank_;
  } else {
    ++arc_;
    rank_ = 0;
  }
  return *this;
}

}  // namespace tierline::graph
