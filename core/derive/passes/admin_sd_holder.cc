// ProtectAdminGroups: whose security descriptor AdminSDHolder's replaces, [MS-ADTS] 3.1.1.6.1.2. Whether
// adminCount is set is not the question: it stays after a member has left.

#include <set>

#include "core/derive/passes/passes.h"
#include "core/knowledge/protected_groups.h"

namespace tierline::derive {
namespace {

using directory::Sid;
using graph::Evidence;
using graph::NodeId;
using graph::Rule;
using knowledge::EdgeKind;
using knowledge::NodeKind;

// Character 16 of dSHeuristics holds a bit for each operators' group that is not protected.
unsigned excluded_groups(const std::string& heuristics) {
  constexpr std::size_t kPlace = 15;
  if (heuristics.size() <= kPlace) return 0;
  const char digit = heuristics[kPlace];
  if (digit >= '0' && digit <= '9') return static_cast<unsigned>(digit - '0');
  if (digit >= 'a' && digit <= 'f') return static_cast<unsigned>(digit - 'a') + 10;
  if (digit >= 'A' && digit <= 'F') return static_cast<unsigned>(digit - 'A') + 10;
  return 0;
}

}  // namespace

void add_admin_sd_holder(Derivation& derivation, Tokens& tokens) {
  const DirectoryModel& directory = derivation.directory;
  const unsigned excluded = excluded_groups(directory.ds_heuristics());
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
        add_edge(
            derivation, directory.node_of(*holder), *node, EdgeKind::ProtectAdminGroups,
            {.kind = Evidence::Kind::Rule, .item = static_cast<std::uint32_t>(Rule::AdminSdHolderProtects)});
      }
    }
    for (std::size_t next = 0; next < queue.size(); ++next) {
      const graph::Node& node = derivation.graph.node(queue[next]);
      const bool of_this_domain = node.domain == domain.name && node.object != snapshot::kNoObject;
      // Computers are users to the schema, but the rule speaks of users and security groups only.
      if (of_this_domain && (node.kind == NodeKind::User || node.kind == NodeKind::Group)) {
        add_edge(
            derivation, directory.node_of(*holder), queue[next], EdgeKind::ProtectAdminGroups,
            {.kind = Evidence::Kind::Rule, .item = static_cast<std::uint32_t>(Rule::AdminSdHolderProtects)});
      }
      for (const NodeId member : tokens.members(queue[next])) {
        if (seen.insert(member).second) queue.push_back(member);
      }
    }
  }
}

}  // namespace tierline::derive
