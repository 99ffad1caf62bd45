#include "viewer/export/sharphound_properties.h"

#include <algorithm>
#include <charconv>
#include <ctime>

#include "core/base/text.h"
#include "core/derive/certificate.h"
#include "core/knowledge/certificate_settings.h"
#include "core/knowledge/collected_relations.h"
#include "core/knowledge/user_account_control.h"
#include "core/knowledge/well_known.h"

namespace tierline::viewer {
namespace {

using knowledge::CollectedProperty;
using knowledge::NodeKind;
using knowledge::PropertyForm;
using knowledge::PropertyShape;
using snapshot::Object;

namespace collected = knowledge::collected;

constexpr std::int64_t kFrom1601To1970 = 11'644'473'600;

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Seconds since 1970 of a time that LDAP writes as `form` says; empty when it is none.
std::string seconds_of(const std::string& text, PropertyForm form) {
  if (form == PropertyForm::FileTime) {
    const std::int64_t time = whole_number(text).value_or(0);
    return std::to_string(time <= 0 ? 0 : time / 10'000'000 - kFrom1601To1970);
  }
  std::tm parts = {};
  if (::strptime(text.c_str(), "%Y%m%d%H%M%S", &parts) == nullptr) return "";
  return std::to_string(::timegm(&parts));
}

const CollectedProperty* row_of(std::string_view attribute) {
  const auto rows = knowledge::collected_properties();
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const CollectedProperty& row) {
    return row.form != PropertyForm::Secret && equal_ascii_nocase(row.attribute, attribute);
  });
  return found == rows.end() ? nullptr : &*found;
}

}  // namespace

std::optional<directory::SecurityDescriptor> descriptor_of(const snapshot::Snapshot& snapshot,
                                                           snapshot::ObjectIndex object) {
  if (object == snapshot::kNoObject) return std::nullopt;
  const snapshot::DescriptorIndex index = snapshot.object(object).descriptor();
  if (index == snapshot::kNoDescriptor) return std::nullopt;
  auto parsed = directory::SecurityDescriptor::parse(snapshot.descriptor(index));
  return parsed ? std::optional(std::move(*parsed)) : std::nullopt;
}

SharpHoundProperties::SharpHoundProperties(const ExportInput& input)
    : input_(input),
      ids_(input.snapshot),
      settings_(input.snapshot, input.graph.nodes()),
      certificate_(input.snapshot.attribute("cACertificate")) {
  for (const graph::Node& node : input.graph.nodes()) {
    if (node.kind == NodeKind::Domain) domain_sids_.emplace(node.domain, node.id);
  }
  for (snapshot::ObjectIndex i = 0; i < input.snapshot.object_count(); ++i) {
    const Object object = input.snapshot.object(i);
    if (object.has(ids_.ds_heuristics)) ds_heuristics_ = object.text(ids_.ds_heuristics);
  }
}

std::string SharpHoundProperties::domain_sid(const graph::Node& node) const {
  if (node.object != snapshot::kNoObject) {
    const auto said = input_.snapshot.object(node.object)
                          .text(input_.snapshot.attribute(std::string(collected::kDomainSid)));
    if (!said.empty()) return std::string(said);
  }
  const auto found = domain_sids_.find(node.domain);
  return found == domain_sids_.end() ? "" : found->second;
}

bool SharpHoundProperties::is_acl_protected(const graph::Node& node) const {
  if (const auto descriptor = descriptor_of(input_.snapshot, node.object))
    return descriptor->is_dacl_protected();
  return is_said(node, "isaclprotected").value_or(false);
}

void SharpHoundProperties::write(JsonWriter& json, graph::NodeId n) const {
  const graph::Node& node = input_.graph.node(n);
  Properties found;
  add_identity(node, found);
  if (node.object != snapshot::kNoObject) {
    const Object object = input_.snapshot.object(node.object);
    add_facts(node, object, found);
    if (!settings_.is_collected(n)) {
      if (node.kind == NodeKind::CertTemplate || node.kind == NodeKind::IssuancePolicy)
        add_template(n, found);
      add_certificates(n, found);
    }
    add_stored(node, object, found);
  }
  json.key("Properties").begin_object();
  for (const auto& [name, property] : found) {
    json.key(name);
    const bool is_list = property.type == Property::Type::List || property.values.size() > 1;
    if (property.type == Property::Type::Boolean || !is_list) {
      write_value(json, property.type, property.values[0]);
      continue;
    }
    json.begin_array();
    for (const std::string& one : property.values) write_value(json, property.type, one);
    json.end_array();
  }
  json.end_object();
}

void SharpHoundProperties::add_identity(const graph::Node& node, Properties& found) const {
  found["name"] = text(std::string(node.name));
  found["domain"] = text(std::string(node.domain));
  if (const std::string domain = domain_sid(node); !domain.empty()) found["domainsid"] = text(domain);
  found["isaclprotected"] = flag(is_acl_protected(node));
}

void SharpHoundProperties::add_facts(const graph::Node& node, const Object& object, Properties& found) const {
  const bool has_place = object.dn().find(collected::kUnplaced) == std::string_view::npos;
  if (has_place) found["distinguishedname"] = text(upper_case(object.dn()));
  const bool is_account = node.kind == NodeKind::User || node.kind == NodeKind::Computer;
  const auto control = object.number(ids_.user_account_control);
  for (const knowledge::CollectedAccountFlag& row : knowledge::collected_account_flags()) {
    if (is_account && control) found[std::string(row.name)] = flag(((*control & row.bit) != 0) == row.when);
  }
  if (node.kind == NodeKind::User) found["hasspn"] = flag(object.has(ids_.service_principal_name));
  if (node.kind == NodeKind::Computer) {
    found["haslaps"] = flag(object.number(ids_.laps_legacy_expiry).value_or(0) > 0 ||
                            object.number(ids_.laps_expiry).value_or(0) > 0);
  }
  if (is_account) {
    Property& former = found["sidhistory"] = {Property::Type::List, {}};
    for (const auto stored : object.values(ids_.sid_history)) {
      if (const auto sid = directory::Sid::from_bytes(stored.bytes))
        former.values.push_back(sid->to_string());
    }
  }
  if (node.kind == NodeKind::OU) found["blocksinheritance"] = flag(object.number(ids_.gp_options) == 1);
  if (node.kind == NodeKind::Domain) {
    found["collected"] = flag(true);
    if (!ds_heuristics_.empty()) found["dsheuristics"] = text(ds_heuristics_);
  }
  for (const auto stored : object.values(ids_.object_class)) {
    if (node.kind != NodeKind::User) break;
    if (equal_ascii_nocase(stored.text(), "msDS-GroupManagedServiceAccount")) found["gmsa"] = flag(true);
    if (equal_ascii_nocase(stored.text(), "msDS-ManagedServiceAccount")) found["msa"] = flag(true);
  }
  const auto descriptor = descriptor_of(input_.snapshot, node.object);
  if (!descriptor || !descriptor->dacl) return;
  static const directory::Sid kOwnerRights = *directory::Sid::parse(knowledge::sids::kOwnerRights);
  bool any = false;
  bool inherited = false;
  for (const directory::Ace& ace : descriptor->dacl->aces) {
    if (ace.is_raw() || ace.is_inherit_only() || ace.trustee != kOwnerRights) continue;
    any = true;
    inherited = inherited || ace.is_inherited();
  }
  found["doesanyacegrantownerrights"] = flag(any);
  found["doesanyinheritedacegrantownerrights"] = flag(inherited);
}

void SharpHoundProperties::add_template(graph::NodeId n, Properties& found) const {
  const auto add = [&](std::string_view name) {
    std::vector<std::string> values = settings_.values(n, name);
    const CollectedProperty* const row = knowledge::collected_property(name);
    const PropertyShape shape = row == nullptr ? PropertyShape::Text : row->shape;
    if (values.empty() && shape != PropertyShape::List) return;
    Property& property = found[std::string(name)];
    if (shape == PropertyShape::List) property.type = Property::Type::List;
    if (shape == PropertyShape::Number) property.type = Property::Type::Number;
    const bool is_flag = values.size() == 1 && (values[0] == "TRUE" || values[0] == "FALSE");
    if (is_flag) property.type = Property::Type::Boolean;
    property.values = std::move(values);
  };
  if (input_.graph.node(n).kind == NodeKind::IssuancePolicy) return add("certtemplateoid");
  for (const knowledge::CertificateSetting& row : knowledge::certificate_settings()) {
    if (row.name != "certtemplateoid") add(row.name);
  }
  for (const std::string_view name : derive::CertificateSettings::kDecidedTogether) add(name);
}

std::vector<std::string> SharpHoundProperties::thumbprints(graph::NodeId n) const {
  std::vector<std::string> found;
  const graph::Node& node = input_.graph.node(n);
  if (node.object == snapshot::kNoObject || certificate_ == snapshot::kNoAttribute) return found;
  for (const auto value : input_.snapshot.object(node.object).values(certificate_)) {
    const auto certificate = derive::Certificate::parse(value.bytes);
    if (certificate) found.push_back(certificate->thumbprint());
    if (certificate && node.kind != NodeKind::NTAuthStore) break;
  }
  return found;
}

// An authority's chain goes up to its root as far as the directory holds the certificates.
void SharpHoundProperties::add_certificates(graph::NodeId n, Properties& found) const {
  std::vector<std::string> chain = thumbprints(n);
  if (chain.empty()) return;
  if (input_.graph.node(n).kind == NodeKind::NTAuthStore) {
    found["certthumbprints"] = {Property::Type::List, std::move(chain)};
    return;
  }
  found["certthumbprint"] = text(chain[0]);
  const auto issuer_of = [&](graph::NodeId certificate) {
    const graph::AttackGraph& graph = input_.graph;
    for (graph::EdgeId e = graph.first_out_edge(certificate); e < graph.first_out_edge(certificate + 1);
         ++e) {
      if (graph.edge(e).kind == knowledge::EdgeKind::IssuedSignedBy) return graph.edge(e).target;
    }
    return graph::kNoNode;
  };
  constexpr std::size_t kLongest = 16;  // one that issues its issuer's certificate has no end
  for (graph::NodeId at = issuer_of(n); at != graph::kNoNode && chain.size() < kLongest; at = issuer_of(at)) {
    const std::vector<std::string> above = thumbprints(at);
    if (above.empty()) break;
    chain.push_back(above[0]);
  }
  found["certchain"] = {Property::Type::List, std::move(chain)};
}

// The classes of an object of which the format says the usual one; others decide what its tree and its keys are.
bool SharpHoundProperties::says_more_classes(const graph::Node& node, const Object& object) const {
  const auto classes = object.values(ids_.object_class);
  if (classes.empty()) return false;
  const auto types = knowledge::collected_types();
  return std::none_of(types.begin(), types.end(), [&](const knowledge::CollectedType& type) {
    return type.kind == knowledge::name_of(node.kind) &&
           equal_ascii_nocase(type.object_class, classes[classes.size() - 1].text());
  });
}

std::optional<SharpHoundProperties::Property> SharpHoundProperties::stored(const Object& object,
                                                                           snapshot::AttributeId id) const {
  const std::string& attribute = input_.meta.attributes[id].name;
  const CollectedProperty* const row = row_of(attribute);
  const bool is_said = attribute.starts_with(collected::kProperty);
  if (row == nullptr && !is_said) return std::nullopt;
  Property property;
  for (const auto value : object.values(id)) property.values.emplace_back(value.text());
  if (property.values.empty()) return std::nullopt;
  if (row != nullptr && (row->form == PropertyForm::Time || row->form == PropertyForm::FileTime)) {
    for (std::string& value : property.values) value = seconds_of(value, row->form);
    property.type = Property::Type::Number;
  } else if (row != nullptr && row->form == PropertyForm::Flag) {
    property = flag(property.values[0] != "0");
  } else if (row != nullptr && row->shape != PropertyShape::Text) {
    property.type = row->shape == PropertyShape::List ? Property::Type::List : Property::Type::Number;
  } else if (is_said && (property.values[0] == "TRUE" || property.values[0] == "FALSE")) {
    property.type = Property::Type::Boolean;
  }
  return property;
}

void SharpHoundProperties::add_stored(const graph::Node& node, const Object& object,
                                      Properties& found) const {
  const bool says_more = says_more_classes(node, object);
  const auto settings = knowledge::collected_settings();
  for (const snapshot::AttributeId id : object.attributes()) {
    if (id == ids_.object_class && !says_more) continue;
    auto property = stored(object, id);
    if (!property) continue;
    const std::string& attribute = input_.meta.attributes[id].name;
    const CollectedProperty* const row = row_of(attribute);
    const std::string name(row != nullptr ? row->name
                                          : std::string_view(attribute).substr(collected::kProperty.size()));
    const bool is_setting = std::any_of(settings.begin(), settings.end(),
                                        [&](const auto& setting) { return setting.name == name; });
    if (!is_setting) found[name] = std::move(*property);
  }
}

std::optional<bool> SharpHoundProperties::is_said(const graph::Node& node, std::string_view property) const {
  if (node.object == snapshot::kNoObject) return std::nullopt;
  const Object object = input_.snapshot.object(node.object);
  const auto id = input_.snapshot.attribute(std::string(collected::kProperty) + std::string(property));
  return object.has(id) ? std::optional(object.text(id) == "TRUE") : std::nullopt;
}

void SharpHoundProperties::write_registry(JsonWriter& json, const graph::Node& node,
                                          std::string_view registry,
                                          const std::function<void()>& write_more) const {
  json.key(registry).begin_object();
  for (const knowledge::CollectedSetting& setting : knowledge::collected_settings()) {
    if (setting.registry != registry) continue;
    const auto id = input_.snapshot.attribute(std::string(collected::kProperty) + std::string(setting.name));
    std::optional<Property> property;
    if (id != snapshot::kNoAttribute) property = stored(input_.snapshot.object(node.object), id);
    json.key(setting.field).begin_object();
    if (property) write_value(json.key("Value"), property->type, property->values[0]);
    json.key("Collected").boolean(property.has_value()).key("FailureReason").null().end_object();
  }
  if (write_more) write_more();
  json.end_object();
}

void SharpHoundProperties::write_value(JsonWriter& json, Property::Type type, const std::string& text) {
  const auto number = whole_number(text);
  if (type == Property::Type::Boolean) {
    json.boolean(text == "TRUE");
  } else if (type == Property::Type::Number && number) {
    json.number(*number);
  } else {
    json.text(text);
  }
}

}  // namespace tierline::viewer
