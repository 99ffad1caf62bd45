#pragma once

// Facts as a person reads them, as JSON, and as the command that takes them away. Commands are text: nothing here runs any.

#include <string>
#include <string_view>
#include <unordered_map>

#include "core/facts/facts.h"
#include "viewer/export/json.h"

namespace tierline::viewer {

class FactWriter {
 public:
  FactWriter(const facts::Facts& facts, const graph::AttackGraph& graph) : facts_(facts), graph_(graph) {}

  /// "ANN@CORP.EXAMPLE is a member of CN=Staff,DC=corp,DC=example"
  std::string text(facts::FactId fact) const;

  /// The same behind the id that `whatif` knows it by.
  std::string line(facts::FactId fact) const { return facts_.fingerprint(fact) + "  " + text(fact); }

  /// One line of PowerShell. Names stand in single quotes, with quotes in them doubled.
  std::string command(facts::FactId fact) const;

  /// What speaks against taking it away; mostly nothing, and empty.
  std::string_view warning(facts::FactId fact) const;

  /// {"id","type","object","attribute","value","from_above","cost","text","command"}
  void write(JsonWriter& json, facts::FactId fact) const;

 private:
  std::string meaning(const facts::Fact& fact, std::string_view pattern) const;
  std::string filled_command(const facts::Fact& fact, std::string_view pattern) const;
  std::string entry_command(const facts::Fact& fact) const;
  std::string name_of(std::string_view id) const;
  std::string_view attribute_name(const facts::Fact& fact) const;
  std::string value(const facts::Fact& fact) const;

  const facts::Facts& facts_;
  const graph::AttackGraph& graph_;
  mutable std::unordered_map<std::string, std::string>
      names_;  ///< of nodes, by id and by SID, that were asked for
};

}  // namespace tierline::viewer
