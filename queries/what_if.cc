#include "queries/what_if.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>
#include <utility>

namespace tierline::queries {

using facts::FactId;
using graph::ArcId;
using graph::AttackGraph;
using graph::NodeId;
using graph::VertexId;
using snapshot::ObjectIndex;
using Sharing = facts::Facts::Sharing;

Result<Changed> Changed::make(facts::Facts& facts, const std::vector<FactId>& removed, const Derive& derive,
                              const Targets& targets) {
  Result<snapshot::Snapshot> rest = facts::without(facts, removed);
  if (!rest) return std::move(rest).error();
  AttackGraph graph = derive(*rest);
  auto found = targets(*rest, graph);
  if (!found) return std::move(found).error();
  return Changed{*std::move(rest), std::move(graph), *std::move(found)};
}

namespace {

/// Goes through the facts behind the edges of a graph until those that are wanted are found.
class FactSearch {
 public:
  FactSearch(const AttackGraph& graph, facts::Facts& facts, std::span<const std::string> fingerprints)
      : graph_(graph), facts_(facts), fingerprints_(fingerprints), in_containers_(graph.bundle_count()) {}

  std::vector<FactId> run() {
    found_.assign(fingerprints_.size(), facts::kNoFact);
    for (ArcId arc = 0; graph_.is_edge(arc) && !is_done(); ++arc) {
      const VertexId head = graph_.head(arc);
      if (graph_.is_node(head)) {
        look_at(arc, head);
      } else {
        look_at_bundle(arc, head);
      }
    }
    return std::move(found_);
  }

 private:
  bool is_done() const { return std::find(found_.begin(), found_.end(), facts::kNoFact) == found_.end(); }

  void look_at_bundle(ArcId arc, VertexId bundle) {
    const auto members = graph_.members(bundle);
    switch (sharing(arc, members.front())) {
      case Sharing::All:
        look_at(arc, members.front());
        return;
      case Sharing::InContainer: {
        bool is_own = false;
        for (const NodeId member : in_containers(bundle)) is_own |= look_at(arc, member);
        if (!is_own) return;
        break;
      }
      case Sharing::None:
        break;
    }
    for (const NodeId member : members) look_at(arc, member);
  }

  Sharing sharing(ArcId arc, NodeId member) {
    const ObjectIndex object = graph_.nodes().object(member);
    const snapshot::DescriptorIndex descriptor = object == snapshot::kNoObject
                                                     ? snapshot::kNoDescriptor
                                                     : facts_.snapshot().object(object).descriptor();
    Sharing widest = Sharing::All;
    for (const graph::Evidence& stored : graph_.stored_evidence(arc))
      widest = std::max(widest, facts_.sharing(stored, descriptor));
    return widest;
  }

  /// One node of the bundle for each container that its nodes are in.
  const std::vector<NodeId>& in_containers(VertexId bundle) {
    std::vector<NodeId>& nodes = in_containers_[bundle - graph_.node_count()];
    if (!nodes.empty()) return nodes;
    boost::unordered_flat_set<ObjectIndex> seen;
    for (const NodeId member : graph_.members(bundle)) {
      const ObjectIndex object = graph_.nodes().object(member);
      if (seen.insert(facts_.snapshot().object(object).parent()).second) nodes.push_back(member);
    }
    return nodes;
  }

  /// Whether a fact behind the edge is written on its target.
  bool look_at(ArcId arc, NodeId target) {
    const ObjectIndex object = graph_.nodes().object(target);
    bool is_own = false;
    for (const graph::Evidence& one : graph::EvidenceOf(graph_.stored_evidence(arc), object)) {
      const FactId fact = facts_.of(one, graph_.trait(arc).kind);
      if (fact == facts::kNoFact) continue;
      is_own |= facts_.object(fact) == object;
      compare(fact);
    }
    return is_own;
  }

  void compare(FactId fact) {
    if (fact < is_compared_.size() && is_compared_[fact]) return;
    is_compared_.resize(std::max(is_compared_.size(), facts_.size()), false);
    is_compared_[fact] = true;
    const std::string fingerprint = facts_.fingerprint(fact);
    for (std::size_t i = 0; i < fingerprints_.size(); ++i) {
      if (fingerprints_[i] == fingerprint && found_[i] == facts::kNoFact) found_[i] = fact;
    }
  }

  const AttackGraph& graph_;
  facts::Facts& facts_;
  std::span<const std::string> fingerprints_;
  std::vector<FactId> found_;
  std::vector<std::vector<NodeId>> in_containers_;  ///< by bundle; empty where it is not known yet
  std::vector<bool> is_compared_;                   ///< by fact
};

}  // namespace

Result<std::vector<FactId>> find_facts(const AttackGraph& graph, facts::Facts& facts,
                                       std::span<const std::string> fingerprints, const Derive& derive) {
  std::vector<FactId> found = FactSearch(graph, facts, fingerprints).run();
  for (std::size_t before = 0;;) {
    std::vector<FactId> removed = found;
    std::erase(removed, facts::kNoFact);
    if (removed.size() == found.size() || removed.size() == before) return found;
    before = removed.size();
    const Result<snapshot::Snapshot> rest = facts::without(facts, removed);
    if (!rest) return rest.error();
    const AttackGraph left = derive(*rest);
    facts::Facts others(*rest, left);
    const std::vector<FactId> hidden = FactSearch(left, others, fingerprints).run();
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (found[i] == facts::kNoFact && hidden[i] != facts::kNoFact) found[i] = facts.find(others[hidden[i]]);
    }
  }
}

}  // namespace tierline::queries
