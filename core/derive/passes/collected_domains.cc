// What a collection shows of domains that no single object states: whose trust account stands where, and by
// BloodHound's rules whom AdminSDHolder protects and who can replicate the passwords of LAPS.

#include "core/base/text.h"
#include "core/derive/collected_properties.h"
#include "core/derive/joint_holders.h"
#include "core/derive/passes/passes.h"

namespace tierline::derive {
namespace {

using graph::NodeId;
using knowledge::EdgeKind;
using knowledge::NodeKind;

/// Nodes of one kind by the SID of their domain.
std::map<std::string, std::vector<NodeId>> by_domain(const Derivation& derivation,
                                                     const CollectedProperties& said, NodeKind kind) {
  std::map<std::string, std::vector<NodeId>> found;
  for (NodeId n = 0; n < derivation.graph.node_count(); ++n) {
    if (derivation.graph.nodes().kind(n) != kind) continue;
    if (const std::string domain = said.text(n, "domainsid"); !domain.empty()) {
      found[upper_case(domain)].push_back(n);
    }
  }
  return found;
}

}  // namespace

// A domain that trusts another stands in it as an account by its own NetBIOS name, whose key both hold.
void add_collected_trust_keys(Derivation& derivation, Tokens&) {
  const CollectedProperties said(derivation.directory.snapshot(), derivation.graph.nodes());
  const snapshot::Snapshot& snapshot = derivation.directory.snapshot();
  if (!said.is_stated("netbios")) return;
  const auto users = by_domain(derivation, said, NodeKind::User);
  for (const EdgeKind kind : {EdgeKind::SameForestTrust, EdgeKind::CrossForestTrust}) {
    for (const auto& [edge, evidence, part] : derivation.graph.pending(kind)) {
      const std::string netbios = said.text(edge.source, "netbios");
      const auto found = users.find(std::string(derivation.graph.nodes().id(edge.target)));
      if (netbios.empty() || found == users.end()) continue;
      for (const NodeId user : found->second) {
        const std::string_view account = snapshot.object(derivation.graph.nodes().object(user))
                                             .text(derivation.directory.attributes().sam_account_name);
        if (equal_ascii_nocase(account, netbios + "$")) {
          add_edge(derivation, edge.source, user, EdgeKind::HasTrustKeys, evidence);
        }
      }
    }
  }
}

void add_bloodhound_protection(Derivation& derivation, Tokens&) {
  const CollectedProperties said(derivation.directory.snapshot(), derivation.graph.nodes());
  std::map<std::string, NodeId> holders;
  for (const auto& [domain, containers] : by_domain(derivation, said, NodeKind::Container)) {
    for (const NodeId container : containers) {
      if (derivation.graph.node(container).name.starts_with("ADMINSDHOLDER@"))
        holders.emplace(domain, container);
    }
  }
  for (const NodeKind kind : {NodeKind::User, NodeKind::Group, NodeKind::Computer}) {
    for (const auto& [domain, nodes] : by_domain(derivation, said, kind)) {
      const auto holder = holders.find(domain);
      if (holder == holders.end()) continue;
      for (const NodeId node : nodes) {
        if (!said.is_true(node, "adminsdholderprotected")) continue;
        add_edge(derivation, holder->second, node, EdgeKind::ProtectAdminGroups,
                 said.evidence(node, "adminsdholderprotected"));
      }
    }
  }
}

void add_bloodhound_laps(Derivation& derivation, Tokens&) {
  const CollectedProperties said(derivation.directory.snapshot(), derivation.graph.nodes());
  const JointHolders joint(derivation.graph, derivation.rules);
  const auto computers = by_domain(derivation, said, NodeKind::Computer);
  std::map<NodeId, std::set<NodeId>> changes;
  std::map<NodeId, std::set<NodeId>> filtered;
  for (const auto& [edge, evidence, part] : derivation.graph.pending(EdgeKind::GetChanges)) {
    changes[edge.target].insert(edge.source);
  }
  for (const auto& [edge, evidence, part] : derivation.graph.pending(EdgeKind::GetChangesInFilteredSet)) {
    filtered[edge.target].insert(edge.source);
  }
  for (const auto& [domain, holders] : changes) {
    const auto found = computers.find(std::string(derivation.graph.nodes().id(domain)));
    if (found == computers.end()) continue;
    const std::set<NodeId> able = joint.of({holders, filtered[domain]});
    for (const NodeId computer : found->second) {
      if (!said.is_true(computer, "haslaps")) continue;
      for (const NodeId principal : able) {
        add_edge(derivation, principal, computer, EdgeKind::SyncLAPSPassword,
                 said.evidence(computer, "haslaps"));
      }
    }
  }
}

}  // namespace tierline::derive
