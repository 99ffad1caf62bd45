#include "core/derive/directory_model.h"

#include <algorithm>
#include <charconv>

#include "core/base/text.h"
#include "core/directory/distinguished_name.h"
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

constexpr std::string_view kDomainIssued = "S-1-5-21-";     // every SID that a domain issued begins so
constexpr std::int64_t kInstanceIsNamingContextHead = 0x1;  // [MS-ADTS] 3.1.1.2.2.4, IT_NC_HEAD

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
    : snapshot_(snapshot), builder_(builder), attributes_(snapshot), schema_(snapshot), by_dn_(snapshot) {
  read_facts();
  find_domains();
  read_trusts();
  place_objects_in_domains();
  make_nodes();
}

bool DirectoryModel::ClassSet::has(std::string_view name) const {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& one) { return equal_ascii_nocase(one, name); });
}

/// Of some objects, with the sets of classes that these have.
struct DirectoryModel::ReadFacts {
  std::vector<Facts> facts;
  std::vector<std::pair<std::string, ClassSet>> class_sets;  ///< by the names' texts
};

void DirectoryModel::read_facts() {
  facts_.reserve(snapshot_.object_count());
  boost::unordered_flat_map<std::string, std::uint32_t, SeededHash, std::equal_to<>> known;
  in_ranges(
      snapshot_.object_count(), [&](Range objects) { return read_facts(objects); },
      [&](ReadFacts&& read) {
        std::vector<std::uint32_t> number_of;
        for (auto& [key, set] : read.class_sets) {
          const auto [place, added] =
              known.try_emplace(std::move(key), static_cast<std::uint32_t>(class_sets_.size()));
          if (added) class_sets_.push_back(std::move(set));
          number_of.push_back(place->second);
        }
        for (Facts& facts : read.facts) {
          facts.class_set = number_of[facts.class_set];
          facts_.push_back(facts);
        }
      });
  snapshot_.for_each_with(attributes_.ds_heuristics, [&](const Object& object) {
    ds_heuristics_ = object.text(attributes_.ds_heuristics);
  });
}

DirectoryModel::ReadFacts DirectoryModel::read_facts(Range objects) const {
  ReadFacts read;
  read.facts.reserve(objects.last - objects.first);
  boost::unordered_flat_map<std::string, std::uint32_t, SeededHash, std::equal_to<>> known;
  std::string key;
  for (auto i = static_cast<ObjectIndex>(objects.first); i < objects.last; ++i) {
    const Object object = snapshot_.object(i);
    const snapshot::Values names = object.values(attributes_.object_class);
    key.clear();
    for (const auto name : names) append_text(key, name.text());
    auto found = known.find(std::string_view(key));
    if (found == known.end()) {
      found = known.emplace(key, static_cast<std::uint32_t>(read.class_sets.size())).first;
      read.class_sets.emplace_back(key, describe_classes(names));
    }
    Facts& facts = read.facts.emplace_back(facts_of(object, read.class_sets[found->second].second));
    facts.class_set = found->second;
  }
  return read;
}

DirectoryModel::Facts DirectoryModel::facts_of(const Object& object, const ClassSet& classes) const {
  Facts facts;
  if (const auto control = object.number(attributes_.user_account_control)) {
    facts.states_control = true;
    facts.account_control = static_cast<std::uint32_t>(*control);
  }
  if (const auto type = object.number(attributes_.group_type)) {
    facts.states_group_type = true;
    facts.group_type = static_cast<std::uint32_t>(*type);
  }
  const std::int64_t group = object.number(attributes_.primary_group_id).value_or(0);
  if (group > 0 && group <= 0xFFFFFFFF) facts.primary_group = static_cast<std::uint32_t>(group);
  const auto type = object.number(attributes_.instance_type);
  facts.heads_naming_context = type ? (*type & kInstanceIsNamingContextHead) != 0
                                    : classes.is_domain_head || classes.is_configuration || classes.is_schema;
  facts.is_domain_component = equal_ascii_nocase(object.dn().substr(0, 3), "DC=");
  return facts;
}

DirectoryModel::ClassSet DirectoryModel::describe_classes(const snapshot::Values& names) const {
  ClassSet set;
  for (const auto name : names) set.names.emplace_back(name.text());
  set.is_domain_head = set.has("domainDNS");
  set.is_configuration = set.has("configuration");
  set.is_schema = set.has("dMD");
  set.is_stand_in = set.has("foreignSecurityPrincipal");
  set.is_trust = set.has("trustedDomain");
  // The most specific structural class: of the classes named, the one deepest in the schema's tree. Without
  // a schema, the last one named, as the server lists them from top downwards.
  for (const std::string& name : set.names) {
    const ClassId id = schema_.find_class(name);
    if (id == kNoClass) continue;
    if (set.id == kNoClass || schema_.depth(id) > schema_.depth(set.id)) set.id = id;
  }
  for (const knowledge::ClassKind& row : knowledge::class_kinds()) {
    if (set.has(row.object_class)) set.kinds.push_back(&row);
  }
  return set;
}

void DirectoryModel::find_domains() {
  for (ObjectIndex i = 0; i < snapshot_.object_count(); ++i) {
    if (!class_set(i).is_domain_head) continue;
    const Object object = snapshot_.object(i);
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
    if (!class_set(i).is_configuration) continue;
    const Object object = snapshot_.object(i);
    configurations_.push_back(fold_case(object.dn()));
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
    if (!class_set(i).is_trust) continue;
    const Object object = snapshot_.object(i);
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

// An object is where its parent is, but for one whose own name is a DC component, or without a parent.
void DirectoryModel::place_objects_in_domains() {
  const auto count = static_cast<ObjectIndex>(snapshot_.object_count());
  domain_of_.assign(count, root_domain_.value_or(0));
  forest_wide_.assign(count, false);
  enum : std::uint8_t { kOpen, kOnTheWay, kDone };
  std::vector<std::uint8_t> state(count, kOpen);
  std::vector<ObjectIndex> way;
  for (ObjectIndex i = 0; i < count; ++i) {
    ObjectIndex at = i;
    way.clear();
    while (state[at] == kOpen) {
      state[at] = kOnTheWay;
      way.push_back(at);
      const Object object = snapshot_.object(at);
      const bool is_root = object.parent() == snapshot::kNoObject || class_set(at).is_configuration ||
                           facts_[at].is_domain_component || state[object.parent()] == kOnTheWay;
      if (is_root) {
        place_by_name(at);
        state[at] = kDone;
        way.pop_back();
        break;
      }
      at = object.parent();
    }
    for (; !way.empty(); way.pop_back()) {
      const ObjectIndex below = way.back();
      domain_of_[below] = domain_of_[at];
      forest_wide_[below] = forest_wide_[at];
      state[below] = kDone;
      at = below;
    }
  }
}

// By the DC components: the domain of that name, or the nearest one above it (DomainDnsZones.corp.test
// belongs to corp.test).
void DirectoryModel::place_by_name(ObjectIndex index) {
  const std::string_view dn = snapshot_.object(index).dn();
  for (const std::string& configuration : configurations_) {
    if (dn.size() < configuration.size()) continue;
    const std::string_view end = dn.substr(dn.size() - configuration.size());
    forest_wide_[index] = forest_wide_[index] || fold_case(end) == configuration;
  }
  std::string name = upper_case(directory::dns_domain(dn));
  while (!name.empty()) {
    const auto found = std::find_if(domains_.begin(), domains_.end(),
                                    [&](const Domain& domain) { return domain.name == name; });
    if (found != domains_.end()) {
      domain_of_[index] = static_cast<DomainIndex>(found - domains_.begin());
      break;
    }
    const std::size_t dot = name.find('.');
    name = dot == std::string::npos ? std::string() : name.substr(dot + 1);
  }
}

bool DirectoryModel::is_of_class(ObjectIndex object, std::string_view name) const {
  return class_set(object).has(name);
}

NodeKind DirectoryModel::kind_of(const Object& object) const {
  // Somebody has looked already, as a collector for BloodHound does.
  if (attributes_.collected_kind != snapshot::kNoAttribute) {
    const auto kind = knowledge::find_node_kind(object.text(attributes_.collected_kind));
    if (kind) return *kind;
  }
  for (const knowledge::ClassKind* const row : class_set(object.index()).kinds) {
    if (!row->under.empty() && !contains_nocase(object.dn(), row->under)) continue;
    // Application partitions are of class domainDNS too, but have no SID and hold no principals.
    if (row->kind == NodeKind::Domain && !object.has(attributes_.object_sid)) return NodeKind::Container;
    // An OID object of another use is no issuance policy ([MS-WCCE] 2.2.2.11: flags 2).
    if (row->kind == NodeKind::IssuancePolicy && object.number(attributes_.flags) != 2) return NodeKind::Base;
    return row->kind;
  }
  return NodeKind::Base;
}

std::string DirectoryModel::id_of(const Sid& sid, DomainIndex domain) const {
  if (!knowledge::is_domain_relative_text(sid)) return sid.to_string();
  return domains_[domain].name + "-" + sid.to_string();
}

/// Objects come one after the other from the same issuer of SIDs, so that its own is read, looked up and written only once.
class DirectoryModel::SidReader {
 public:
  /// Both must outlive it.
  SidReader(graph::NodeTable& table, const DirectoryModel& directory)
      : table_(table), directory_(directory) {}

  /// The identifier that follows from the SID read last.
  const std::string& id() const { return own_id_; }

  /// Fills in the SID of a row, and `id` if it is empty. Says whether there is one, which may be of no authority at all.
  bool read(ByteSpan raw, DomainIndex domain, graph::NodeTable::Row& row, std::string& id) {
    const bool is_of_last = !issuer_.empty() && raw.size() >= issuer_.size() + 4 &&
                            std::equal(issuer_.begin(), issuer_.end(), raw.begin());
    if (!is_of_last) {
      const auto sid = Sid::from_bytes(raw);
      if (!sid) return false;
      if (sid->count() == 0) {
        if (id.empty()) id = directory_.id_of(*sid, domain);
        return true;
      }
      const Sid issuer = sid->parent();
      const ByteSpan stored = raw.first(sid->size() - 4);
      issuer_.assign(stored.begin(), stored.end());
      row_ = table_.issuer_index(issuer);
      is_relative_ = knowledge::is_domain_relative_text(*sid);
      text_ = issuer.to_string();
    }
    row.issuer = row_;
    row.rid = ByteReader(raw, issuer_.size()).u32();
    own_id_.clear();
    if (is_relative_) own_id_.append(directory_.domains_[domain].name).append("-");
    own_id_.append(text_).append("-").append(std::to_string(row.rid));
    if (id.empty()) id = own_id_;
    return true;
  }

 private:
  graph::NodeTable& table_;
  const DirectoryModel& directory_;
  std::vector<std::uint8_t> issuer_;  ///< as stored, the number of sub-authorities of the whole before it
  std::uint32_t row_ = 0;
  bool is_relative_ = false;
  std::string text_;
  std::string own_id_;
};

/// Nodes of some objects, in a table of their own.
struct DirectoryModel::MadeNodes {
  graph::NodeTable table;
  std::vector<ObjectIndex> stand_ins;  ///< which have none yet
  bool are_ids_sids = true;
};

void DirectoryModel::make_node(const Object& object, MadeNodes& made, SidReader& sids) const {
  graph::NodeTable& table = made.table;
  const Facts& facts = facts_[object.index()];
  const NodeKind kind = kind_of(object);
  const DomainIndex domain = domain_of_[object.index()];
  const std::string& domain_name = domains_[domain].name;
  graph::NodeTable::Row row;
  row.object = object.index();
  row.kind = static_cast<std::uint8_t>(kind);
  row.domain = table.domain_index(domain_name);
  const bool is_account = kind == NodeKind::User || kind == NodeKind::Computer;
  if (is_account && facts.states_control)
    row.enabled = (facts.account_control & knowledge::uac::kAccountDisabled) == 0 ? 1 : 0;

  std::string id(object.text(attributes_.collected_id));
  const auto sid = object.values(attributes_.object_sid);
  const bool has_sid = !sid.empty() && sids.read(sid[0].bytes, domain, row, id);
  if (!has_sid && id.empty())
    id = object.guid().is_zero() ? "DN=" + upper_case(object.dn()) : upper_case(object.guid().to_string());
  if (has_sid ? id != sids.id() : id.starts_with(kDomainIssued)) made.are_ids_sids = false;
  row.id = table.add_text(id);

  std::string own_name;
  std::string_view name = object.text(attributes_.sam_account_name);
  if (name.empty()) {
    own_name = directory::first_rdn_value(object.dn());
    name = own_name;
  }
  if (kind == NodeKind::GPO && object.has(attributes_.display_name)) {
    name = object.text(attributes_.display_name);
  }
  std::string full;
  if (kind == NodeKind::Domain && !domain_name.empty()) {
    full = domain_name;
  } else if (kind == NodeKind::Computer) {
    const std::string_view host = object.text(attributes_.dns_host_name);
    if (!host.empty()) {
      full = upper_case(host);
    } else {
      if (name.ends_with('$')) name.remove_suffix(1);
      full = upper_case(name);
      full += '.';
      full += domain_name;
    }
  } else {
    full = upper_case(name);
    if (!domain_name.empty()) full += '@';
    full += domain_name;
  }
  row.name = table.add_text(full);
  table.add(row);
}

// In which domain a SID is looked for. Those that a domain issued are the same everywhere.
DomainIndex DirectoryModel::home_of(const Sid& sid, DomainIndex domain) const {
  if (!knowledge::is_domain_relative_text(sid)) return 0;
  // One group for the whole forest, named under its root domain where that is known.
  static const Sid kForestWide = *Sid::parse(knowledge::sids::kEnterpriseDomainControllers);
  return sid == kForestWide ? root_domain_.value_or(domain) : domain;
}

DirectoryModel::SidKey DirectoryModel::key_of(std::uint32_t issuer, const Sid& sid,
                                              DomainIndex domain) const {
  return {issuer, sid.rid(), home_of(sid, domain)};
}

void DirectoryModel::make_nodes() {
  nodes_.assign(snapshot_.object_count(), graph::kNoNode);
  by_sid_.reserve(snapshot_.object_count());
  builder_.nodes().reserve(snapshot_.object_count());
  std::vector<ObjectIndex> stand_ins;
  in_ranges(
      snapshot_.object_count(), [&](Range objects) { return make_nodes(objects); },
      [&](const MadeNodes& made) {
        stand_ins.insert(stand_ins.end(), made.stand_ins.begin(), made.stand_ins.end());
        take(made);
      });
  make_containers();
  for (const ObjectIndex i : stand_ins) {
    if (const auto sid = sid_of(snapshot_.object(i), attributes_.object_sid)) {
      nodes_[i] = node_of_sid(*sid, domain_of_[i]);
    } else {
      MadeNodes made;
      SidReader sids(made.table, *this);
      make_node(snapshot_.object(i), made, sids);
      take(made);
    }
  }
}

DirectoryModel::MadeNodes DirectoryModel::make_nodes(Range objects) const {
  MadeNodes made;
  SidReader sids(made.table, *this);
  for (auto i = static_cast<ObjectIndex>(objects.first); i < objects.last; ++i) {
    const Object object = snapshot_.object(i);
    if (class_set(i).is_stand_in && object.has(attributes_.object_sid)) {
      made.stand_ins.push_back(i);
    } else {
      make_node(object, made, sids);
    }
  }
  return made;
}

void DirectoryModel::take(const MadeNodes& made) {
  graph::NodeTable& table = builder_.nodes();
  are_ids_sids_ = are_ids_sids_ && made.are_ids_sids;
  auto node = static_cast<NodeId>(table.size());
  table.append(made.table);
  for (; node < table.size(); ++node) {
    const graph::NodeTable::Row& row = table.rows()[node];
    nodes_[row.object] = node;
    kinds_seen_.add(static_cast<NodeKind>(row.kind));
    if (row.issuer == 0) continue;
    // A SID that exists in every domain is rare enough to be put together.
    const Sid& issuer = table.issuers()[row.issuer];
    const DomainIndex home = issuer.is_domain_issued()
                                 ? DomainIndex{0}
                                 : home_of(issuer.with_rid(row.rid), domain_of_[row.object]);
    by_sid_.emplace(SidKey{row.issuer, row.rid, home}, node);
  }
}

// Whatever holds something that matters is a container, of whichever class: sites, servers, the directory service.
void DirectoryModel::make_containers() {
  for (ObjectIndex i = 0; i < snapshot_.object_count(); ++i) {
    if (nodes_[i] == graph::kNoNode || builder_.nodes().kind(nodes_[i]) == NodeKind::Base) continue;
    ObjectIndex above = snapshot_.object(i).parent();
    while (above != snapshot::kNoObject && nodes_[above] != graph::kNoNode) {
      if (builder_.nodes().kind(nodes_[above]) != NodeKind::Base) break;
      builder_.nodes().set_kind(nodes_[above], NodeKind::Container);
      above = snapshot_.object(above).parent();
    }
  }
}

bool DirectoryModel::is_distribution_group(ObjectIndex object) const {
  const Facts& facts = facts_[object];
  return facts.states_group_type && (facts.group_type & knowledge::group_type::kSecurityEnabled) == 0;
}

bool DirectoryModel::may_be_in_token(NodeId principal, ObjectIndex object) const {
  const ObjectIndex group = builder_.nodes().object(principal);
  if (builder_.nodes().kind(principal) != NodeKind::Group || group == snapshot::kNoObject) return true;
  const Facts& facts = facts_[group];
  if (!facts.states_group_type) return true;
  if (is_distribution_group(group)) return false;
  const bool is_local = (facts.group_type & knowledge::group_type::kDomainLocal) != 0;
  return !is_local || forest_wide_[object] || domain_of_[group] == domain_of_[object];
}

std::optional<NodeId> DirectoryModel::trustee_of(const Sid& sid, ObjectIndex object) {
  const NodeId node = node_of_sid(sid, domain_of_[object]);
  return may_be_in_token(node, object) ? std::optional(node) : std::nullopt;
}

NodeId DirectoryModel::node_of_sid(const Sid& sid, DomainIndex domain) {
  const std::uint32_t issuer = sid.count() == 0 ? 0 : builder_.nodes().issuer_index(sid.parent());
  const SidKey key = key_of(issuer, sid, domain);
  const auto found = by_sid_.find(key);
  return found != by_sid_.end() ? found->second : make_node_of_sid(sid, key);
}

NodeId DirectoryModel::make_node_of_sid(const Sid& sid, const SidKey& key) {
  const auto home = static_cast<DomainIndex>(key.domain);
  graph::Node node;
  node.sid = sid;
  const std::string id = id_of(sid, home);
  node.id = id;
  std::string name = sid.to_string();
  if (const knowledge::WellKnownPrincipal* known = knowledge::find_well_known(sid)) {
    node.kind = known->kind;
    node.domain = domains_[home].name;
    name = upper_case(known->name) + "@" + domains_[home].name;
  } else {
    for (const Domain& known_domain : domains_) {
      if (sid.count() > 1 && known_domain.sid == sid.parent()) node.domain = known_domain.name;
    }
  }
  node.name = name;
  const NodeId made = builder_.add_node(node);
  by_sid_.emplace(key, made);
  return made;
}

// Most identifiers are of a domain; those of one host's groups come together.
DirectoryModel::IdReader::Issuer* DirectoryModel::IdReader::issuer_of(std::string_view text) {
  const auto known = std::find_if(issuers_.begin(), issuers_.end(),
                                  [&](const Issuer& issuer) { return issuer.text == text; });
  if (known != issuers_.end()) return &*known;
  const auto sid = Sid::parse(text);
  const bool is_issuer = sid && sid->is_domain_issued() && sid->count() < Sid::kMaxSubAuthorities;
  if (!is_issuer || sid->to_string() != text) return nullptr;
  Issuer issuer{std::string(text), *sid, directory_.builder_.nodes().find_issuer(*sid).value_or(kNotMet)};
  const bool is_domain = std::any_of(directory_.domains_.begin(), directory_.domains_.end(),
                                     [&](const Domain& domain) { return domain.sid == *sid; });
  if (issuers_.empty() || is_domain) return &*issuers_.insert(issuers_.begin(), std::move(issuer));
  return &(issuers_.back() = std::move(issuer));
}

std::optional<DirectoryModel::IdReader::Issued> DirectoryModel::IdReader::read(std::string_view id) {
  const std::size_t dash = id.rfind('-');
  if (!directory_.are_ids_sids_ || !id.starts_with(kDomainIssued)) return std::nullopt;
  std::uint32_t rid = 0;
  const char* const digits = id.data() + dash + 1;
  const char* const end = id.data() + id.size();
  const auto [at, error] = std::from_chars(digits, end, rid);
  if (at != end || error != std::errc() || (*digits == '0' && end - digits > 1)) return std::nullopt;
  Issuer* const issuer = issuer_of(id.substr(0, dash));
  if (issuer == nullptr) return std::nullopt;
  return Issued{issuer, rid};
}

std::optional<NodeId> DirectoryModel::IdReader::find(std::string_view id) {
  const auto issued = read(id);
  if (!issued) return std::nullopt;
  if (issued->issuer->index == kNotMet) return graph::kNoNode;
  const auto found = directory_.by_sid_.find({issued->issuer->index, issued->rid, 0});
  return found == directory_.by_sid_.end() ? graph::kNoNode : found->second;
}

std::optional<NodeId> DirectoryModel::node_of_id(std::string_view id) {
  const auto issued = id_reader_.read(id);
  if (!issued) return std::nullopt;
  graph::NodeTable& table = builder_.nodes();
  if (issued->issuer->index == IdReader::kNotMet)
    issued->issuer->index = table.issuer_index(issued->issuer->sid);
  const auto [place, added] = by_sid_.try_emplace({issued->issuer->index, issued->rid, 0}, graph::kNoNode);
  if (!added) return place->second;
  // As make_node_of_sid() would have it, of a SID that is never well known and whose text is at hand.
  graph::NodeTable::Row row;
  row.issuer = issued->issuer->index;
  row.rid = issued->rid;
  row.id = row.name = table.add_text(id);
  for (const Domain& domain : domains_) {
    if (domain.sid == issued->issuer->sid) row.domain = table.domain_index(domain.name);
  }
  return place->second = table.add(row);
}

bool DirectoryModel::is_called_by_sid(NodeId node) const {
  const graph::NodeTable& nodes = builder_.nodes();
  const Sid& issuer = nodes.issuers()[nodes.rows()[node].issuer];
  return are_ids_sids_ && issuer.count() < Sid::kMaxSubAuthorities && issuer.is_domain_issued();
}

std::optional<NodeId> DirectoryModel::find_sid(const Sid& sid, DomainIndex domain) const {
  std::uint32_t issuer = 0;
  if (sid.count() != 0) {
    const auto known = builder_.nodes().find_issuer(sid.parent());
    if (!known) return std::nullopt;
    issuer = *known;
  }
  const auto found = by_sid_.find(key_of(issuer, sid, domain));
  if (found == by_sid_.end()) return std::nullopt;
  return found->second;
}

}  // namespace tierline::derive
