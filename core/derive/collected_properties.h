#pragma once

// Properties of objects as collections for BloodHound state them, beside their LDAP attributes.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/graph/attack_graph.h"
#include "core/snapshot/snapshot.h"

namespace tierline::derive {

/// `nodes` may grow meanwhile.
class CollectedProperties {
 public:
  CollectedProperties(const snapshot::Snapshot& snapshot, const graph::NodeTable& nodes)
      : snapshot_(snapshot), nodes_(nodes) {}

  /// Whether any object has the property.
  bool is_stated(std::string_view property) const { return attribute(property) != snapshot::kNoAttribute; }
  /// No values for a node without object, or of which the collection does not say it.
  std::vector<std::string> values(graph::NodeId node, std::string_view property) const;
  /// The first value, or an empty text.
  std::string text(graph::NodeId node, std::string_view property) const;
  bool is_true(graph::NodeId node, std::string_view property) const;
  std::optional<std::int64_t> number(graph::NodeId node, std::string_view property) const;

  /// The property as evidence; where it is not there, the rule that certificates follow from their settings.
  graph::Evidence evidence(graph::NodeId node, std::string_view property) const;

 private:
  snapshot::AttributeId attribute(std::string_view property) const;

  const snapshot::Snapshot& snapshot_;
  const graph::NodeTable& nodes_;
  mutable std::map<std::string, snapshot::AttributeId, std::less<>> attributes_;  ///< of properties asked for
};

}  // namespace tierline::derive
