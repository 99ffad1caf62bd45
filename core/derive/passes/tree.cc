// Contains: the tree, as far as rights are inherited along it.

#include "core/derive/passes/passes.h"
#include "core/directory/security_descriptor.h"

namespace tierline::derive {

using graph::Evidence;
using knowledge::EdgeKind;
using knowledge::NodeKind;
using snapshot::Object;
using snapshot::ObjectIndex;

namespace {

// By descriptor. The control bits stand in the first four bytes, so the lists themselves need not be parsed.
std::vector<bool> find_protected(const snapshot::Snapshot& snapshot) {
  std::vector<bool> found(snapshot.descriptor_count());
  for (snapshot::DescriptorIndex index = 0; index < found.size(); ++index) {
    ByteReader reader(snapshot.descriptor(index), 2);
    found[index] = (reader.u16() & directory::sd_control::kDaclProtected) != 0;
  }
  return found;
}

void add_server(Derivation& derivation, const Object& server) {
  const snapshot::AttributeId attribute = derivation.directory.attributes().server_reference;
  for (const auto computer : server.values(attribute)) {
    if (computer.target == snapshot::kNoObject) continue;
    add_edge(derivation, derivation.directory.node_of(server.index()),
             derivation.directory.node_of(computer.target), EdgeKind::ServerIs,
             {.kind = Evidence::Kind::Attribute, .attribute = attribute, .object = server.index()});
  }
}

}  // namespace

void add_tree(Derivation& derivation, Tokens&) {
  const DirectoryModel& directory = derivation.directory;
  const snapshot::Snapshot& snapshot = directory.snapshot();
  const std::vector<bool> is_protected = find_protected(snapshot);
  for (ObjectIndex i = 0; i < snapshot.object_count(); ++i) {
    const Object object = snapshot.object(i);
    const graph::NodeId child = directory.node_of(i);
    if (object.parent() == snapshot::kNoObject || directory.is_naming_context(i)) continue;
    if (!directory.stands_for_itself(i)) continue;
    const NodeKind kind = derivation.graph.nodes().kind(child);
    if (kind == NodeKind::Base) continue;
    // An object whose descriptor could not be read is not known to inherit.
    const bool inherits =
        object.descriptor() != snapshot::kNoDescriptor && !is_protected[object.descriptor()];
    add_edge(derivation, directory.node_of(object.parent()), child, EdgeKind::Contains,
             {.kind = Evidence::Kind::Tree, .object = i}, {}, inherits);
    if (kind == NodeKind::SiteServer) add_server(derivation, object);
  }
}

}  // namespace tierline::derive
