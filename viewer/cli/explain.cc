// explain SNAP FROM TO: why each edge between two principals exists, and why entries that look like one make none.

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/text.h"
#include "core/derive/effective_rights.h"
#include "core/facts/facts.h"
#include "core/knowledge/access_rights.h"
#include "core/knowledge/ace_rules.h"
#include "core/knowledge/edge_kinds.h"
#include "queries/attack_paths.h"
#include "queries/principals.h"
#include "viewer/cli/commands.h"
#include "viewer/cli/loaded_graph.h"
#include "viewer/export/fact_text.h"
#include "viewer/export/graph_json.h"
#include "viewer/export/look_alikes.h"

namespace tierline::viewer::cli {
namespace {

using derive::LookAlike;
using derive::SeemingRight;
using facts::FactId;
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

/// The text with names for the words SOURCE and TARGET.
std::string with_ends(std::string_view text, std::string_view source, std::string_view target) {
  std::string filled;
  const auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  while (!text.empty()) {
    const std::size_t length =
        static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_word) - text.begin());
    const std::string_view word = text.substr(0, std::max<std::size_t>(length, 1));
    filled += word == "SOURCE" ? source : word == "TARGET" ? target : word;
    text.remove_prefix(word.size());
  }
  return filled;
}

/// Writes edges with what they rest on, and what would take that away.
class Explanation {
 public:
  explicit Explanation(const LoadedGraph& loaded)
      : loaded_(loaded),
        edges_(loaded.snapshot, loaded.graph),
        facts_(loaded.snapshot, loaded.graph),
        fact_writer_(facts_, loaded.graph) {}

  void print_text(EdgeId e);
  void write(JsonWriter& json, EdgeId e);

 private:
  std::vector<FactId> facts_behind(EdgeId e);
  bool is_stamped(const graph::Edge& edge, FactId fact) const;
  std::string remedy(const graph::Edge& edge, const std::vector<FactId>& facts) const;

  const LoadedGraph& loaded_;
  EdgeWriter edges_;
  facts::Facts facts_;
  FactWriter fact_writer_;
};

// Each once, in order of the evidence.
std::vector<FactId> Explanation::facts_behind(EdgeId e) {
  std::vector<FactId> found;
  for (const graph::Evidence& evidence : loaded_.graph.evidence(e)) {
    const FactId fact = facts_.of(evidence, loaded_.graph.edge(e).kind);
    if (fact != facts::kNoFact && std::find(found.begin(), found.end(), fact) == found.end())
      found.push_back(fact);
  }
  return found;
}

// Whether AdminSDHolder, where the fact is written, puts it on the edge's target time and again.
bool Explanation::is_stamped(const graph::Edge& edge, FactId fact) const {
  const auto& edges = loaded_.graph.in_edges(edge.target);
  return std::any_of(edges.begin(), edges.end(), [&](EdgeId e) {
    const graph::Edge other = loaded_.graph.edge(e);
    return other.kind == knowledge::EdgeKind::ProtectAdminGroups &&
           loaded_.graph.node(other.source).object == facts_.object(fact);
  });
}

// The catalogue's advice with the names of the ends. An entry is removed where it is written.
std::string Explanation::remedy(const graph::Edge& edge, const std::vector<FactId>& facts) const {
  std::string source = visible(loaded_.graph.node(edge.source).name);
  std::string target = label(loaded_.snapshot, loaded_.graph.node(edge.target));
  if (facts.size() == 1 && facts_[facts.front()].kind == facts::Fact::Kind::Entry)
    target = visible(loaded_.snapshot.object(facts_.object(facts.front())).dn());
  return with_ends(knowledge::info_of(edge.kind).remedy, source, target);
}

void Explanation::print_text(EdgeId e) {
  const graph::Edge& edge = loaded_.graph.edge(e);
  const knowledge::EdgeKindInfo& info = knowledge::info_of(edge.kind);
  print(fmt::format("{} -[{}]-> {}{}\n", visible(loaded_.graph.node(edge.source).name), info.name,
                    visible(loaded_.graph.node(edge.target).name),
                    edge.traversable ? "" : "  (gives no control by itself)"));
  print(fmt::format("  what:    {}\n", info.meaning));
  for (const graph::Evidence& evidence : loaded_.graph.evidence(e)) {
    print(fmt::format("  because: {}\n", visible(edges_.sentence(evidence))));
  }
  for (const std::string& caveat : edges_.caveats(e)) print(fmt::format("  but:     {}\n", visible(caveat)));
  const std::vector<FactId> facts = facts_behind(e);
  for (const FactId fact : facts) {
    print(fmt::format("  remove:  {}\n           {}\n", fact_writer_.line(fact), fact_writer_.command(fact)));
    if (is_stamped(edge, fact)) {
      print(fmt::format("           Taken away from {} alone, it comes back within the hour.\n",
                        label(loaded_.snapshot, loaded_.graph.node(edge.target))));
    }
  }
  if (facts.size() > 1) print("           `whatif` tells which of these are enough.\n");
  print(fmt::format("  {}  {}\n  seen as: {}\n  ATT&CK:  {}\n  source:  {}\n\n",
                    facts.empty() ? "remove:" : "advice:", remedy(edge, facts), info.detection, info.attack,
                    info.source));
}

void Explanation::write(JsonWriter& json, EdgeId e) {
  const graph::Edge& edge = loaded_.graph.edge(e);
  const knowledge::EdgeKindInfo& info = knowledge::info_of(edge.kind);
  json.begin_object();
  json.key("kind").text(info.name);
  json.key("source").text(loaded_.graph.node(edge.source).id);
  json.key("target").text(loaded_.graph.node(edge.target).id);
  json.key("traversable").boolean(edge.traversable);
  edges_.write_reasons(json, e);
  json.key("meaning").text(info.meaning);
  json.key("derived").text(info.derived);
  json.key("remedy").text(info.remedy);
  json.key("facts").begin_array();
  for (const FactId fact : facts_behind(e)) fact_writer_.write(json, fact);
  json.end_array();
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
  Explanation explanation(*loaded);

  if (options.format == "json") {
    JsonWriter json;
    begin_answer(json, "explain");
    write_coverage(json, loaded->meta);
    json.key("from");
    write_node(json, loaded->graph, *from);
    json.key("to");
    write_node(json, loaded->graph, *to);
    json.key("edges").begin_array();
    for (const EdgeId e : edges) explanation.write(json, e);
    json.end_array();
    json.key("path").begin_array();
    if (!way.paths.empty()) {
      for (const EdgeId e : way.paths.front().edges) explanation.write(json, e);
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
    for (const EdgeId e : edges) explanation.print_text(e);
    if (edges.empty() && !way.paths.empty()) {
      print("No single edge joins the two; the shortest path is:\n\n");
      for (const EdgeId e : way.paths.front().edges) explanation.print_text(e);
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
