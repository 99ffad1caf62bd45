// The relations that a collection for BloodHound states: rights as its collector judged them, memberships, sessions,
// local groups, trusts. There are no security descriptors behind them, so they are taken as they stand.

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/arena.h"
#include "core/base/hash.h"
#include "core/base/parallel.h"
#include "core/base/text.h"
#include "core/derive/passes/passes.h"
#include "core/directory/object_id.h"
#include "core/knowledge/collected_relations.h"
#include "core/knowledge/well_known.h"

namespace tierline::derive {
namespace {

using directory::ObjectId;
using directory::Sid;
using graph::Evidence;
using graph::NodeId;
using knowledge::EdgeKind;
using knowledge::NodeKind;
using snapshot::AttributeId;
using snapshot::Object;
using snapshot::ObjectIndex;

namespace collected = knowledge::collected;

using Parts = boost::container::small_vector<std::string_view, 8>;

Parts parts_of(std::string_view record) {
  Parts parts;
  while (true) {
    const std::size_t tab = record.find('\t');
    parts.push_back(record.substr(0, tab));
    if (tab == std::string_view::npos) return parts;
    record.remove_prefix(tab + 1);
  }
}

/// Where a snapshot keeps what a collection states.
struct CollectedIds {
  explicit CollectedIds(const snapshot::Snapshot& snapshot)
      : aces(snapshot.attribute(collected::kAces)),
        any_owner_rights(snapshot.attribute(collected::kAnyOwnerRights)),
        inherited_owner_rights(snapshot.attribute(collected::kInheritedOwnerRights)),
        local_groups(snapshot.attribute(collected::kLocalGroups)),
        local_group_members(snapshot.attribute(collected::kLocalGroupMembers)),
        user_rights(snapshot.attribute(collected::kUserRights)),
        policy_members(snapshot.attribute(collected::kPolicyMembers)),
        trusts(snapshot.attribute(collected::kTrusts)),
        service_targets(snapshot.attribute(collected::kServiceTargets)),
        enrollment_agents(snapshot.attribute(collected::kEnrollmentAgents)),
        enabled_templates(snapshot.attribute("SharpHound.EnabledCertTemplates")),
        authority_security_read(snapshot.attribute(collected::kAuthoritySecurityRead)),
        unconstrained(snapshot.attribute(collected::kUnconstrained)),
        is_domain_controller(snapshot.attribute(collected::kIsDomainController)),
        domain_sid(snapshot.attribute(collected::kDomainSid)),
        edges(snapshot.attribute(collected::kEdges)),
        edges_into(snapshot.attribute(collected::kEdgesInto)),
        kind(snapshot.attribute(collected::kKind)),
        is_protected(snapshot.attribute(collected::kProtected)) {
    for (const knowledge::CollectedRelation& relation : knowledge::collected_relations()) {
      const AttributeId id = snapshot.attribute(relation.attribute);
      if (id != snapshot::kNoAttribute) relations.emplace_back(&relation, id);
    }
  }

  AttributeId aces, any_owner_rights, inherited_owner_rights;
  AttributeId local_groups, local_group_members, user_rights, policy_members;
  AttributeId trusts, service_targets, enrollment_agents, enabled_templates, authority_security_read;
  AttributeId unconstrained, is_domain_controller, domain_sid;
  AttributeId edges, edges_into, kind, is_protected;
  std::vector<std::pair<const knowledge::CollectedRelation*, AttributeId>>
      relations;  ///< that any object has
};

/// Calls `take` with the parts of each value and its evidence.
template <class Take>
void for_each(const Object& object, AttributeId id, std::size_t at_least, const Take& take) {
  if (id == snapshot::kNoAttribute) return;
  std::uint32_t item = 0;
  for (const auto value : object.values(id)) {
    const Parts parts = parts_of(value.text());
    const Evidence evidence = {
        .kind = Evidence::Kind::Attribute, .attribute = id, .object = object.index(), .item = item++};
    if (parts.size() >= at_least) take(parts, evidence);
  }
}

using NodesById = boost::unordered_flat_map<std::string_view, NodeId, SeededHash, std::equal_to<>>;

bool is_name(const Derivation& derivation, std::string_view id) {
  return derivation.rules == Rules::Ours && id.find('=') != std::string_view::npos;
}

std::optional<ObjectIndex> find_name(const Derivation& derivation, std::string_view id) {
  return derivation.directory.find_dn(id.starts_with("DN=") ? id.substr(3) : id);
}

/// What some objects state, by one of several threads. Nothing is changed meanwhile: nodes that are not there yet, and what
/// else the statements say of nodes, are brought along.
class Statements {
 public:
  struct Unknown {
    std::string_view id;
    NodeKind kind = NodeKind::Base;
  };
  struct Named {
    NodeId node = graph::kNoNode;
    std::string_view name;
    bool is_domain = false;  ///< of a trust, which counts if no object tells it
  };

  /// `by_id` has whoever is not known by the SID of a domain.
  Statements(const Derivation& derivation, const CollectedIds& ids, const NodesById& by_id)
      : derivation_(derivation),
        directory_(derivation.directory),
        snapshot_(directory_.snapshot()),
        ids_(ids),
        by_id_(by_id),
        id_reader_(directory_) {}

  graph::EdgeBatch edges;
  std::vector<Unknown> unknown;                    ///< the batch's unknown nodes
  std::vector<std::pair<NodeId, NodeKind>> kinds;  ///< what nodes of no kind are taken for
  std::vector<Named> names;
  std::vector<graph::PendingEdge> owners;  ///< for Derivation::collected_owners

  void add_relations_of(const Object& object) {
    const NodeId self = directory_.node_of(object.index());
    for (const auto& [row, id] : ids_.relations) {
      const knowledge::CollectedRelation& relation = *row;
      // Whether the SID is filtered on its way is seen where memberships are.
      if (relation.edge == EdgeKind::HasSIDHistory && derivation_.rules == Rules::Ours) continue;
      for_each(object, id, 2, [&](const auto& parts, const Evidence& evidence) {
        const NodeId other = node(parts[0], parts[1]);
        const NodeId source = relation.from_object ? self : other;
        const NodeId target = relation.from_object ? other : self;
        // What inherits nothing is in its container, and not in its hands; a distribution group is in no token.
        const bool is_weak = (relation.edge == EdgeKind::Contains && is_protected(target)) ||
                             (relation.edge == EdgeKind::MemberOf && is_distribution_group(target));
        add(source, target, relation.edge, evidence, {}, !is_weak);
      });
    }
    for_each(object, ids_.service_targets, 3, [&](const auto& parts, const Evidence& evidence) {
      if (parts[2] == "SQLAdmin") add(self, node(parts[0], "Computer"), EdgeKind::SQLAdmin, evidence);
    });
    for_each(object, ids_.edges, 3, [&](const auto& parts, const Evidence& evidence) {
      add_stated(self, node(parts[1], parts[2]), parts, evidence);
    });
    for_each(object, ids_.edges_into, 3, [&](const auto& parts, const Evidence& evidence) {
      add_stated(node(parts[1], parts[2]), self, parts, evidence);
    });
    add_rights(object, self);
    add_local_groups(object, self);
    for_each(object, ids_.user_rights, 3, [&](const auto& parts, const Evidence& evidence) {
      const EdgeKind* const kind = knowledge::collected_privilege(parts[0]);
      if (kind != nullptr) add(node(parts[1], parts[2]), self, *kind, evidence);
    });
    add_trusts(object, self);
    add_delegation(object, self);
    add_certificate_services(object, self);
  }

 private:
  // -- nodes ------------------------------------------------------------------------------------------------------

  // Who is only referred to is what the first reference takes it for.
  NodeId node(std::string_view id, std::string_view kind) {
    const NodeId found = find(id);
    if (found >= graph::EdgeBatch::kFirstUnknown) {
      NodeKind& of_unknown = unknown[found - graph::EdgeBatch::kFirstUnknown].kind;
      if (of_unknown == NodeKind::Base) of_unknown = knowledge::find_node_kind(kind).value_or(NodeKind::Base);
    } else if (derivation_.graph.nodes().kind(found) == NodeKind::Base) {
      kinds.emplace_back(found, knowledge::find_node_kind(kind).value_or(NodeKind::Base));
    }
    return found;
  }

  NodeId find(std::string_view id) {
    const auto by_sid = id_reader_.find(id);
    if (by_sid && *by_sid != graph::kNoNode) return *by_sid;
    if (!by_sid) {
      if (const auto known = by_id_.find(id); known != by_id_.end()) return known->second;
      if (is_name(derivation_, id)) {
        if (const auto named = find_name(derivation_, id)) return directory_.node_of(*named);
      }
    }
    const auto [place, added] =
        unknown_.try_emplace(id, graph::EdgeBatch::kFirstUnknown + static_cast<NodeId>(unknown.size()));
    if (added) unknown.push_back({id});
    return place->second;
  }

  /// The object behind a node; kNoObject of one that is not there yet.
  ObjectIndex object_of(NodeId node) const {
    return node >= graph::EdgeBatch::kFirstUnknown ? snapshot::kNoObject
                                                   : derivation_.graph.nodes().object(node);
  }

  // -- edges ------------------------------------------------------------------------------------------------------

  void add(NodeId source, NodeId target, EdgeKind kind, const Evidence& evidence,
           knowledge::Caveats caveats = {}, bool traversable = true) {
    add_edge(derivation_, edges, source, target, kind, evidence, caveats, traversable);
  }

  // Whoever says of an edge that it is weak has judged it.
  void add_stated(NodeId source, NodeId target, const Parts& parts, const Evidence& evidence) {
    const knowledge::EdgeKindInfo* const info = knowledge::find_edge_kind(parts[0]);
    if (info == nullptr) return;
    const bool is_weak = parts.size() > 3 && parts[3] == collected::kWeak;
    const bool is_open =
        !is_weak && (info->kind == EdgeKind::OwnsRaw || info->kind == EdgeKind::WriteOwnerRaw);
    if (is_open) {
      owners.push_back({{.source = source, .target = target, .kind = info->kind}, evidence});
    }
    if (!is_open || derivation_.rules != Rules::Ours) {
      add(source, target, info->kind, evidence, {}, !is_weak);
    }
  }

  // Collectors seldom say it; BloodHound does not ask.
  bool is_distribution_group(NodeId group) const {
    const ObjectIndex object = object_of(group);
    return derivation_.rules == Rules::Ours && object != snapshot::kNoObject &&
           directory_.is_distribution_group(object);
  }

  bool is_protected(NodeId n) const {
    const ObjectIndex object = object_of(n);
    return object != snapshot::kNoObject && snapshot_.object(object).text(ids_.is_protected) == "TRUE";
  }

  void add_certificate_services(const Object& object, NodeId self) {
    const std::string_view domain = object.text(ids_.domain_sid);
    const NodeKind kind = derivation_.graph.nodes().kind(self);
    for_each(object, ids_.domain_sid, 1, [&](const auto&, const Evidence& evidence) {
      if (kind == NodeKind::RootCA) add(self, node(domain, "Domain"), EdgeKind::RootCAFor, evidence);
      if (kind == NodeKind::NTAuthStore)
        add(self, node(domain, "Domain"), EdgeKind::NTAuthStoreFor, evidence);
    });
    for_each(object, ids_.enrollment_agents, 3, [&](const auto& parts, const Evidence& evidence) {
      const NodeId agent = node(parts[0], parts[1]);
      if (parts[2] != "*") {
        add(agent, node(parts[2], "CertTemplate"), EdgeKind::DelegatedEnrollmentAgent, evidence);
        return;
      }
      for_each(object, ids_.enabled_templates, 1, [&](const auto& published, const Evidence&) {
        add(agent, node(published[0], "CertTemplate"), EdgeKind::DelegatedEnrollmentAgent, evidence);
      });
    });
  }

  // An owner's rights end where an entry for OWNER RIGHTS says so ([MS-DTYP] 2.5.3.2). Of such an entry the
  // collector tells what it grants, if that is of use, and else only that it is there.
  void add_rights(const Object& object, NodeId self) {
    bool any_owner_rights = object.text(ids_.any_owner_rights) == "TRUE";
    bool inherited_owner_rights = object.text(ids_.inherited_owner_rights) == "TRUE";
    bool useful_owner_rights = false;
    for_each(object, ids_.aces, 4, [&](const auto& parts, const Evidence&) {
      if (!is_owner_rights(parts[1])) return;
      any_owner_rights = useful_owner_rights = true;
      inherited_owner_rights = inherited_owner_rights || parts[3] == "inherited";
    });
    const bool is_copy = derivation_.rules == Rules::Ours &&
                         derivation_.graph.nodes().kind(self) == NodeKind::EnterpriseCA &&
                         object.text(ids_.authority_security_read) == "FALSE";
    for_each(object, ids_.aces, 4, [&](const auto& parts, const Evidence& evidence) {
      const EdgeKind* const right = knowledge::collected_right(parts[0]);
      if (right == nullptr || is_owner_rights(parts[1])) return;
      EdgeKind kind = *right;
      // In the directory, the bits of these rights mean to create and delete child objects.
      if (is_copy && (kind == EdgeKind::ManageCA || kind == EdgeKind::ManageCertificates)) return;
      if (kind == EdgeKind::OwnsRaw && any_owner_rights) {
        if (!useful_owner_rights) return;
        kind = EdgeKind::OwnsLimitedRights;
      }
      if (kind == EdgeKind::WriteOwnerRaw && inherited_owner_rights) {
        if (!useful_owner_rights) return;
        kind = EdgeKind::WriteOwnerLimitedRights;
      }
      const NodeId trustee = node(parts[1], parts[2]);
      if (kind == EdgeKind::OwnsRaw || kind == EdgeKind::WriteOwnerRaw) {
        owners.push_back({{.source = trustee, .target = self, .kind = kind}, evidence});
        if (derivation_.rules == Rules::Ours) return;
      }
      const bool is_doubtful = is_copy && kind == EdgeKind::Enroll;
      add(trustee, self, kind, evidence,
          is_doubtful ? knowledge::Caveat::AuthoritySecurityUnread : knowledge::Caveats());
    });
  }

  static bool is_owner_rights(std::string_view id) {
    return id == "S-1-3-4" || (id.size() > 8 && id.substr(id.size() - 8) == "-S-1-3-4");
  }

  void add_local_groups(const Object& object, NodeId self) {
    for_each(object, ids_.local_groups, 2, [&](const auto& parts, const Evidence& evidence) {
      const NodeId group = node(parts[0], "ADLocalGroup");
      if (!parts[1].empty()) names.push_back({group, parts[1]});
      add(group, self, EdgeKind::LocalToComputer, evidence);
    });
    for_each(object, ids_.local_group_members, 3, [&](const auto& parts, const Evidence& evidence) {
      add(node(parts[1], parts[2]), node(parts[0], "ADLocalGroup"), EdgeKind::MemberOfLocalGroup, evidence);
    });
    for_each(object, ids_.policy_members, 4, [&](const auto& parts, const Evidence& evidence) {
      const NodeId computer = node(parts[3], "Computer");
      const NodeId group =
          node(texts_.keep(std::string(parts[3]) + "-" + std::string(parts[0])), "ADLocalGroup");
      add(group, computer, EdgeKind::LocalToComputer, evidence);
      add(node(parts[1], parts[2]), group, EdgeKind::MemberOfLocalGroup, evidence);
    });
  }

  // Without the attributes of the trust itself, what the collector made of them.
  void add_trusts(const Object& object, NodeId self) {
    for_each(object, ids_.trusts, 6, [&](const auto& parts, const Evidence& evidence) {
      const NodeId partner = node(parts[0], "Domain");
      names.push_back({partner, parts[5], true});
      const bool within_forest =
          parts[2] == "ParentChild" || parts[2] == "TreeRoot" || parts[2] == "CrossLink";
      const EdgeKind kind = within_forest ? EdgeKind::SameForestTrust : EdgeKind::CrossForestTrust;
      const bool both = parts[1] == "Bidirectional";
      if (both || parts[1] == "Outbound") {
        add(self, partner, kind, evidence);
        if (!within_forest && parts[3] == "open") add(partner, self, EdgeKind::SpoofSIDHistory, evidence);
      }
      if (both || parts[1] == "Inbound") {
        add(partner, self, kind, evidence);
        if (!within_forest && parts[4] == "delegates") {
          add(partner, self, EdgeKind::AbuseTGTDelegation, evidence);
        }
      }
    });
  }

  void add_delegation(const Object& object, NodeId self) {
    // Where it is known whether the account is enabled, the pass of delegation knows these as well.
    if (derivation_.rules == Rules::Ours && object.has(directory_.attributes().user_account_control)) return;
    const std::string_view domain = object.text(ids_.domain_sid);
    if (domain.empty()) return;
    const bool is_controller = object.text(ids_.is_domain_controller) == "TRUE";
    for_each(object, ids_.is_domain_controller, 1, [&](const auto&, const Evidence& evidence) {
      if (is_controller) add(self, node(domain, "Domain"), EdgeKind::DCFor, evidence);
    });
    for_each(object, ids_.unconstrained, 1, [&](const auto&, const Evidence& evidence) {
      if (!is_controller) add(self, node(domain, "Domain"), EdgeKind::CoerceToTGT, evidence);
    });
  }

  const Derivation& derivation_;
  const DirectoryModel& directory_;
  const snapshot::Snapshot& snapshot_;
  const CollectedIds& ids_;
  const NodesById& by_id_;
  DirectoryModel::IdReader id_reader_;
  boost::unordered_flat_map<std::string_view, NodeId, SeededHash, std::equal_to<>> unknown_;
  Arena texts_;
};

class Collected {
 public:
  explicit Collected(Derivation& derivation)
      : derivation_(derivation),
        directory_(derivation.directory),
        snapshot_(directory_.snapshot()),
        ids_(snapshot_) {
    // The texts of the table stay where they are.
    const graph::NodeTable& nodes = derivation_.graph.nodes();
    for (NodeId n = 0; n < nodes.size(); ++n) {
      if (!directory_.is_called_by_sid(n)) by_id_.emplace(nodes.id(n), n);
    }
  }

  void find_stated() {
    for (ObjectIndex i = 0; i < snapshot_.object_count(); ++i) find_stated_of(snapshot_.object(i));
  }

  void run() {
    auto found = of_ranges(snapshot_.object_count(), [&](Range range) {
      auto statements = std::make_unique<Statements>(derivation_, ids_, by_id_);
      snapshot_.for_each_with(ids_.kind, range,
                              [&](const Object& object) { statements->add_relations_of(object); });
      return statements;
    });
    for (std::unique_ptr<Statements>& statements : found) {
      take(*statements);
      statements.reset();
    }
  }

 private:
  void take(Statements& statements) {
    graph::NodeTable& nodes = derivation_.graph.nodes();
    const auto set_kind = [&](NodeId node, NodeKind kind) {
      if (nodes.kind(node) == NodeKind::Base) nodes.set_kind(node, kind);
    };
    std::vector<NodeId> made;
    made.reserve(statements.unknown.size());
    for (const Statements::Unknown& one : statements.unknown) {
      made.push_back(find_or_make(one.id));
      set_kind(made.back(), one.kind);
    }
    const auto resolved = [&](NodeId node) {
      const NodeId first = graph::EdgeBatch::kFirstUnknown;
      return node >= first ? made[node - first] : node;
    };
    for (const auto& [node, kind] : statements.kinds) set_kind(node, kind);
    for (const Statements::Named& named : statements.names) {
      const NodeId node = resolved(named.node);
      if (named.is_domain && nodes.object(node) != snapshot::kNoObject) continue;
      nodes.set_name(node, named.name);
      if (named.is_domain) nodes.set_domain(node, named.name);
    }
    for (graph::PendingEdge& owner : statements.owners) {
      owner.edge.source = resolved(owner.edge.source);
      owner.edge.target = resolved(owner.edge.target);
      derivation_.collected_owners.push_back(owner);
    }
    statements.edges.resolve(made);
    derivation_.graph.take(std::move(statements.edges));
  }

  NodeId node(std::string_view id, std::string_view kind) {
    const NodeId found = find_or_make(id);
    graph::NodeTable& nodes = derivation_.graph.nodes();
    if (nodes.kind(found) == NodeKind::Base)
      nodes.set_kind(found, knowledge::find_node_kind(kind).value_or(NodeKind::Base));
    return found;
  }

  NodeId find_or_make(std::string_view id) {
    if (const auto by_sid = directory_.node_of_id(id)) return *by_sid;
    if (const auto known = by_id_.find(id); known != by_id_.end()) return known->second;
    const NodeId made = make_node(id);
    const std::string_view own = derivation_.graph.nodes().id(made);
    by_id_.emplace(own == id ? own : texts_.keep(id), made);
    return made;
  }

  NodeId make_node(std::string_view id) {
    if (is_name(derivation_, id)) {
      if (const auto named = find_name(derivation_, id)) return directory_.node_of(*named);
    }
    const auto parsed = ObjectId::parse(id);
    if (parsed && parsed->sid) {
      const auto& domains = directory_.domains();
      for (std::size_t d = 0; d < domains.size(); ++d) {
        const bool is_here = parsed->domain.empty() || domains[d].name == parsed->domain;
        if (!is_here) continue;
        const NodeId made = directory_.node_of_sid(*parsed->sid, static_cast<DomainIndex>(d));
        if (derivation_.graph.nodes().id(made) == id) return made;
      }
    }
    graph::Node made;
    made.id = made.name = id;
    if (parsed && parsed->sid) made.sid = *parsed->sid;
    if (parsed) made.domain = parsed->domain;
    return derivation_.graph.add_node(made);
  }

  // Of an edge that another field states as well, that it leads nowhere or not for all is said here only.
  void find_stated_of(const Object& object) {
    const NodeId self = directory_.node_of(object.index());
    const auto note = [&](bool outward) {
      return [this, self, outward](const auto& parts, const Evidence&) {
        const knowledge::EdgeKindInfo* const info = knowledge::find_edge_kind(parts[0]);
        if (info == nullptr) return;
        const NodeId other = node(parts[1], parts[2]);
        std::vector<NodeId> excluded;
        for (std::size_t i = 4; i < parts.size(); ++i) excluded.push_back(node(parts[i], "Base"));
        derivation_.stated.emplace(std::tuple(outward ? self : other, info->kind, outward ? other : self),
                                   Derivation::Stated{.is_weak = parts[3] == collected::kWeak,
                                                      .condition = derivation_.graph.condition(excluded)});
      };
    };
    for_each(object, ids_.edges, 4, note(true));
    for_each(object, ids_.edges_into, 4, note(false));
  }

  Derivation& derivation_;
  DirectoryModel& directory_;
  const snapshot::Snapshot& snapshot_;
  CollectedIds ids_;
  Arena texts_;
  NodesById by_id_;
};

// Whoever is only referred to is authenticated as well, if an account of a domain that is known.
void authenticate_strangers(Derivation& derivation) {
  DirectoryModel& directory = derivation.directory;
  for (NodeId n = 0; n < derivation.graph.node_count(); ++n) {
    const NodeKind kind = derivation.graph.nodes().kind(n);
    const bool is_account = kind == NodeKind::User || kind == NodeKind::Computer;
    if (!is_account || derivation.graph.nodes().object(n) != snapshot::kNoObject) continue;
    const Sid sid = derivation.graph.node(n).sid;
    if (!sid.is_domain_issued()) continue;
    for (std::size_t d = 0; d < directory.domains().size(); ++d) {
      if (directory.domains()[d].sid != sid.parent()) continue;
      const NodeId group = directory.node_of_sid(*Sid::parse(knowledge::sids::kAuthenticatedUsers),
                                                 static_cast<DomainIndex>(d));
      add_edge(derivation, n, group, EdgeKind::MemberOf,
               {.item = static_cast<std::uint32_t>(graph::Rule::AuthenticatedUsers)});
    }
  }
}

}  // namespace

void find_stated(Derivation& derivation) {
  const snapshot::Snapshot& snapshot = derivation.directory.snapshot();
  const auto is_there = [&](std::string_view name) {
    return snapshot.attribute(name) != snapshot::kNoAttribute;
  };
  if (is_there(collected::kEdges) || is_there(collected::kEdgesInto)) Collected(derivation).find_stated();
}

void add_collected(Derivation& derivation) {
  const bool is_there = derivation.directory.snapshot().attribute(collected::kKind) != snapshot::kNoAttribute;
  if (is_there) Collected(derivation).run();
  if (derivation.rules == Rules::Ours) authenticate_strangers(derivation);
}

}  // namespace tierline::derive
