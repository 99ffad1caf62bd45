#include "queries/path_filter.h"

#include <algorithm>

#include "core/base/text.h"
#include "queries/tier_rules.h"

namespace tierline::queries {
namespace {

using knowledge::NodeKind;

constexpr std::int64_t kTicksPerDay = std::int64_t{24} * 60 * 60 * 10'000'000;
constexpr std::int64_t kFrom1601To1970 = std::int64_t{11'644'473'600} * 10'000'000;

/// Which nodes a path may pass.
class Nodes {
 public:
  Nodes(const snapshot::Snapshot& snapshot, const PathFilter& filter)
      : snapshot_(snapshot),
        filter_(filter),
        operating_system_(snapshot.attribute("operatingSystem")),
        last_logon_(snapshot.attribute("lastLogonTimestamp")) {}

  bool asks_of_nodes() const {
    return !filter_.domains.empty() || !filter_.operating_system.empty() || filter_.max_age_days ||
           !filter_.tiers_passed.empty();
  }

  bool may_be_passed(graph::NodeId n, const graph::Node& node) const {
    if (!filter_.tiers_passed.empty()) {
      const Tier tier = filter_.tiers->tier[n];
      if (tier != kNoTier && !filter_.tiers_passed.contains(tier)) return false;
    }
    if (!filter_.domains.empty() && !node.domain.empty()) {
      const bool is_named =
          std::any_of(filter_.domains.begin(), filter_.domains.end(),
                      [&](const std::string& domain) { return equal_ascii_nocase(domain, node.domain); });
      if (!is_named) return false;
    }
    if (node.object == snapshot::kNoObject) return true;
    const snapshot::Object object = snapshot_.object(node.object);
    if (!filter_.operating_system.empty() && node.kind == NodeKind::Computer) {
      const std::string_view system = object.text(operating_system_);
      if (!system.empty() && !fits(filter_.operating_system, system)) return false;
    }
    const bool is_account = node.kind == NodeKind::Computer || node.kind == NodeKind::User;
    if (filter_.max_age_days && is_account) {
      const std::int64_t now = snapshot_.meta().provenance.finished * 10'000'000 + kFrom1601To1970;
      const auto logon = object.number(last_logon_);
      if (logon && *logon > 0 && now - *logon > *filter_.max_age_days * kTicksPerDay) return false;
    }
    return true;
  }

 private:
  const snapshot::Snapshot& snapshot_;
  const PathFilter& filter_;
  snapshot::AttributeId operating_system_;
  snapshot::AttributeId last_logon_;
};

// A filter by a name that nothing has would leave no path, and look like good news.
Status check_names(const graph::AttackGraph& graph, const PathFilter& filter) {
  const auto& known = graph.nodes().domains();
  for (const std::string& domain : filter.domains) {
    const bool is_known = std::any_of(known.begin(), known.end(), [&](const std::string& one) {
      return !one.empty() && equal_ascii_nocase(one, domain);
    });
    if (is_known) continue;
    std::string all;
    for (const std::string& one : known) {
      if (!one.empty()) all += (all.empty() ? "" : ", ") + visible(one);
    }
    return Error{ErrorCode::Usage, "no such domain: '" + visible(domain) + "'; there are: " + all};
  }
  for (const Tier tier : filter.tiers_passed) {
    const std::vector<Tier>& tiers = filter.tiers->tier;
    if (std::find(tiers.begin(), tiers.end(), tier) == tiers.end())
      return Error{ErrorCode::Usage, "nothing is in tier " + std::to_string(tier)};
  }
  return {};
}

}  // namespace

Result<std::vector<bool>> allowed_edges(const snapshot::Snapshot& snapshot, const graph::AttackGraph& graph,
                                        const PathFilter& filter) {
  if (filter.max_age_days && snapshot.meta().provenance.finished == 0) {
    return Error{ErrorCode::Incomplete, "does not say when it was taken, so ages are unknown",
                 snapshot.path()};
  }
  if (Status known = check_names(graph, filter); !known) return std::move(known).error();
  const Nodes nodes(snapshot, filter);
  std::vector<bool> passed;
  for (graph::NodeId n = 0; n < graph.node_count(); ++n)
    passed.push_back(!nodes.asks_of_nodes() || nodes.may_be_passed(n, graph.node(n)));
  std::vector<bool> chosen;
  for (const graph::AttackGraph::Trait& trait : graph.traits()) {
    chosen.push_back((filter.kinds.empty() || filter.kinds.contains(trait.kind)) &&
                     !filter.without_kinds.contains(trait.kind));
  }
  std::vector<bool> allowed(graph.edge_count(), false);
  for (graph::ArcId arc = 0; arc < graph.arc_count() && graph.is_edge(arc); ++arc) {
    if (!chosen[graph.trait_place(arc)] || !passed[graph.tail(arc)]) continue;
    const graph::VertexId head = graph.head(arc);
    graph::EdgeId edge = graph.id_of(arc);
    if (graph.is_node(head)) {
      allowed[edge] = passed[head];
    } else {
      for (const graph::NodeId target : graph.members(head)) allowed[edge++] = passed[target];
    }
  }
  return allowed;
}

}  // namespace tierline::queries
