#include "queries/principals.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/directory/guid.h"
#include "core/directory/sid.h"
#include "core/knowledge/well_known.h"

namespace tierline::queries {
namespace {

using directory::Guid;
using directory::Sid;
using graph::AttackGraph;
using graph::Node;
using graph::NodeId;
using knowledge::NodeKind;
using snapshot::Snapshot;

/// A node with all that it may be called by, in lower case.
struct Named {
  Named(const Snapshot& snapshot, snapshot::AttributeId account_name, const Node& node)
      : id(fold_case(node.id)), name(fold_case(node.name)), sid(node.sid) {
    const knowledge::WellKnownPrincipal* const known =
        sid.count() == 0 || sid.is_domain_issued() ? nullptr : knowledge::find_well_known(sid);
    if (known != nullptr) well_known = fold_case(known->name);
    if (node.object == snapshot::kNoObject) return;
    const snapshot::Object object = snapshot.object(node.object);
    guid = object.guid();
    dn = fold_case(object.dn());
    account = fold_case(object.text(account_name));
    if (!account.empty()) domain = fold_case(node.domain);
  }

  std::string_view bare_account() const {
    return std::string_view(account).substr(0, account.size() - (account.ends_with('$') ? 1 : 0));
  }

  std::string id;
  std::string name;
  Sid sid;
  std::string well_known;
  std::optional<Guid> guid;
  std::string dn;
  std::string account;
  std::string domain;  ///< of the account
};

/// NetBIOS names of domains and what they stand for, as the partitions container of the configuration says; in lower case.
using Domains = boost::unordered_flat_map<std::string, std::string, SeededHash, std::equal_to<>>;

Domains netbios_domains(const Snapshot& snapshot) {
  const snapshot::AttributeId netbios = snapshot.attribute("nETBIOSName");
  const snapshot::AttributeId dns_root = snapshot.attribute("dnsRoot");
  Domains domains;
  for (snapshot::ObjectIndex i = 0; i < snapshot.object_count(); ++i) {
    const snapshot::Object object = snapshot.object(i);
    if (object.has(netbios))
      domains.emplace(fold_case(object.text(netbios)), fold_case(object.text(dns_root)));
  }
  return domains;
}

/// What was typed, in lower case, and what it can mean.
struct Typed {
  explicit Typed(std::string_view text)
      : folded(fold_case(text)), sid(Sid::parse(text)), guid(Guid::parse(folded)) {
    const std::size_t backslash = folded.find('\\');
    // A DN may hold a backslash too, but then it also holds an equals sign.
    if (backslash == std::string::npos || folded.find('=') != std::string::npos) return;
    qualifier = folded.substr(0, backslash);
    qualified = folded.substr(backslash + 1);
  }

  bool matches(const Named& node, const Domains& domains) const {
    if (node.id == folded || node.name == folded) return true;
    if (sid && node.sid == *sid) return true;
    if (is_well_known(node)) return true;
    if (guid && node.guid == *guid) return true;
    if (node.guid && node.dn == folded) return true;
    if (node.account.empty()) return false;
    if (!qualified.empty()) {
      const auto netbios = domains.find(qualifier);
      const bool in_domain =
          node.domain == qualifier || (netbios != domains.end() && node.domain == netbios->second);
      return in_domain && (node.account == qualified || node.bare_account() == qualified);
    }
    return node.account == folded || node.bare_account() == folded ||
           node.account + "@" + node.domain == folded;
  }

  // "Everyone", "BUILTIN\\Administrators", "NT AUTHORITY\\Authenticated Users": as Windows writes them.
  bool is_well_known(const Named& node) const {
    if (node.well_known.empty()) return false;
    if (qualified.empty()) return node.well_known == folded;
    return node.well_known == qualified && qualifier == (node.sid.is_builtin() ? "builtin" : "nt authority");
  }

  std::string folded;
  std::optional<Sid> sid;
  std::optional<Guid> guid;
  std::string qualifier;
  std::string qualified;
};

/// Finds which of many texts may mean a node.
class TypedTexts {
 public:
  explicit TypedTexts(const std::vector<std::string>& texts) : typed_(texts.begin(), texts.end()) {
    for (std::uint32_t i = 0; i < typed_.size(); ++i) {
      const Typed& typed = typed_[i];
      by_text_[typed.folded].push_back(i);
      if (!typed.qualified.empty()) by_text_[typed.qualified].push_back(i);
      if (typed.sid) by_sid_[*typed.sid].push_back(i);
      if (typed.guid) by_guid_[*typed.guid].push_back(i);
    }
  }

  const std::vector<Typed>& typed() const { return typed_; }

  /// By place; those that mean it, and some that do not.
  const std::vector<std::uint32_t>& candidates(const Named& node) {
    found_.clear();
    take(by_text_, node.id);
    take(by_text_, node.name);
    take(by_sid_, node.sid);
    take(by_text_, node.well_known);
    if (node.guid) take(by_guid_, *node.guid);
    take(by_text_, node.dn);
    take(by_text_, node.account);
    take(by_text_, node.bare_account());
    if (!node.account.empty()) take(by_text_, node.account + "@" + node.domain);
    std::sort(found_.begin(), found_.end());
    found_.erase(std::unique(found_.begin(), found_.end()), found_.end());
    return found_;
  }

 private:
  template <class Table, class Key>
  void take(const Table& table, const Key& key) {
    if (const auto at = table.find(key); at != table.end())
      found_.insert(found_.end(), at->second.begin(), at->second.end());
  }

  std::vector<Typed> typed_;
  boost::unordered_flat_map<std::string, std::vector<std::uint32_t>, SeededHash, std::equal_to<>> by_text_;
  std::unordered_map<Sid, std::vector<std::uint32_t>> by_sid_;
  std::unordered_map<Guid, std::vector<std::uint32_t>> by_guid_;
  std::vector<std::uint32_t> found_;
};

/// What was found for a text, which must be one node unless it stands for a set.
Result<std::vector<NodeId>> one_of(const Snapshot& snapshot, const AttackGraph& graph, std::string_view text,
                                   std::vector<NodeId> found) {
  if (equal_ascii_nocase(text, "tier0")) return tier_zero(graph);
  if (found.empty()) {
    return Error{ErrorCode::Usage, "nothing in this snapshot is called '" + visible(text) + "'"};
  }
  if (found.size() > 1) {
    std::string message = "'" + visible(text) + "' could be any of:";
    for (const NodeId n : found) {
      const Node& node = graph.node(n);
      message += "\n  " + std::string(node.id) + "  " + visible(node.name);
      const bool has_dn = node.object != snapshot::kNoObject;
      if (has_dn) message += "  " + visible(snapshot.object(node.object).dn());
    }
    return Error{ErrorCode::Usage, message};
  }
  return found;
}

bool may_be_dn(std::string_view text) { return text.find('=') != std::string_view::npos; }

}  // namespace

std::vector<NodeId> tier_zero(const AttackGraph& graph) {
  std::vector<NodeId> nodes;
  for (NodeId n = 0; n < graph.node_count(); ++n) {
    if (graph.nodes().is_tier_zero(n)) nodes.push_back(n);
  }
  return nodes;
}

Result<std::vector<NodeId>> resolve(const Snapshot& snapshot, const AttackGraph& graph,
                                    std::string_view text) {
  return std::move(resolve_each(snapshot, graph, {std::string(text)}).front());
}

std::vector<Result<std::vector<NodeId>>> resolve_each(const Snapshot& snapshot, const AttackGraph& graph,
                                                      const std::vector<std::string>& texts) {
  if (texts.empty()) return {};
  TypedTexts texts_typed(texts);
  const std::vector<Typed>& typed = texts_typed.typed();
  const bool any_qualified =
      std::any_of(typed.begin(), typed.end(), [](const Typed& one) { return !one.qualified.empty(); });
  const Domains domains = any_qualified ? netbios_domains(snapshot) : Domains();
  const snapshot::AttributeId account_name = snapshot.attribute("sAMAccountName");
  std::vector<std::vector<NodeId>> found(texts.size());
  for (NodeId n = 0; n < graph.node_count(); ++n) {
    const Named node(snapshot, account_name, graph.node(n));
    for (const std::uint32_t i : texts_typed.candidates(node)) {
      if (typed[i].matches(node, domains)) found[i].push_back(n);
    }
  }
  std::vector<Result<std::vector<NodeId>>> results;
  for (std::size_t i = 0; i < texts.size(); ++i)
    results.push_back(one_of(snapshot, graph, texts[i], std::move(found[i])));
  return results;
}

// What Typed::matches() looks at.
std::vector<std::string> other_names(const Snapshot& snapshot, const AttackGraph& graph, NodeId id) {
  std::vector<std::string> names;
  const Node node = graph.node(id);
  if (node.sid.count() != 0 && Sid::parse(node.id) != node.sid) names.push_back(node.sid.to_string());
  if (node.sid.count() != 0 && !node.sid.is_domain_issued()) {
    if (const auto* const known = knowledge::find_well_known(node.sid)) names.emplace_back(known->name);
  }
  if (node.object == snapshot::kNoObject) return names;
  const snapshot::Object object = snapshot.object(node.object);
  if (!may_be_dn(object.dn())) names.emplace_back(object.dn());
  const std::string_view account = object.text(snapshot.attribute("sAMAccountName"));
  if (account.empty()) return names;
  names.emplace_back(account);
  if (account.ends_with('$')) names.emplace_back(account.substr(0, account.size() - 1));
  std::string in_domain = std::string(account) + "@" + std::string(node.domain);
  if (fold_case(in_domain) != fold_case(node.name)) names.push_back(std::move(in_domain));
  return names;
}

bool is_plain_name(std::string_view text) {
  if (equal_ascii_nocase(text, "tier0") || may_be_dn(text) || text.find('\\') != std::string_view::npos)
    return false;
  const std::optional<Sid> sid = Sid::parse(text);
  return sid ? equal_ascii_nocase(sid->to_string(), text) : !Guid::parse(text);
}

Result<std::vector<NodeId>> resolve_all(const Snapshot& snapshot, const AttackGraph& graph,
                                        const std::vector<std::string>& texts) {
  std::vector<NodeId> all;
  for (const Result<std::vector<NodeId>>& found : resolve_each(snapshot, graph, texts)) {
    if (!found) return found;
    all.insert(all.end(), found->begin(), found->end());
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

std::vector<NodeId> population(const AttackGraph& graph, const std::vector<NodeId>& targets) {
  std::vector<NodeId> accounts;
  const graph::NodeTable& nodes = graph.nodes();
  for (NodeId n = 0; n < graph.node_count(); ++n) {
    const bool is_account = nodes.kind(n) == NodeKind::User || nodes.kind(n) == NodeKind::Computer;
    if (!is_account || nodes.object(n) == snapshot::kNoObject || nodes.is_disabled(n)) continue;
    if (!std::binary_search(targets.begin(), targets.end(), n)) accounts.push_back(n);
  }
  return accounts;
}

}  // namespace tierline::queries
