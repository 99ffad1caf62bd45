// The parts of BloodHound's analysis that differ from ours, for comparing graphs with it: what logon adds to a token
// goes by a few named groups, and a right to replicate needs both rights by name.

#include "core/base/text.h"
#include "core/derive/joint_holders.h"
#include "core/derive/passes/passes.h"
#include "core/knowledge/well_known.h"

namespace tierline::derive {
namespace {

using directory::Sid;
using graph::Evidence;
using graph::NodeId;
using graph::Rule;
using knowledge::EdgeKind;

constexpr std::string_view kClaimed[] = {"S-1-5-2",  "S-1-5-15", "S-1-5-64-10", "S-1-5-64-14",
                                         "S-1-18-1", "S-1-18-4", "S-1-18-5",    "S-1-5-65-1"};

Evidence by(Rule rule) { return {.kind = Evidence::Kind::Rule, .item = static_cast<std::uint32_t>(rule)}; }

void add_logon_groups(Derivation& derivation, DomainIndex index) {
  DirectoryModel& directory = derivation.directory;
  const Domain& domain = directory.domains()[index];
  const auto identity = [&](std::string_view sid) { return directory.node_of_sid(*Sid::parse(sid), index); };
  const auto account = [&](std::uint32_t rid) { return directory.find_sid(domain.sid.with_rid(rid), index); };
  const NodeId everyone = identity(knowledge::sids::kEveryone);
  const NodeId authenticated = identity(knowledge::sids::kAuthenticatedUsers);
  const auto join = [&](NodeId member, NodeId group, Rule rule) {
    add_edge(derivation, member, group, EdgeKind::MemberOf, by(rule));
  };
  for (const std::uint32_t rid : {knowledge::rids::kDomainUsers, knowledge::rids::kDomainComputers}) {
    if (const auto group = account(rid)) join(*group, authenticated, Rule::AuthenticatedUsers);
  }
  join(authenticated, everyone, Rule::Everyone);
  for (const std::string_view sid : kClaimed) {
    add_edge(derivation, everyone, identity(sid), EdgeKind::ClaimSpecialIdentity, by(Rule::ChosenLogon));
  }
  const auto guest = account(knowledge::rids::kGuest);
  if (!guest) return;
  join(*guest, everyone, Rule::Everyone);
  if (derivation.graph.node(*guest).enabled == true) {
    add_edge(derivation, everyone, *guest, EdgeKind::ClaimSpecialIdentity, by(Rule::EnabledGuest));
  }
}

void add_dcsync(Derivation& derivation, NodeId head, const JointHolders& joint) {
  std::set<NodeId> changes;
  std::set<NodeId> all;
  Evidence evidence = by(Rule::JoinedReplicationRights);
  for (const auto& [edge, proof, part] : derivation.graph.pending(EdgeKind::GetChanges)) {
    if (edge.target == head) changes.insert(edge.source);
  }
  for (const auto& [edge, proof, part] : derivation.graph.pending(EdgeKind::GetChangesAll)) {
    if (edge.target == head) all.insert(edge.source);
  }
  for (const NodeId principal : joint.of({changes, all})) {
    add_edge(derivation, principal, head, EdgeKind::DCSync, evidence);
  }
}

}  // namespace

void add_bloodhound_logon_groups(Derivation& derivation) {
  for (std::size_t d = 0; d < derivation.directory.domains().size(); ++d) {
    const Domain& domain = derivation.directory.domains()[d];
    if (domain.head != snapshot::kNoObject) add_logon_groups(derivation, static_cast<DomainIndex>(d));
  }
}

void add_bloodhound_dcsync(Derivation& derivation, Tokens&) {
  const JointHolders joint(derivation.graph, derivation.rules);
  for (NodeId n = 0; n < derivation.graph.node_count(); ++n) {
    if (derivation.graph.node(n).kind == knowledge::NodeKind::Domain) add_dcsync(derivation, n, joint);
  }
}

}  // namespace tierline::derive
