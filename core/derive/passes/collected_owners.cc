// Owns and WriteOwner from what a collection states about owners: whether ownership gives anything is a setting of
// the forest, which the collector left open.

#include "core/derive/collected_properties.h"
#include "core/derive/owner.h"
#include "core/derive/passes/passes.h"

namespace tierline::derive {

using graph::NodeId;
using knowledge::EdgeKind;
using knowledge::NodeKind;

namespace {

// Managed service accounts are of classes below computer; collectors show them as users.
bool is_computer(const Derivation& derivation, const CollectedProperties& said, NodeId node) {
  return derivation.graph.node(node).kind == NodeKind::Computer || said.is_true(node, "gmsa") ||
         said.is_true(node, "msa");
}

}  // namespace

void judge_collected_owners(Derivation& derivation, Tokens& tokens) {
  const CollectedProperties said(derivation.directory.snapshot(), derivation.graph.nodes());
  const bool blocks = owners_of_computers_are_blocked(derivation.directory);
  for (const auto& [edge, evidence, part] : derivation.collected_owners) {
    const bool owns = edge.kind == EdgeKind::OwnsRaw;
    // BloodHound exempts administrators only as owners, not on their way to become one.
    const bool is_exempt = (owns || derivation.rules == Rules::Ours) &&
                           is_administrator(tokens, derivation.directory, edge.source);
    const bool is_blocked = blocks && is_computer(derivation, said, edge.target) && !is_exempt;
    EdgeKind kind = edge.kind;
    if (!is_blocked) kind = owns ? EdgeKind::Owns : EdgeKind::WriteOwner;
    add_edge(derivation, edge.source, edge.target, kind, evidence);
  }
}

}  // namespace tierline::derive
