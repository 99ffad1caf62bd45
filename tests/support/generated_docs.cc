#include "tests/support/generated_docs.h"

#include "core/knowledge/ace_rules.h"
#include "core/knowledge/changes.h"
#include "core/knowledge/collected_attributes.h"
#include "core/knowledge/edge_costs.h"
#include "core/knowledge/edge_kinds.h"
#include "core/knowledge/secret_attributes.h"
#include "core/knowledge/tier_zero.h"
#include "queries/audit/audit.h"

namespace tierline::tests {
namespace {

using namespace knowledge;

std::string_view syntax_name(directory::AttributeSyntax syntax) {
  using enum directory::AttributeSyntax;
  switch (syntax) {
    case Text:
      return "text";
    case DistinguishedName:
      return "DN";
    case Binary:
      return "bytes";
    case Sid:
      return "SID";
    case Guid:
      return "GUID";
    case SecurityDescriptor:
      return "security descriptor";
  }
  return {};
}

template <class... Cells>
std::string row(const Cells&... cells) {
  std::string line = "|";
  ((line += " " + std::string(cells) + " |"), ...);
  return line + "\n";
}

std::string collected_attributes_page() {
  std::string page =
      "# What the LDAP collector reads\n\n"
      "Generated from `core/knowledge/collected_attributes.cc`. These attributes, and no others, are asked "
      "for on "
      "every object of the domain, configuration and schema naming contexts. `nTSecurityDescriptor` is read "
      "besides, without its SACL (SD flags 7), and the name of each entry is kept as "
      "`distinguishedName`.\n\n";
  page += row("Attribute", "Syntax", "Why") + row("---", "---", "---");
  for (const CollectedAttribute& attribute : collected_attributes()) {
    page += row("`" + std::string(attribute.name) + "`", syntax_name(attribute.syntax), attribute.reason);
  }
  page +=
      "\n## Never kept\n\nValues of these attributes are left out by every collector and importer, and so "
      "are those "
      "of attributes that the forest's schema marks as confidential. An import counts them in its "
      "coverage.\n\n";
  page += row("Attribute", "What it holds") + row("---", "---");
  for (const SecretAttribute& attribute : secret_attributes()) {
    page += row("*" + std::string(attribute.name) + "*", attribute.holds);
  }
  return page;
}

std::string edges_page() {
  std::string page =
      "# Edges\n\nGenerated from `core/knowledge/edge_kinds.cc`. An edge runs from the one who can act to "
      "the thing "
      "acted upon. One that is not traversable gives no control by itself and is on no path.\n\n"
      "In the commands, SOURCE and TARGET stand for the ends of the edge. Events of the security log are "
      "written only where auditing is switched on: 4662 and 5136 need an entry in the object's SACL.\n";
  for (const EdgeKindInfo& info : edge_kinds()) {
    page += "\n## " + std::string(info.name) + "\n\n" + std::string(info.meaning) + "\n\n";
    page += "* Traversable: " + std::string(info.traversable ? "yes" : "no") + "\n";
    page += "* Derived from: " + std::string(info.derived) + "\n";
    page += "* How to remove it: " + std::string(info.remedy) + "\n";
    page += "* Seen as: " + std::string(info.detection) + "\n";
    page += "* ATT&CK: " + std::string(info.attack) + "\n";
    page += "* Specification: " + std::string(info.source) + "\n";
    for (std::size_t i = 0; i < kCaveatTexts.size(); ++i) {
      if (info.caveats.contains(static_cast<Caveat>(i)))
        page += "* Caveat: " + std::string(kCaveatTexts[i]) + "\n";
    }
  }
  return page;
}

std::string tier_zero_page() {
  std::string page =
      "# Tier Zero\n\nGenerated from `core/knowledge/tier_zero.cc`: the targets of `paths` and `exposure` "
      "unless "
      "`--to` names others. Nested members of a listed group belong to it as well, except through groups so "
      "broad "
      "(Domain Users, Authenticated Users and the like) that the nesting itself is the finding.\n\n";
  page += "Version " + std::to_string(kTierZeroVersion) + " of the list, as `info --json` tells it.\n\n";
  page += row("Object", "Why it is Tier Zero", "Reference") + row("---", "---", "---");
  for (const TierZeroRow& entry : tier_zero_rows()) page += row(entry.name, entry.reason, entry.reference);
  return page;
}

std::string audit_page() {
  std::string page =
      "# Rules of the audit\n\nGenerated from `queries/audit/audit.cc`. `tierline audit` judges each; one "
      "whose "
      "input was not collected is told as unknown. [tiers.md](tiers.md) says how to choose among them.\n";
  for (const queries::audit::Rule& rule : queries::audit::rules()) {
    page += "\n## " + std::string(rule.id) + "\n\n" + std::string(rule.title) + ".\n\n";
    page += "* Severity: " + std::string(queries::audit::name_of(rule.severity)) +
            ", unless the finding says otherwise\n";
    page += "* Remedy: " + std::string(rule.remedy) + "\n";
    page += "* ATT&CK: " + std::string(rule.attack) + "\n";
    page += "* Reference: " + std::string(rule.reference) + "\n";
  }
  return page;
}

// In a table, a bar would end the cell.
std::string code(std::string_view text) {
  std::string out = "`";
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out + "`";
}

std::string facts_page() {
  std::string page =
      "# Facts that can be taken away\n\nGenerated from `core/knowledge/changes.cc`. Entries of DACLs and "
      "owners can "
      "always be taken away; of attributes, `plan` and `whatif` know these values and bits. Anything else "
      "holds an "
      "edge for good. The cost is what `plan` weighs a change by, in entries.\n\n";
  page += row("Attribute", "What there is", "Cost", "Command") + row("---", "---", "---", "---");
  for (const RemovableValue& value : removable_values()) {
    page += row("*" + std::string(value.attribute) + "*", value.meaning, std::to_string(value.cost),
                code(value.command));
  }
  page += "\n" + row("Bits of", "For edges", "What there is", "Cost", "Command") +
          row("---", "---", "---", "---", "---");
  for (const RemovableFlag& flag : removable_flags()) {
    page += row("*" + std::string(flag.attribute) + "*", info_of(flag.edge).name, flag.meaning,
                std::to_string(flag.cost), code(flag.command));
  }
  return page;
}

std::string edge_costs_page() {
  std::string page =
      "# What edges cost an intruder\n\nGenerated from `core/knowledge/edge_costs.cc`, for `tierline paths "
      "--weight cost`. "
      "The figures are judgements: small numbers to compare paths by.\n\n";
  page += row("Cost", "Why", "Kinds") + row("---", "---", "---");
  for (const EdgeCost& cost : edge_costs()) {
    std::string kinds;
    for (const EdgeKind kind : cost.kinds)
      kinds += (kinds.empty() ? "" : ", ") + std::string(info_of(kind).name);
    page += row(std::to_string(cost.cost), cost.reason, kinds);
  }
  return page;
}

constexpr GeneratedDocument kDocuments[] = {
    {"audit.md", audit_page},           {"collected-attributes.md", collected_attributes_page},
    {"edge-costs.md", edge_costs_page}, {"edges.md", edges_page},
    {"facts.md", facts_page},           {"tier-zero.md", tier_zero_page},
};

}  // namespace

std::span<const GeneratedDocument> generated_documents() { return kDocuments; }

}  // namespace tierline::tests
