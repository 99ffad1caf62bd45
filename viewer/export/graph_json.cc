#include "viewer/export/graph_json.h"

#include <fmt/format.h>

#include "core/base/text.h"
#include "core/directory/security_descriptor.h"
#include "core/knowledge/edge_kinds.h"
#include "viewer/export/dacl_entry.h"

namespace tierline::viewer {
namespace {

using directory::Ace;
using directory::AttributeSyntax;
using directory::SecurityDescriptor;
using graph::AttackGraph;
using graph::EdgeId;
using graph::Evidence;
using graph::NodeId;
using snapshot::Object;
using snapshot::Snapshot;

constexpr std::uint16_t kInDescriptor = 0xFFFF;

std::string attribute_name(const Snapshot& snapshot, const Evidence& evidence) {
  return evidence.attribute == kInDescriptor ? "nTSecurityDescriptor"
                                             : snapshot.meta().attributes[evidence.attribute].name;
}

// The descriptor that an Ace or Owner evidence speaks of. A graph that was kept may speak of what is not there.
std::optional<SecurityDescriptor> descriptor_of(const Snapshot& snapshot, const Evidence& evidence) {
  const Object object = snapshot.object(evidence.object);
  ByteSpan stored;
  if (evidence.attribute != kInDescriptor) {
    const auto values = object.values(evidence.attribute);
    if (!values.empty()) stored = values[0].bytes;
  } else if (object.descriptor() != snapshot::kNoDescriptor) {
    stored = snapshot.descriptor(object.descriptor());
  }
  Result<SecurityDescriptor> parsed = SecurityDescriptor::parse(stored);
  if (!parsed) return std::nullopt;
  return std::move(*parsed);
}

// The entry that an Ace evidence speaks of.
std::optional<Ace> ace_of(const Snapshot& snapshot, const Evidence& evidence) {
  std::optional<SecurityDescriptor> descriptor = descriptor_of(snapshot, evidence);
  if (!descriptor || !descriptor->dacl || evidence.item >= descriptor->dacl->aces.size()) return std::nullopt;
  return std::move(descriptor->dacl->aces[evidence.item]);
}

// A value for people: bytes that are no text are shown as what they are.
std::string value_text(const Snapshot& snapshot, const Evidence& evidence) {
  const auto values = snapshot.object(evidence.object).values(evidence.attribute);
  if (evidence.item >= values.size()) return {};
  const ByteSpan bytes = values[evidence.item].bytes;
  switch (snapshot.meta().attributes[evidence.attribute].syntax) {
    case AttributeSyntax::Sid:
      if (const auto sid = directory::Sid::from_bytes(bytes)) return sid->to_string();
      return to_hex(bytes);
    case AttributeSyntax::Guid:
      if (const auto guid = directory::Guid::from_bytes(bytes)) return guid->to_string();
      return to_hex(bytes);
    case AttributeSyntax::Binary:
    case AttributeSyntax::SecurityDescriptor:
      return to_hex(bytes);
    case AttributeSyntax::Text:
    case AttributeSyntax::DistinguishedName:
      return std::string(as_text(bytes));
  }
  return {};
}

// An evidence's entry. A descriptor that is the value of an attribute inherits nothing.
DaclEntry entry_of(const Snapshot& snapshot, const Evidence& evidence, const Ace& ace) {
  const bool in_descriptor = evidence.attribute == kInDescriptor;
  return {snapshot, in_descriptor ? evidence.object : snapshot::kNoObject, evidence.item, ace};
}

}  // namespace

void write_node_fields(JsonWriter& json, const graph::Node& node) {
  json.key("id").text(node.id);
  json.key("name").text(node.name);
  json.key("kind").text(knowledge::name_of(node.kind));
  json.key("domain").text(node.domain);
  json.key("tier");
  if (node.tier) {
    json.number(std::uint32_t{*node.tier});
  } else {
    json.null();
  }
  json.key("enabled");
  if (node.enabled) {
    json.boolean(*node.enabled);
  } else {
    json.null();
  }
}

void write_node(JsonWriter& json, const graph::Node& node) {
  json.begin_object();
  write_node_fields(json, node);
  json.end_object();
}

void write_node(JsonWriter& json, const AttackGraph& graph, NodeId id) { write_node(json, graph.node(id)); }

void write_nodes(JsonWriter& json, std::string_view key, const AttackGraph& graph,
                 const std::vector<NodeId>& nodes) {
  json.key(key).begin_array();
  for (const NodeId node : nodes) write_node(json, graph, node);
  json.end_array();
}

std::string EdgeWriter::sentence(const Evidence& evidence) const {
  if (evidence.kind == Evidence::Kind::Rule) {
    return std::string(graph::text_of(static_cast<graph::Rule>(evidence.item)));
  }
  const std::string dn(snapshot_.object(evidence.object).dn());
  switch (evidence.kind) {
    case Evidence::Kind::Ace: {
      const std::optional<Ace> ace = ace_of(snapshot_, evidence);
      if (!ace) return {};
      return fmt::format("Entry {} of {} of {}: {}", evidence.item + 1, attribute_name(snapshot_, evidence),
                         dn, entry_text(entry_of(snapshot_, evidence, *ace)));
    }
    case Evidence::Kind::Owner: {
      const auto descriptor = descriptor_of(snapshot_, evidence);
      if (!descriptor || !descriptor->owner) return {};
      return fmt::format("The owner of {} is {}", dn, descriptor->owner->to_string());
    }
    case Evidence::Kind::Attribute: {
      std::string value = value_text(snapshot_, evidence);
      std::replace(value.begin(), value.end(), '\t', ' ');  // between the parts of what a collector stated
      return fmt::format("{} of {} is {}", attribute_name(snapshot_, evidence), dn, value);
    }
    case Evidence::Kind::Tree:
      return fmt::format("{} stands directly below it", dn);
    case Evidence::Kind::Rule:
      break;
  }
  return {};
}

void EdgeWriter::write_evidence(JsonWriter& json, const Evidence& evidence) const {
  json.begin_object();
  switch (evidence.kind) {
    case Evidence::Kind::Ace: {
      json.key("type").text("ace").key("text").text(sentence(evidence));
      json.key("object").text(snapshot_.object(evidence.object).dn());
      json.key("attribute").text(attribute_name(snapshot_, evidence));
      if (const std::optional<Ace> ace = ace_of(snapshot_, evidence))
        write_entry_fields(json, entry_of(snapshot_, evidence, *ace));
      break;
    }
    case Evidence::Kind::Owner:
      json.key("type").text("owner").key("text").text(sentence(evidence));
      json.key("object").text(snapshot_.object(evidence.object).dn());
      break;
    case Evidence::Kind::Attribute:
      json.key("type").text("attribute").key("text").text(sentence(evidence));
      json.key("object").text(snapshot_.object(evidence.object).dn());
      json.key("attribute").text(attribute_name(snapshot_, evidence));
      json.key("value").text(value_text(snapshot_, evidence));
      break;
    case Evidence::Kind::Tree:
      json.key("type").text("tree").key("text").text(sentence(evidence));
      json.key("object").text(snapshot_.object(evidence.object).dn());
      break;
    case Evidence::Kind::Rule:
      json.key("type").text("rule").key("text").text(sentence(evidence));
      break;
  }
  json.end_object();
}

std::vector<std::string> EdgeWriter::caveats(EdgeId id) const {
  const graph::Edge& edge = graph_.edge(id);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < knowledge::kCaveatTexts.size(); ++i) {
    if (edge.caveats.contains(static_cast<knowledge::Caveat>(i)))
      texts.emplace_back(knowledge::kCaveatTexts[i]);
  }
  for (const NodeId node : graph_.excluded(edge.condition)) {
    texts.push_back(fmt::format("deny:{}: does not hold for members of {}, whom an earlier entry denies it.",
                                graph_.node(node).id, graph_.node(node).name));
  }
  return texts;
}

void EdgeWriter::write_reasons(JsonWriter& json, EdgeId id) const {
  json.key("evidence").begin_array();
  for (const Evidence& evidence : graph_.evidence(id)) write_evidence(json, evidence);
  json.end_array();
  json.key("caveats").begin_array();
  for (const std::string& text : caveats(id)) json.text(text);
  json.end_array();
}

void EdgeWriter::write(JsonWriter& json, EdgeId id) const {
  const graph::Edge& edge = graph_.edge(id);
  json.begin_object();
  json.key("kind").text(knowledge::info_of(edge.kind).name);
  json.key("source").text(graph_.node(edge.source).id);
  json.key("target").text(graph_.node(edge.target).id);
  json.key("traversable").boolean(edge.traversable);
  write_reasons(json, id);
  json.end_object();
}

void EdgeWriter::write_with_nodes(JsonWriter& json, EdgeId id) const {
  const graph::Edge& edge = graph_.edge(id);
  json.begin_object();
  json.key("kind").text(knowledge::info_of(edge.kind).name);
  json.key("source");
  write_node(json, graph_, edge.source);
  json.key("target");
  write_node(json, graph_, edge.target);
  json.key("traversable").boolean(edge.traversable);
  write_reasons(json, id);
  json.end_object();
}

void write_path_fields(JsonWriter& json, const AttackGraph& graph, const EdgeWriter& edges, NodeId from,
                       const queries::Path& path) {
  json.key("hops").number(static_cast<std::uint64_t>(path.size()));
  json.key("nodes").begin_array();
  write_node(json, graph, from);
  for (const EdgeId edge : path) write_node(json, graph, graph.edge(edge).target);
  json.end_array();
  json.key("edges").begin_array();
  for (const EdgeId edge : path) edges.write(json, edge);
  json.end_array();
}

void write_path(JsonWriter& json, const AttackGraph& graph, const EdgeWriter& edges, NodeId from,
                const queries::Path& path) {
  json.begin_object();
  write_path_fields(json, graph, edges, from, path);
  json.end_object();
}

void write_exposure(JsonWriter& json, const AttackGraph& graph, const queries::Exposure& exposure) {
  json.key("population").number(exposure.population);
  json.key("exposed").number(exposure.exposed);
  json.key("by_hops").begin_object();
  for (const auto& [hops, count] : exposure.by_hops) json.key(std::to_string(hops)).number(count);
  json.end_object();
  json.key("principals").begin_array();
  for (const auto& principal : exposure.principals) {
    json.begin_object();
    write_node_fields(json, graph.node(principal.node));
    json.key("hops").number(principal.hops);
    json.end_object();
  }
  json.end_array();
}

std::string EdgeWriter::all_sentences(graph::EdgeId edge) const {
  std::string all;
  for (const graph::Evidence& one : graph_.evidence(edge)) all += (all.empty() ? "" : "; ") + sentence(one);
  return all;
}

std::string EdgeWriter::all_caveats(graph::EdgeId edge) const {
  std::string all;
  for (const std::string& one : caveats(edge)) all += (all.empty() ? "" : "; ") + one;
  return all;
}

}  // namespace tierline::viewer
