// The edges that come from the security descriptors of objects. Objects share descriptors, so each one is
// evaluated once for each class and domain it occurs with, and its grants are handed to the objects.

#include <algorithm>
#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/base/hash.h"
#include "core/base/parallel.h"
#include "core/derive/descriptor_grants.h"
#include "core/derive/passes/passes.h"
#include "core/derive/proof.h"
#include "core/derive/proofs_of_edges.h"
#include "core/directory/security_descriptor.h"
#include "core/knowledge/user_account_control.h"
#include "core/knowledge/well_known.h"

namespace tierline::derive {
namespace {

using directory::SecurityDescriptor;
using directory::Sid;
using graph::Evidence;
using graph::NodeId;
using knowledge::Caveat;
using knowledge::Caveats;
using knowledge::EdgeKind;
using knowledge::NodeKind;
using snapshot::Object;
using snapshot::ObjectIndex;

class RightsOnObjects {
 public:
  RightsOnObjects(Derivation& derivation, Tokens& tokens)
      : derivation_(derivation), directory_(derivation.directory), tokens_(tokens) {}

  void run() {
    look_at_descriptors();
    find_keys();
    evaluate();
    for (const Placed& placed : placed_) add_rights(placed);
    if (unreadable_objects_ != 0) {
      derivation_.meta.coverage.push_back(
          {.area = "security descriptors",
           .missing = unreadable_objects_,
           .reason = "malformed, so nothing can be said about these objects"});
    }
  }

 private:
  /// What decides the grants of a descriptor, and of an object with them what decides its edges.
  struct Key {
    snapshot::DescriptorIndex descriptor;
    NodeId self;  ///< kNoNode where SELF means nobody else
    ClassId object_class;
    DomainIndex domain;
    NodeKind kind;
    std::uint8_t traits;  ///< Traits; of grants only kForestWide
    std::uint16_t unused = 0;

    friend bool operator==(const Key&, const Key&) = default;
  };
  static_assert(std::has_unique_object_representations_v<Key>);  // its bytes are hashed
  struct Hash {
    using is_avalanching = void;
    SeededHash hash;
    std::size_t operator()(const Key& key) const {
      return hash(ByteSpan(reinterpret_cast<const std::uint8_t*>(&key), sizeof key));
    }
  };

  /// What of an object makes a difference for its edges.
  enum Traits : unsigned {
    kForestWide = 1,
    kDisabled = 2,
    kRestrictedLogon = 4,
    kToBeStamped = 8,
    kLegacyLaps = 16,
    kWindowsLaps = 32,
  };

  /// What is known of a descriptor without its grants.
  enum class Known : std::uint8_t { Plain, DeniesSelf, Unreadable };

  /// An object whose descriptor gives edges, and its key.
  struct Placed {
    ObjectIndex object;
    std::uint32_t key;  ///< in keys_
  };
  /// What objects of one key are given.
  struct Shared {
    Key key;
    std::uint32_t grants = 0;  ///< in grants_
    graph::BundleId bundle = graph::kNoBundle;
  };

  void look_at_descriptors() {
    in_ranges(
        directory_.snapshot().descriptor_count(),
        [&](Range range) {
          std::vector<Known> known;
          for (auto d = static_cast<snapshot::DescriptorIndex>(range.first); d < range.last; ++d)
            known.push_back(look_at(d));
          return known;
        },
        [&](const std::vector<Known>& known) { known_.insert(known_.end(), known.begin(), known.end()); });
  }

  // A descriptor that does not parse proves nothing; its objects are counted as not looked at.
  Known look_at(snapshot::DescriptorIndex index) const {
    static const Sid kSelf = *Sid::parse(knowledge::sids::kSelf);
    const auto descriptor = SecurityDescriptor::parse(directory_.snapshot().descriptor(index));
    if (!descriptor) return Known::Unreadable;
    if (!descriptor->dacl) return Known::Plain;
    const bool denies_self =
        std::any_of(descriptor->dacl->aces.begin(), descriptor->dacl->aces.end(),
                    [](const directory::Ace& ace) { return ace.is_deny() && ace.trustee == kSelf; });
    return denies_self ? Known::DeniesSelf : Known::Plain;
  }

  // The keys of all objects, each new one numbered and with the first object that has it.
  void find_keys() {
    using Keys = std::vector<std::pair<ObjectIndex, Key>>;
    boost::unordered_flat_map<Key, std::uint32_t, Hash> number_of;
    boost::unordered_flat_map<Key, std::uint32_t, Hash> grants_of;
    in_ranges(
        directory_.snapshot().object_count(),
        [&](Range range) {
          Keys keys;
          for (auto i = static_cast<ObjectIndex>(range.first); i < range.last; ++i) {
            if (const auto key = key_of(i)) keys.emplace_back(i, *key);
          }
          return keys;
        },
        [&](const Keys& keys) {
          for (const auto& [object, key] : keys) {
            if (known_[key.descriptor] == Known::Unreadable) ++unreadable_objects_;
            const auto [place, added] = number_of.try_emplace(key, static_cast<std::uint32_t>(keys_.size()));
            placed_.push_back({object, place->second});
            if (!added) continue;
            Key of_grants = key;
            of_grants.traits = key.traits & kForestWide;
            const auto [grants, are_new] =
                grants_of.try_emplace(of_grants, static_cast<std::uint32_t>(first_.size()));
            if (are_new) first_.push_back({object, of_grants});
            keys_.push_back({key, grants->second});
          }
        });
  }

  std::optional<Key> key_of(ObjectIndex index) const {
    const Object object = directory_.snapshot().object(index);
    if (object.descriptor() == snapshot::kNoDescriptor) return std::nullopt;
    const NodeId node = directory_.node_of(index);
    const NodeKind kind = derivation_.graph.nodes().kind(node);
    if (kind == NodeKind::Base || !directory_.stands_for_itself(index)) return std::nullopt;
    // SELF on a group means its members, so a list that denies them something does so for others in each group. What it
    // allows them is a right of the group on itself, and no edge.
    const bool means_group = kind == NodeKind::Group && known_[object.descriptor()] == Known::DeniesSelf;
    return Key{object.descriptor(),
               means_group ? node : graph::kNoNode,
               directory_.class_of(index),
               directory_.domain_of(index),
               kind,
               traits_of(object, node)};
  }

  // By several threads, but for descriptors with SIDs that have no node yet.
  void evaluate() {
    grants_.resize(first_.size());
    const std::size_t workers = workers_for(placed_.size());
    std::atomic<std::size_t> next = 0;
    in_parallel(workers, workers, [&](std::size_t) {
      Tokens tokens(tokens_.memberships());
      DescriptorGrants evaluation(directory_, derivation_.graph.nodes(), tokens);
      for (std::size_t i = next++; i < first_.size(); i = next++)
        grants_[i] = grants_of(first_[i], evaluation);
    });
    DescriptorGrants evaluation(directory_, derivation_.graph.nodes(), tokens_);
    for (std::size_t i = 0; i < first_.size(); ++i) {
      while (!grants_[i]) {
        grants_[i] = grants_of(first_[i], evaluation);
        if (grants_[i]) break;
        for (const Sid& sid : evaluation.missing())
          directory_.node_of_sid(sid, directory_.domain_of(first_[i].object));
      }
    }
  }

  /// The first object with a descriptor that is evaluated alike.
  struct First {
    ObjectIndex object;
    Key key;
  };
  std::optional<std::vector<Grant>> grants_of(const First& first, DescriptorGrants& evaluation) const {
    const std::optional<NodeId> self =
        first.key.self == graph::kNoNode ? std::nullopt : std::optional(first.key.self);
    return evaluation.of(directory_.snapshot().object(first.object), first.key.kind, self);
  }

  void add_rights(const Placed& placed) {
    Shared& shared = keys_[placed.key];
    const NodeId node = directory_.node_of(placed.object);
    const NodeKind kind = shared.key.kind;
    const bool is_shared =
        (kind == NodeKind::User || kind == NodeKind::Computer || kind == NodeKind::Group) &&
        shared.key.self == graph::kNoNode && derivation_.stated.empty();
    if (!is_shared) {
      for (const Grant& grant : *grants_[shared.grants]) apply(grant, shared.key.traits, placed.object, node);
      return;
    }
    if (shared.bundle == graph::kNoBundle) {
      shared.bundle = derivation_.graph.add_bundle();
      for (const Grant& grant : *grants_[shared.grants])
        apply(grant, shared.key.traits, Evidence::kEach, node, shared.bundle);
    }
    derivation_.graph.put(graph::BundleSort::Rights, shared.bundle, node);
  }

  std::uint8_t traits_of(const Object& object, NodeId node) const {
    const AttributeIds& ids = directory_.attributes();
    unsigned traits = directory_.is_forest_wide(object.index()) ? kForestWide : 0U;
    if (derivation_.graph.nodes().is_disabled(node)) traits |= kDisabled;
    if (has_restricted_logon(object)) traits |= kRestrictedLogon;
    if (derivation_.to_be_stamped.contains(node)) traits |= kToBeStamped;
    if (object.number(ids.laps_legacy_expiry).value_or(0) > 0) traits |= kLegacyLaps;
    if (object.number(ids.laps_expiry).value_or(0) > 0) traits |= kWindowsLaps;
    return static_cast<std::uint8_t>(traits);
  }

  bool holds(knowledge::Condition condition, std::uint8_t traits) const {
    switch (condition) {
      case knowledge::Condition::None:
        return true;
      case knowledge::Condition::HasLegacyLaps:
        return (traits & kLegacyLaps) != 0;
      case knowledge::Condition::HasWindowsLaps:
        return (traits & kWindowsLaps) != 0;
      case knowledge::Condition::HasPki:
        return directory_.has_kind(NodeKind::EnterpriseCA);
    }
    return false;
  }

  // [MS-KILE] 3.3.5.7.3 and [MS-ADTS] 2.2.16. Where it may log on from is not looked at.
  bool has_restricted_logon(const Object& object) const {
    const AttributeIds& ids = directory_.attributes();
    return (directory_.account_control(object.index()) & knowledge::uac::kSmartcardRequired) != 0 ||
           object.has(ids.user_workstations) || object.has(ids.assigned_policy) ||
           object.has(ids.assigned_silo);
  }

  // Edges of a grant to one object, or to all of a bundle.
  void apply(const Grant& grant, std::uint8_t traits, ObjectIndex object, NodeId target,
             graph::BundleId bundle = graph::kNoBundle) {
    if (!holds(grant.condition, traits)) return;
    Caveats caveats = grant.caveats;
    const bool enables_too = grant.kind == EdgeKind::GenericAll || grant.kind == EdgeKind::GenericWrite ||
                             grant.kind == EdgeKind::WriteDacl || grant.kind == EdgeKind::WriteOwner ||
                             grant.kind == EdgeKind::Owns || grant.kind == EdgeKind::WriteAccountRestrictions;
    if ((traits & kDisabled) != 0 && !enables_too) caveats |= Caveat::TargetDisabled;
    if ((traits & kRestrictedLogon) != 0 && !enables_too) caveats |= Caveat::LogonRestricted;
    if ((traits & kToBeStamped) != 0) caveats |= Caveat::ToBeStamped;
    const Parts<Evidence> proof = proof_of(grant, object);
    const graph::ConditionId condition = derivation_.graph.condition(grant.excluded);
    if (bundle == graph::kNoBundle) {
      add_joint_edge(derivation_, grant.source, target, grant.kind, proof, caveats, grant.traversable,
                     condition);
    } else {
      add_shared_joint_edge(derivation_, grant.source, bundle, grant.kind, proof, caveats, grant.traversable,
                            condition);
    }
  }

  static Parts<Evidence> proof_of(const Grant& grant, ObjectIndex object) {
    const auto by_rule = [](graph::Rule rule) {
      return Evidence{.kind = Evidence::Kind::Rule, .item = static_cast<std::uint32_t>(rule)};
    };
    Parts<Evidence> proof = of_entries(grant.entries, object);
    for (std::vector<Evidence>& part : proof) {
      if (part.back().item == kNoOwnerRights) part.back() = by_rule(graph::Rule::NoOwnerRights);
    }
    if (grant.besides == Evidence::Kind::Owner)
      proof.push_back({{.kind = Evidence::Kind::Owner, .object = object}});
    if (grant.besides == Evidence::Kind::Rule) proof.push_back({by_rule(graph::Rule::AbsentDacl)});
    return proof;
  }

  Derivation& derivation_;
  DirectoryModel& directory_;
  Tokens& tokens_;
  std::vector<Known> known_;  ///< by descriptor
  std::vector<Shared> keys_;
  std::vector<First> first_;                               ///< by grants
  std::vector<std::optional<std::vector<Grant>>> grants_;  ///< absent while SIDs have no node
  std::vector<Placed> placed_;
  std::uint64_t unreadable_objects_ = 0;
};

}  // namespace

void add_rights_on_objects(Derivation& derivation, Tokens& tokens) {
  RightsOnObjects(derivation, tokens).run();
}

}  // namespace tierline::derive
