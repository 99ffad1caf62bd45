#pragma once

// Properties of objects as collections for BloodHound state them, beside their LDAP attributes.

#include <cstdint>
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
  CollectedProperties(const snapshot::Snapshot& snapshot, const std::vector<graph::Node>& nodes)
      : snapshot_(snapshot), nodes_(nodes) {}

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
  const std::vector<graph::Node>& nodes_;
};

}  // namespace tierline::derive
