// How certificate services hang together: which authority publishes which template, who issued whose certificate, and
// which domains accept it. From the directory's objects below Public Key Services ([MS-WCCE] 2.2.2.11, [MS-CRTD]), or
// from what a collection says of them.

#include <algorithm>
#include <map>
#include <set>

#include "core/base/text.h"
#include "core/derive/certificate.h"
#include "core/derive/certificate_settings.h"
#include "core/derive/passes/passes.h"
#include "core/directory/distinguished_name.h"

namespace tierline::derive {
namespace {

using graph::Evidence;
using graph::NodeId;
using knowledge::EdgeKind;
using knowledge::NodeKind;
using snapshot::Object;

class CertificateServices {
 public:
  explicit CertificateServices(Derivation& derivation)
      : derivation_(derivation),
        directory_(derivation.directory),
        snapshot_(directory_.snapshot()),
        settings_(snapshot_, derivation.graph.nodes()),
        collected_(snapshot_, derivation.graph.nodes()) {}

  void run() {
    sort_nodes();
    if (authorities_.empty() && certificates_.empty() && stores_.empty() && policies_.empty()) return;
    for (const NodeId authority : authorities_) {
      if (!settings_.is_collected(authority)) add_authority(authority);
    }
    for (const NodeId policy : policies_) add_group_of(policy);
    add_acceptance();
    add_chains_of_collections();
    add_chains();
    report_gaps();
  }

 private:
  graph::Node node(NodeId n) const { return derivation_.graph.node(n); }
  Object object(NodeId n) const { return snapshot_.object(node(n).object); }

  void add(NodeId source, NodeId target, EdgeKind kind, const Evidence& evidence) {
    add_edge(derivation_, source, target, kind, evidence);
  }

  void sort_nodes() {
    for (NodeId n = 0; n < derivation_.graph.node_count(); ++n) {
      if (derivation_.graph.nodes().object(n) == snapshot::kNoObject) continue;
      switch (derivation_.graph.nodes().kind(n)) {
        case NodeKind::CertTemplate:
          templates_.push_back(n);
          break;
        case NodeKind::EnterpriseCA:
          authorities_.push_back(n);
          certificates_.push_back(n);
          break;
        case NodeKind::RootCA:
        case NodeKind::AIACA:
          certificates_.push_back(n);
          break;
        case NodeKind::NTAuthStore:
          stores_.push_back(n);
          break;
        case NodeKind::IssuancePolicy:
          policies_.push_back(n);
          break;
        default:
          break;
      }
    }
  }

  // -- what directory objects say ---------------------------------------------------------------------------------

  template <class Use>
  void for_each_value(NodeId n, std::string_view name, const Use& use) const {
    const snapshot::AttributeId id = snapshot_.attribute(name);
    if (id == snapshot::kNoAttribute) return;
    std::uint32_t item = 0;
    for (const auto value : object(n).values(id)) {
      use(value,
          Evidence{
              .kind = Evidence::Kind::Attribute, .attribute = id, .object = node(n).object, .item = item++});
    }
  }

  bool in_same_forest(NodeId a, NodeId b) const {
    return directory_.in_one_forest(directory_.domain_of(node(a).object),
                                    directory_.domain_of(node(b).object));
  }

  // [MS-WCCE] 2.2.2.11.1: templates go by the names of their objects, the host by its DNS name.
  void add_authority(NodeId authority) {
    for_each_value(authority, "certificateTemplates", [&](const auto& value, const Evidence& evidence) {
      for (const NodeId one : templates_) {
        if (settings_.is_collected(one) || !in_same_forest(one, authority)) continue;
        const std::string name = directory::first_rdn_value(object(one).dn());
        if (equal_ascii_nocase(name, value.text())) add(one, authority, EdgeKind::PublishedTo, evidence);
      }
    });
    for_each_value(authority, "dNSHostName", [&](const auto& value, const Evidence& evidence) {
      for (const NodeId host : computers_named(value.text())) {
        if (in_same_forest(host, authority)) add(host, authority, EdgeKind::HostsCAService, evidence);
      }
    });
  }

  const std::vector<NodeId>& computers_named(std::string_view name) {
    if (computers_.empty()) {
      for (NodeId n = 0; n < derivation_.graph.node_count(); ++n) {
        if (node(n).kind != NodeKind::Computer || node(n).object == snapshot::kNoObject) continue;
        computers_[upper_case(object(n).text(directory_.attributes().dns_host_name))].push_back(n);
      }
    }
    return computers_[upper_case(name)];
  }

  void add_group_of(NodeId policy) {
    for_each_value(policy, "msDS-OIDToGroupLink", [&](const auto& value, const Evidence& evidence) {
      if (value.target == snapshot::kNoObject) return;
      add(policy, directory_.node_of(value.target), EdgeKind::OIDGroupLink, evidence);
    });
  }

  // Roots and NTAuth stand in the configuration, which all domains of the forest share.
  void add_acceptance() {
    const auto add_domains = [&](NodeId n, EdgeKind kind) {
      if (settings_.is_collected(n)) return;
      const DomainIndex own = directory_.domain_of(node(n).object);
      for (std::size_t d = 0; d < directory_.domains().size(); ++d) {
        const auto head = directory_.domains()[d].head;
        if (head == snapshot::kNoObject) continue;
        if (!directory_.in_one_forest(static_cast<DomainIndex>(d), own)) continue;
        add(n, directory_.node_of(head), kind, {.kind = Evidence::Kind::Tree, .object = node(n).object});
      }
    };
    for (const NodeId n : certificates_) {
      if (node(n).kind == NodeKind::RootCA) add_domains(n, EdgeKind::RootCAFor);
    }
    for (const NodeId store : stores_) add_domains(store, EdgeKind::NTAuthStoreFor);
  }

  /// A certificate of an object.
  struct Held {
    NodeId node;
    Evidence evidence;
    Certificate certificate;
  };

  std::vector<Held> certificates_of(const std::vector<NodeId>& nodes) {
    std::vector<Held> found;
    for (const NodeId n : nodes) {
      if (settings_.is_collected(n)) continue;
      for_each_value(n, "cACertificate", [&](const auto& value, const Evidence& evidence) {
        std::optional<Certificate> parsed = Certificate::parse(value.bytes);
        // An authority that was just set up, and an empty NTAuth, hold a single zero byte.
        if (!parsed && value.bytes.size() > 1) unreadable_.insert(n);
        if (parsed) found.push_back({n, evidence, *std::move(parsed)});
      });
    }
    return found;
  }

  void add_chains() {
    const std::vector<Held> held = certificates_of(certificates_);
    const std::vector<Held> trusted = certificates_of(stores_);
    for (const Held& one : held) {
      const bool is_authority = node(one.node).kind == NodeKind::EnterpriseCA;
      for (const Held& other : held) {
        if (one.node == other.node || !in_same_forest(one.node, other.node)) continue;
        if (one.certificate == other.certificate) {
          const bool stands_for = is_authority && node(other.node).kind != NodeKind::EnterpriseCA;
          if (stands_for) add(one.node, other.node, EdgeKind::EnterpriseCAFor, other.evidence);
        } else if (one.certificate.is_issued_by(other.certificate)) {
          add(one.node, other.node, EdgeKind::IssuedSignedBy, one.evidence);
        }
      }
      for (const Held& other : trusted) {
        const bool is_same = is_authority && one.certificate == other.certificate;
        if (!is_same || !in_same_forest(one.node, other.node)) continue;
        add(one.node, other.node, EdgeKind::TrustedForNTAuth, other.evidence);
      }
    }
  }

  // What nobody asked the hosts decides some of it: said, lest its absence be taken for safety.
  void report_gaps() {
    const auto read = static_cast<std::uint64_t>(std::count_if(
        authorities_.begin(), authorities_.end(), [&](NodeId n) { return !settings_.is_collected(n); }));
    if (read != 0) {
      derivation_.meta.coverage.push_back(
          {.area = "registry of certification authorities and domain controllers",
           .asked = false,
           .missing = read,
           .reason =
               "whether ADCSESC6a, 6b, 7, 9a, 9b, 10a, 10b and relays to web enrolment work is unknown"});
    }
    if (!unreadable_.empty()) {
      derivation_.meta.coverage.push_back({.area = "certificates of authorities",
                                           .missing = unreadable_.size(),
                                           .reason = "a value of cACertificate is no certificate"});
    }
  }

  // -- what collections say ---------------------------------------------------------------------------------------

  std::string thumbprint(NodeId n) const {
    std::vector<std::string> found = collected_.values(n, "certthumbprint");
    if (found.empty()) found = collected_.values(n, "certchain");
    return found.empty() ? "" : upper_case(found[0]);
  }

  void add_chains_of_collections() {
    std::multimap<std::string, NodeId> by_thumbprint;
    for (const NodeId n : certificates_) {
      if (const std::string own = thumbprint(n); !own.empty()) by_thumbprint.emplace(own, n);
    }
    for (const NodeId n : certificates_) {
      const std::vector<std::string> chain = collected_.values(n, "certchain");
      if (chain.size() > 1) {
        const auto [begin, end] = by_thumbprint.equal_range(upper_case(chain[1]));
        for (auto issuer = begin; issuer != end; ++issuer) {
          add(n, issuer->second, EdgeKind::IssuedSignedBy, collected_.evidence(n, "certchain"));
        }
      }
      const std::string own = thumbprint(n);
      if (node(n).kind != NodeKind::EnterpriseCA || own.empty()) continue;
      const auto [begin, end] = by_thumbprint.equal_range(own);
      for (auto same = begin; same != end; ++same) {
        if (node(same->second).kind == NodeKind::EnterpriseCA) continue;
        add(n, same->second, EdgeKind::EnterpriseCAFor, collected_.evidence(n, "certthumbprint"));
      }
      for (const NodeId store : stores_) {
        for (const std::string& trusted : collected_.values(store, "certthumbprints")) {
          if (upper_case(trusted) != own) continue;
          add(n, store, EdgeKind::TrustedForNTAuth, collected_.evidence(store, "certthumbprints"));
        }
      }
    }
  }

  Derivation& derivation_;
  DirectoryModel& directory_;
  const snapshot::Snapshot& snapshot_;
  CertificateSettings settings_;
  CollectedProperties collected_;
  std::vector<NodeId> templates_;
  std::vector<NodeId> authorities_;
  std::vector<NodeId> certificates_;  ///< authorities and roots of every kind
  std::vector<NodeId> stores_;
  std::vector<NodeId> policies_;
  std::map<std::string, std::vector<NodeId>> computers_;  ///< by DNS name in upper case
  std::set<NodeId> unreadable_;
};

}  // namespace

void add_certificate_services(Derivation& derivation, Tokens&) { CertificateServices(derivation).run(); }

}  // namespace tierline::derive
