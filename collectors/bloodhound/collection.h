#pragma once

// The objects of a collection for BloodHound as they are put together from its documents, and written as an object of
// the directory: what has an LDAP attribute becomes one, the rest is kept as knowledge::collected says.

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/bloodhound/json.h"
#include "core/base/arena.h"
#include "core/base/hash.h"
#include "core/directory/object_id.h"
#include "core/knowledge/collected_relations.h"
#include "core/snapshot/builder.h"

namespace tierline::collectors {

using ObjectType = knowledge::CollectedType;

/// Null when there is none.
const ObjectType* type_of_documents(std::string_view name);
const ObjectType* type_of_kind(std::string_view kind);

/// The parts of one value, separated by tabs; all but the last are names and numbers, which have none unless somebody
/// means harm.
std::string joined(std::initializer_list<std::string_view> parts);

/// Use: begin(), what there is to say of an object in any order, end(). Relations of an object that comes again add
/// up; of anything else, what was said last counts.
class Collection {
 public:
  explicit Collection(snapshot::Builder& builder);

  void begin();
  void give(std::string_view attribute, std::string_view text,
            directory::AttributeSyntax syntax = directory::AttributeSyntax::Text);
  void add_identity(const ObjectType& type, const directory::ObjectId& id, const json::Value& properties);
  /// In drawn graphs, identifiers are whatever somebody wrote.
  void add_named_identity(const ObjectType& type, const std::string& identity, const json::Value& properties);
  void add_properties(const json::Value& properties);
  void add_property(std::string_view name, const json::Value& value);
  /// userAccountControl from single properties; `element` tells what a domain controller is.
  void add_account_control(const ObjectType& type, const json::Value& element, const json::Value& properties);
  /// REQUIRES: `identity` as ObjectId writes it, or in upper case.
  void end(std::string_view identity);

  bool contains(std::string_view identity) const { return parts_by_identity_.contains(identity); }
  /// An object or another end of a relation of which it cannot be told what it is.
  void quarantine() { ++without_identity_; }
  /// The identifier in upper case, also the name of a member that the collector could not resolve; empty, and
  /// counted, for anything else. Valid until the next call.
  std::string_view identity_of(std::string_view text);

  /// Puts together what came in parts, and tells the coverage. The collection is spent afterwards.
  void finish();

 private:
  static constexpr std::uint32_t kNoPart = ~std::uint32_t{0};

  /// What one document, or one edge of a drawn graph, says of an object.
  struct Part {
    std::size_t object;  ///< of the builder
    std::uint32_t next = kNoPart;
    bool is_first = false;
    bool has_place = false;  ///< its distinguished name was said, not made up
  };
  struct Parts {
    std::uint32_t first;
    std::uint32_t last;
  };

  bool is_made_up(const Part& part, snapshot::AttributeId attribute) const {
    return attribute == dn_ && !part.has_place;
  }
  void merge(std::uint32_t first);

  snapshot::Builder& builder_;
  snapshot::AttributeId dn_;
  boost::unordered_flat_set<snapshot::AttributeId> adds_up_;
  Arena identities_;
  boost::unordered_flat_map<std::string_view, Parts, SeededHash, std::equal_to<>> parts_by_identity_;
  std::vector<Part> parts_;
  bool has_place_ = false;  ///< of the object begun
  boost::unordered_flat_map<std::string, std::string, SeededHash, std::equal_to<>>
      identity_by_text_;  ///< of late
  std::uint64_t without_identity_ = 0;
  std::uint64_t secrets_ = 0;
};

}  // namespace tierline::collectors
