// Rules about those whom others are let in by: delegation, trusts, principals of other directories.

#include <set>

#include "core/knowledge/collected_relations.h"
#include "core/knowledge/edge_kinds.h"
#include "core/knowledge/user_account_control.h"
#include "core/knowledge/well_known.h"
#include "queries/audit/walk.h"

namespace tierline::queries::audit {

using graph::ArcId;
using graph::EdgeId;
using graph::NodeId;
using knowledge::EdgeKind;
using knowledge::NodeKind;
namespace collected = knowledge::collected;
namespace uac = knowledge::uac;
using Trait = graph::AttackGraph::Trait;

namespace {

// "SID DIRECTION TYPE filtered|open|unknown delegates|refuses|unknown NAME"; inside a forest neither matters.
bool is_half_known(std::string_view trust) {
  std::vector<std::string_view> parts;
  for (std::size_t tab = trust.find('\t'); tab != std::string_view::npos; tab = trust.find('\t')) {
    parts.push_back(trust.substr(0, tab));
    trust.remove_prefix(tab + 1);
  }
  if (parts.size() < 5 || parts[2] == "ParentChild" || parts[2] == "TreeRoot" || parts[2] == "CrossLink")
    return false;
  const bool both = parts[1] == "Bidirectional";
  return (parts[3] == "unknown" && (both || parts[1] == "Outbound")) ||
         (parts[4] == "unknown" && (both || parts[1] == "Inbound"));
}

}  // namespace

void unconstrained_delegation(const Context& context, Report& report) {
  const snapshot::AttributeId control = context.attribute("userAccountControl");
  if (!context.is_collected("userAccountControl")) report.unknown("userAccountControl was not collected");
  for (NodeId n = 0; n < context.graph.node_count(); ++n) {
    if (!context.is_active_account(n) || context.is_controller(n)) continue;
    std::vector<EdgeId> edges;
    for (ArcId arc = context.graph.first_out_arc(n); arc < context.graph.first_out_arc(n + 1); ++arc) {
      if (context.graph.trait(arc).kind == EdgeKind::CoerceToTGT) edges.push_back(context.graph.id_of(arc));
    }
    const bool is_trusted = (context.number(n, control).value_or(0) & uac::kTrustedForDelegation) != 0;
    if (edges.empty() && !is_trusted) continue;
    report.add({n}, std::move(edges), "gets the tickets of whoever authenticates to it",
               context.facts(n, {control}));
  }
}

// Of a collection, the fields come with the properties of accounts.
void delegation_into_tier_zero(const Context& context, Report& report) {
  const bool is_known = context.is_collected("msDS-AllowedToDelegateTo") ||
                        context.is_collected("msDS-AllowedToActOnBehalfOfOtherIdentity") ||
                        (context.is_attribute_there(context.attribute(collected::kKind)) &&
                         context.is_attribute_there(context.attribute("userAccountControl")));
  if (!is_known) report.unknown("delegation was not collected, or none is set");
  for_each_arc(
      context.graph,
      [](const Trait& trait) {
        return trait.kind == EdgeKind::AllowedToDelegate || trait.kind == EdgeKind::AllowedToAct;
      },
      [&](ArcId arc) {
        const NodeId source = context.graph.tail(arc);
        if (context.is_in_zero(source) || context.highest_tier(context.graph.head(arc)) != 0) return;
        const Trait& trait = context.graph.trait(arc);
        for_each_edge_of(context.graph, arc, [&](NodeId target, EdgeId edge) {
          if (!context.is_in_zero(target)) return;
          report.add(trait.traversable ? Severity::High : Severity::Medium, {source, target}, {edge},
                     std::string(knowledge::info_of(trait.kind).name));
        });
      });
}

// What lets another forest in is an attribute of a trust, or what a collector makes of it.
void trusts_that_lead_inside(const Context& context, Report& report) {
  const snapshot::AttributeId attributes = context.attribute("trustAttributes");
  const snapshot::AttributeId partner = context.attribute("trustPartner");
  const snapshot::AttributeId said = context.attribute(collected::kTrusts);
  const bool is_known = context.is_collected("trustPartner") || context.is_attribute_there(said);
  if (!is_known) report.unknown("trusts were not collected, or there are none");
  for (snapshot::ObjectIndex i = 0; i < context.snapshot.object_count(); ++i) {
    const snapshot::Object object = context.snapshot.object(i);
    if (partner != snapshot::kNoAttribute && object.has(partner) && !object.has(attributes))
      report.unknown("trustAttributes of some trusts were not collected");
    if (said == snapshot::kNoAttribute) continue;
    for (const auto value : object.values(said)) {
      if (is_half_known(value.text()))
        report.unknown("whether some trusts filter SIDs and allow delegation was not collected");
    }
  }
  for_each_arc(
      context.graph,
      [](const Trait& trait) {
        const bool leads =
            trait.kind == EdgeKind::SpoofSIDHistory || trait.kind == EdgeKind::AbuseTGTDelegation;
        return leads && trait.traversable;
      },
      [&](ArcId arc) {
        for_each_edge_of(context.graph, arc, [&](NodeId target, EdgeId edge) {
          report.add({context.graph.tail(arc), target}, {edge},
                     std::string(knowledge::info_of(context.graph.trait(arc).kind).name));
        });
      });
}

void foreign_principals(const Context& context, Report& report) {
  const graph::AttackGraph& graph = context.graph;
  const bool is_known = context.snapshot.descriptor_count() != 0 ||
                        context.is_attribute_there(context.attribute(collected::kAces));
  if (!is_known) report.unknown("security descriptors were not collected");
  std::set<directory::Sid> domains;
  for (NodeId n = 0; n < graph.node_count(); ++n) {
    const bool is_collected =
        graph.nodes().kind(n) == NodeKind::Domain && graph.nodes().object(n) != snapshot::kNoObject;
    if (is_collected && graph.node(n).sid.count() != 0) domains.insert(graph.node(n).sid);
  }
  // By issuer. Local groups and accounts of hosts, which collectors write below the host's own SID, are no strangers.
  constexpr std::size_t kPartsOfDomain = 4;
  std::vector<bool> is_foreign;
  for (const directory::Sid& issuer : graph.nodes().issuers()) {
    is_foreign.push_back(issuer.is_domain_issued() && issuer.count() == kPartsOfDomain &&
                         !domains.contains(issuer));
  }
  for (NodeId n = 0; n < graph.node_count(); ++n) {
    if (!is_foreign[graph.nodes().rows()[n].issuer] || graph.nodes().kind(n) == NodeKind::Domain) continue;
    std::vector<EdgeId> edges;
    std::size_t count = 0;
    bool into_zero = false;
    for (ArcId arc = graph.first_out_arc(n); arc < graph.first_out_arc(n + 1); ++arc) {
      const graph::VertexId head = graph.head(arc);
      if (!graph.trait(arc).traversable) continue;
      if (graph.is_node(head) && graph.nodes().kind(head) == NodeKind::Group) {
        // Those that logon puts everyone into are no rights.
        const directory::Sid sid = graph.node(head).sid;
        if (!sid.is_domain_issued() && !sid.is_builtin()) continue;
      }
      edges.push_back(graph.id_of(arc));
      count += edges_of(graph, arc);
      into_zero = into_zero || context.highest_tier(head) == 0;
    }
    if (edges.empty()) continue;
    report.add(into_zero ? Severity::Critical : Severity::Medium, {n}, std::move(edges),
               std::to_string(count) + (count == 1 ? " edge leads" : " edges lead") + " from it" +
                   (into_zero ? ", some of them into Tier Zero" : ""));
  }
}

}  // namespace tierline::queries::audit
