#include "collectors/bloodhound/opengraph.h"

#include "core/base/text.h"
#include "core/knowledge/collected_relations.h"

namespace tierline::collectors {

using directory::ObjectId;
using json::Value;

namespace {

/// As ObjectId writes it, or in upper case.
std::string identity_of(std::string_view text) {
  const auto id = ObjectId::parse(text);
  return id ? id->to_string() : upper_case(text);
}

}  // namespace

// Of a node's kinds the first counts; "Base" is what every node is.
void OpenGraph::take_node(const Value& element) {
  std::string_view kind;
  for (const Value& name : element.items_of("kinds")) {
    if (kind.empty() && name.text != "Base") kind = name.text;
  }
  const std::string_view id = element.text_of("id");
  if (id.empty()) return collection_.quarantine();
  static const Value kNone;
  const Value* const properties = element.find("properties");
  take_object(id, kind, properties == nullptr ? kNone : *properties);
}

void OpenGraph::take_object(std::string_view identity, std::string_view kind, const Value& properties) {
  const ObjectType* const known = type_of_kind(kind);
  const ObjectType type = known != nullptr && !kind.empty() ? *known : ObjectType{"", kind, ""};
  const auto id = ObjectId::parse(identity);
  ++nodes_;
  collection_.begin();
  if (id) {
    collection_.add_identity(type, *id, properties);
  } else {
    collection_.add_named_identity(type, upper_case(identity), properties);
  }
  collection_.add_properties(properties);
  if (kind == "User" || kind == "Computer") collection_.add_account_control(type, properties, properties);
  collection_.give(knowledge::collected::kDomainSid, upper_case(properties.text_of("domainsid")));
  collection_.end(identity_of(identity));
}

void OpenGraph::take_edge(const Value& element) {
  const Value* const start = element.find("start");
  const Value* const end = element.find("end");
  for (const Value* const place : {start, end}) {
    const std::string_view match = place == nullptr ? "" : place->text_of("match_by");
    if (place == nullptr || place->text_of("value").empty() || (!match.empty() && match != "id")) {
      ++edges_without_ends_;
      return;
    }
  }
  const std::string_view kind = element.text_of("kind");
  if (knowledge::find_edge_kind(kind) == nullptr) {
    ++unknown_edges_[std::string(kind)];
    return;
  }
  // The object may come later, or not at all.
  const std::string source = identity_of(start->text_of("value"));
  if (!collection_.contains(source)) take_object(source, start->text_of("kind"), Value());
  collection_.begin();
  collection_.give(knowledge::collected::kEdges,
                   joined({kind, identity_of(end->text_of("value")), end->text_of("kind")}));
  collection_.end(source);
}

void OpenGraph::report_coverage(snapshot::Builder& builder) const {
  if (nodes_ != 0) builder.cover({.area = "nodes", .read = nodes_});
  for (const auto& [kind, count] : unknown_edges_) {
    builder.cover(
        {.area = "edges of kind " + visible(kind), .missing = count, .reason = "no such kind is known"});
  }
  if (edges_without_ends_ != 0) {
    builder.cover({.area = "edges whose ends are not named by identifier",
                   .missing = edges_without_ends_,
                   .reason = "what they join cannot be told"});
  }
}

}  // namespace tierline::collectors
