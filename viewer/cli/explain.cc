// explain SNAP FROM TO: why each edge between two principals exists, and why entries that look like one make none.

#include <fmt/format.h>

#include <algorithm>

#include "core/base/text.h"
#include "core/derive/effective_rights.h"
#include "core/knowledge/access_rights.h"
#include "core/knowledge/ace_rules.h"
#include "core/knowledge/edge_kinds.h"
#include "queries/attack_paths.h"
#include "queries/principals.h"
#include "viewer/cli/commands.h"
#include "viewer/cli/loaded_graph.h"
#include "viewer/export/graph_json.h"
#include "viewer/export/look_alikes.h"

namespace tierline::viewer::cli {
namespace {

using derive::LookAlike;
using derive::SeemingRight;
using graph::EdgeId;
using graph::NodeId;

struct Options {
  std::string path;
  std::string from;
  std::string to;
  std::string format;
};

Result<NodeId> one_node(const LoadedGraph& loaded, const std::string& text) {
  const auto nodes = queries::resolve(loaded.snapshot, loaded.graph, text);
  if (!nodes) return nodes.error();
  if (nodes->size() != 1)
    return Error{ErrorCode::Usage, "'" + visible(text) + "' is a set; name one principal"};
  return nodes->front();
}

std::vector<EdgeId> edges_between(const graph::AttackGraph& graph, NodeId from, NodeId to) {
  std::vector<EdgeId> edges;
  for (EdgeId e = graph.first_out_edge(from); e < graph.first_out_edge(from + 1); ++e) {
    if (graph.edge(e).target == to) edges.push_back(e);
  }
  return edges;
}

/// Entries of a DACL that seem to make an edge, and the list they stand in.
struct Seeming {
  StoredDacl dacl;
  std::vector<LookAlike> entries;
};

bool is_secret(std::string_view attribute) {
  const auto rules = knowledge::ace_rules();
  return std::any_of(rules.begin(), rules.end(), [&](const knowledge::AceRule& rule) {
    return rule.right == knowledge::RightKind::ReadConfidential && rule.attribute == attribute;
  });
}

// Whether an edge could have come of it. Reading makes one only of the secrets that rules name.
bool suggests_an_edge(const LookAlike& look_alike) {
  namespace access = knowledge::access;
  constexpr std::uint32_t kReading =
      access::kReadControl | access::kReadProperty | access::kListContents | access::kListObject;
  const bool reading = look_alike.reason == derive::WhyNot::Confidential;
  return std::any_of(look_alike.rights.begin(), look_alike.rights.end(), [&](const SeemingRight& right) {
    return reading ? is_secret(right.object_type_name) : (right.bit & kReading) == 0;
  });
}

// An entry for a part of the object that makes an edge of just that part misleads nobody.
bool makes_its_edge(const graph::AttackGraph& graph, NodeId to, const LookAlike& look_alike) {
  if (look_alike.reason != derive::WhyNot::PartOfObject) return false;
  const graph::Evidence entry{
      .kind = graph::Evidence::Kind::Ace, .object = graph.node(to).object, .item = look_alike.place};
  const auto& edges = graph.in_edges(to);
  return std::any_of(edges.begin(), edges.end(), [&](EdgeId e) {
    const auto& evidence = graph.evidence(e);
    return std::find(evidence.begin(), evidence.end(), entry) != evidence.end();
  });
}

// Errors: Incomplete when there is nothing to compare, BadData when the descriptor is malformed.
Result<Seeming> look_alikes(const LoadedGraph& loaded, NodeId from, NodeId to) {
  const graph::Node& principal = loaded.graph.node(from);
  const graph::Node& object = loaded.graph.node(to);
  const bool nameless = principal.object == snapshot::kNoObject && principal.sid.count() == 0;
  if (nameless || object.object == snapshot::kNoObject)
    return Error{ErrorCode::Incomplete, "is no object of this snapshot",
                 std::string((nameless ? principal : object).name)};
  Result<std::vector<LookAlike>> entries =
      derive::EffectiveRights(loaded.snapshot).look_alikes(principal, object.object);
  if (!entries) return std::move(entries).error();
  Result<StoredDacl> dacl = StoredDacl::read(loaded.snapshot, object.object);
  if (!dacl) return std::move(dacl).error();
  std::erase_if(*entries, [&](const LookAlike& entry) {
    return !derive::names_principal(entry.reason) || !suggests_an_edge(entry) ||
           makes_its_edge(loaded.graph, to, entry);
  });
  return Seeming{*std::move(dacl), *std::move(entries)};
}

void print_edge_text(const LoadedGraph& loaded, const EdgeWriter& writer, EdgeId e) {
  const graph::Edge& edge = loaded.graph.edge(e);
  const knowledge::EdgeKindInfo& info = knowledge::info_of(edge.kind);
  print(fmt::format("{} -[{}]-> {}{}\n", visible(loaded.graph.node(edge.source).name), info.name,
                    visible(loaded.graph.node(edge.target).name),
                    edge.traversable ? "" : "  (gives no control by itself)"));
  print(fmt::format("  what:    {}\n", info.meaning));
  for (const graph::Evidence& evidence : loaded.graph.evidence(e)) {
    print(fmt::format("  because: {}\n", visible(writer.sentence(evidence))));
  }
  for (const std::string& caveat : writer.caveats(e)) print(fmt::format("  but:     {}\n", visible(caveat)));
  print(fmt::format("  remove:  {}\n  seen as: {}\n  ATT&CK:  {}\n  source:  {}\n\n", info.remedy,
                    info.detection, info.attack, info.source));
}

void write_explained(JsonWriter& json, const LoadedGraph& loaded, const EdgeWriter& writer, EdgeId e) {
  const graph::Edge& edge = loaded.graph.edge(e);
  const knowledge::EdgeKindInfo& info = knowledge::info_of(edge.kind);
  json.begin_object();
  json.key("kind").text(info.name);
  json.key("source").text(loaded.graph.node(edge.source).id);
  json.key("target").text(loaded.graph.node(edge.target).id);
  json.key("traversable").boolean(edge.traversable);
  writer.write_reasons(json, e);
  json.key("meaning").text(info.meaning);
  json.key("derived").text(info.derived);
  json.key("remedy").text(info.remedy);
  json.key("detection").text(info.detection);
  json.key("attack").text(info.attack);
  json.key("specification").text(info.source);
  json.end_object();
}

Result<int> run(const Options& options) {
  Result<LoadedGraph> loaded = LoadedGraph::open(options.path);
  if (!loaded) return std::move(loaded).error();
  const Result<NodeId> from = one_node(*loaded, options.from);
  if (!from) return from.error();
  const Result<NodeId> to = one_node(*loaded, options.to);
  if (!to) return to.error();
  const std::vector<EdgeId> edges = edges_between(loaded->graph, *from, *to);
  const queries::AttackPaths way = queries::find_paths(loaded->graph, {*from}, {*to}, 1, 1);
  const Result<Seeming> seeming = look_alikes(*loaded, *from, *to);
  const EdgeWriter writer(loaded->snapshot, loaded->graph);

  if (options.format == "json") {
    JsonWriter json;
    begin_answer(json, "explain");
    write_coverage(json, loaded->meta);
    json.key("from");
    write_node(json, loaded->graph, *from);
    json.key("to");
    write_node(json, loaded->graph, *to);
    json.key("edges").begin_array();
    for (const EdgeId e : edges) write_explained(json, *loaded, writer, e);
    json.end_array();
    json.key("path").begin_array();
    if (!way.paths.empty()) {
      for (const EdgeId e : way.paths.front().edges) write_explained(json, *loaded, writer, e);
    }
    json.end_array();
    json.key("look_alikes");
    if (seeming) {
      json.begin_array();
      for (const LookAlike& entry : seeming->entries) write_look_alike(json, seeming->dacl, entry);
      json.end_array();
    } else {
      json.null();
    }
    json.end_object();
    print(json.take() + "\n");
  } else {
    for (const EdgeId e : edges) print_edge_text(*loaded, writer, e);
    if (edges.empty() && !way.paths.empty()) {
      print("No single edge joins the two; the shortest path is:\n\n");
      for (const EdgeId e : way.paths.front().edges) print_edge_text(*loaded, writer, e);
    }
    if (edges.empty() && way.paths.empty()) print("No edge and no path joins the two in what was read.\n");
    if (!seeming) {
      print("Entries that look like an edge: unknown, " + visible(seeming.error().describe()) + "\n");
    } else if (!seeming->entries.empty()) {
      print("Entries that look like an edge and make none:\n");
      for (const LookAlike& entry : seeming->entries) print(look_alike_text(seeming->dacl, entry));
    }
    print(coverage_text(loaded->meta));
  }
  return exit_for(loaded->meta);
}

}  // namespace

Action declare_explain(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("SNAP", options->path, "the snapshot")->required();
  app.add_option("FROM", options->from, "the principal that can act")->required();
  app.add_option("TO", options->to, "the thing acted upon")->required();
  add_format(app, options->format, {"text", "json"});
  return [options] { return run(*options); };
}

}  // namespace tierline::viewer::cli
