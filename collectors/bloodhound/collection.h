#pragma once

// The objects of a collection for BloodHound as they are put together from its documents, and written as an object of
// the directory: what has an LDAP attribute becomes one, the rest is kept as knowledge::collected says.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "collectors/bloodhound/json.h"
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

  void begin() { current_ = {}; }
  void give(std::string_view attribute, std::string_view text,
            directory::AttributeSyntax syntax = directory::AttributeSyntax::Text);
  void add_identity(const ObjectType& type, const directory::ObjectId& id, const json::Value& properties);
  /// In drawn graphs, identifiers are whatever somebody wrote.
  void add_named_identity(const ObjectType& type, const std::string& identity, const json::Value& properties);
  void add_properties(const json::Value& properties);
  void add_property(const std::string& name, const json::Value& value);
  /// userAccountControl from single properties; `element` tells what a domain controller is.
  void add_account_control(const ObjectType& type, const json::Value& element, const json::Value& properties);
  /// REQUIRES: `identity` as ObjectId writes it, or in upper case.
  void end(const std::string& identity);

  bool contains(const std::string& identity) const { return records_.contains(identity); }
  /// An object or another end of a relation of which it cannot be told what it is.
  void quarantine() { ++without_identity_; }
  /// The identifier in upper case, also the name of a member that the collector could not resolve; empty, and
  /// counted, for anything else.
  std::string identity_of(std::string_view text);

  /// Hands everything to the builder, coverage included. The collection is spent afterwards.
  void emit();

 private:
  /// An object: it may come in several documents, each with what its collector asked for.
  struct Record {
    std::vector<std::pair<snapshot::AttributeId, std::string>> values;
    bool has_place = false;  ///< its distinguished name was said, not made up
  };

  snapshot::Builder& builder_;
  snapshot::AttributeId dn_;
  std::set<snapshot::AttributeId> adds_up_;
  std::map<std::string, Record> records_;  ///< by identifier
  Record current_;
  std::uint64_t without_identity_ = 0;
  std::uint64_t secrets_ = 0;
};

}  // namespace tierline::collectors
