#include "collectors/bloodhound/collection.h"

#include <algorithm>
#include <charconv>
#include <ctime>

#include "core/base/text.h"
#include "core/knowledge/collected_relations.h"
#include "core/knowledge/user_account_control.h"

namespace tierline::collectors {
namespace {

using directory::AttributeSyntax;
using directory::ObjectId;
using json::Value;

namespace collected = knowledge::collected;
namespace uac = knowledge::uac;

std::optional<std::int64_t> whole_number(const Value& value) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.text.data(), value.text.data() + value.text.size(), number);
  if (value.type != Value::Type::Number || error != std::errc()) return std::nullopt;
  return number;
}

std::string generalized_time(std::int64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts = {};
  char text[32];
  if (::gmtime_r(&time, &parts) == nullptr) return "";
  return {text, std::strftime(text, sizeof text, "%Y%m%d%H%M%S.0Z", &parts)};
}

std::string file_time(std::int64_t seconds) {
  constexpr std::int64_t kFrom1601To1970 = 11'644'473'600;
  constexpr std::int64_t kLatest = 900'000'000'000;  // in the year 30,000; more would not fit
  if (seconds <= 0 || seconds > kLatest) return "0";
  return std::to_string((seconds + kFrom1601To1970) * 10'000'000);
}

}  // namespace

const ObjectType* type_of_documents(std::string_view name) {
  const auto types = knowledge::collected_types();
  const auto found = std::find_if(types.begin(), types.end(),
                                  [&](const ObjectType& type) { return type.documents == name; });
  return found == types.end() ? nullptr : &*found;
}

const ObjectType* type_of_kind(std::string_view kind) {
  const auto types = knowledge::collected_types();
  const auto found =
      std::find_if(types.begin(), types.end(), [&](const ObjectType& type) { return type.kind == kind; });
  return found == types.end() ? nullptr : &*found;
}

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string record;
  for (const std::string_view& part : parts) {
    if (&part != parts.begin()) record += '\t';
    const std::size_t from = record.size();
    record += part;
    if (&part != parts.end() - 1) {
      std::replace(record.begin() + static_cast<std::ptrdiff_t>(from), record.end(), '\t', ' ');
    }
  }
  return record;
}

Collection::Collection(snapshot::Builder& builder)
    : builder_(builder), dn_(builder.attribute("distinguishedName", AttributeSyntax::DistinguishedName)) {
  for (const knowledge::CollectedRelation& relation : knowledge::collected_relations()) {
    adds_up_.insert(builder.attribute(relation.attribute, AttributeSyntax::Text));
  }
  for (const std::string_view name :
       {collected::kAces, collected::kLocalGroups, collected::kLocalGroupMembers, collected::kUserRights,
        collected::kUserRightsRead, collected::kPolicyMembers, collected::kTrusts, collected::kServiceTargets,
        collected::kEnrollmentAgents, collected::kEdges, collected::kEdgesInto}) {
    adds_up_.insert(builder.attribute(name, AttributeSyntax::Text));
  }
}

void Collection::begin() {
  builder_.begin_object();
  has_place_ = false;
}

void Collection::give(std::string_view attribute, std::string_view text, AttributeSyntax syntax) {
  if (!text.empty()) builder_.value(builder_.attribute(attribute, syntax), text);
}

void Collection::add_identity(const ObjectType& type, const ObjectId& id, const Value& properties) {
  give(collected::kKind, type.kind.empty() ? "Base" : type.kind);
  const bool names_classes = properties.find("objectclass") != nullptr;
  if (!names_classes) give("objectClass", "top");
  // A domain that others trust, and of which nothing else is known, is no domain of this snapshot.
  const Value* const is_collected = properties.find("collected");
  const bool is_named_only =
      is_collected != nullptr && is_collected->type == Value::Type::Boolean && !is_collected->boolean;
  if (!is_named_only && !names_classes) give("objectClass", type.object_class);
  if (id.sid) give("objectSid", id.sid->to_bytes(), AttributeSyntax::Sid);
  if (id.sid) give(collected::kIdentifier, id.to_string());
  if (id.guid) give("objectGUID", as_text(id.guid->bytes), AttributeSyntax::Guid);
  if (type.kind == "IssuancePolicy") give("flags", "2");  // [MS-WCCE] 2.2.2.11

  const std::string_view name = properties.text_of("name");
  const std::string_view short_name = name.substr(0, name.rfind('@'));
  if (type.kind == "Computer") {
    give("dNSHostName", name);
  } else if (type.kind == "GPO") {
    give("displayName", short_name);
  } else if (id.sid && type.kind != "Domain" && properties.find("samaccountname") == nullptr) {
    give("sAMAccountName", short_name);
  }

  // Collectors do not agree on its case, and a place in the tree is found by its name.
  std::string dn = upper_case(properties.text_of("distinguishedname"));
  has_place_ = !dn.empty();
  if (dn.empty()) {
    // Nothing is said of its place; it still belongs to a domain, and is in no container that anything else is in.
    std::string domain = id.domain.empty() ? upper_case(properties.text_of("domain")) : id.domain;
    dn = "CN=" + (id.sid ? id.sid->to_string() : id.to_string());
    dn += collected::kUnplaced;
    while (!domain.empty()) {
      const std::size_t dot = domain.find('.');
      dn += ",DC=" + domain.substr(0, dot);
      domain = dot == std::string::npos ? "" : domain.substr(dot + 1);
    }
  }
  give("distinguishedName", dn, AttributeSyntax::DistinguishedName);
}

void Collection::add_properties(const Value& properties) {
  for (std::size_t i = 0; i < properties.names.size(); ++i) {
    const std::string name = fold_case(properties.names[i]);
    const Value& value = properties.items()[i];
    if (name == "distinguishedname" || name == "sidhistory") continue;
    if (value.type == Value::Type::Array) {
      for (const Value& item : value.items()) add_property(name, item);
    } else {
      add_property(name, value);
    }
  }
}

void Collection::add_property(std::string_view name, const Value& value) {
  if (value.type == Value::Type::Null || value.type == Value::Type::Object) return;
  std::string_view text = value.text;
  if (value.type == Value::Type::Boolean) text = value.boolean ? "TRUE" : "FALSE";
  const knowledge::CollectedProperty* const row = knowledge::collected_property(name);
  if (row == nullptr) return give(std::string(collected::kProperty).append(name), text);
  switch (row->form) {
    case knowledge::PropertyForm::Text:
      return give(row->attribute, text);
    case knowledge::PropertyForm::Flag:
      return give(row->attribute, value.is_true() || text == "1" ? "1" : "0");
    case knowledge::PropertyForm::Time:
      if (const auto seconds = whole_number(value)) give(row->attribute, generalized_time(*seconds));
      return;
    case knowledge::PropertyForm::FileTime:
      if (const auto seconds = whole_number(value)) give(row->attribute, file_time(*seconds));
      return;
    case knowledge::PropertyForm::Secret:
      if (!text.empty()) ++secrets_;
      return;
  }
}

// Of an account of which it is not said whether it is enabled, nothing is known.
void Collection::add_account_control(const ObjectType& type, const Value& element, const Value& properties) {
  const Value* const is_controller = element.find("IsDC");
  if (is_controller != nullptr && is_controller->is_true()) give(collected::kIsDomainController, "TRUE");
  const Value* const unconstrained = element.find("UnconstrainedDelegation");
  const Value* const said = properties.find("unconstraineddelegation");
  if ((unconstrained != nullptr && unconstrained->is_true()) || (said != nullptr && said->is_true())) {
    give(collected::kUnconstrained, "TRUE");
  }
  if (properties.find("enabled") == nullptr || properties.find("useraccountcontrol") != nullptr) return;
  std::int64_t control = uac::kNormalAccount;
  if (type.kind == "Computer") {
    const bool controller = is_controller != nullptr && is_controller->is_true();
    control = controller ? uac::kServerTrustAccount : uac::kWorkstationTrustAccount;
  }
  for (const knowledge::CollectedAccountFlag& flag : knowledge::collected_account_flags()) {
    const Value* const value = properties.find(flag.name);
    if (value != nullptr && value->type == Value::Type::Boolean && value->boolean == flag.when) {
      control |= flag.bit;
    }
  }
  give("userAccountControl", std::to_string(control));
}

void Collection::add_named_identity(const ObjectType& type, const std::string& identity,
                                    const Value& properties) {
  give(collected::kKind, type.kind.empty() ? "Base" : type.kind);
  give(collected::kIdentifier, identity);
  give("objectClass", "top");
  give("objectClass", type.object_class);
  const std::string_view name = properties.text_of("name");
  give(type.kind == "Computer" ? "dNSHostName" : "sAMAccountName", name.empty() ? identity : name);
  const std::string dn(properties.text_of("distinguishedname"));
  has_place_ = !dn.empty();
  give("distinguishedName", dn.empty() ? "CN=" + identity : dn, AttributeSyntax::DistinguishedName);
}

void Collection::end(std::string_view identity) {
  const auto part = static_cast<std::uint32_t>(parts_.size());
  parts_.push_back({.object = builder_.end_object(), .has_place = has_place_});
  if (const auto found = parts_by_identity_.find(identity); found != parts_by_identity_.end()) {
    parts_[found->second.last].next = part;
    found->second.last = part;
  } else {
    parts_.back().is_first = true;
    parts_by_identity_.emplace(identities_.keep(identity), Parts{part, part});
  }
}

// The first part as it is; of later ones the relations that are new, and what none after them says otherwise.
void Collection::merge(std::uint32_t first) {
  using Kept = std::pair<snapshot::AttributeId, std::string_view>;
  boost::unordered_flat_map<snapshot::AttributeId, std::uint32_t> said_last;
  for (std::uint32_t i = first; i != kNoPart; i = parts_[i].next) {
    for (const auto& value : builder_.values(parts_[i].object)) {
      if (i == first || !is_made_up(parts_[i], value.attribute)) said_last[value.attribute] = i;
    }
  }
  struct HashKept {
    SeededHash hash;
    std::size_t operator()(const Kept& kept) const { return hash(kept.second) ^ kept.first; }
  };
  boost::unordered_flat_set<Kept, HashKept> relations;
  builder_.begin_object();
  for (std::uint32_t i = first; i != kNoPart; i = parts_[i].next) {
    for (const auto& value : builder_.values(parts_[i].object)) {
      const bool counts = adds_up_.contains(value.attribute)
                              ? relations.emplace(value.attribute, as_text(value.bytes)).second || i == first
                              : said_last[value.attribute] == i;
      if (counts) builder_.value(value.attribute, value.bytes);
    }
    builder_.drop(parts_[i].object);
  }
  builder_.end_object();
}

std::string_view Collection::identity_of(std::string_view text) {
  if (text.empty()) return "";
  constexpr std::size_t kMostTexts = 65536;  // the same few are named again and again
  if (const auto found = identity_by_text_.find(text); found != identity_by_text_.end()) return found->second;
  const auto id = ObjectId::parse(text);
  if (!id && text.find('=') == std::string_view::npos) {
    quarantine();
    return "";
  }
  if (identity_by_text_.size() == kMostTexts) identity_by_text_.clear();
  return identity_by_text_.emplace(text, id ? id->to_string() : upper_case(text)).first->second;
}

void Collection::finish() {
  for (std::uint32_t i = 0; i < parts_.size(); ++i) {
    if (parts_[i].is_first && parts_[i].next != kNoPart) merge(i);
  }
  if (without_identity_ != 0) {
    builder_.cover({.area = "objects without a SID or GUID",
                    .missing = without_identity_,
                    .reason = "what they are cannot be told"});
  }
  builder_.cover(
      {.area = "security descriptors",
       .asked = false,
       .reason = "not in a collection for BloodHound; its rights are as its collector judged them"});
  builder_.cover(
      {.area = "secret attributes", .asked = false, .missing = secrets_, .reason = "never imported"});
}

}  // namespace tierline::collectors
