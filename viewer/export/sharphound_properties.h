#pragma once

// The properties of an object by SharpHound's names, from the facts of the snapshot.

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "core/derive/attribute_ids.h"
#include "core/derive/certificate_settings.h"
#include "core/directory/security_descriptor.h"
#include "viewer/export/formats.h"

namespace tierline::viewer {

/// What an object's security descriptor says besides rights; absent without one that can be read.
std::optional<directory::SecurityDescriptor> descriptor_of(const snapshot::Snapshot& snapshot,
                                                           snapshot::ObjectIndex object);

class SharpHoundProperties {
 public:
  explicit SharpHoundProperties(const ExportInput& input);

  /// "Properties": { ... }
  void write(JsonWriter& json, graph::NodeId n) const;

  /// What was read in the registry of the host, as the member that holds such answers; `write_more` adds to it.
  void write_registry(JsonWriter& json, const graph::Node& node, std::string_view registry,
                      const std::function<void()>& write_more = {}) const;

  /// Whether a collection says that the property is true; absent when it says nothing of it.
  std::optional<bool> is_said(const graph::Node& node, std::string_view property) const;

  /// The SID of the node's domain; empty when it is not known.
  std::string domain_sid(const graph::Node& node) const;
  bool is_acl_protected(const graph::Node& node) const;

 private:
  /// Values and how JSON writes them.
  struct Property {
    enum class Type : std::uint8_t { Text, Number, Boolean, List };
    Type type = Type::Text;
    std::vector<std::string> values;
  };
  using Properties = std::map<std::string, Property>;

  static void write_value(JsonWriter& json, Property::Type type, const std::string& text);
  static Property flag(bool value) { return {Property::Type::Boolean, {value ? "TRUE" : "FALSE"}}; }
  static Property text(std::string value) { return {Property::Type::Text, {std::move(value)}}; }

  void add_identity(const graph::Node& node, Properties& found) const;
  void add_facts(const graph::Node& node, const snapshot::Object& object, Properties& found) const;
  void add_template(graph::NodeId n, Properties& found) const;
  void add_certificates(graph::NodeId n, Properties& found) const;
  /// Of the first certificate of an authority, or all of a store.
  std::vector<std::string> thumbprints(graph::NodeId n) const;
  void add_stored(const graph::Node& node, const snapshot::Object& object, Properties& found) const;
  std::optional<Property> stored(const snapshot::Object& object, snapshot::AttributeId id) const;
  bool says_more_classes(const graph::Node& node, const snapshot::Object& object) const;

  const ExportInput& input_;
  derive::AttributeIds ids_;
  derive::CertificateSettings settings_;
  snapshot::AttributeId certificate_;
  std::map<std::string, std::string, std::less<>> domain_sids_;  ///< by name
  std::string ds_heuristics_;
};

}  // namespace tierline::viewer
