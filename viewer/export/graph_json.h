#pragma once

// Nodes, edges and their evidence as the contract writes them (docs/contract.md), and as sentences.

#include <string>

#include "core/graph/attack_graph.h"
#include "core/snapshot/snapshot.h"
#include "queries/attack_paths.h"
#include "viewer/export/json.h"

namespace tierline::viewer {

/// {"id","name","kind","domain","tier","enabled"}
void write_node(JsonWriter& json, const graph::Node& node);
void write_node(JsonWriter& json, const graph::AttackGraph& graph, graph::NodeId node);

/// The same fields without the braces, for answers that add their own.
void write_node_fields(JsonWriter& json, const graph::Node& node);

/// Tells why edges exist: reads the facts behind evidence from the snapshot that the graph was derived from.
class EdgeWriter {
 public:
  EdgeWriter(const snapshot::Snapshot& snapshot, const graph::AttackGraph& graph)
      : snapshot_(snapshot), graph_(graph) {}

  /// {"kind","source","target","traversable","evidence","caveats"}; source and target are ids.
  void write(JsonWriter& json, graph::EdgeId edge) const;

  /// The same, with source and target as node objects: one line of ndjson is complete in itself.
  void write_with_nodes(JsonWriter& json, graph::EdgeId edge) const;

  /// "evidence" and "caveats" of an edge that somebody else has begun.
  void write_reasons(JsonWriter& json, graph::EdgeId edge) const;

  /// {"type","text",...} of one piece of evidence.
  void write_evidence(JsonWriter& json, const graph::Evidence& evidence) const;

  /// One sentence for a person.
  std::string sentence(const graph::Evidence& evidence) const;

  /// Everything that may keep the edge from being used, one sentence each.
  std::vector<std::string> caveats(graph::EdgeId edge) const;

  /// All evidence, and all caveats, in one text each, for formats without lists.
  std::string all_sentences(graph::EdgeId edge) const;
  std::string all_caveats(graph::EdgeId edge) const;

 private:
  const snapshot::Snapshot& snapshot_;
  const graph::AttackGraph& graph_;
};

/// {"hops","nodes","edges"}
void write_path(JsonWriter& json, const graph::AttackGraph& graph, const EdgeWriter& edges,
                graph::NodeId from, const queries::Path& path);

/// The same fields without the braces.
void write_path_fields(JsonWriter& json, const graph::AttackGraph& graph, const EdgeWriter& edges,
                       graph::NodeId from, const queries::Path& path);

/// A list of nodes under `key`.
void write_nodes(JsonWriter& json, std::string_view key, const graph::AttackGraph& graph,
                 const std::vector<graph::NodeId>& nodes);

/// "population", "exposed", "by_hops" and "principals".
void write_exposure(JsonWriter& json, const graph::AttackGraph& graph, const queries::Exposure& exposure);

}  // namespace tierline::viewer
