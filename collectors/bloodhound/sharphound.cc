#include "collectors/bloodhound/sharphound.h"

#include <boost/unordered/unordered_flat_set.hpp>
#include <charconv>

#include "core/base/text.h"
#include "core/knowledge/collected_relations.h"

namespace tierline::collectors {

using directory::AttributeSyntax;
using directory::ObjectId;
using json::Value;

namespace collected = knowledge::collected;

namespace {

// clang-format off
// Lists of members by relative identifier, as collectors wrote them before LocalGroups and beside it in GPOChanges.
struct MemberList { std::string_view field; std::string_view rid; std::string_view name; };
constexpr MemberList kMemberLists[] = {
    {"LocalAdmins", "544", "ADMINISTRATORS"},
    {"RemoteDesktopUsers", "555", "REMOTE DESKTOP USERS"},
    {"DcomUsers", "562", "DISTRIBUTED COM USERS"},
    {"PSRemoteUsers", "580", "REMOTE MANAGEMENT USERS"},
};

// Fields besides those of knowledge::collected_relations() that are read, or say nothing that a graph could hold.
constexpr std::string_view kFields[] = {
    "ObjectIdentifier", "Properties", "Aces", "IsDeleted", "IsACLProtected", "IsDC", "DomainSID", "UnconstrainedDelegation",
    "SPNTargets", "SpnTargets", "LocalGroups", "LocalAdmins", "RemoteDesktopUsers", "DcomUsers", "PSRemoteUsers",
    "UserRights", "GPOChanges", "Trusts", "DCRegistryData", "CARegistryData", "NTLMRegistryData", "IsWebClientRunning",
    "SmbInfo", "HttpEnrollmentEndpoints", "ComputerSID", "UserSID",
    "Status", "LogonType", "LastSeen", "InheritanceHashes", "ForestRootIdentifier",
    "TierlineEdges", "TierlineEdgesInto",
};

// As numbers where older collectors write them so.
constexpr std::string_view kTrustDirections[] = {"Disabled", "Inbound", "Outbound", "Bidirectional"};
constexpr std::string_view kTrustTypes[] = {"ParentChild", "CrossLink", "Forest", "External", "Unknown"};
// clang-format on

constexpr std::string_view kIgnoredName = "IGNOREME";  // a domain controller's groups are those of the domain

/// A number or a name that stands in `names` at the place of the number.
std::string named(const Value& object, std::string_view field, std::span<const std::string_view> names) {
  const Value* const value = object.find(field);
  if (value == nullptr) return "";
  if (value->type != Value::Type::Number) return std::string(value->text);
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

std::span<const Value> spn_targets(const Value& element) {
  const std::span<const Value> targets = element.items_of("SPNTargets");
  return targets.empty() ? element.items_of("SpnTargets") : targets;
}

boost::unordered_flat_set<std::string_view> known_fields() {
  boost::unordered_flat_set<std::string_view> known(std::begin(kFields), std::end(kFields));
  for (const knowledge::CollectedRelation& relation : knowledge::collected_relations()) {
    known.insert(relation.field);
  }
  return known;
}

}  // namespace

void SharpHound::count_unknown_fields(const ObjectType& type, const Value& element) {
  static const auto kKnown = known_fields();
  for (const std::string_view name : element.names) {
    constexpr std::size_t kMostNames = 100;  // whoever makes up names must not fill memory with them
    if (kKnown.contains(name)) continue;
    std::string key = std::string(type.documents).append(".").append(name.substr(0, 64));
    if (unknown_fields_.size() < kMostNames || unknown_fields_.contains(key))
      ++unknown_fields_[std::move(key)];
  }
}

void SharpHound::take_element(const ObjectType& type, const Value& element) {
  count_unknown_fields(type, element);
  if (type.documents == "sessions") {
    const auto computer = ObjectId::parse(element.text_of("ComputerSID"));
    const auto user = ObjectId::parse(element.text_of("UserSID"));
    if (!computer || !user) return collection_.quarantine();
    loose_sessions_[computer->to_string()].push_back(user->to_string());
    return;
  }
  const auto id = ObjectId::parse(element.text_of("ObjectIdentifier"));
  if (!id) return collection_.quarantine();
  if (const Value* const deleted = element.find("IsDeleted"); deleted != nullptr && deleted->is_true()) {
    ++deleted_;
    return;
  }
  ++objects_[std::string(type.documents)];
  static const Value kNone;
  const Value* const stored = element.find("Properties");
  const Value& properties = stored == nullptr ? kNone : *stored;
  collection_.begin();
  collection_.add_identity(type, *id, properties);
  collection_.add_properties(properties);
  if (type.kind == "User" || type.kind == "Computer")
    collection_.add_account_control(type, element, properties);
  const Value* const is_protected = element.find("IsACLProtected");
  if (is_protected != nullptr && is_protected->is_true() && properties.find("isaclprotected") == nullptr) {
    collection_.give(collected::kProtected, "TRUE");
  }
  add_relations(element, *id, type.kind);
  collection_.end(id->to_string());
}

// "OTHER KIND" of a typed principal, an identifier or a GPO link; empty when it names nothing.
std::string SharpHound::other(const Value& value, std::string_view assumed_kind) {
  const Value* id = &value;
  for (const std::string_view name : {"ObjectIdentifier", "ObjectId", "UserSID", "GUID"}) {
    if (id == &value && value.find(name) != nullptr) id = value.find(name);
  }
  const std::string_view identity = collection_.identity_of(id->text);
  if (identity.empty()) return "";
  const std::string_view kind = value.text_of("ObjectType");
  return joined({identity, kind.empty() ? assumed_kind : kind});
}

void SharpHound::add_relations(const Value& element, const ObjectId& id, std::string_view kind) {
  for (const knowledge::CollectedRelation& relation : knowledge::collected_relations()) {
    add_relation(element, relation);
  }
  for (const Value& target : spn_targets(element)) {
    const std::string_view computer = collection_.identity_of(target.text_of("ComputerSID"));
    if (computer.empty()) continue;
    collection_.give(collected::kServiceTargets,
                     joined({computer, target.text_of("Port"), target.text_of("Service")}));
  }
  if (const std::string_view domain = collection_.identity_of(element.text_of("DomainSID"));
      !domain.empty()) {
    collection_.give(collected::kDomainSid, domain);
  } else if (const Value* const properties = element.find("Properties")) {
    collection_.give(collected::kDomainSid, collection_.identity_of(properties->text_of("domainsid")));
  }
  add_aces(element);
  add_sid_history(element);
  add_local_groups(element, id);
  add_user_rights(element);
  add_policy_members(element);
  add_trusts(element);
  add_registry(element, kind);
  if (element.find("TierlineEdges") != nullptr) collection_.give(collected::kAllEdges, "TRUE");
  add_edges(element, "TierlineEdges", collected::kEdges);
  add_edges(element, "TierlineEdgesInto", collected::kEdgesInto);
}

// What our own export says beyond the format.
void SharpHound::add_edges(const Value& element, std::string_view field, std::string_view attribute) {
  for (const Value& edge : element.items_of(field)) {
    const std::string other_end = other(edge, "Base");
    if (other_end.empty()) continue;
    const Value* const traversable = edge.find("Traversable");
    const bool weak = traversable != nullptr && !traversable->is_true();
    std::string record = joined({edge.text_of("Kind"), other_end});
    const auto excluded = edge.items_of("Except");
    if (weak || !excluded.empty()) record += "\t" + std::string(weak ? collected::kWeak : "");
    for (const Value& one : excluded) record += "\t" + std::string(collection_.identity_of(one.text));
    collection_.give(attribute, record);
  }
}

void SharpHound::add_relation(const Value& element, const knowledge::CollectedRelation& relation) {
  const Value* value = element.find(relation.field);
  if (value == nullptr) return;
  // Sessions stand inside an answer with a reason why there are none.
  if (const Value* const results = value->find("Results")) value = results;
  std::string_view kind = "Base";
  if (relation.edge == knowledge::EdgeKind::HasSession) kind = "User";
  if (relation.edge == knowledge::EdgeKind::GPLink) kind = "GPO";
  if (relation.edge == knowledge::EdgeKind::HostsCAService) kind = "Computer";
  if (relation.edge == knowledge::EdgeKind::MemberOf && relation.from_object) kind = "Group";
  if (value->type != Value::Type::Array) return collection_.give(relation.attribute, other(*value, kind));
  for (const Value& item : value->items()) {
    std::string record = other(item, kind);
    const Value* const enforced = item.find("IsEnforced");
    if (!record.empty() && enforced != nullptr && enforced->is_true())
      record.append("\t").append(collected::kEnforced);
    collection_.give(relation.attribute, record);
  }
}

void SharpHound::add_aces(const Value& element) {
  const Value* const registry = element.find("CARegistryData");
  const Value* const security = registry == nullptr ? nullptr : registry->find("CASecurity");
  // What the registry of the authority says counts; its object in the directory is only a copy.
  const bool from_registry =
      security != nullptr && security->find("Collected") != nullptr && security->find("Collected")->is_true();
  for (const Value& ace : element.items_of("Aces")) {
    const std::string_view right = ace.text_of("RightName");
    const bool is_of_service = right == "Enroll" || right == "ManageCA" || right == "ManageCertificates";
    if (!from_registry || !is_of_service) add_ace(ace);
  }
  if (!from_registry) return;
  for (const Value& ace : security->items_of("Data")) add_ace(ace);
}

void SharpHound::add_ace(const Value& ace) {
  const std::string_view trustee = collection_.identity_of(ace.text_of("PrincipalSID"));
  if (trustee.empty()) return;
  const std::string_view right = ace.text_of("RightName");
  if (knowledge::collected_right(right) == nullptr) ++unknown_rights_[std::string(right)];
  const Value* const inherited = ace.find("IsInherited");
  collection_.give(collected::kAces,
                   joined({right, trustee, ace.text_of("PrincipalType"),
                           inherited != nullptr && inherited->is_true() ? "inherited" : "explicit",
                           ace.text_of("InheritanceHash")}));
}

void SharpHound::add_sid_history(const Value& element) {
  for (const Value& former : element.items_of("HasSIDHistory")) {
    const auto id = ObjectId::parse(former.text_of("ObjectIdentifier"));
    if (id && id->sid) collection_.give("sIDHistory", id->sid->to_bytes(), AttributeSyntax::Sid);
  }
}

void SharpHound::add_local_groups(const Value& element, const ObjectId& computer) {
  for (const Value& group : element.items_of("LocalGroups")) {
    const Value* const collected = group.find("Collected");
    const std::string id(collection_.identity_of(group.text_of("ObjectIdentifier")));
    if (id.empty() || (collected != nullptr && !collected->is_true())) {
      ++local_groups_missing_;
      continue;
    }
    const std::string_view name = group.text_of("Name");
    collection_.give(collected::kLocalGroups, joined({id, name.starts_with(kIgnoredName) ? "" : name}));
    for (const Value& member : group.items_of("Results")) {
      if (const std::string principal = other(member, "Base"); !principal.empty()) {
        collection_.give(collected::kLocalGroupMembers, joined({id, principal}));
      }
    }
  }
  for (const MemberList& list : kMemberLists) {
    const Value* const answer = element.find(list.field);
    if (answer == nullptr || answer->items_of("Results").empty()) continue;
    const std::string id = computer.to_string() + "-" + std::string(list.rid);
    const Value* const properties = element.find("Properties");
    const std::string host(properties == nullptr ? "" : properties->text_of("name"));
    collection_.give(collected::kLocalGroups, joined({id, std::string(list.name) + "@" + host}));
    for (const Value& member : answer->items_of("Results")) {
      if (const std::string principal = other(member, "Base"); !principal.empty()) {
        collection_.give(collected::kLocalGroupMembers, joined({id, principal}));
      }
    }
  }
}

void SharpHound::add_user_rights(const Value& element) {
  for (const Value& right : element.items_of("UserRights")) {
    const Value* const collected = right.find("Collected");
    if (collected != nullptr && !collected->is_true()) continue;
    const std::string privilege = joined({right.text_of("Privilege"), ""});
    collection_.give(collected::kUserRightsRead, right.text_of("Privilege"));
    for (const Value& holder : right.items_of("Results")) {
      if (const std::string principal = other(holder, "Base"); !principal.empty()) {
        collection_.give(collected::kUserRights, privilege + principal);
      }
    }
  }
}

void SharpHound::add_policy_members(const Value& element) {
  const Value* const changes = element.find("GPOChanges");
  if (changes == nullptr) return;
  for (const Value& affected : changes->items_of("AffectedComputers")) {
    const std::string computer(collection_.identity_of(affected.text_of("ObjectIdentifier")));
    if (computer.empty()) continue;
    for (const MemberList& list : kMemberLists) {
      for (const Value& member : changes->items_of(list.field)) {
        if (const std::string principal = other(member, "Base"); !principal.empty()) {
          std::string record = joined({list.rid, principal});
          record.append("\t").append(computer);
          collection_.give(collected::kPolicyMembers, record);
        }
      }
    }
  }
}

void SharpHound::add_trusts(const Value& element) {
  for (const Value& trust : element.items_of("Trusts")) {
    const std::string_view partner = collection_.identity_of(trust.text_of("TargetDomainSid"));
    if (partner.empty()) continue;
    collection_.give(collected::kTrusts,
                     joined({partner, named(trust, "TrustDirection", kTrustDirections),
                             named(trust, "TrustType", kTrustTypes),
                             choice(trust, "SidFilteringEnabled", "filtered", "open"),
                             choice(trust, "TGTDelegationEnabled", "delegates", "refuses"),
                             upper_case(trust.text_of("TargetDomainName"))}));
  }
}

// What a collector read in the registry of an authority or a domain controller; -1 is a value that is not set.
void SharpHound::add_registry(const Value& element, std::string_view kind) {
  const auto answer_of = [](const Value* registry, std::string_view field) -> const Value* {
    const Value* const answer = registry == nullptr ? nullptr : registry->find(field);
    const Value* const collected = answer == nullptr ? nullptr : answer->find("Collected");
    return collected != nullptr && collected->is_true() ? answer : nullptr;
  };
  for (const knowledge::CollectedSetting& setting : knowledge::collected_settings()) {
    const Value* const answer = answer_of(element.find(setting.registry), setting.field);
    const Value* const value = answer == nullptr ? nullptr : answer->find("Value");
    if (value != nullptr) collection_.add_property(setting.name, *value);
  }
  const Value* const controller = element.find("DCRegistryData");
  const auto result = [&](std::string_view field) -> const Value* {
    const Value* const answer = answer_of(&element, field);
    return answer == nullptr ? nullptr : answer->find("Result");
  };
  if (const Value* const running = result("IsWebClientRunning"))
    collection_.add_property("webclientrunning", *running);
  const Value* const smb = result("SmbInfo");
  if (smb != nullptr && smb->find("SigningEnabled") != nullptr) {
    collection_.add_property("smbsigning", *smb->find("SigningEnabled"));
  }
  // 2 denies all outgoing NTLM, 1 only logs it; not set is 0.
  if (const Value* const ntlm = result("NTLMRegistryData")) {
    collection_.give(std::string(collected::kProperty) + "restrictoutboundntlm",
                     ntlm->text_of("RestrictSendingNtlmTraffic") == "2" ? "TRUE" : "FALSE");
  }
  add_web_enrollment(element);
  const Value* const authority = element.find("CARegistryData");
  const bool is_controller = element.find("IsDC") != nullptr && element.find("IsDC")->is_true();
  if (is_controller && answer_of(controller, "StrongCertificateBindingEnforcement") == nullptr) {
    ++controllers_without_registry_;
  }
  if (kind == "EnterpriseCA") {
    const bool was_read = answer_of(authority, "CASecurity") != nullptr;
    if (!was_read) ++authorities_without_registry_;
    collection_.give(collected::kAuthoritySecurityRead, was_read ? "TRUE" : "FALSE");
  }
  const Value* const agents = answer_of(authority, "EnrollmentAgentRestrictions");
  if (agents == nullptr) return;
  const std::span<const Value> restrictions = agents->items_of("Restrictions");
  collection_.give(std::string(collected::kProperty) + "hasenrollmentagentrestrictions",
                   restrictions.empty() ? "FALSE" : "TRUE");
  for (const Value& restriction : restrictions) {
    if (restriction.text_of("AccessType") != "AccessAllowedCallback") continue;
    const Value* const agent = restriction.find("Agent");
    const std::string who = agent == nullptr ? "" : other(*agent, "Base");
    if (who.empty()) continue;
    const Value* const all = restriction.find("AllTemplates");
    const Value* const one = restriction.find("Template");
    std::string_view what = all != nullptr && all->is_true() ? "*" : "";
    if (what.empty() && one != nullptr) what = collection_.identity_of(one->text_of("ObjectIdentifier"));
    if (!what.empty()) collection_.give(collected::kEnrollmentAgents, joined({who, what}));
  }
}

// An endpoint takes relayed logons if it speaks HTTP, or HTTPS without binding them to the channel.
void SharpHound::add_web_enrollment(const Value& element) {
  std::optional<bool> takes_relays;
  for (const Value& endpoint : element.items_of("HttpEnrollmentEndpoints")) {
    const Value* const collected = endpoint.find("Collected");
    const Value* const result = endpoint.find("Result");
    if (collected == nullptr || !collected->is_true() || result == nullptr) continue;
    const auto is = [&](std::string_view field, bool wanted) {
      const Value* const value = result->find(field);
      return value != nullptr && value->type == Value::Type::Boolean && value->boolean == wanted;
    };
    const bool plain = is("ADCSWebEnrollmentHTTP", true);
    const bool unbound = is("ADCSWebEnrollmentHTTPS", true) && is("ADCSWebEnrollmentEPA", false);
    takes_relays = takes_relays.value_or(false) || plain || unbound;
  }
  if (takes_relays) {
    collection_.give(std::string(collected::kProperty) + "hasvulnerableendpoint",
                     *takes_relays ? "TRUE" : "FALSE");
  }
}

void SharpHound::give_sessions(const std::vector<std::string>& users) {
  for (const std::string& user : users) collection_.give("SharpHound.Sessions", joined({user, "User"}));
}

// Sessions that come in documents of their own are facts of the computer, of which there may be nothing else.
void SharpHound::add_computers_of_sessions() {
  for (const auto& [computer, users] : loose_sessions_) {
    const auto id = ObjectId::parse(computer);
    collection_.begin();
    collection_.add_identity(*type_of_documents("computers"), *id, Value());
    give_sessions(users);
    collection_.end(computer);
  }
}

void SharpHound::report_coverage(snapshot::Builder& builder) const {
  for (const auto& [type, count] : objects_) builder.cover({.area = type, .read = count});
  for (const auto& [right, count] : unknown_rights_) {
    builder.cover(
        {.area = "rights named " + visible(right), .missing = count, .reason = "no such right is known"});
  }
  for (const auto& [field, count] : unknown_fields_) {
    builder.cover({.area = "field " + visible(field),
                   .asked = false,
                   .missing = count,
                   .reason = "no such field is known; nothing was made of it"});
  }
  if (local_groups_missing_ != 0) {
    builder.cover({.area = "local groups",
                   .missing = local_groups_missing_,
                   .reason = "the collector could not read them"});
  }
  if (deleted_ != 0) {
    builder.cover({.area = "deleted objects", .asked = false, .missing = deleted_, .reason = "no path"});
  }
  const auto unknown = [&](const char* area, std::uint64_t missing) {
    if (missing == 0) return;
    builder.cover({.area = area,
                   .asked = false,
                   .missing = missing,
                   .reason = "not read by the collector, so what certificates allow there is unknown"});
  };
  unknown("settings of certification authorities", authorities_without_registry_);
  unknown("settings of domain controllers for certificates", controllers_without_registry_);
}

}  // namespace tierline::collectors
