// Who is in a group of Tier Zero for good, instead of for the time of the work.

#include <map>

#include "core/base/text.h"
#include "core/knowledge/time_to_live.h"
#include "core/knowledge/well_known.h"
#include "queries/audit/walk.h"

namespace tierline::queries::audit {

using graph::ArcId;
using graph::EdgeId;
using graph::NodeId;
using knowledge::EdgeKind;
using knowledge::NodeKind;
namespace rids = knowledge::rids;

namespace {

constexpr std::uint64_t kDay = std::uint64_t{24} * 60 * 60;

/// Why it is not known which memberships end by themselves; empty when it is. A forest that has not turned the feature on
/// (msDS-EnabledFeature of its partitions, [MS-ADTS] 3.1.1.9) has none that do.
std::string why_unknown(const snapshot::Snapshot& snapshot) {
  for (const snapshot::Area& area : snapshot.meta().coverage) {
    if (area.area == knowledge::kTtlArea && area.asked) return "";
  }
  const snapshot::AttributeId classes = snapshot.attribute("objectClass");
  const snapshot::AttributeId features = snapshot.attribute("msDS-EnabledFeature");
  bool is_known = false;
  for (snapshot::ObjectIndex i = 0; i < snapshot.object_count(); ++i) {
    const snapshot::Object object = snapshot.object(i);
    if (features != snapshot::kNoAttribute) {
      for (const auto value : object.values(features)) {
        if (value.text().starts_with("CN=Privileged Access Management Feature,"))
          return "the forest knows memberships for a time, and which are was not collected";
      }
    }
    if (is_known || classes == snapshot::kNoAttribute) continue;
    for (const auto value : object.values(classes))
      is_known = is_known || value.text() == "crossRefContainer";
  }
  return is_known ? "" : "whether the forest knows memberships for a time was not collected";
}

/// Of members for a time, the seconds that they have left, by folded DN.
std::map<std::string, std::uint64_t> timed_members(const Context& context, NodeId group) {
  std::map<std::string, std::uint64_t> timed;
  const std::uint32_t object = context.graph.nodes().object(group);
  const snapshot::AttributeId attribute = context.attribute(knowledge::kMemberTtl);
  if (object == snapshot::kNoObject || attribute == snapshot::kNoAttribute) return timed;
  for (const auto value : context.snapshot.object(object).values(attribute)) {
    if (const auto link = knowledge::parse_timed_link(value.text()))
      timed.emplace(fold_case(link->dn), link->seconds);
  }
  return timed;
}

/// How long the membership lasts, in seconds; absent for one that does not end.
std::optional<std::uint64_t> time_left(const Context& context, ArcId arc,
                                       const std::map<std::string, std::uint64_t>& timed) {
  if (timed.empty()) return std::nullopt;
  std::optional<std::uint64_t> left;
  for (const graph::Evidence& evidence : context.graph.stored_evidence(arc)) {
    if (evidence.kind != graph::Evidence::Kind::Attribute ||
        evidence.attribute != context.attribute("member"))
      return std::nullopt;
    const auto values = context.snapshot.object(evidence.object).values(evidence.attribute);
    if (evidence.item >= values.size()) return std::nullopt;
    const auto found = timed.find(fold_case(values[evidence.item].text()));
    if (found == timed.end()) return std::nullopt;
    left = std::max(left.value_or(0), found->second);
  }
  return left;
}

}  // namespace

void standing_membership(const Context& context, Report& report) {
  const graph::AttackGraph& graph = context.graph;
  const std::string why = why_unknown(context.snapshot);
  report.unknown(why);
  for (NodeId group = 0; group < graph.node_count(); ++group) {
    if (!context.is_in_zero(group) || graph.nodes().kind(group) != NodeKind::Group) continue;
    const auto timed = timed_members(context, group);
    for_each_arc_into(graph, group, [&](ArcId arc) {
      const NodeId member = graph.tail(arc);
      if (graph.trait(arc).kind != EdgeKind::MemberOf || !context.is_user(member) ||
          !context.is_in_zero(member) || !context.is_active_account(member))
        return;
      const std::uint32_t rid = graph.node(member).sid.rid();
      if (rid == rids::kAdministrator || rid == rids::kKrbtgt) return;
      const auto left = time_left(context, arc, timed);
      if (left && *left <= std::uint64_t{context.settings.standing_days} * kDay) return;
      report.add({member, group}, {graph.edge_to(arc, group)},
                 left          ? "for another " + std::to_string(*left / kDay) + " days"
                 : why.empty() ? "for good"
                               : "perhaps for good");
    });
  }
}

}  // namespace tierline::queries::audit
