#pragma once

// From what a person types to nodes: SID, GUID, DN, NAME@DOMAIN, DOMAIN\name, sAMAccountName, tier0.

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/graph/attack_graph.h"
#include "core/snapshot/snapshot.h"

namespace tierline::queries {

/// The nodes of the Tier Zero set, ascending.
std::vector<graph::NodeId> tier_zero(const graph::AttackGraph& graph);

/// The node that `text` names, or for "tier0" the set. Errors: Usage when nothing or more than one thing
/// answers to it; the message lists what does.
Result<std::vector<graph::NodeId>> resolve(const snapshot::Snapshot& snapshot,
                                           const graph::AttackGraph& graph, std::string_view text);

/// resolve() for each of `texts`, in one pass over the nodes.
std::vector<Result<std::vector<graph::NodeId>>> resolve_each(const snapshot::Snapshot& snapshot,
                                                             const graph::AttackGraph& graph,
                                                             const std::vector<std::string>& texts);

/// What resolve() takes for a node besides its identifier and its name, as far as it is a plain name.
std::vector<std::string> other_names(const snapshot::Snapshot& snapshot, const graph::AttackGraph& graph,
                                     graph::NodeId node);

/// Whether resolve() takes `text` for the nodes that have it as identifier, name or one of other_names(), and for no
/// others: it is no DN, no GUID, not DOMAIN\name, not tier0, and no SID in an unusual spelling.
bool is_plain_name(std::string_view text);

/// resolve() for each of `texts`, joined without repetition, ascending.
Result<std::vector<graph::NodeId>> resolve_all(const snapshot::Snapshot& snapshot,
                                               const graph::AttackGraph& graph,
                                               const std::vector<std::string>& texts);

/// Accounts that could act: enabled users and computers outside `targets`. An account whose state is not
/// known counts as enabled.
std::vector<graph::NodeId> population(const graph::AttackGraph& graph,
                                      const std::vector<graph::NodeId>& targets);

}  // namespace tierline::queries
