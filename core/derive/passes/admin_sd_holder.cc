// ProtectAdminGroups: whose security descriptor AdminSDHolder's replaces, [MS-ADTS] 3.1.1.6.1.2. Whether
// adminCount is set is not the question: it stays after a member has left.

#include <optional>
#include <set>
#include <unordered_set>

#include "core/derive/passes/passes.h"
#include "core/directory/security_descriptor.h"
#include "core/knowledge/protected_groups.h"

namespace tierline::derive {
namespace {

using directory::Sid;
using graph::Evidence;
using graph::NodeId;
using graph::Rule;
using knowledge::Caveat;
using knowledge::EdgeKind;
using knowledge::NodeKind;
using snapshot::ObjectIndex;

// The entries of a list, byte for byte.
std::vector<std::string_view> entries_of(const directory::SecurityDescriptor& descriptor) {
  std::vector<std::string_view> entries;
  if (!descriptor.dacl) return entries;
  for (const directory::Ace& ace : descriptor.dacl->aces) entries.push_back(as_text(ace.raw));
  return entries;
}

// Whether the protection task has something to do: it compares the descriptors and writes the holder's over
// one that differs ([MS-ADTS] 3.1.1.6.1.3). A descriptor that was not read is not known to differ.
bool is_to_be_stamped(const snapshot::Snapshot& snapshot, ObjectIndex holder, ObjectIndex object) {
  const auto theirs = snapshot.object(object).descriptor();
  const auto wanted = snapshot.object(holder).descriptor();
  if (theirs == wanted || theirs == snapshot::kNoDescriptor || wanted == snapshot::kNoDescriptor)
    return false;
  const auto now = directory::SecurityDescriptor::parse(snapshot.descriptor(theirs));
  const auto then = directory::SecurityDescriptor::parse(snapshot.descriptor(wanted));
  if (!now || !then) return false;
  const bool is_protected = (now->control & directory::sd_control::kDaclProtected) != 0;
  return !is_protected || entries_of(*now) != entries_of(*then);
}

void protect(Derivation& derivation, ObjectIndex holder, NodeId target) {
  const DirectoryModel& directory = derivation.directory;
  const ObjectIndex object = derivation.graph.node(target).object;
  knowledge::Caveats caveats;
  if (object != snapshot::kNoObject && is_to_be_stamped(directory.snapshot(), holder, object)) {
    derivation.to_be_stamped.insert(target);
    caveats = Caveat::NotYetStamped;
  }
  add_edge(derivation, directory.node_of(holder), target, EdgeKind::ProtectAdminGroups,
           {.kind = Evidence::Kind::Rule, .item = static_cast<std::uint32_t>(Rule::AdminSdHolderProtects)},
           caveats);
}

/// Who is a member of what: the task looks at that alone, as who has a group in the SID history only acts as one.
class Members {
 public:
  Members(const graph::GraphBuilder& builder, const Tokens& tokens) : builder_(builder), tokens_(tokens) {
    for (const EdgeKind kind : {EdgeKind::HasSIDHistory, EdgeKind::ClaimSpecialIdentity}) {
      for (const auto& [edge, evidence, part] : builder.pending(kind)) joined_otherwise_.insert(edge.target);
    }
  }

  std::span<const NodeId> of(NodeId group) {
    if (!joined_otherwise_.contains(group)) return tokens_.members(group);
    if (!members_) members_.emplace(builder_, std::initializer_list<EdgeKind>{EdgeKind::MemberOf}, false);
    return members_->members_of(group);
  }

 private:
  const graph::GraphBuilder& builder_;
  const Tokens& tokens_;
  std::unordered_set<NodeId> joined_otherwise_;
  std::optional<Memberships> members_;  ///< made when first needed
};

}  // namespace

void add_admin_sd_holder(Derivation& derivation, Tokens& tokens) {
  const DirectoryModel& directory = derivation.directory;
  const unsigned excluded = knowledge::excluded_from_protection(directory.ds_heuristics());
  Members members(derivation.graph, tokens);
  for (std::size_t d = 0; d < directory.domains().size(); ++d) {
    const Domain& domain = directory.domains()[d];
    const auto index = static_cast<DomainIndex>(d);
    if (domain.head == snapshot::kNoObject) continue;
    const std::string dn =
        "CN=AdminSDHolder,CN=System," + std::string(directory.snapshot().object(domain.head).dn());
    const auto holder = directory.find_dn(dn);
    if (!holder) continue;

    std::set<NodeId> seen;
    std::vector<NodeId> queue;
    for (const knowledge::ProtectedPrincipal& row : knowledge::protected_principals()) {
      if ((row.excluded_by & excluded) != 0) continue;
      const Sid sid = row.builtin ? Sid::parse("S-1-5-32")->with_rid(row.rid) : domain.sid.with_rid(row.rid);
      const auto node = directory.find_sid(sid, index);
      if (!node || !seen.insert(*node).second) continue;
      if (row.with_members) {
        queue.push_back(*node);
      } else {
        protect(derivation, *holder, *node);
      }
    }
    for (std::size_t next = 0; next < queue.size(); ++next) {
      const graph::Node& node = derivation.graph.node(queue[next]);
      const bool of_this_domain = node.domain == domain.name && node.object != snapshot::kNoObject;
      // Computers are users to the schema, but the rule speaks of users and security groups only.
      if (of_this_domain && (node.kind == NodeKind::User || node.kind == NodeKind::Group)) {
        protect(derivation, *holder, queue[next]);
      }
      for (const NodeId member : members.of(queue[next])) {
        if (seen.insert(member).second) queue.push_back(member);
      }
    }
  }
}

}  // namespace tierline::derive
