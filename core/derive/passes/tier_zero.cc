// Marks the nodes of Tier Zero: the built-in list and the nested members of its groups.

#include <algorithm>
#include <set>

#include "core/base/text.h"
#include "core/derive/passes/passes.h"
#include "core/knowledge/tier_zero.h"
#include "core/knowledge/well_known.h"

namespace tierline::derive {
namespace {

using directory::Sid;
using graph::NodeId;
using knowledge::NodeKind;
using knowledge::TierZeroMatch;
using knowledge::TierZeroRow;

bool matches(const DirectoryModel& directory, const graph::Node& node, const TierZeroRow& row) {
  const auto account = [&] {
    if (node.object == snapshot::kNoObject) return std::string_view();
    return directory.snapshot().object(node.object).text(directory.attributes().sam_account_name);
  };
  switch (row.match) {
    case TierZeroMatch::DomainRid:
      for (const Domain& domain : directory.domains()) {
        if (domain.sid.count() != 0 && node.sid == domain.sid.with_rid(row.rid)) return true;
      }
      return false;
    case TierZeroMatch::Sid:
      return node.sid.count() != 0 && node.sid == Sid::parse(row.text);
    case TierZeroMatch::AccountName:
      return equal_ascii_nocase(account(), row.text);
    case TierZeroMatch::AccountPrefix:
      return equal_ascii_nocase(account().substr(0, row.text.size()), row.text);
    case TierZeroMatch::Kind:
      return node.kind == row.kind;
    case TierZeroMatch::ObjectClass: {
      if (node.object == snapshot::kNoObject) return false;
      const auto classes =
          directory.snapshot().object(node.object).values(directory.attributes().object_class);
      return std::any_of(classes.begin(), classes.end(),
                         [&](const auto value) { return equal_ascii_nocase(value.text(), row.text); });
    }
    case TierZeroMatch::SystemObject: {
      if (node.object == snapshot::kNoObject) return false;
      const std::string begin = "CN=" + std::string(row.text) + ",CN=System,DC=";
      return equal_ascii_nocase(directory.snapshot().object(node.object).dn().substr(0, begin.size()), begin);
    }
  }
  return false;
}

}  // namespace

void mark_tier_zero(Derivation& derivation, Tokens& tokens) {
  graph::GraphBuilder& builder = derivation.graph;
  const auto rows = knowledge::tier_zero_rows();
  std::vector<NodeId> queue;
  for (NodeId n = 0; n < builder.node_count(); ++n) {
    for (std::size_t r = 0; r < rows.size(); ++r) {
      if (!matches(derivation.directory, builder.node(n), rows[r])) continue;
      builder.node(n).tier = 0;
      builder.node(n).tier_row = static_cast<std::uint16_t>(r);
      queue.push_back(n);
      break;
    }
  }
  for (std::size_t next = 0; next < queue.size(); ++next) {
    const graph::Node& group = builder.node(queue[next]);
    if (group.kind != NodeKind::Group) continue;
    for (const NodeId member : tokens.members(queue[next])) {
      graph::Node& node = builder.node(member);
      // "Domain Users is an administrator" must come out as a path for everyone, not make everyone Tier Zero.
      if (node.tier == 0 || (node.kind == NodeKind::Group && knowledge::is_broad_group(node.sid))) continue;
      node.tier = 0;
      node.tier_row = group.tier_row;
      queue.push_back(member);
    }
  }
}

}  // namespace tierline::derive
