#pragma once

// The graph that `derive` keeps beside a snapshot, as SNAP.graph.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/graph/graph_file.h"
#include "core/snapshot/snapshot.h"

namespace tierline::viewer::cli {

class KeptGraph {
 public:
  static std::string path_of(const std::string& snapshot) { return snapshot + ".graph"; }

  /// With what derivation said of its coverage, and the distances to Tier Zero, unless that is empty. Errors: those of
  /// GraphFile::write.
  static Status keep(const snapshot::Snapshot& snapshot, const graph::AttackGraph& graph,
                     const std::vector<snapshot::Area>& coverage,
                     const std::vector<graph::NodeId>& tier_zero);

  /// Nothing when there is none; a note on stderr says why one is not used.
  static std::optional<KeptGraph> of(const snapshot::File& snapshot);

  /// The node that queries::resolve would find, if a few pages tell so. Errors: those of GraphFile::find.
  Result<std::optional<graph::GraphFile::Standing>> find(std::string_view name) const;

  /// Nothing when it cannot be used; a note on stderr says why. REQUIRES: `snapshot` is what of() was given.
  std::optional<graph::AttackGraph> graph(const snapshot::Snapshot& snapshot) const;
  const std::vector<snapshot::Area>& coverage() const { return coverage_; }

 private:
  KeptGraph(graph::GraphFile file, std::vector<snapshot::Area> coverage)
      : file_(std::move(file)), coverage_(std::move(coverage)) {}

  graph::GraphFile file_;
  std::vector<snapshot::Area> coverage_;
};

}  // namespace tierline::viewer::cli
