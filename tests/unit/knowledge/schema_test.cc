// Every GUID and every name that the tables hold, against the schema and the control access rights of a real
// directory (fixtures/schema).

#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "core/base/text.h"
#include "core/directory/guid.h"
#include "core/knowledge/ace_rules.h"
#include "core/knowledge/attribute_syntaxes.h"
#include "core/knowledge/class_kinds.h"
#include "core/knowledge/collected_attributes.h"
#include "core/knowledge/guids.h"
#include "core/knowledge/secret_attributes.h"

namespace tierline::knowledge {
namespace {

using directory::AttributeSyntax;
using directory::Guid;

const std::string kRoot = TIERLINE_SOURCE_DIR;

/// A table by its first column, in upper case; a row is {column: value}.
std::map<std::string, std::map<std::string, std::string>> table(const std::string& name) {
  std::ifstream file(kRoot + "/fixtures/schema/" + name);
  REQUIRE(file);
  std::map<std::string, std::map<std::string, std::string>> rows;
  std::vector<std::string> columns;
  for (std::string line; std::getline(file, line);) {
    std::istringstream cells(line);
    std::vector<std::string> values;
    for (std::string cell; std::getline(cells, cell, ',');) values.push_back(cell);
    if (columns.empty()) {
      columns = values;
      continue;
    }
    values.resize(columns.size());
    auto& row = rows[upper_case(values[0])];
    for (std::size_t i = 0; i < columns.size(); ++i) row[columns[i]] = values[i];
  }
  return rows;
}

/// Newer than the directory, which is of Windows Server 2016, or of an extension that it does not have.
bool is_newer(std::string_view attribute) {
  const std::string name = upper_case(attribute);
  return name.starts_with("MSLAPS-") || name.starts_with("MS-MCS-ADMPWD") ||
         name.starts_with("MSDS-DELEGATEDMSA") || name.starts_with("MSDS-SUPERSEDEDMANAGEDACCOUNT") ||
         name.starts_with("MSDS-SUPERSEDEDSERVICEACCOUNT") || name.starts_with("MSDS-MANAGEDACCOUNTPRECEDED");
}

TEST_CASE("every right that rules name has the GUID of its object in the directory") {
  std::map<std::string, std::map<std::string, std::string>> by_constant;
  for (const auto& [cn, row] : table("access-rights.csv")) {
    std::string constant = row.at("cn");
    std::erase(constant, '-');
    by_constant[constant] = row;
  }
  std::ifstream header(kRoot + "/core/knowledge/guids.h");
  // inline constexpr directory::Guid kName = "guid"_guid;
  int seen = 0;
  std::string name;
  for (std::string line; std::getline(header, line);) {
    const std::size_t declared = line.find("Guid k");
    if (declared != std::string::npos)
      name = line.substr(declared + 6, line.find(' ', declared + 6) - declared - 6);
    const std::size_t end = line.find("\"_guid;");
    if (end == std::string::npos || name.empty()) continue;
    const std::size_t begin = line.rfind('"', end - 1) + 1;
    CAPTURE(name);
    REQUIRE(by_constant.count(name) == 1);
    CHECK(upper_case(by_constant[name]["rightsGuid"]) == upper_case(line.substr(begin, end - begin)));
    ++seen;
  }
  CHECK(seen >= 10);
}

TEST_CASE("a rule asks for a right in the way that the directory defines it") {
  std::map<std::string, std::string> valid_accesses;
  for (const auto& [cn, row] : table("access-rights.csv")) {
    valid_accesses[upper_case(row.at("rightsGuid"))] = row.at("validAccesses");
  }
  const auto valid = [&](const Guid& guid) { return valid_accesses[upper_case(guid.to_string())]; };
  for (const AceRule& rule : ace_rules()) {
    if (rule.right == RightKind::ControlAccess) CHECK(valid(rule.guid) == "256");
    if (rule.right == RightKind::WriteSet) CHECK(valid(rule.guid) == "48");
    if (rule.right == RightKind::ValidatedWrite) CHECK(valid(rule.guid) == "8");
    for (const Guid& guid : rule.also) CHECK(valid(guid) == "256");
  }
}

TEST_CASE("a property set implies the attributes that are in it, and only those") {
  const auto attributes = table("attributes.csv");
  std::map<EdgeKind, std::string> sets;
  for (const AceRule& rule : ace_rules()) {
    if (rule.right == RightKind::WriteSet) sets[rule.edge] = upper_case(rule.guid.to_string());
  }
  CHECK(sets.size() == 2);
  for (const AceRule& rule : ace_rules()) {
    if (rule.right != RightKind::WriteAttribute || is_newer(rule.attribute)) continue;
    CAPTURE(rule.attribute);
    const auto found = attributes.find(upper_case(rule.attribute));
    REQUIRE(found != attributes.end());
    for (const EdgeKind implied : rule.implied_by) {
      const auto set = sets.find(implied);
      if (set != sets.end()) CHECK(upper_case(found->second.at("attributeSecurityGUID")) == set->second);
    }
  }
}

TEST_CASE("attributes and classes go by the names that the schema has, and are what we take them for") {
  const auto attributes = table("attributes.csv");
  const auto classes = table("classes.csv");
  const auto syntax = [&](std::string_view name) -> std::string {
    if (is_newer(name)) return "newer";
    const auto found = attributes.find(upper_case(name));
    return found == attributes.end() ? "" : found->second.at("attributeSyntax");
  };
  for (const AceRule& rule : ace_rules()) {
    if (!rule.attribute.empty()) CHECK_MESSAGE(syntax(rule.attribute) != "", rule.attribute);
  }
  for (const SecretAttribute& secret : secret_attributes()) {
    CHECK_MESSAGE(syntax(secret.name) != "", secret.name);
  }
  for (const CollectedAttribute& collected : collected_attributes()) {
    CAPTURE(collected.name);
    const std::string found = syntax(collected.name);
    if (found == "newer") continue;
    switch (collected.syntax) {
      case AttributeSyntax::Sid:  // in the schema, securityIdentifier and others are plain bytes
        CHECK((found == "2.5.5.17" || found == "2.5.5.10"));
        break;
      case AttributeSyntax::Guid:
        CHECK(found == "2.5.5.10");
        CHECK(octet_syntax(collected.name) == AttributeSyntax::Guid);
        break;
      case AttributeSyntax::Binary:
        CHECK((found == "2.5.5.10" || found == "2.5.5.7"));
        break;
      case AttributeSyntax::SecurityDescriptor:
        CHECK((found == "2.5.5.15" || found == "2.5.5.10"));
        break;
      case AttributeSyntax::DistinguishedName:
        CHECK((found == "2.5.5.1" || found == "2.5.5.7"));
        break;
      case AttributeSyntax::Text:  // 2.5.5.7 is transmitted as text, with a name at its end
        CHECK(std::set<std::string>{"2.5.5.2", "2.5.5.4", "2.5.5.5", "2.5.5.7", "2.5.5.8", "2.5.5.9",
                                    "2.5.5.11", "2.5.5.12", "2.5.5.16"}
                  .count(found) == 1);
        break;
    }
  }
  for (const ClassKind& row : class_kinds()) {
    const bool is_newer_class = row.object_class == "msDS-DelegatedManagedServiceAccount";
    CHECK_MESSAGE(classes.count(upper_case(row.object_class)) == (is_newer_class ? 0 : 1), row.object_class);
  }
}

}  // namespace
}  // namespace tierline::knowledge
