#include "viewer/export/fact_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/base/text.h"
#include "core/directory/sddl.h"
#include "core/directory/security_descriptor.h"
#include "core/directory/sid.h"
#include "core/knowledge/changes.h"

namespace tierline::viewer {

using facts::Fact;
using facts::FactId;

namespace {

// PowerShell ends a string in single quotes at the typographic ones as well: U+2018 to U+201B.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view rest = text.substr(i);
    const bool is_typographic =
        rest.starts_with("\xE2\x80") && rest.size() > 2 && rest[2] >= '\x98' && rest[2] <= '\x9B';
    const std::string_view one = rest.substr(0, is_typographic ? 3 : 1);
    out += one;
    if (is_typographic || one == "'") out += one;
    i += one.size() - 1;
  }
  return out + "'";
}

std::string literal(std::string_view text) { return quoted(visible(text)); }

std::string_view part(std::string_view text, unsigned number) {
  for (; number > 0; --number) {
    const std::size_t tab = text.find('\t');
    if (tab == std::string_view::npos) return {};
    text.remove_prefix(tab + 1);
  }
  return text.substr(0, text.find('\t'));
}

std::string_view type_of(Fact::Kind kind) {
  switch (kind) {
    case Fact::Kind::Entry:
    case Fact::Kind::CollectedEntry:
      return "entry";
    case Fact::Kind::Owner:
      return "owner";
    case Fact::Kind::Value:
      return "value";
    case Fact::Kind::Flag:
      return "flag";
  }
  return {};
}

// A collector puts the domain before SIDs that every domain has: "CORP.EXAMPLE-S-1-5-11".
std::string_view bare_sid(std::string_view id) {
  const std::size_t at = id.find("S-1-");
  return at == std::string_view::npos ? id : id.substr(at);
}

/// What an entry's SDDL says.
struct Entry {
  std::string trustee;  ///< SID
  std::uint32_t mask = 0;
  std::string object_type;
};

Entry parsed_entry(const Fact& fact) {
  const auto bytes = directory::parse_sddl("D:" + fact.key);
  if (!bytes) return {};
  const auto parsed = directory::SecurityDescriptor::parse(as_bytes(*bytes));
  if (!parsed || !parsed->dacl || parsed->dacl->aces.empty()) return {};
  const directory::Ace& ace = parsed->dacl->aces.front();
  return {ace.trustee.to_string(), ace.mask,
          ace.object_type ? ace.object_type->to_string() : directory::Guid().to_string()};
}

/// The flag's row: the same bits mean the same whatever edge rests on them. REQUIRES: it is a flag.
const knowledge::RemovableFlag& flag_of(const Fact& fact, std::string_view attribute) {
  const auto rows = knowledge::removable_flags();
  return *std::find_if(rows.begin(), rows.end(), [&](const knowledge::RemovableFlag& row) {
    return equal_ascii_nocase(row.attribute, attribute) && std::to_string(row.bits) == fact.key;
  });
}

/// The pattern with its placeholders replaced by what `meaning_of` makes of them.
template <class MeaningOf>
std::string filled(std::string_view pattern, const MeaningOf& meaning_of) {
  static constexpr std::string_view kPlaceholders[] = {"{OBJECT}", "{VALUE}", "{0}"};
  std::string out;
  while (!pattern.empty()) {
    const auto found = std::find_if(std::begin(kPlaceholders), std::end(kPlaceholders),
                                    [&](std::string_view name) { return pattern.starts_with(name); });
    const bool is_placeholder = found != std::end(kPlaceholders);
    if (is_placeholder) out += meaning_of(*found);
    if (!is_placeholder) out += pattern.front();
    pattern.remove_prefix(is_placeholder ? found->size() : 1);
  }
  return out;
}

}  // namespace

// Few names are asked for, of however many there are.
std::string FactWriter::name_of(std::string_view id) const {
  const auto [found, is_new] = names_.try_emplace(std::string(id), id);
  if (!is_new) return found->second;
  const graph::NodeTable& nodes = graph_.nodes();
  const auto sid = directory::Sid::parse(id);
  const auto issuer = sid && sid->count() != 0 ? nodes.find_issuer(sid->parent()) : std::nullopt;
  graph::NodeId node = 0;
  const auto is_meant = [&] {
    const graph::NodeTable::Row& row = nodes.rows()[node];
    return (issuer && row.issuer == *issuer && row.rid == sid->rid()) || nodes.id(node) == id;
  };
  while (node < nodes.size() && !is_meant()) ++node;
  return found->second = visible(node == nodes.size() ? id : nodes.name(node));
}

std::string_view FactWriter::attribute_name(const Fact& fact) const {
  if (fact.attribute == snapshot::kNoAttribute) return "nTSecurityDescriptor";
  return facts_.snapshot().meta().attributes[fact.attribute].name;
}

std::string FactWriter::value(const Fact& fact) const {
  if (fact.kind != Fact::Kind::Value) return fact.key;
  const auto& attribute = facts_.snapshot().meta().attributes[fact.attribute];
  if (attribute.syntax == directory::AttributeSyntax::Sid) {
    if (const auto sid = directory::Sid::from_bytes(as_bytes(fact.key))) return sid->to_string();
  }
  const knowledge::RemovableValue* const row = knowledge::removable_value(attribute.name);
  return std::string(row == nullptr ? std::string_view(fact.key) : part(fact.key, row->part));
}

std::string FactWriter::meaning(const Fact& fact, std::string_view pattern) const {
  return filled(pattern, [&](std::string_view name) {
    if (name == "{OBJECT}") return visible(facts_.snapshot().object(fact.object).dn());
    return name_of(name == "{VALUE}" ? std::string_view(value(fact)) : part(fact.key, 0));
  });
}

std::string FactWriter::filled_command(const Fact& fact, std::string_view pattern) const {
  return filled(pattern, [&](std::string_view name) {
    if (name == "{OBJECT}") return literal(facts_.snapshot().object(fact.object).dn());
    return literal(name == "{VALUE}" ? std::string_view(value(fact)) : part(fact.key, 0));
  });
}

std::string FactWriter::text(FactId id) const {
  const Fact fact = facts_[id];
  const std::string object = visible(facts_.snapshot().object(fact.object).dn());
  const char* const from_above = fact.is_from_above ? ", inherited from an object that was not read" : "";
  switch (fact.kind) {
    case Fact::Kind::Entry: {
      const std::string list =
          fact.attribute == snapshot::kNoAttribute ? "" : " in " + std::string(attribute_name(fact));
      return fmt::format("{} for {}{} on {}{}", visible(fact.key), name_of(parsed_entry(fact).trustee), list,
                         object, from_above);
    }
    case Fact::Kind::CollectedEntry:
      return fmt::format("{} for {} on {}{}", visible(part(fact.key, 0)), name_of(part(fact.key, 1)), object,
                         from_above);
    case Fact::Kind::Owner:
      return fmt::format("{} owns {}", name_of(fact.key), object);
    case Fact::Kind::Value: {
      const knowledge::RemovableValue* const row = knowledge::removable_value(attribute_name(fact));
      return meaning(fact, row->meaning);
    }
    case Fact::Kind::Flag:
      return meaning(fact, flag_of(fact, attribute_name(fact)).meaning);
  }
  return {};
}

// Removes just this entry; dsacls could remove all of the trustee only.
std::string FactWriter::entry_command(const Fact& fact) const {
  const std::string object = "AD:\\" + visible(facts_.snapshot().object(fact.object).dn());
  const Entry ace = parsed_entry(fact);
  return fmt::format(
      "$p = {}; $acl = Get-Acl -LiteralPath $p; $acl.GetAccessRules($true, $false, "
      "[Security.Principal.SecurityIdentifier]) | Where-Object {{ $_.IdentityReference.Value -eq '{}' -and "
      "[uint32]$_.ActiveDirectoryRights -eq {} -and $_.ObjectType -eq '{}' }} | ForEach-Object {{ "
      "[void]$acl.RemoveAccessRuleSpecific($_) }}; Set-Acl -LiteralPath $p -AclObject $acl",
      quoted(object), ace.trustee, ace.mask, ace.object_type);
}

std::string FactWriter::command(FactId id) const {
  const Fact fact = facts_[id];
  const std::string object = literal(facts_.snapshot().object(fact.object).dn());
  if (fact.is_from_above) return "# remove the entry where it is written, above " + object;
  switch (fact.kind) {
    case Fact::Kind::Entry:
      if (fact.attribute == snapshot::kNoAttribute) return entry_command(fact);
      return fmt::format("Set-ADObject -Identity {} -Clear {}  # then set again who is wanted", object,
                         attribute_name(fact));
    case Fact::Kind::CollectedEntry:
      return fmt::format(
          "dsacls {} /R {}  # removes all entries of the trustee there; grant again what is wanted", object,
          literal(bare_sid(part(fact.key, 1))));
    case Fact::Kind::Owner:
      return fmt::format("dsacls {} /takeOwnership  # as a member of Administrators", object);
    case Fact::Kind::Value: {
      const knowledge::RemovableValue* const row = knowledge::removable_value(attribute_name(fact));
      return filled_command(fact, row->command);
    }
    case Fact::Kind::Flag:
      return filled_command(fact, flag_of(fact, attribute_name(fact)).command);
  }
  return {};
}

std::string_view FactWriter::warning(FactId id) const {
  const Fact fact = facts_[id];
  if (fact.kind != Fact::Kind::Value) return {};
  const snapshot::Snapshot& snapshot = facts_.snapshot();
  const auto sid_of = [&](snapshot::ObjectIndex object) {
    const auto values = snapshot.object(object).values(snapshot.attribute("objectSid"));
    return values.empty() ? std::nullopt : directory::Sid::from_bytes(values[0].bytes);
  };
  std::optional<directory::Sid> member;
  if (equal_ascii_nocase(attribute_name(fact), "member")) {
    for (const snapshot::Value value : snapshot.object(fact.object).values(fact.attribute)) {
      if (value.target != snapshot::kNoObject && value.text() == fact.key) member = sid_of(value.target);
    }
  } else if (attribute_name(fact) == "SharpHound.Members") {
    member = directory::Sid::parse(bare_sid(part(fact.key, 0)));
  }
  const std::optional<directory::Sid> group = sid_of(fact.object);
  if (!group || !member || !member->is_domain_issued()) return {};
  if (!group->is_builtin() && !(group->is_domain_issued() && group->parent() == member->parent())) return {};
  return knowledge::warning_of_membership(group->rid(), member->rid());
}

void FactWriter::write(JsonWriter& json, FactId id) const {
  const Fact fact = facts_[id];
  json.begin_object();
  json.key("id").text(facts_.fingerprint(id));
  json.key("type").text(type_of(fact.kind));
  json.key("object").text(facts_.snapshot().object(fact.object).dn());
  json.key("attribute").text(attribute_name(fact));
  json.key("value").text(value(fact));
  json.key("from_above").boolean(fact.is_from_above);
  json.key("cost").number(fact.cost);
  json.key("text").text(text(id));
  json.key("command").text(command(id));
  json.end_object();
}

}  // namespace tierline::viewer
