#pragma once

// The settings of certificate templates and authorities, as their directory objects or a collection for BloodHound
// state them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/derive/collected_properties.h"

namespace tierline::derive {

/// Settings go by the names that collections for BloodHound give them: those of knowledge::certificate_settings() and
/// kDecidedTogether.
class CertificateSettings {
 public:
  /// By several attributes.
  static constexpr std::string_view kDecidedTogether[] = {
      "effectiveekus", "authenticationenabled", "schannelauthenticationenabled", "applicationpolicies"};

  CertificateSettings(const snapshot::Snapshot& snapshot, const graph::NodeTable& nodes);

  /// Whether the node's facts come from a collection, and not from the directory itself.
  bool is_collected(graph::NodeId node) const;

  std::vector<std::string> values(graph::NodeId node, std::string_view setting) const;
  bool is_true(graph::NodeId node, std::string_view setting) const;
  std::optional<std::int64_t> number(graph::NodeId node, std::string_view setting) const;

  /// What states the setting; where nothing does, the rule that certificates follow from their settings.
  graph::Evidence evidence(graph::NodeId node, std::string_view setting) const;

 private:
  bool has_object(graph::NodeId node) const;
  std::vector<std::string> attribute_values(graph::NodeId node, std::string_view attribute) const;
  std::vector<std::string> purposes(graph::NodeId node) const;
  std::vector<std::string> purposes_of_signers(graph::NodeId node) const;
  /// The attribute that decides the purposes of the template.
  std::string_view purpose_attribute(graph::NodeId node) const;

  const snapshot::Snapshot& snapshot_;
  const graph::NodeTable& nodes_;
  CollectedProperties collected_;
  snapshot::AttributeId collected_kind_;
};

}  // namespace tierline::derive
