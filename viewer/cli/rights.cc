// rights SNAP PRINCIPAL OBJECT: what one may do to the other, each right with the entries that decide it.

#include <fmt/format.h>

#include <map>
#include <memory>

#include "core/base/text.h"
#include "core/derive/effective_rights.h"
#include "queries/principals.h"
#include "viewer/cli/commands.h"
#include "viewer/cli/loaded_graph.h"
#include "viewer/export/dacl_entry.h"
#include "viewer/export/graph_json.h"
#include "viewer/export/look_alikes.h"

namespace tierline::viewer::cli {
namespace {

using derive::EffectiveRight;
using derive::LookAlike;
using graph::NodeId;

struct Options {
  std::string path;
  std::string principal;
  std::string object;
  std::string format;
};

/// The two, as nodes for people and as objects of the snapshot.
struct Pair {
  NodeId principal = graph::kNoNode;
  NodeId object = graph::kNoNode;
};

Result<NodeId> object_named(const LoadedGraph& loaded, const std::string& text) {
  const auto nodes = queries::resolve(loaded.snapshot, loaded.graph, text);
  if (!nodes) return nodes.error();
  if (nodes->size() != 1) return Error{ErrorCode::Usage, "'" + visible(text) + "' is a set; name one"};
  return nodes->front();
}

/// What there is to tell.
struct Answer {
  Pair pair;
  std::vector<EffectiveRight> rights;
  std::vector<LookAlike> not_granted;
  StoredDacl dacl;
};

Result<Answer> answer_of(const LoadedGraph& loaded, const Pair& pair) {
  const graph::Node& principal = loaded.graph.node(pair.principal);
  const snapshot::ObjectIndex object = loaded.graph.node(pair.object).object;
  derive::EffectiveRights effective(loaded.snapshot);
  Result<std::vector<EffectiveRight>> rights = effective.of(principal, object);
  if (!rights) return std::move(rights).error();
  Result<std::vector<LookAlike>> not_granted = effective.look_alikes(principal, object);
  if (!not_granted) return std::move(not_granted).error();
  Result<StoredDacl> dacl = StoredDacl::read(loaded.snapshot, object);
  if (!dacl) return std::move(dacl).error();
  return Answer{pair, *std::move(rights), *std::move(not_granted), *std::move(dacl)};
}

void write_entry(JsonWriter& json, const StoredDacl& dacl, std::uint16_t place) {
  json.begin_object();
  write_entry_fields(json, dacl.entry(place));
  json.end_object();
}

void print_json(const LoadedGraph& loaded, const Answer& answer) {
  JsonWriter json;
  begin_answer(json, "rights");
  write_coverage(json, loaded.meta);
  json.key("principal");
  write_node(json, loaded.graph, answer.pair.principal);
  json.key("object");
  write_node(json, loaded.graph, answer.pair.object);
  json.key("rights").begin_array();
  for (const EffectiveRight& right : answer.rights) {
    json.begin_object();
    json.key("right").text(right.right);
    json.key("object_type");
    if (right.object_type) {
      json.text(right.object_type->to_string());
    } else {
      json.null();
    }
    json.key("name").text(right.object_type_name);
    json.key("conditional").boolean(right.conditional);
    json.key("by_ownership").boolean(right.by_ownership);
    json.key("decided_by").begin_array();
    for (const std::uint16_t place : right.aces) write_entry(json, answer.dacl, place);
    json.end_array();
    json.key("unless");
    if (right.unless) {
      write_entry(json, answer.dacl, *right.unless);
    } else {
      json.null();
    }
    json.end_object();
  }
  json.end_array();
  json.key("not_granted").begin_array();
  for (const LookAlike& look_alike : answer.not_granted) write_look_alike(json, answer.dacl, look_alike);
  json.end_array().end_object();
  print(json.take() + "\n");
}

std::string right_text(const EffectiveRight& right) {
  if (!right.object_type) return right.right;
  return right.right + " " +
         visible(right.object_type_name.empty() ? right.object_type->to_string() : right.object_type_name);
}

// What decides it, a line each.
std::string reason_text(const StoredDacl& dacl, const EffectiveRight& right) {
  std::string text;
  if (right.by_ownership) text += "  as the owner:\n";
  for (const std::uint16_t place : right.aces) {
    text += fmt::format("  {}{}\n", visible(entry_text(dacl.entry(place))),
                        right.conditional ? ", only where its condition holds" : "");
  }
  if (right.unless) {
    text += fmt::format("  unless the condition of an earlier denial holds: {}\n",
                        visible(entry_text(dacl.entry(*right.unless))));
  }
  if (text.empty()) text = "  without a list of entries everything is allowed:\n";
  return text;
}

void print_text(const LoadedGraph& loaded, const Answer& answer) {
  print(fmt::format("{} on {}:\n", visible(loaded.graph.node(answer.pair.principal).name),
                    visible(loaded.graph.node(answer.pair.object).name)));
  // Many rights come from the same entries, which are told once, above them.
  std::vector<std::string> reasons;
  std::map<std::string, std::vector<std::string>> rights_by_reason;
  for (const EffectiveRight& right : answer.rights) {
    const std::string reason = reason_text(answer.dacl, right);
    const auto [place, added] = rights_by_reason.try_emplace(reason);
    if (added) reasons.push_back(reason);
    place->second.push_back(right_text(right));
  }
  for (const std::string& reason : reasons) {
    print(reason);
    for (const std::string& right : rights_by_reason[reason]) print("      " + right + "\n");
  }
  if (answer.rights.empty()) print("  nothing\n");
  if (!answer.not_granted.empty()) print("\nNot granted, though an entry looks like it:\n");
  for (const LookAlike& look_alike : answer.not_granted) print(look_alike_text(answer.dacl, look_alike));
  print(coverage_text(loaded.meta));
}

Result<int> run(const Options& options) {
  const Result<LoadedGraph> loaded = LoadedGraph::open(options.path);
  if (!loaded) return loaded.error();
  const Result<NodeId> principal = object_named(*loaded, options.principal);
  if (!principal) return principal.error();
  const Result<NodeId> object = object_named(*loaded, options.object);
  if (!object) return object.error();
  if (loaded->graph.node(*object).object == snapshot::kNoObject) {
    return Error{ErrorCode::Usage, "'" + visible(options.object) + "' is no object of this snapshot"};
  }
  const Result<Answer> answer = answer_of(*loaded, {*principal, *object});
  if (!answer) return answer.error();
  if (options.format == "json") {
    print_json(*loaded, *answer);
  } else {
    print_text(*loaded, *answer);
  }
  return exit_for(loaded->meta);
}

}  // namespace

Action declare_rights(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("SNAP", options->path, "the snapshot")->required();
  app.add_option("PRINCIPAL", options->principal, "who")->required();
  app.add_option("OBJECT", options->object, "on what")->required();
  add_format(app, options->format, {"text", "json"});
  return [options] { return run(*options); };
}

}  // namespace tierline::viewer::cli
