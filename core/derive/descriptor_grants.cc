#include "core/derive/descriptor_grants.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/derive/dacl.h"
#include "core/derive/owner.h"
#include "core/derive/sure_token.h"
#include "core/directory/security_descriptor.h"
#include "core/knowledge/access_rights.h"
#include "core/knowledge/well_known.h"

namespace tierline::derive {
namespace {

using directory::SecurityDescriptor;
using directory::Sid;
using graph::Evidence;
using graph::NodeId;
using knowledge::AceRule;
using knowledge::Caveat;
using knowledge::EdgeKind;
using knowledge::NodeKind;
using knowledge::RightKind;
using snapshot::Object;

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

std::vector<NodeId> in_order(std::vector<NodeId> nodes) {
  std::sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  return nodes;
}

Sid everyone() { return *Sid::parse(knowledge::sids::kEveryone); }

/// The entries of a DACL for OWNER RIGHTS, and what of the rights that they give the owner leads somewhere.
struct OwnerRights {
  std::vector<std::uint16_t> entries;  ///< by place
  std::vector<Grant> of_use;
};

}  // namespace

class DescriptorGrants::Evaluation {
 public:
  Evaluation(const DirectoryModel& directory, const graph::NodeTable& nodes, Tokens& tokens)
      : directory_(directory), nodes_(nodes), tokens_(tokens), rules_(ready_rules(directory.schema())) {}

  // A descriptor that does not parse proves nothing.
  std::optional<std::vector<Grant>> of(const Object& object, NodeKind kind, std::optional<NodeId> self) {
    missing_.clear();
    const auto descriptor = SecurityDescriptor::parse(directory_.snapshot().descriptor(object.descriptor()));
    if (!descriptor) return std::vector<Grant>();
    std::vector<Grant> grants = evaluate(*descriptor, object, kind, self);
    return missing_.empty() ? std::optional(std::move(grants)) : std::nullopt;
  }

  const std::vector<Sid>& missing() const { return missing_; }

 private:
  NodeId find(const Sid& sid, DomainIndex domain) {
    const auto found = directory_.find_sid(sid, domain);
    if (!found) missing_.push_back(sid);
    return found.value_or(graph::kNoNode);
  }

  std::vector<Grant> evaluate(const SecurityDescriptor& descriptor, const Object& object, NodeKind kind,
                              std::optional<NodeId> self) {
    const DomainIndex domain = directory_.domain_of(object.index());
    const CompiledDacl dacl = compile(
        descriptor,
        [&](const Sid& sid) -> std::optional<Trustee> {
          const NodeId node = find(sid, domain);
          if (node == graph::kNoNode || !directory_.may_be_in_token(node, object.index()))
            return std::nullopt;
          return node;
        },
        self);
    if (descriptor.owner) find(*descriptor.owner, domain);
    if (dacl.grants_everything) find(everyone(), domain);
    if (!missing_.empty()) return {};
    const ObjectTypeTree& tree = directory_.schema().tree(directory_.class_of(object.index()));
    std::vector<Grant> grants;

    if (dacl.grants_everything) {
      grants.push_back({.source = find(everyone(), domain),
                        .kind = EdgeKind::GenericAll,
                        .besides = Evidence::Kind::Rule});
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
      const NodeId owner = find(*descriptor.owner, domain);
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
    return sure_token(tokens_, directory_, nodes_[principal].sid, principal, domain);
  }

  bool is_system(NodeId principal) const {
    static const Sid kSystem = *Sid::parse(knowledge::sids::kSystem);
    return nodes_[principal].sid == kSystem;
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
      grant.excluded = in_order(std::move(decision.excluded));
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
      const bool as_wide = other.excluded.empty() || other.excluded == grant.excluded;
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
          weak.excluded.insert(weak.excluded.end(), right.excluded.begin(), right.excluded.end());
          weak.excluded = in_order(std::move(weak.excluded));
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
    const NodeId owner = find(owner_sid, domain);
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

  const DirectoryModel& directory_;
  const graph::NodeTable& nodes_;
  Tokens& tokens_;
  std::vector<ReadyRule> rules_;
  std::vector<Sid> missing_;
};

DescriptorGrants::DescriptorGrants(const DirectoryModel& directory, const graph::NodeTable& nodes,
                                   Tokens& tokens)
    : evaluation_(std::make_unique<Evaluation>(directory, nodes, tokens)) {}

DescriptorGrants::~DescriptorGrants() = default;

std::optional<std::vector<Grant>> DescriptorGrants::of(const Object& object, NodeKind kind,
                                                       std::optional<NodeId> self) {
  return evaluation_->of(object, kind, self);
}

const std::vector<Sid>& DescriptorGrants::missing() const { return evaluation_->missing(); }

}  // namespace tierline::derive
