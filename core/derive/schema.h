#pragma once

// The forest's own schema: GUIDs of classes and attributes, and for each class the tree of object types
// that access checks run over ([MS-ADTS] 5.1.3.3.3).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/directory/guid.h"
#include "core/snapshot/snapshot.h"

namespace tierline::derive {

/// The object types of one class: the class, its property sets, and its attributes, each in a set or
/// directly under the class. Node 0 is the class.
class ObjectTypeTree {
 public:
  using NodeIndex = std::uint16_t;
  static constexpr NodeIndex kRoot = 0;

  ObjectTypeTree() : parents_{kRoot}, guids_(1), children_(1) {}
  explicit ObjectTypeTree(const directory::Guid& object_class);

  /// Adds an attribute once; a property set of zero means none.
  void add_attribute(const directory::Guid& attribute, const directory::Guid& property_set);

  std::size_t size() const { return parents_.size(); }
  std::optional<NodeIndex> find(const directory::Guid& object_type) const;
  NodeIndex parent(NodeIndex node) const { return parents_[node]; }
  const std::vector<NodeIndex>& children(NodeIndex node) const { return children_[node]; }
  /// The GUID of a node.
  const directory::Guid& guid(NodeIndex node) const { return guids_[node]; }
  /// Whether `node` is `top` or lies below it.
  bool is_at_or_below(NodeIndex node, NodeIndex top) const;

 private:
  NodeIndex add(const directory::Guid& guid, NodeIndex parent);

  std::vector<NodeIndex> parents_;
  std::vector<directory::Guid> guids_;
  std::vector<std::vector<NodeIndex>> children_;
  std::unordered_map<directory::Guid, NodeIndex> by_guid_;
};

using ClassId = std::uint16_t;
inline constexpr ClassId kNoClass = 0xFFFF;

class Schema {
 public:
  /// Reads the classSchema and attributeSchema objects of the snapshot. A snapshot without them gives an
  /// empty schema: entries that name an object type then match nothing but control access rights.
  explicit Schema(const snapshot::Snapshot& snapshot);

  /// By lDAPDisplayName without case.
  std::optional<directory::Guid> attribute(std::string_view name) const;
  ClassId find_class(std::string_view name) const;
  /// True when `derived` is `base` or one of its subclasses.
  bool is_a(ClassId derived, std::string_view base) const;
  /// How many classes stand above it.
  int depth(ClassId id) const { return classes_[id].depth; }

  /// The lDAPDisplayName of an attribute, or empty.
  std::string_view attribute_name(const directory::Guid& guid) const;
  /// The lDAPDisplayName of a class, or empty.
  std::string_view class_name(const directory::Guid& guid) const;
  /// Whether reading the attribute takes more than read property, [MS-ADTS] 3.1.1.4.4.
  bool is_confidential(const directory::Guid& attribute) const;

  /// The GUIDs of a class, its superclasses and the auxiliary classes of all of them.
  std::vector<directory::Guid> classes_of(ClassId id) const;

  std::size_t class_count() const { return classes_.size(); }
  /// Its lDAPDisplayName.
  const std::string& class_name(ClassId id) const { return classes_[id].name; }
  const directory::Guid& class_guid(ClassId id) const { return classes_[id].guid; }

  /// The tree of a class; of kNoClass, one that knows no object types.
  const ObjectTypeTree& tree(ClassId id) const;

  bool empty() const { return classes_.empty(); }

 private:
  struct Attribute {
    std::string name;
    directory::Guid guid;
    directory::Guid property_set;
    bool confidential = false;
  };
  struct Class {
    std::string name;  ///< lDAPDisplayName
    directory::Guid guid;
    ClassId super = kNoClass;
    int depth = 0;
    bool auxiliary = false;
    std::vector<std::string> own_attributes;  ///< lower-case names
    std::vector<std::string> auxiliaries;
    ObjectTypeTree tree;
  };

  void build_tree(ClassId id);
  void add_classes_of(ClassId id, std::vector<directory::Guid>& classes, int budget) const;
  void add_attributes_of(ClassId id, ObjectTypeTree& tree, int budget) const;

  std::unordered_map<std::string, Attribute> attributes_;  ///< by lower-case name
  std::unordered_map<directory::Guid, const Attribute*> attributes_by_guid_;
  std::unordered_map<std::string, ClassId> class_ids_;  ///< by lower-case name
  std::unordered_map<directory::Guid, ClassId> class_ids_by_guid_;
  std::vector<Class> classes_;
  ObjectTypeTree no_tree_;
};

}  // namespace tierline::derive
