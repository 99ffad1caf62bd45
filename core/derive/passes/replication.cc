// DCSync and SyncLAPSPassword: one token with both replication rights that are needed ([MS-DRSR] 4.1.10.5.2).
// The rights often come from different entries, such as those of Enterprise Domain Controllers and Domain
// Controllers, so they are joined on tokens, and the edge starts at the broadest principals that hold both.

#include <algorithm>
#include <map>
#include <set>

#include "core/derive/passes/passes.h"
#include "core/derive/sure_token.h"

namespace tierline::derive {
namespace {

using graph::ConditionId;
using graph::Evidence;
using graph::GraphBuilder;
using graph::NodeId;
using knowledge::EdgeKind;
using knowledge::NodeKind;
using snapshot::ObjectIndex;

/// How a principal comes by one of the rights.
struct Holder {
  ConditionId condition = 0;
  knowledge::Caveats caveats = {};
  std::vector<Evidence> evidence;
};
using Holders = std::map<NodeId, Holder>;

/// A principal that holds both, and why.
struct Joint {
  NodeId principal = graph::kNoNode;
  ConditionId condition = 0;
  knowledge::Caveats caveats = {};
  std::vector<std::vector<Evidence>> proof;  ///< of each right
};

class Replication {
 public:
  Replication(Derivation& derivation, Tokens& tokens)
      : derivation_(derivation), builder_(derivation.graph), tokens_(tokens) {}

  void run() {
    const DirectoryModel& directory = derivation_.directory;
    for (const Domain& domain : directory.domains()) {
      if (domain.head != snapshot::kNoObject) rights_on_[directory.node_of(domain.head)];
    }
    for (const EdgeKind kind :
         {EdgeKind::GetChanges, EdgeKind::GetChangesAll, EdgeKind::GetChangesInFilteredSet,
          EdgeKind::AllExtendedRights, EdgeKind::GenericAll}) {
      for (const auto& pending : builder_.pending(kind)) {
        const auto head = rights_on_.find(pending.edge.target);
        if (head != rights_on_.end()) head->second.push_back(pending);
      }
    }
    find_computers_with_laps();
    for (std::size_t d = 0; d < directory.domains().size(); ++d) {
      const ObjectIndex head = directory.domains()[d].head;
      if (head != snapshot::kNoObject) add_edges_of(static_cast<DomainIndex>(d), directory.node_of(head));
    }
  }

 private:
  void add_edges_of(DomainIndex domain, NodeId head) {
    const Holders changes = holders_of(head, {EdgeKind::GetChanges});
    for (const Joint& joint : joined(changes, holders_of(head, {EdgeKind::GetChangesAll}), domain)) {
      add(joint, head, EdgeKind::DCSync);
    }
    // Either right gives the attributes of the filtered set, which LAPS keeps its passwords in.
    const std::vector<Joint> filtered = joined(
        changes, holders_of(head, {EdgeKind::GetChangesAll, EdgeKind::GetChangesInFilteredSet}), domain);
    const std::vector<NodeId>& hosts = computers_with_laps_[domain];
    if (filtered.empty() || hosts.empty()) return;
    if (!derivation_.stated.empty()) {
      for (const NodeId computer : hosts) {
        for (const Joint& joint : filtered) add(joint, computer, EdgeKind::SyncLAPSPassword);
      }
      return;
    }
    const graph::BundleId bundle = builder_.add_bundle();
    for (const NodeId computer : hosts) builder_.put(graph::BundleSort::Secrets, bundle, computer);
    for (const Joint& joint : filtered) {
      add_shared_joint_edge(derivation_, joint.principal, bundle, EdgeKind::SyncLAPSPassword, joint.proof,
                            joint.caveats, true, joint.condition);
    }
  }

  void add(const Joint& joint, NodeId target, EdgeKind kind) {
    add_joint_edge(derivation_, joint.principal, target, kind, joint.proof, joint.caveats, true,
                   joint.condition);
  }

  // Who has one of `kinds` on the domain. Of two ways to it, the one without a condition counts.
  Holders holders_of(NodeId head, std::initializer_list<EdgeKind> kinds) const {
    Holders holders;
    for (const auto& [edge, evidence, part] : rights_on_.at(head)) {
      const bool any = edge.kind == EdgeKind::AllExtendedRights || edge.kind == EdgeKind::GenericAll;
      if (!any && std::find(kinds.begin(), kinds.end(), edge.kind) == kinds.end()) continue;
      const auto [place, added] = holders.try_emplace(edge.source);
      Holder& holder = place->second;
      if (added || (edge.condition == 0 && holder.condition != 0)) {
        holder = {edge.condition, edge.caveats, {}};
      } else if (edge.condition != holder.condition) {
        continue;
      }
      holder.caveats |= edge.caveats;
      holder.evidence.push_back(evidence);
    }
    return holders;
  }

  // All principals below the holders, each with a holder that it gets the right through. A principal that a
  // deny entry excludes is left out, with everyone below it.
  std::map<NodeId, NodeId> everyone_with(const Holders& holders) {
    std::map<NodeId, NodeId> through;
    for (const auto& [holder, how] : holders) {
      std::vector<NodeId> queue = {holder};
      std::set<NodeId> seen = {holder};
      for (std::size_t next = 0; next < queue.size(); ++next) {
        const NodeId principal = queue[next];
        const std::vector<NodeId>& token = tokens_.of(principal);
        const std::vector<NodeId>& excluded = builder_.excluded(how.condition);
        const bool denied = std::any_of(excluded.begin(), excluded.end(), [&](NodeId group) {
          return std::binary_search(token.begin(), token.end(), group);
        });
        if (denied) continue;
        through.emplace(principal, holder);
        for (const NodeId member : tokens_.members(principal)) {
          if (seen.insert(member).second) queue.push_back(member);
        }
      }
    }
    return through;
  }

  // A group whose members are all authenticated has what Authenticated Users have, though it is no member: whoever
  // of `candidates` surely holds one of the holders in its tokens joins `through`.
  void add_sure_ones(std::map<NodeId, NodeId>& through, const Holders& holders,
                     const std::map<NodeId, NodeId>& candidates, DomainIndex domain) {
    for (const auto& [principal, unused] : candidates) {
      if (through.contains(principal)) continue;
      const std::vector<NodeId> token =
          sure_token(tokens_, derivation_.directory, builder_.node(principal).sid, principal, domain);
      for (const auto& [holder, how] : holders) {
        if (how.condition == 0 && std::binary_search(token.begin(), token.end(), holder)) {
          through.emplace(principal, holder);
          break;
        }
      }
    }
  }

  std::vector<Joint> joined(const Holders& one, const Holders& other, DomainIndex domain) {
    auto with_one = everyone_with(one);
    auto with_other = everyone_with(other);
    add_sure_ones(with_one, one, with_other, domain);
    add_sure_ones(with_other, other, with_one, domain);
    std::vector<Joint> found;
    for (const auto& [principal, first] : with_one) {
      const auto second = with_other.find(principal);
      if (second == with_other.end()) continue;
      // A group above it that has both already says it, unless the group's edge excludes some members.
      const std::span<const NodeId> above = tokens_.parents(principal);
      const bool said = std::any_of(above.begin(), above.end(), [&](NodeId group) {
        const auto a = with_one.find(group);
        const auto b = with_other.find(group);
        return a != with_one.end() && b != with_other.end() && one.at(a->second).condition == 0 &&
               other.at(b->second).condition == 0;
      });
      if (said) continue;
      const Holder& left = one.at(first);
      const Holder& right = other.at(second->second);
      std::vector<NodeId> excluded = builder_.excluded(left.condition);
      const std::vector<NodeId>& more = builder_.excluded(right.condition);
      excluded.insert(excluded.end(), more.begin(), more.end());
      Joint joint{principal,
                  builder_.condition(std::move(excluded)),
                  left.caveats | right.caveats,
                  {left.evidence, right.evidence}};
      if (first != principal || second->second != principal) {
        joint.proof.push_back({{.kind = Evidence::Kind::Rule,
                                .item = static_cast<std::uint32_t>(graph::Rule::JoinedReplicationRights)}});
      }
      found.push_back(std::move(joint));
    }
    return found;
  }

  void find_computers_with_laps() {
    const DirectoryModel& directory = derivation_.directory;
    const AttributeIds& ids = directory.attributes();
    for (ObjectIndex i = 0; i < directory.snapshot().object_count(); ++i) {
      const snapshot::Object object = directory.snapshot().object(i);
      const bool has_laps = object.number(ids.laps_legacy_expiry).value_or(0) > 0 ||
                            object.number(ids.laps_expiry).value_or(0) > 0;
      const NodeId node = directory.node_of(i);
      if (has_laps && builder_.nodes().kind(node) == NodeKind::Computer) {
        computers_with_laps_[directory.domain_of(i)].push_back(node);
      }
    }
  }

  Derivation& derivation_;
  GraphBuilder& builder_;
  Tokens& tokens_;
  std::map<NodeId, std::vector<GraphBuilder::PendingEdge>> rights_on_;  ///< by head of a domain
  std::map<DomainIndex, std::vector<NodeId>> computers_with_laps_;
};

}  // namespace

void add_replication(Derivation& derivation, Tokens& tokens) { Replication(derivation, tokens).run(); }

}  // namespace tierline::derive
