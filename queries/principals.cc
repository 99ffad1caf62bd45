#include "queries/principals.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

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

/// One way of naming a node; `folded` is what was typed, in lower case.
class Matcher {
 public:
  Matcher(const Snapshot& snapshot, std::string_view text)
      : snapshot_(snapshot),
        folded_(fold_case(text)),
        sid_(Sid::parse(text)),
        guid_(Guid::parse(folded_)),
        account_(snapshot.attribute("sAMAccountName")) {
    const std::size_t backslash = folded_.find('\\');
    // A DN may hold a backslash too, but then it also holds an equals sign.
    if (backslash != std::string::npos && folded_.find('=') == std::string::npos) {
      qualifier_ = folded_.substr(0, backslash);
      qualified_ = folded_.substr(backslash + 1);
      netbios_domain_ = domain_of_netbios(qualifier_);
    }
  }

  bool matches(const Node& node) const {
    if (fold_case(node.id) == folded_ || fold_case(node.name) == folded_) return true;
    if (sid_ && node.sid == *sid_) return true;
    if (is_well_known(node)) return true;
    if (node.object == snapshot::kNoObject) return false;
    const snapshot::Object object = snapshot_.object(node.object);
    if (guid_ && object.guid() == *guid_) return true;
    if (fold_case(object.dn()) == folded_) return true;
    const std::string account = fold_case(object.text(account_));
    if (account.empty()) return false;
    const std::string_view bare =
        std::string_view(account).substr(0, account.size() - account.ends_with('$'));
    const std::string domain = fold_case(node.domain);
    if (!qualified_.empty()) {
      const bool in_domain = domain == qualifier_ || domain == netbios_domain_;
      return in_domain && (account == qualified_ || bare == qualified_);
    }
    return account == folded_ || bare == folded_ || account + "@" + domain == folded_;
  }

 private:
  // "Everyone", "BUILTIN\\Administrators", "NT AUTHORITY\\Authenticated Users": as Windows writes them.
  bool is_well_known(const Node& node) const {
    const knowledge::WellKnownPrincipal* const known =
        node.sid.count() == 0 || node.sid.is_domain_issued() ? nullptr : knowledge::find_well_known(node.sid);
    if (known == nullptr) return false;
    const std::string name = fold_case(known->name);
    if (qualified_.empty()) return name == folded_;
    return name == qualified_ && qualifier_ == (node.sid.is_builtin() ? "builtin" : "nt authority");
  }

  // The partitions container of the configuration says which domain a NetBIOS name stands for.
  std::string domain_of_netbios(std::string_view name) const {
    const snapshot::AttributeId netbios = snapshot_.attribute("nETBIOSName");
    const snapshot::AttributeId dns_root = snapshot_.attribute("dnsRoot");
    for (snapshot::ObjectIndex i = 0; i < snapshot_.object_count(); ++i) {
      const snapshot::Object object = snapshot_.object(i);
      if (object.has(netbios) && fold_case(object.text(netbios)) == name) {
        return fold_case(object.text(dns_root));
      }
    }
    return {};
  }

  const Snapshot& snapshot_;
  std::string folded_;
  std::optional<Sid> sid_;
  std::optional<Guid> guid_;
  snapshot::AttributeId account_;
  std::string qualifier_;
  std::string qualified_;
  std::string netbios_domain_;
};

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
  if (equal_ascii_nocase(text, "tier0")) return tier_zero(graph);
  const Matcher matcher(snapshot, text);
  std::vector<NodeId> found;
  for (NodeId n = 0; n < graph.node_count(); ++n) {
    if (matcher.matches(graph.node(n))) found.push_back(n);
  }
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

// What Matcher::matches() looks at.
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
  for (const std::string& text : texts) {
    Result<std::vector<NodeId>> found = resolve(snapshot, graph, text);
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
