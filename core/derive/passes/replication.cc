// DCSync: one token with both replication rights ([MS-DRSR] 4.1.10.5.2). The rights often come from
// different entries, such as those of Enterprise Domain Controllers and Domain Controllers, so they are
// joined on tokens, and the edge starts at the broadest principals that hold both.

#include <algorithm>
#include <map>
#include <set>

#include "core/derive/passes/passes.h"

namespace tierline::derive {
namespace {

using graph::Evidence;
using graph::GraphBuilder;
using graph::NodeId;
using knowledge::EdgeKind;

/// How a principal comes by one of the rights.
struct Holder {
  graph::ConditionId condition = 0;
  knowledge::Caveats caveats = {};
  std::vector<Evidence> evidence;
};
using Holders = std::map<NodeId, Holder>;

// All principals below the holders, each with a holder that it gets the right through. A principal that a
// deny entry excludes is left out, with everyone below it.
std::map<NodeId, NodeId> everyone_with(const Holders& holders, Tokens& tokens,
                                       const std::vector<std::vector<NodeId>>& excluded_of) {
  std::map<NodeId, NodeId> through;
  for (const auto& [holder, how] : holders) {
    std::vector<NodeId> queue = {holder};
    std::set<NodeId> seen = {holder};
    for (std::size_t next = 0; next < queue.size(); ++next) {
      const NodeId principal = queue[next];
      const std::vector<NodeId>& token = tokens.of(principal);
      const std::vector<NodeId>& excluded = excluded_of[how.condition];
      const bool denied = std::any_of(excluded.begin(), excluded.end(), [&](NodeId group) {
        return std::binary_search(token.begin(), token.end(), group);
      });
      if (denied) continue;
      through.emplace(principal, holder);
      for (const NodeId member : tokens.members(principal)) {
        if (seen.insert(member).second) queue.push_back(member);
      }
    }
  }
  return through;
}

}  // namespace

void add_replication(Derivation& derivation, Tokens& tokens) {
  const DirectoryModel& directory = derivation.directory;
  GraphBuilder& builder = derivation.graph;
  for (const Domain& domain : directory.domains()) {
    if (domain.head == snapshot::kNoObject) continue;
    const NodeId head = directory.node_of(domain.head);
    Holders changes;
    Holders all_changes;
    for (const auto& [edge, evidence] : builder.pending()) {
      if (edge.target != head) continue;
      const bool both = edge.kind == EdgeKind::AllExtendedRights || edge.kind == EdgeKind::GenericAll;
      for (const auto& [kind, holders] :
           {std::pair(EdgeKind::GetChanges, &changes), std::pair(EdgeKind::GetChangesAll, &all_changes)}) {
        if (edge.kind != kind && !both) continue;
        Holder& holder = (*holders)[edge.source];
        holder.condition = edge.condition;
        holder.caveats |= edge.caveats;
        holder.evidence.push_back(evidence);
      }
    }
    std::vector<std::vector<NodeId>> excluded_of;
    for (graph::ConditionId c = 0; c < builder.condition_count(); ++c)
      excluded_of.push_back(builder.excluded(c));
    const auto with_changes = everyone_with(changes, tokens, excluded_of);
    const auto with_all = everyone_with(all_changes, tokens, excluded_of);

    std::vector<graph::GraphBuilder::PendingEdge> found;
    for (const auto& [principal, first] : with_changes) {
      const auto second = with_all.find(principal);
      if (second == with_all.end()) continue;
      // A group above it that has both already says it, unless the group's edge excludes some members.
      const std::vector<NodeId>& above = tokens.parents(principal);
      const bool said = std::any_of(above.begin(), above.end(), [&](NodeId group) {
        const auto a = with_changes.find(group);
        const auto b = with_all.find(group);
        return a != with_changes.end() && b != with_all.end() && changes[a->second].condition == 0 &&
               all_changes[b->second].condition == 0;
      });
      if (said) continue;
      const Holder& one = changes[first];
      const Holder& two = all_changes[second->second];
      std::vector<NodeId> excluded = excluded_of[one.condition];
      excluded.insert(excluded.end(), excluded_of[two.condition].begin(), excluded_of[two.condition].end());
      const graph::ConditionId condition = builder.condition(std::move(excluded));
      for (const std::vector<Evidence>* list : {&one.evidence, &two.evidence}) {
        for (const Evidence& evidence : *list) {
          found.push_back({{.source = principal,
                            .target = head,
                            .caveats = one.caveats | two.caveats,
                            .condition = condition},
                           evidence});
        }
      }
      if (first != principal || second->second != principal) {
        found.push_back({{.source = principal,
                          .target = head,
                          .caveats = one.caveats | two.caveats,
                          .condition = condition},
                         {.kind = Evidence::Kind::Rule,
                          .item = static_cast<std::uint32_t>(graph::Rule::JoinedReplicationRights)}});
      }
    }
    for (const auto& [edge, evidence] : found) {
      add_edge(derivation, edge.source, edge.target, EdgeKind::DCSync, evidence, edge.caveats, true,
               edge.condition);
    }
  }
}

}  // namespace tierline::derive
