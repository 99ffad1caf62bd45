#include "core/knowledge/edge_kinds.h"
#include "core/knowledge/node_kinds.h"
#include "viewer/export/csv.h"
#include "viewer/export/formats.h"
#include "viewer/export/graph_json.h"

namespace tierline::viewer {
namespace {

std::string tier_of(const graph::Node& node) {
  return node.tier ? std::to_string(*node.tier) : std::string();
}

std::string_view enabled_of(const graph::Node& node) {
  if (!node.enabled) return "";
  return *node.enabled ? "true" : "false";
}

}  // namespace

std::vector<ExportedFile> csv_tables(const ExportInput& input) {
  std::string nodes = csv_line({"id", "name", "kind", "domain", "tier", "enabled"});
  for (const graph::Node& node : input.graph.nodes()) {
    nodes += csv_line(
        {node.id, node.name, knowledge::name_of(node.kind), node.domain, tier_of(node), enabled_of(node)});
  }
  std::string edges = csv_edge_heading();
  const EdgeWriter writer(input.snapshot, input.graph);
  for (graph::EdgeId e = 0; e < input.graph.edge_count(); ++e) edges += csv_edge(input.graph, writer, e);
  return {{"nodes.csv", std::move(nodes)}, {"edges.csv", std::move(edges)}};
}

std::vector<ExportedFile> neo4j_tables(const ExportInput& input) {
  const auto line = [](std::initializer_list<std::string_view> fields) {
    return csv_line(fields, CsvReader::Program);
  };
  std::string nodes = line({"id:ID", "name", "domain", "tier:int", "enabled:boolean", ":LABEL"});
  for (const graph::Node& node : input.graph.nodes()) {
    const std::string kind(knowledge::name_of(node.kind));
    nodes += line({node.id, node.name, node.domain, tier_of(node), enabled_of(node),
                   node.kind == knowledge::NodeKind::Base ? kind : "Base;" + kind});
  }
  std::string edges = line({":START_ID", ":END_ID", ":TYPE", "traversable:boolean", "evidence", "caveats"});
  const EdgeWriter writer(input.snapshot, input.graph);
  for (graph::EdgeId e = 0; e < input.graph.edge_count(); ++e) {
    const graph::Edge& edge = input.graph.edge(e);
    edges += line({input.graph.node(edge.source).id, input.graph.node(edge.target).id,
                   knowledge::info_of(edge.kind).name, edge.traversable ? "true" : "false",
                   writer.all_sentences(e), writer.all_caveats(e)});
  }
  return {{"nodes.csv", std::move(nodes)}, {"relationships.csv", std::move(edges)}};
}

std::string csv_edge_heading() {
  return csv_line(
      {"kind", "source_id", "source", "target_id", "target", "traversable", "evidence", "caveats"});
}

std::string csv_edge(const graph::AttackGraph& graph, const EdgeWriter& writer, graph::EdgeId e) {
  const graph::Edge& edge = graph.edge(e);
  const graph::Node& source = graph.node(edge.source);
  const graph::Node& target = graph.node(edge.target);
  return csv_line({knowledge::info_of(edge.kind).name, source.id, source.name, target.id, target.name,
                   edge.traversable ? "true" : "false", writer.all_sentences(e), writer.all_caveats(e)});
}

}  // namespace tierline::viewer
