#pragma once

// The graph that `derive` keeps beside a snapshot, as SNAP.graph.

#include <optional>
#include <string>
#include <vector>

#include "core/graph/graph_file.h"
#include "core/snapshot/meta.h"

namespace tierline::viewer::cli {

class KeptGraph {
 public:
  static std::string path_of(const std::string& snapshot) { return snapshot + ".graph"; }

  /// With what derivation said of its coverage, and the distances to Tier Zero, unless that is empty. Errors: those of
  /// GraphFile::write.
  static Status keep(const std::string& snapshot, const std::string& identity,
                     const graph::AttackGraph& graph, const std::vector<snapshot::Area>& coverage,
                     const std::vector<graph::NodeId>& tier_zero);

  /// Nothing when there is none; a note on stderr says why one is not used.
  static std::optional<KeptGraph> of(const std::string& snapshot, const std::string& identity);

  /// Errors: those of GraphFile::graph.
  Result<graph::AttackGraph> graph() const { return file_.graph(); }
  const graph::GraphFile& file() const { return file_; }
  const std::vector<snapshot::Area>& coverage() const { return coverage_; }

 private:
  explicit KeptGraph(graph::GraphFile file);

  graph::GraphFile file_;
  std::vector<snapshot::Area> coverage_;
};

}  // namespace tierline::viewer::cli
