// Trusts between domains, [MS-ADTS] 6.1.6: who can bring which SIDs across, who gets whose tickets, who holds
// whose secret.

#include <algorithm>
#include <set>

#include "core/base/text.h"
#include "core/derive/passes/passes.h"
#include "core/knowledge/user_account_control.h"

namespace tierline::derive {
namespace {

using graph::Evidence;
using graph::NodeId;
using knowledge::Caveat;
using knowledge::EdgeKind;
using knowledge::NodeKind;
using knowledge::SidFilter;
using snapshot::ObjectIndex;
namespace bits = knowledge::trust_attribute;

class Trusts {
 public:
  explicit Trusts(Derivation& derivation) : derivation_(derivation), directory_(derivation.directory) {}

  void run() {
    find_trust_accounts();
    for (const Trust& trust : directory_.trusts()) {
      const NodeId own = head_of(trust.domain);
      const std::optional<NodeId> partner = partner_of(trust);
      if (own == graph::kNoNode || !partner) continue;
      const Evidence evidence{.kind = Evidence::Kind::Attribute,
                              .attribute = directory_.attributes().trust_attributes,
                              .object = trust.object};
      if (trust.is_outbound()) add_trusting(trust, own, *partner, evidence);
      if (trust.is_inbound()) add_trusted(trust, own, *partner, evidence);
    }
  }

 private:
  NodeId head_of(DomainIndex domain) const {
    const ObjectIndex head = directory_.domains()[domain].head;
    return head == snapshot::kNoObject ? graph::kNoNode : directory_.node_of(head);
  }

  // A partner outside the snapshot stands as a domain of its SID and name; a realm without SIDs is none.
  std::optional<NodeId> partner_of(const Trust& trust) {
    if (trust.partner) return head_of(*trust.partner);
    if (trust.partner_sid.count() == 0) return std::nullopt;
    const NodeId node = directory_.node_of_sid(trust.partner_sid, trust.domain);
    graph::NodeTable& nodes = derivation_.graph.nodes();
    nodes.set_kind(node, NodeKind::Domain);
    nodes.set_name(node, trust.partner_name);
    nodes.set_domain(node, trust.partner_name);
    return node;
  }

  // The domain trusts its partner.
  void add_trusting(const Trust& trust, NodeId own, NodeId partner, const Evidence& evidence) {
    const bool within_forest = (trust.attributes & bits::kWithinForest) != 0;
    const SidFilter filter = knowledge::sid_filter(trust.attributes);
    knowledge::Caveats caveats;
    if (within_forest && filter == SidFilter::All) caveats = Caveat::SidFiltered;
    add_edge(derivation_, own, partner,
             within_forest ? EdgeKind::SameForestTrust : EdgeKind::CrossForestTrust, evidence, caveats,
             filter != SidFilter::All);
    if (!within_forest && filter == SidFilter::Nothing) {
      add_edge(derivation_, partner, own, EdgeKind::SpoofSIDHistory, evidence);
    }
    if (!within_forest && filter == SidFilter::HighRids) add_high_rids(trust, own, partner, evidence);
    if (const auto account = trust_account(trust)) {
      add_edge(derivation_, own, *account, EdgeKind::HasTrustKeys,
               {.kind = Evidence::Kind::Attribute,
                .attribute = directory_.attributes().trust_partner,
                .object = trust.object});
    }
  }

  // What passes such a filter is no built-in group of the domain, so the edge to the domain itself leads
  // nowhere; but it is every other principal that can do something.
  void add_high_rids(const Trust& trust, NodeId own, NodeId partner, const Evidence& evidence) {
    add_edge(derivation_, partner, own, EdgeKind::SpoofSIDHistory, evidence, Caveat::HighRidsOnly, false);
    std::set<NodeId> found;
    const auto look_at = [&](const graph::GraphBuilder::PendingEdge& pending) {
      const graph::Edge& edge = pending.edge;
      const directory::Sid source = derivation_.graph.node(edge.source).sid;
      const bool is_of_domain =
          source.is_domain_issued() && source.parent() == directory_.domains()[trust.domain].sid;
      if (is_of_domain && knowledge::passes(SidFilter::HighRids, source) && leads_on(edge)) {
        found.insert(edge.source);
      }
    };
    derivation_.graph.for_each_pending(look_at);
    for (const auto& pending : derivation_.graph.shared()) look_at(pending);
    for (const NodeId principal : found) {
      add_edge(derivation_, partner, principal, EdgeKind::SpoofSIDHistory, evidence, Caveat::HighRidsOnly);
    }
  }

  // Membership counts where the domain controller adds it to a token that comes from elsewhere: in groups that
  // are local to the domain ([MS-PAC] 4.1.2.3).
  bool leads_on(const graph::Edge& edge) const {
    if (!edge.traversable) return false;
    if (edge.kind != EdgeKind::MemberOf) return true;
    return derivation_.graph.node(edge.target).sid.is_builtin();
  }

  // The partner's own object says more, if it is in the snapshot.
  bool partner_says_it(const Trust& trust) const {
    return std::any_of(directory_.trusts().begin(), directory_.trusts().end(), [&](const Trust& other) {
      return trust.partner == other.domain && other.partner == trust.domain;
    });
  }

  // The partner trusts the domain, whose users' tickets may go there.
  void add_trusted(const Trust& trust, NodeId own, NodeId partner, const Evidence& evidence) {
    const bool within_forest = (trust.attributes & bits::kWithinForest) != 0;
    if (!partner_says_it(trust)) {
      add_edge(derivation_, partner, own,
               within_forest ? EdgeKind::SameForestTrust : EdgeKind::CrossForestTrust, evidence);
    }
    if (within_forest || !knowledge::lets_tgt_delegation(trust.attributes)) return;
    add_edge(derivation_, partner, own, EdgeKind::AbuseTGTDelegation, evidence);
  }

  void find_trust_accounts() {
    const AttributeIds& ids = directory_.attributes();
    const snapshot::Snapshot& snapshot = directory_.snapshot();
    if (directory_.trusts().empty()) return;
    for (ObjectIndex i = 0; i < snapshot.object_count(); ++i) {
      if ((directory_.account_control(i) & knowledge::uac::kInterdomainTrustAccount) == 0) continue;
      const std::string_view name = snapshot.object(i).text(ids.sam_account_name);
      accounts_.emplace(std::pair(directory_.domain_of(i), fold_case(name)), directory_.node_of(i));
    }
  }

  // The account in the trusted domain that the trusting one logs on with, [MS-ADTS] 6.1.6.8: its name is what
  // the trusted domain calls the trusting one.
  std::optional<NodeId> trust_account(const Trust& trust) const {
    if (!trust.partner) return std::nullopt;
    for (const Trust& other : directory_.trusts()) {
      if (other.domain != *trust.partner || other.partner != trust.domain) continue;
      const auto found = accounts_.find({other.domain, fold_case(other.partner_flat_name) + "$"});
      if (found != accounts_.end()) return found->second;
    }
    return std::nullopt;
  }

  Derivation& derivation_;
  DirectoryModel& directory_;
  std::map<std::pair<DomainIndex, std::string>, NodeId> accounts_;
};

}  // namespace

void add_trusts(Derivation& derivation, Tokens&) { Trusts(derivation).run(); }

}  // namespace tierline::derive
