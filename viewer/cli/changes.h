#pragma once

// What `plan` and `whatif` share: how a directory is looked at again after a change.

#include "queries/what_if.h"
#include "viewer/cli/loaded_graph.h"

namespace tierline::viewer::cli {

queries::Derive derive_again();

/// The Tier Zero set as it is then, or without `named` the same nodes as before.
queries::Targets targets_again(const graph::AttackGraph& graph, const std::vector<graph::NodeId>& targets,
                               const std::vector<std::string>& named);

/// Those nodes, when there are any, or else the accounts outside the targets that are not known to be disabled.
queries::Principals principals_again(const graph::AttackGraph& graph,
                                     const std::vector<graph::NodeId>& sources);

}  // namespace tierline::viewer::cli
