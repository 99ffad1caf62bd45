// Certificates that log on as somebody else: how authorities hang together and who trusts them, and who can get
// which certificate of which template ([MS-WCCE], [MS-CRTD], [MS-PKCA]).

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <unordered_map>

#include "core/base/text.h"
#include "core/derive/collected_properties.h"
#include "core/derive/joint_holders.h"
#include "core/derive/passes/passes.h"

namespace tierline::derive {
namespace {

using graph::Evidence;
using graph::NodeId;
using knowledge::EdgeKind;
using knowledge::NodeKind;
using Nodes = std::set<NodeId>;

// Extended key usages, [MS-WCCE] 2.2.2.7.7.3 and [RFC 5280] 4.2.1.12.
constexpr std::string_view kAnyPurpose = "2.5.29.37.0";
constexpr std::string_view kClientAuthentication = "1.3.6.1.5.5.7.3.2";
constexpr std::string_view kEnrollmentAgent = "1.3.6.1.4.1.311.20.2.1";

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
  std::vector<std::string> purposes;
  std::vector<std::string> signer_purposes;
  std::vector<std::string> policies;

  /// Issued to whoever may enrol, at once.
  bool is_open() const { return !needs_approval && takes_no_signature(); }
  bool takes_no_signature() const { return schema_version == 1 || signatures == 0; }
  bool has(std::string_view purpose) const {
    return std::find(purposes.begin(), purposes.end(), purpose) != purposes.end();
  }
};

struct Authority {
  NodeId node = graph::kNoNode;
  bool lets_requests_name_subjects = false;
  bool restricts_agents = false;
  Nodes domains;  ///< that accept its certificates for logon
};

class Certificates {
 public:
  explicit Certificates(Derivation& derivation)
      : derivation_(derivation),
        builder_(derivation.graph),
        said_(derivation.directory.snapshot(), derivation.graph) {}

  void run() {
    read_objects();
    if (templates_.empty() && certificates_.empty()) return;
    add_chains();
    index_edges();
    find_accepted_authorities();
    add_policies();
    add_agents();
    const JointHolders joint(builder_, derivation_.rules);
    for (const Authority& authority : authorities_) add_golden(authority);
    for (const Template& one : templates_) {
      for (const Authority* const authority : publishers_of(one.node)) {
        if (authority->domains.empty()) continue;
        add_escalations(one, *authority, joint);
      }
    }
  }

 private:
  void read_objects() {
    for (NodeId n = 0; n < builder_.node_count(); ++n) {
      switch (builder_.node(n).kind) {
        case NodeKind::CertTemplate:
          templates_.push_back(read_template(n));
          break;
        case NodeKind::EnterpriseCA:
          authorities_.push_back(
              {.node = n,
               .lets_requests_name_subjects = said_.is_true(n, "isuserspecifiessanenabled"),
               .restricts_agents = said_.is_true(n, "hasenrollmentagentrestrictions")});
          certificates_.push_back(n);
          break;
        case NodeKind::RootCA:
        case NodeKind::AIACA:
          certificates_.push_back(n);
          break;
        case NodeKind::NTAuthStore:
          stores_.push_back(n);
          break;
        default:
          break;
      }
    }
  }

  Template read_template(NodeId n) const {
    Template found;
    found.node = n;
    found.schema_version = said_.number(n, "schemaversion").value_or(0);
    found.signatures = said_.number(n, "authorizedsignatures").value_or(0);
    found.needs_approval = said_.is_true(n, "requiresmanagerapproval");
    found.purposes = said_.values(n, "effectiveekus");
    found.signer_purposes = said_.values(n, "applicationpolicies");
    found.policies = said_.values(n, "certificatepolicy");
    found.logs_on = said_.is_true(n, "authenticationenabled");
    // Older collectors do not say it, but name the purposes that decide it.
    found.logs_on_by_tls = said_.values(n, "schannelauthenticationenabled").empty()
                               ? found.logs_on && (found.purposes.empty() || found.has(kAnyPurpose) ||
                                                   found.has(kClientAuthentication))
                               : said_.is_true(n, "schannelauthenticationenabled");
    found.names_are_free = said_.is_true(n, "enrolleesuppliessubject");
    found.leaves_out_sid = said_.is_true(n, "nosecurityextension");
    found.carries_user_name =
        said_.is_true(n, "subjectaltrequireupn") || said_.is_true(n, "subjectaltrequirespn");
    found.carries_host_name =
        said_.is_true(n, "subjectaltrequiredns") || said_.is_true(n, "subjectaltrequiredomaindns");
    return found;
  }

  // -- who issued and accepts whom --------------------------------------------------------------------------------

  void add(NodeId source, NodeId target, EdgeKind kind, const Evidence& evidence) {
    add_edge(derivation_, source, target, kind, evidence);
  }

  std::string thumbprint(NodeId node) const {
    std::vector<std::string> found = said_.values(node, "certthumbprint");
    if (found.empty()) found = said_.values(node, "certchain");
    return found.empty() ? "" : upper_case(found[0]);
  }

  void add_chains() {
    std::multimap<std::string, NodeId> by_thumbprint;
    for (const NodeId n : certificates_) {
      if (const std::string own = thumbprint(n); !own.empty()) by_thumbprint.emplace(own, n);
    }
    for (const NodeId n : certificates_) {
      const std::vector<std::string> chain = said_.values(n, "certchain");
      if (chain.size() > 1) {
        const auto [begin, end] = by_thumbprint.equal_range(upper_case(chain[1]));
        for (auto issuer = begin; issuer != end; ++issuer) {
          add(n, issuer->second, EdgeKind::IssuedSignedBy, said_.evidence(n, "certchain"));
        }
      }
      if (builder_.node(n).kind != NodeKind::EnterpriseCA) continue;
      const auto [begin, end] = by_thumbprint.equal_range(thumbprint(n));
      for (auto same = begin; same != end; ++same) {
        if (builder_.node(same->second).kind == NodeKind::EnterpriseCA) continue;
        add(n, same->second, EdgeKind::EnterpriseCAFor, said_.evidence(n, "certthumbprint"));
      }
      for (const NodeId store : stores_) {
        for (const std::string& trusted : said_.values(store, "certthumbprints")) {
          if (upper_case(trusted) != thumbprint(n) || thumbprint(n).empty()) continue;
          add(n, store, EdgeKind::TrustedForNTAuth, said_.evidence(store, "certthumbprints"));
        }
      }
    }
  }

  void index_edges() {
    for (const auto& [edge, evidence] : builder_.pending()) {
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
        default:
          break;
      }
      in_[edge.kind][edge.target].insert(edge.source);
      const NodeKind target = builder_.node(edge.target).kind;
      if (target == NodeKind::CertTemplate || target == NodeKind::EnterpriseCA) {
        rights_on_[edge.target].push_back({edge, evidence});
      }
    }
  }

  const Nodes& from(NodeId node, EdgeKind kind) const { return find(out_, node, kind); }
  const Nodes& into(NodeId node, EdgeKind kind) const { return find(in_, node, kind); }

  using Index = std::map<EdgeKind, std::unordered_map<NodeId, Nodes>>;
  static const Nodes& find(const Index& index, NodeId node, EdgeKind kind) {
    static const Nodes kNone;
    const auto edges = index.find(kind);
    if (edges == index.end()) return kNone;
    const auto found = edges->second.find(node);
    return found == edges->second.end() ? kNone : found->second;
  }

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

  bool is_published_by_accepted(NodeId one) const {
    const auto publishers = publishers_of(one);
    return std::any_of(publishers.begin(), publishers.end(),
                       [](const Authority* authority) { return !authority->domains.empty(); });
  }

  void add_policies() {
    std::multimap<std::string, NodeId> policies;
    for (NodeId n = 0; n < builder_.node_count(); ++n) {
      if (builder_.node(n).kind != NodeKind::IssuancePolicy) continue;
      for (const std::string& oid : said_.values(n, "certtemplateoid")) policies.emplace(oid, n);
    }
    for (const Template& one : templates_) {
      for (const std::string& oid : one.policies) {
        const auto [begin, end] = policies.equal_range(oid);
        for (auto policy = begin; policy != end; ++policy) {
          if (builder_.node(policy->second).domain != builder_.node(one.node).domain) continue;
          add(one.node, policy->second, EdgeKind::ExtendedByPolicy,
              said_.evidence(one.node, "certificatepolicy"));
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
      const bool is_any = agent.has(kAnyPurpose);
      const bool is_agent = agent.has(kEnrollmentAgent);
      if (!is_published_by_accepted(agent.node)) continue;
      for (const Template& target : templates_) {
        if (!is_published_by_accepted(target.node)) continue;
        if (builder_.node(agent.node).domain != builder_.node(target.node).domain) continue;
        const auto& signer = target.signer_purposes;
        const bool asks = target.signatures >= 1 &&
                          std::find(signer.begin(), signer.end(), kEnrollmentAgent) != signer.end();
        bool allowed = false;
        if (target.schema_version == 1) {
          allowed = is_agent || is_any || (agent.schema_version > 0 && agent.purposes.empty());
        } else if (target.schema_version > 1) {
          allowed = is_agent && !is_any && asks;
        }
        if (!allowed) continue;
        // A template may stand for itself, which the graph has no edge for.
        agents_of_[target.node].insert(agent.node);
        add(agent.node, target.node, EdgeKind::EnrollOnBehalfOf, said_.evidence(agent.node, "effectiveekus"));
      }
    }
  }

  // -- who can get what -------------------------------------------------------------------------------------------

  void add_golden(const Authority& authority) {
    for (const NodeId host : into(authority.node, EdgeKind::HostsCAService)) {
      for (const NodeId domain : authority.domains) {
        add(host, domain, EdgeKind::GoldenCert, said_.evidence(authority.node, "certthumbprint"));
      }
    }
  }

  Nodes holders(NodeId node, std::initializer_list<EdgeKind> kinds) const {
    Nodes found;
    for (const EdgeKind kind : kinds) {
      const Nodes& more = into(node, kind);
      found.insert(more.begin(), more.end());
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
    /// Which of the domains that trust the authority it works in; all of them when there is none.
    std::function<bool(NodeId)> works_in = {};
    bool by_own_rights = true;  ///< the principals themselves enrol, or change the template
  };

  void reach(const Nodes& principals, const Escalation& way, const JointHolders& joint) {
    for (const NodeId domain : way.authority.domains) {
      if (way.works_in && !way.works_in(domain)) continue;
      for (const NodeId principal : principals) {
        for (const Evidence& setting : way.settings) add(principal, domain, way.kind, setting);
        if (!way.by_own_rights) continue;
        for (const NodeId node : {way.one.node, way.authority.node}) {
          prove_rights(principal, domain, way.kind, node, joint);
        }
      }
    }
  }

  /// The rights that the principal, or a group it is in, has on a template or an authority.
  void prove_rights(NodeId principal, NodeId domain, EdgeKind kind, NodeId node, const JointHolders& joint) {
    const auto rights = rights_on_.find(node);
    if (rights == rights_on_.end()) return;
    for (const auto& [edge, evidence] : rights->second) {
      const bool enrols = edge.kind == EdgeKind::Enroll || edge.kind == EdgeKind::AllExtendedRights ||
                          edge.kind == EdgeKind::GenericAll;
      if (!enrols && kind != EdgeKind::ADCSESC4) continue;
      if (joint.is_in(principal, {edge.source})) add(principal, domain, kind, evidence);
    }
  }

  void add_escalations(const Template& one, const Authority& authority, const JointHolders& joint) {
    const Nodes at_authority = holders(authority.node, {EdgeKind::Enroll});
    if (at_authority.empty()) return;
    add_template_control(one, authority, at_authority, joint);
    add_agent_enrollment(one, authority, at_authority, joint);
    if (!one.is_open()) return;
    const Nodes enrolling = joint.of({may_enroll(one), at_authority});
    if (enrolling.empty()) return;
    const Evidence logs_on = said_.evidence(one.node, "authenticationenabled");
    if (one.logs_on && one.names_are_free) {
      reach(enrolling,
            {EdgeKind::ADCSESC1,
             one,
             authority,
             {logs_on, said_.evidence(one.node, "enrolleesuppliessubject")}},
            joint);
    }
    if (authority.lets_requests_name_subjects) {
      const Nodes able = without_users_if_host_name(enrolling, one);
      const Evidence names = said_.evidence(authority.node, "isuserspecifiessanenabled");
      if (one.logs_on && one.leaves_out_sid) {
        reach(able,
              {EdgeKind::ADCSESC6a, one, authority, {names, said_.evidence(one.node, "nosecurityextension")}},
              joint);
      }
      if (one.logs_on_by_tls) {
        reach(able,
              {EdgeKind::ADCSESC6b,
               one,
               authority,
               {names, logs_on},
               [&](NodeId domain) { return maps_by_user_name(domain); }},
              joint);
      }
    }
    if (!one.names_are_free) add_renamings(one, authority, enrolling, joint);
    if (one.logs_on) add_group_links(one, enrolling);
  }

  // Users have no host name, which the certificate would have to carry.
  Nodes without_users_if_host_name(Nodes principals, const Template& one) const {
    if (!one.carries_host_name) return principals;
    std::erase_if(principals, [&](NodeId n) { return builder_.node(n).kind == NodeKind::User; });
    return principals;
  }

  // ESC4: who can write the template makes it what is needed.
  void add_template_control(const Template& one, const Authority& authority, const Nodes& at_authority,
                            const JointHolders& joint) {
    const Nodes full =
        holders(one.node, {EdgeKind::GenericAll, EdgeKind::Owns, EdgeKind::WriteOwner, EdgeKind::WriteDacl});
    const Nodes enrol = holders(one.node, {EdgeKind::Enroll, EdgeKind::AllExtendedRights});
    const Nodes write = holders(one.node, {EdgeKind::GenericWrite});
    const Nodes name = holders(one.node, {EdgeKind::WritePKINameFlag});
    const Nodes enrollment = holders(one.node, {EdgeKind::WritePKIEnrollmentFlag});
    Nodes found = joint.of({full, at_authority});
    const auto also = [&](const std::vector<Nodes>& sets) {
      const Nodes more = joint.of(sets);
      found.insert(more.begin(), more.end());
    };
    also({write, enrol, at_authority});
    if (one.logs_on && one.takes_no_signature()) {
      if (!one.needs_approval) also({name, enrol, at_authority});
      if (one.names_are_free) also({enrollment, enrol, at_authority});
      also({name, enrollment, enrol, at_authority});
    }
    reach(found, {EdgeKind::ADCSESC4, one, authority, {said_.evidence(one.node, "schemaversion")}}, joint);
  }

  // ESC3: `one` is what the certificate is asked for in the name of somebody.
  void add_agent_enrollment(const Template& one, const Authority& authority, const Nodes& at_authority,
                            const JointHolders& joint) {
    const auto agents = agents_of_.find(one.node);
    if (agents == agents_of_.end() || !one.logs_on || one.needs_approval) return;
    for (const Template& agent : templates_) {
      if (!agents->second.contains(agent.node) || !agent.is_open()) continue;
      for (const Authority* const first : publishers_of(agent.node)) {
        std::vector<Nodes> sets = {may_enroll(agent), holders(first->node, {EdgeKind::Enroll}),
                                   may_enroll(one), at_authority};
        if (authority.restricts_agents)
          sets.push_back(holders(one.node, {EdgeKind::DelegatedEnrollmentAgent}));
        const Nodes able = without_users_if_host_name(joint.of(sets), agent);
        for (const NodeId domain : authority.domains) {
          if (!first->domains.contains(domain)) continue;
          for (const NodeId principal : able) {
            add(principal, domain, EdgeKind::ADCSESC3, said_.evidence(agent.node, "effectiveekus"));
            add(principal, domain, EdgeKind::ADCSESC3, said_.evidence(one.node, "authenticationenabled"));
            for (const NodeId node : {agent.node, first->node, one.node, authority.node}) {
              prove_rights(principal, domain, EdgeKind::ADCSESC3, node, joint);
            }
          }
        }
      }
    }
  }

  // ESC9 and ESC10: who can rename an account that enrols gets a certificate in another one's name.
  void add_renamings(const Template& one, const Authority& authority, const Nodes& enrolling,
                     const JointHolders& joint) {
    const bool by_kerberos = one.logs_on && one.leaves_out_sid;
    if (!by_kerberos && !one.logs_on_by_tls) return;
    const Nodes accounts = joint.members_and(enrolling);
    const auto weak = [&](NodeId domain) { return binds_weakly(domain); };
    const auto mapped = [&](NodeId domain) { return maps_by_user_name(domain); };
    for (const bool by_host : {false, true}) {
      if (!(by_host ? one.carries_host_name : one.carries_user_name)) continue;
      Nodes attackers;
      for (const NodeId account : accounts) {
        const NodeKind kind = builder_.node(account).kind;
        const bool fits = kind == NodeKind::Computer || (kind == NodeKind::User && !one.carries_host_name);
        if (!fits) continue;
        const Nodes control = holders(account, {EdgeKind::GenericAll, EdgeKind::GenericWrite, EdgeKind::Owns,
                                                EdgeKind::WriteOwner, EdgeKind::WriteDacl});
        attackers.insert(control.begin(), control.end());
      }
      const Evidence carries =
          said_.evidence(one.node, by_host ? "subjectaltrequiredns" : "subjectaltrequireupn");
      if (by_kerberos) {
        reach(attackers,
              {by_host ? EdgeKind::ADCSESC9b : EdgeKind::ADCSESC9a,
               one,
               authority,
               {carries, said_.evidence(one.node, "nosecurityextension")},
               weak,
               false},
              joint);
      }
      if (one.logs_on_by_tls) {
        reach(
            attackers,
            {by_host ? EdgeKind::ADCSESC10b : EdgeKind::ADCSESC10a, one, authority, {carries}, mapped, false},
            joint);
      }
    }
  }

  // ESC13: the certificate carries a policy that stands for a group.
  void add_group_links(const Template& one, const Nodes& enrolling) {
    const auto policies = extended_by_.find(one.node);
    if (policies == extended_by_.end()) return;
    for (const NodeId policy : policies->second) {
      for (const NodeId group : from(policy, EdgeKind::OIDGroupLink)) {
        for (const NodeId principal : enrolling) {
          add(principal, group, EdgeKind::ADCSESC13, said_.evidence(one.node, "certificatepolicy"));
        }
      }
    }
  }

  // Settings of domain controllers; one of them is enough, and one that was not read tells nothing.
  bool any_controller(NodeId domain, const std::function<bool(NodeId)>& holds) const {
    const Nodes& controllers = into(domain, EdgeKind::DCFor);
    return std::any_of(controllers.begin(), controllers.end(), holds);
  }

  bool binds_weakly(NodeId domain) const {
    return any_controller(domain, [&](NodeId controller) {
      const auto setting = said_.number(controller, "strongcertificatebindingenforcementraw");
      return setting == 0 || setting == 1;
    });
  }

  bool maps_by_user_name(NodeId domain) const {
    return any_controller(domain, [&](NodeId controller) {
      const auto setting = said_.number(controller, "certificatemappingmethodsraw");
      return setting && *setting > 0 && (*setting & kMapsByUserName) != 0;
    });
  }

  Derivation& derivation_;
  graph::GraphBuilder& builder_;
  CollectedProperties said_;
  std::vector<Template> templates_;
  std::vector<Authority> authorities_;
  std::vector<NodeId> certificates_;  ///< authorities and roots of every kind
  std::vector<NodeId> stores_;
  std::unordered_map<NodeId, const Authority*> by_authority_;
  std::unordered_map<NodeId, Nodes> extended_by_;  ///< policies, by template
  std::unordered_map<NodeId, Nodes>
      agents_of_;  ///< templates whose holders may enrol for others, by template
  /// Of a copy, as the builder grows.
  std::unordered_map<NodeId, std::vector<graph::GraphBuilder::PendingEdge>> rights_on_;
  Index out_;
  Index in_;
};

}  // namespace

void add_certificates(Derivation& derivation, Tokens&) { Certificates(derivation).run(); }

}  // namespace tierline::derive
