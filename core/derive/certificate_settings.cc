#include "core/derive/certificate_settings.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "core/base/text.h"
#include "core/knowledge/certificate_settings.h"
#include "core/knowledge/collected_relations.h"

namespace tierline::derive {
namespace {

namespace purposes_of = knowledge::certificate_purposes;
using graph::NodeId;

constexpr std::string_view kPurposes = "pKIExtendedKeyUsage";
constexpr std::string_view kPolicies = "msPKI-Certificate-Application-Policy";
constexpr std::string_view kSignerPolicies = "msPKI-RA-Application-Policies";
constexpr std::int64_t kUseLegacyProvider = 0x100;  // of msPKI-Private-Key-Flag, [MS-CRTD] 2.27

std::int64_t number_of(const std::vector<std::string>& values) {
  std::int64_t value = 0;
  if (!values.empty()) std::from_chars(values[0].data(), values[0].data() + values[0].size(), value);
  return value;
}

bool any_of(const std::vector<std::string>& purposes, std::initializer_list<std::string_view> wanted) {
  return purposes.empty() ||
         std::find_first_of(purposes.begin(), purposes.end(), wanted.begin(), wanted.end()) != purposes.end();
}

}  // namespace

CertificateSettings::CertificateSettings(const snapshot::Snapshot& snapshot, const graph::NodeTable& nodes)
    : snapshot_(snapshot),
      nodes_(nodes),
      collected_(snapshot, nodes),
      collected_kind_(snapshot.attribute(knowledge::collected::kKind)) {}

bool CertificateSettings::has_object(NodeId node) const { return nodes_.object(node) != snapshot::kNoObject; }

bool CertificateSettings::is_collected(NodeId node) const {
  return has_object(node) && collected_kind_ != snapshot::kNoAttribute &&
         snapshot_.object(nodes_.object(node)).has(collected_kind_);
}

std::vector<std::string> CertificateSettings::attribute_values(NodeId node,
                                                               std::string_view attribute) const {
  std::vector<std::string> found;
  const snapshot::AttributeId id = snapshot_.attribute(attribute);
  if (!has_object(node) || id == snapshot::kNoAttribute) return found;
  for (const auto value : snapshot_.object(nodes_.object(node)).values(id)) {
    found.emplace_back(value.text());
  }
  return found;
}

std::vector<std::string> CertificateSettings::values(NodeId node, std::string_view setting) const {
  if (!has_object(node) || is_collected(node)) return collected_.values(node, setting);
  const auto flag = [](bool value) { return std::vector<std::string>{value ? "TRUE" : "FALSE"}; };
  if (const knowledge::CertificateSetting* const row = knowledge::certificate_setting(setting)) {
    std::vector<std::string> found = attribute_values(node, row->attribute);
    if (row->bits != 0) return flag((number_of(found) & row->bits) != 0);
    if (found.empty() && !row->when_absent.empty()) found.emplace_back(row->when_absent);
    return found;
  }
  if (setting == "effectiveekus") return purposes(node);
  if (setting == "applicationpolicies") return purposes_of_signers(node);
  // A certificate without purposes is good for all of them ([RFC 5280] 4.2.1.12).
  if (setting == "authenticationenabled") {
    return flag(any_of(purposes(node), {purposes_of::kAny, purposes_of::kClientAuthentication,
                                        purposes_of::kSmartcardLogon, purposes_of::kKerberosClient}));
  }
  if (setting == "schannelauthenticationenabled") {
    return flag(any_of(purposes(node), {purposes_of::kAny, purposes_of::kClientAuthentication}));
  }
  return {};
}

bool CertificateSettings::is_true(NodeId node, std::string_view setting) const {
  const std::vector<std::string> found = values(node, setting);
  return !found.empty() && equal_ascii_nocase(found[0], "true");
}

std::optional<std::int64_t> CertificateSettings::number(NodeId node, std::string_view setting) const {
  const std::vector<std::string> found = values(node, setting);
  if (found.empty()) return std::nullopt;
  return number_of(found);
}

// From version 2 on the application policies count, if there are any ([MS-WCCE] 3.2.2.6.2.1.4.5.6).
std::string_view CertificateSettings::purpose_attribute(NodeId node) const {
  const bool has_policies = number(node, "schemaversion") > 1 && !attribute_values(node, kPolicies).empty();
  return has_policies ? kPolicies : kPurposes;
}

std::vector<std::string> CertificateSettings::purposes(NodeId node) const {
  return attribute_values(node, purpose_attribute(node));
}

// [MS-CRTD] 2.23: a list of identifiers, or from version 3 on a text of name`type`value` for each setting, unless the
// template uses a legacy provider.
std::vector<std::string> CertificateSettings::purposes_of_signers(NodeId node) const {
  std::vector<std::string> found = attribute_values(node, kSignerPolicies);
  if (found.size() != 1 || found[0].find('`') == std::string::npos) return found;
  const bool is_legacy =
      (number_of(attribute_values(node, "msPKI-Private-Key-Flag")) & kUseLegacyProvider) != 0;
  if (number(node, "schemaversion") < 3 || is_legacy) return found;
  std::vector<std::string> parts;
  const std::string_view text = found[0];
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t end = std::min(text.find('`', from), text.size());
    parts.emplace_back(text.substr(from, end - from));
    from = end + 1;
  }
  std::vector<std::string> signers;
  for (std::size_t i = 0; i + 2 < parts.size(); i += 3) {
    if (parts[i] == kSignerPolicies) signers.push_back(parts[i + 2]);
  }
  return signers;
}

graph::Evidence CertificateSettings::evidence(NodeId node, std::string_view setting) const {
  if (!has_object(node) || is_collected(node)) return collected_.evidence(node, setting);
  const knowledge::CertificateSetting* const row = knowledge::certificate_setting(setting);
  const std::string_view attribute = row != nullptr                     ? row->attribute
                                     : setting == "applicationpolicies" ? kSignerPolicies
                                                                        : purpose_attribute(node);
  const snapshot::AttributeId id = snapshot_.attribute(attribute);
  const std::uint32_t object = nodes_.object(node);
  if (id == snapshot::kNoAttribute || !snapshot_.object(object).has(id)) {
    return {.item = static_cast<std::uint32_t>(graph::Rule::CertificateConditions)};
  }
  return {.kind = graph::Evidence::Kind::Attribute, .attribute = id, .object = object};
}

}  // namespace tierline::derive
