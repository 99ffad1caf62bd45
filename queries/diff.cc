#include "queries/diff.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>

#include "core/base/text.h"
#include "core/directory/distinguished_name.h"
#include "core/directory/sddl.h"
#include "core/directory/security_descriptor.h"
#include "core/knowledge/volatile_attributes.h"
#include "queries/principals.h"

namespace tierline::queries {
namespace {

using directory::Ace;
using directory::AttributeSyntax;
using directory::Guid;
using directory::SecurityDescriptor;
using directory::Sid;
using graph::EdgeId;
using graph::Evidence;
using graph::NodeId;
using snapshot::Object;
using snapshot::ObjectIndex;
using snapshot::Snapshot;

/// Look-ups on one side.
class Index {
 public:
  explicit Index(const Side& side)
      : side_(side), node_of_object_(side.snapshot.object_count(), graph::kNoNode) {
    for (NodeId n = 0; n < side.graph.node_count(); ++n) {
      const graph::Node& node = side.graph.node(n);
      if (node.object != snapshot::kNoObject) node_of_object_[node.object] = n;
      by_id_.emplace(node.id, n);
      if (node.sid.count() != 0) by_sid_.emplace(node.sid, n);
    }
  }

  const Snapshot& snapshot() const { return side_.snapshot; }
  const graph::AttackGraph& graph() const { return side_.graph; }
  NodeId node(ObjectIndex object) const { return node_of_object_[object]; }
  NodeId by_id(const std::string& id) const { return find(by_id_, id); }
  /// A SID as it is meant in `domain`: well-known ones have a node in each.
  NodeId by_sid(const Sid& sid, const std::string& domain) const {
    if (!sid.is_domain_issued()) {
      const NodeId local = by_id(domain + "-" + sid.to_string());
      if (local != graph::kNoNode) return local;
    }
    return find(by_sid_, sid);
  }

 private:
  template <class Map, class Key>
  static NodeId find(const Map& map, const Key& key) {
    const auto found = map.find(key);
    return found == map.end() ? graph::kNoNode : found->second;
  }

  const Side& side_;
  std::vector<NodeId> node_of_object_;
  std::unordered_map<std::string, NodeId> by_id_;
  std::unordered_map<Sid, NodeId> by_sid_;
};

/// What an entry says, whether it is inherited or not: two entries with the same text grant the same.
std::string meaning_of(const Ace& ace) {
  Ace plain = ace;
  plain.flags = static_cast<std::uint8_t>(plain.flags & ~directory::ace_flag::kInherited);
  return directory::to_sddl(plain) + to_hex(ace.condition);
}

// The same for an entry seen from below: how far it is handed down does not count.
std::string right_of(const Ace& ace) {
  Ace plain = ace;
  plain.flags = 0;
  plain.inherited_object_type.reset();
  return directory::to_sddl(plain) + to_hex(ace.condition);
}

struct Entries {
  std::map<std::string, Ace> explicit_ones;   ///< by meaning
  std::map<std::string, Ace> inherited_ones;  ///< by meaning
};

Entries entries_of(const SecurityDescriptor& descriptor) {
  Entries entries;
  if (!descriptor.dacl) return entries;
  for (const Ace& ace : descriptor.dacl->aces) {
    (ace.is_inherited() ? entries.inherited_ones : entries.explicit_ones).emplace(meaning_of(ace), ace);
  }
  return entries;
}

std::optional<SecurityDescriptor> parse_descriptor(const Object& object, const Snapshot& snapshot) {
  if (object.descriptor() == snapshot::kNoDescriptor) return std::nullopt;
  Result<SecurityDescriptor> parsed = SecurityDescriptor::parse(snapshot.descriptor(object.descriptor()));
  if (!parsed) return std::nullopt;
  return std::move(*parsed);
}

class Comparison {
 public:
  Comparison(const Side& before, const Side& after) : old_(before), new_(after) {}

  Drift run() {
    if (!share_a_domain()) {
      drift_.comparable = false;
      drift_.incomparable_because = "the two snapshots have no domain in common";
      return std::move(drift_);
    }
    match_attributes();
    compare_objects();
    compare_inherited();
    order_changes();
    compare_edges();
    attribute_edges();
    compare_paths();
    return std::move(drift_);
  }

 private:
  /// An object that both sides have.
  struct Pair {
    ObjectIndex before;
    ObjectIndex after;
  };

  bool share_a_domain() const {
    for (const graph::Node& node : old_.graph().nodes()) {
      if (node.kind != knowledge::NodeKind::Domain) continue;
      const NodeId same = new_.by_id(std::string(node.id));
      if (same != graph::kNoNode && new_.graph().node(same).kind == node.kind) return true;
    }
    return false;
  }

  // Attribute ids differ between snapshots; names do not.
  void match_attributes() {
    const auto& names = new_.snapshot().meta().attributes;
    for (std::size_t id = 0; id < names.size(); ++id) {
      const std::string_view name = names[id].name;
      if (knowledge::is_volatile(name) || equal_ascii_nocase(name, "distinguishedName")) continue;
      // A rename is told once, by the object.
      if (equal_ascii_nocase(name, "name") || equal_ascii_nocase(name, "cn")) continue;
      attributes_.emplace_back(old_.snapshot().attribute(name), static_cast<snapshot::AttributeId>(id));
    }
    const auto& before = old_.snapshot().meta().attributes;
    for (std::size_t id = 0; id < before.size(); ++id) {
      const bool gone = new_.snapshot().attribute(before[id].name) == snapshot::kNoAttribute;
      if (gone && !knowledge::is_volatile(before[id].name)) {
        attributes_.emplace_back(static_cast<snapshot::AttributeId>(id), snapshot::kNoAttribute);
      }
    }
  }

  NodeRef ref(bool in_new, NodeId node) const { return {in_new, node}; }

  // Both sides are in order of their GUIDs; objects without one stand first, in order of their DNs.
  void compare_objects() {
    const std::size_t old_count = old_.snapshot().object_count();
    const std::size_t new_count = new_.snapshot().object_count();
    ObjectIndex o = 0;
    ObjectIndex n = 0;
    while (o < old_count || n < new_count) {
      const auto before = o < old_count ? place_of(old_.snapshot().object(o)) : Place();
      const auto after = n < new_count ? place_of(new_.snapshot().object(n)) : Place();
      if (n == new_count || (o < old_count && before < after)) {
        add_whole_object(old_, o++, false);
      } else if (o == old_count || after < before) {
        add_whole_object(new_, n++, true);
      } else {
        compare_pair(old_.snapshot().object(o++), new_.snapshot().object(n++));
      }
    }
  }

  using Place = std::pair<Guid, std::string_view>;
  static Place place_of(const Object& object) {
    return {object.guid(), object.guid().is_zero() ? object.dn() : std::string_view()};
  }

  void add_whole_object(const Index& side, ObjectIndex index, bool in_new) {
    const NodeId node = side.node(index);
    if (node == graph::kNoNode) return;  // a stand-in of a principal that has a node of its own
    const std::string dn(side.snapshot().object(index).dn());
    drift_.changes.push_back({.op = in_new ? Change::Op::Added : Change::Op::Removed,
                              .what = Change::What::Object,
                              .object = ref(in_new, node),
                              .before = in_new ? "" : dn,
                              .after = in_new ? dn : ""});
  }

  void compare_pair(const Object& before, const Object& after) {
    const NodeId node = new_.node(after.index());
    if (node == graph::kNoNode) return;
    const NodeRef object = ref(true, node);
    compare_place(before, after, object);
    for (const auto& [old_id, new_id] : attributes_) compare_attribute(before, old_id, after, new_id, object);
    compare_descriptor(before, after, object);
  }

  // A name or a parent that changed; a child of a renamed container has done neither.
  void compare_place(const Object& before, const Object& after, const NodeRef& object) {
    if (before.dn() == after.dn()) return;
    const bool renamed = directory::first_rdn_value(before.dn()) != directory::first_rdn_value(after.dn());
    const auto parent_guid = [](const Snapshot& snapshot, const Object& child) {
      return child.parent() == snapshot::kNoObject ? Guid{} : snapshot.object(child.parent()).guid();
    };
    const bool moved = parent_guid(old_.snapshot(), before) != parent_guid(new_.snapshot(), after);
    if (!renamed && !moved) return;
    drift_.changes.push_back({.op = Change::Op::Changed,
                              .what = Change::What::Object,
                              .object = object,
                              .before = std::string(before.dn()),
                              .after = std::string(after.dn())});
  }

  // A value in a form that is the same on both sides: a DN by the GUID of its object, so that a rename of
  // the one does not look like a change of the other.
  static std::string comparable_value(const Snapshot& snapshot, const snapshot::Value& value) {
    if (value.target != snapshot::kNoObject) {
      const Guid guid = snapshot.object(value.target).guid();
      if (!guid.is_zero()) return "guid:" + guid.to_string();
    }
    return std::string(value.text());
  }

  // A value that is a name on one side and an object of that name on the other: the one side could not read the
  // object, which is no change of the value.
  static void forget_what_was_only_resolved(std::map<std::string, snapshot::Value>& named,
                                            std::map<std::string, snapshot::Value>& resolved) {
    for (auto place = resolved.begin(); place != resolved.end();) {
      const auto same = place->second.target == snapshot::kNoObject
                            ? named.end()
                            : named.find(std::string(place->second.text()));
      const bool is_same = same != named.end() && same->second.target == snapshot::kNoObject;
      if (is_same) named.erase(same);
      place = is_same ? resolved.erase(place) : std::next(place);
    }
  }

  static std::string shown_value(const snapshot::AttributeInfo& info, const snapshot::Value& value) {
    switch (info.syntax) {
      case AttributeSyntax::Sid:
        if (const auto sid = Sid::from_bytes(value.bytes)) return sid->to_string();
        return to_hex(value.bytes);
      case AttributeSyntax::Guid:
        if (const auto guid = Guid::from_bytes(value.bytes)) return guid->to_string();
        return to_hex(value.bytes);
      case AttributeSyntax::Binary:
      case AttributeSyntax::SecurityDescriptor:
        return to_hex(value.bytes);
      case AttributeSyntax::Text:
      case AttributeSyntax::DistinguishedName:
        return std::string(value.text());
    }
    return {};
  }

  void compare_attribute(const Object& before, snapshot::AttributeId old_id, const Object& after,
                         snapshot::AttributeId new_id, const NodeRef& object) {
    using Shown = std::map<std::string, snapshot::Value>;
    const auto values = [](const Snapshot& snapshot, const Object& from, snapshot::AttributeId id) {
      Shown shown;
      if (id == snapshot::kNoAttribute) return shown;
      for (const snapshot::Value value : from.values(id))
        shown.emplace(comparable_value(snapshot, value), value);
      return shown;
    };
    const auto equal = [](const Shown& a, const Shown& b) {
      return a.size() == b.size() &&
             std::equal(a.begin(), a.end(), b.begin(),
                        [](const auto& x, const auto& y) { return x.first == y.first; });
    };
    Shown old_values = values(old_.snapshot(), before, old_id);
    Shown new_values = values(new_.snapshot(), after, new_id);
    if (equal(old_values, new_values)) return;
    forget_what_was_only_resolved(old_values, new_values);
    forget_what_was_only_resolved(new_values, old_values);
    if (equal(old_values, new_values)) return;
    const snapshot::AttributeInfo& info = new_id != snapshot::kNoAttribute
                                              ? new_.snapshot().meta().attributes[new_id]
                                              : old_.snapshot().meta().attributes[old_id];
    if (equal_ascii_nocase(info.name, "member")) {
      for (const auto& [key, value] : old_values) {
        if (!new_values.contains(key)) add_member_change(false, value, object);
      }
      for (const auto& [key, value] : new_values) {
        if (!old_values.contains(key)) add_member_change(true, value, object);
      }
      return;
    }
    const auto joined = [&](const Shown& shown) {
      std::string text;
      for (const auto& [key, value] : shown) text += (text.empty() ? "" : "; ") + shown_value(info, value);
      return text;
    };
    if (equal_ascii_nocase(info.name, "primaryGroupID")) {
      add_primary_group_change(false, joined(old_values), object);
      add_primary_group_change(true, joined(new_values), object);
      return;
    }
    Change change{.what = Change::What::Attribute,
                  .object = object,
                  .attribute = info.name,
                  .before = joined(old_values),
                  .after = joined(new_values)};
    if (old_values.empty()) change.op = Change::Op::Added;
    if (new_values.empty()) change.op = Change::Op::Removed;
    drift_.changes.push_back(std::move(change));
  }

  void add_member_change(bool added, const snapshot::Value& value, const NodeRef& group) {
    const Index& side = added ? new_ : old_;
    const std::string domain(new_.graph().node(group.node).domain);
    NodeId member = value.target == snapshot::kNoObject ? graph::kNoNode : side.node(value.target);
    if (value.target != snapshot::kNoObject && member == graph::kNoNode) {
      // A stand-in of a foreign principal: the member is the principal itself.
      const auto sids = side.snapshot().object(value.target).values(side.snapshot().attribute("objectSid"));
      if (!sids.empty()) {
        if (const auto sid = Sid::from_bytes(sids[0].bytes)) member = side.by_sid(*sid, domain);
      }
    }
    if (member == graph::kNoNode) member = side.by_id("DN=" + upper_case(value.text()));
    Change change{.op = added ? Change::Op::Added : Change::Op::Removed,
                  .what = Change::What::Membership,
                  .object = group};
    (added ? change.after : change.before) = value.text();
    if (member != graph::kNoNode) change.trustee = ref(added, member);
    drift_.changes.push_back(std::move(change));
  }

  void add_primary_group_change(bool added, const std::string& rid, const NodeRef& account) {
    const Index& side = added ? new_ : old_;
    const graph::Node& node = new_.graph().node(account.node);
    if (rid.empty() || node.sid.count() < 2) return;
    const auto group_sid = Sid::parse(node.sid.parent().to_string() + "-" + rid);
    const NodeId group = group_sid ? side.by_sid(*group_sid, std::string(node.domain)) : graph::kNoNode;
    if (group == graph::kNoNode) return;
    Change change{.op = added ? Change::Op::Added : Change::Op::Removed,
                  .what = Change::What::Membership,
                  .object = ref(added, group),
                  .trustee = account};
    (added ? change.after : change.before) = "primary group";
    drift_.changes.push_back(std::move(change));
  }

  bool same_bytes(const Object& before, const Object& after) const {
    const bool had = before.descriptor() != snapshot::kNoDescriptor;
    const bool has = after.descriptor() != snapshot::kNoDescriptor;
    if (!had || !has) return had == has;
    const ByteSpan a = old_.snapshot().descriptor(before.descriptor());
    const ByteSpan b = new_.snapshot().descriptor(after.descriptor());
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

  void compare_descriptor(const Object& before, const Object& after, const NodeRef& object) {
    if (same_bytes(before, after)) return;
    const auto old_sd = parse_descriptor(before, old_.snapshot());
    const auto new_sd = parse_descriptor(after, new_.snapshot());
    if (!old_sd || !new_sd) {
      const auto state = [](bool readable) { return readable ? "readable" : "not readable"; };
      if (old_sd.has_value() != new_sd.has_value()) {
        drift_.changes.push_back({.what = Change::What::Setting,
                                  .object = object,
                                  .attribute = "security descriptor",
                                  .before = state(old_sd.has_value()),
                                  .after = state(new_sd.has_value())});
      }
      return;
    }
    if (old_sd->owner != new_sd->owner) {
      Change change{.what = Change::What::Owner, .object = object};
      if (old_sd->owner) change.before = old_sd->owner->to_string();
      if (new_sd->owner) change.after = new_sd->owner->to_string();
      if (new_sd->owner) {
        const NodeId owner = new_.by_sid(*new_sd->owner, std::string(new_.graph().node(object.node).domain));
        if (owner != graph::kNoNode) change.trustee = ref(true, owner);
      }
      drift_.changes.push_back(std::move(change));
    }
    if (old_sd->is_dacl_protected() != new_sd->is_dacl_protected()) {
      const auto state = [](bool is_protected) { return is_protected ? "protected" : "inherits"; };
      drift_.changes.push_back({.what = Change::What::Setting,
                                .object = object,
                                .attribute = "inheritance of the DACL",
                                .before = state(old_sd->is_dacl_protected()),
                                .after = state(new_sd->is_dacl_protected())});
    }
    if (old_sd->dacl.has_value() != new_sd->dacl.has_value()) {
      const auto state = [](bool present) { return present ? "present" : "absent: everything is granted"; };
      drift_.changes.push_back({.what = Change::What::Setting,
                                .object = object,
                                .attribute = "DACL",
                                .before = state(old_sd->dacl.has_value()),
                                .after = state(new_sd->dacl.has_value())});
    }
    const Entries old_entries = entries_of(*old_sd);
    const Entries new_entries = entries_of(*new_sd);
    for (const auto& [meaning, ace] : old_entries.explicit_ones) {
      if (!new_entries.explicit_ones.contains(meaning)) add_ace_change(false, ace, object, after.index());
    }
    for (const auto& [meaning, ace] : new_entries.explicit_ones) {
      if (!old_entries.explicit_ones.contains(meaning)) add_ace_change(true, ace, object, after.index());
    }
    changed_lists_.push_back({before.index(), after.index()});
  }

  void add_ace_change(bool added, const Ace& ace, const NodeRef& object, ObjectIndex after) {
    Change change{
        .op = added ? Change::Op::Added : Change::Op::Removed, .what = Change::What::Ace, .object = object};
    (added ? change.after : change.before) = directory::to_sddl(ace);
    const Index& side = added ? new_ : old_;
    const NodeId trustee = side.by_sid(ace.trustee, std::string(new_.graph().node(object.node).domain));
    if (trustee != graph::kNoNode) change.trustee = ref(added, trustee);
    if ((ace.flags & directory::ace_flag::kContainerInherit) != 0) {
      handed_down_[{after, added}].insert(right_of(ace));
    }
    drift_.changes.push_back(std::move(change));
  }

  // Inherited entries that came or went are told only where nothing above explains them: after a move, or
  // when inheritance was switched on or off.
  void compare_inherited() {
    for (const Pair& pair : changed_lists_) {
      const Object before = old_.snapshot().object(pair.before);
      const Object after = new_.snapshot().object(pair.after);
      const Entries old_entries = entries_of(*parse_descriptor(before, old_.snapshot()));
      const Entries new_entries = entries_of(*parse_descriptor(after, new_.snapshot()));
      const NodeRef object = ref(true, new_.node(pair.after));
      for (const auto& [meaning, ace] : old_entries.inherited_ones) {
        if (!new_entries.inherited_ones.contains(meaning) && !comes_from_above(pair.after, ace, false)) {
          add_ace_change(false, ace, object, pair.after);
        }
      }
      for (const auto& [meaning, ace] : new_entries.inherited_ones) {
        if (!old_entries.inherited_ones.contains(meaning) && !comes_from_above(pair.after, ace, true)) {
          add_ace_change(true, ace, object, pair.after);
        }
      }
    }
  }

  bool comes_from_above(ObjectIndex object, const Ace& ace, bool added) const {
    const std::string right = right_of(ace);
    ObjectIndex above = new_.snapshot().object(object).parent();
    for (int budget = 256; above != snapshot::kNoObject && budget > 0; --budget) {
      const auto found = handed_down_.find({above, added});
      if (found != handed_down_.end() && found->second.contains(right)) return true;
      above = new_.snapshot().object(above).parent();
    }
    return false;
  }

  graph::Node node(const NodeRef& reference) const {
    return (reference.in_new ? new_ : old_).graph().node(reference.node);
  }

  void order_changes() {
    std::stable_sort(drift_.changes.begin(), drift_.changes.end(),
                     [&](const Change& a, const Change& b) { return node(a.object).id < node(b.object).id; });
  }

  using EdgeKey = std::tuple<std::string_view, std::string_view, knowledge::EdgeKind>;

  static EdgeKey key_of(const graph::AttackGraph& graph, const graph::Edge& edge) {
    return {graph.node(edge.source).id, graph.node(edge.target).id, edge.kind};
  }

  // An edge that only became stronger or weaker counts as well: traversable or not, with or without a
  // condition.
  void compare_edges() {
    const auto strength = [](const graph::Edge& edge) {
      return edge.traversable ? (edge.condition == 0 ? 2 : 1) : 0;
    };
    std::map<EdgeKey, EdgeId> old_edges;
    for (EdgeId e = 0; e < old_.graph().edge_count(); ++e) {
      old_edges.emplace(key_of(old_.graph(), old_.graph().edge(e)), e);
    }
    for (EdgeId e = 0; e < new_.graph().edge_count(); ++e) {
      const graph::Edge& edge = new_.graph().edge(e);
      const auto found = old_edges.find(key_of(new_.graph(), edge));
      if (found == old_edges.end()) {
        drift_.edges_opened.push_back(e);
        continue;
      }
      const int was = strength(old_.graph().edge(found->second));
      if (strength(edge) > was) drift_.edges_opened.push_back(e);
      if (strength(edge) < was) drift_.edges_closed.push_back(found->second);
      old_edges.erase(found);
    }
    for (const auto& [key, e] : old_edges) drift_.edges_closed.push_back(e);
    std::sort(drift_.edges_closed.begin(), drift_.edges_closed.end());
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
      const auto place = here == graph::kNoNode ? changes_on_.end()
                                                : changes_on_.find(std::string(side.graph().node(here).id));
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

  void compare_paths() {
    const std::vector<NodeId> old_targets = tier_zero(old_.graph());
    const std::vector<NodeId> new_targets = tier_zero(new_.graph());
    const DistanceField old_field(old_.graph(), old_targets);
    const DistanceField new_field(new_.graph(), new_targets);
    const auto exposed = [](const Index& side, const DistanceField& field,
                            const std::vector<NodeId>& targets) {
      std::map<std::string, NodeId> accounts;
      for (const NodeId account : population(side.graph(), targets)) {
        if (field.hops(account) != kUnreachable) accounts.emplace(side.graph().node(account).id, account);
      }
      return accounts;
    };
    const auto before = exposed(old_, old_field, old_targets);
    const auto after = exposed(new_, new_field, new_targets);
    drift_.exposed_before = before.size();
    drift_.exposed_after = after.size();
    for (const auto& [id, account] : after) {
      if (!before.contains(id)) drift_.newly_exposed.push_back(account);
    }
    for (const auto& [id, account] : before) {
      if (!after.contains(id)) drift_.no_longer_exposed.push_back(account);
    }
    drift_.paths_opened = paths_through(new_, new_field, drift_.edges_opened, after, old_, old_field);
    drift_.paths_closed = paths_through(old_, old_field, drift_.edges_closed, before, new_, new_field);
  }

  // The shortest way to Tier Zero through each of the edges, and the shortest paths of all accounts for
  // which the other side had none or only a longer one.
  std::vector<FoundPath> paths_through(const Index& here, const DistanceField& field,
                                       const std::vector<EdgeId>& edges,
                                       const std::map<std::string, NodeId>& accounts, const Index& there,
                                       const DistanceField& other) const {
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
    for (const auto& [id, account] : accounts) {
      const NodeId same = there.by_id(id);
      const std::uint32_t elsewhere = same == graph::kNoNode ? kUnreachable : other.hops(same);
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
  std::vector<std::pair<snapshot::AttributeId, snapshot::AttributeId>> attributes_;  ///< old, new
  std::vector<Pair> changed_lists_;
  /// Rights that entries which came (true) or went (false) hand down, by object of the new side.
  std::map<std::pair<ObjectIndex, bool>, std::set<std::string>> handed_down_;
  std::unordered_map<std::string, std::vector<std::size_t>> changes_on_;  ///< by id of the object
  std::unordered_map<std::string, std::vector<std::size_t>> changes_of_;  ///< by id of the trustee
};

}  // namespace

Drift compare(const Side& before, const Side& after) {
  if (before.snapshot.identity() == after.snapshot.identity()) {
    Drift drift;
    const Exposure exposure = find_exposure(after.graph, tier_zero(after.graph));
    drift.exposed_before = exposure.exposed;
    drift.exposed_after = exposure.exposed;
    return drift;
  }
  return Comparison(before, after).run();
}

}  // namespace tierline::queries
