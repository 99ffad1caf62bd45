#include "viewer/export/report_json.h"

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "core/knowledge/edge_kinds.h"
#include "core/knowledge/node_kinds.h"
#include "queries/attack_paths.h"
#include "queries/principals.h"
#include "viewer/export/graph_json.h"

namespace tierline::viewer {
namespace {

using graph::AttackGraph;
using graph::EdgeId;
using graph::NodeId;

/// Numbers the nodes and edges that the page needs, in order of first use.
template <class Id>
class Numbering {
 public:
  std::uint32_t operator()(Id id) {
    const auto [place, added] = numbers_.emplace(id, static_cast<std::uint32_t>(ids_.size()));
    if (added) ids_.push_back(id);
    return place->second;
  }
  const std::vector<Id>& ids() const { return ids_; }

 private:
  std::map<Id, std::uint32_t> numbers_;
  std::vector<Id> ids_;
};

std::string title_of(const AttackGraph& graph) {
  std::string title;
  for (const graph::Node& node : graph.nodes()) {
    if (node.kind != knowledge::NodeKind::Domain) continue;
    title += title.empty() ? "" : ", ";
    title += node.name;
  }
  return title.empty() ? "Directory" : title;
}

/// Up to `per_source` paths of each source, and who has more.
struct CutPaths {
  std::vector<queries::FoundPath> paths;
  std::vector<NodeId> sources_with_more;
  bool complete = true;  ///< false when others may have more too
};

CutPaths shortest_paths(const AttackGraph& graph, const std::vector<NodeId>& sources,
                        const std::vector<NodeId>& targets, std::size_t per_source) {
  queries::AttackPaths found = queries::find_paths(graph, sources, targets, per_source + 1, 0);
  CutPaths cut{.complete = found.complete};
  std::map<NodeId, std::size_t> taken;
  for (queries::FoundPath& path : found.paths) {
    if (++taken[path.from] > per_source) {
      cut.sources_with_more.push_back(path.from);
    } else {
      cut.paths.push_back(std::move(path));
    }
  }
  return cut;
}

}  // namespace

std::string report_json(const snapshot::Snapshot& snapshot, const AttackGraph& graph,
                        const snapshot::Meta& meta, const std::vector<NodeId>& targets,
                        std::string_view target_name, std::size_t paths_per_source) {
  const std::vector<NodeId> sources = queries::population(graph, targets);
  const CutPaths answer = shortest_paths(graph, sources, targets, paths_per_source);
  const queries::Exposure exposure = queries::find_exposure(graph, targets);

  // Every account and target can be searched for, whether or not it has a path.
  Numbering<NodeId> nodes;
  Numbering<EdgeId> edges;
  for (const NodeId node : sources) nodes(node);
  for (const NodeId node : targets) nodes(node);
  std::set<knowledge::EdgeKind> kinds;
  for (const queries::FoundPath& path : answer.paths) {
    for (const EdgeId e : path.edges) {
      edges(e);
      nodes(graph.edge(e).target);
      kinds.insert(graph.edge(e).kind);
    }
  }

  const EdgeWriter writer(snapshot, graph);
  JsonWriter json;
  begin_answer(json, "report");
  json.key("title").text(title_of(graph));
  json.key("target").text(target_name);
  write_provenance(json, meta.provenance);
  write_coverage(json, meta);
  json.key("summary").begin_object();
  json.key("objects").number(static_cast<std::uint64_t>(snapshot.object_count()));
  json.key("edges").number(static_cast<std::uint64_t>(graph.edge_count()));
  json.key("targets").number(static_cast<std::uint64_t>(targets.size()));
  json.key("population").number(exposure.population);
  json.key("exposed").number(exposure.exposed);
  json.end_object();
  json.key("by_hops").begin_object();
  for (const auto& [hops, count] : exposure.by_hops) json.key(std::to_string(hops)).number(count);
  json.end_object();
  json.key("edge_kinds").begin_object();
  for (const knowledge::EdgeKind kind : kinds) {
    const knowledge::EdgeKindInfo& info = knowledge::info_of(kind);
    json.key(info.name).begin_object();
    json.key("meaning").text(info.meaning);
    json.key("remedy").text(info.remedy);
    json.key("detection").text(info.detection);
    json.key("attack").text(info.attack);
    json.end_object();
  }
  json.end_object();
  json.key("nodes").begin_array();
  for (const NodeId node : nodes.ids()) write_node(json, graph, node);
  json.end_array();
  json.key("edges").begin_array();
  for (const EdgeId e : edges.ids()) {
    const graph::Edge& edge = graph.edge(e);
    json.begin_object();
    json.key("kind").text(knowledge::info_of(edge.kind).name);
    json.key("source").number(nodes(edge.source));
    json.key("target").number(nodes(edge.target));
    json.key("traversable").boolean(edge.traversable);
    writer.write_reasons(json, e);
    json.end_object();
  }
  json.end_array();
  json.key("targets").begin_array();
  for (const NodeId node : targets) json.number(nodes(node));
  json.end_array();
  json.key("paths").begin_array();
  for (const queries::FoundPath& path : answer.paths) {
    json.begin_object();
    json.key("hops").number(static_cast<std::uint64_t>(path.edges.size()));
    json.key("nodes").begin_array();
    json.number(nodes(path.from));
    for (const EdgeId e : path.edges) json.number(nodes(graph.edge(e).target));
    json.end_array();
    json.key("edges").begin_array();
    for (const EdgeId e : path.edges) json.number(edges(e));
    json.end_array().end_object();
  }
  json.end_array();
  json.key("sources_with_more").begin_array();
  for (const NodeId node : answer.sources_with_more) json.number(nodes(node));
  json.end_array();
  json.key("search_complete").boolean(answer.complete);
  json.end_object();
  return json.take();
}

}  // namespace tierline::viewer
