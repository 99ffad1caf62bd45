// rights SNAP PRINCIPAL OBJECT: what one may do to the other, each right with the entries that decide it.

#include <fmt/format.h>

#include <memory>

#include "core/base/text.h"
#include "core/derive/effective_rights.h"
#include "core/directory/sddl.h"
#include "core/directory/security_descriptor.h"
#include "queries/principals.h"
#include "viewer/cli/commands.h"
#include "viewer/cli/loaded_graph.h"
#include "viewer/export/graph_json.h"

namespace tierline::viewer::cli {
namespace {

using derive::EffectiveRight;
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
  if (loaded.graph.node(nodes->front()).object == snapshot::kNoObject) {
    return Error{ErrorCode::Usage, "'" + visible(text) + "' is no object of this snapshot"};
  }
  return nodes->front();
}

std::vector<std::string> entries_of(const directory::SecurityDescriptor& descriptor,
                                    const EffectiveRight& right) {
  std::vector<std::string> entries;
  for (const std::uint16_t place : right.aces)
    entries.push_back(directory::to_sddl(descriptor.dacl->aces[place]));
  return entries;
}

void print_json(const LoadedGraph& loaded, const Pair& pair, const directory::SecurityDescriptor& descriptor,
                const std::vector<EffectiveRight>& rights) {
  JsonWriter json;
  begin_answer(json, "rights");
  write_coverage(json, loaded.meta);
  json.key("principal");
  write_node(json, loaded.graph, pair.principal);
  json.key("object");
  write_node(json, loaded.graph, pair.object);
  json.key("rights").begin_array();
  for (const EffectiveRight& right : rights) {
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
    for (std::size_t i = 0; i < right.aces.size(); ++i) {
      json.begin_object();
      json.key("index").number(std::uint32_t{right.aces[i]});
      json.key("ace").text(directory::to_sddl(descriptor.dacl->aces[right.aces[i]]));
      json.end_object();
    }
    json.end_array().end_object();
  }
  json.end_array().end_object();
  print(json.take() + "\n");
}

Result<int> run(const Options& options) {
  const Result<LoadedGraph> loaded = LoadedGraph::open(options.path);
  if (!loaded) return loaded.error();
  const Result<NodeId> principal = object_named(*loaded, options.principal);
  if (!principal) return principal.error();
  const Result<NodeId> object = object_named(*loaded, options.object);
  if (!object) return object.error();
  const Pair pair{*principal, *object};
  const auto index = [&](NodeId node) { return loaded->graph.node(node).object; };
  const Result<std::vector<EffectiveRight>> rights =
      derive::EffectiveRights(loaded->snapshot).of(index(pair.principal), index(pair.object));
  if (!rights) return rights.error();
  const snapshot::DescriptorIndex place = loaded->snapshot.object(index(pair.object)).descriptor();
  const auto descriptor = directory::SecurityDescriptor::parse(loaded->snapshot.descriptor(place));
  if (!descriptor) return descriptor.error();

  if (options.format == "json") {
    print_json(*loaded, pair, *descriptor, *rights);
  } else {
    print(fmt::format("{} on {}:\n", visible(loaded->graph.node(pair.principal).name),
                      visible(loaded->graph.node(pair.object).name)));
    for (const EffectiveRight& right : *rights) {
      std::string line = "  " + right.right;
      if (right.object_type) {
        line +=
            " " + (right.object_type_name.empty() ? right.object_type->to_string() : right.object_type_name);
      }
      if (right.by_ownership) line += "  (owner)";
      if (right.conditional) line += "  (only where a condition holds)";
      for (const std::string& entry : entries_of(*descriptor, right)) line += "\n      " + entry;
      print(line + "\n");
    }
    if (rights->empty()) print("  nothing\n");
    print(coverage_text(loaded->meta));
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
