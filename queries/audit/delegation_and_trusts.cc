// Rules about those whom others are let in by: delegation, trusts, principals of other directories.

#include <set>

#include "core/knowledge/edge_kinds.h"
#include "core/knowledge/user_account_control.h"
#include "core/knowledge/well_known.h"
#include "queries/audit/audit.h"

namespace tierline::queries::audit {

using graph::EdgeId;
using graph::NodeId;
using knowledge::EdgeKind;
using knowledge::NodeKind;
namespace uac = knowledge::uac;

void unconstrained_delegation(const Context& context, Report& report) {
  for (NodeId n = 0; n < context.graph.node_count(); ++n) {
    if (!context.is_active_account(n) || context.is_controller(n)) continue;
    std::vector<EdgeId> edges;
    for (EdgeId e = context.graph.first_out_edge(n); e < context.graph.first_out_edge(n + 1); ++e) {
      if (context.graph.edge(e).kind == EdgeKind::CoerceToTGT) edges.push_back(e);
    }
    const std::int64_t control = context.number(n, "userAccountControl").value_or(0);
    if (edges.empty() && (control & uac::kTrustedForDelegation) == 0) continue;
    report.add({n}, std::move(edges), "gets the tickets of whoever authenticates to it");
  }
}

void delegation_into_tier_zero(const Context& context, Report& report) {
  for (EdgeId e = 0; e < context.graph.edge_count(); ++e) {
    const graph::Edge& edge = context.graph.edge(e);
    const bool delegates = edge.kind == EdgeKind::AllowedToDelegate || edge.kind == EdgeKind::AllowedToAct;
    if (delegates && context.is_in_zero(edge.target) && !context.is_in_zero(edge.source)) {
      report.add(edge.traversable ? Severity::High : Severity::Medium, {edge.source, edge.target}, {e},
                 std::string(knowledge::info_of(edge.kind).name));
    }
  }
}

void trusts_that_lead_inside(const Context& context, Report& report) {
  for (EdgeId e = 0; e < context.graph.edge_count(); ++e) {
    const graph::Edge& edge = context.graph.edge(e);
    const bool leads = edge.kind == EdgeKind::SpoofSIDHistory || edge.kind == EdgeKind::AbuseTGTDelegation;
    if (leads && edge.traversable) {
      report.add({edge.source, edge.target}, {e}, std::string(knowledge::info_of(edge.kind).name));
    }
  }
}

void foreign_principals(const Context& context, Report& report) {
  std::set<directory::Sid> domains;
  for (const graph::Node& node : context.graph.nodes()) {
    const bool is_collected = node.kind == NodeKind::Domain && node.object != snapshot::kNoObject;
    if (is_collected && node.sid.count() != 0) domains.insert(node.sid);
  }
  for (NodeId n = 0; n < context.graph.node_count(); ++n) {
    const auto& sid = context.graph.node(n).sid;
    const bool is_account =
        context.graph.node(n).kind != NodeKind::Domain && sid.is_domain_issued() && sid.count() > 4;
    if (!is_account || domains.contains(sid.parent())) continue;
    std::vector<EdgeId> edges;
    bool into_zero = false;
    for (EdgeId e = context.graph.first_out_edge(n); e < context.graph.first_out_edge(n + 1); ++e) {
      const graph::Edge& edge = context.graph.edge(e);
      const auto& target = context.graph.node(edge.target);
      if (!edge.traversable ||
          (target.kind == NodeKind::Group && !target.sid.is_domain_issued() && !target.sid.is_builtin())) {
        continue;
      }
      edges.push_back(e);
      into_zero = into_zero || context.is_in_zero(edge.target);
    }
    if (edges.empty()) continue;
    const std::size_t count = edges.size();
    report.add(into_zero ? Severity::Critical : Severity::Medium, {n}, std::move(edges),
               std::to_string(count) + (count == 1 ? " edge leads" : " edges lead") + " from it" +
                   (into_zero ? ", some of them into Tier Zero" : ""));
  }
}

}  // namespace tierline::queries::audit
