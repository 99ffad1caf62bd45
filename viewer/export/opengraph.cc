#include "core/knowledge/edge_kinds.h"
#include "core/knowledge/node_kinds.h"
#include "viewer/export/formats.h"
#include "viewer/export/graph_json.h"
#include "viewer/export/json.h"

namespace tierline::viewer {

// Nodes have their kind and "Base", which every node of BloodHound has; a property is a text, number or boolean.
std::string opengraph(const ExportInput& input) {
  JsonWriter json;
  json.begin_object().key("graph").begin_object();
  json.key("nodes").begin_array();
  for (const graph::Node& node : input.graph.nodes()) {
    json.begin_object().key("id").text(node.id);
    json.key("kinds").begin_array();
    if (node.kind != knowledge::NodeKind::Base) json.text(knowledge::name_of(node.kind));
    json.text("Base").end_array();
    json.key("properties").begin_object();
    json.key("name").text(node.name);
    if (!node.domain.empty()) json.key("domain").text(node.domain);
    if (node.object != snapshot::kNoObject) {
      json.key("distinguishedname").text(input.snapshot.object(node.object).dn());
    }
    if (node.kind == knowledge::NodeKind::Domain) {
      json.key("collected").boolean(node.object != snapshot::kNoObject);
    }
    if (node.enabled) json.key("enabled").boolean(*node.enabled);
    if (node.tier) json.key("tier").number(std::int64_t{*node.tier});
    json.end_object().end_object();
  }
  json.end_array();
  const EdgeWriter writer(input.snapshot, input.graph);
  const auto end = [&](const char* name, graph::NodeId node) {
    json.key(name).begin_object().key("match_by").text("id");
    json.key("value").text(input.graph.node(node).id).end_object();
  };
  json.key("edges").begin_array();
  for (graph::EdgeId e = 0; e < input.graph.edge_count(); ++e) {
    const graph::Edge& edge = input.graph.edge(e);
    json.begin_object();
    end("start", edge.source);
    end("end", edge.target);
    json.key("kind").text(knowledge::info_of(edge.kind).name);
    json.key("properties").begin_object();
    json.key("traversable").boolean(edge.traversable);
    json.key("evidence").text(writer.all_sentences(e));
    json.key("caveats").text(writer.all_caveats(e));
    json.end_object().end_object();
  }
  json.end_array().end_object().end_object();
  return json.take() + "\n";
}

}  // namespace tierline::viewer
