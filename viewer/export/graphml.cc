#include "core/base/text.h"
#include "core/knowledge/edge_kinds.h"
#include "core/knowledge/node_kinds.h"
#include "viewer/export/formats.h"
#include "viewer/export/graph_json.h"

namespace tierline::viewer {
namespace {

// Control characters are no XML at all, which visible() has turned into escapes already; nor are the two last code
// points of the first plane.
std::string escaped(std::string_view name) {
  std::string text = visible(name);
  for (const std::string_view no_character : {"\xEF\xBF\xBE", "\xEF\xBF\xBF"}) {
    for (std::size_t at = text.find(no_character); at != std::string::npos; at = text.find(no_character)) {
      text.replace(at, no_character.size(), "?");
    }
  }
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string data(std::string_view key, std::string_view value) {
  return "<data key=\"" + std::string(key) + "\">" + escaped(value) + "</data>";
}

constexpr std::string_view kHead =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n"
    "<key id=\"name\" for=\"node\" attr.name=\"name\" attr.type=\"string\"/>\n"
    "<key id=\"nodekind\" for=\"node\" attr.name=\"kind\" attr.type=\"string\"/>\n"
    "<key id=\"domain\" for=\"node\" attr.name=\"domain\" attr.type=\"string\"/>\n"
    "<key id=\"tier\" for=\"node\" attr.name=\"tier\" attr.type=\"int\"/>\n"
    "<key id=\"enabled\" for=\"node\" attr.name=\"enabled\" attr.type=\"boolean\"/>\n"
    "<key id=\"kind\" for=\"edge\" attr.name=\"kind\" attr.type=\"string\"/>\n"
    "<key id=\"traversable\" for=\"edge\" attr.name=\"traversable\" attr.type=\"boolean\"/>\n"
    "<key id=\"evidence\" for=\"edge\" attr.name=\"evidence\" attr.type=\"string\"/>\n"
    "<key id=\"caveats\" for=\"edge\" attr.name=\"caveats\" attr.type=\"string\"/>\n"
    "<graph id=\"directory\" edgedefault=\"directed\">\n";

}  // namespace

std::string graphml(const ExportInput& input) {
  std::string out(kHead);
  for (const graph::Node& node : input.graph.nodes()) {
    out += "<node id=\"" + escaped(node.id) + "\">" + data("name", node.name) +
           data("nodekind", knowledge::name_of(node.kind)) + data("domain", node.domain);
    if (node.tier) out += data("tier", std::to_string(*node.tier));
    if (node.enabled) out += data("enabled", *node.enabled ? "true" : "false");
    out += "</node>\n";
  }
  const EdgeWriter writer(input.snapshot, input.graph);
  for (graph::EdgeId e = 0; e < input.graph.edge_count(); ++e) {
    const graph::Edge& edge = input.graph.edge(e);
    out += "<edge source=\"" + escaped(input.graph.node(edge.source).id) + "\" target=\"" +
           escaped(input.graph.node(edge.target).id) + "\">" +
           data("kind", knowledge::info_of(edge.kind).name) +
           data("traversable", edge.traversable ? "true" : "false") +
           data("evidence", writer.all_sentences(e)) + data("caveats", writer.all_caveats(e)) + "</edge>\n";
  }
  return out + "</graph>\n</graphml>\n";
}

}  // namespace tierline::viewer
