#pragma once

// Everything that the web page shows, as one JSON document; viewer/web/report.ts is its other half.

#include <string>

#include "core/graph/attack_graph.h"
#include "core/snapshot/snapshot.h"

namespace tierline::viewer {

/// Paths of all enabled accounts outside `targets`, up to `paths_per_source` each. `target_name` says what
/// the targets are, such as "Tier Zero".
std::string report_json(const snapshot::Snapshot& snapshot, const graph::AttackGraph& graph,
                        const snapshot::Meta& meta, const std::vector<graph::NodeId>& targets,
                        std::string_view target_name, std::size_t paths_per_source);

}  // namespace tierline::viewer
