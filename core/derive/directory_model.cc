#include "core/derive/directory_model.h"

#include <algorithm>

#include "core/base/text.h"
#include "core/directory/distinguished_name.h"
#include "core/knowledge/class_kinds.h"
#include "core/knowledge/group_type.h"
#include "core/knowledge/user_account_control.h"
#include "core/knowledge/well_known.h"

namespace tierline::derive {
namespace {

using directory::Sid;
using graph::NodeId;
using knowledge::NodeKind;
using snapshot::Object;
using snapshot::ObjectIndex;

constexpr std::int64_t kInstanceIsNamingContextHead = 0x1;  // [MS-ADTS] 3.1.1.2.2.4, IT_NC_HEAD

bool has_class(const Object& object, snapshot::AttributeId object_class, std::string_view name) {
  for (const auto value : object.values(object_class)) {
    if (equal_ascii_nocase(value.text(), name)) return true;
  }
  return false;
}

bool contains_nocase(std::string_view text, std::string_view part) {
  for (std::size_t i = 0; i + part.size() <= text.size(); ++i) {
    if (equal_ascii_nocase(text.substr(i, part.size()), part)) return true;
  }
  return false;
}

}  // namespace

std::optional<Sid> sid_of(const Object& object, snapshot::AttributeId attribute) {
  const auto values = object.values(attribute);
  if (values.empty()) return std::nullopt;
  return Sid::from_bytes(values[0].bytes);
}

DirectoryModel::DirectoryModel(const snapshot::Snapshot& snapshot, graph::GraphBuilder& builder)
    : snapshot_(snapshot), builder_(builder), attributes_(snapshot), schema_(snapshot) {
  by_dn_.reserve(snapshot.object_count());
  for (ObjectIndex i = 0; i < snapshot.object_count(); ++i) {
    const Object object = snapshot.object(i);
    by_dn_.emplace(fold_case(object.dn()), i);
    if (object.has(attributes_.ds_heuristics)) ds_heuristics_ = object.text(attributes_.ds_heuristics);
  }
  find_domains();
  read_trusts();
  place_objects_in_domains();
  make_nodes();
}

void DirectoryModel::find_domains() {
  for (ObjectIndex i = 0; i < snapshot_.object_count(); ++i) {
    const Object object = snapshot_.object(i);
    if (!has_class(object, attributes_.object_class, "domainDNS")) continue;
    const auto sid = sid_of(object, attributes_.object_sid);
    if (!sid) continue;  // an application partition
    domains_.push_back({*sid, upper_case(directory::dns_domain(object.dn())), i});
  }
  std::sort(domains_.begin(), domains_.end(),
            [](const Domain& a, const Domain& b) { return a.name < b.name; });
  // Facts without a domain, such as a lone configuration, still need a name to stand under.
  if (domains_.empty()) {
    std::string name;
    if (snapshot_.object_count() != 0) name = upper_case(directory::dns_domain(snapshot_.object(0).dn()));
    domains_.push_back({Sid(), std::move(name), snapshot::kNoObject});
  }
  for (ObjectIndex i = 0; i < snapshot_.object_count(); ++i) {
    const Object object = snapshot_.object(i);
    if (!has_class(object, attributes_.object_class, "configuration")) continue;
    const std::string root = upper_case(directory::dns_domain(object.dn()));
    for (std::size_t d = 0; d < domains_.size(); ++d) {
      if (domains_[d].name == root) root_domain_ = static_cast<DomainIndex>(d);
    }
  }
}

void DirectoryModel::read_trusts() {
  forest_of_.resize(domains_.size());
  for (std::size_t d = 0; d < domains_.size(); ++d) forest_of_[d] = static_cast<DomainIndex>(d);
  const auto domain_named = [&](const std::string& name) -> std::optional<DomainIndex> {
    for (std::size_t d = 0; d < domains_.size(); ++d) {
      if (domains_[d].name == name) return static_cast<DomainIndex>(d);
    }
    return std::nullopt;
  };
  for (ObjectIndex i = 0; i < snapshot_.object_count(); ++i) {
    const Object object = snapshot_.object(i);
    if (!has_class(object, attributes_.object_class, "trustedDomain")) continue;
    const auto holder = domain_named(upper_case(directory::dns_domain(object.dn())));
    if (!holder) continue;
    Trust trust;
    trust.object = i;
    trust.domain = *holder;
    trust.partner_name = upper_case(object.text(attributes_.trust_partner));
    trust.partner = domain_named(trust.partner_name);
    trust.partner_sid = sid_of(object, attributes_.security_identifier).value_or(Sid());
    trust.partner_flat_name = object.text(attributes_.flat_name);
    trust.direction =
        static_cast<knowledge::TrustDirection>(object.number(attributes_.trust_direction).value_or(0) & 3);
    trust.attributes = static_cast<std::uint32_t>(object.number(attributes_.trust_attributes).value_or(0));
    trusts_.push_back(std::move(trust));
  }
  for (const Trust& trust : trusts_) {
    if ((trust.attributes & knowledge::trust_attribute::kWithinForest) == 0 || !trust.partner) continue;
    const DomainIndex kept = std::min(forest_of_[trust.domain], forest_of_[*trust.partner]);
    const DomainIndex merged = std::max(forest_of_[trust.domain], forest_of_[*trust.partner]);
    std::replace(forest_of_.begin(), forest_of_.end(), merged, kept);
  }
}

// By the DC components: the domain of that name, or the nearest one above it (DomainDnsZones.corp.test
// belongs to corp.test).
void DirectoryModel::place_objects_in_domains() {
  std::unordered_map<std::string, DomainIndex> by_name;
  for (std::size_t d = 0; d < domains_.size(); ++d)
    by_name.emplace(domains_[d].name, static_cast<DomainIndex>(d));
  domain_of_.assign(snapshot_.object_count(), root_domain_.value_or(0));
  forest_wide_.assign(snapshot_.object_count(), false);
  std::vector<std::string> configurations;
  for (ObjectIndex i = 0; i < snapshot_.object_count(); ++i) {
    const Object object = snapshot_.object(i);
    if (has_class(object, attributes_.object_class, "configuration")) {
      configurations.push_back(fold_case(object.dn()));
    }
  }
  for (ObjectIndex i = 0; i < snapshot_.object_count(); ++i) {
    const std::string_view dn = snapshot_.object(i).dn();
    for (const std::string& configuration : configurations) {
      if (dn.size() < configuration.size()) continue;
      const std::string_view end = dn.substr(dn.size() - configuration.size());
      forest_wide_[i] = forest_wide_[i] || fold_case(end) == configuration;
    }
    std::string name = upper_case(directory::dns_domain(dn));
    while (!name.empty()) {
      if (const auto found = by_name.find(name); found != by_name.end()) {
        domain_of_[i] = found->second;
        break;
      }
      const std::size_t dot = name.find('.');
      name = dot == std::string::npos ? std::string() : name.substr(dot + 1);
    }
  }
}

bool DirectoryModel::is_of_class(ObjectIndex object, std::string_view name) const {
  return has_class(snapshot_.object(object), attributes_.object_class, name);
}

bool DirectoryModel::is_naming_context(ObjectIndex index) const {
  const Object object = snapshot_.object(index);
  const auto type = object.number(attributes_.instance_type);
  if (type) return (*type & kInstanceIsNamingContextHead) != 0;
  return has_class(object, attributes_.object_class, "domainDNS") ||
         has_class(object, attributes_.object_class, "configuration") ||
         has_class(object, attributes_.object_class, "dMD");
}

// The most specific structural class: of the classes named, the one deepest in the schema's tree. Without
// a schema, the last one named, as the server lists them from top downwards.
ClassId DirectoryModel::class_of(const Object& object) const {
  ClassId deepest = kNoClass;
  for (const auto value : object.values(attributes_.object_class)) {
    const ClassId id = schema_.find_class(value.text());
    if (id == kNoClass) continue;
    if (deepest == kNoClass || schema_.depth(id) > schema_.depth(deepest)) deepest = id;
  }
  return deepest;
}

NodeKind DirectoryModel::kind_of(const Object& object) const {
  // Somebody has looked already, as a collector for BloodHound does.
  if (const auto kind = knowledge::find_node_kind(object.text(attributes_.collected_kind))) return *kind;
  for (const knowledge::ClassKind& row : knowledge::class_kinds()) {
    if (!row.under.empty() && !contains_nocase(object.dn(), row.under)) continue;
    if (!has_class(object, attributes_.object_class, row.object_class)) continue;
    // Application partitions are of class domainDNS too, but have no SID and hold no principals.
    if (row.kind == NodeKind::Domain && !object.has(attributes_.object_sid)) return NodeKind::Container;
    // An OID object of another use is no issuance policy ([MS-WCCE] 2.2.2.11: flags 2).
    if (row.kind == NodeKind::IssuancePolicy && object.number(attributes_.flags) != 2) return NodeKind::Base;
    return row.kind;
  }
  return NodeKind::Base;
}

std::string DirectoryModel::id_of(const Sid& sid, DomainIndex domain) const {
  if (!knowledge::is_domain_relative_text(sid)) return sid.to_string();
  return domains_[domain].name + "-" + sid.to_string();
}

graph::Node DirectoryModel::describe(const Object& object) const {
  graph::Node node;
  node.object = object.index();
  node.kind = kind_of(object);
  const DomainIndex domain = domain_of_[object.index()];
  node.domain = domains_[domain].name;
  if (const auto sid = sid_of(object, attributes_.object_sid)) {
    node.sid = *sid;
    node.id = id_of(*sid, domain);
  } else if (!object.guid().is_zero()) {
    node.id = upper_case(object.guid().to_string());
  } else {
    node.id = "DN=" + upper_case(object.dn());
  }
  if (object.has(attributes_.collected_id)) node.id = object.text(attributes_.collected_id);

  const std::string_view account = object.text(attributes_.sam_account_name);
  const std::string rdn = directory::first_rdn_value(object.dn());
  std::string_view name = account.empty() ? std::string_view(rdn) : account;
  if (node.kind == NodeKind::GPO && object.has(attributes_.display_name)) {
    name = object.text(attributes_.display_name);
  }
  if (node.kind == NodeKind::Domain && !node.domain.empty()) {
    node.name = node.domain;
  } else if (node.kind == NodeKind::Computer) {
    const std::string_view host = object.text(attributes_.dns_host_name);
    if (!host.empty()) {
      node.name = upper_case(host);
    } else {
      if (name.ends_with('$')) name.remove_suffix(1);
      node.name = upper_case(name) + "." + node.domain;
    }
  } else {
    node.name = upper_case(name) + (node.domain.empty() ? "" : "@" + node.domain);
  }
  if (node.kind == NodeKind::User || node.kind == NodeKind::Computer) {
    if (const auto control = object.number(attributes_.user_account_control)) {
      node.enabled = (*control & knowledge::uac::kAccountDisabled) == 0;
    }
  }
  return node;
}

DirectoryModel::SidInDomain DirectoryModel::key_of(const Sid& sid, DomainIndex domain) const {
  if (!knowledge::is_domain_relative_text(sid)) return {sid, 0};
  // One group for the whole forest, named under its root domain where that is known.
  static const Sid kForestWide = *Sid::parse(knowledge::sids::kEnterpriseDomainControllers);
  return {sid, sid == kForestWide ? root_domain_.value_or(domain) : domain};
}

void DirectoryModel::make_nodes() {
  classes_.resize(snapshot_.object_count());
  nodes_.assign(snapshot_.object_count(), graph::kNoNode);
  std::vector<ObjectIndex> stand_ins;
  std::uint32_t kinds = 0;
  for (ObjectIndex i = 0; i < snapshot_.object_count(); ++i) {
    const Object object = snapshot_.object(i);
    classes_[i] = class_of(object);
    if (has_class(object, attributes_.object_class, "foreignSecurityPrincipal") &&
        object.has(attributes_.object_sid)) {
      stand_ins.push_back(i);
      continue;
    }
    graph::Node node = describe(object);
    kinds |= 1u << static_cast<unsigned>(node.kind);
    const Sid sid = node.sid;
    nodes_[i] = builder_.add_node(std::move(node));
    if (sid.count() != 0) by_sid_.emplace(key_of(sid, domain_of_[i]), nodes_[i]);
  }
  for (std::size_t k = 0; k < knowledge::kNodeKindNames.size(); ++k) {
    if ((kinds & (1u << k)) != 0) kinds_seen_.add(static_cast<NodeKind>(k));
  }
  make_containers();
  for (const ObjectIndex i : stand_ins) {
    const auto sid = sid_of(snapshot_.object(i), attributes_.object_sid);
    if (sid) {
      nodes_[i] = node_of_sid(*sid, domain_of_[i]);
    } else {
      nodes_[i] = builder_.add_node(describe(snapshot_.object(i)));
    }
  }
}

// Whatever holds something that matters is a container, of whichever class: sites, servers, the directory service.
void DirectoryModel::make_containers() {
  for (ObjectIndex i = 0; i < snapshot_.object_count(); ++i) {
    if (nodes_[i] == graph::kNoNode || builder_.node(nodes_[i]).kind == NodeKind::Base) continue;
    ObjectIndex above = snapshot_.object(i).parent();
    while (above != snapshot::kNoObject && nodes_[above] != graph::kNoNode) {
      graph::Node& holder = builder_.node(nodes_[above]);
      if (holder.kind != NodeKind::Base) break;
      holder.kind = NodeKind::Container;
      above = snapshot_.object(above).parent();
    }
  }
}

bool DirectoryModel::may_be_in_token(NodeId principal, ObjectIndex object) const {
  const graph::Node& node = builder_.node(principal);
  if (node.kind != NodeKind::Group || node.object == snapshot::kNoObject) return true;
  const auto type = snapshot_.object(node.object).number(attributes_.group_type);
  if (!type) return true;
  if ((*type & knowledge::group_type::kSecurityEnabled) == 0) return false;
  const bool is_local = (*type & knowledge::group_type::kDomainLocal) != 0;
  return !is_local || forest_wide_[object] || domain_of_[node.object] == domain_of_[object];
}

std::optional<NodeId> DirectoryModel::trustee_of(const Sid& sid, ObjectIndex object) {
  const NodeId node = node_of_sid(sid, domain_of_[object]);
  return may_be_in_token(node, object) ? std::optional(node) : std::nullopt;
}

NodeId DirectoryModel::node_of_sid(const Sid& sid, DomainIndex domain) {
  const SidInDomain key = key_of(sid, domain);
  if (const auto found = by_sid_.find(key); found != by_sid_.end()) return found->second;
  graph::Node node;
  node.sid = sid;
  node.id = id_of(sid, key.domain);
  if (const knowledge::WellKnownPrincipal* known = knowledge::find_well_known(sid)) {
    node.kind = known->kind;
    node.domain = domains_[key.domain].name;
    node.name = upper_case(known->name) + "@" + node.domain;
  } else {
    node.name = sid.to_string();
    for (const Domain& known_domain : domains_) {
      if (sid.count() > 1 && known_domain.sid == sid.parent()) node.domain = known_domain.name;
    }
  }
  const NodeId id = builder_.add_node(std::move(node));
  by_sid_.emplace(key, id);
  return id;
}

std::optional<NodeId> DirectoryModel::find_sid(const Sid& sid, DomainIndex domain) const {
  const auto found = by_sid_.find(key_of(sid, domain));
  if (found == by_sid_.end()) return std::nullopt;
  return found->second;
}

std::optional<ObjectIndex> DirectoryModel::find_dn(std::string_view dn) const {
  const auto found = by_dn_.find(fold_case(dn));
  if (found == by_dn_.end()) return std::nullopt;
  return found->second;
}

}  // namespace tierline::derive
