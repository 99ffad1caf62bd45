#include <map>
#include <set>

#include "core/knowledge/edge_kinds.h"
#include "viewer/export/formats.h"
#include "viewer/export/json.h"

namespace tierline::viewer {
namespace {

struct Technique {
  std::uint64_t edges = 0;
  std::set<std::string_view> kinds;
};

}  // namespace

std::string navigator_layer(const ExportInput& input) {
  std::map<std::string_view, Technique> techniques;
  for (const graph::Edge& edge : input.graph.edges()) {
    if (!edge.traversable) continue;
    const knowledge::EdgeKindInfo& info = knowledge::info_of(edge.kind);
    for (std::string_view rest = info.attack; !rest.empty();) {
      const std::string_view id = rest.substr(0, rest.find(' '));
      rest.remove_prefix(std::min(rest.size(), id.size() + 1));
      ++techniques[id].edges;
      techniques[id].kinds.insert(info.name);
    }
  }
  std::uint64_t most = 0;
  for (const auto& [id, technique] : techniques) most = std::max(most, technique.edges);

  JsonWriter json;
  json.begin_object();
  json.key("name").text("Attack paths");
  json.key("versions").begin_object();
  json.key("attack").text("15");
  json.key("navigator").text("5.0.0");
  json.key("layer").text("4.5");
  json.end_object();
  json.key("domain").text("enterprise-attack");
  json.key("description")
      .text("Techniques of the edges that lead on; the score is how many edges each stands for.");
  json.key("sorting").number(std::uint32_t{3});  // highest score first
  json.key("gradient").begin_object();
  json.key("colors").begin_array().text("#ffe9d6").text("#c0271d").end_array();
  json.key("minValue").number(std::uint32_t{0});
  json.key("maxValue").number(most);
  json.end_object();
  json.key("techniques").begin_array();
  for (const auto& [id, technique] : techniques) {
    std::string kinds;
    for (const std::string_view kind : technique.kinds)
      kinds += (kinds.empty() ? "" : ", ") + std::string(kind);
    json.begin_object();
    json.key("techniqueID").text(id);
    json.key("score").number(technique.edges);
    json.key("comment").text(kinds);
    json.key("enabled").boolean(true);
    json.end_object();
  }
  json.end_array().end_object();
  return json.take() + "\n";
}

}  // namespace tierline::viewer
