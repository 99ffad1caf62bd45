#include "collectors/bloodhound/sharphound.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <filesystem>
#include <map>
#include <set>

#include "collectors/bloodhound/archive.h"
#include "core/base/text.h"
#include "core/directory/distinguished_name.h"
#include "core/directory/object_id.h"
#include "core/knowledge/collected_relations.h"
#include "core/knowledge/user_account_control.h"

namespace tierline::collectors {
namespace {

using directory::AttributeSyntax;
using directory::ObjectId;
using json::Value;

namespace collected = knowledge::collected;
namespace uac = knowledge::uac;

/// A kind of document: what `meta.type` and the end of its file's name call it.
struct DocumentType {
  std::string_view name;
  std::string_view kind;          ///< of the objects in it
  std::string_view object_class;  ///< the most specific one, [MS-ADSC]
};

// clang-format off
constexpr DocumentType kTypes[] = {
    {"users", "User", "user"},
    {"computers", "Computer", "computer"},
    {"groups", "Group", "group"},
    {"domains", "Domain", "domainDNS"},
    {"ous", "OU", "organizationalUnit"},
    {"containers", "Container", "container"},
    {"gpos", "GPO", "groupPolicyContainer"},
    {"certtemplates", "CertTemplate", "pKICertificateTemplate"},
    {"enterprisecas", "EnterpriseCA", "pKIEnrollmentService"},
    {"rootcas", "RootCA", "certificationAuthority"},
    {"aiacas", "AIACA", "certificationAuthority"},
    {"ntauthstores", "NTAuthStore", "certificationAuthority"},
    {"issuancepolicies", "IssuancePolicy", "msPKI-Enterprise-Oid"},
    {"sessions", "", ""},
};

// Lists of members by relative identifier, as collectors wrote them before LocalGroups and beside it in GPOChanges.
struct MemberList { std::string_view field; std::string_view rid; std::string_view name; };
constexpr MemberList kMemberLists[] = {
    {"LocalAdmins", "544", "ADMINISTRATORS"},
    {"RemoteDesktopUsers", "555", "REMOTE DESKTOP USERS"},
    {"DcomUsers", "562", "DISTRIBUTED COM USERS"},
    {"PSRemoteUsers", "580", "REMOTE MANAGEMENT USERS"},
};

// As numbers where older collectors write them so.
constexpr std::string_view kTrustDirections[] = {"Disabled", "Inbound", "Outbound", "Bidirectional"};
constexpr std::string_view kTrustTypes[] = {"ParentChild", "CrossLink", "Forest", "External", "Unknown"};
// clang-format on

constexpr std::string_view kIgnoredName = "IGNOREME";  // a domain controller's groups are those of the domain

const DocumentType* type_named(std::string_view name) {
  const auto found = std::find_if(std::begin(kTypes), std::end(kTypes),
                                  [&](const DocumentType& type) { return type.name == name; });
  return found == std::end(kTypes) ? nullptr : found;
}

// "20240305110018_users.json"
const DocumentType* type_of_file(const std::string& name) {
  const std::string stem = fold_case(std::filesystem::path(name).stem().string());
  const std::size_t at = stem.rfind('_');
  return type_named(std::string_view(stem).substr(at == std::string::npos ? 0 : at + 1));
}

// The same file always gives the same facts, so the time of a collection is the one in its name.
std::int64_t time_of_file(const std::string& name) {
  std::tm time = {};
  return ::strptime(name.c_str(), "%Y%m%d%H%M%S", &time) == nullptr ? 0 : ::timegm(&time);
}

/// Parts of one value; all but the last are names and numbers, which have no tabs unless somebody means harm.
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

/// A number or a name that stands in `names` at the place of the number.
std::string named(const Value& object, std::string_view field, std::span<const std::string_view> names) {
  const Value* const value = object.find(field);
  if (value == nullptr) return "";
  if (value->type != Value::Type::Number) return value->text;
  std::size_t place = names.size();
  std::from_chars(value->text.data(), value->text.data() + value->text.size(), place);
  return place < names.size() ? std::string(names[place]) : "Unknown";
}

std::string_view choice(const Value& object, std::string_view field, std::string_view yes,
                        std::string_view no) {
  const Value* const value = object.find(field);
  if (value == nullptr || value->type != Value::Type::Boolean) return "unknown";
  return value->boolean ? yes : no;
}

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

/// An object as it is put together: it may come in several documents, each with what its collector asked for.
struct Record {
  std::vector<std::pair<snapshot::AttributeId, std::string>> values;
  bool has_place = false;  ///< its distinguished name was said, not made up
};

class Import {
 public:
  explicit Import(snapshot::Builder& builder)
      : builder_(builder), dn_(builder.attribute("distinguishedName", AttributeSyntax::DistinguishedName)) {
    for (const knowledge::CollectedRelation& relation : knowledge::collected_relations()) {
      adds_up_.insert(builder.attribute(relation.attribute, AttributeSyntax::Text));
    }
    for (const std::string_view name :
         {collected::kAces, collected::kLocalGroups, collected::kLocalGroupMembers, collected::kUserRights,
          collected::kUserRightsRead, collected::kPolicyMembers, collected::kTrusts,
          collected::kServiceTargets, collected::kEnrollmentAgents, collected::kEdges}) {
      adds_up_.insert(builder.attribute(name, AttributeSyntax::Text));
    }
  }

  Status run(const std::string& path, snapshot::Provenance& provenance) {
    Status status = for_each_document(path, [&](Document document) { return take_document(document); });
    if (!status) return status;
    add_computers_of_sessions();
    emit_objects();
    if (documents_ == 0) {
      if (!first_fault_) return Error{ErrorCode::BadData, "no collection is in it", path};
      const std::string name = std::filesystem::path(path).filename();
      first_fault_->where = first_fault_->where == name ? path : path + ": " + first_fault_->where;
      return *std::move(first_fault_);
    }
    provenance.source = "sharphound";
    provenance.started = provenance.finished = std::max(provenance.started, latest_);
    provenance.server = std::filesystem::path(path).filename();
    report_coverage();
    return {};
  }

 private:
  // -- documents --------------------------------------------------------------------------------------------------

  /// What is known of a document while it is read.
  struct Reading {
    const DocumentType* type = nullptr;  ///< of the file's name, or of `meta`
    std::string stated;                  ///< meta.type
    std::int64_t count = 0;              ///< meta.count
    std::uint64_t elements = 0;
    bool is_graph = false;
    std::vector<Value> waiting;  ///< for `meta`, when the file's name says nothing
  };

  Status take_document(Document& document) {
    if (document.source == nullptr) {
      note_fault(std::move(document.error), document.name);
      return {};
    }
    Reading reading;
    reading.type = type_of_file(document.name);
    const json::Consumer consumer = {.element = [&](std::string_view list, Value&& element) -> Status {
                                       take_from_list(reading, list, std::move(element));
                                       return {};
                                     },
                                     .member = [&](std::string_view name, Value&& value) -> Status {
                                       if (name == "meta") take_meta(reading, value);
                                       return {};
                                     }};
    Status status = json::read(*document.source, consumer);
    if (reading.type != nullptr) {
      for (const Value& element : reading.waiting) take_element(*reading.type, element);
    }
    if (!status) {
      note_fault(std::move(status).error(), document.name);
    } else if (reading.type == nullptr && !reading.is_graph) {
      note_fault(
          {ErrorCode::BadData, "no collection for BloodHound: neither its name nor its meta says of what"},
          document.name);
    } else {
      check_meta(reading, document.name);
    }
    return {};
  }

  void take_from_list(Reading& reading, std::string_view list, Value&& element) {
    if (list == "nodes" || list == "edges") {
      reading.is_graph = true;
      list == "nodes" ? take_node(element) : take_edge(element);
    } else if (list == "data") {
      ++reading.elements;
      if (reading.type == nullptr) {
        reading.waiting.push_back(std::move(element));
      } else {
        take_element(*reading.type, element);
      }
    }
  }

  static void take_meta(Reading& reading, const Value& meta) {
    reading.stated = meta.text_of("type");
    if (const Value* const count = meta.find("count")) reading.count = whole_number(*count).value_or(0);
    if (reading.type == nullptr) reading.type = type_named(reading.stated);
  }

  void check_meta(const Reading& reading, const std::string& name) {
    ++documents_;
    latest_ = std::max(latest_, time_of_file(name));
    if (reading.type != nullptr && !reading.stated.empty() && reading.stated != reading.type->name) {
      note_fault({ErrorCode::BadData, "its meta says " + reading.stated}, name);
    }
    // Collectors are known to write a count of 0, and people to add objects by hand: it is told, and no gap.
    if (reading.count != 0 && static_cast<std::uint64_t>(reading.count) != reading.elements) {
      builder_.cover({.area = "collection " + visible(name) + ": its meta says " +
                              std::to_string(reading.count) + " objects",
                      .read = reading.elements});
    }
  }

  void note_fault(Error error, const std::string& name) {
    if (error.where.empty()) error.where = name;
    builder_.cover({.area = "collection " + visible(name), .missing = 1, .reason = error.describe()});
    if (!first_fault_) first_fault_ = std::move(error);
  }

  // -- objects ----------------------------------------------------------------------------------------------------

  void take_element(const DocumentType& type, const Value& element) {
    if (type.name == "sessions") {
      const auto computer = ObjectId::parse(element.text_of("ComputerSID"));
      const auto user = ObjectId::parse(element.text_of("UserSID"));
      if (!computer || !user) return quarantine();
      loose_sessions_[computer->to_string()].push_back(user->to_string());
      return;
    }
    const auto id = ObjectId::parse(element.text_of("ObjectIdentifier"));
    if (!id) return quarantine();
    if (const Value* const deleted = element.find("IsDeleted"); deleted != nullptr && deleted->is_true()) {
      ++deleted_;
      return;
    }
    ++objects_[std::string(type.name)];
    static const Value kNone;
    const Value* const stored = element.find("Properties");
    const Value& properties = stored == nullptr ? kNone : *stored;
    current_ = {};
    add_identity(type, *id, properties);
    add_properties(properties);
    if (type.kind == "User" || type.kind == "Computer") add_account_control(type, element, properties);
    add_relations(element, *id, type.kind);
    merge(id->to_string());
  }

  // Relations add up; of anything else, what was said last counts.
  void merge(const std::string& id) {
    const auto [place, added] = records_.try_emplace(id);
    Record& record = place->second;
    if (added) {
      record = std::move(current_);
      return;
    }
    std::set<snapshot::AttributeId> said;
    for (const auto& [attribute, value] : current_.values) {
      const bool is_made_up = attribute == dn_ && !current_.has_place;
      if (!adds_up_.contains(attribute) && !is_made_up) said.insert(attribute);
    }
    std::erase_if(record.values, [&](const auto& value) { return said.contains(value.first); });
    std::set<std::pair<snapshot::AttributeId, std::string>> known(record.values.begin(), record.values.end());
    for (auto& value : current_.values) {
      if (value.first == dn_ && !current_.has_place) continue;
      if (!adds_up_.contains(value.first) || known.insert(value).second) {
        record.values.push_back(std::move(value));
      }
    }
    record.has_place = record.has_place || current_.has_place;
  }

  void emit_objects() {
    for (auto& [id, record] : records_) {
      builder_.begin_object();
      for (const auto& [attribute, value] : record.values) builder_.value(attribute, value);
      builder_.end_object();
      record = {};
    }
  }

  void quarantine() { ++without_identity_; }

  // -- graphs -----------------------------------------------------------------------------------------------------

  // Of a node's kinds the first counts; "Base" is what every node is.
  void take_node(const Value& element) {
    std::string_view kind;
    for (const Value& name : element.items_of("kinds")) {
      if (kind.empty() && name.text != "Base") kind = name.text;
    }
    const std::string_view id = element.text_of("id");
    if (id.empty()) return quarantine();
    static const Value kNone;
    const Value* const stored = element.find("properties");
    take_graph_object(id, kind, stored == nullptr ? kNone : *stored);
  }

  void take_graph_object(std::string_view text, std::string_view kind, const Value& properties) {
    const auto found = std::find_if(std::begin(kTypes), std::end(kTypes),
                                    [&](const DocumentType& type) { return type.kind == kind; });
    const DocumentType type = found == std::end(kTypes) ? DocumentType{"nodes", kind, ""} : *found;
    const auto id = ObjectId::parse(text);
    ++objects_["nodes"];
    current_ = {};
    if (id) {
      add_identity(type, *id, properties);
    } else {
      add_named_identity(type, upper_case(text), properties);
    }
    add_properties(properties);
    if (kind == "User" || kind == "Computer") add_account_control(type, properties, properties);
    give(collected::kDomainSid, upper_case(properties.text_of("domainsid")));
    merge(id ? id->to_string() : upper_case(text));
  }

  // In drawn graphs, identifiers are whatever somebody wrote.
  void add_named_identity(const DocumentType& type, const std::string& identity, const Value& properties) {
    give(collected::kKind, type.kind.empty() ? "Base" : type.kind);
    give(collected::kIdentifier, identity);
    give("objectClass", "top");
    give("objectClass", type.object_class);
    const std::string_view name = properties.text_of("name");
    give(type.kind == "Computer" ? "dNSHostName" : "sAMAccountName", name.empty() ? identity : name);
    const std::string dn(properties.text_of("distinguishedname"));
    current_.has_place = !dn.empty();
    give("distinguishedName", dn.empty() ? "CN=" + identity : dn, AttributeSyntax::DistinguishedName);
  }

  void take_edge(const Value& element) {
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
    const auto source = ObjectId::parse(start->text_of("value"));
    const std::string identity = source ? source->to_string() : upper_case(start->text_of("value"));
    if (!records_.contains(identity)) take_graph_object(identity, start->text_of("kind"), Value());
    const auto target = ObjectId::parse(end->text_of("value"));
    current_ = {};
    give(collected::kEdges, joined({kind, target ? target->to_string() : upper_case(end->text_of("value")),
                                    end->text_of("kind")}));
    merge(identity);
  }

  void give(std::string_view attribute, std::string_view text,
            AttributeSyntax syntax = AttributeSyntax::Text) {
    if (!text.empty()) current_.values.emplace_back(builder_.attribute(attribute, syntax), text);
  }

  void add_identity(const DocumentType& type, const ObjectId& id, const Value& properties) {
    give(collected::kKind, type.kind.empty() ? "Base" : type.kind);
    give("objectClass", "top");
    // A domain that others trust, and of which nothing else is known, is no domain of this snapshot.
    const Value* const is_collected = properties.find("collected");
    const bool is_named_only =
        is_collected != nullptr && is_collected->type == Value::Type::Boolean && !is_collected->boolean;
    if (!is_named_only) give("objectClass", type.object_class);
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

    std::string dn(properties.text_of("distinguishedname"));
    current_.has_place = !dn.empty();
    if (dn.empty()) {
      // Nothing is said of its place; it still belongs to a domain, and is in no container that anything else is in.
      std::string domain = id.domain.empty() ? upper_case(properties.text_of("domain")) : id.domain;
      dn = "CN=" + (id.sid ? id.sid->to_string() : id.to_string()) + ",CN=Unplaced";
      while (!domain.empty()) {
        const std::size_t dot = domain.find('.');
        dn += ",DC=" + domain.substr(0, dot);
        domain = dot == std::string::npos ? "" : domain.substr(dot + 1);
      }
    }
    give("distinguishedName", dn, AttributeSyntax::DistinguishedName);
  }

  void add_properties(const Value& properties) {
    for (std::size_t i = 0; i < properties.names.size(); ++i) {
      const std::string& name = properties.names[i];
      const Value& value = properties.items[i];
      if (name == "distinguishedname" || name == "sidhistory") continue;
      const knowledge::CollectedProperty* const row = knowledge::collected_property(name);
      if (value.type == Value::Type::Array) {
        for (const Value& item : value.items) add_property(name, row, item);
      } else {
        add_property(name, row, value);
      }
    }
  }

  void add_property(const std::string& name, const knowledge::CollectedProperty* row, const Value& value) {
    if (value.type == Value::Type::Null || value.type == Value::Type::Object) return;
    const std::string text =
        value.type == Value::Type::Boolean ? (value.boolean ? "TRUE" : "FALSE") : value.text;
    if (row == nullptr) return give(std::string(collected::kProperty) + name, text);
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
  void add_account_control(const DocumentType& type, const Value& element, const Value& properties) {
    const Value* const is_controller = element.find("IsDC");
    if (is_controller != nullptr && is_controller->is_true()) give(collected::kIsDomainController, "TRUE");
    const Value* const unconstrained = element.find("UnconstrainedDelegation");
    const Value* const said = properties.find("unconstraineddelegation");
    if ((unconstrained != nullptr && unconstrained->is_true()) || (said != nullptr && said->is_true())) {
      give(collected::kUnconstrained, "TRUE");
    }
    if (properties.find("enabled") == nullptr) return;
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

  // -- relations --------------------------------------------------------------------------------------------------

  /// "OTHER KIND" of a typed principal, an identifier or a GPO link; empty when it names nothing.
  std::string other(const Value& value, std::string_view assumed_kind) {
    const Value* id = &value;
    for (const std::string_view name : {"ObjectIdentifier", "ObjectId", "UserSID", "GUID"}) {
      if (id == &value && value.find(name) != nullptr) id = value.find(name);
    }
    const std::string identity = identity_of(id->text);
    if (identity.empty()) return "";
    const std::string_view kind = value.text_of("ObjectType");
    return joined({identity, kind.empty() ? assumed_kind : kind});
  }

  /// The identifier in upper case; also the name of a member that the collector could not resolve.
  std::string identity_of(std::string_view text) {
    if (text.empty()) return "";
    const auto id = ObjectId::parse(text);
    if (id) return id->to_string();
    if (text.find('=') != std::string_view::npos) return upper_case(text);
    ++without_identity_;
    return "";
  }

  void add_relations(const Value& element, const ObjectId& id, std::string_view kind) {
    for (const knowledge::CollectedRelation& relation : knowledge::collected_relations()) {
      add_relation(element, relation);
    }
    for (const Value& target : spn_targets(element)) {
      const std::string computer = identity_of(target.text_of("ComputerSID"));
      if (computer.empty()) continue;
      give(collected::kServiceTargets, joined({computer, target.text_of("Port"), target.text_of("Service")}));
    }
    if (const std::string domain = identity_of(element.text_of("DomainSID")); !domain.empty()) {
      give(collected::kDomainSid, domain);
    } else if (const Value* const properties = element.find("Properties")) {
      give(collected::kDomainSid, identity_of(properties->text_of("domainsid")));
    }
    add_aces(element);
    add_sid_history(element);
    add_local_groups(element, id);
    add_user_rights(element);
    add_policy_members(element);
    add_trusts(element);
    add_registry(element, kind);
  }

  static const std::vector<Value>& spn_targets(const Value& element) {
    const std::vector<Value>& targets = element.items_of("SPNTargets");
    return targets.empty() ? element.items_of("SpnTargets") : targets;
  }

  void add_relation(const Value& element, const knowledge::CollectedRelation& relation) {
    const Value* value = element.find(relation.field);
    if (value == nullptr) return;
    // Sessions stand inside an answer with a reason why there are none.
    if (const Value* const results = value->find("Results")) value = results;
    std::string_view kind = "Base";
    if (relation.edge == knowledge::EdgeKind::HasSession) kind = "User";
    if (relation.edge == knowledge::EdgeKind::GPLink) kind = "GPO";
    if (relation.edge == knowledge::EdgeKind::HostsCAService) kind = "Computer";
    if (relation.edge == knowledge::EdgeKind::MemberOf && relation.from_object) kind = "Group";
    if (value->type != Value::Type::Array) return give(relation.attribute, other(*value, kind));
    for (const Value& item : value->items) give(relation.attribute, other(item, kind));
  }

  void add_aces(const Value& element) {
    const Value* const registry = element.find("CARegistryData");
    const Value* const security = registry == nullptr ? nullptr : registry->find("CASecurity");
    // What the registry of the authority says counts; its object in the directory is only a copy.
    const bool from_registry = security != nullptr && security->find("Collected") != nullptr &&
                               security->find("Collected")->is_true();
    for (const Value& ace : element.items_of("Aces")) {
      const std::string_view right = ace.text_of("RightName");
      const bool is_of_service = right == "Enroll" || right == "ManageCA" || right == "ManageCertificates";
      if (!from_registry || !is_of_service) add_ace(ace);
    }
    if (!from_registry) return;
    for (const Value& ace : security->items_of("Data")) add_ace(ace);
  }

  void add_ace(const Value& ace) {
    const std::string trustee = identity_of(ace.text_of("PrincipalSID"));
    if (trustee.empty()) return;
    const std::string_view right = ace.text_of("RightName");
    if (knowledge::collected_right(right) == nullptr) ++unknown_rights_[std::string(right)];
    const Value* const inherited = ace.find("IsInherited");
    give(collected::kAces, joined({right, trustee, ace.text_of("PrincipalType"),
                                   inherited != nullptr && inherited->is_true() ? "inherited" : "explicit",
                                   ace.text_of("InheritanceHash")}));
  }

  void add_sid_history(const Value& element) {
    for (const Value& former : element.items_of("HasSIDHistory")) {
      const auto id = ObjectId::parse(former.text_of("ObjectIdentifier"));
      if (id && id->sid) give("sIDHistory", id->sid->to_bytes(), AttributeSyntax::Sid);
    }
  }

  void add_local_groups(const Value& element, const ObjectId& computer) {
    for (const Value& group : element.items_of("LocalGroups")) {
      const Value* const collected = group.find("Collected");
      const std::string id = identity_of(group.text_of("ObjectIdentifier"));
      if (id.empty() || (collected != nullptr && !collected->is_true())) {
        ++local_groups_missing_;
        continue;
      }
      ++local_groups_;
      const std::string_view name = group.text_of("Name");
      give(collected::kLocalGroups, joined({id, name.starts_with(kIgnoredName) ? "" : name}));
      for (const Value& member : group.items_of("Results")) {
        if (const std::string principal = other(member, "Base"); !principal.empty()) {
          give(collected::kLocalGroupMembers, id + "\t" + principal);
        }
      }
    }
    for (const MemberList& list : kMemberLists) {
      const Value* const answer = element.find(list.field);
      if (answer == nullptr || answer->items_of("Results").empty()) continue;
      const std::string id = computer.to_string() + "-" + std::string(list.rid);
      const Value* const properties = element.find("Properties");
      const std::string host(properties == nullptr ? "" : properties->text_of("name"));
      give(collected::kLocalGroups, joined({id, std::string(list.name) + "@" + host}));
      for (const Value& member : answer->items_of("Results")) {
        if (const std::string principal = other(member, "Base"); !principal.empty()) {
          give(collected::kLocalGroupMembers, id + "\t" + principal);
        }
      }
    }
  }

  void add_user_rights(const Value& element) {
    for (const Value& right : element.items_of("UserRights")) {
      const Value* const collected = right.find("Collected");
      if (collected != nullptr && !collected->is_true()) continue;
      const std::string privilege = joined({right.text_of("Privilege"), ""});
      give(collected::kUserRightsRead, right.text_of("Privilege"));
      for (const Value& holder : right.items_of("Results")) {
        if (const std::string principal = other(holder, "Base"); !principal.empty()) {
          give(collected::kUserRights, privilege + principal);
        }
      }
    }
  }

  void add_policy_members(const Value& element) {
    const Value* const changes = element.find("GPOChanges");
    if (changes == nullptr) return;
    for (const Value& affected : changes->items_of("AffectedComputers")) {
      const std::string computer = identity_of(affected.text_of("ObjectIdentifier"));
      if (computer.empty()) continue;
      for (const MemberList& list : kMemberLists) {
        for (const Value& member : changes->items_of(list.field)) {
          if (const std::string principal = other(member, "Base"); !principal.empty()) {
            give(collected::kPolicyMembers, joined({list.rid, ""}) + principal + "\t" + computer);
          }
        }
      }
    }
  }

  void add_trusts(const Value& element) {
    for (const Value& trust : element.items_of("Trusts")) {
      const std::string partner = identity_of(trust.text_of("TargetDomainSid"));
      if (partner.empty()) continue;
      give(collected::kTrusts, joined({partner, named(trust, "TrustDirection", kTrustDirections),
                                       named(trust, "TrustType", kTrustTypes),
                                       choice(trust, "SidFilteringEnabled", "filtered", "open"),
                                       choice(trust, "TGTDelegationEnabled", "delegates", "refuses"),
                                       upper_case(trust.text_of("TargetDomainName"))}));
    }
  }

  // What a collector read in the registry of an authority or a domain controller; -1 is a value that is not set.
  void add_registry(const Value& element, std::string_view kind) {
    const auto answer_of = [](const Value* registry, std::string_view field) -> const Value* {
      const Value* const answer = registry == nullptr ? nullptr : registry->find(field);
      const Value* const collected = answer == nullptr ? nullptr : answer->find("Collected");
      return collected != nullptr && collected->is_true() ? answer : nullptr;
    };
    const auto setting = [&](const Value* registry, std::string_view field, std::string_view name) {
      const Value* const answer = answer_of(registry, field);
      const Value* const value = answer == nullptr ? nullptr : answer->find("Value");
      if (value != nullptr) add_property(std::string(name), nullptr, *value);
    };
    const Value* const controller = element.find("DCRegistryData");
    setting(controller, "CertificateMappingMethods", "certificatemappingmethodsraw");
    setting(controller, "StrongCertificateBindingEnforcement", "strongcertificatebindingenforcementraw");
    const Value* const authority = element.find("CARegistryData");
    setting(authority, "IsUserSpecifiesSanEnabled", "isuserspecifiessanenabled");
    setting(authority, "RoleSeparationEnabled", "roleseparationenabled");
    const bool is_controller = element.find("IsDC") != nullptr && element.find("IsDC")->is_true();
    if (is_controller && answer_of(controller, "StrongCertificateBindingEnforcement") == nullptr) {
      ++controllers_without_registry_;
    }
    if (kind == "EnterpriseCA" && answer_of(authority, "CASecurity") == nullptr)
      ++authorities_without_registry_;
    const Value* const agents = answer_of(authority, "EnrollmentAgentRestrictions");
    if (agents == nullptr) return;
    const std::vector<Value>& restrictions = agents->items_of("Restrictions");
    give(std::string(collected::kProperty) + "hasenrollmentagentrestrictions",
         restrictions.empty() ? "FALSE" : "TRUE");
    for (const Value& restriction : restrictions) {
      if (restriction.text_of("AccessType") != "AccessAllowedCallback") continue;
      const Value* const agent = restriction.find("Agent");
      const std::string who = agent == nullptr ? "" : other(*agent, "Base");
      if (who.empty()) continue;
      const Value* const all = restriction.find("AllTemplates");
      const Value* const one = restriction.find("Template");
      const std::string what = all != nullptr && all->is_true() ? "*"
                               : one == nullptr                 ? ""
                                                : identity_of(one->text_of("ObjectIdentifier"));
      if (!what.empty()) give(collected::kEnrollmentAgents, who + "\t" + what);
    }
  }

  void give_sessions(const std::vector<std::string>& users) {
    for (const std::string& user : users) give("SharpHound.Sessions", joined({user, "User"}));
  }

  // Sessions that come in documents of their own are facts of the computer, of which there may be nothing else.
  void add_computers_of_sessions() {
    for (const auto& [computer, users] : loose_sessions_) {
      const auto id = ObjectId::parse(computer);
      current_ = {};
      add_identity(*type_named("computers"), *id, Value());
      give_sessions(users);
      merge(computer);
    }
  }

  // -- coverage ---------------------------------------------------------------------------------------------------

  void report_coverage() {
    for (const auto& [type, count] : objects_) builder_.cover({.area = type, .read = count});
    const auto told = [&](std::string area, std::uint64_t missing, std::string reason) {
      if (missing == 0) return;
      builder_.cover({.area = std::move(area), .missing = missing, .reason = std::move(reason)});
    };
    told("objects without a SID or GUID", without_identity_, "what they are cannot be told");
    for (const auto& [right, count] : unknown_rights_) {
      told("rights named " + visible(right), count, "no such right is known");
    }
    for (const auto& [kind, count] : unknown_edges_) {
      told("edges of kind " + visible(kind), count, "no such kind is known");
    }
    told("edges whose ends are not named by identifier", edges_without_ends_,
         "what they join cannot be told");
    told("local groups", local_groups_missing_, "the collector could not read them");
    if (deleted_ != 0) {
      builder_.cover({.area = "deleted objects", .asked = false, .missing = deleted_, .reason = "no path"});
    }
    const auto unknown = [&](const char* area, std::uint64_t missing) {
      if (missing == 0) return;
      builder_.cover({.area = area,
                      .asked = false,
                      .missing = missing,
                      .reason = "not read by the collector, so what certificates allow there is unknown"});
    };
    unknown("settings of certification authorities", authorities_without_registry_);
    unknown("settings of domain controllers for certificates", controllers_without_registry_);
    builder_.cover(
        {.area = "security descriptors",
         .asked = false,
         .reason = "not in a collection for BloodHound; its rights are as its collector judged them"});
    builder_.cover(
        {.area = "secret attributes", .asked = false, .missing = secrets_, .reason = "never imported"});
  }

  snapshot::Builder& builder_;
  snapshot::AttributeId dn_;
  std::set<snapshot::AttributeId> adds_up_;
  std::map<std::string, Record> records_;  ///< by identifier
  Record current_;
  std::int64_t latest_ = 0;                       ///< of the times in the documents' names
  std::map<std::string, std::uint64_t> objects_;  ///< by type
  std::map<std::string, std::vector<std::string>> loose_sessions_;
  std::map<std::string, std::uint64_t> unknown_rights_;
  std::map<std::string, std::uint64_t> unknown_edges_;
  std::uint64_t edges_without_ends_ = 0;
  std::optional<Error> first_fault_;
  std::uint64_t documents_ = 0;
  std::uint64_t without_identity_ = 0;
  std::uint64_t local_groups_ = 0;
  std::uint64_t local_groups_missing_ = 0;
  std::uint64_t authorities_without_registry_ = 0;
  std::uint64_t controllers_without_registry_ = 0;
  std::uint64_t deleted_ = 0;
  std::uint64_t secrets_ = 0;
};

}  // namespace

bool is_sharphound(ByteSpan start) {
  std::string_view text = as_text(start);
  if (text.starts_with("PK\x03\x04") || text.starts_with("PK\x05\x06")) return true;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{';
}

Status read_sharphound(const std::string& path, snapshot::Builder& builder,
                       snapshot::Provenance& provenance) {
  return Import(builder).run(path, provenance);
}

}  // namespace tierline::collectors
