// Kerberos: delegation, what follows from what a computer is, and whose keys can be guessed offline. Resource-based delegation
// is in rights_in_attributes.cc.

#include <boost/unordered/unordered_flat_map.hpp>
#include <optional>
#include <utility>

#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/derive/dacl.h"
#include "core/derive/passes/passes.h"
#include "core/derive/proofs_of_edges.h"
#include "core/derive/sure_token.h"
#include "core/knowledge/access_rights.h"
#include "core/knowledge/user_account_control.h"
#include "core/knowledge/well_known.h"

namespace tierline::derive {
namespace {

using graph::Evidence;
using graph::NodeId;
using knowledge::Caveat;
using knowledge::EdgeKind;
using knowledge::NodeKind;
using snapshot::Object;
using snapshot::ObjectIndex;

// The host of "class/host:port/name", [MS-ADTS] 2.2.21: folded, without port.
std::string host_of(std::string_view spn) {
  const std::size_t slash = spn.find('/');
  if (slash == std::string_view::npos) return {};
  std::string_view host = spn.substr(slash + 1);
  host = host.substr(0, host.find_first_of("/:"));
  return fold_case(host);
}

/// Which account answers for a service principal name. Worked out when first asked, as few directories delegate to many.
class ServiceNames {
 public:
  ServiceNames(const DirectoryModel& directory, const graph::GraphBuilder& graph)
      : directory_(directory), graph_(graph) {}

  /// The account registered for the name itself, else the computer of its host: the service classes that
  /// HOST stands for are not registered one by one.
  NodeId find(std::string_view spn) {
    if (!is_read_) read();
    if (const auto exact = by_name_.find(fold_case(spn)); exact != by_name_.end()) return exact->second;
    if (const auto host = by_host_.find(host_of(spn)); host != by_host_.end()) return host->second;
    return graph::kNoNode;
  }

 private:
  using ByText = boost::unordered_flat_map<std::string, NodeId, SeededHash, std::equal_to<>>;

  // Of all names, those that somebody delegates to.
  void read() {
    is_read_ = true;
    const AttributeIds& ids = directory_.attributes();
    const snapshot::Snapshot& snapshot = directory_.snapshot();
    snapshot.for_each_with(ids.allowed_to_delegate_to, [&](const Object& account) {
      for (const auto spn : account.values(ids.allowed_to_delegate_to)) {
        by_name_.emplace(fold_case(spn.text()), graph::kNoNode);
        by_host_.emplace(host_of(spn.text()), graph::kNoNode);
      }
    });
    for (ObjectIndex i = 0; i < snapshot.object_count(); ++i) {
      const Object object = snapshot.object(i);
      const NodeId node = directory_.node_of(i);
      for (const auto spn : object.values(ids.service_principal_name)) fill(by_name_, spn.text(), node);
      if (graph_.nodes().kind(node) != NodeKind::Computer) continue;
      fill(by_host_, object.text(ids.dns_host_name), node);
      std::string_view account = object.text(ids.sam_account_name);
      if (account.ends_with('$')) account.remove_suffix(1);
      fill(by_host_, account, node);
    }
    const auto is_nobody = [](const auto& entry) { return entry.second == graph::kNoNode; };
    boost::unordered::erase_if(by_name_, is_nobody);
    boost::unordered::erase_if(by_host_, is_nobody);
  }

  static void fill(ByText& names, std::string_view text, NodeId node) {
    if (text.empty()) return;
    const auto wanted = names.find(fold_case(text));
    if (wanted != names.end() && wanted->second == graph::kNoNode) wanted->second = node;
  }

  const DirectoryModel& directory_;
  const graph::GraphBuilder& graph_;
  bool is_read_ = false;
  ByText by_name_;
  ByText by_host_;
};

// What lets an account write who acts on its behalf; absent when it may not. New domains let every account do so by an
// inherited entry for SELF.
std::optional<Parts<std::uint16_t>> may_delegate_to_itself(Derivation& derivation, Tokens& tokens,
                                                           const Object& account) {
  DirectoryModel& directory = derivation.directory;
  if (account.descriptor() == snapshot::kNoDescriptor) return std::nullopt;
  const auto descriptor =
      directory::SecurityDescriptor::parse(directory.snapshot().descriptor(account.descriptor()));
  const auto attribute = directory.schema().attribute("msDS-AllowedToActOnBehalfOfOtherIdentity");
  if (!descriptor || !attribute) return std::nullopt;
  const NodeId node = directory.node_of(account.index());
  const CompiledDacl dacl = compile(
      *descriptor, [&](const directory::Sid& sid) { return directory.trustee_of(sid, account.index()); },
      node);
  const Request request{Request::Kind::Property, knowledge::access::kWriteProperty, attribute};
  const ObjectTypeTree& tree = directory.schema().tree(directory.class_of(account.index()));
  const std::vector<NodeId> token = sure_token(tokens, directory, derivation.graph.node(node).sid, node,
                                               directory.domain_of(account.index()));
  Decision decision = prove_access(dacl, tree, request, token);
  return decision.granted ? std::optional(std::move(decision.proof)) : std::nullopt;
}

bool is_account(const Derivation& derivation, const Object& object) {
  const NodeKind kind = derivation.graph.nodes().kind(derivation.directory.node_of(object.index()));
  return kind == NodeKind::User || kind == NodeKind::Computer;
}

void add_constrained(Derivation& derivation, Tokens& tokens, const Object& account, ServiceNames& services) {
  const snapshot::AttributeId attribute = derivation.directory.attributes().allowed_to_delegate_to;
  const std::uint32_t control = derivation.directory.account_control(account.index());
  // Without protocol transition the service gets no forwardable ticket of its own making ([MS-SFU] 3.2.5.1.2),
  // unless it can let itself act on its own behalf: tickets got that way are forwardable (3.2.5.2.3).
  const bool transition = (control & knowledge::uac::kTrustedToAuthForDelegation) != 0;
  Parts<Evidence> reflected;
  bool is_enough = transition;
  if (!transition) {
    const auto entries = may_delegate_to_itself(derivation, tokens, account);
    is_enough = entries.has_value();
    if (entries) reflected = of_entries(*entries, account.index());
  }
  std::uint32_t item = 0;
  for (const auto spn : account.values(attribute)) {
    const Evidence evidence{
        .kind = Evidence::Kind::Attribute, .attribute = attribute, .object = account.index(), .item = item++};
    const NodeId target = services.find(spn.text());
    if (target == graph::kNoNode) continue;
    Parts<Evidence> proof = reflected;
    proof.push_back({evidence});
    add_joint_edge(derivation, derivation.directory.node_of(account.index()), target,
                   EdgeKind::AllowedToDelegate, proof,
                   is_enough ? knowledge::Caveats() : Caveat::NeedsForwardableTicket, is_enough);
  }
}

void add_installed(Derivation& derivation, const Object& host) {
  const DirectoryModel& directory = derivation.directory;
  const snapshot::AttributeId attribute = directory.attributes().host_service_account;
  std::uint32_t item = 0;
  for (const auto service : host.values(attribute)) {
    const Evidence evidence{
        .kind = Evidence::Kind::Attribute, .attribute = attribute, .object = host.index(), .item = item++};
    // Group-managed accounts are read by right, not by installation; see ReadGMSAPassword.
    if (service.target == snapshot::kNoObject) continue;
    const ClassId object_class = directory.class_of(service.target);
    if (directory.schema().is_a(object_class, "msDS-ManagedServiceAccount")) {
      add_edge(derivation, directory.node_of(host.index()), directory.node_of(service.target),
               EdgeKind::DumpSMSAPassword, evidence);
    }
  }
}

// Tickets encrypted with a key that somebody once chose as a password, [MS-KILE] 3.1.1.2 and 3.1.1.4. Managed
// service accounts, krbtgt and trust accounts have keys that nobody guesses.
bool is_guessable(const Derivation& derivation, ObjectIndex user) {
  const DirectoryModel& directory = derivation.directory;
  const std::uint32_t control = directory.account_control(user);
  const NodeId node = directory.node_of(user);
  if (derivation.graph.nodes().kind(node) != NodeKind::User || directory.is_of_class(user, "computer") ||
      (control & (knowledge::uac::kAccountDisabled | knowledge::uac::kInterdomainTrustAccount)) != 0) {
    return false;
  }
  const directory::Sid sid = derivation.graph.node(node).sid;
  return !sid.is_domain_issued() || sid.rid() != knowledge::rids::kKrbtgt;
}

// To whoever is in a group of the account's domain: `attribute` says so.
void add_guessable(Derivation& derivation, ObjectIndex user, EdgeKind kind, std::string_view group,
                   snapshot::AttributeId attribute) {
  const DirectoryModel& directory = derivation.directory;
  const auto source = directory.find_sid(*directory::Sid::parse(group), directory.domain_of(user));
  if (!source) return;
  add_edge(derivation, *source, directory.node_of(user), kind,
           {.kind = Evidence::Kind::Attribute, .attribute = attribute, .object = user});
}

// What userAccountControl alone says.
void add_by_control(Derivation& derivation, const Object& account) {
  const DirectoryModel& directory = derivation.directory;
  const snapshot::AttributeId attribute = directory.attributes().user_account_control;
  const ObjectIndex index = account.index();
  const std::uint32_t control = directory.account_control(index);
  const bool enabled = (control & knowledge::uac::kAccountDisabled) == 0;
  const bool read_only = (control & knowledge::uac::kPartialSecretsAccount) != 0;
  const bool controller = (control & knowledge::uac::kServerTrustAccount) != 0;
  const bool trusted = (control & knowledge::uac::kTrustedForDelegation) != 0;
  const Domain& domain = directory.domains()[directory.domain_of(index)];
  if (domain.head != snapshot::kNoObject && !read_only) {
    const Evidence evidence{.kind = Evidence::Kind::Attribute, .attribute = attribute, .object = index};
    const NodeId node = directory.node_of(index);
    const NodeId head = directory.node_of(domain.head);
    if (controller) {
      add_edge(derivation, node, head, EdgeKind::DCFor, evidence);
    } else if (enabled && trusted) {
      add_edge(derivation, node, head, EdgeKind::CoerceToTGT, evidence);
    }
  }
  if ((control & knowledge::uac::kDontRequirePreauth) != 0 && is_guessable(derivation, index)) {
    add_guessable(derivation, index, EdgeKind::DontReqPreauth, knowledge::sids::kEveryone, attribute);
  }
}

}  // namespace

void add_delegation(Derivation& derivation, Tokens& tokens) {
  const DirectoryModel& directory = derivation.directory;
  const AttributeIds& ids = directory.attributes();
  const snapshot::Snapshot& snapshot = directory.snapshot();
  for (ObjectIndex i = 0; i < snapshot.object_count(); ++i) {
    if (directory.account_control(i) == 0) continue;
    const Object object = snapshot.object(i);
    if (is_account(derivation, object)) add_by_control(derivation, object);
  }
  snapshot.for_each_with(ids.service_principal_name, [&](const Object& object) {
    if (is_guessable(derivation, object.index())) {
      add_guessable(derivation, object.index(), EdgeKind::HasSPN, knowledge::sids::kAuthenticatedUsers,
                    ids.service_principal_name);
    }
  });
  ServiceNames services(directory, derivation.graph);
  snapshot.for_each_with(ids.allowed_to_delegate_to, [&](const Object& object) {
    if (is_account(derivation, object)) add_constrained(derivation, tokens, object, services);
  });
  snapshot.for_each_with(ids.host_service_account, [&](const Object& object) {
    if (is_account(derivation, object)) add_installed(derivation, object);
  });
}

}  // namespace tierline::derive
