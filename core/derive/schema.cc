#include "core/derive/schema.h"

#include "core/base/text.h"

namespace tierline::derive {
namespace {

using directory::Guid;
using snapshot::AttributeId;
using snapshot::Object;
using snapshot::Snapshot;

// More levels of superclasses and auxiliary classes than any schema has; stops at a schema with a cycle.
constexpr int kDepthBudget = 32;

constexpr std::int64_t kConfidential = 0x80;  // [MS-ADTS] 2.2.9, fCONFIDENTIAL

Guid guid_of(const Object& object, AttributeId attribute) {
  const auto values = object.values(attribute);
  if (values.empty()) return {};
  return Guid::from_bytes(values[0].bytes).value_or(Guid{});
}

}  // namespace

ObjectTypeTree::ObjectTypeTree(const Guid& object_class) : ObjectTypeTree() {
  guids_[kRoot] = object_class;
  if (!object_class.is_zero()) by_guid_.emplace(object_class, kRoot);
}

ObjectTypeTree::NodeIndex ObjectTypeTree::add(const Guid& guid, NodeIndex parent) {
  const auto [place, added] = by_guid_.emplace(guid, static_cast<NodeIndex>(parents_.size()));
  if (added) {
    parents_.push_back(parent);
    guids_.push_back(guid);
    children_.emplace_back();
    children_[parent].push_back(place->second);
  }
  return place->second;
}

void ObjectTypeTree::add_attribute(const Guid& attribute, const Guid& property_set) {
  // dNSHostName and its property set share a GUID; so do other sets made for one attribute. The one node
  // then stands for both, which grants and denies alike.
  const NodeIndex parent = property_set.is_zero() ? kRoot : add(property_set, kRoot);
  if (attribute != property_set && !attribute.is_zero()) add(attribute, parent);
}

std::optional<ObjectTypeTree::NodeIndex> ObjectTypeTree::find(const Guid& object_type) const {
  const auto found = by_guid_.find(object_type);
  if (found == by_guid_.end()) return std::nullopt;
  return found->second;
}

bool ObjectTypeTree::is_at_or_below(NodeIndex node, NodeIndex top) const {
  while (node != top) {
    if (node == kRoot) return false;
    node = parents_[node];
  }
  return true;
}

Schema::Schema(const Snapshot& snapshot) {
  const AttributeId object_class = snapshot.attribute("objectClass");
  const AttributeId display_name = snapshot.attribute("lDAPDisplayName");
  const AttributeId guid = snapshot.attribute("schemaIDGUID");
  const AttributeId property_set = snapshot.attribute("attributeSecurityGUID");
  const AttributeId search_flags = snapshot.attribute("searchFlags");
  const AttributeId super = snapshot.attribute("subClassOf");
  const AttributeId category = snapshot.attribute("objectClassCategory");
  const AttributeId attribute_lists[] = {
      snapshot.attribute("mayContain"), snapshot.attribute("systemMayContain"),
      snapshot.attribute("mustContain"), snapshot.attribute("systemMustContain")};
  const AttributeId auxiliary_lists[] = {snapshot.attribute("auxiliaryClass"),
                                         snapshot.attribute("systemAuxiliaryClass")};

  std::vector<std::string> super_names;
  for (snapshot::ObjectIndex i = 0; i < snapshot.object_count(); ++i) {
    const Object object = snapshot.object(i);
    if (!object.has(guid)) continue;
    bool is_class = false;
    bool is_attribute = false;
    for (const auto value : object.values(object_class)) {
      is_class = is_class || equal_ascii_nocase(value.text(), "classSchema");
      is_attribute = is_attribute || equal_ascii_nocase(value.text(), "attributeSchema");
    }
    std::string name = fold_case(object.text(display_name));
    if (is_attribute) {
      attributes_[std::move(name)] = {std::string(object.text(display_name)), guid_of(object, guid),
                                      guid_of(object, property_set),
                                      (object.number(search_flags).value_or(0) & kConfidential) != 0};
    } else if (is_class && classes_.size() < kNoClass) {
      Class row;
      row.name = object.text(display_name);
      row.guid = guid_of(object, guid);
      row.auxiliary = object.number(category) == 3;
      for (const AttributeId list : attribute_lists) {
        for (const auto value : object.values(list)) row.own_attributes.push_back(fold_case(value.text()));
      }
      for (const AttributeId list : auxiliary_lists) {
        for (const auto value : object.values(list)) row.auxiliaries.push_back(fold_case(value.text()));
      }
      super_names.push_back(fold_case(object.text(super)));
      class_ids_by_guid_.emplace(row.guid, static_cast<ClassId>(classes_.size()));
      class_ids_.emplace(std::move(name), static_cast<ClassId>(classes_.size()));
      classes_.push_back(std::move(row));
    }
  }
  for (const auto& [name, attribute] : attributes_) attributes_by_guid_.emplace(attribute.guid, &attribute);
  for (std::size_t i = 0; i < classes_.size(); ++i) classes_[i].super = find_class(super_names[i]);
  for (std::size_t i = 0; i < classes_.size(); ++i) {
    auto at = static_cast<ClassId>(i);
    // top is its own superclass
    while (classes_[at].super != kNoClass && classes_[at].super != at && classes_[i].depth < kDepthBudget) {
      at = classes_[at].super;
      ++classes_[i].depth;
    }
  }
  for (std::size_t i = 0; i < classes_.size(); ++i) build_tree(static_cast<ClassId>(i));
}

std::optional<Guid> Schema::attribute(std::string_view name) const {
  const auto found = attributes_.find(fold_case(name));
  if (found == attributes_.end() || found->second.guid.is_zero()) return std::nullopt;
  return found->second.guid;
}

std::string_view Schema::attribute_name(const Guid& guid) const {
  const auto found = attributes_by_guid_.find(guid);
  return found == attributes_by_guid_.end() ? std::string_view() : found->second->name;
}

std::string_view Schema::class_name(const Guid& guid) const {
  const auto found = class_ids_by_guid_.find(guid);
  return found == class_ids_by_guid_.end() ? std::string_view() : classes_[found->second].name;
}

bool Schema::is_confidential(const Guid& attribute) const {
  const auto found = attributes_by_guid_.find(attribute);
  return found != attributes_by_guid_.end() && found->second->confidential;
}

ClassId Schema::find_class(std::string_view name) const {
  const auto found = class_ids_.find(fold_case(name));
  return found == class_ids_.end() ? kNoClass : found->second;
}

bool Schema::is_a(ClassId derived, std::string_view base) const {
  const ClassId wanted = find_class(base);
  int budget = kDepthBudget;
  while (derived != kNoClass && wanted != kNoClass && budget-- > 0) {
    if (derived == wanted) return true;
    derived = classes_[derived].super;
  }
  return false;
}

std::vector<Guid> Schema::classes_of(ClassId id) const {
  std::vector<Guid> classes;
  add_classes_of(id, classes, kDepthBudget);
  return classes;
}

void Schema::add_classes_of(ClassId id, std::vector<Guid>& classes, int budget) const {
  if (id == kNoClass || budget == 0) return;
  const Class& row = classes_[id];
  classes.push_back(row.guid);
  for (const std::string& name : row.auxiliaries) add_classes_of(find_class(name), classes, budget - 1);
  if (row.super != id) add_classes_of(row.super, classes, budget - 1);
}

const ObjectTypeTree& Schema::tree(ClassId id) const { return id == kNoClass ? no_tree_ : classes_[id].tree; }

void Schema::build_tree(ClassId id) {
  ObjectTypeTree tree(classes_[id].guid);
  add_attributes_of(id, tree, kDepthBudget);
  classes_[id].tree = std::move(tree);
}

// A class has its own attributes, those of its superclasses and of the auxiliary classes of both.
void Schema::add_attributes_of(ClassId id, ObjectTypeTree& tree, int budget) const {
  if (id == kNoClass || budget == 0) return;
  const Class& row = classes_[id];
  for (const std::string& name : row.own_attributes) {
    const auto found = attributes_.find(name);
    if (found != attributes_.end()) tree.add_attribute(found->second.guid, found->second.property_set);
  }
  for (const std::string& name : row.auxiliaries) add_attributes_of(find_class(name), tree, budget - 1);
  if (row.super != id) add_attributes_of(row.super, tree, budget - 1);
}

}  // namespace tierline::derive
