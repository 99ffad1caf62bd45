#pragma once

// Objects as SharpHound and those that write its format state them, data versions 4 to 6.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "collectors/bloodhound/collection.h"
#include "core/knowledge/collected_relations.h"

namespace tierline::collectors {

class SharpHound {
 public:
  explicit SharpHound(Collection& collection) : collection_(collection) {}

  /// One element of `data`.
  void take_element(const ObjectType& type, const json::Value& element);

  /// Sessions that came in documents of their own are facts of the computer, of which there may be nothing else.
  /// After all documents.
  void add_computers_of_sessions();

  /// How many objects there were, and what could not be read.
  void report_coverage(snapshot::Builder& builder) const;

 private:
  void count_unknown_fields(const ObjectType& type, const json::Value& element);
  std::string other(const json::Value& value, std::string_view assumed_kind);
  void add_relations(const json::Value& element, const directory::ObjectId& id, std::string_view kind);
  void add_relation(const json::Value& element, const knowledge::CollectedRelation& relation);
  void add_aces(const json::Value& element);
  void add_ace(const json::Value& ace);
  void add_sid_history(const json::Value& element);
  void add_local_groups(const json::Value& element, const directory::ObjectId& computer);
  void add_user_rights(const json::Value& element);
  void add_policy_members(const json::Value& element);
  void add_trusts(const json::Value& element);
  void add_web_enrollment(const json::Value& element);
  void add_registry(const json::Value& element, std::string_view kind);
  void add_edges(const json::Value& element, std::string_view field, std::string_view attribute);
  void give_sessions(const std::vector<std::string>& users);

  Collection& collection_;
  std::map<std::string, std::uint64_t> objects_;                    ///< by type
  std::map<std::string, std::vector<std::string>> loose_sessions_;  ///< users, by computer
  std::map<std::string, std::uint64_t> unknown_rights_;
  std::map<std::string, std::uint64_t> unknown_fields_;  ///< by type and name
  std::uint64_t local_groups_missing_ = 0;
  std::uint64_t authorities_without_registry_ = 0;
  std::uint64_t controllers_without_registry_ = 0;
  std::uint64_t deleted_ = 0;
};

}  // namespace tierline::collectors
