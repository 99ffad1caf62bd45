#include "core/derive/object_types.h"

#include <algorithm>

#include "core/base/text.h"
#include "core/knowledge/access_rights.h"

namespace tierline::derive {

using directory::Guid;
namespace access = knowledge::access;

std::string_view right_name(std::uint32_t bit) {
  switch (bit) {
    case access::kCreateChild:
      return "CREATE_CHILD";
    case access::kDeleteChild:
      return "DELETE_CHILD";
    case access::kListContents:
      return "LIST_CONTENTS";
    case access::kValidatedWrite:
      return "VALIDATED_WRITE";
    case access::kReadProperty:
      return "READ_PROPERTY";
    case access::kWriteProperty:
      return "WRITE_PROPERTY";
    case access::kDeleteTree:
      return "DELETE_TREE";
    case access::kListObject:
      return "LIST_OBJECT";
    case access::kControlAccess:
      return "CONTROL_ACCESS";
    case access::kDelete:
      return "DELETE";
    case access::kReadControl:
      return "READ_CONTROL";
    case access::kWriteDacl:
      return "WRITE_DAC";
    case access::kWriteOwner:
      return "WRITE_OWNER";
    default:
      return {};
  }
}

ObjectTypes::ObjectTypes(const snapshot::Snapshot& snapshot, const Schema& schema) : schema_(schema) {
  const snapshot::AttributeId guid_attribute = snapshot.attribute("rightsGuid");
  const snapshot::AttributeId accesses = snapshot.attribute("validAccesses");
  const snapshot::AttributeId name = snapshot.attribute("cn");
  const snapshot::AttributeId applies_to = snapshot.attribute("appliesTo");
  for (snapshot::ObjectIndex i = 0; i < snapshot.object_count(); ++i) {
    const snapshot::Object object = snapshot.object(i);
    const auto guid = Guid::parse(fold_case(object.text(guid_attribute)));
    if (!guid) continue;
    const auto bits = static_cast<std::uint32_t>(object.number(accesses).value_or(0));
    named_.try_emplace(*guid, Named{std::string(object.text(name)), bits});
    std::vector<Guid> classes;
    for (const auto value : object.values(applies_to)) {
      if (const auto applied = Guid::parse(fold_case(value.text()))) classes.push_back(*applied);
    }
    // Property sets (read and write property) are part of the object type tree.
    for (const std::uint32_t bit : {access::kControlAccess, access::kValidatedWrite}) {
      if ((bits & bit) != 0)
        extended_rights_.push_back({*guid, std::string(object.text(name)), bit, classes});
    }
  }
  std::sort(extended_rights_.begin(), extended_rights_.end(),
            [](const ExtendedRight& a, const ExtendedRight& b) { return a.name < b.name; });
}

bool ObjectTypes::applies(const ExtendedRight& right, ClassId object_class) const {
  if (right.applies_to.empty() || object_class == kNoClass) return true;
  const std::vector<Guid> classes = schema_.classes_of(object_class);
  return std::any_of(right.applies_to.begin(), right.applies_to.end(), [&](const Guid& applied) {
    return std::find(classes.begin(), classes.end(), applied) != classes.end();
  });
}

bool ObjectTypes::is_extended_right(const Guid& guid, std::uint32_t bit) const {
  return std::any_of(extended_rights_.begin(), extended_rights_.end(),
                     [&](const ExtendedRight& right) { return right.guid == guid && right.bit == bit; });
}

std::string ObjectTypes::name_of(const Guid& guid) const {
  const std::string_view attribute = schema_.attribute_name(guid);
  if (!attribute.empty()) return std::string(attribute);
  const auto found = named_.find(guid);
  return found == named_.end() ? std::string(schema_.class_name(guid)) : found->second.name;
}

std::string ObjectTypes::describe(const Guid& guid) const {
  const std::string name = name_of(guid);
  if (name.empty()) return guid.to_string();
  if (!schema_.attribute_name(guid).empty()) return "the attribute " + name;
  const auto found = named_.find(guid);
  if (found == named_.end()) return "the class " + name;
  if ((found->second.bits & access::kControlAccess) != 0) return "the control access right " + name;
  if ((found->second.bits & access::kValidatedWrite) != 0) return "the validated write " + name;
  return "the property set " + name;
}

}  // namespace tierline::derive
