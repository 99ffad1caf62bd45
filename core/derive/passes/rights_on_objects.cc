// The edges that come from the security descriptors of objects. Objects share descriptors, so each one is
// evaluated once for each class and domain it occurs with, and its grants are handed to the objects.

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <iterator>
#include <memory>

#include "core/derive/dacl.h"
#include "core/derive/owner.h"
#include "core/derive/passes/passes.h"
#include "core/derive/proof.h"
#include "core/derive/proofs_of_edges.h"
#include "core/derive/sure_token.h"
#include "core/knowledge/access_rights.h"
#include "core/knowledge/ace_rules.h"
#include "core/knowledge/user_account_control.h"
#include "core/knowledge/well_known.h"

namespace tierline::derive {
namespace {

using directory::SecurityDescriptor;
using directory::Sid;
using graph::Evidence;
using graph::NodeId;
using knowledge::AceRule;
using knowledge::Caveat;
using knowledge::Caveats;
using knowledge::EdgeKind;
using knowledge::NodeKind;
using knowledge::RightKind;
using snapshot::Object;
using snapshot::ObjectIndex;

/// What one descriptor gives one principal on every object that carries it.
struct Grant {
  NodeId source = graph::kNoNode;
  EdgeKind kind = EdgeKind::GenericAll;
  bool traversable = true;
  /// What it rests on besides `entries`: Owner, or Rule for an absent DACL; Ace for nothing.
  Evidence::Kind besides = Evidence::Kind::Ace;
  knowledge::Condition condition = knowledge::Condition::None;
  Caveats caveats = {};
  graph::ConditionId excluded = 0;
  Parts<std::uint16_t> entries = {};  ///< by place, or kNoOwnerRights
};

/// Stands among the entries of a grant for there being none for OWNER RIGHTS.
constexpr std::uint16_t kNoOwnerRights = 0xFFFF;

/// A row of the table with the GUID of its attribute, as this forest's schema has it.
struct ReadyRule {
  const AceRule* rule;
  Request request;
  std::vector<Request> also;
};

std::vector<ReadyRule> ready_rules(const Schema& schema) {
  namespace access = knowledge::access;
  std::vector<ReadyRule> rules;
  for (const AceRule& rule : knowledge::ace_rules()) {
    ReadyRule ready{&rule, {}, {}};
    if (!rule.attribute.empty()) {
      ready.request.object_type = schema.attribute(rule.attribute);
      if (!ready.request.object_type) continue;  // this forest does not have the attribute
    }
    switch (rule.right) {
      case RightKind::FullControl:
        ready.request.mask = access::kFullControl;
        break;
      case RightKind::Standard:
        ready.request.mask = rule.mask;
        break;
      case RightKind::WriteObject:
        ready.request.kind = Request::Kind::Property;
        ready.request.mask = access::kWriteProperty;
        break;
      case RightKind::WriteSet:
        ready.request = {Request::Kind::Property, access::kWriteProperty, rule.guid};
        break;
      case RightKind::WriteAttribute:
        ready.request.kind = Request::Kind::Property;
        ready.request.mask = access::kWriteProperty;
        break;
      case RightKind::ReadConfidential:
        ready.request.kind = Request::Kind::Property;
        ready.request.mask = access::kReadProperty | access::kControlAccess;
        break;
      case RightKind::ControlAccess:
        ready.request = {Request::Kind::Extended, access::kControlAccess, rule.guid};
        break;
      case RightKind::AllControlAccess:
        ready.request = {Request::Kind::Extended, access::kControlAccess, {}};
        break;
      case RightKind::ValidatedWrite:
        ready.request = {Request::Kind::Extended, access::kValidatedWrite, rule.guid};
        break;
    }
    for (const directory::Guid& right : rule.also) {
      ready.also.push_back({Request::Kind::Extended, access::kControlAccess, right});
    }
    rules.push_back(std::move(ready));
  }
  return rules;
}

class RightsOnObjects {
 public:
  RightsOnObjects(Derivation& derivation, Tokens& tokens)
      : derivation_(derivation),
        directory_(derivation.directory),
        tokens_(tokens),
        rules_(ready_rules(derivation.directory.schema())),
        known_(derivation.directory.snapshot().descriptor_count(), Known::Nothing) {}

  void run() {
    const snapshot::Snapshot& snapshot = directory_.snapshot();
    for (ObjectIndex i = 0; i < snapshot.object_count(); ++i) {
      const Object object = snapshot.object(i);
      if (object.descriptor() == snapshot::kNoDescriptor) continue;
      const NodeKind kind = derivation_.graph.nodes().kind(directory_.node_of(i));
      if (kind == NodeKind::Base || !directory_.stands_for_itself(i)) continue;
      add_rights(object, kind);
    }
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

  /// The entries of a DACL for OWNER RIGHTS, and what of the rights that they give the owner leads somewhere.
  struct OwnerRights {
    std::vector<std::uint16_t> entries;  ///< by place
    std::vector<Grant> of_use;
  };

  /// What is known of a descriptor without its grants.
  enum class Known : std::uint8_t { Nothing, Plain, DeniesSelf, Unreadable };

  void add_rights(const Object& object, NodeKind kind) {
    const NodeId node = directory_.node_of(object.index());
    Known& known = known_[object.descriptor()];
    if (known == Known::Nothing) known = look_at(object.descriptor());
    if (known == Known::Unreadable) ++unreadable_objects_;
    Key key{
        object.descriptor(),
        // SELF on a group means its members, so a list that denies them something does so for others in each group.
        // What it allows them is a right of the group on itself, and no edge.
        kind == NodeKind::Group && known == Known::DeniesSelf ? node : graph::kNoNode,
        directory_.class_of(object.index()), directory_.domain_of(object.index()), kind,
        directory_.is_forest_wide(object.index()) ? std::uint8_t{kForestWide} : std::uint8_t{0}};
    const Key of_grants = key;
    key.traits = static_cast<std::uint8_t>(key.traits | traits_of(object, node));
    const bool is_shared =
        (kind == NodeKind::User || kind == NodeKind::Computer || kind == NodeKind::Group) &&
        key.self == graph::kNoNode && derivation_.stated.empty();
    if (!is_shared) {
      for (const Grant& grant : grants_of(of_grants, object)) apply(grant, key.traits, object.index(), node);
      return;
    }
    const auto [place, added] = bundles_.try_emplace(key, graph::kNoBundle);
    if (added) {
      place->second = derivation_.graph.add_bundle();
      for (const Grant& grant : grants_of(of_grants, object)) {
        apply(grant, key.traits, Evidence::kEach, node, place->second);
      }
    }
    derivation_.graph.put(graph::BundleSort::Rights, place->second, node);
  }

  std::uint8_t traits_of(const Object& object, NodeId node) const {
    const AttributeIds& ids = directory_.attributes();
    unsigned traits = 0;
    if (derivation_.graph.nodes().is_disabled(node)) traits |= kDisabled;
    if (has_restricted_logon(object)) traits |= kRestrictedLogon;
    if (derivation_.to_be_stamped.contains(node)) traits |= kToBeStamped;
    if (object.number(ids.laps_legacy_expiry).value_or(0) > 0) traits |= kLegacyLaps;
    if (object.number(ids.laps_expiry).value_or(0) > 0) traits |= kWindowsLaps;
    return static_cast<std::uint8_t>(traits);
  }

  const std::vector<Grant>& grants_of(const Key& key, const Object& object) {
    const auto [place, added] = grants_.try_emplace(key);
    if (added) {
      const std::optional<NodeId> self = key.self == graph::kNoNode ? std::nullopt : std::optional(key.self);
      place->second = std::make_unique<std::vector<Grant>>(
          evaluate(parsed(key.descriptor), object, key.kind, key.domain, self));
    }
    return *place->second;
  }

  // A descriptor that does not parse proves nothing; its objects are counted as not looked at.
  const SecurityDescriptor& parsed(snapshot::DescriptorIndex index) {
    if (parsed_index_ == index) return parsed_;
    auto parsed = SecurityDescriptor::parse(directory_.snapshot().descriptor(index));
    parsed_ = parsed ? std::move(*parsed) : SecurityDescriptor();
    if (!parsed) parsed_.dacl.emplace();
    parsed_index_ = index;
    return parsed_;
  }

  Known look_at(snapshot::DescriptorIndex index) {
    static const Sid kSelf = *Sid::parse(knowledge::sids::kSelf);
    if (!SecurityDescriptor::parse(directory_.snapshot().descriptor(index))) return Known::Unreadable;
    const SecurityDescriptor& descriptor = parsed(index);
    if (!descriptor.dacl) return Known::Plain;
    const bool denies_self =
        std::any_of(descriptor.dacl->aces.begin(), descriptor.dacl->aces.end(),
                    [](const directory::Ace& ace) { return ace.is_deny() && ace.trustee == kSelf; });
    return denies_self ? Known::DeniesSelf : Known::Plain;
  }

  std::vector<Grant> evaluate(const SecurityDescriptor& descriptor, const Object& object, NodeKind kind,
                              DomainIndex domain, std::optional<NodeId> self) {
    const CompiledDacl dacl = compile(
        descriptor, [&](const Sid& sid) { return directory_.trustee_of(sid, object.index()); }, self);
    const ObjectTypeTree& tree = directory_.schema().tree(directory_.class_of(object.index()));
    std::vector<Grant> grants;

    if (dacl.grants_everything) {
      const NodeId everyone = directory_.node_of_sid(*Sid::parse(knowledge::sids::kEveryone), domain);
      grants.push_back({.source = everyone, .kind = EdgeKind::GenericAll, .besides = Evidence::Kind::Rule});
      return grants;
    }
    std::vector<Trustee> trustees;
    for (const CompiledAce& ace : dacl.aces) {
      const bool known = std::find(trustees.begin(), trustees.end(), ace.trustee) != trustees.end();
      if (ace.allow && !known) trustees.push_back(ace.trustee);
    }
    OwnerRights owner_rights;
    for (const auto& entry : dacl.owner_rights) owner_rights.entries.push_back(entry.place);
    if (!owner_rights.entries.empty() && descriptor.owner) {
      const NodeId owner = directory_.node_of_sid(*descriptor.owner, domain);
      std::vector<Trustee> token = token_of(owner, domain);
      token.push_back(kOwnerRightsTrustee);  // the highest number, so the list stays in order
      owner_rights.of_use = rights_of_use(token, dacl, tree, kind);
    }
    for (const Trustee trustee : trustees) {
      if (trustee == kOwnerRightsTrustee || is_system(trustee)) continue;
      const bool is_blocked = owner_is_blocked(tokens_, directory_, trustee, object.index());
      std::vector<Grant> own = grants_to(trustee, token_of(trustee, domain), dacl, tree, kind);
      if (!owner_rights.entries.empty()) {
        std::vector<Trustee> token = token_of(trustee, domain);
        token.push_back(kOwnerRightsTrustee);
        own = with_weak_write_owner(std::move(own), owner_rights,
                                    rights_of_use(token, of_new_owner(dacl), tree, kind), is_blocked);
      }
      if (is_blocked) block_write_owner(own);
      std::move(own.begin(), own.end(), std::back_inserter(grants));
    }
    if (descriptor.owner) add_owner(*descriptor.owner, object, domain, owner_rights, grants);
    return grants;
  }

  std::vector<Trustee> token_of(NodeId principal, DomainIndex domain) {
    return sure_token(tokens_, directory_, derivation_.graph.node(principal).sid, principal, domain);
  }

  bool is_system(NodeId principal) const {
    static const Sid kSystem = *Sid::parse(knowledge::sids::kSystem);
    return derivation_.graph.node(principal).sid == kSystem;
  }

  std::vector<Grant> grants_to(Trustee trustee, const std::vector<Trustee>& token, const CompiledDacl& dacl,
                               const ObjectTypeTree& tree, NodeKind kind) {
    CompiledDacl own;  // what others are allowed makes no difference
    std::copy_if(dacl.aces.begin(), dacl.aces.end(), std::back_inserter(own.aces),
                 [&](const CompiledAce& ace) { return !ace.allow || ace.trustee == trustee; });
    std::vector<Grant> grants;
    for (const ReadyRule& ready : rules_) {
      const AceRule& rule = *ready.rule;
      if (!rule.targets.contains(kind) || !may_grant(own, tree, ready.request, trustee)) continue;
      Decision decision = rule.right == RightKind::ReadConfidential
                              ? joint_access_check(dacl, tree, ready.request, trustee, token)
                              : access_check(own, tree, ready.request, trustee, token);
      for (const Request& request : ready.also) {
        if (!decision.granted) break;
        const Decision more = access_check(own, tree, request, trustee, token);
        decision.granted = more.granted;
        decision.conditional = decision.conditional || more.conditional;
        decision.excluded.insert(decision.excluded.end(), more.excluded.begin(), more.excluded.end());
        decision.proof.insert(decision.proof.end(), more.proof.begin(), more.proof.end());
      }
      if (!decision.granted) continue;
      Grant grant{.source = trustee,
                  .kind = rule.edge,
                  .traversable = knowledge::info_of(rule.edge).traversable && !rule.weak_on.contains(kind),
                  .condition = rule.condition,
                  .caveats = rule.caveats,
                  .entries = std::move(decision.proof)};
      if (!ready.also.empty()) simplify(grant.entries);
      if (decision.conditional) grant.caveats |= Caveat::ConditionalAce;
      grant.excluded = derivation_.graph.condition(std::move(decision.excluded));
      if (!is_implied(grant, rule, grants)) grants.push_back(std::move(grant));
    }
    return grants;
  }

  // A stronger edge of the same trustee says it already, if it holds in every case in which this one does, and goes with it
  // when entries go.
  static bool is_implied(const Grant& grant, const AceRule& rule, const std::vector<Grant>& stronger) {
    return std::any_of(stronger.begin(), stronger.end(), [&](const Grant& other) {
      const bool kind_implies =
          std::find(rule.implied_by.begin(), rule.implied_by.end(), other.kind) != rule.implied_by.end();
      const bool as_wide = other.excluded == 0 || other.excluded == grant.excluded;
      return kind_implies && as_wide && (other.caveats.bits() & ~grant.caveats.bits()) == 0 &&
             other.traversable >= grant.traversable && implies(grant.entries, other.entries);
    });
  }

  // What entries for OWNER RIGHTS give to somebody with such a token, as far as it leads somewhere.
  std::vector<Grant> rights_of_use(const std::vector<Trustee>& token, const CompiledDacl& dacl,
                                   const ObjectTypeTree& tree, NodeKind kind) {
    std::vector<Grant> grants = grants_to(kOwnerRightsTrustee, token, dacl, tree, kind);
    std::erase_if(grants, [](const Grant& grant) { return !grant.traversable; });
    return grants;
  }

  // The list after a change of owner: of the entries for OWNER RIGHTS, those that are inherited come back.
  static CompiledDacl of_new_owner(const CompiledDacl& dacl) {
    const auto by_place = [](const CompiledAce& a, const CompiledAce& b) { return a.place < b.place; };
    CompiledDacl changed;
    std::set_difference(dacl.aces.begin(), dacl.aces.end(), dacl.owner_rights.begin(),
                        dacl.owner_rights.end(), std::back_inserter(changed.aces), by_place);
    std::copy_if(dacl.owner_rights.begin(), dacl.owner_rights.end(), std::back_inserter(changed.aces),
                 [](const CompiledAce& ace) { return ace.inherited; });
    std::sort(changed.aces.begin(), changed.aces.end(), by_place);
    return changed;
  }

  // An entry for OWNER RIGHTS keeps a new owner from rewriting the DACL ([MS-DTYP] 2.5.3.2), who gets `rights` instead.
  std::vector<Grant> with_weak_write_owner(std::vector<Grant> grants, const OwnerRights& owner_rights,
                                           const std::vector<Grant>& rights, bool is_blocked) {
    std::vector<Grant> found;
    for (Grant& grant : grants) {
      if (grant.kind == EdgeKind::WriteOwner && !rights.empty()) {
        for (const Grant& right : rights) {
          Grant weak = grant;
          weak.kind = EdgeKind::WriteOwnerLimitedRights;
          weak.condition = right.condition;
          weak.caveats |= right.caveats;
          std::vector<NodeId> excluded = derivation_.graph.excluded(grant.excluded);
          const std::vector<NodeId>& more = derivation_.graph.excluded(right.excluded);
          excluded.insert(excluded.end(), more.begin(), more.end());
          weak.excluded = derivation_.graph.condition(std::move(excluded));
          weak.entries = with_owner_right(grant.entries, right, owner_rights, is_blocked);
          found.push_back(std::move(weak));
        }
        continue;
      }
      if (grant.kind == EdgeKind::WriteOwner) {
        grant.kind = EdgeKind::WriteOwnerRaw;
        grant.traversable = false;
      }
      found.push_back(std::move(grant));
    }
    return found;
  }

  // Entries that must be there for somebody to have a right as the owner. Without any entry for OWNER RIGHTS, the owner may
  // rewrite the DACL, unless owners are blocked.
  static Parts<std::uint16_t> with_owner_right(Parts<std::uint16_t> entries, const Grant& right,
                                               const OwnerRights& owner_rights, bool is_blocked) {
    for (std::vector<std::uint16_t> part : right.entries) {
      if (!is_blocked && contains(part, owner_rights.entries)) part.push_back(kNoOwnerRights);
      entries.push_back(std::move(part));
    }
    simplify(entries);
    return entries;
  }

  // Whoever may become the owner gains nothing where owners are blocked.
  static void block_write_owner(std::vector<Grant>& grants) {
    for (Grant& grant : grants) {
      if (grant.kind != EdgeKind::WriteOwner) continue;
      grant.kind = EdgeKind::WriteOwnerRaw;
      grant.traversable = false;
    }
  }

  void add_owner(const Sid& owner_sid, const Object& object, DomainIndex domain,
                 const OwnerRights& owner_rights, std::vector<Grant>& grants) {
    const NodeId owner = directory_.node_of_sid(owner_sid, domain);
    if (is_system(owner) || !directory_.may_be_in_token(owner, object.index())) return;
    const bool is_blocked = owner_is_blocked(tokens_, directory_, owner, object.index());
    if (owner_rights.entries.empty()) {
      grants.push_back({.source = owner,
                        .kind = is_blocked ? EdgeKind::OwnsRaw : EdgeKind::Owns,
                        .besides = Evidence::Kind::Owner});
    }
    for (const Grant& right : owner_rights.of_use) {
      Grant grant = right;
      grant.source = owner;
      grant.kind = EdgeKind::OwnsLimitedRights;
      grant.besides = Evidence::Kind::Owner;
      grant.entries = with_owner_right({}, right, owner_rights, is_blocked);
      grants.push_back(std::move(grant));
    }
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
    if (bundle == graph::kNoBundle) {
      add_joint_edge(derivation_, grant.source, target, grant.kind, proof, caveats, grant.traversable,
                     grant.excluded);
    } else {
      add_shared_joint_edge(derivation_, grant.source, bundle, grant.kind, proof, caveats, grant.traversable,
                            grant.excluded);
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
  std::vector<ReadyRule> rules_;
  std::vector<Known> known_;  ///< by descriptor
  SecurityDescriptor parsed_;
  snapshot::DescriptorIndex parsed_index_ = snapshot::kNoDescriptor;
  boost::unordered_flat_map<Key, std::unique_ptr<std::vector<Grant>>, Hash> grants_;
  boost::unordered_flat_map<Key, graph::BundleId, Hash> bundles_;
  std::uint64_t unreadable_objects_ = 0;
};

}  // namespace

void add_rights_on_objects(Derivation& derivation, Tokens& tokens) {
  RightsOnObjects(derivation, tokens).run();
}

}  // namespace tierline::derive
