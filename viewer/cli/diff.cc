// diff OLD NEW: drift, in facts and in consequences.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/base/text.h"
#include "core/knowledge/collected_relations.h"
#include "core/knowledge/edge_kinds.h"
#include "queries/diff.h"
#include "viewer/cli/commands.h"
#include "viewer/cli/loaded_graph.h"
#include "viewer/export/graph_json.h"

namespace tierline::viewer::cli {
namespace {

using queries::Change;
using queries::Drift;

struct Options {
  std::string before;
  std::string after;
  bool exit_code = false;
  std::string format;
};

std::string_view name_of(Change::Op op) {
  switch (op) {
    case Change::Op::Added:
      return "added";
    case Change::Op::Removed:
      return "removed";
    case Change::Op::Changed:
      return "changed";
  }
  return {};
}

std::string_view name_of(Change::What what) {
  switch (what) {
    case Change::What::Ace:
      return "ace";
    case Change::What::Owner:
      return "owner";
    case Change::What::Membership:
      return "membership";
    case Change::What::Object:
      return "object";
    case Change::What::Attribute:
      return "attribute";
    case Change::What::Setting:
      return "setting";
  }
  return {};
}

/// The two sides and how to write things of either.
struct Sides {
  const LoadedGraph& before;
  const LoadedGraph& after;

  const graph::AttackGraph& graph(bool in_new) const { return in_new ? after.graph : before.graph; }
  const LoadedGraph& side(bool in_new) const { return in_new ? after : before; }
  std::string label_of(const queries::NodeRef& ref) const {
    return label(side(ref.in_new).snapshot, graph(ref.in_new).node(ref.node));
  }
};

void write_edges(JsonWriter& json, std::string_view key, const LoadedGraph& side,
                 const std::vector<graph::EdgeId>& edges) {
  const EdgeWriter writer(side.snapshot, side.graph);
  json.key(key).begin_array();
  for (const graph::EdgeId e : edges) writer.write(json, e);
  json.end_array();
}

void write_paths(JsonWriter& json, std::string_view key, const LoadedGraph& side,
                 const std::vector<queries::FoundPath>& paths) {
  const EdgeWriter writer(side.snapshot, side.graph);
  json.key(key).begin_array();
  for (const queries::FoundPath& path : paths) write_path(json, side.graph, writer, path.from, path.edges);
  json.end_array();
}

void write_change(JsonWriter& json, const Sides& sides, const Change& change) {
  json.begin_object();
  json.key("op").text(name_of(change.op));
  json.key("what").text(name_of(change.what));
  json.key("object");
  write_node(json, sides.graph(change.object.in_new), change.object.node);
  if (change.trustee) {
    json.key("trustee");
    write_node(json, sides.graph(change.trustee->in_new), change.trustee->node);
  }
  if (!change.attribute.empty()) json.key("attribute").text(change.attribute);
  if (!change.before.empty()) json.key("before").text(change.before);
  if (!change.after.empty()) json.key("after").text(change.after);
  write_edges(json, "edges_opened", sides.after, change.edges_opened);
  write_edges(json, "edges_closed", sides.before, change.edges_closed);
  json.end_object();
}

void write_count(JsonWriter& json, const std::optional<std::uint64_t>& count) {
  count ? json.number(*count) : json.null();
}

/// Empty when it is known.
std::string why_exposure_is_unknown(const Sides& sides, const Drift& drift) {
  if (drift.is_exposure_known()) return {};
  if (!drift.comparable) return drift.incomparable_because;
  std::string why;
  for (const bool in_new : {false, true}) {
    const auto targets = sides.side(in_new).targets({});
    if (targets) continue;
    why += fmt::format("{}the {} snapshot {}", why.empty() ? "" : "; ", in_new ? "new" : "old",
                       targets.error().message);
  }
  return why;
}

void print_json(const Sides& sides, const Drift& drift) {
  JsonWriter json;
  begin_answer(json, "diff");
  write_coverage(json, sides.after.meta);
  json.key("comparable").boolean(drift.comparable);
  if (!drift.comparable) json.key("reason").text(drift.incomparable_because);
  json.key("changes").begin_array();
  for (const Change& change : drift.changes) write_change(json, sides, change);
  json.end_array();
  write_edges(json, "edges_opened", sides.after, drift.edges_opened);
  write_edges(json, "edges_closed", sides.before, drift.edges_closed);
  write_paths(json, "paths_opened", sides.after, drift.paths_opened);
  write_paths(json, "paths_closed", sides.before, drift.paths_closed);
  json.key("exposure").begin_object();
  write_count(json.key("before"), drift.exposed_before);
  write_count(json.key("after"), drift.exposed_after);
  const std::string unknown = why_exposure_is_unknown(sides, drift);
  json.key("unknown");
  unknown.empty() ? json.null() : json.text(unknown);
  write_nodes(json, "newly_exposed", sides.after.graph, drift.newly_exposed);
  write_nodes(json, "no_longer_exposed", sides.before.graph, drift.no_longer_exposed);
  json.end_object().end_object();
  print(json.take() + "\n");
}

void print_edge_lines(const graph::AttackGraph& graph, std::string_view verb,
                      const std::vector<graph::EdgeId>& edges) {
  for (const graph::EdgeId e : edges) {
    const graph::Edge& edge = graph.edge(e);
    print(fmt::format("    {} {} -[{}]-> {}\n", verb, visible(graph.node(edge.source).name),
                      knowledge::info_of(edge.kind).name, visible(graph.node(edge.target).name)));
  }
}

void print_path_lines(const graph::AttackGraph& graph, std::string_view verb,
                      const std::vector<queries::FoundPath>& paths) {
  for (const queries::FoundPath& path : paths) {
    std::string line = visible(graph.node(path.from).name);
    for (const graph::EdgeId e : path.edges) {
      line += fmt::format(" -[{}]-> {}", knowledge::info_of(graph.edge(e).kind).name,
                          visible(graph.node(graph.edge(e).target).name));
    }
    print(fmt::format("{} path: {}\n", verb, line));
  }
}

/// What a collector of BloodHound's stated, for people: JSON has it as it is kept.
class CollectedText {
 public:
  explicit CollectedText(const Sides& sides) : sides_(sides) {}

  static bool is_collected(std::string_view attribute) { return attribute.starts_with(kPrefix); }

  /// "ChildObjects, as collected"
  static std::string attribute(std::string_view attribute) {
    attribute.remove_prefix(attribute.starts_with(knowledge::collected::kProperty)
                                ? knowledge::collected::kProperty.size()
                                : kPrefix.size());
    return visible(attribute) + ", as collected";
  }

  /// A line for each value that only one side has, with names for identifiers.
  std::string values(const Change& change) {
    const std::vector<std::string_view> before = split(change.before, "; ");
    const std::vector<std::string_view> after = split(change.after, "; ");
    const bool is_entry = change.attribute == knowledge::collected::kAces;
    return lines("gone: ", before, after, is_entry, false) + lines("new:  ", after, before, is_entry, true);
  }

 private:
  static constexpr std::string_view kPrefix = "SharpHound.";
  static constexpr std::size_t kEntryParts = 4;  ///< what comes after is the collector's own hash

  static std::vector<std::string_view> split(std::string_view text, std::string_view separator) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
      const std::size_t end = std::min(text.find(separator), text.size());
      parts.push_back(text.substr(0, end));
      text.remove_prefix(std::min(end + separator.size(), text.size()));
    }
    return parts;
  }

  std::string lines(std::string_view verb, const std::vector<std::string_view>& of,
                    const std::vector<std::string_view>& others, bool is_entry, bool in_new) {
    const std::unordered_set<std::string_view> kept(others.begin(), others.end());
    std::string text;
    for (const std::string_view value : of) {
      if (kept.contains(value)) continue;
      std::vector<std::string_view> parts = split(value, "\t");
      if (is_entry) parts.resize(std::min(parts.size(), kEntryParts));
      std::string named;
      for (const std::string_view part : parts) named += (named.empty() ? "" : " ") + name_of(part, in_new);
      text += fmt::format("\n    {}{}", verb, named);
    }
    return text;
  }

  std::string name_of(std::string_view part, bool in_new) {
    const graph::NodeTable& nodes = sides_.graph(in_new).nodes();
    std::unordered_map<std::string_view, graph::NodeId>& by_id = by_id_[in_new ? 1 : 0];
    if (by_id.empty()) {
      for (graph::NodeId node = 0; node < nodes.size(); ++node) by_id.emplace(nodes.id(node), node);
    }
    const auto found = by_id.find(part);
    return visible(found == by_id.end() ? part : nodes.name(found->second));
  }

  const Sides& sides_;
  std::array<std::unordered_map<std::string_view, graph::NodeId>, 2> by_id_;  ///< of the old and the new
};

void print_text(const Sides& sides, const Drift& drift) {
  if (!drift.comparable) {
    print(fmt::format("not comparable: {}\n", drift.incomparable_because));
    return;
  }
  // What matters first: a mail or a journal is read from the top.
  const std::string exposure =
      drift.is_exposure_known()
          ? fmt::format("{} accounts can reach Tier Zero, {} before.", *drift.exposed_after,
                        *drift.exposed_before)
          : fmt::format("ways to Tier Zero unknown: {}.", why_exposure_is_unknown(sides, drift));
  print(fmt::format("{} changes; {} edges opened, {} closed; {}\n", drift.changes.size(),
                    drift.edges_opened.size(), drift.edges_closed.size(), exposure));
  print_path_lines(sides.after.graph, "opened", drift.paths_opened);
  print_path_lines(sides.before.graph, "closed", drift.paths_closed);
  CollectedText collected(sides);
  for (const Change& change : drift.changes) {
    std::string line =
        fmt::format("{} {} {}", name_of(change.op), name_of(change.what), sides.label_of(change.object));
    if (CollectedText::is_collected(change.attribute)) {
      line += " " + CollectedText::attribute(change.attribute) + collected.values(change);
    } else {
      if (!change.attribute.empty()) line += fmt::format(" {}", visible(change.attribute));
      if (change.trustee) line += fmt::format(": {}", sides.label_of(*change.trustee));
      if (!change.before.empty()) line += fmt::format("\n    before: {}", visible(change.before));
      if (!change.after.empty()) line += fmt::format("\n    after:  {}", visible(change.after));
    }
    print(line + "\n");
    print_edge_lines(sides.after.graph, "opens ", change.edges_opened);
    print_edge_lines(sides.before.graph, "closes", change.edges_closed);
  }
  print(coverage_text(sides.after.meta));
}

Result<int> run(const Options& options) {
  Result<LoadedGraph> before = LoadedGraph::open(options.before);
  if (!before) return std::move(before).error();
  Result<LoadedGraph> after = LoadedGraph::open(options.after);
  if (!after) return std::move(after).error();
  const Sides sides{*before, *after};
  const Drift drift = queries::compare({before->snapshot, before->graph}, {after->snapshot, after->graph});
  if (options.format == "json") {
    print_json(sides, drift);
  } else {
    print_text(sides, drift);
  }
  if (!drift.comparable) return kIncomplete;
  if (options.exit_code && !drift.empty()) return kFindings;
  return drift.is_exposure_known() && before->meta.is_complete() ? exit_for(after->meta) : kIncomplete;
}

}  // namespace

Action declare_diff(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("OLD", options->before, "the earlier snapshot")->required();
  app.add_option("NEW", options->after, "the later snapshot")->required();
  app.add_flag("--exit-code", options->exit_code, "exit with 1 when there are differences");
  add_format(app, options->format, {"text", "json"});
  return [options] { return run(*options); };
}

}  // namespace tierline::viewer::cli
