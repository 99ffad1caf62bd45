#pragma once

// The snapshot as a directory: which object is of which class, kind and domain, and which SID or DN is
// which node. The first step of derivation; passes ask it and never parse attributes of identity again.

#include <boost/unordered/unordered_flat_map.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/base/parallel.h"
#include "core/derive/attribute_ids.h"
#include "core/derive/dn_index.h"
#include "core/derive/schema.h"
#include "core/directory/sid.h"
#include "core/graph/graph_builder.h"
#include "core/knowledge/class_kinds.h"
#include "core/knowledge/trusts.h"
#include "core/snapshot/snapshot.h"

namespace tierline::derive {

using DomainIndex = std::uint16_t;

struct Domain {
  directory::Sid sid;
  std::string name;                                  ///< DNS name in upper case
  snapshot::ObjectIndex head = snapshot::kNoObject;  ///< its domainDNS object
};

/// A trustedDomain object: how the domain that holds it and its partner trust each other.
struct Trust {
  snapshot::ObjectIndex object = snapshot::kNoObject;
  DomainIndex domain = 0;              ///< the one that holds the object
  std::optional<DomainIndex> partner;  ///< absent when the snapshot does not hold the partner
  std::string partner_name;            ///< DNS name in upper case
  directory::Sid partner_sid;          ///< empty (count 0) for a realm without SIDs
  std::string partner_flat_name;
  knowledge::TrustDirection direction = knowledge::TrustDirection::Disabled;
  std::uint32_t attributes = 0;  ///< knowledge::trust_attribute

  bool is_inbound() const { return knowledge::is_inbound(direction); }    ///< the partner trusts the domain
  bool is_outbound() const { return knowledge::is_outbound(direction); }  ///< the domain trusts the partner
};

class DirectoryModel {
 public:
  /// Creates a node for every object. Foreign security principals and the object whose SID they carry, or
  /// several stand-ins of one SID, share a node.
  DirectoryModel(const snapshot::Snapshot& snapshot, graph::GraphBuilder& builder);

  const snapshot::Snapshot& snapshot() const { return snapshot_; }
  const AttributeIds& attributes() const { return attributes_; }
  const Schema& schema() const { return schema_; }
  const std::vector<Domain>& domains() const { return domains_; }

  const std::vector<Trust>& trusts() const { return trusts_; }
  /// Whether the domains belong to one forest, as far as their trusts say.
  bool in_one_forest(DomainIndex a, DomainIndex b) const { return forest_of_[a] == forest_of_[b]; }

  graph::NodeId node_of(snapshot::ObjectIndex object) const { return nodes_[object]; }
  /// Its userAccountControl, [MS-ADTS] 2.2.16; 0 when it has none.
  std::uint32_t account_control(snapshot::ObjectIndex object) const { return facts_[object].account_control; }
  /// The RID of its primary group, 0 when it has none.
  std::uint32_t primary_group(snapshot::ObjectIndex object) const { return facts_[object].primary_group; }
  /// Whether it says of itself to be a group that no token holds ([MS-ADTS] 6.4).
  bool is_distribution_group(snapshot::ObjectIndex object) const;
  ClassId class_of(snapshot::ObjectIndex object) const { return class_set(object).id; }
  /// Whether the object states the class, which it does for superclasses too; needs no schema.
  bool is_of_class(snapshot::ObjectIndex object, std::string_view name) const;
  /// The domain whose naming context, or whose forest's configuration, holds the object.
  DomainIndex domain_of(snapshot::ObjectIndex object) const { return domain_of_[object]; }
  /// Whether the object heads a naming context, and so inherits nothing from above.
  bool is_naming_context(snapshot::ObjectIndex object) const { return facts_[object].heads_naming_context; }

  /// Whether every domain controller of the forest holds the object, as it is in the configuration or schema.
  bool is_forest_wide(snapshot::ObjectIndex object) const { return forest_wide_[object]; }

  /// False for a group that no token holds which the check of `object` sees: a distribution group, or one that
  /// is local to another domain than the object's ([MS-ADTS] 6.4, [MS-PAC] 4.1.2.2).
  bool may_be_in_token(graph::NodeId principal, snapshot::ObjectIndex object) const;
  /// The node of a SID in the descriptor of `object`; absent when it is such a group's.
  std::optional<graph::NodeId> trustee_of(const directory::Sid& sid, snapshot::ObjectIndex object);

  /// False for a stand-in of a principal that is no object of this tree: whoever may write the stand-in has no power
  /// over the principal, whose tokens do not come from it.
  bool stands_for_itself(snapshot::ObjectIndex object) const {
    return builder_.nodes().object(nodes_[object]) == object;
  }

  /// The node of a SID as it is meant in `domain`; made when nothing has it yet.
  graph::NodeId node_of_sid(const directory::Sid& sid, DomainIndex domain);
  /// The same, without making one.
  std::optional<graph::NodeId> find_sid(const directory::Sid& sid, DomainIndex domain) const;

  /// Reads identifiers that are texts of SIDs which a domain issued. One for each thread, as it remembers issuers.
  class IdReader {
   public:
    explicit IdReader(const DirectoryModel& directory) : directory_(directory) {}

    /// The node with this identifier, kNoNode when there is none. Absent for any other text, and where objects with SIDs are
    /// called otherwise.
    std::optional<graph::NodeId> find(std::string_view id);

   private:
    friend class DirectoryModel;
    static constexpr std::uint32_t kNotMet = 0xFFFFFFFF;
    struct Issuer {
      std::string text;
      directory::Sid sid;
      std::uint32_t index = kNotMet;  ///< in the table of nodes
    };
    struct Issued {
      Issuer* issuer = nullptr;
      std::uint32_t rid = 0;
    };
    std::optional<Issued> read(std::string_view id);
    Issuer* issuer_of(std::string_view text);

    const DirectoryModel& directory_;
    std::vector<Issuer> issuers_;  ///< domains, and last of the last other
  };
  /// The same, made when nothing has it yet.
  std::optional<graph::NodeId> node_of_id(std::string_view id);
  /// Whether the node's identifier is one that IdReader finds.
  bool is_called_by_sid(graph::NodeId node) const;

  /// The object with this DN, compared without case.
  std::optional<snapshot::ObjectIndex> find_dn(std::string_view dn) const { return by_dn_.find(dn); }

  /// The forest's dSHeuristics, [MS-ADTS] 6.1.1.2.4.1.2; empty when unset or unread.
  const std::string& ds_heuristics() const { return ds_heuristics_; }
  bool has_kind(knowledge::NodeKind kind) const { return kinds_seen_.contains(kind); }

 private:
  /// What follows from the values of objectClass: objects have few different lists of them.
  struct ClassSet {
    std::vector<std::string> names;
    ClassId id = kNoClass;
    bool is_domain_head = false;  ///< domainDNS: a domain, or an application partition
    bool is_configuration = false;
    bool is_schema = false;
    bool is_stand_in = false;  ///< foreignSecurityPrincipal
    bool is_trust = false;
    std::vector<const knowledge::ClassKind*> kinds;  ///< rows of the table that may fit

    bool has(std::string_view name) const;
  };
  /// What many ask of every object, read once: in the snapshot it stands far apart from object to object.
  struct Facts {
    std::uint32_t class_set = 0;
    std::uint32_t account_control = 0;
    std::uint32_t primary_group = 0;
    std::uint32_t group_type = 0;  ///< [MS-ADTS] 2.2.12
    bool states_group_type = false;
    bool states_control = false;
    bool heads_naming_context = false;
    bool is_domain_component = false;  ///< by its own name
  };
  /// A SID, and for one that exists in every domain also the domain.
  struct SidKey {
    std::uint32_t issuer;
    std::uint32_t rid;
    std::uint32_t domain;
    friend bool operator==(const SidKey&, const SidKey&) = default;
  };
  class SidReader;
  struct Hash {
    using is_avalanching = void;
    SeededHash hash;
    std::size_t operator()(const SidKey& key) const {
      return hash(ByteSpan(reinterpret_cast<const std::uint8_t*>(&key), sizeof key));
    }
  };

  const ClassSet& class_set(snapshot::ObjectIndex object) const {
    return class_sets_[facts_[object].class_set];
  }
  graph::NodeId make_node_of_sid(const directory::Sid& sid, const SidKey& key);
  DomainIndex home_of(const directory::Sid& sid, DomainIndex domain) const;
  SidKey key_of(std::uint32_t issuer, const directory::Sid& sid, DomainIndex domain) const;
  void read_facts();
  struct ReadFacts;
  ReadFacts read_facts(Range objects) const;
  Facts facts_of(const snapshot::Object& object, const ClassSet& classes) const;
  ClassSet describe_classes(const snapshot::Values& names) const;
  void find_domains();
  void read_trusts();
  void place_objects_in_domains();
  void place_by_name(snapshot::ObjectIndex object);
  void make_nodes();
  void make_containers();
  struct MadeNodes;
  MadeNodes make_nodes(Range objects) const;
  void make_node(const snapshot::Object& object, MadeNodes& made, SidReader& sids) const;
  void take(const MadeNodes& made);
  knowledge::NodeKind kind_of(const snapshot::Object& object) const;
  std::string id_of(const directory::Sid& sid, DomainIndex domain) const;

  const snapshot::Snapshot& snapshot_;
  graph::GraphBuilder& builder_;
  AttributeIds attributes_;
  Schema schema_;
  std::vector<ClassSet> class_sets_;
  std::vector<Facts> facts_;  ///< by object
  std::vector<Domain> domains_;
  std::optional<DomainIndex> root_domain_;  ///< absent without a configuration naming context
  std::vector<Trust> trusts_;
  std::vector<DomainIndex> forest_of_;       ///< the first domain of each domain's forest
  std::vector<std::string> configurations_;  ///< their DNs, folded
  std::vector<bool> forest_wide_;
  std::vector<DomainIndex> domain_of_;
  std::vector<graph::NodeId> nodes_;
  boost::unordered_flat_map<SidKey, graph::NodeId, Hash> by_sid_;
  bool are_ids_sids_ = true;  ///< of all nodes that have one
  IdReader id_reader_{*this};
  DnIndex by_dn_;
  std::string ds_heuristics_;
  knowledge::NodeKinds kinds_seen_;
};

/// The SID stored in an attribute value; absent when it is malformed.
std::optional<directory::Sid> sid_of(const snapshot::Object& object, snapshot::AttributeId attribute);

}  // namespace tierline::derive
