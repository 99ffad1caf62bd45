#include "tests/scenarios/scenario.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "collectors/bloodhound/import.h"
#include "collectors/importers.h"
#include "core/base/text.h"
#include "core/derive/derive.h"
#include "core/derive/effective_rights.h"
#include "core/directory/sddl.h"
#include "core/facts/removal.h"
#include "core/graph/graph_check.h"
#include "core/knowledge/collected_relations.h"
#include "core/knowledge/edge_kinds.h"
#include "core/snapshot/builder.h"
#include "core/snapshot/snapshot.h"
#include "queries/attack_paths.h"
#include "queries/audit/audit.h"
#include "queries/principals.h"
#include "tests/scenarios/authority.h"
#include "viewer/export/sharphound.h"

namespace tierline::tests {
namespace {

using directory::AttributeSyntax;
using directory::Sid;
namespace collected = knowledge::collected;
using graph::EdgeId;
using graph::NodeId;

constexpr const char* kBase = "DC=windomain,DC=local";
constexpr const char* kBaseDomain = "windomain.local";
constexpr const char* kDomainSid = "S-1-5-21-2018156605-3479576465-3716879092";

constexpr const char* kOrdinaryDescriptor = "O:DAG:DAD:PAI(A;;GA;;;DA)(A;;GA;;;SY)";
// As every new policy has it: authenticated users read and apply it.
constexpr const char* kPolicyDescriptor =
    "O:DAG:DAD:PAI(A;;GA;;;DA)(A;;GA;;;SY)(A;CI;LCRPLORC;;;AU)(OA;CI;CR;edacfd8f-ffb3-11d1-b41d-00a0c968f939;"
    ";"
    "AU)";

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

/// An object that the scenario adds to the bundled real directory, whose schema it uses.
struct Planned {
  std::string name;
  std::string dn;
  std::vector<std::string> classes;
  Sid domain;             ///< whose SID its own begins with
  std::uint32_t rid = 0;  ///< 0 = it is no principal
  std::vector<std::pair<std::string, std::string>> attributes;
  std::string sddl = kOrdinaryDescriptor;

  bool is_domain() const { return classes.back() == "domainDNS"; }
  /// Empty (count 0) for what is no principal.
  Sid sid() const { return is_domain() ? domain : rid == 0 ? Sid() : domain.with_rid(rid); }
};

struct Kind {
  const char* word;
  std::vector<std::string> classes;
  const char* prefix;
  const char* home = "";  ///< where it stands when no container is named, below the domain
  bool is_principal = false;
};

constexpr const char* kServices = "CN=Public Key Services,CN=Services,CN=Configuration,";
constexpr const char* kRoots =
    "CN=Certification Authorities,CN=Public Key Services,CN=Services,CN=Configuration,";
constexpr const char* kIntermediates = "CN=AIA,CN=Public Key Services,CN=Services,CN=Configuration,";

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> rows = {
      {"user", {"top", "person", "organizationalPerson", "user"}, "CN=", "", true},
      {"computer", {"top", "person", "organizationalPerson", "user", "computer"}, "CN=", "", true},
      {"gmsa",
       {"top", "person", "organizationalPerson", "user", "computer", "msDS-GroupManagedServiceAccount"},
       "CN=",
       "",
       true},
      {"group", {"top", "group"}, "CN=", "", true},
      {"ou", {"top", "organizationalUnit"}, "OU="},
      {"container", {"top", "container"}, "CN="},
      {"gpo", {"top", "container", "groupPolicyContainer"}, "CN="},
      {"trust", {"top", "leaf", "trustedDomain"}, "CN=", "CN=System,"},
      {"site", {"top", "site"}, "CN=", "CN=Sites,CN=Configuration,"},
      {"server", {"top", "server"}, "CN="},
      {"template", {"top", "pKICertificateTemplate"}, "CN=", "CN=Services,CN=Configuration,"},
      {"authority", {"top", "pKIEnrollmentService"}, "CN=", "CN=Services,CN=Configuration,"},
      {"root", {"top", "certificationAuthority"}, "CN=", kRoots},
      {"intermediate", {"top", "certificationAuthority"}, "CN=", kIntermediates},
      {"ntauth", {"top", "certificationAuthority"}, "CN=", kServices},
      {"policy", {"top", "msPKI-Enterprise-Oid"}, "CN=", kServices},
  };
  return rows;
}

/// Each edge as text.
std::set<std::string> edges_of(const graph::AttackGraph& graph) {
  std::set<std::string> found;
  for (const graph::Edge& edge : graph.edges()) {
    const graph::Node& source = graph.node(edge.source);
    const graph::Node& target = graph.node(edge.target);
    std::set<std::string> excluded;
    for (const NodeId one : graph.excluded(edge.condition)) excluded.emplace(graph.node(one).id);
    found.insert(fmt::format("{} ({} {}) {} {} ({} {}){}{}", source.name, source.id,
                             knowledge::name_of(source.kind), knowledge::info_of(edge.kind).name, target.name,
                             target.id, knowledge::name_of(target.kind),
                             edge.traversable ? "" : ", which leads nowhere",
                             excluded.empty() ? "" : fmt::format(", not for {}", fmt::join(excluded, " "))));
  }
  return found;
}

class Scenario {
 public:
  explicit Scenario(const std::string& path) : path_(path) {}

  Result<std::vector<std::string>> run() {
    if (Status status = read(); !status) return std::move(status).error();
    Result<snapshot::Snapshot> opened = build();
    if (!opened) return std::move(opened).error();
    const derive::Derived derived = derive::derive(*opened);
    // A graph that does not pass would be kept in vain.
    const graph::Extent extent{opened->object_count(), opened->meta().attributes.size()};
    if (Status status = graph::GraphCheck::check(derived.graph, extent); !status)
      return std::move(status).error();
    derive::EffectiveRights rights(*opened);
    const auto tiers = queries::assign_tiers(*opened, derived.graph, tier_rules_);
    if (!tiers) return tiers.error();
    const auto answers = queries::audit::run({*opened, derived.graph, *tiers, tier_rules_.audit});
    if (!answers) return answers.error();
    for (const auto& [number, words] : expectations_) {
      const bool of_rights = words[0] == "right" || words[0] == "no-right";
      const bool of_audit = words[0].ends_with("finding") || words[0] == "unknown";
      if (of_audit) {
        if (Status status = check_audit(*opened, derived.graph, *answers, number, words); !status)
          return std::move(status).error();
        continue;
      }
      Status status = of_rights ? check_right(*opened, derived.graph, rights, number, words)
                                : check(*opened, derived.graph, number, words);
      if (!status) return std::move(status).error();
    }
    if (Status status = check_export(*opened, derived); !status) return std::move(status).error();
    if (Status status = check_removals(*opened, derived.graph); !status) return std::move(status).error();
    return std::move(complaints_);
  }

 private:
  // Exported as a collection for BloodHound and imported again, the forest has the same graph.
  Status check_export(const snapshot::Snapshot& snapshot, const derive::Derived& derived) {
    const auto folder =
        std::filesystem::temp_directory_path() / fmt::format("tierline-export-{}", ::getpid());
    std::filesystem::create_directory(folder);
    const viewer::ExportInput input{snapshot, derived.graph, derived.meta, {}, ""};
    for (const viewer::ExportedFile& file : viewer::sharphound(input)) {
      std::ofstream(folder / file.name) << file.content;
    }
    snapshot::Builder builder;
    snapshot::Provenance provenance;
    Status status = collectors::read_bloodhound(folder.string(), builder, provenance);
    const std::string again = (folder / "again.snap").string();
    if (status) status = builder.write(again, provenance);
    Result<snapshot::Snapshot> imported = snapshot::Snapshot::open(again);
    std::filesystem::remove_all(folder);
    if (!status) return status;
    if (!imported) return std::move(imported).error();
    const std::set<std::string> before = edges_of(derived.graph);
    const std::set<std::string> after = edges_of(derive::derive(*imported).graph);
    for (const std::string& edge : before) {
      if (!after.contains(edge)) complaints_.push_back("lost by export and import: " + edge);
    }
    for (const std::string& edge : after) {
      if (!before.contains(edge)) complaints_.push_back("made by export and import: " + edge);
    }
    return {};
  }

  // "finding RULE OBJECT [OBJECT]", "no-finding RULE OBJECT [OBJECT]", "unknown RULE"
  Status check_audit(const snapshot::Snapshot& snapshot, const graph::AttackGraph& graph,
                     const std::vector<queries::audit::Answer>& answers, std::size_t number,
                     const std::vector<std::string>& words) {
    const auto answer = std::find_if(answers.begin(), answers.end(), [&](const queries::audit::Answer& one) {
      return words.size() > 1 && one.rule->id == words[1];
    });
    if (answer == answers.end()) return wrong(number, "no such rule of the audit");
    if (words[0] == "unknown") {
      if (answer->unknown.empty())
        complaints_.push_back(fmt::format("line {}: {} is known", number, words[1]));
      return {};
    }
    std::vector<NodeId> objects;
    for (std::size_t i = 2; i < words.size(); ++i) {
      const Result<NodeId> object = node(snapshot, graph, words[i]);
      if (!object) return wrong(number, object.error().message);
      objects.push_back(*object);
    }
    const bool found =
        std::any_of(answer->findings.begin(), answer->findings.end(),
                    [&](const queries::audit::Finding& one) { return one.objects == objects; });
    if (found != (words[0] == "finding")) {
      complaints_.push_back(fmt::format("line {}: there is {} finding of {} for {}", number,
                                        found ? "a" : "no", words[1],
                                        fmt::join(words.begin() + 2, words.end(), " ")));
    }
    return {};
  }

  // Without one membership, or one entry, the forest is what it would be had the scenario not said it.
  Status check_removals(const snapshot::Snapshot& snapshot, const graph::AttackGraph& graph) {
    facts::Facts facts(snapshot, graph);
    std::size_t number = 0;
    for (Planned& object : objects_) {
      const snapshot::ObjectIndex place = index_of(snapshot, guid_of(++number));
      const Planned whole = object;
      std::uint32_t item = 0;
      for (std::size_t i = 0; i < whole.attributes.size(); ++i) {
        if (whole.attributes[i].first != "member") continue;
        object.attributes.erase(object.attributes.begin() + static_cast<std::ptrdiff_t>(i));
        Status status = check_removal(facts, graph,
                                      {.kind = graph::Evidence::Kind::Attribute,
                                       .attribute = snapshot.attribute("member"),
                                       .object = place,
                                       .item = item++},
                                      whole.attributes[i].second + " in " + object.name);
        object = whole;
        if (!status) return status;
      }
      if (Status status = check_entries(facts, graph, object, place); !status) return status;
    }
    return {};
  }

  // Entries that are handed down, and those that AdminSDHolder stamps, stand on other objects as well.
  Status check_entries(facts::Facts& facts, const graph::AttackGraph& graph, Planned& object,
                       snapshot::ObjectIndex place) {
    const std::string whole = object.sddl;
    const auto bytes = directory::parse_sddl(whole, {object.domain});
    if (!bytes) return bytes.error();
    const auto parsed = directory::SecurityDescriptor::parse(as_bytes(*bytes));
    if (!parsed || !parsed->dacl) return {};
    std::multiset<std::string> keys;
    for (const directory::Ace& ace : parsed->dacl->aces) keys.insert(facts::key_of(ace));
    for (std::uint32_t i = 0; i < parsed->dacl->aces.size(); ++i) {
      const directory::Ace& ace = parsed->dacl->aces[i];
      const graph::Evidence evidence{.kind = graph::Evidence::Kind::Ace, .object = place, .item = i};
      const facts::FactId fact = facts.of(evidence, knowledge::EdgeKind::GenericAll);
      const bool is_here_alone = (ace.flags & ~directory::ace_flag::kSuccessfulAccess) == 0 &&
                                 keys.count(facts::key_of(ace)) == 1 && facts[fact].object == place &&
                                 !object.dn.starts_with("CN=AdminSDHolder,");
      if (!is_here_alone) continue;
      directory::SecurityDescriptor rest = *parsed;
      rest.dacl->aces.erase(rest.dacl->aces.begin() + static_cast<std::ptrdiff_t>(i));
      object.sddl = directory::to_sddl(rest);
      Status status = check_removal(facts, graph, evidence, facts[fact].key + " on " + object.name);
      object.sddl = whole;
      if (!status) return status;
    }
    return {};
  }

  using Ends = std::set<std::pair<std::string, std::string>>;

  // What edges join, of those that lead somewhere and that `counts` lets pass.
  template <class Counts>
  static Ends ends_of(const graph::AttackGraph& graph, const Counts& counts) {
    Ends ends;
    for (graph::EdgeId e = 0; e < graph.edge_count(); ++e) {
      const graph::Edge edge = graph.edge(e);
      if (edge.traversable && counts(e))
        ends.emplace(std::string(graph.node(edge.source).id), std::string(graph.node(edge.target).id));
    }
    return ends;
  }

  // Of two ends that an edge joins which has the entry as evidence: without it, they are joined when some edge has a proof
  // without it, and not otherwise.
  void check_proofs(facts::Facts& facts, const graph::AttackGraph& graph, facts::FactId fact,
                    const graph::AttackGraph& without, const std::string& what) {
    const auto is_left = [&](graph::EdgeId e) {
      const graph::EvidenceOf evidence = graph.evidence(e);
      const auto stands = [&](std::uint32_t place) {
        return facts.of(evidence[place], graph.edge(e).kind) != fact;
      };
      const auto proofs = graph.proofs(e);
      return std::any_of(proofs.begin(), proofs.end(), [&](const graph::AttackGraph::Proof& proof) {
        return std::all_of(proof.begin(), proof.end(), [&](const std::vector<std::uint32_t>& part) {
          return std::any_of(part.begin(), part.end(), stands);
        });
      });
    };
    const Ends before = ends_of(graph, [&](graph::EdgeId e) {
      const graph::EvidenceOf evidence = graph.evidence(e);
      return std::any_of(evidence.begin(), evidence.end(), [&](const graph::Evidence& one) {
        return facts.of(one, graph.edge(e).kind) == fact;
      });
    });
    const Ends left = ends_of(graph, is_left);
    const Ends found = ends_of(without, [](graph::EdgeId) { return true; });
    for (const auto& ends : before) {
      if (left.contains(ends) != found.contains(ends)) {
        complaints_.push_back(fmt::format("without {} there {} edge from {} to {}, unlike its evidence", what,
                                          found.contains(ends) ? "is an" : "is no", ends.first, ends.second));
      }
    }
  }

  Status check_removal(facts::Facts& facts, const graph::AttackGraph& graph, const graph::Evidence& evidence,
                       const std::string& what) {
    const facts::FactId fact = facts.of(evidence, knowledge::EdgeKind::MemberOf);
    if (fact == facts::kNoFact) {
      complaints_.push_back("cannot be taken away: " + what);
      return {};
    }
    const Result<snapshot::Snapshot> without = facts::without(facts, {fact});
    if (!without) return without.error();
    const Result<snapshot::Snapshot> unsaid = build();
    if (!unsaid) return unsaid.error();
    const graph::AttackGraph changed = derive::derive(*without).graph;
    if (facts.is_right(fact)) check_proofs(facts, graph, fact, changed, what);
    const std::set<std::string> found = edges_of(changed);
    const std::set<std::string> wanted = edges_of(derive::derive(*unsaid).graph);
    for (const std::string& edge : found) {
      if (!wanted.contains(edge))
        complaints_.push_back(fmt::format("without {} there still is {}", what, edge));
    }
    for (const std::string& edge : wanted) {
      if (!found.contains(edge)) complaints_.push_back(fmt::format("without {} there is no {}", what, edge));
    }
    return {};
  }

  /// objectGUID of the object that the scenario names in this place, from 1.
  static std::string guid_of(std::size_t number) {
    std::string guid(16, '\x5C');
    guid[15] = static_cast<char>(number);
    return guid;
  }

  static snapshot::ObjectIndex index_of(const snapshot::Snapshot& snapshot, const std::string& guid) {
    snapshot::ObjectIndex i = 0;
    while (as_text(snapshot.object(i).guid().bytes) != guid) ++i;
    return i;
  }

  Error wrong(std::size_t line, std::string message) const {
    return {ErrorCode::BadData, fmt::format("line {}: {}", line, message), path_};
  }

  Planned* find(const std::string& name) {
    for (Planned& object : objects_) {
      if (object.name == name) return &object;
    }
    return nullptr;
  }

  Status read() {
    std::ifstream in(path_);
    if (!in) return Error{ErrorCode::NoInput, "cannot open", path_};
    std::size_t number = 0;
    for (std::string line; std::getline(in, line);) {
      ++number;
      const std::size_t comment = line.find('#');
      const std::vector<std::string> words = words_of(line.substr(0, comment));
      if (words.empty()) continue;
      if (Status status = read_line(number, words); !status) return status;
    }
    return {};
  }

  Status read_line(std::size_t number, const std::vector<std::string>& words) {
    if (words[0] == "domain" && words.size() == 2) return add_domain(words[1]);
    for (const Kind& kind : kinds()) {
      if (words[0] == kind.word) return add_object(number, kind, words);
    }
    if (words[0] == "tier" && words.size() == 3) {
      const Planned* const object = find(words[2]);
      if (object == nullptr) return wrong(number, "no such object: " + words[2]);
      queries::TierRule rule;
      rule.tier = static_cast<queries::Tier>(std::stoul(words[1]));
      rule.reason = "the scenario says so";
      rule.line = number;
      if (object->sid().count() != 0) rule.sid = object->sid();
      if (object->sid().count() == 0) rule.ou = object->dn;
      tier_rules_.rules.push_back(std::move(rule));
      return {};
    }
    static const std::vector<std::string> kExpectations = {
        "finding",   "no-finding", "unknown", "edge", "no-edge", "weak-edge", "caveat",
        "no-caveat", "path",       "no-path", "way",  "no-way",  "right",     "no-right"};
    if (std::find(kExpectations.begin(), kExpectations.end(), words[0]) != kExpectations.end()) {
      expectations_.emplace_back(number, words);
      return {};
    }
    if (words[0] == "certificate" && words.size() >= 2) return add_certificate(number, words);
    if (words.size() < 3) return wrong(number, "expected an object and a value");
    if (words[0] == "member") {
      Planned* const group = find(words[1]);
      if (group == nullptr) return wrong(number, "no such group: " + words[1]);
      for (std::size_t i = 2; i < words.size(); ++i) {
        const Planned* const member = find(words[i]);
        if (member == nullptr) return wrong(number, "no such member: " + words[i]);
        group->attributes.emplace_back("member", member->dn);
      }
      return {};
    }
    if (words[0] == "sd") {
      Planned* const object = find(words[1]);
      if (object == nullptr) return wrong(number, "no such object: " + words[1]);
      object->sddl = with_sids(fmt::format("{}", fmt::join(words.begin() + 2, words.end(), "")));
      return {};
    }
    if (words[0] == "session" || words[0] == "local-member") return add_host_facts(number, words);
    if (words[0] == "schema-attribute" && words.size() == 3) return add_schema_attribute(words[1], words[2]);
    if (words[0] == "schema-class" && words.size() >= 4) {
      return add_schema_class(words[1], words[2], {words.begin() + 3, words.end()});
    }
    if (words[0] == "class" && words.size() == 3) {
      Planned* const object = find(words[1]);
      if (object == nullptr) return wrong(number, "no such object: " + words[1]);
      object->classes.push_back(words[2]);
      return {};
    }
    if (words[0] == "rid" && words.size() == 3) {
      Planned* const object = find(words[1]);
      if (object == nullptr) return wrong(number, "no such object: " + words[1]);
      object->rid = static_cast<std::uint32_t>(std::stoul(words[2]));
      return {};
    }
    if (words[0] == "attribute" && words.size() >= 4) {
      Planned* const object = find(words[1]);
      if (object == nullptr) return wrong(number, "no such object: " + words[1]);
      std::string value = with_sids(fmt::format("{}", fmt::join(words.begin() + 3, words.end(), " ")));
      if (words[2] == "userAccountControl" || words[2] == "groupType" || words[2] == "primaryGroupID") {
        std::erase_if(object->attributes, [&](const auto& known) { return known.first == words[2]; });
      }
      object->attributes.emplace_back(words[2], std::move(value));
      return {};
    }
    return wrong(number, "unknown word: " + words[0]);
  }

  // "session HOST USER...", "local-member HOST RID PRINCIPAL...": what a collector learns at hosts
  Status add_host_facts(std::size_t number, const std::vector<std::string>& words) {
    Planned* const host = find(words[1]);
    if (host == nullptr) return wrong(number, "no such host: " + words[1]);
    const bool is_session = words[0] == "session";
    const std::string group = fmt::format("{}-{}", host->sid().to_string(), words[2]);
    const bool is_new = std::none_of(host->attributes.begin(), host->attributes.end(),
                                     [](const auto& known) { return known.first == collected::kKind; });
    if (is_new) host->attributes.emplace_back(collected::kKind, "Computer");
    if (!is_session)
      host->attributes.emplace_back(collected::kLocalGroups,
                                    fmt::format("{}\t{}@{}", group, words[2], host->name));
    for (std::size_t i = is_session ? 2 : 3; i < words.size(); ++i) {
      const Planned* const other = find(words[i]);
      if (other == nullptr) return wrong(number, "no such principal: " + words[i]);
      const char* const kind = other->classes.back() == "group" ? "Group" : "User";
      const std::string typed = fmt::format("{}\t{}", other->sid().to_string(), kind);
      if (is_session) host->attributes.emplace_back("SharpHound.Sessions", typed);
      if (!is_session)
        host->attributes.emplace_back(collected::kLocalGroupMembers, fmt::format("{}\t{}", group, typed));
    }
    return {};
  }

  // "schema-attribute ms-Mcs-AdmPwd GUID", "schema-class labComputer computer ms-Mcs-AdmPwd": what extensions of
  // the schema bring
  Status add_schema_attribute(const std::string& name, const std::string& guid) {
    add_schema_object(name, "attributeSchema", guid);
    return {};
  }

  Status add_schema_class(const std::string& name, const std::string& super,
                          const std::vector<std::string>& attributes) {
    Planned& object =
        add_schema_object(name, "classSchema", fmt::format("5c5c5c5c-0000-0000-0000-{:012}", next_rid_++));
    object.attributes.emplace_back("subClassOf", super);
    for (const std::string& attribute : attributes) object.attributes.emplace_back("mayContain", attribute);
    return {};
  }

  Planned& add_schema_object(const std::string& name, const char* object_class, const std::string& guid) {
    Planned object;
    object.name = "schema:" + name;
    object.classes = {"top", object_class};
    object.domain = *Sid::parse(kDomainSid);
    object.dn = fmt::format("CN={},CN=Schema,CN=Configuration,{}", name, kBase);
    object.attributes = {{"lDAPDisplayName", name}, {"schemaIDGUID", guid}};
    return objects_.emplace_back(std::move(object));
  }

  // "certificate OBJECT... by ISSUER": the objects hold the same new certificate, that of the first; one without an
  // issuer is a root. Its name goes up to a dash, so that one may pretend to be another.
  Status add_certificate(std::size_t number, const std::vector<std::string>& words) {
    const auto by = std::find(words.begin(), words.end(), "by");
    const Authority* issuer = nullptr;
    if (by != words.end()) {
      const auto known = by + 2 == words.end() ? authorities_.find(by[1]) : authorities_.end();
      if (known == authorities_.end())
        return wrong(number, "expected the holder of a certificate after \"by\"");
      issuer = &known->second;
    }
    Authority authority(words[1].substr(0, words[1].find('-')), issuer);
    for (auto name = words.begin() + 1; name != by; ++name) {
      Planned* const object = find(*name);
      if (object == nullptr) return wrong(number, "no such object: " + *name);
      object->attributes.emplace_back("cACertificate", authority.certificate());
    }
    authorities_.insert_or_assign(words[1], std::move(authority));
    return {};
  }

  // "domain corp.test": a further domain, of a SID of its own
  Status add_domain(const std::string& name) {
    Planned object;
    object.name = name;
    object.classes = {"top", "domain", "domainDNS"};
    object.domain = *Sid::parse(fmt::format("S-1-5-21-1-2-{}", next_rid_++));
    std::istringstream labels(name);
    for (std::string label; std::getline(labels, label, '.');) {
      object.dn += (object.dn.empty() ? "DC=" : ",DC=") + label;
    }
    objects_.push_back(std::move(object));
    return {};
  }

  // "user ann", "user ann in Staff"
  Status add_object(std::size_t number, const Kind& kind, const std::vector<std::string>& words) {
    if (words.size() != 2 && (words.size() != 4 || words[2] != "in"))
      return wrong(number, "expected NAME [in OU]");
    Planned object;
    object.name = words[1];
    object.classes = kind.classes;
    object.domain = *Sid::parse(kDomainSid);
    if (words[0] == "gpo") object.sddl = kPolicyDescriptor;
    std::string parent = std::string(kind.home) + kBase;
    if (words.size() == 4 && words[3] != kBaseDomain) {
      const Planned* const above = find(words[3]);
      if (above == nullptr) return wrong(number, "no such container: " + words[3]);
      parent = (above->is_domain() ? kind.home : "") + above->dn;
      object.domain = above->domain;
    }
    object.dn = kind.prefix + object.name + "," + parent;
    if (kind.is_principal) {
      object.rid = next_rid_++;
      const bool computer = words[0] == "computer" || words[0] == "gmsa";
      object.attributes.emplace_back("sAMAccountName", computer ? object.name + "$" : object.name);
      if (words[0] == "group") {
        object.attributes.emplace_back("groupType", "-2147483646");  // global, security
      } else {
        object.attributes.emplace_back("userAccountControl", computer ? "4096" : "512");
        object.attributes.emplace_back("primaryGroupID", computer ? "515" : "513");
      }
    }
    objects_.push_back(std::move(object));
    return {};
  }

  // "{ann}" stands for ann's SID or, in a link, for the DN: "{dn:Policy}".
  std::string with_sids(std::string text) {
    for (const Planned& object : objects_) {
      const auto replace = [&](const std::string& from, const std::string& to) {
        for (std::size_t at = text.find(from); at != std::string::npos;
             at = text.find(from, at + to.size())) {
          text.replace(at, from.size(), to);
        }
      };
      replace("{" + object.name + "}", object.sid().to_string());
      replace("{dn:" + object.name + "}", object.dn);
    }
    return text;
  }

  Result<snapshot::Snapshot> build() {
    snapshot::Builder builder;
    snapshot::Provenance provenance;
    const std::string base = TIERLINE_SOURCE_DIR "/fixtures/directories/detectionlab/detectionlab.dat";
    if (Status status = collectors::import_file(base, builder, provenance); !status)
      return std::move(status).error();
    std::size_t number = 0;
    for (const Planned& object : objects_) {
      builder.begin_object();
      const std::string guid = guid_of(++number);
      const auto give = [&](const char* name, AttributeSyntax syntax, std::string_view value) {
        builder.value(builder.attribute(name, syntax), value);
      };
      give("objectGUID", AttributeSyntax::Guid, guid);
      give("distinguishedName", AttributeSyntax::DistinguishedName, object.dn);
      for (const std::string& name : object.classes) give("objectClass", AttributeSyntax::Text, name);
      if (const Sid sid = object.sid(); sid.count() != 0)
        give("objectSid", AttributeSyntax::Sid, sid.to_bytes());
      for (const auto& [name, value] : object.attributes) {
        if (value.starts_with("O:")) {
          const Result<std::string> descriptor = directory::parse_sddl(value, {object.domain});
          if (!descriptor) return descriptor.error();
          give(name.c_str(), AttributeSyntax::SecurityDescriptor, *descriptor);
        } else if (name == "cACertificate") {
          give(name.c_str(), AttributeSyntax::Binary, value);
        } else if (name == "schemaIDGUID") {
          const auto id = directory::Guid::parse(value);
          if (!id) return Error{ErrorCode::BadData, "not a GUID: " + value, path_};
          give(name.c_str(), AttributeSyntax::Guid, as_text(id->bytes));
        } else if (name == "sIDHistory" || name == "securityIdentifier") {
          give(name.c_str(), AttributeSyntax::Sid, Sid::parse(value)->to_bytes());
        } else {
          const bool dn = value.find(",DC=") != std::string::npos && name != "gPLink" && value[0] != '<';
          give(name.c_str(), dn ? AttributeSyntax::DistinguishedName : AttributeSyntax::Text, value);
        }
      }
      const Result<std::string> descriptor = directory::parse_sddl(object.sddl, {object.domain});
      if (!descriptor) {
        Error error = descriptor.error();
        error.message += " in " + object.sddl;
        return error;
      }
      builder.descriptor(as_bytes(*descriptor));
      builder.end_object();
    }
    Result<snapshot::File> file = builder.keep(provenance);
    if (!file) return std::move(file).error();
    return snapshot::Snapshot::load(*std::move(file));
  }

  static std::string name_of(const std::string& word) {
    std::string name = word;
    std::replace(name.begin(), name.end(), '_', ' ');
    return name;
  }

  Result<NodeId> node(const snapshot::Snapshot& snapshot, const graph::AttackGraph& graph,
                      const std::string& word) {
    const Planned* const planned = find(word);
    const auto found = queries::resolve(snapshot, graph, planned == nullptr ? name_of(word) : planned->dn);
    if (!found) return found.error();
    return found->front();
  }

  static bool has_caveat(const graph::Edge& edge, const std::string& part) {
    for (std::size_t i = 0; i < knowledge::kCaveatTexts.size(); ++i) {
      if (edge.caveats.contains(static_cast<knowledge::Caveat>(i)) &&
          knowledge::kCaveatTexts[i].find(part) != std::string_view::npos) {
        return true;
      }
    }
    return false;
  }

  Status check(const snapshot::Snapshot& snapshot, const graph::AttackGraph& graph, std::size_t number,
               const std::vector<std::string>& words) {
    const auto complain = [&](std::string text) {
      complaints_.push_back(fmt::format("line {}: {}", number, text));
    };
    if (words[0] == "way" || words[0] == "no-way") {
      if (words.size() != 3) return wrong(number, "expected a principal and a target");
      const Result<NodeId> from = node(snapshot, graph, words[1]);
      const Result<NodeId> to = node(snapshot, graph, words[2]);
      if (!from || !to) return wrong(number, (from ? to : from).error().message);
      const bool found = !queries::find_paths(graph, {*from}, {*to}, 1, 1).paths.empty();
      if (found != (words[0] == "way")) {
        complain(fmt::format("{} has {} path to {}", words[1], found ? "a" : "no", words[2]));
      }
      return {};
    }
    if (words[0] == "path" || words[0] == "no-path") {
      if (words.size() < 2) return wrong(number, "expected a principal");
      const Result<NodeId> from = node(snapshot, graph, words[1]);
      if (!from) return wrong(number, from.error().message);
      const auto answer = queries::find_paths(graph, {*from}, queries::tier_zero(graph), 1, 1);
      std::string way;
      if (!answer.paths.empty()) {
        for (const EdgeId e : answer.paths.front().edges) {
          way += (way.empty() ? "" : " ") + std::string(knowledge::info_of(graph.edge(e).kind).name);
        }
      }
      const std::string wanted = fmt::format("{}", fmt::join(words.begin() + 2, words.end(), " "));
      if (way != wanted) complain(fmt::format("{} has the path '{}', not '{}'", words[1], way, wanted));
      return {};
    }
    const bool asks_caveat = words[0] == "caveat" || words[0] == "no-caveat";
    if (asks_caveat ? words.size() < 5 : words.size() != 4) {
      return wrong(number, "expected SOURCE KIND TARGET and, for a caveat, a part of its text");
    }
    const knowledge::EdgeKindInfo* const kind = knowledge::find_edge_kind(words[2]);
    if (kind == nullptr) return wrong(number, "no such edge: " + words[2]);
    const Result<NodeId> source = node(snapshot, graph, words[1]);
    const Result<NodeId> target = node(snapshot, graph, words[3]);
    if (!source) return wrong(number, source.error().message);
    if (!target) return wrong(number, target.error().message);
    const EdgeId edge = graph.find_edge(*source, *target, kind->kind);
    const bool there = edge != graph::kNoEdge;
    if (asks_caveat) {
      const std::string part = fmt::format("{}", fmt::join(words.begin() + 4, words.end(), " "));
      if (!there || has_caveat(graph.edge(edge), part) != (words[0] == "caveat")) {
        complain(fmt::format("{} {} {} has {}caveat that says '{}'", words[1], words[2], words[3],
                             words[0] == "caveat" ? "no " : "a ", part));
      }
      return {};
    }
    if (there != (words[0] != "no-edge")) {
      complain(fmt::format("{} {} {} is {}there", words[1], words[2], words[3], there ? "" : "not "));
    } else if (there && graph.edge(edge).traversable != (words[0] == "edge" && kind->traversable)) {
      complain(fmt::format("{} {} {} leads on where it should not, or does not where it should", words[1],
                           words[2], words[3]));
    } else if (there && graph.evidence(edge).empty()) {
      complain(fmt::format("{} {} {} has no evidence", words[1], words[2], words[3]));
    }
    return {};
  }

  // "right ann WRITE_PROPERTY:member Staff", "no-right ann WRITE_DAC Staff inherit_only"
  Status check_right(const snapshot::Snapshot& snapshot, const graph::AttackGraph& graph,
                     derive::EffectiveRights& rights, std::size_t number,
                     const std::vector<std::string>& words) {
    const bool wanted = words[0] == "right";
    if (words.size() != (wanted ? 4u : 5u)) return wrong(number, "expected PRINCIPAL RIGHT OBJECT [REASON]");
    const Result<NodeId> principal = node(snapshot, graph, words[1]);
    const Result<NodeId> object = node(snapshot, graph, words[3]);
    if (!principal) return wrong(number, principal.error().message);
    if (!object) return wrong(number, object.error().message);
    const auto granted = rights.of(graph.node(*principal), graph.node(*object).object);
    const auto seeming = rights.look_alikes(graph.node(*principal), graph.node(*object).object);
    if (!granted) return granted.error();
    if (!seeming) return seeming.error();
    const auto label = [](std::string_view right, const std::string& type) {
      return std::string(right) + (type.empty() ? "" : ":" + type);
    };
    const bool there =
        std::any_of(granted->begin(), granted->end(), [&](const derive::EffectiveRight& right) {
          return label(right.right, right.object_type_name) == words[2];
        });
    std::string reasons;
    for (const derive::LookAlike& entry : *seeming) {
      for (const derive::SeemingRight& right : entry.rights) {
        if (label(derive::right_name(right.bit), right.object_type_name) == words[2])
          reasons += (reasons.empty() ? "" : ",") + std::string(derive::name_of(entry.reason));
      }
    }
    if (there != wanted || reasons != (wanted ? "" : words[4])) {
      complaints_.push_back(fmt::format("line {}: {} has {}{} on {}, and reasons '{}'", number, words[1],
                                        there ? "" : "no ", words[2], words[3], reasons));
    }
    return {};
  }

  const std::string& path_;
  std::vector<Planned> objects_;
  std::map<std::string, Authority> authorities_;  ///< by the object that holds their certificate
  std::vector<std::pair<std::size_t, std::vector<std::string>>> expectations_;
  queries::TierRules tier_rules_;
  std::vector<std::string> complaints_;
  std::uint32_t next_rid_ = 5000;
};

}  // namespace

Result<std::vector<std::string>> run_scenario(const std::string& path) { return Scenario(path).run(); }

}  // namespace tierline::tests
