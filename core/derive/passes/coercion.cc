// Computers that can be made to authenticate over NTLM to somebody who passes it on: to a file service that does not
// ask for signatures, to a domain controller's LDAP, or to web enrolment. All of it rests on what a collector read on
// the hosts; what was not read makes no edge.

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <unordered_map>

#include "core/base/text.h"
#include "core/derive/certificate_settings.h"
#include "core/derive/collected_properties.h"
#include "core/derive/joint_holders.h"
#include "core/derive/passes/passes.h"
#include "core/knowledge/well_known.h"

namespace tierline::derive {
namespace {

using directory::Sid;
using graph::NodeId;
using knowledge::EdgeKind;
using knowledge::NodeKind;

class Coercion {
 public:
  explicit Coercion(Derivation& derivation)
      : derivation_(derivation),
        builder_(derivation.graph),
        said_(derivation.directory.snapshot(), derivation.graph.nodes()),
        joint_(derivation.graph, derivation.rules) {}

  void run() {
    // Only collections for BloodHound state what these edges rest on.
    if (!said_.is_stated("restrictoutboundntlm")) return;
    for (NodeId n = 0; n < builder_.node_count(); ++n) {
      if (builder_.nodes().kind(n) == NodeKind::Computer) computers_.push_back(n);
    }
    for (const auto& [edge, evidence, part] : builder_.pending(EdgeKind::DCFor)) {
      controllers_[edge.target].insert(edge.source);
    }
    add_relays_to_smb();
    add_relays_to_ldap();
    add_relays_to_web_enrollment();
  }

 private:
  bool is_false(NodeId node, std::string_view property) const {
    return equal_ascii_nocase(said_.text(node, property), "false");
  }

  // Sends NTLM to whoever asks: said not to restrict it, and outside Protected Users ([MS-KILE] 3.3.5.6).
  bool sends_ntlm(NodeId computer) const {
    if (!is_false(computer, "restrictoutboundntlm")) return false;
    for (const Domain& domain : derivation_.directory.domains()) {
      if (domain.sid.count() == 0) continue;
      const auto index = static_cast<DomainIndex>(&domain - derivation_.directory.domains().data());
      const auto group =
          derivation_.directory.find_sid(domain.sid.with_rid(knowledge::rids::kProtectedUsers), index);
      if (group && joint_.is_in(computer, {*group})) return false;
    }
    return true;
  }

  std::string domain_sid(NodeId computer) const { return upper_case(said_.text(computer, "domainsid")); }

  void add(NodeId computer, EdgeKind kind, NodeId proof, std::string_view property) {
    DirectoryModel& directory = derivation_.directory;
    for (std::size_t d = 0; d < directory.domains().size(); ++d) {
      if (directory.domains()[d].sid.to_string() != domain_sid(computer)) continue;
      const NodeId everyone_known = directory.node_of_sid(*Sid::parse(knowledge::sids::kAuthenticatedUsers),
                                                          static_cast<DomainIndex>(d));
      add_edge(derivation_, everyone_known, computer, kind, said_.evidence(proof, property));
    }
  }

  // Another computer that administers this one is made to authenticate.
  void add_relays_to_smb() {
    if (!said_.is_stated("smbsigning")) return;
    find_senders();
    std::unordered_map<NodeId, std::set<NodeId>> administrators;  // by computer
    for (const auto& [edge, evidence, part] : builder_.pending(EdgeKind::AdminTo)) {
      administrators[edge.target].insert(edge.source);
    }
    for (const NodeId target : computers_) {
      const auto found = administrators.find(target);
      if (found == administrators.end() || !is_false(target, "smbsigning")) continue;
      const bool is_any = joint_.is_every_logon(found->second);
      const auto& senders = senders_[domain_sid(target)];
      const bool has_sender =
          is_any ? std::any_of(senders.all.begin(), senders.all.end(), [&](NodeId n) { return n != target; })
                 : std::any_of(found->second.begin(), found->second.end(), [&](NodeId administrator) {
                     const auto below = senders.below.find(administrator);
                     return below != senders.below.end() &&
                            (below->second[0] != target || below->second[1] != graph::kNoNode);
                   });
      if (has_sender) add(target, EdgeKind::CoerceAndRelayNTLMToSMB, target, "smbsigning");
    }
  }

  /// Computers of a domain that send NTLM.
  struct Senders {
    std::vector<NodeId> all;
    /// By group or computer, two of those that are it or in it: one of them is another than the target.
    std::unordered_map<NodeId, std::array<NodeId, 2>> below;
  };

  void find_senders() {
    for (const NodeId computer : computers_) {
      if (!sends_ntlm(computer)) continue;
      Senders& senders = senders_[domain_sid(computer)];
      senders.all.push_back(computer);
      for (const NodeId above : joint_.groups_and(computer)) {
        const auto [place, added] = senders.below.try_emplace(above, std::array{computer, graph::kNoNode});
        if (!added && place->second[1] == graph::kNoNode) place->second[1] = computer;
      }
    }
  }

  // A computer that speaks HTTP is made to authenticate, to write to its own account in the directory.
  void add_relays_to_ldap() {
    for (const NodeId computer : computers_) {
      if (!said_.is_true(computer, "webclientrunning") || !sends_ntlm(computer)) continue;
      const auto weak = [&](std::string_view available, std::string_view protection) {
        for (const auto& [domain, controllers] : controllers_) {
          if (builder_.node(domain).id != domain_sid(computer)) continue;
          for (const NodeId controller : controllers) {
            const bool offers = said_.is_true(controller, available) && is_false(controller, protection);
            if (controller != computer && offers) return controller;
          }
        }
        return graph::kNoNode;
      };
      const NodeId plain = weak("ldapavailable", "ldapsigning");
      if (plain != graph::kNoNode) add(computer, EdgeKind::CoerceAndRelayNTLMToLDAP, plain, "ldapsigning");
      const NodeId secure = weak("ldapsavailable", "ldapsepa");
      if (secure != graph::kNoNode) add(computer, EdgeKind::CoerceAndRelayNTLMToLDAPS, secure, "ldapsepa");
    }
  }

  // A computer that may enrol is made to authenticate to web enrolment, and gets a certificate to log on with (ESC8).
  void add_relays_to_web_enrollment() {
    CertificateSettings settings(derivation_.directory.snapshot(), builder_.nodes());
    std::map<NodeId, std::map<EdgeKind, std::set<NodeId>>> enrolling;  // by template or authority
    std::map<NodeId, std::set<NodeId>> templates;                      // by authority
    std::set<NodeId> trusted;
    for (const auto& [edge, evidence, part] : builder_.pending(EdgeKind::TrustedForNTAuth)) {
      trusted.insert(edge.source);
    }
    for (const auto& [edge, evidence, part] : builder_.pending(EdgeKind::PublishedTo)) {
      templates[edge.target].insert(edge.source);
    }
    for (const EdgeKind kind : {EdgeKind::Enroll, EdgeKind::AllExtendedRights, EdgeKind::GenericAll}) {
      for (const auto& [edge, evidence, part] : builder_.pending(kind)) {
        if (edge.condition == 0) enrolling[edge.target][kind].insert(edge.source);
      }
    }
    for (const NodeId authority : trusted) {
      if (!said_.is_true(authority, "hasvulnerableendpoint")) continue;
      for (const NodeId one : templates[authority]) {
        const bool is_open =
            !settings.is_true(one, "requiresmanagerapproval") &&
            (settings.number(one, "schemaversion") == 1 || settings.number(one, "authorizedsignatures") == 0);
        if (!is_open || !settings.is_true(one, "authenticationenabled")) continue;
        std::set<NodeId> may_enroll = enrolling[one][EdgeKind::Enroll];
        for (const EdgeKind kind : {EdgeKind::AllExtendedRights, EdgeKind::GenericAll})
          may_enroll.merge(enrolling[one][kind]);
        for (const NodeId computer : computers_) {
          if (!sends_ntlm(computer) || !joint_.is_in(computer, may_enroll)) continue;
          if (!joint_.is_in(computer, enrolling[authority][EdgeKind::Enroll])) continue;
          add(computer, EdgeKind::CoerceAndRelayNTLMToADCS, authority, "hasvulnerableendpoint");
        }
      }
    }
  }

  Derivation& derivation_;
  graph::GraphBuilder& builder_;
  CollectedProperties said_;
  JointHolders joint_;
  std::vector<NodeId> computers_;
  std::map<std::string, Senders> senders_;          ///< by SID of the domain
  std::map<NodeId, std::set<NodeId>> controllers_;  ///< by domain
};

}  // namespace

void add_coercion(Derivation& derivation, Tokens&) { Coercion(derivation).run(); }

}  // namespace tierline::derive
