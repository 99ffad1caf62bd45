// Owns and WriteOwner from what a collection states about owners: whether ownership gives anything is a setting of
// the forest, which the collector left open.

#include "core/derive/owner.h"
#include "core/derive/passes/passes.h"
#include "core/knowledge/collected_relations.h"

namespace tierline::derive {

using graph::NodeId;
using knowledge::EdgeKind;
using knowledge::NodeKind;

namespace {

// Managed service accounts are of classes below computer; collectors show them as users.
bool is_computer(const Derivation& derivation, NodeId node) {
  const graph::Node& found = derivation.graph.node(node);
  if (found.kind == NodeKind::Computer) return true;
  if (found.object == snapshot::kNoObject) return false;
  const snapshot::Snapshot& snapshot = derivation.directory.snapshot();
  const snapshot::Object object = snapshot.object(found.object);
  for (const char* const property : {"gmsa", "msa"}) {
    const auto id = snapshot.attribute(std::string(knowledge::collected::kProperty) + property);
    if (id != snapshot::kNoAttribute && object.text(id) == "TRUE") return true;
  }
  return false;
}

}  // namespace

void judge_collected_owners(Derivation& derivation, Tokens& tokens) {
  const bool blocks = owners_of_computers_are_blocked(derivation.directory);
  for (const auto& [edge, evidence] : derivation.collected_owners) {
    const bool owns = edge.kind == EdgeKind::OwnsRaw;
    const bool is_blocked = blocks && is_computer(derivation, edge.target) &&
                            !(owns && is_administrator(tokens, derivation.directory, edge.source));
    EdgeKind kind = edge.kind;
    if (!is_blocked) kind = owns ? EdgeKind::Owns : EdgeKind::WriteOwner;
    add_edge(derivation, edge.source, edge.target, kind, evidence);
  }
}

}  // namespace tierline::derive
