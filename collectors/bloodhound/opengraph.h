#pragma once

// Graphs in BloodHound's OpenGraph format: nodes with kinds and properties, edges between them.

#include <cstdint>
#include <map>
#include <string>

#include "collectors/bloodhound/collection.h"

namespace tierline::collectors {

class OpenGraph {
 public:
  explicit OpenGraph(Collection& collection) : collection_(collection) {}

  void take_node(const json::Value& element);
  /// Edges whose ends are named by anything but an identifier, or of a kind that is not known, are counted.
  void take_edge(const json::Value& element);

  /// How many nodes there were, and what could not be taken.
  void report_coverage(snapshot::Builder& builder) const;

 private:
  void take_object(std::string_view identity, std::string_view kind, const json::Value& properties);

  Collection& collection_;
  std::uint64_t nodes_ = 0;
  std::map<std::string, std::uint64_t> unknown_edges_;
  std::uint64_t edges_without_ends_ = 0;
};

}  // namespace tierline::collectors
