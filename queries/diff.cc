#include "queries/diff.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <optional>
#include <set>
#include <unordered_map>

#include "core/base/hash.h"
#include "core/base/text.h"
#include "queries/edge_changes.h"
#include "queries/principals.h"
#include "queries/search.h"
#include "queries/tiers.h"

namespace tierline::queries {
namespace {

using directory::Sid;
using graph::EdgeId;
using graph::Evidence;
using graph::kNoNode;
using graph::NodeId;
using snapshot::ObjectIndex;
using snapshot::Snapshot;

/// Look-ups on one side.
class Index {
 public:
  explicit Index(const Side& side) : side_(side), node_of_object_(side.snapshot.object_count(), kNoNode) {
    by_id_.reserve(side.graph.node_count());
    by_sid_.reserve(side.graph.node_count());
    for (NodeId n = 0; n < side.graph.node_count(); ++n) {
      const graph::Node node = side.graph.node(n);
      if (node.object != snapshot::kNoObject) node_of_object_[node.object] = n;
      by_id_.emplace(node.id, n);
      if (node.sid.count() != 0) by_sid_.emplace(node.sid, n);
    }
  }

  const Snapshot& snapshot() const { return side_.snapshot; }
  const graph::AttackGraph& graph() const { return side_.graph; }
  NodeId node(ObjectIndex object) const { return node_of_object_[object]; }
  NodeId by_id(std::string_view id) const { return find(by_id_, id); }
  /// A SID as it is meant in `domain`: well-known ones have a node in each.
  NodeId by_sid(const Sid& sid, std::string_view domain) const {
    if (!sid.is_domain_issued()) {
      const NodeId local = by_id(std::string(domain) + "-" + sid.to_string());
      if (local != kNoNode) return local;
    }
    return find(by_sid_, sid);
  }

 private:
  template <class Map, class Key>
  static NodeId find(const Map& map, const Key& key) {
    const auto found = map.find(key);
    return found == map.end() ? kNoNode : found->second;
  }

  const Side& side_;
  std::vector<NodeId> node_of_object_;
  boost::unordered_flat_map<std::string_view, NodeId, SeededHash> by_id_;
  boost::unordered_flat_map<Sid, NodeId, std::hash<Sid>> by_sid_;
};

class Comparison {
 public:
  Comparison(const Side& before, const Side& after) : old_(before), new_(after) {}

  Drift run() {
    if (!share_a_domain()) {
      drift_.comparable = false;
      drift_.incomparable_because = "the two snapshots have no domain in common";
      return std::move(drift_);
    }
    for (FactChange& fact : compare_facts(old_.snapshot(), new_.snapshot())) add_change(std::move(fact));
    order_changes();
    counterpart_ = same_nodes(old_.graph(), new_.graph());
    EdgeChanges edges = compare_edges(old_.graph(), new_.graph(), counterpart_);
    drift_.edges_opened = std::move(edges.opened);
    drift_.edges_closed = std::move(edges.closed);
    attribute_edges();
    compare_paths();
    return std::move(drift_);
  }

 private:
  bool share_a_domain() const {
    const graph::NodeTable& nodes = old_.graph().nodes();
    for (NodeId node = 0; node < nodes.size(); ++node) {
      if (nodes.kind(node) != knowledge::NodeKind::Domain) continue;
      const NodeId same = new_.by_id(nodes.id(node));
      if (same != kNoNode && new_.graph().nodes().kind(same) == knowledge::NodeKind::Domain) return true;
    }
    return false;
  }

  // From objects to nodes. A stand-in of a principal that has a node of its own has none.
  void add_change(FactChange fact) {
    const NodeId node = (fact.in_new ? new_ : old_).node(fact.object);
    if (node == kNoNode) return;
    const NodeRef object = {fact.in_new, node};
    if (fact.what == Change::What::Attribute && equal_ascii_nocase(fact.attribute, "primaryGroupID")) {
      add_primary_group_change(false, fact.before, object);
      add_primary_group_change(true, fact.after, object);
      return;
    }
    Change change{.op = fact.op, .what = fact.what, .object = object};
    const NodeId trustee = trustee_of(fact, object);
    if (trustee != kNoNode) change.trustee = {fact.op != Change::Op::Removed, trustee};
    change.attribute = std::move(fact.attribute);
    change.before = std::move(fact.before);
    change.after = std::move(fact.after);
    drift_.changes.push_back(std::move(change));
  }

  // Whom a change is about, on the new side unless something was removed; kNoNode when it is about nobody.
  NodeId trustee_of(const FactChange& fact, const NodeRef& object) const {
    const bool is_removed = fact.op == Change::Op::Removed;
    const Index& side = is_removed ? old_ : new_;
    if (fact.what == Change::What::Membership) {
      return member_of(side, fact.member, is_removed ? fact.before : fact.after, object);
    }
    return fact.trustee.count() == 0 ? kNoNode : side.by_sid(fact.trustee, node(object).domain);
  }

  NodeId member_of(const Index& side, ObjectIndex object, const std::string& name,
                   const NodeRef& group) const {
    NodeId member = object == snapshot::kNoObject ? kNoNode : side.node(object);
    if (object != snapshot::kNoObject && member == kNoNode) {
      // A stand-in of a foreign principal: the member is the principal itself.
      const auto sids = side.snapshot().object(object).values(side.snapshot().attribute("objectSid"));
      if (!sids.empty()) {
        if (const auto sid = Sid::from_bytes(sids[0].bytes)) member = side.by_sid(*sid, node(group).domain);
      }
    }
    return member == kNoNode ? side.by_id("DN=" + upper_case(name)) : member;
  }

  void add_primary_group_change(bool added, const std::string& rid, const NodeRef& account) {
    const Index& side = added ? new_ : old_;
    const graph::Node& node = new_.graph().node(account.node);
    if (rid.empty() || node.sid.count() < 2) return;
    const auto group_sid = Sid::parse(node.sid.parent().to_string() + "-" + rid);
    const NodeId group = group_sid ? side.by_sid(*group_sid, node.domain) : kNoNode;
    if (group == kNoNode) return;
    Change change{.op = added ? Change::Op::Added : Change::Op::Removed,
                  .what = Change::What::Membership,
                  .object = NodeRef{added, group},
                  .trustee = account};
    (added ? change.after : change.before) = "primary group";
    drift_.changes.push_back(std::move(change));
  }

  graph::Node node(const NodeRef& reference) const {
    return (reference.in_new ? new_ : old_).graph().node(reference.node);
  }

  void order_changes() {
    std::stable_sort(drift_.changes.begin(), drift_.changes.end(),
                     [&](const Change& a, const Change& b) { return node(a.object).id < node(b.object).id; });
  }

  // Hangs each edge that opened or closed under the changes that did it.
  void attribute_edges() {
    for (std::size_t c = 0; c < drift_.changes.size(); ++c) {
      const Change& change = drift_.changes[c];
      changes_on_[std::string(node(change.object).id)].push_back(c);
      if (change.trustee) changes_of_[std::string(node(*change.trustee).id)].push_back(c);
    }
    for (const EdgeId e : drift_.edges_opened) {
      for (const std::size_t c : causes(new_, e, true)) drift_.changes[c].edges_opened.push_back(e);
    }
    for (const EdgeId e : drift_.edges_closed) {
      for (const std::size_t c : causes(old_, e, false)) drift_.changes[c].edges_closed.push_back(e);
    }
  }

  std::set<std::size_t> causes(const Index& side, EdgeId e, bool opened) const {
    std::set<std::size_t> found;
    for (const Evidence& evidence : side.graph().evidence(e)) add_causes(side, e, evidence, opened, found);
    if (!found.empty()) return found;
    // An edge that follows from several facts, such as DCSync by a new membership, or from an object's coming.
    const graph::Edge& edge = side.graph().edge(e);
    for (const NodeId end : {edge.source, edge.target}) {
      for (const auto* index : {&changes_of_, &changes_on_}) {
        const auto place = index->find(std::string(side.graph().node(end).id));
        if (place == index->end()) continue;
        for (const std::size_t c : place->second) {
          const Change& change = drift_.changes[c];
          const bool fits = change.what == Change::What::Membership || change.what == Change::What::Object;
          if (fits) found.insert(c);
        }
      }
      if (!found.empty()) return found;
    }
    return found;
  }

  void add_causes(const Index& side, EdgeId e, const Evidence& evidence, bool opened,
                  std::set<std::size_t>& found) const {
    if (evidence.kind == Evidence::Kind::Rule) return;
    const graph::Edge& edge = side.graph().edge(e);
    const std::string source(side.graph().node(edge.source).id);
    const std::string target(side.graph().node(edge.target).id);
    ObjectIndex object = evidence.object;
    // An inherited entry was written further up, so the search goes on there.
    for (int budget = 256; object != snapshot::kNoObject && budget > 0; --budget) {
      const NodeId here = side.node(object);
      const auto place =
          here == kNoNode ? changes_on_.end() : changes_on_.find(std::string(side.graph().node(here).id));
      if (place != changes_on_.end()) {
        for (const std::size_t c : place->second) {
          if (explains(drift_.changes[c], side, evidence, source, target, opened)) found.insert(c);
        }
      }
      if (!found.empty() || evidence.kind != Evidence::Kind::Ace) return;
      object = side.snapshot().object(object).parent();
    }
  }

  bool explains(const Change& change, const Index& side, const Evidence& evidence, const std::string& source,
                const std::string& target, bool opened) const {
    const bool same_trustee =
        change.trustee && (node(*change.trustee).id == source || node(*change.trustee).id == target);
    switch (change.what) {
      case Change::What::Object:
        return change.op != Change::Op::Changed || evidence.kind == Evidence::Kind::Tree;
      case Change::What::Setting:
        return evidence.kind == Evidence::Kind::Ace || evidence.kind == Evidence::Kind::Tree;
      case Change::What::Owner:
        return evidence.kind == Evidence::Kind::Owner;
      case Change::What::Membership:
        return evidence.kind == Evidence::Kind::Attribute && same_trustee;
      case Change::What::Attribute:
        return evidence.attribute != 0xFFFF && evidence.kind != Evidence::Kind::Rule &&
               equal_ascii_nocase(side.snapshot().meta().attributes[evidence.attribute].name,
                                  change.attribute);
      case Change::What::Ace:
        if (evidence.kind != Evidence::Kind::Ace || evidence.attribute != 0xFFFF) return false;
        // A grant opens by coming and closes by going; a denial of anybody does the opposite.
        if (is_denial(opened ? change.before : change.after)) return true;
        return same_trustee && (change.op == Change::Op::Added) == opened;
    }
    return false;
  }

  static bool is_denial(std::string_view sddl) {
    return sddl.starts_with("(D;") || sddl.starts_with("(OD;") || sddl.starts_with("(XD;");
  }

  /// Who reaches Tier Zero on one side, and how.
  struct Ways {
    DistanceField field;
    std::vector<NodeId> accounts;  ///< ascending
  };

  // Nothing where "nobody" would be no answer.
  static std::optional<Ways> ways_of(const Index& side) {
    const std::vector<NodeId> targets = tier_zero(side.graph());
    if (targets.empty() || is_too_wide(side.graph(), targets)) return std::nullopt;
    Ways ways{DistanceField(side.graph(), targets), population(side.graph(), targets)};
    std::erase_if(ways.accounts, [&](NodeId account) { return ways.field.hops(account) == kUnreachable; });
    return ways;
  }

  void compare_paths() {
    const std::optional<Ways> before = ways_of(old_);
    const std::optional<Ways> after = ways_of(new_);
    if (before) drift_.exposed_before = before->accounts.size();
    if (after) drift_.exposed_after = after->accounts.size();
    if (!before || !after) return;
    std::vector<NodeId> earlier(new_.graph().node_count(), kNoNode);
    for (NodeId n = 0; n < counterpart_.size(); ++n) {
      if (counterpart_[n] != kNoNode) earlier[counterpart_[n]] = n;
    }
    drift_.newly_exposed = only_here(new_, after->accounts, earlier, before->accounts);
    drift_.no_longer_exposed = only_here(old_, before->accounts, counterpart_, after->accounts);
    drift_.paths_opened = paths_through(new_, *after, drift_.edges_opened, earlier, before->field);
    drift_.paths_closed = paths_through(old_, *before, drift_.edges_closed, counterpart_, after->field);
  }

  // Those of `accounts` whose counterpart is not among `others`, in order of their ids.
  static std::vector<NodeId> only_here(const Index& here, const std::vector<NodeId>& accounts,
                                       const std::vector<NodeId>& counterpart,
                                       const std::vector<NodeId>& others) {
    std::vector<NodeId> found;
    for (const NodeId account : accounts) {
      const NodeId same = counterpart[account];
      if (same == kNoNode || !std::binary_search(others.begin(), others.end(), same))
        found.push_back(account);
    }
    const graph::NodeTable& nodes = here.graph().nodes();
    std::sort(found.begin(), found.end(), [&](NodeId a, NodeId b) { return nodes.id(a) < nodes.id(b); });
    return found;
  }

  // The shortest way to Tier Zero through each of the edges, and the shortest paths of all accounts for
  // which the other side had none or only a longer one.
  std::vector<FoundPath> paths_through(const Index& here, const Ways& ways, const std::vector<EdgeId>& edges,
                                       const std::vector<NodeId>& counterpart,
                                       const DistanceField& other) const {
    const DistanceField& field = ways.field;
    std::set<std::pair<NodeId, Path>> unique;
    for (const EdgeId e : edges) {
      const graph::Edge& edge = here.graph().edge(e);
      if (!edge.traversable || field.hops(edge.source) == 0 || field.hops(edge.target) == kUnreachable)
        continue;
      Path path = {e};
      const Path rest = field.path(edge.target);
      // A path that comes back to where it began is a detour, not a path.
      const bool loops = std::any_of(rest.begin(), rest.end(), [&](EdgeId next) {
        return here.graph().edge(next).target == edge.source;
      });
      if (loops) continue;
      path.insert(path.end(), rest.begin(), rest.end());
      unique.emplace(edge.source, std::move(path));
    }
    for (const NodeId account : ways.accounts) {
      const NodeId same = counterpart[account];
      const std::uint32_t elsewhere = same == kNoNode ? kUnreachable : other.hops(same);
      if (elsewhere > field.hops(account)) unique.emplace(account, field.path(account));
    }
    std::vector<FoundPath> found;
    found.reserve(unique.size());
    for (const auto& [from, path] : unique)
      found.push_back({from, path, static_cast<std::uint32_t>(path.size())});
    std::sort(found.begin(), found.end(), [&](const FoundPath& a, const FoundPath& b) {
      if (a.edges.size() != b.edges.size()) return a.edges.size() < b.edges.size();
      const std::string_view left = here.graph().node(a.from).id;
      const std::string_view right = here.graph().node(b.from).id;
      return left != right ? left < right : a.edges < b.edges;
    });
    return found;
  }

  Index old_;
  Index new_;
  Drift drift_;
  std::vector<NodeId> counterpart_;                                       ///< by node of the old graph
  std::unordered_map<std::string, std::vector<std::size_t>> changes_on_;  ///< by id of the object
  std::unordered_map<std::string, std::vector<std::size_t>> changes_of_;  ///< by id of the trustee
};

}  // namespace

Drift compare(const Side& before, const Side& after) { return Comparison(before, after).run(); }

}  // namespace tierline::queries
