#include "core/graph/graph_check.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace tierline::graph {
namespace {

constexpr std::uint32_t kNoObject = 0xFFFFFFFF;
constexpr std::uint16_t kInDescriptor = 0xFFFF;  // as the attribute of evidence

// From 0 to the end of what they divide, in order.
bool are_starts(std::span<const std::uint32_t> starts, std::size_t end) {
  return starts.front() == 0 && starts.back() == end && std::is_sorted(starts.begin(), starts.end());
}

bool is_strictly_ascending(std::span<const NodeId> nodes) {
  return std::adjacent_find(nodes.begin(), nodes.end(), std::greater_equal()) == nodes.end();
}

}  // namespace

Status GraphCheck::check(const AttackGraph& graph, const Extent& extent) {
  const GraphCheck check(graph, extent);
  // Each may rely on what stands before it.
  const std::pair<bool (GraphCheck::*)() const, const char*> parts[] = {
      {&GraphCheck::sizes_fit, "sizes"},
      {&GraphCheck::nodes_are_sound, "nodes"},
      {&GraphCheck::conditions_are_sound, "conditions"},
      {&GraphCheck::traits_are_sound, "kinds of arcs"},
      {&GraphCheck::arcs_are_sound, "arcs"},
      {&GraphCheck::fans_are_sound, "numbers of edges"},
      {&GraphCheck::arcs_into_are_sound, "arcs into nodes"},
      {&GraphCheck::evidence_is_sound, "evidence"},
      {&GraphCheck::joint_proofs_are_sound, "proofs"},
  };
  for (const auto& [is_sound, what] : parts) {
    if (!(check.*is_sound)())
      return Error{ErrorCode::BadData, "is damaged (" + std::string(what) + " that do not fit)"};
  }
  return {};
}

bool GraphCheck::sizes_fit() const {
  const std::size_t vertices = graph_.out_free_.size();
  const std::size_t arcs = graph_.head_.size();
  const std::size_t edges = graph_.tail_.size();
  return graph_.node_count() <= vertices && vertices < kNoNode && arcs < kNoArcId && edges <= arcs &&
         graph_.out_keep_.size() == vertices && graph_.out_start_.size() == vertices + 1 &&
         graph_.in_start_.size() == vertices + 1 && graph_.in_token_.size() == vertices &&
         graph_.in_free_.size() == vertices && graph_.trait_.size() == edges &&
         graph_.in_tail_.size() == arcs && graph_.in_arc_.size() == arcs &&
         graph_.fan_skip_.size() == graph_.fan_arc_.size() + 1 &&
         graph_.evidence_start_.size() == edges + 1 && graph_.condition_start_.size() >= 2;
}

bool GraphCheck::nodes_are_sound() const {
  const NodeTable& nodes = graph_.nodes_;
  for (NodeId n = 0; n < nodes.size(); ++n) {
    if (!nodes.is_sound(n)) return false;
    if (nodes.object(n) != kNoObject && nodes.object(n) >= extent_.objects) return false;
  }
  return std::all_of(nodes.issuers().begin(), nodes.issuers().end(), [](const directory::Sid& issuer) {
    return issuer.count() <= directory::Sid::kMaxSubAuthorities;
  });
}

bool GraphCheck::conditions_are_sound() const {
  if (!are_starts(graph_.condition_start_.span(), graph_.conditions_.size())) return false;
  for (const NodeId node : graph_.conditions_) {
    if (node >= graph_.node_count()) return false;
  }
  for (ConditionId c = 0; c < graph_.condition_count(); ++c) {
    if (!is_strictly_ascending(graph_.excluded(c))) return false;
  }
  return graph_.excluded(0).empty();
}

bool GraphCheck::traits_are_sound() const {
  constexpr std::uint32_t kCaveats = (1u << knowledge::kCaveatTexts.size()) - 1;
  for (const AttackGraph::Trait& trait : graph_.traits_) {
    // What is no truth value must not be read as one.
    std::uint8_t traversable = 0;
    std::memcpy(&traversable, &trait.traversable, sizeof traversable);
    if (traversable > 1 || static_cast<std::size_t>(trait.kind) >= knowledge::edge_kinds().size() ||
        (trait.caveats & ~kCaveats) != 0 || trait.condition >= graph_.condition_count())
      return false;
  }
  return true;
}

bool GraphCheck::arcs_are_sound() const {
  const auto nodes = static_cast<VertexId>(graph_.node_count());
  const std::size_t vertices = graph_.vertex_count();
  if (!are_starts(graph_.out_start_.span(), graph_.arc_count())) return false;
  if (graph_.out_start_[nodes] != graph_.tail_.size()) return false;
  for (const VertexId head : graph_.head_) {
    if (head >= vertices) return false;
  }
  for (const std::uint32_t trait : graph_.trait_) {
    if (trait >= graph_.traits_.size()) return false;
  }
  for (NodeId n = 0; n < nodes; ++n) {
    if (!out_arcs_are_sound(n)) return false;
  }
  for (VertexId bundle = nodes; bundle < vertices; ++bundle) {
    const std::span<const NodeId> members = graph_.members(bundle);
    if (members.empty() || members.back() >= nodes || !is_strictly_ascending(members)) return false;
    if (graph_.out_free_[bundle] != graph_.out_start_[bundle + 1]) return false;
    if (graph_.out_keep_[bundle] != graph_.out_start_[bundle]) return false;
  }
  return true;
}

// Free ones first, and in both parts by kind (see knowledge::out_order) and head, so that those that keep the actor come first.
bool GraphCheck::out_arcs_are_sound(NodeId node) const {
  const ArcId first = graph_.out_start_[node];
  const ArcId free_end = graph_.out_free_[node];
  const ArcId last = graph_.out_start_[node + 1];
  if (free_end < first || free_end > last) return false;
  const auto keeps = [&](ArcId arc) { return knowledge::keeps_actor(graph_.trait(arc).kind); };
  const ArcId keep_end = graph_.out_keep_[node];
  if (keep_end < first || keep_end > free_end) return false;
  if ((keep_end != first && !keeps(keep_end - 1)) || (keep_end != free_end && keeps(keep_end))) return false;
  const auto place_of = [&](ArcId arc) {
    return std::tuple(knowledge::out_order(graph_.trait(arc).kind), graph_.head_[arc]);
  };
  for (ArcId arc = first; arc < last; ++arc) {
    const AttackGraph::Trait& trait = graph_.trait(arc);
    const bool is_free = trait.traversable && trait.condition == 0;
    if (graph_.tail_[arc] != node || is_free != (arc < free_end)) return false;
    if (arc != first && arc != free_end && place_of(arc - 1) >= place_of(arc)) return false;
  }
  return true;
}

bool GraphCheck::fans_are_sound() const {
  std::size_t fans = 0;
  if (graph_.fan_skip_[0] != 0) return false;
  for (ArcId arc = 0; arc < graph_.tail_.size(); ++arc) {
    const VertexId head = graph_.head_[arc];
    if (graph_.is_node(head)) continue;
    if (fans == graph_.fan_arc_.size() || graph_.fan_arc_[fans] != arc) return false;
    if (graph_.fan_skip_[fans + 1] != graph_.fan_skip_[fans] + graph_.members(head).size() - 1) return false;
    ++fans;
  }
  return fans == graph_.fan_arc_.size() &&
         graph_.edge_count_ == graph_.tail_.size() + graph_.fan_skip_.back();
}

// They are laid out anew, as GraphBuilder does, and compared.
bool GraphCheck::arcs_into_are_sound() const {
  if (!are_starts(graph_.in_start_.span(), graph_.arc_count())) return false;
  const auto vertices = static_cast<VertexId>(graph_.vertex_count());
  std::vector<std::uint32_t> next(graph_.in_start_.begin(), graph_.in_start_.end() - 1);
  const auto is_next = [&](VertexId tail, ArcId arc) {
    const VertexId head = graph_.head_[arc];
    const std::uint32_t place = next[head]++;
    return place < graph_.in_start_[head + 1] && graph_.in_arc_[place] == arc &&
           graph_.in_tail_[place] == tail;
  };
  const auto puts_in_token = [&](ArcId arc) {
    return graph_.is_edge(arc) && knowledge::puts_in_token(graph_.trait(arc).kind);
  };
  for (const bool is_token : {true, false}) {
    for (VertexId v = 0; v < vertices; ++v) {
      for (ArcId arc = graph_.out_start_[v]; arc < graph_.out_free_[v]; ++arc) {
        if (puts_in_token(arc) == is_token && !is_next(v, arc)) return false;
      }
    }
    const auto& ends = is_token ? graph_.in_token_ : graph_.in_free_;
    if (!std::equal(next.begin(), next.end(), ends.begin())) return false;
  }
  std::vector<ArcId> bound;
  for (const bool is_traversable : {true, false}) {
    for (NodeId n = 0; n < graph_.node_count(); ++n) {
      for (ArcId arc = graph_.out_free_[n]; arc < graph_.out_start_[n + 1]; ++arc) {
        if (graph_.trait(arc).traversable != is_traversable) continue;
        if (!is_next(n, arc)) return false;
        if (is_traversable) bound.push_back(arc);
      }
    }
  }
  return std::equal(bound.begin(), bound.end(), graph_.bound_.begin(), graph_.bound_.end());
}

bool GraphCheck::evidence_is_sound() const {
  if (!are_starts(graph_.evidence_start_.span(), graph_.evidence_.size())) return false;
  const NodeTable& nodes = graph_.nodes_;
  std::vector<bool> has_objects(graph_.vertex_count());
  for (VertexId v = 0; v < has_objects.size(); ++v) {
    const std::span<const NodeId> members = graph_.is_node(v) ? std::span<const NodeId>() : graph_.members(v);
    has_objects[v] = graph_.is_node(v) ? nodes.object(v) != kNoObject
                                       : std::all_of(members.begin(), members.end(), [&](NodeId member) {
                                           return nodes.object(member) != kNoObject;
                                         });
  }
  for (ArcId arc = 0; arc < graph_.tail_.size(); ++arc) {
    const std::span<const Evidence> evidence = graph_.stored_evidence(arc);
    if (evidence.empty()) return false;
    for (const Evidence& one : evidence) {
      if (one.kind > Evidence::Kind::Rule) return false;
      if (one.kind == Evidence::Kind::Rule) continue;
      const bool has_object = one.object == Evidence::kEach
                                  ? static_cast<bool>(has_objects[graph_.head_[arc]])
                                  : one.object < extent_.objects;
      if (!has_object || (one.attribute != kInDescriptor && one.attribute >= extent_.attributes))
        return false;
    }
  }
  return true;
}

bool GraphCheck::joint_proofs_are_sound() const {
  for (const auto& [arc, proofs] : graph_.joint_proofs_) {
    if (!graph_.is_edge(arc) || proofs.empty()) return false;
    const std::size_t places = graph_.stored_evidence(arc).size();
    for (const AttackGraph::Proof& proof : proofs) {
      if (proof.empty()) return false;
      for (const std::vector<std::uint32_t>& part : proof) {
        if (part.empty()) return false;
        for (const std::uint32_t place : part) {
          if (place >= places) return false;
        }
      }
    }
  }
  return true;
}

}  // namespace tierline::graph
