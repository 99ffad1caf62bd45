#include "core/derive/effective_rights.h"

#include <algorithm>
#include <map>
#include <set>

#include "core/derive/dacl.h"
#include "core/derive/owner.h"
#include "core/derive/passes/passes.h"
#include "core/derive/sure_token.h"
#include "core/directory/security_descriptor.h"
#include "core/knowledge/access_rights.h"
#include "core/knowledge/well_known.h"

namespace tierline::derive {
namespace {

using directory::Guid;
using directory::SecurityDescriptor;
using directory::Sid;
using graph::NodeId;
using snapshot::Object;
using snapshot::ObjectIndex;
namespace access = knowledge::access;

// Rights that concern the object as a whole ([MS-ADTS] 5.1.3.2).
constexpr std::uint32_t kObjectRights[] = {access::kReadControl, access::kWriteDacl,  access::kWriteOwner,
                                           access::kDelete,      access::kDeleteTree, access::kListContents,
                                           access::kListObject};

// Rights that may be given for one class of children alone.
constexpr std::uint32_t kChildRights[] = {access::kDeleteChild, access::kCreateChild};

// Rights that may be given for a property set or an attribute alone.
constexpr std::uint32_t kPropertyRights[] = {access::kReadProperty, access::kWriteProperty};

bool is_distribution_group(const DirectoryModel& directory, const graph::Node& node) {
  return node.kind == knowledge::NodeKind::Group && node.object != snapshot::kNoObject &&
         directory.is_distribution_group(node.object);
}

/// The distribution groups that the holder of `token` is in, and the groups above those that it is in by no other
/// way, each with the distribution group that is the reason.
std::map<Trustee, Trustee> groups_beyond_token(const DirectoryModel& directory,
                                               const graph::GraphBuilder& builder,
                                               const std::vector<Trustee>& token) {
  std::multimap<NodeId, NodeId> groups;
  for (const auto& pending : builder.pending(knowledge::EdgeKind::MemberOf)) {
    groups.emplace(pending.edge.source, pending.edge.target);
  }
  std::map<Trustee, Trustee> beyond;
  std::vector<Trustee> todo(token.begin(), token.end());
  for (const Trustee trustee : token) {
    if (trustee != kOwnerRightsTrustee && is_distribution_group(directory, builder.node(trustee)))
      beyond.emplace(trustee, trustee);
  }
  for (std::size_t next = 0; next < todo.size(); ++next) {
    const auto [first, last] = groups.equal_range(todo[next]);
    for (auto place = first; place != last; ++place) {
      const Trustee group = place->second;
      if (std::binary_search(token.begin(), token.end(), group)) continue;
      const auto below = beyond.find(todo[next]);
      const Trustee reason = below == beyond.end() ? group : below->second;
      if (below == beyond.end() && !is_distribution_group(directory, builder.node(group))) continue;
      if (beyond.emplace(group, reason).second) todo.push_back(group);
    }
  }
  return beyond;
}

bool has_conditional_denial(const SecurityDescriptor& descriptor) {
  return descriptor.dacl &&
         std::any_of(descriptor.dacl->aces.begin(), descriptor.dacl->aces.end(),
                     [](const auto& ace) { return ace.is_deny() && ace.is_conditional(); });
}

// The list as it would read if the condition of every deny entry held.
SecurityDescriptor with_conditions_of_denials(SecurityDescriptor descriptor) {
  for (directory::Ace& ace : descriptor.dacl->aces) {
    if (!ace.is_deny() || !ace.is_conditional()) continue;
    ace.type = directory::shape_of(ace.type) == directory::AceShape::Object ? directory::AceType::DenyObject
                                                                            : directory::AceType::Deny;
  }
  return descriptor;
}

}  // namespace

struct EffectiveRights::State {
  explicit State(const snapshot::Snapshot& from)
      : snapshot(from),
        directory(from, builder),
        derivation{directory, builder, from.meta()},
        types(from, directory.schema()) {
    add_memberships(derivation);
    tokens = std::make_unique<Tokens>(builder);
  }

  Result<SecurityDescriptor> descriptor_of(ObjectIndex object) const;
  NodeId node_of(const graph::Node& principal, ObjectIndex object);
  CompiledDacl compiled(const SecurityDescriptor& descriptor, ObjectIndex object);
  Result<AccessQuestion> ask(NodeId principal, ObjectIndex object);

  const snapshot::Snapshot& snapshot;
  graph::GraphBuilder builder;
  DirectoryModel directory;
  Derivation derivation;
  std::unique_ptr<Tokens> tokens;
  ObjectTypes types;
};

Result<SecurityDescriptor> EffectiveRights::State::descriptor_of(ObjectIndex index) const {
  const Object object = snapshot.object(index);
  if (object.descriptor() == snapshot::kNoDescriptor) {
    return Error{ErrorCode::Incomplete,
                 "the security descriptor could not be read, so the rights are unknown",
                 std::string(object.dn())};
  }
  Result<SecurityDescriptor> parsed = SecurityDescriptor::parse(snapshot.descriptor(object.descriptor()));
  if (!parsed) return std::move(parsed).error().in(object.dn());
  return parsed;
}

// A principal that only entries and tokens name has no object, but a SID and a domain in which it is meant.
NodeId EffectiveRights::State::node_of(const graph::Node& principal, ObjectIndex object) {
  if (principal.object != snapshot::kNoObject) return directory.node_of(principal.object);
  DomainIndex domain = directory.domain_of(object);
  for (std::size_t i = 0; i < directory.domains().size(); ++i) {
    if (directory.domains()[i].name == principal.domain) domain = static_cast<DomainIndex>(i);
  }
  return directory.node_of_sid(principal.sid, domain);
}

CompiledDacl EffectiveRights::State::compiled(const SecurityDescriptor& descriptor, ObjectIndex object) {
  return compile(
      descriptor, [&](const Sid& sid) { return directory.trustee_of(sid, object); },
      directory.node_of(object));
}

Result<AccessQuestion> EffectiveRights::State::ask(NodeId principal, ObjectIndex object) {
  Result<SecurityDescriptor> descriptor = descriptor_of(object);
  if (!descriptor) return std::move(descriptor).error();
  AccessQuestion question;
  question.descriptor = std::move(*descriptor);
  question.dacl = compiled(question.descriptor, object);
  question.tree = &directory.schema().tree(directory.class_of(object));
  question.node_of = [this, domain = directory.domain_of(object)](const Sid& sid) {
    return directory.node_of_sid(sid, domain);
  };
  question.counts = [this, object](Trustee trustee) { return directory.may_be_in_token(trustee, object); };
  question.principal = principal;
  question.object = directory.node_of(object);
  // A group stands for any member of it, and every member is somebody at least.
  const graph::Node& node = builder.node(principal);
  question.token = node.kind == knowledge::NodeKind::Group
                       ? sure_token(*tokens, directory, node.sid, principal, directory.domain_of(object))
                       : tokens->of(principal);
  const std::optional<Sid>& owner = question.descriptor.owner;
  question.owns =
      owner && std::binary_search(question.token.begin(), question.token.end(), question.node_of(*owner));
  question.is_blocked = owner && owner_is_blocked(*tokens, directory, question.node_of(*owner), object);
  question.owner_rights = !question.dacl.owner_rights.empty();
  // The highest number, so the token stays in order.
  if (question.owns && question.owner_rights) question.token.push_back(kOwnerRightsTrustee);
  return question;
}

EffectiveRights::EffectiveRights(const snapshot::Snapshot& snapshot)
    : state_(std::make_unique<State>(snapshot)) {}
EffectiveRights::~EffectiveRights() = default;
EffectiveRights::EffectiveRights(EffectiveRights&&) noexcept = default;
EffectiveRights& EffectiveRights::operator=(EffectiveRights&&) noexcept = default;

Result<std::vector<EffectiveRight>> EffectiveRights::of(const graph::Node& principal, ObjectIndex object) {
  const Result<AccessQuestion> question = state_->ask(state_->node_of(principal, object), object);
  if (!question) return question.error();
  const CompiledDacl& dacl = question->dacl;
  const std::vector<Trustee>& token = question->token;
  const ObjectTypeTree& tree = *question->tree;
  std::optional<CompiledDacl> strict;
  if (has_conditional_denial(question->descriptor))
    strict = state_->compiled(with_conditions_of_denials(question->descriptor), object);
  std::vector<EffectiveRight> rights;
  const auto add = [&](const Request& request) {
    const Decision decision = access_check(dacl, tree, request, token);
    if (!decision.granted) return false;
    EffectiveRight right{.right = std::string(right_name(request.mask)),
                         .object_type = request.object_type,
                         .aces = decision.aces};
    if (request.object_type) right.object_type_name = state_->types.name_of(*request.object_type);
    right.conditional = decision.conditional;
    if (strict && !access_check(*strict, tree, request, token).granted)
      right.unless = denial_of(*strict, tree, request, token);
    rights.push_back(std::move(right));
    return true;
  };
  for (const std::uint32_t bit : kObjectRights) {
    const bool implied = question->owns && !question->owner_rights && !question->is_blocked &&
                         (bit == access::kReadControl || bit == access::kWriteDacl);
    if (implied) {
      rights.push_back({.right = std::string(right_name(bit)), .by_ownership = true});
    } else {
      add({Request::Kind::Bits, bit, {}});
    }
  }
  for (const std::uint32_t bit : kChildRights) {
    if (add({Request::Kind::Extended, bit, {}})) continue;
    std::set<Guid> classes;
    for (const CompiledAce& ace : dacl.aces) {
      const bool of_class =
          ace.object_type && !state_->directory.schema().class_name(*ace.object_type).empty();
      if (of_class && classes.insert(*ace.object_type).second)
        add({Request::Kind::Extended, bit, ace.object_type});
    }
  }
  for (const std::uint32_t bit : kPropertyRights) {
    if (add({Request::Kind::Property, bit, {}})) continue;
    for (const ObjectTypeTree::NodeIndex node : tree.children(ObjectTypeTree::kRoot)) {
      if (add({Request::Kind::Property, bit, tree.guid(node)})) continue;
      for (const ObjectTypeTree::NodeIndex attribute : tree.children(node)) {
        add({Request::Kind::Property, bit, tree.guid(attribute)});
      }
    }
  }
  const ClassId object_class = state_->directory.class_of(object);
  for (const ExtendedRight& right : state_->types.extended_rights()) {
    if (state_->types.applies(right, object_class)) add({Request::Kind::Extended, right.bit, right.guid});
  }
  return rights;
}

Result<std::vector<LookAlike>> EffectiveRights::look_alikes(const graph::Node& principal,
                                                            ObjectIndex object) {
  Result<AccessQuestion> question = state_->ask(state_->node_of(principal, object), object);
  if (!question) return std::move(question).error();
  question->not_in_token = groups_beyond_token(state_->directory, state_->builder, question->token);
  return derive::look_alikes(*question, state_->directory.schema(), state_->types, state_->builder);
}

Result<std::vector<std::string>> EffectiveRights::writable_attributes(ObjectIndex principal,
                                                                      ObjectIndex object) {
  const Result<AccessQuestion> question = state_->ask(state_->directory.node_of(principal), object);
  if (!question) return question.error();
  const ObjectTypeTree& tree = *question->tree;
  std::vector<std::string> names;
  for (std::size_t node = 1; node < tree.size(); ++node) {
    const Guid& guid = tree.guid(static_cast<ObjectTypeTree::NodeIndex>(node));
    const std::string_view name = state_->directory.schema().attribute_name(guid);
    if (name.empty()) continue;
    const Request request{Request::Kind::Property, access::kWriteProperty, guid};
    if (access_check(question->dacl, tree, request, question->token).granted) names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::vector<std::string>> EffectiveRights::creatable_classes(ObjectIndex principal,
                                                                    ObjectIndex object) {
  const Result<AccessQuestion> question = state_->ask(state_->directory.node_of(principal), object);
  if (!question) return question.error();
  std::vector<std::string> names;
  const Schema& schema = state_->directory.schema();
  for (std::size_t i = 0; i < schema.class_count(); ++i) {
    const auto id = static_cast<ClassId>(i);
    const Request request{Request::Kind::Extended, access::kCreateChild, schema.class_guid(id)};
    if (access_check(question->dacl, *question->tree, request, question->token).granted) {
      names.push_back(schema.class_name(id));
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace tierline::derive
