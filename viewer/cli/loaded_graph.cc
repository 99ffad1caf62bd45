#include "viewer/cli/loaded_graph.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/text.h"
#include "queries/principals.h"
#include "viewer/cli/command.h"

namespace tierline::viewer::cli {
namespace {

LoadedGraph derived_from(snapshot::Snapshot&& snapshot, derive::Rules rules) {
  derive::Derived derived = derive::derive(snapshot, rules);
  return {std::move(snapshot), std::move(derived.graph), std::move(derived.meta)};
}

}  // namespace

Result<LoadedGraph> LoadedGraph::derive(const std::string& path) {
  Result<snapshot::Snapshot> opened = snapshot::Snapshot::open(path);
  if (!opened) return std::move(opened).error();
  return derived_from(*std::move(opened), derive::Rules::Ours);
}

Result<LoadedGraph> LoadedGraph::open(const std::string& path, derive::Rules rules) {
  if (rules == derive::Rules::Ours) {
    Result<snapshot::File> file = snapshot::File::open(path);
    if (!file) return std::move(file).error();
    const std::optional<KeptGraph> kept = KeptGraph::of(*file);
    return of(*std::move(file), kept);
  }
  Result<snapshot::Snapshot> opened = snapshot::Snapshot::open(path);
  if (!opened) return std::move(opened).error();
  return derived_from(*std::move(opened), rules);
}

Result<LoadedGraph> LoadedGraph::of(snapshot::File file, const std::optional<KeptGraph>& kept) {
  Result<snapshot::Snapshot> opened = snapshot::Snapshot::load(std::move(file));
  if (!opened) return std::move(opened).error();
  if (kept) {
    if (std::optional<graph::AttackGraph> graph = kept->graph(*opened)) {
      snapshot::Meta meta = opened->meta();
      meta.coverage = kept->coverage();
      return LoadedGraph{*std::move(opened), *std::move(graph), std::move(meta)};
    }
  }
  return derived_from(*std::move(opened), derive::Rules::Ours);
}

std::string target_name(const std::vector<std::string>& named) {
  return named.empty() ? "Tier Zero" : fmt::format("{}", fmt::join(named, ", "));
}

bool names_tier_zero(const std::vector<std::string>& named) {
  return named.empty() || std::any_of(named.begin(), named.end(), [](const std::string& name) {
           return equal_ascii_nocase(name, "tier0");
         });
}

Result<std::vector<graph::NodeId>> LoadedGraph::targets(const std::vector<std::string>& named) const {
  if (!names_tier_zero(named)) return queries::resolve_all(snapshot, graph, named);
  std::vector<graph::NodeId> tier_zero = queries::tier_zero(graph);
  if (tier_zero.empty()) {
    return Error{ErrorCode::Incomplete, "holds no Tier Zero object, so who can reach it is unknown",
                 snapshot.path()};
  }
  if (queries::is_too_wide(graph, tier_zero)) {
    return Error{ErrorCode::Incomplete,
                 "has most of its accounts in Tier Zero, so that nobody else can reach it would say nothing",
                 snapshot.path()};
  }
  if (!named.empty()) return queries::resolve_all(snapshot, graph, named);
  return tier_zero;
}

Result<TieredDirectory> TieredDirectory::assign(const LoadedGraph& loaded, const std::string& path) {
  TieredDirectory found;
  if (!path.empty()) {
    Result<queries::TierRules> rules = queries::TierRules::read(path);
    if (!rules) return std::move(rules).error();
    found.rules = *std::move(rules);
  }
  Result<queries::Tiers> tiers = queries::assign_tiers(loaded.snapshot, loaded.graph, found.rules);
  if (!tiers) return std::move(tiers).error().in(path);
  found.tiers = *std::move(tiers);
  if (std::find(found.tiers.tier.begin(), found.tiers.tier.end(), 0) == found.tiers.tier.end()) {
    return Error{ErrorCode::Incomplete, "holds no Tier Zero object, so nothing can be said of tiers",
                 loaded.snapshot.path()};
  }
  if (found.tiers.is_zero_too_wide()) {
    return Error{ErrorCode::Incomplete,
                 std::to_string(found.tiers.accounts_in_zero) + " of " +
                     std::to_string(found.tiers.accounts) +
                     " accounts are in Tier Zero, so a rule must be wrong: nothing would lead into it",
                 path.empty() ? loaded.snapshot.path() : path};
  }
  for (std::size_t r = 0; r < found.rules.rules.size(); ++r) {
    if (!found.tiers.is_rule_used[r])
      note(path + ": line " + std::to_string(found.rules.rules[r].line) + ": the rule fits nothing");
  }
  return found;
}

std::string label(const snapshot::Snapshot& snapshot, const graph::Node& node) {
  const bool has_dn = node.sid.count() == 0 && node.object != snapshot::kNoObject;
  return visible(has_dn ? snapshot.object(node.object).dn() : std::string_view(node.name));
}

}  // namespace tierline::viewer::cli
