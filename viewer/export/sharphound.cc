#include "viewer/export/sharphound.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "core/base/text.h"
#include "core/knowledge/collected_relations.h"
#include "core/knowledge/trusts.h"
#include "core/knowledge/user_account_control.h"
#include "core/knowledge/well_known.h"
#include "viewer/export/sharphound_properties.h"

namespace tierline::viewer {
namespace {

using graph::EdgeId;
using graph::Evidence;
using graph::NodeId;
using knowledge::CollectedRelation;
using knowledge::EdgeKind;
using knowledge::NodeKind;
using knowledge::NodeKinds;
using snapshot::Object;

namespace collected = knowledge::collected;

constexpr std::string_view kOfCollection = "SharpHound.";  // how its attributes begin

/// How a member of an object names others.
enum class Shape : std::uint8_t { Principals, Principal, Identifier, Sessions, Links };

/// A member of the objects of some kinds, whose relation is the one of knowledge::collected_relations() with its name.
struct Member {
  std::string_view field;
  NodeKinds kinds;
  Shape shape = Shape::Principals;

  bool is_single() const { return shape == Shape::Principal || shape == Shape::Identifier; }
};

using enum NodeKind;
constexpr NodeKinds kEvery = {
    User,         Computer,     Group,       Domain,         OU,   Container,  GPO,       RootCA, AIACA,
    CertTemplate, EnterpriseCA, NTAuthStore, IssuancePolicy, Site, SiteServer, SiteSubnet};
constexpr NodeKinds kAccounts = {User, Computer};
constexpr NodeKinds kContainers = {Domain, OU, Container};

// clang-format off
constexpr Member kMembers[] = {
    {"ContainedBy",          kEvery,         Shape::Principal},
    {"ChildObjects",         kContainers},
    {"Links",                {Domain, OU, Site}, Shape::Links},
    {"Members",              Group},
    {"PrimaryGroupSID",      kAccounts,      Shape::Identifier},
    {"HasSIDHistory",        {User, Computer, Group}},
    {"AllowedToDelegate",    kAccounts},
    {"AllowedToAct",         Computer},
    {"DumpSMSAPassword",     Computer},
    {"Sessions",             Computer,       Shape::Sessions},
    {"PrivilegedSessions",   Computer,       Shape::Sessions},
    {"RegistrySessions",     Computer,       Shape::Sessions},
    {"HostingComputer",      EnterpriseCA,   Shape::Identifier},
    {"EnabledCertTemplates", EnterpriseCA},
    {"GroupLink",            IssuancePolicy, Shape::Principal},
};

// What was asked for, CollectionMethod of SharpHound.
constexpr std::uint32_t kDirectoryMethods = 0x1 | 0x20 | 0x40 | 0x80 | 0x200 | 0x2000 | 0x40000;
constexpr std::uint32_t kSessionMethod = 0x8;
constexpr std::uint32_t kLocalGroupMethods = 0x2 | 0x100 | 0x1000 | 0x4000;
constexpr std::uint32_t kUserRightsMethod = 0x8000;
// clang-format on

/// What is said of one object.
struct Element {
  std::map<std::string_view, std::vector<NodeId>> others;  ///< by field
  std::vector<EdgeId> aces;
  std::vector<NodeId> local_groups;
  std::vector<EdgeId> edges;       ///< that the format has no place for, or no word
  std::vector<EdgeId> edges_into;  ///< the same, of sources that are no objects
};

std::vector<std::string> parts_of(std::string_view record) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t tab = record.find('\t');
    parts.emplace_back(record.substr(0, tab));
    if (tab == std::string_view::npos) return parts;
    record.remove_prefix(tab + 1);
  }
}

// By which name BloodHound knows the right; empty when it is none of an entry. Whether owners are blocked it finds out
// itself, but not what an entry for OWNER RIGHTS keeps from a new owner.
std::string_view right_name(EdgeKind kind) {
  if (kind == EdgeKind::Owns || kind == EdgeKind::OwnsRaw) return "Owns";
  if (kind == EdgeKind::WriteOwner) return "WriteOwner";
  if (kind == EdgeKind::WriteOwnerRaw) return "";
  const std::string_view name = knowledge::info_of(kind).name;
  return knowledge::collected_right(name) == nullptr ? "" : name;
}

std::string_view kind_name(const graph::Node& node) {
  return node.kind == NodeKind::ADLocalGroup ? "LocalGroup" : knowledge::name_of(node.kind);
}

class Documents {
 public:
  explicit Documents(const ExportInput& input)
      : input_(input), properties_(input), ids_(input.snapshot), elements_(input.graph.node_count()) {}

  std::vector<ExportedFile> run() {
    find_documents();
    find_local_groups();
    for (EdgeId e = 0; e < input_.graph.edge_count(); ++e) {
      // Whether an edge leads on, and for whom not, the format does not tell.
      if (!place(e) || !is_as_usual(e)) place_beside(e);
    }
    std::vector<ExportedFile> files;
    for (const knowledge::CollectedType& type : knowledge::collected_types()) {
      std::vector<NodeId> nodes;
      for (NodeId n = 0; n < input_.graph.node_count(); ++n) {
        if (has_document_[n] && knowledge::name_of(node(n).kind) == type.kind) nodes.push_back(n);
      }
      if (nodes.empty()) continue;
      files.push_back({std::string(type.documents) + ".json", document(type, nodes)});
    }
    return files;
  }

 private:
  graph::Node node(NodeId n) const { return input_.graph.node(n); }

  std::string_view said(NodeId n, std::string_view attribute) const {
    if (node(n).object == snapshot::kNoObject) return {};
    return input_.snapshot.object(node(n).object).text(input_.snapshot.attribute(std::string(attribute)));
  }

  /// The parts of each value of an attribute that a collection gave.
  std::vector<std::vector<std::string>> records(NodeId n, std::string_view attribute) const {
    std::vector<std::vector<std::string>> found;
    const snapshot::AttributeId id = input_.snapshot.attribute(std::string(attribute));
    if (node(n).object == snapshot::kNoObject || id == snapshot::kNoAttribute) return found;
    for (const auto value : input_.snapshot.object(node(n).object).values(id)) {
      found.push_back(parts_of(value.text()));
    }
    return found;
  }

  // -- where each edge goes ---------------------------------------------------------------------------------------

  // Identities that exist in every domain have no object, yet are written as groups of it, as SharpHound does. Not so
  // those of BUILTIN, which have one unless it was not read.
  void find_documents() {
    has_document_.resize(input_.graph.node_count());
    for (NodeId n = 0; n < input_.graph.node_count(); ++n) {
      const graph::Node& found = node(n);
      const bool is_identity =
          found.kind == Group && !found.sid.is_builtin() && knowledge::find_well_known(found.sid) != nullptr;
      has_document_[n] = kEvery.contains(found.kind) && (found.object != snapshot::kNoObject || is_identity);
    }
  }

  void find_local_groups() {
    for (const graph::Edge& edge : input_.graph.edges()) {
      if (edge.kind != EdgeKind::LocalToComputer || !has_document_[edge.target]) continue;
      elements_[edge.target].local_groups.push_back(edge.source);
      listed_groups_.insert(edge.source);
    }
  }

  // Of several places for one kind of edge, those that it comes from. What every reader concludes itself, from the rules
  // of logon or from the names in the tree, is in none.
  bool belongs(EdgeId e, const CollectedRelation& relation) const {
    if (relation.edge != input_.graph.edge(e).kind) return false;
    const auto evidence = input_.graph.evidence(e);
    return std::any_of(evidence.begin(), evidence.end(), [&](const Evidence& one) {
      if (one.kind == Evidence::Kind::Tree) return !is_collected(one.object);
      if (one.kind != Evidence::Kind::Attribute || one.attribute == snapshot::kNoAttribute) return false;
      const std::string& attribute = input_.meta.attributes[one.attribute].name;
      if (attribute.starts_with(kOfCollection)) return attribute == relation.attribute;
      return equal_ascii_nocase(attribute, "primaryGroupID") == (relation.field == "PrimaryGroupSID");
    });
  }

  bool is_collected(snapshot::ObjectIndex object) const {
    return input_.snapshot.object(object).has(ids_.collected_kind);
  }

  bool place(const graph::Edge& edge, const CollectedRelation& relation) {
    const NodeId owner = relation.from_object ? edge.source : edge.target;
    const NodeId other = relation.from_object ? edge.target : edge.source;
    const auto member = std::find_if(std::begin(kMembers), std::end(kMembers),
                                     [&](const Member& row) { return row.field == relation.field; });
    if (member == std::end(kMembers) || !has_document_[owner]) return false;
    if (!member->kinds.contains(node(owner).kind)) return false;
    std::vector<NodeId>& others = elements_[owner].others[member->field];
    if (member->is_single() && !others.empty()) return false;
    others.push_back(other);
    return true;
  }

  bool place(EdgeId e) {
    const graph::Edge& edge = input_.graph.edge(e);
    bool is_related = false;
    bool is_placed = false;
    for (const CollectedRelation& relation : knowledge::collected_relations()) {
      if (!belongs(e, relation)) continue;
      is_related = true;
      is_placed = place(edge, relation) || is_placed;
    }
    // An object that came twice may name two containers or primary groups, which can name it in turn.
    for (const CollectedRelation& relation : knowledge::collected_relations()) {
      if (is_related && !is_placed && relation.edge == edge.kind) is_placed = place(edge, relation);
    }
    if (!right_name(edge.kind).empty() && has_document_[edge.target]) {
      elements_[edge.target].aces.push_back(e);
      is_placed = true;
    }
    if (edge.kind == EdgeKind::LocalToComputer && has_document_[edge.target]) return true;
    if (edge.kind == EdgeKind::MemberOfLocalGroup && listed_groups_.contains(edge.target)) return true;
    return is_placed;
  }

  bool is_as_usual(EdgeId e) const {
    const graph::Edge& edge = input_.graph.edge(e);
    return edge.traversable == knowledge::info_of(edge.kind).traversable && edge.condition == 0;
  }

  void place_beside(EdgeId e) {
    const graph::Edge& edge = input_.graph.edge(e);
    if (has_document_[edge.source]) {
      elements_[edge.source].edges.push_back(e);
    } else {
      elements_[edge.target].edges_into.push_back(e);
    }
  }

  // -- writing ----------------------------------------------------------------------------------------------------

  std::string document(const knowledge::CollectedType& type, const std::vector<NodeId>& nodes) const {
    JsonWriter json;
    json.begin_object().key("data").begin_array();
    for (const NodeId n : nodes) write(json, n);
    json.end_array().key("meta").begin_object();
    json.key("methods").number(methods());
    json.key("type").text(type.documents);
    json.key("count").number(static_cast<std::uint64_t>(nodes.size()));
    json.key("version").number(std::uint32_t{6});
    json.end_object().end_object();
    return json.take() + "\n";
  }

  std::uint32_t methods() const {
    std::uint32_t found = kDirectoryMethods;
    for (const graph::Edge& edge : input_.graph.edges()) {
      if (edge.kind == EdgeKind::HasSession) found |= kSessionMethod;
      if (edge.kind == EdgeKind::LocalToComputer) found |= kLocalGroupMethods;
      if (edge.kind == EdgeKind::RemoteInteractiveLogonRight) found |= kUserRightsMethod;
    }
    return found;
  }

  void write(JsonWriter& json, NodeId n) const {
    const graph::Node& self = node(n);
    json.begin_object();
    json.key("ObjectIdentifier").text(self.id);
    properties_.write(json, n);
    json.key("Aces");
    write_aces(json, n, false);
    json.key("IsDeleted").boolean(false);
    json.key("IsACLProtected").boolean(properties_.is_acl_protected(self));
    for (const Member& member : kMembers) {
      if (member.kinds.contains(self.kind)) write_member(json, n, member);
    }
    if (const std::string domain = properties_.domain_sid(self); !domain.empty()) {
      json.key("DomainSID").text(domain);
    }
    if (self.kind == Computer) write_host(json, n);
    if (self.kind == EnterpriseCA) {
      properties_.write_registry(json, self, "CARegistryData", [&] { write_authority(json, n); });
    }
    if (kAccounts.contains(self.kind)) write_account(json, n);
    if (self.kind == Domain) write_trusts(json, n);
    // Empty, it still says that there are no more.
    write_edges(json, "TierlineEdges", elements_[n].edges, true);
    if (!elements_[n].edges_into.empty()) {
      write_edges(json, "TierlineEdgesInto", elements_[n].edges_into, false);
    }
    json.end_object();
  }

  void write_principal(JsonWriter& json, NodeId n) const {
    json.begin_object();
    json.key("ObjectIdentifier").text(node(n).id);
    json.key("ObjectType").text(kind_name(node(n)));
    json.end_object();
  }

  void write_member(JsonWriter& json, NodeId n, const Member& member) const {
    static const std::vector<NodeId> kNone;
    const auto found = elements_[n].others.find(member.field);
    const std::vector<NodeId>& others = found == elements_[n].others.end() ? kNone : found->second;
    json.key(member.field);
    if (member.is_single()) {
      if (others.empty()) {
        json.null();
      } else if (member.shape == Shape::Identifier) {
        json.text(node(others[0]).id);
      } else {
        write_principal(json, others[0]);
      }
      return;
    }
    if (member.shape == Shape::Sessions) json.begin_object().key("Results");
    json.begin_array();
    for (const NodeId other : others) {
      if (member.shape == Shape::Sessions) {
        json.begin_object()
            .key("UserSID")
            .text(node(other).id)
            .key("ComputerSID")
            .text(node(n).id)
            .end_object();
      } else if (member.shape == Shape::Links) {
        json.begin_object().key("IsEnforced").boolean(is_enforced(n, other));
        json.key("GUID").text(node(other).id).end_object();
      } else {
        write_principal(json, other);
      }
    }
    json.end_array();
    if (member.shape == Shape::Sessions) write_outcome(json, !others.empty()).end_object();
  }

  // The end of an answer; whether a host was asked is known only where it told something.
  static JsonWriter& write_outcome(JsonWriter& json, bool collected) {
    return json.key("Collected").boolean(collected).key("FailureReason").null();
  }

  // Bit 2 of the link's options, [MS-GPOL] 2.2.2.
  bool is_enforced(NodeId container, NodeId policy) const {
    if (node(container).object == snapshot::kNoObject || node(policy).object == snapshot::kNoObject)
      return false;
    for (const auto& parts : records(container, "SharpHound.Links")) {
      if (parts[0] == node(policy).id && parts.back() == collected::kEnforced) return true;
    }
    const std::string links = fold_case(input_.snapshot.object(node(container).object).text(ids_.gp_link));
    const std::string dn = fold_case(input_.snapshot.object(node(policy).object).dn()) + ";";
    const std::size_t at = links.find(dn);
    if (at == std::string::npos) return false;
    unsigned options = 0;
    std::from_chars(links.data() + at + dn.size(), links.data() + links.size(), options);
    return (options & 2) != 0;
  }

  bool is_security_read(NodeId n) const { return said(n, collected::kAuthoritySecurityRead) == "TRUE"; }

  // Those of the service count only as its own registry has them, once that was read.
  bool is_of_service(NodeId n, EdgeKind kind) const {
    return (kind == EdgeKind::Enroll || kind == EdgeKind::ManageCA || kind == EdgeKind::ManageCertificates) &&
           node(n).kind == EnterpriseCA && is_security_read(n);
  }

  void write_aces(JsonWriter& json, NodeId n, bool of_service) const {
    const auto descriptor = descriptor_of(input_.snapshot, node(n).object);
    json.begin_array();
    for (const EdgeId e : elements_[n].aces) {
      const graph::Edge& edge = input_.graph.edge(e);
      if (is_of_service(n, edge.kind) != of_service) continue;
      const auto [inherited, hash] = inheritance(e, descriptor);
      write_ace(json, node(edge.source).id, kind_name(node(edge.source)), right_name(edge.kind), inherited,
                hash);
    }
    // A copy of an authority's rights makes no edge of ours, but BloodHound takes it.
    for (const auto& parts : records(n, collected::kAces)) {
      const bool manages = parts[0] == "ManageCA" || parts[0] == "ManageCertificates";
      if (!manages || parts.size() < 4 || is_security_read(n)) continue;
      write_ace(json, parts[1], parts[2], parts[0], parts[3] == "inherited", "");
    }
    json.end_array();
  }

  static void write_ace(JsonWriter& json, std::string_view id, std::string_view kind, std::string_view right,
                        bool inherited, std::string_view hash) {
    json.begin_object();
    json.key("PrincipalSID").text(id);
    json.key("PrincipalType").text(kind);
    json.key("RightName").text(right);
    json.key("IsInherited").boolean(inherited);
    json.key("InheritanceHash").text(hash);
    json.end_object();
  }

  /// Whether the right is inherited only, and the hash by which its collector found it again.
  std::pair<bool, std::string> inheritance(
      EdgeId e, const std::optional<directory::SecurityDescriptor>& descriptor) const {
    bool inherited = false;
    std::string hash;
    for (const Evidence& one : input_.graph.evidence(e)) {
      bool is_inherited = false;
      if (one.kind == Evidence::Kind::Ace && one.attribute == snapshot::kNoAttribute && descriptor &&
          descriptor->dacl && one.item < descriptor->dacl->aces.size()) {
        is_inherited = descriptor->dacl->aces[one.item].is_inherited();
      } else if (is_attribute(one, collected::kAces)) {
        const auto values = input_.snapshot.object(one.object).values(one.attribute);
        if (one.item >= values.size()) return {false, ""};
        const auto parts = parts_of(values[one.item].text());
        is_inherited = parts.size() > 3 && parts[3] == "inherited";
        if (is_inherited && parts.size() > 4) hash = parts[4];
      }
      if (!is_inherited) return {false, ""};
      inherited = true;
    }
    return {inherited, hash};
  }

  bool is_attribute(const Evidence& one, std::string_view name) const {
    return one.kind == Evidence::Kind::Attribute && one.attribute != snapshot::kNoAttribute &&
           input_.meta.attributes[one.attribute].name == name;
  }

  void write_account(JsonWriter& json, NodeId n) const {
    const Object object = input_.snapshot.object(node(n).object);
    const auto control = object.number(ids_.user_account_control);
    const bool unconstrained = (control.value_or(0) & knowledge::uac::kTrustedForDelegation) != 0;
    json.key("UnconstrainedDelegation")
        .boolean(unconstrained || said(n, collected::kUnconstrained) == "TRUE");
    json.key("SPNTargets").begin_array();
    for (const auto& parts : records(n, collected::kServiceTargets)) {
      if (parts.size() < 3) continue;
      json.begin_object().key("ComputerSID").text(parts[0]).key("Port");
      std::int64_t port = 0;
      std::from_chars(parts[1].data(), parts[1].data() + parts[1].size(), port);
      json.number(port).key("Service").text(parts[2]).end_object();
    }
    json.end_array();
  }

  void write_host(JsonWriter& json, NodeId n) const {
    const auto control = input_.snapshot.object(node(n).object).number(ids_.user_account_control);
    const bool controller = (control.value_or(0) & knowledge::uac::kServerTrustAccount) != 0;
    json.key("IsDC").boolean(controller || said(n, collected::kIsDomainController) == "TRUE");
    json.key("Status").null();
    json.key("LocalGroups").begin_array();
    for (const NodeId group : elements_[n].local_groups) {
      json.begin_object();
      json.key("ObjectIdentifier").text(node(group).id);
      // Those of a domain controller are groups of the domain and have their names there.
      json.key("Name").text(node(group).kind == ADLocalGroup ? node(group).name : "IGNOREME");
      json.key("Results").begin_array();
      for (const EdgeId e : input_.graph.in_edges(group)) {
        if (input_.graph.edge(e).kind == EdgeKind::MemberOfLocalGroup) {
          write_principal(json, input_.graph.edge(e).source);
        }
      }
      json.end_array().key("LocalNames").begin_array().end_array();
      write_outcome(json, true).end_object();
    }
    json.end_array();
    write_user_rights(json, n);
    properties_.write_registry(json, node(n), "DCRegistryData");
  }

  void write_authority(JsonWriter& json, NodeId n) const {
    json.key("CASecurity").begin_object().key("Data");
    write_aces(json, n, true);
    write_outcome(json, is_security_read(n)).end_object();
    json.key("EnrollmentAgentRestrictions").begin_object().key("Restrictions").begin_array();
    for (const auto& parts : records(n, collected::kEnrollmentAgents)) {
      if (parts.size() < 3) continue;
      json.begin_object().key("AccessType").text("AccessAllowedCallback");
      json.key("Agent").begin_object().key("ObjectIdentifier").text(parts[0]);
      json.key("ObjectType").text(parts[1]).end_object();
      json.key("Targets").begin_array().end_array();
      const bool all = parts[2] == "*";
      if (!all) {
        json.key("Template").begin_object().key("ObjectIdentifier").text(parts[2]);
        json.key("ObjectType").text(knowledge::name_of(CertTemplate)).end_object();
      }
      json.key("AllTemplates").boolean(all).end_object();
    }
    json.end_array();
    const auto restricts = properties_.is_said(node(n), "hasenrollmentagentrestrictions");
    write_outcome(json, restricts.has_value()).end_object();
  }

  void write_user_rights(JsonWriter& json, NodeId n) const {
    std::map<std::string, std::vector<std::vector<std::string>>> rights;
    for (const auto& parts : records(n, collected::kUserRightsRead)) rights[parts[0]];
    for (const auto& parts : records(n, collected::kUserRights)) {
      if (parts.size() > 2) rights[parts[0]].push_back(parts);
    }
    json.key("UserRights").begin_array();
    for (const auto& [privilege, holders] : rights) {
      json.begin_object().key("Privilege").text(privilege).key("Results").begin_array();
      for (const auto& holder : holders) {
        json.begin_object()
            .key("ObjectIdentifier")
            .text(holder[1])
            .key("ObjectType")
            .text(holder[2])
            .end_object();
      }
      json.end_array().key("LocalNames").begin_array().end_array();
      write_outcome(json, true).end_object();
    }
    json.end_array();
  }

  struct Trust {
    std::string partner;
    std::string name;
    std::string direction;
    std::string type;
    std::optional<bool> is_filtered;
    std::optional<bool> delegates;
  };

  // As a collection told them, or from the objects of this domain.
  std::vector<Trust> trusts_of(NodeId n) const {
    std::vector<Trust> found;
    const auto choice = [](const std::string& text, std::string_view yes) {
      return text == "unknown" ? std::nullopt : std::optional(text == yes);
    };
    for (const auto& parts : records(n, collected::kTrusts)) {
      if (parts.size() < 6) continue;
      found.push_back({parts[0], parts[5], parts[1], parts[2], choice(parts[3], "filtered"),
                       choice(parts[4], "delegates")});
    }
    const std::string below =
        fold_case(",CN=System," + std::string(input_.snapshot.object(node(n).object).dn()));
    for (snapshot::ObjectIndex i = 0; i < input_.snapshot.object_count(); ++i) {
      const Object object = input_.snapshot.object(i);
      const auto partner = object.values(ids_.security_identifier);
      if (!object.has(ids_.trust_partner) || partner.empty() || !fold_case(object.dn()).ends_with(below))
        continue;
      if (const auto sid = directory::Sid::from_bytes(partner[0].bytes); sid && sid->count() != 0) {
        found.push_back(trust_of(object, *sid, node(n).domain));
      }
    }
    return found;
  }

  Trust trust_of(const Object& object, const directory::Sid& partner, std::string_view domain) const {
    namespace bits = knowledge::trust_attribute;
    static constexpr std::string_view kDirections[] = {"Disabled", "Inbound", "Outbound", "Bidirectional"};
    const auto attributes = static_cast<std::uint32_t>(object.number(ids_.trust_attributes).value_or(0));
    const std::string name = upper_case(object.text(ids_.trust_partner));
    const bool is_parent_or_child = name.ends_with("." + std::string(domain)) || domain.ends_with("." + name);
    std::string type = "External";
    if ((attributes & bits::kForestTransitive) != 0) type = "Forest";
    if ((attributes & bits::kWithinForest) != 0) type = is_parent_or_child ? "ParentChild" : "TreeRoot";
    return {partner.to_string(),
            name,
            std::string(kDirections[object.number(ids_.trust_direction).value_or(0) & 3]),
            std::move(type),
            knowledge::sid_filter(attributes) != knowledge::SidFilter::Nothing,
            knowledge::lets_tgt_delegation(attributes)};
  }

  void write_trusts(JsonWriter& json, NodeId n) const {
    const auto flag = [&](const char* name, const std::optional<bool>& value) {
      if (value) json.key(name).boolean(*value);
    };
    json.key("Trusts").begin_array();
    for (const Trust& trust : trusts_of(n)) {
      json.begin_object();
      json.key("TargetDomainSid").text(trust.partner);
      json.key("TargetDomainName").text(trust.name);
      json.key("IsTransitive").boolean(trust.type != "External");
      json.key("TrustDirection").text(trust.direction);
      json.key("TrustType").text(trust.type);
      flag("SidFilteringEnabled", trust.is_filtered);
      flag("TGTDelegationEnabled", trust.delegates);
      json.end_object();
    }
    json.end_array();
  }

  void write_edges(JsonWriter& json, const char* name, const std::vector<EdgeId>& edges, bool outward) const {
    json.key(name).begin_array();
    for (const EdgeId e : edges) {
      const graph::Edge& edge = input_.graph.edge(e);
      const graph::Node& other = node(outward ? edge.target : edge.source);
      json.begin_object();
      json.key("Kind").text(knowledge::info_of(edge.kind).name);
      json.key("ObjectIdentifier").text(other.id);
      json.key("ObjectType").text(knowledge::name_of(other.kind));
      json.key("Traversable").boolean(edge.traversable);
      if (edge.condition != 0) {
        json.key("Except").begin_array();
        for (const NodeId excluded : input_.graph.excluded(edge.condition)) json.text(node(excluded).id);
        json.end_array();
      }
      json.end_object();
    }
    json.end_array();
  }

  const ExportInput& input_;
  SharpHoundProperties properties_;
  derive::AttributeIds ids_;
  std::vector<Element> elements_;
  std::vector<bool> has_document_;
  std::set<NodeId> listed_groups_;
};

}  // namespace

std::vector<ExportedFile> sharphound(const ExportInput& input) { return Documents(input).run(); }

}  // namespace tierline::viewer
