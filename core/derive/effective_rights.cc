#include "core/derive/effective_rights.h"

#include <algorithm>
#include <map>

#include "core/base/text.h"
#include "core/derive/dacl.h"
#include "core/derive/passes/passes.h"
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

struct NamedBit {
  std::uint32_t bit;
  const char* name;
};

// Rights that concern the object as a whole ([MS-ADTS] 5.1.3.2).
constexpr NamedBit kObjectRights[] = {
    {access::kReadControl, "READ_CONTROL"}, {access::kWriteDacl, "WRITE_DAC"},
    {access::kWriteOwner, "WRITE_OWNER"},   {access::kDelete, "DELETE"},
    {access::kDeleteTree, "DELETE_TREE"},   {access::kListContents, "LIST_CONTENTS"},
    {access::kListObject, "LIST_OBJECT"},   {access::kDeleteChild, "DELETE_CHILD"},
    {access::kCreateChild, "CREATE_CHILD"}};

// Rights that may be given for a property set or an attribute alone.
constexpr NamedBit kPropertyRights[] = {{access::kReadProperty, "READ_PROPERTY"},
                                        {access::kWriteProperty, "WRITE_PROPERTY"}};

/// A control access right or validated write that the forest defines, with the classes it is for.
struct ExtendedRight {
  Guid guid;
  std::string name;
  std::uint32_t bit;
};

}  // namespace

struct EffectiveRights::State {
  explicit State(const snapshot::Snapshot& from)
      : snapshot(from), directory(from, builder), derivation{directory, builder, from.meta()} {
    add_memberships(derivation);
    tokens = std::make_unique<Tokens>(builder);
    read_extended_rights();
  }

  void read_extended_rights();
  Result<SecurityDescriptor> descriptor_of(ObjectIndex object) const;
  std::vector<Trustee> token_of(ObjectIndex principal, const SecurityDescriptor& descriptor,
                                DomainIndex domain);
  std::string name_of(const Guid& guid) const;

  /// One question about one pair, made ready.
  struct Question {
    CompiledDacl dacl;
    std::vector<Trustee> token;
    const ObjectTypeTree* tree = nullptr;
    bool owner = false;  ///< the owner's implied rights hold
  };
  Result<Question> ask(ObjectIndex principal, ObjectIndex object);

  const snapshot::Snapshot& snapshot;
  graph::GraphBuilder builder;
  DirectoryModel directory;
  Derivation derivation;
  std::unique_ptr<Tokens> tokens;
  std::vector<ExtendedRight> extended;
  std::map<Guid, std::string> names;
};

void EffectiveRights::State::read_extended_rights() {
  const snapshot::AttributeId guid_attribute = snapshot.attribute("rightsGuid");
  const snapshot::AttributeId accesses = snapshot.attribute("validAccesses");
  const snapshot::AttributeId name = snapshot.attribute("cn");
  for (ObjectIndex i = 0; i < snapshot.object_count(); ++i) {
    const Object object = snapshot.object(i);
    const auto guid = Guid::parse(fold_case(object.text(guid_attribute)));
    if (!guid) continue;
    const auto bits = static_cast<std::uint32_t>(object.number(accesses).value_or(0));
    names.emplace(*guid, std::string(object.text(name)));
    // Property sets (read and write property) are part of the object type tree.
    for (const std::uint32_t bit : {access::kControlAccess, access::kValidatedWrite}) {
      if ((bits & bit) != 0) extended.push_back({*guid, std::string(object.text(name)), bit});
    }
  }
  std::sort(extended.begin(), extended.end(),
            [](const ExtendedRight& a, const ExtendedRight& b) { return a.name < b.name; });
}

std::string EffectiveRights::State::name_of(const Guid& guid) const {
  const std::string_view attribute = directory.schema().attribute_name(guid);
  if (!attribute.empty()) return std::string(attribute);
  const auto found = names.find(guid);
  return found == names.end() ? std::string() : found->second;
}

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

Result<EffectiveRights::State::Question> EffectiveRights::State::ask(ObjectIndex principal,
                                                                     ObjectIndex object) {
  Result<SecurityDescriptor> descriptor = descriptor_of(object);
  if (!descriptor) return std::move(descriptor).error();
  const DomainIndex domain = directory.domain_of(object);
  Question question;
  question.dacl = compile(
      *descriptor, [&](const Sid& sid) { return directory.trustee_of(sid, object); },
      directory.node_of(object));
  question.tree = &directory.schema().tree(directory.class_of(object));
  question.token = tokens->of(directory.node_of(principal));
  const bool is_owner =
      descriptor->owner && std::binary_search(question.token.begin(), question.token.end(),
                                              directory.node_of_sid(*descriptor->owner, domain));
  const bool replaced =
      std::any_of(question.dacl.aces.begin(), question.dacl.aces.end(),
                  [](const CompiledAce& ace) { return ace.trustee == kOwnerRightsTrustee; });
  if (is_owner && replaced) question.token.push_back(kOwnerRightsTrustee);
  question.owner = is_owner && !replaced;
  return question;
}

EffectiveRights::EffectiveRights(const snapshot::Snapshot& snapshot)
    : state_(std::make_unique<State>(snapshot)) {}
EffectiveRights::~EffectiveRights() = default;
EffectiveRights::EffectiveRights(EffectiveRights&&) noexcept = default;
EffectiveRights& EffectiveRights::operator=(EffectiveRights&&) noexcept = default;

Result<std::vector<EffectiveRight>> EffectiveRights::of(ObjectIndex principal, ObjectIndex object) {
  Result<State::Question> question = state_->ask(principal, object);
  if (!question) return std::move(question).error();
  const auto& [dacl, token, tree, owner] = *question;
  std::vector<EffectiveRight> rights;
  const auto add = [&](const char* name, const Request& request) {
    const Decision decision = access_check(dacl, *tree, request, token);
    if (!decision.granted) return false;
    EffectiveRight right{.right = name, .object_type = request.object_type, .aces = decision.aces};
    if (request.object_type) right.object_type_name = state_->name_of(*request.object_type);
    right.conditional = decision.conditional;
    rights.push_back(std::move(right));
    return true;
  };
  for (const auto& [bit, name] : kObjectRights) {
    const bool implied = owner && (bit == access::kReadControl || bit == access::kWriteDacl);
    if (implied) {
      rights.push_back({.right = name, .by_ownership = true});
    } else {
      add(name, {Request::Kind::Bits, bit, {}});
    }
  }
  for (const auto& [bit, name] : kPropertyRights) {
    if (add(name, {Request::Kind::Property, bit, {}})) continue;
    for (const ObjectTypeTree::NodeIndex node : tree->children(ObjectTypeTree::kRoot)) {
      if (add(name, {Request::Kind::Property, bit, tree->guid(node)})) continue;
      for (const ObjectTypeTree::NodeIndex attribute : tree->children(node)) {
        add(name, {Request::Kind::Property, bit, tree->guid(attribute)});
      }
    }
  }
  for (const ExtendedRight& right : state_->extended) {
    add(right.bit == access::kControlAccess ? "CONTROL_ACCESS" : "VALIDATED_WRITE",
        {Request::Kind::Extended, right.bit, right.guid});
  }
  return rights;
}

Result<std::vector<std::string>> EffectiveRights::writable_attributes(ObjectIndex principal,
                                                                      ObjectIndex object) {
  Result<State::Question> question = state_->ask(principal, object);
  if (!question) return std::move(question).error();
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
  Result<State::Question> question = state_->ask(principal, object);
  if (!question) return std::move(question).error();
  std::vector<std::string> names;
  const Schema& schema = state_->directory.schema();
  for (ClassId id = 0; id < schema.class_count(); ++id) {
    const Request request{Request::Kind::Extended, access::kCreateChild, schema.class_guid(id)};
    if (access_check(question->dacl, *question->tree, request, question->token).granted) {
      names.push_back(schema.class_name(id));
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace tierline::derive
