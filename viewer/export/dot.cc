#include <set>

#include "core/base/text.h"
#include "core/knowledge/edge_kinds.h"
#include "core/knowledge/node_kinds.h"
#include "queries/attack_paths.h"
#include "queries/principals.h"
#include "viewer/export/formats.h"

namespace tierline::viewer {
namespace {

// A quoted identifier of the DOT language: only the quotation mark ends it, and a backslash begins an escape.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : visible(text)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace

std::string dot(const ExportInput& input) {
  const std::vector<graph::NodeId> sources = queries::population(input.graph, input.targets);
  const queries::AttackPaths answer = queries::find_paths(input.graph, sources, input.targets, 1, 0);
  std::set<graph::NodeId> nodes;
  std::set<graph::EdgeId> edges;
  for (const queries::FoundPath& path : answer.paths) {
    nodes.insert(path.from);
    for (const graph::EdgeId e : path.edges) {
      edges.insert(e);
      nodes.insert(input.graph.edge(e).target);
    }
  }
  std::string out = "digraph " + quoted("paths to " + std::string(input.target_name)) +
                    " {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n";
  for (const graph::NodeId n : nodes) {
    const graph::Node& node = input.graph.node(n);
    out += "  " + quoted(node.id) + " [label=" + quoted(node.name) +
           ", tooltip=" + quoted(knowledge::name_of(node.kind)) + (node.tier == 0 ? ", color=red" : "") +
           "];\n";
  }
  for (const graph::EdgeId e : edges) {
    const graph::Edge& edge = input.graph.edge(e);
    out += "  " + quoted(input.graph.node(edge.source).id) + " -> " +
           quoted(input.graph.node(edge.target).id) +
           " [label=" + quoted(knowledge::info_of(edge.kind).name) + "];\n";
  }
  return out + "}\n";
}

}  // namespace tierline::viewer
