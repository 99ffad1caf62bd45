#pragma once

// The graph for other programs. Every format is a function here and a row in viewer/cli/export.cc.

#include <string>
#include <string_view>
#include <vector>

#include "core/graph/attack_graph.h"
#include "core/snapshot/snapshot.h"
#include "viewer/export/graph_json.h"

namespace tierline::viewer {

/// What there is to hand over. The graph is derived from the snapshot; `targets` are what paths lead to.
struct ExportInput {
  const snapshot::Snapshot& snapshot;
  const graph::AttackGraph& graph;
  const snapshot::Meta& meta;
  const std::vector<graph::NodeId>& targets;
  std::string_view target_name;  ///< such as "Tier Zero"
};

/// One file of an export; a format of several files names each.
struct ExportedFile {
  std::string name;
  std::string content;
};

/// Every node and edge as GraphML 1.0 (graphml.graphdrawing.org), for Gephi, yEd and graph libraries.
std::string graphml(const ExportInput& input);

/// The shortest paths of everyone to the targets as a Graphviz digraph.
std::string dot(const ExportInput& input);

/// The ATT&CK techniques of the traversable edges as a layer for MITRE's Navigator (layer format 4.5), each with how
/// many edges it stands for as its score.
std::string navigator_layer(const ExportInput& input);

/// Every node and edge in BloodHound's OpenGraph format.
std::string opengraph(const ExportInput& input);

/// nodes.csv and edges.csv, RFC 4180, for spreadsheets and scripts.
std::vector<ExportedFile> csv_tables(const ExportInput& input);

/// The heading and one line of edges.csv, which is also what `edges --format csv` prints.
std::string csv_edge_heading();
std::string csv_edge(const graph::AttackGraph& graph, const EdgeWriter& writer, graph::EdgeId edge);

/// nodes.csv and relationships.csv for `neo4j-admin database import full`: nodes labelled Base and by their kind,
/// relationships typed by the kind of edge.
std::vector<ExportedFile> neo4j_tables(const ExportInput& input);

}  // namespace tierline::viewer
