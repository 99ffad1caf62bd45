// Rules about AdminSDHolder, whose entries are written over those of protected accounts and groups: what it spreads, whom it does not
// reach, and who keeps its mark.

#include <map>
#include <set>

#include "core/directory/sddl.h"
#include "core/directory/security_descriptor.h"
#include "core/knowledge/access_rights.h"
#include "core/knowledge/caveats.h"
#include "core/knowledge/collected_relations.h"
#include "core/knowledge/edge_kinds.h"
#include "core/knowledge/protected_groups.h"
#include "core/knowledge/well_known.h"
#include "queries/audit/walk.h"

namespace tierline::queries::audit {

using directory::SecurityDescriptor;
using directory::Sid;
using graph::ArcId;
using graph::EdgeId;
using graph::Evidence;
using graph::NodeId;
using knowledge::EdgeKind;
using knowledge::NodeKind;
namespace access = knowledge::access;
namespace rids = knowledge::rids;
using Trait = graph::AttackGraph::Trait;

namespace {

constexpr const char* kNoHolder = "AdminSDHolder was not collected";

bool is_protection(const Trait& trait) { return trait.kind == EdgeKind::ProtectAdminGroups; }

std::set<NodeId> holders_of(const graph::AttackGraph& graph) {
  std::set<NodeId> holders;
  for_each_arc(graph, is_protection, [&](ArcId arc) { holders.insert(graph.tail(arc)); });
  return holders;
}

/// The SID of the domain that a node is in; empty (count 0) when its head was not collected.
Sid domain_of(const graph::AttackGraph& graph, NodeId node) {
  const std::string_view name = graph.node(node).domain;
  for (NodeId n = 0; n < graph.node_count(); ++n) {
    if (graph.nodes().kind(n) != NodeKind::Domain) continue;
    const graph::Node domain = graph.node(n);
    if (domain.domain == name && domain.sid.count() != 0) return domain.sid;
  }
  return {};
}

std::optional<SecurityDescriptor> descriptor_of(const Context& context, NodeId node) {
  const std::uint32_t object = context.graph.nodes().object(node);
  if (object == snapshot::kNoObject) return std::nullopt;
  const snapshot::DescriptorIndex index = context.snapshot.object(object).descriptor();
  if (index == snapshot::kNoDescriptor) return std::nullopt;
  Result<SecurityDescriptor> parsed = SecurityDescriptor::parse(context.snapshot.descriptor(index));
  if (!parsed) return std::nullopt;
  return std::move(*parsed);
}

/// The entries of one AdminSDHolder that are not there from the start and grant more than reading.
class HolderEntries {
 public:
  HolderEntries(const Context& context, NodeId holder)
      : context_(context), holder_(holder), domain_(domain_of(context.graph, holder)) {}

  void tell(const SecurityDescriptor& descriptor, Report& report) {
    const std::uint32_t object = context_.graph.nodes().object(holder_);
    if (descriptor.owner && !is_usual(*descriptor.owner, {})) {
      Unusual& unusual = by_trustee_[*descriptor.owner];
      unusual.is_full = true;
      unusual.texts.emplace_back("owns it");
      unusual.facts.push_back({.kind = Evidence::Kind::Owner, .object = object});
    }
    if (descriptor.dacl) {
      for (std::uint32_t i = 0; i < descriptor.dacl->aces.size(); ++i)
        take(descriptor.dacl->aces[i], {.kind = Evidence::Kind::Ace, .object = object, .item = i});
    }
    const auto nodes = find_trustees();
    Unusual nameless;  // one finding for all whose SID nothing resolves
    for (auto& [trustee, unusual] : by_trustee_) {
      if (const auto node = nodes.find(trustee); node != nodes.end()) {
        add({node->second, holder_}, context_.is_in_zero(node->second), unusual, report);
        continue;
      }
      nameless.is_full = nameless.is_full || unusual.is_full;
      for (const std::string& text : unusual.texts)
        nameless.texts.push_back(trustee.to_string() + ": " + text);
      nameless.facts.insert(nameless.facts.end(), unusual.facts.begin(), unusual.facts.end());
    }
    if (!nameless.facts.empty()) add({holder_}, false, nameless, report);
  }

  bool is_usual(const Sid& trustee, const directory::Guid& type) const {
    return knowledge::is_usual_on_holder(trustee, type, domain_);
  }

 private:
  struct Unusual {
    bool is_full = false;  ///< control of the whole object
    std::vector<std::string> texts;
    std::vector<Evidence> facts;
  };

  static void add(std::vector<NodeId> objects, bool is_inside, Unusual& unusual, Report& report) {
    std::string what;
    for (const std::string& text : unusual.texts) (what += what.empty() ? "" : ", ") += text;
    const Severity severity = is_inside         ? Severity::Low
                              : unusual.is_full ? Severity::Critical
                                                : Severity::High;
    report.add(severity, std::move(objects), {}, std::move(what), std::move(unusual.facts));
  }

  void take(const directory::Ace& ace, const Evidence& evidence) {
    constexpr std::uint32_t kTakesOver = access::kWriteDacl | access::kWriteOwner;
    constexpr std::uint32_t kChanges =
        access::kWriteProperty | access::kControlAccess | access::kValidatedWrite;
    if (ace.is_raw() || !ace.is_allow() || ace.is_inherit_only()) return;
    const std::uint32_t mask = access::map_generic(ace.mask);
    const directory::Guid type = ace.object_type.value_or(directory::Guid());
    if ((mask & (kTakesOver | kChanges)) == 0 || is_usual(ace.trustee, type)) return;
    Unusual& unusual = by_trustee_[ace.trustee];
    unusual.is_full = unusual.is_full || (mask & kTakesOver) != 0 || type.is_zero();
    unusual.texts.push_back(directory::to_sddl(ace));
    unusual.facts.push_back(evidence);
  }

  /// The nodes of the trustees; of a SID that every domain has, the one of this domain.
  std::map<Sid, NodeId> find_trustees() const {
    std::map<Sid, NodeId> found;
    if (by_trustee_.empty()) return found;
    const std::string_view domain = context_.graph.node(holder_).domain;
    for (NodeId n = 0; n < context_.graph.node_count(); ++n) {
      const graph::Node node = context_.graph.node(n);
      if (node.sid.count() == 0 || !by_trustee_.contains(node.sid)) continue;
      if (node.domain == domain || !knowledge::is_domain_relative_text(node.sid)) found.emplace(node.sid, n);
    }
    return found;
  }

  const Context& context_;
  NodeId holder_;
  Sid domain_;
  std::map<Sid, Unusual> by_trustee_;
};

// Of a collection, which has the rights as its collector judged them.
void tell_collected_rights(const Context& context, NodeId holder, Report& report) {
  const HolderEntries usual(context, holder);
  std::map<NodeId, std::vector<EdgeId>> by_source;
  for_each_arc_into(context.graph, holder, [&](ArcId arc) {
    const Trait& trait = context.graph.trait(arc);
    const NodeId source = context.graph.tail(arc);
    if (!trait.traversable || !is_control(trait.kind)) return;
    const Sid sid = context.graph.node(source).sid;
    if (sid.count() == 0 || !usual.is_usual(sid, {}))
      by_source[source].push_back(context.graph.edge_to(arc, holder));
  });
  for (auto& [source, edges] : by_source) {
    std::string kinds;
    for (const EdgeId e : edges)
      (kinds += kinds.empty() ? "" : ", ") += knowledge::info_of(context.graph.edge(e).kind).name;
    report.add(context.is_in_zero(source) ? Severity::Low : Severity::Critical, {source, holder},
               std::move(edges), std::move(kinds));
  }
}

// The forest may leave operators' groups out.
void tell_excluded_groups(const Context& context, Report& report) {
  const snapshot::AttributeId heuristics = context.attribute("dSHeuristics");
  if (heuristics == snapshot::kNoAttribute) return;
  for (NodeId n = 0; n < context.graph.node_count(); ++n) {
    const unsigned excluded = knowledge::excluded_from_protection(context.text(n, heuristics));
    if (excluded == 0) continue;
    std::string names;
    for (const knowledge::ProtectedPrincipal& row : knowledge::protected_principals()) {
      if ((row.excluded_by & excluded) == 0) continue;
      const auto* const known = knowledge::find_well_known(Sid::parse("S-1-5-32")->with_rid(row.rid));
      names += (names.empty() ? "" : ", ") +
               (known == nullptr ? "S-1-5-32-" + std::to_string(row.rid) : std::string(known->name));
    }
    if (names.empty()) continue;
    report.add(Severity::High, {n}, {}, "leaves unprotected: " + names, context.facts(n, {heuristics}));
  }
}

}  // namespace

void entries_of_admin_sd_holder(const Context& context, Report& report) {
  const std::set<NodeId> holders = holders_of(context.graph);
  if (holders.empty()) report.unknown(kNoHolder);
  for (const NodeId holder : holders) {
    if (const auto descriptor = descriptor_of(context, holder)) {
      HolderEntries(context, holder).tell(*descriptor, report);
    } else if (context.are_rights_read(holder)) {
      tell_collected_rights(context, holder, report);
    } else {
      report.unknown("the security descriptor of AdminSDHolder was not read");
    }
  }
  tell_excluded_groups(context, report);
}

// Collections say of protection only whether the object inherits entries, which no protected one does.
void objects_not_stamped(const Context& context, Report& report) {
  const graph::AttackGraph& graph = context.graph;
  if (!context.has_edges_of(EdgeKind::ProtectAdminGroups)) return report.unknown(kNoHolder);
  const snapshot::AttributeId said = context.attribute(knowledge::collected::kProtected);
  std::size_t unread = 0;
  for_each_arc(graph, is_protection, [&](ArcId arc) {
    const bool differs =
        knowledge::Caveats::from_bits(graph.trait(arc).caveats).contains(knowledge::Caveat::NotYetStamped);
    for_each_edge_of(graph, arc, [&](NodeId target, EdgeId edge) {
      const auto descriptor = descriptor_of(context, target);
      const std::string_view word = context.text(target, said);
      const bool inherits = descriptor ? !descriptor->is_dacl_protected() : word == "FALSE";
      if (!descriptor && word.empty()) ++unread;
      if (!differs && (descriptor || !inherits)) return;
      report.add(inherits ? Severity::Medium : Severity::Low, {target}, {edge},
                 inherits ? "inherits entries from above, which AdminSDHolder would end"
                          : "has other entries than AdminSDHolder");
    });
  });
  if (unread != 0) {
    report.unknown("the security descriptors of " + std::to_string(unread) +
                   " protected objects were not read");
  }
}

void orphans_of_protection(const Context& context, Report& report) {
  if (!context.is_collected("adminCount")) return report.unknown("adminCount was not collected");
  if (!context.has_edges_of(EdgeKind::ProtectAdminGroups)) return report.unknown(kNoHolder);
  std::vector<bool> is_protected(context.graph.node_count(), false);
  for_each_arc(context.graph, is_protection, [&](ArcId arc) {
    for_each_edge_of(context.graph, arc, [&](NodeId target, EdgeId) { is_protected[target] = true; });
  });
  const snapshot::AttributeId admin_count = context.attribute("adminCount");
  for (NodeId n = 0; n < context.graph.node_count(); ++n) {
    if (is_protected[n] || context.number(n, admin_count).value_or(0) != 1) continue;
    if (context.graph.node(n).sid.rid() == rids::kKrbtgt) continue;
    report.add({n}, {}, "has adminCount 1 and is in no protected group", context.facts(n, {admin_count}));
  }
}

}  // namespace tierline::queries::audit
