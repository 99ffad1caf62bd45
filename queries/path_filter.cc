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

  bool may_be_passed(const graph::Node& node) const {
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

}  // namespace

Result<std::vector<bool>> allowed_edges(const snapshot::Snapshot& snapshot, const graph::AttackGraph& graph,
                                        const PathFilter& filter) {
  if (filter.max_age_days && snapshot.meta().provenance.finished == 0) {
    return Error{ErrorCode::Incomplete, "does not say when it was taken, so ages are unknown",
                 snapshot.path()};
  }
  const Nodes nodes(snapshot, filter);
  std::vector<bool> passed;
  for (const graph::Node& node : graph.nodes()) passed.push_back(nodes.may_be_passed(node));
  std::vector<bool> allowed;
  for (const graph::Edge& edge : graph.edges()) {
    const bool is_chosen = (filter.kinds.empty() || filter.kinds.contains(edge.kind)) &&
                           !filter.without_kinds.contains(edge.kind);
    allowed.push_back(is_chosen && passed[edge.source] && passed[edge.target]);
  }
  return allowed;
}

}  // namespace tierline::queries
