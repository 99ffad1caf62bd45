#include "core/derive/collected_properties.h"

#include <charconv>

#include "core/base/text.h"
#include "core/knowledge/collected_relations.h"

namespace tierline::derive {

using graph::NodeId;

snapshot::AttributeId CollectedProperties::attribute(std::string_view property) const {
  const auto known = attributes_.find(property);
  if (known != attributes_.end()) return known->second;
  const std::string name(property);
  return attributes_[name] = snapshot_.attribute(std::string(knowledge::collected::kProperty) + name);
}

std::vector<std::string> CollectedProperties::values(NodeId node, std::string_view property) const {
  std::vector<std::string> found;
  const std::uint32_t object = nodes_.object(node);
  const snapshot::AttributeId id = attribute(property);
  if (object == snapshot::kNoObject || id == snapshot::kNoAttribute) return found;
  for (const auto value : snapshot_.object(object).values(id)) found.emplace_back(value.text());
  return found;
}

std::string CollectedProperties::text(NodeId node, std::string_view property) const {
  std::vector<std::string> found = values(node, property);
  return found.empty() ? std::string() : std::move(found[0]);
}

bool CollectedProperties::is_true(NodeId node, std::string_view property) const {
  return equal_ascii_nocase(text(node, property), "true");
}

std::optional<std::int64_t> CollectedProperties::number(NodeId node, std::string_view property) const {
  const std::string found = text(node, property);
  std::int64_t value = 0;
  if (std::from_chars(found.data(), found.data() + found.size(), value).ec != std::errc())
    return std::nullopt;
  return value;
}

graph::Evidence CollectedProperties::evidence(NodeId node, std::string_view property) const {
  const std::uint32_t object = nodes_.object(node);
  const snapshot::AttributeId id = attribute(property);
  if (object == snapshot::kNoObject || id == snapshot::kNoAttribute) {
    return {.item = static_cast<std::uint32_t>(graph::Rule::CertificateConditions)};
  }
  return {.kind = graph::Evidence::Kind::Attribute, .attribute = id, .object = object};
}

}  // namespace tierline::derive
