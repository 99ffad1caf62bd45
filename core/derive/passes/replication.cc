// DCSync and SyncLAPSPassword: one token with both replication rights that are needed ([MS-DRSR] 4.1.10.5.2).
// The rights often come from different entries, such as those of Enterprise Domain Controllers and Domain
// Controllers, so they are joined on tokens, and the edge starts at the broadest principals that hold both.

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "core/derive/passes/passes.h"
#include "core/derive/proof.h"
#include "core/derive/proofs_of_edges.h"
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
  Parts<Evidence> proof = {};
};
using Holders = std::map<NodeId, Holder>;
/// The holders that principals get the right through, ascending.
using Through = std::map<NodeId, std::vector<NodeId>>;

/// A principal that holds both, and why.
struct Joint {
  NodeId principal = graph::kNoNode;
  ConditionId condition = 0;
  knowledge::Caveats caveats = {};
  Parts<Evidence> proof = {};
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
    std::map<NodeId, std::vector<GraphBuilder::PendingEdge>> edges_of;
    for (const GraphBuilder::PendingEdge& pending : rights_on_.at(head)) {
      const graph::Edge& edge = pending.edge;
      const bool any = edge.kind == EdgeKind::AllExtendedRights || edge.kind == EdgeKind::GenericAll;
      if (!any && std::find(kinds.begin(), kinds.end(), edge.kind) == kinds.end()) continue;
      const auto [place, added] = holders.try_emplace(edge.source);
      Holder& holder = place->second;
      if (added || (edge.condition == 0 && holder.condition != 0)) {
        holder = {edge.condition, edge.caveats};
        edges_of[edge.source].clear();
      } else if (edge.condition != holder.condition) {
        continue;
      }
      holder.caveats |= edge.caveats;
      edges_of[edge.source].push_back(pending);
    }
    for (auto& [principal, holder] : holders) holder.proof = of_any(edges_of.at(principal));
    return holders;
  }

  // All principals below the holders, each with those that it gets the right through. A principal that a
  // deny entry excludes is left out, with everyone below it.
  Through everyone_with(const Holders& holders) {
    Through through;
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
        through[principal].push_back(holder);
        for (const NodeId member : tokens_.members(principal)) {
          if (seen.insert(member).second) queue.push_back(member);
        }
      }
    }
    return through;
  }

  // A group whose members are all authenticated has what Authenticated Users have, though it is no member: whoever
  // of `candidates` surely holds some of the holders in its tokens joins `through`.
  void add_sure_ones(Through& through, const Holders& holders, const Through& candidates,
                     DomainIndex domain) {
    Through sure;
    for (const auto& [principal, unused] : candidates) {
      if (through.contains(principal)) continue;
      const std::vector<NodeId> token =
          sure_token(tokens_, derivation_.directory, builder_.node(principal).sid, principal, domain);
      for (const auto& [holder, how] : holders) {
        if (how.condition == 0 && std::binary_search(token.begin(), token.end(), holder))
          sure[principal].push_back(holder);
      }
    }
    through.merge(sure);
  }

  // One of the holders, the first without a condition if there is one, with the proofs of all that give the right to as many.
  static Holder together(const Holders& holders, const std::vector<NodeId>& through) {
    const auto best = std::find_if(through.begin(), through.end(),
                                   [&](NodeId holder) { return holders.at(holder).condition == 0; });
    Holder found = holders.at(best == through.end() ? through.front() : *best);
    for (const NodeId holder : through) {
      const Holder& other = holders.at(holder);
      if (other.condition == 0 || other.condition == found.condition)
        found.proof = either(found.proof, other.proof);
    }
    return found;
  }

  // Who gets both rights through these holders.
  Joint join(NodeId principal, const Holders& one, const std::vector<NodeId>& through_one,
             const Holders& other, const std::vector<NodeId>& through_other) {
    const Holder left = together(one, through_one);
    const Holder right = together(other, through_other);
    std::vector<NodeId> excluded = builder_.excluded(left.condition);
    const std::vector<NodeId>& more = builder_.excluded(right.condition);
    excluded.insert(excluded.end(), more.begin(), more.end());
    Joint joint{principal, builder_.condition(std::move(excluded)), left.caveats | right.caveats, left.proof};
    joint.proof.insert(joint.proof.end(), right.proof.begin(), right.proof.end());
    simplify(joint.proof);
    return joint;
  }

  std::vector<Joint> joined(const Holders& one, const Holders& other, DomainIndex domain) {
    Through with_one = everyone_with(one);
    Through with_other = everyone_with(other);
    add_sure_ones(with_one, one, with_other, domain);
    add_sure_ones(with_other, other, with_one, domain);
    std::map<NodeId, Joint> all;
    for (const auto& [principal, through] : with_one) {
      const auto second = with_other.find(principal);
      if (second != with_other.end())
        all.emplace(principal, join(principal, one, through, other, second->second));
    }
    std::vector<Joint> found;
    for (const auto& [principal, joint] : all) {
      if (is_said_by_groups(joint, all)) continue;
      const auto holds = [who = principal](const Through& with) {
        const std::vector<NodeId>& through = with.at(who);
        return std::binary_search(through.begin(), through.end(), who);
      };
      found.push_back(joint);
      if (!holds(with_one) || !holds(with_other)) {
        found.back().proof.push_back(
            {{.kind = Evidence::Kind::Rule,
              .item = static_cast<std::uint32_t>(graph::Rule::JoinedReplicationRights)}});
      }
    }
    return found;
  }

  // Groups above it that have both rights already say it, unless their edges exclude some members, or there is one entry
  // without which none of them has both and it has.
  bool is_said_by_groups(const Joint& joint, const std::map<NodeId, Joint>& all) {
    std::optional<Parts<Evidence>> above;
    for (const NodeId group : tokens_.parents(joint.principal)) {
      const auto found = all.find(group);
      if (found == all.end() || found->second.condition != 0) continue;
      above = above ? either(*above, found->second.proof) : found->second.proof;
    }
    if (!above) return false;
    std::erase_if(*above, [](const std::vector<Evidence>& part) { return part.size() > 1; });
    return implies(joint.proof, *above);
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
