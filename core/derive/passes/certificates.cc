// Certificates that log on as somebody else: who can get which certificate of which template, from an authority that
// a domain accepts ([MS-WCCE], [MS-CRTD], [MS-PKCA]).

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <unordered_map>

#include "core/derive/certificate_settings.h"
#include "core/derive/joint_holders.h"
#include "core/derive/passes/passes.h"
#include "core/derive/proofs_of_edges.h"
#include "core/knowledge/certificate_settings.h"

namespace tierline::derive {
namespace {

using graph::Evidence;
using graph::NodeId;
using knowledge::EdgeKind;
using knowledge::NodeKind;
using Nodes = std::set<NodeId>;

namespace purposes = knowledge::certificate_purposes;

constexpr std::int64_t kMapsByUserName =
    0x4;  // CertificateMappingMethods, UPN in the subject alternative name

/// What decides about the certificates of a template. Unknown is not true: no edge rests on it.
struct Template {
  NodeId node = graph::kNoNode;
  std::int64_t schema_version = 1;
  std::int64_t signatures = 0;
  bool needs_approval = false;
  bool logs_on = false;         ///< with Kerberos
  bool logs_on_by_tls = false;  ///< with Schannel
  bool names_are_free = false;
  bool leaves_out_sid = false;
  bool carries_user_name = false;  ///< UPN or SPN in the subject alternative name
  bool carries_host_name = false;
  std::vector<std::string> effective_purposes;
  std::vector<std::string> signer_purposes;
  std::vector<std::string> policies;

  /// Issued to whoever may enrol, at once.
  bool is_open() const { return !needs_approval && takes_no_signature(); }
  bool takes_no_signature() const { return schema_version == 1 || signatures == 0; }
  bool has(std::string_view purpose) const {
    return std::find(effective_purposes.begin(), effective_purposes.end(), purpose) !=
           effective_purposes.end();
  }
};

struct Authority {
  NodeId node = graph::kNoNode;
  bool lets_requests_name_subjects = false;
  bool restricts_agents = false;
  std::optional<bool> separates_roles;  ///< absent when not read
  Nodes domains;                        ///< that accept its certificates for logon
};

class Certificates {
 public:
  explicit Certificates(Derivation& derivation)
      : derivation_(derivation),
        builder_(derivation.graph),
        settings_(derivation.directory.snapshot(), derivation.graph.nodes()),
        joint_(derivation.graph, derivation.rules) {}

  void run() {
    read_objects();
    if (templates_.empty() && authorities_.empty()) return;
    index_edges();
    find_accepted_authorities();
    add_policies();
    add_agents();
    for (const Authority& authority : authorities_) {
      add_golden(authority);
      add_management(authority);
    }
    for (const Template& one : templates_) {
      for (const Authority* const authority : publishers_of(one.node)) {
        if (authority->domains.empty()) continue;
        add_escalations(one, *authority);
      }
    }
  }

 private:
  void read_objects() {
    for (NodeId n = 0; n < builder_.node_count(); ++n) {
      if (builder_.node(n).kind == NodeKind::CertTemplate) templates_.push_back(read_template(n));
      if (builder_.node(n).kind != NodeKind::EnterpriseCA) continue;
      authorities_.push_back(
          {.node = n,
           .lets_requests_name_subjects = settings_.is_true(n, "isuserspecifiessanenabled"),
           .restricts_agents = settings_.is_true(n, "hasenrollmentagentrestrictions"),
           .separates_roles = settings_.values(n, "roleseparationenabled").empty()
                                  ? std::nullopt
                                  : std::optional(settings_.is_true(n, "roleseparationenabled"))});
    }
  }

  Template read_template(NodeId n) const {
    Template found;
    found.node = n;
    found.schema_version = settings_.number(n, "schemaversion").value_or(0);
    found.signatures = settings_.number(n, "authorizedsignatures").value_or(0);
    found.needs_approval = settings_.is_true(n, "requiresmanagerapproval");
    found.effective_purposes = settings_.values(n, "effectiveekus");
    found.signer_purposes = settings_.values(n, "applicationpolicies");
    found.policies = settings_.values(n, "certificatepolicy");
    found.logs_on = settings_.is_true(n, "authenticationenabled");
    // Older collectors do not say it, but name the purposes that decide it.
    found.logs_on_by_tls =
        settings_.values(n, "schannelauthenticationenabled").empty()
            ? found.logs_on && (found.effective_purposes.empty() || found.has(purposes::kAny) ||
                                found.has(purposes::kClientAuthentication))
            : settings_.is_true(n, "schannelauthenticationenabled");
    found.names_are_free = settings_.is_true(n, "enrolleesuppliessubject");
    found.leaves_out_sid = settings_.is_true(n, "nosecurityextension");
    found.carries_user_name =
        settings_.is_true(n, "subjectaltrequireupn") || settings_.is_true(n, "subjectaltrequirespn");
    found.carries_host_name =
        settings_.is_true(n, "subjectaltrequiredns") || settings_.is_true(n, "subjectaltrequiredomaindns");
    return found;
  }

  void add(NodeId source, NodeId target, EdgeKind kind, const Evidence& evidence) {
    add_edge(derivation_, source, target, kind, evidence);
  }

  void index_edges() {
    // What ordinary accounts are in is no right on a template or an authority.
    builder_.for_each_pending([&](const graph::GraphBuilder::PendingEdge& pending) {
      const graph::Edge& edge = pending.edge;
      if (edge.kind == EdgeKind::MemberOf || edge.kind == EdgeKind::Contains) return;
      switch (edge.kind) {
        case EdgeKind::IssuedSignedBy:
        case EdgeKind::EnterpriseCAFor:
        case EdgeKind::RootCAFor:
        case EdgeKind::TrustedForNTAuth:
        case EdgeKind::NTAuthStoreFor:
        case EdgeKind::PublishedTo:
        case EdgeKind::OIDGroupLink:
          out_[edge.kind][edge.source].insert(edge.target);
          break;
        case EdgeKind::DCFor:
          in_[edge.kind][edge.target].insert(edge.source);
          break;
        default:
          break;
      }
      const NodeKind target = builder_.nodes().kind(edge.target);
      if (target != NodeKind::CertTemplate && target != NodeKind::EnterpriseCA) return;
      rights_on_[edge.target].push_back(pending);
      if (edge.condition == 0) {
        in_[edge.kind][edge.target].insert(edge.source);
      } else {
        conditional_[edge.kind][edge.target].emplace_back(edge.source, edge.condition);
      }
    });
  }

  using Index = std::map<EdgeKind, std::unordered_map<NodeId, Nodes>>;

  template <class Sources>
  static const Sources& find(const std::map<EdgeKind, std::unordered_map<NodeId, Sources>>& index,
                             NodeId node, EdgeKind kind) {
    static const Sources kNone;
    const auto edges = index.find(kind);
    if (edges == index.end()) return kNone;
    const auto found = edges->second.find(node);
    return found == edges->second.end() ? kNone : found->second;
  }

  const Nodes& from(NodeId node, EdgeKind kind) const { return find(out_, node, kind); }
  const Nodes& into(NodeId node, EdgeKind kind) const { return find(in_, node, kind); }

  // A domain accepts an authority that chains to a root it trusts and stands in its NTAuth store.
  void find_accepted_authorities() {
    for (Authority& authority : authorities_) {
      Nodes rooted;
      std::vector<NodeId> queue = {authority.node};
      Nodes seen = {authority.node};
      for (std::size_t next = 0; next < queue.size(); ++next) {
        const NodeId at = queue[next];
        for (const NodeId domain : from(at, EdgeKind::RootCAFor)) rooted.insert(domain);
        for (const EdgeKind kind : {EdgeKind::IssuedSignedBy, EdgeKind::EnterpriseCAFor}) {
          for (const NodeId above : from(at, kind)) {
            if (seen.insert(above).second) queue.push_back(above);
          }
        }
      }
      for (const NodeId store : from(authority.node, EdgeKind::TrustedForNTAuth)) {
        for (const NodeId domain : from(store, EdgeKind::NTAuthStoreFor)) {
          if (rooted.contains(domain)) authority.domains.insert(domain);
        }
      }
      by_authority_.emplace(authority.node, &authority);
    }
  }

  std::vector<const Authority*> publishers_of(NodeId one) const {
    std::vector<const Authority*> found;
    for (const NodeId node : from(one, EdgeKind::PublishedTo)) {
      if (const auto place = by_authority_.find(node); place != by_authority_.end()) {
        found.push_back(place->second);
      }
    }
    return found;
  }

  bool in_one_forest(NodeId a, NodeId b) const {
    const std::uint32_t first = builder_.node(a).object;
    const std::uint32_t second = builder_.node(b).object;
    const DirectoryModel& directory = derivation_.directory;
    return first != snapshot::kNoObject && second != snapshot::kNoObject &&
           directory.in_one_forest(directory.domain_of(first), directory.domain_of(second));
  }

  bool is_published_by_accepted(NodeId one) const {
    const auto publishers = publishers_of(one);
    return std::any_of(publishers.begin(), publishers.end(),
                       [](const Authority* authority) { return !authority->domains.empty(); });
  }

  void add_policies() {
    std::multimap<std::string, NodeId> policies;
    for (NodeId n = 0; n < builder_.node_count(); ++n) {
      if (builder_.node(n).kind != NodeKind::IssuancePolicy) continue;
      for (const std::string& oid : settings_.values(n, "certtemplateoid")) policies.emplace(oid, n);
    }
    for (const Template& one : templates_) {
      for (const std::string& oid : one.policies) {
        const auto [begin, end] = policies.equal_range(oid);
        for (auto policy = begin; policy != end; ++policy) {
          if (builder_.node(policy->second).domain != builder_.node(one.node).domain) continue;
          add(one.node, policy->second, EdgeKind::ExtendedByPolicy,
              settings_.evidence(one.node, "certificatepolicy"));
          extended_by_[one.node].insert(policy->second);
        }
      }
    }
  }

  // With a certificate of the one, its holder may ask for certificates of the other in the name of others.
  void add_agents() {
    for (const auto& [kind, sources] : in_) {
      if (kind != EdgeKind::EnrollOnBehalfOf) continue;
      for (const auto& [target, agents] : sources) agents_of_[target] = agents;
    }
    for (const Template& agent : templates_) {
      const bool is_any = agent.has(purposes::kAny);
      const bool is_agent = agent.has(purposes::kEnrollmentAgent);
      if (!is_published_by_accepted(agent.node)) continue;
      for (const Template& target : templates_) {
        if (!is_published_by_accepted(target.node)) continue;
        if (builder_.node(agent.node).domain != builder_.node(target.node).domain) continue;
        const auto& signer = target.signer_purposes;
        const bool asks = target.signatures >= 1 &&
                          std::find(signer.begin(), signer.end(), purposes::kEnrollmentAgent) != signer.end();
        bool allowed = false;
        if (target.schema_version == 1) {
          allowed = is_agent || is_any || (agent.schema_version > 0 && agent.effective_purposes.empty());
        } else if (target.schema_version > 1) {
          allowed = is_agent && !is_any && asks;
        }
        if (!allowed) continue;
        // A template may stand for itself, which the graph has no edge for.
        agents_of_[target.node].insert(agent.node);
        add(agent.node, target.node, EdgeKind::EnrollOnBehalfOf,
            settings_.evidence(agent.node, "effectiveekus"));
      }
    }
  }

  // -- who can get what -------------------------------------------------------------------------------------------

  void add_golden(const Authority& authority) {
    for (const NodeId host : into(authority.node, EdgeKind::HostsCAService)) {
      for (const NodeId domain : authority.domains) {
        add(host, domain, EdgeKind::GoldenCert, settings_.evidence(authority.node, "certthumbprint"));
      }
    }
  }

  // ESC7: whoever administers the authority publishes a template that issues any name, and approves the request
  // itself unless roles are kept apart ([MS-CSRA] 3.1.1.7).
  void add_management(const Authority& authority) {
    if (derivation_.rules != Rules::Ours || authority.domains.empty()) return;
    const Nodes managers = holders(authority.node, {EdgeKind::ManageCA});
    for (const Template& one : templates_) {
      if (!one.logs_on || !one.names_are_free || !one.takes_no_signature()) continue;
      if (!in_one_forest(one.node, authority.node)) continue;
      const bool roles_are_apart = authority.separates_roles.value_or(false);
      if (roles_are_apart && one.needs_approval) continue;
      const Nodes able = roles_are_apart ? joint_.of({managers, may_enroll(one)}) : managers;
      reach(able,
            {EdgeKind::ADCSESC7, one, authority, {settings_.evidence(one.node, "enrolleesuppliessubject")}});
    }
  }

  // Of a right that some members of a group are denied, the accounts that are not.
  Nodes holders(NodeId node, std::initializer_list<EdgeKind> kinds) const {
    Nodes found;
    for (const EdgeKind kind : kinds) {
      const Nodes& more = into(node, kind);
      found.insert(more.begin(), more.end());
      for (const auto& [source, condition] : find(conditional_, node, kind)) {
        const Nodes able = joint_.accounts_of(source, builder_.excluded(condition));
        found.insert(able.begin(), able.end());
      }
    }
    return found;
  }

  Nodes may_enroll(const Template& one) const {
    return holders(one.node, {EdgeKind::Enroll, EdgeKind::AllExtendedRights, EdgeKind::GenericAll});
  }

  /// A way to a certificate that logs on as somebody else, and the settings that make it one.
  struct Escalation {
    EdgeKind kind;
    const Template& one;
    const Authority& authority;
    std::vector<Evidence> settings;
    /// Whether it works in one of the domains that trust the authority, and what there makes it so, any of which is
    /// enough; it works in all of them when there is none.
    std::function<std::optional<std::vector<Evidence>>(NodeId)> works_in = {};
    std::vector<NodeId> also = {};  ///< further templates and authorities that they enrol on
    /// Where others enrol for them: the rights over those, by principal. Otherwise they enrol themselves, or change the
    /// template.
    const std::map<NodeId, std::vector<graph::GraphBuilder::PendingEdge>>* over_others = nullptr;
  };

  void reach(const Nodes& principals, const Escalation& way) {
    for (const NodeId domain : way.authority.domains) {
      const auto settings = way.works_in ? way.works_in(domain) : std::optional(std::vector<Evidence>());
      if (!settings) continue;
      for (const NodeId principal : principals) conclude(principal, domain, way, *settings);
    }
  }

  /// One edge with all that it rests on: the settings, and the rights that the principal, or a group it is in, has on
  /// the templates and authorities.
  void conclude(NodeId principal, NodeId target, const Escalation& way,
                const std::vector<Evidence>& settings_there = {}) {
    const bool by_own_rights = way.over_others == nullptr;
    std::vector<NodeId> nodes = {way.authority.node};
    if (by_own_rights) nodes.push_back(way.one.node);
    nodes.insert(nodes.end(), way.also.begin(), way.also.end());
    knowledge::Caveats caveats;
    Parts<Evidence> proof;
    for (const Evidence& setting : way.settings) proof.push_back({setting});
    proof.push_back(settings_there);
    const auto add_proof = [&](const std::vector<graph::GraphBuilder::PendingEdge>& rights) {
      const Parts<Evidence> parts = of_any(rights);
      proof.insert(proof.end(), parts.begin(), parts.end());
    };
    if (!by_own_rights) add_proof(way.over_others->at(principal));
    for (const NodeId node : nodes) {
      std::vector<graph::GraphBuilder::PendingEdge> rights;
      std::optional<knowledge::Caveats> of_all;
      for (const graph::GraphBuilder::PendingEdge& pending : rights_on(node)) {
        const graph::Edge& edge = pending.edge;
        if (!counts(edge, way)) continue;
        const bool holds = !by_own_rights || joint_.is_in(principal, {edge.source});
        if (!holds || is_excluded(principal, edge.condition)) continue;
        of_all = of_all ? knowledge::Caveats::from_bits(of_all->bits() & edge.caveats.bits()) : edge.caveats;
        if (by_own_rights) rights.push_back(pending);
      }
      add_proof(rights);
      caveats |= of_all.value_or(knowledge::Caveats());
    }
    add_joint_edge(derivation_, principal, target, way.kind, proof, caveats);
  }

  bool is_excluded(NodeId principal, graph::ConditionId condition) const {
    const std::vector<NodeId>& excluded = builder_.excluded(condition);
    return !excluded.empty() && joint_.is_in(principal, {excluded.begin(), excluded.end()});
  }

  const std::vector<graph::GraphBuilder::PendingEdge>& rights_on(NodeId node) const {
    static const std::vector<graph::GraphBuilder::PendingEdge> kNone;
    const auto found = rights_on_.find(node);
    return found == rights_on_.end() ? kNone : found->second;
  }

  /// Whether the right is one that the way needs.
  bool counts(const graph::Edge& edge, const Escalation& way) const {
    switch (edge.kind) {
      case EdgeKind::Enroll:
      case EdgeKind::AllExtendedRights:
      case EdgeKind::GenericAll:
        if (way.kind == EdgeKind::ADCSESC7)
          return way.authority.separates_roles == true && edge.target == way.one.node;
        // What the directory allows on an authority's object is not what the authority allows.
        return edge.kind == EdgeKind::Enroll || builder_.node(edge.target).kind == NodeKind::CertTemplate;
      case EdgeKind::GenericWrite:
      case EdgeKind::Owns:
      case EdgeKind::WriteOwner:
      case EdgeKind::WriteDacl:
      case EdgeKind::WritePKINameFlag:
      case EdgeKind::WritePKIEnrollmentFlag:
        return way.kind == EdgeKind::ADCSESC4 && edge.target == way.one.node;
      case EdgeKind::ManageCA:
        return way.kind == EdgeKind::ADCSESC7;
      default:
        return false;
    }
  }

  void add_escalations(const Template& one, const Authority& authority) {
    const Nodes at_authority = holders(authority.node, {EdgeKind::Enroll});
    if (at_authority.empty()) return;
    add_template_control(one, authority, at_authority);
    add_agent_enrollment(one, authority, at_authority);
    if (!one.is_open()) return;
    const Nodes enrolling = joint_.of({may_enroll(one), at_authority});
    if (enrolling.empty()) return;
    const Evidence logs_on = settings_.evidence(one.node, "authenticationenabled");
    if (one.logs_on && one.names_are_free) {
      reach(enrolling, {EdgeKind::ADCSESC1,
                        one,
                        authority,
                        {logs_on, settings_.evidence(one.node, "enrolleesuppliessubject")}});
    }
    if (authority.lets_requests_name_subjects) {
      const Nodes able = without_users_if_host_name(enrolling, one);
      const Evidence names = settings_.evidence(authority.node, "isuserspecifiessanenabled");
      if (one.logs_on && one.leaves_out_sid) {
        reach(able, {EdgeKind::ADCSESC6a,
                     one,
                     authority,
                     {names, settings_.evidence(one.node, "nosecurityextension")}});
      }
      if (one.logs_on_by_tls) {
        reach(able, {EdgeKind::ADCSESC6b, one, authority, {names, logs_on}, [&](NodeId domain) {
                       return maps_by_user_name(domain);
                     }});
      }
    }
    if (!one.names_are_free) add_renamings(one, authority, enrolling);
    if (one.logs_on) add_group_links(one, authority, enrolling);
    if (derivation_.rules == Rules::Ours && one.schema_version == 1 && one.names_are_free && !one.logs_on) {
      reach(enrolling,
            {EdgeKind::ADCSESC15, one, authority, {settings_.evidence(one.node, "enrolleesuppliessubject")}});
    }
  }

  // Users have no host name, which the certificate would have to carry.
  Nodes without_users_if_host_name(Nodes principals, const Template& one) const {
    if (!one.carries_host_name) return principals;
    std::erase_if(principals, [&](NodeId n) { return builder_.node(n).kind == NodeKind::User; });
    return principals;
  }

  // ESC4: who can write the template makes it what is needed.
  void add_template_control(const Template& one, const Authority& authority, const Nodes& at_authority) {
    const Nodes full =
        holders(one.node, {EdgeKind::GenericAll, EdgeKind::Owns, EdgeKind::WriteOwner, EdgeKind::WriteDacl});
    const Nodes enrol = holders(one.node, {EdgeKind::Enroll, EdgeKind::AllExtendedRights});
    const Nodes write = holders(one.node, {EdgeKind::GenericWrite});
    const Nodes name = holders(one.node, {EdgeKind::WritePKINameFlag});
    const Nodes enrollment = holders(one.node, {EdgeKind::WritePKIEnrollmentFlag});
    Nodes found = joint_.of({full, at_authority});
    const auto also = [&](const std::vector<Nodes>& sets) {
      const Nodes more = joint_.of(sets);
      found.insert(more.begin(), more.end());
    };
    also({write, enrol, at_authority});
    if (one.logs_on && one.takes_no_signature()) {
      if (!one.needs_approval) also({name, enrol, at_authority});
      if (one.names_are_free) also({enrollment, enrol, at_authority});
      also({name, enrollment, enrol, at_authority});
    }
    reach(found, {EdgeKind::ADCSESC4, one, authority, {settings_.evidence(one.node, "schemaversion")}});
  }

  // ESC3: `one` is what the certificate is asked for in the name of somebody.
  void add_agent_enrollment(const Template& one, const Authority& authority, const Nodes& at_authority) {
    const auto agents = agents_of_.find(one.node);
    if (agents == agents_of_.end() || !one.logs_on || one.needs_approval) return;
    for (const Template& agent : templates_) {
      if (!agents->second.contains(agent.node) || !agent.is_open()) continue;
      for (const Authority* const first : publishers_of(agent.node)) {
        std::vector<Nodes> sets = {may_enroll(agent), holders(first->node, {EdgeKind::Enroll}),
                                   may_enroll(one), at_authority};
        if (authority.restricts_agents)
          sets.push_back(holders(one.node, {EdgeKind::DelegatedEnrollmentAgent}));
        const Nodes able = without_users_if_host_name(joint_.of(sets), agent);
        reach(able, {EdgeKind::ADCSESC3,
                     one,
                     authority,
                     {settings_.evidence(agent.node, "effectiveekus"),
                      settings_.evidence(one.node, "authenticationenabled")},
                     [&](NodeId domain) {
                       return first->domains.contains(domain) ? std::optional(std::vector<Evidence>())
                                                              : std::nullopt;
                     },
                     {agent.node, first->node}});
      }
    }
  }

  /// How many accounts of a bundle were looked at for the rights that they share.
  using LookedAt = std::unordered_map<graph::BundleId, std::size_t>;

  // Who has one of the rights over an account, and some of the entries that give it: one entry may be inherited by all. Where
  // there may be more than those, the rule stands for them, which nobody can take away.
  void take_control(Nodes& attackers,
                    std::map<NodeId, std::vector<graph::GraphBuilder::PendingEdge>>& control, NodeId account,
                    std::initializer_list<EdgeKind> kinds, LookedAt& looked_at) {
    constexpr std::size_t kEnough = 16;
    std::vector<graph::GraphBuilder::PendingEdge> rights;
    Nodes found;
    for (const auto& pending : rights_over(account, looked_at, kEnough)) {
      if (std::find(kinds.begin(), kinds.end(), pending.edge.kind) == kinds.end()) continue;
      if (pending.edge.source == account) continue;
      rights.push_back(pending);
      if (pending.edge.condition == 0) {
        found.insert(pending.edge.source);
      } else {
        found.merge(joint_.accounts_of(pending.edge.source, builder_.excluded(pending.edge.condition)));
      }
    }
    for (const NodeId attacker : found) {
      attackers.insert(attacker);
      std::vector<graph::GraphBuilder::PendingEdge>& edges = control[attacker];
      if (edges.size() >= kEnough) continue;
      for (const auto& pending : rights) {
        if (!joint_.is_in(attacker, {pending.edge.source})) continue;
        edges.push_back(pending);
        edges.back().evidence = of_object(pending.evidence, account);
      }
      if (edges.size() < kEnough) continue;
      edges.push_back({edges.back().edge,
                       {.kind = Evidence::Kind::Rule,
                        .item = static_cast<std::uint32_t>(graph::Rule::CertificateConditions)}});
    }
  }

  // Of a right that many accounts share, what it says of this one.
  Evidence of_object(Evidence evidence, NodeId account) const {
    if (evidence.object == Evidence::kEach) evidence.object = builder_.nodes().object(account);
    return evidence;
  }

  /// The edges into an account that give control of it: its own, and those into its bundle, unless that was looked at often enough.
  std::vector<graph::GraphBuilder::PendingEdge> rights_over(NodeId account, LookedAt& looked_at,
                                                            std::size_t enough) {
    if (!rights_are_read_) read_rights_over_accounts();
    std::vector<graph::GraphBuilder::PendingEdge> found;
    const auto own = rights_over_.find(account);
    if (own != rights_over_.end()) found = own->second;
    const graph::BundleId bundle = builder_.bundle_of(graph::BundleSort::Rights, account);
    const auto shared = rights_over_bundle_.find(bundle);
    if (shared == rights_over_bundle_.end() || looked_at[bundle]++ >= enough) return found;
    found.insert(found.end(), shared->second.begin(), shared->second.end());
    return found;
  }

  void read_rights_over_accounts() {
    rights_are_read_ = true;
    constexpr EdgeKind kControl[] = {EdgeKind::GenericAll,
                                     EdgeKind::GenericWrite,
                                     EdgeKind::Owns,
                                     EdgeKind::WriteOwner,
                                     EdgeKind::WriteDacl,
                                     EdgeKind::WriteDNSHostName,
                                     EdgeKind::WriteUserPrincipalName,
                                     EdgeKind::WritePublicInformation};
    for (const EdgeKind kind : kControl) {
      for (const auto& pending : builder_.pending(kind)) {
        const NodeKind target = builder_.nodes().kind(pending.edge.target);
        if (target == NodeKind::User || target == NodeKind::Computer)
          rights_over_[pending.edge.target].push_back(pending);
      }
    }
    for (const auto& pending : builder_.shared()) {
      if (std::find(std::begin(kControl), std::end(kControl), pending.edge.kind) != std::end(kControl))
        rights_over_bundle_[pending.edge.target].push_back(pending);
    }
  }

  // ESC9 and ESC10: who can rename an account that enrols gets a certificate in another one's name.
  void add_renamings(const Template& one, const Authority& authority, const Nodes& enrolling) {
    const bool by_kerberos = one.logs_on && one.leaves_out_sid;
    if (!by_kerberos && !one.logs_on_by_tls) return;
    const Nodes accounts = joint_.members_and(enrolling);
    const auto weak = [&](NodeId domain) { return binds_weakly(domain); };
    const auto mapped = [&](NodeId domain) { return maps_by_user_name(domain); };
    for (const bool by_host : {false, true}) {
      if (!(by_host ? one.carries_host_name : one.carries_user_name)) continue;
      Nodes attackers;
      std::map<NodeId, std::vector<graph::GraphBuilder::PendingEdge>> control;
      LookedAt for_all;
      LookedAt for_one;
      for (const NodeId account : accounts) {
        const NodeKind kind = builder_.node(account).kind;
        const bool fits = kind == NodeKind::Computer || (kind == NodeKind::User && !one.carries_host_name);
        if (!fits) continue;
        take_control(attackers, control, account,
                     {EdgeKind::GenericAll, EdgeKind::GenericWrite, EdgeKind::Owns, EdgeKind::WriteOwner,
                      EdgeKind::WriteDacl},
                     for_all);
        if (derivation_.rules != Rules::Ours) continue;
        // The one attribute that is in the certificate is enough.
        if (by_host) {
          take_control(attackers, control, account, {EdgeKind::WriteDNSHostName}, for_one);
        } else {
          take_control(attackers, control, account,
                       {EdgeKind::WriteUserPrincipalName, EdgeKind::WritePublicInformation}, for_one);
        }
      }
      const Evidence carries =
          settings_.evidence(one.node, by_host ? "subjectaltrequiredns" : "subjectaltrequireupn");
      if (by_kerberos) {
        reach(attackers, {by_host ? EdgeKind::ADCSESC9b : EdgeKind::ADCSESC9a,
                          one,
                          authority,
                          {carries, settings_.evidence(one.node, "nosecurityextension")},
                          weak,
                          {},
                          &control});
      }
      if (one.logs_on_by_tls) {
        reach(attackers, {by_host ? EdgeKind::ADCSESC10b : EdgeKind::ADCSESC10a,
                          one,
                          authority,
                          {carries},
                          mapped,
                          {},
                          &control});
      }
    }
  }

  // ESC13: the certificate carries a policy that stands for a group.
  void add_group_links(const Template& one, const Authority& authority, const Nodes& enrolling) {
    const auto policies = extended_by_.find(one.node);
    if (policies == extended_by_.end()) return;
    for (const NodeId policy : policies->second) {
      for (const NodeId group : from(policy, EdgeKind::OIDGroupLink)) {
        for (const NodeId principal : enrolling) {
          conclude(
              principal, group,
              {EdgeKind::ADCSESC13, one, authority, {settings_.evidence(one.node, "certificatepolicy")}});
        }
      }
    }
  }

  // Settings of domain controllers; one of them is enough, and one that was not read tells nothing.
  std::optional<std::vector<Evidence>> at_controllers(NodeId domain, std::string_view setting,
                                                      const std::function<bool(std::int64_t)>& holds) const {
    std::vector<Evidence> found;
    for (const NodeId controller : into(domain, EdgeKind::DCFor)) {
      const auto number = settings_.number(controller, setting);
      if (number && holds(*number)) found.push_back(settings_.evidence(controller, setting));
    }
    return found.empty() ? std::nullopt : std::optional(std::move(found));
  }

  std::optional<std::vector<Evidence>> binds_weakly(NodeId domain) const {
    return at_controllers(domain, "strongcertificatebindingenforcementraw",
                          [](std::int64_t setting) { return setting == 0 || setting == 1; });
  }

  std::optional<std::vector<Evidence>> maps_by_user_name(NodeId domain) const {
    return at_controllers(domain, "certificatemappingmethodsraw", [](std::int64_t setting) {
      return setting > 0 && (setting & kMapsByUserName) != 0;
    });
  }

  Derivation& derivation_;
  graph::GraphBuilder& builder_;
  CertificateSettings settings_;
  JointHolders joint_;
  std::vector<Template> templates_;
  std::vector<Authority> authorities_;
  std::unordered_map<NodeId, const Authority*> by_authority_;
  std::unordered_map<NodeId, Nodes> extended_by_;  ///< policies, by template
  std::unordered_map<NodeId, Nodes>
      agents_of_;  ///< templates whose holders may enrol for others, by template
  /// Of a copy, as the builder grows.
  std::unordered_map<NodeId, std::vector<graph::GraphBuilder::PendingEdge>> rights_on_;
  bool rights_are_read_ = false;
  std::unordered_map<NodeId, std::vector<graph::GraphBuilder::PendingEdge>> rights_over_;
  std::unordered_map<graph::BundleId, std::vector<graph::GraphBuilder::PendingEdge>> rights_over_bundle_;
  Index out_;
  Index in_;  ///< edges without a condition
  std::map<EdgeKind, std::unordered_map<NodeId, std::vector<std::pair<NodeId, graph::ConditionId>>>>
      conditional_;  ///< sources, by target
};

}  // namespace

void add_certificates(Derivation& derivation, Tokens&) { Certificates(derivation).run(); }

}  // namespace tierline::derive
