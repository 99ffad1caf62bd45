#pragma once

// The letters that SDDL has for kinds of entries, flags, rights and well-known SIDs, [MS-DTYP] 2.5.1.1 and the
// Windows SDK's sddl.h, which knows some that the specification does not list yet.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/directory/security_descriptor.h"

namespace tierline::directory {

/// What the names of a domain's own principals (DA, DU, ...) are relative to. Without a domain they are neither
/// read nor written; SIDs are then spelt out.
struct SddlContext {
  SddlContext() = default;
  SddlContext(std::optional<Sid> of_domain, std::optional<Sid> of_root_domain = {})
      : domain(of_domain), root_domain(of_root_domain) {}

  std::optional<Sid> domain;
  /// Where EA, SA, EK and RO live; without it, `domain` counts as the root of its forest.
  std::optional<Sid> root_domain;
};

/// "OA", or the number in hexadecimal ("0xc") for a kind that SDDL has no letters for.
std::string ace_type_name(AceType type);
/// Either form, in either case.
std::optional<AceType> ace_type_by_name(std::string_view name);

/// The inheritance and audit flags, one name each, in the order of their bits: "OI", "CI".
std::vector<std::string_view> ace_flag_names(AceType type, std::uint8_t flags);
/// Absent when `letters` are not flags to their end.
std::optional<std::uint8_t> ace_flags_by_name(std::string_view letters);

/// The rights of `mask`, one name each, in the order of their bits; what has no name comes last as one number.
std::vector<std::string> right_names(AceType type, std::uint32_t mask);
/// The rights field of an entry as Windows writes it, "CCDCLC" or "0x1200a9".
void append_rights(std::string& out, AceType type, std::uint32_t mask);
/// The same read back; also decimal and octal numbers and the names of file and registry rights. Absent when
/// `text` is none of them.
std::optional<std::uint32_t> rights_by_name(std::string_view text);

/// The two-letter name of `sid`, or the SID in full.
void append_sid(std::string& out, const Sid& sid, const SddlContext& context);
/// The SID of a two-letter name, in either case. Errors: BadData for an unknown name and for one that is
/// relative to a domain when none is given.
Result<Sid> sid_by_name(std::string_view letters, const SddlContext& context);

/// Appends "0x" and the digits, as few as there are.
void append_hexadecimal(std::string& out, std::uint64_t value);

}  // namespace tierline::directory
