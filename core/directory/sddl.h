#pragma once

// Security Descriptor Definition Language, [MS-DTYP] 2.5.1: descriptors as text, both ways.

#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/directory/security_descriptor.h"

namespace tierline::directory {

/// One entry, such as "(OA;CI;WP;bf9679c0-0de6-11d0-a285-00aa003049e2;;S-1-5-21-1-2-3-512)". SIDs are
/// written out, so that the text means the same in every domain. The condition of a conditional entry is
/// not written: its text form has no place in evidence.
std::string to_sddl(const Ace& ace);

/// A whole descriptor: owner, group, DACL and SACL with their control flags.
std::string to_sddl(const SecurityDescriptor& descriptor);

/// The self-relative form of `text`, laid out as header, SACL, DACL, owner, group. `domain` is what two-letter
/// names of a domain's principals (DA, DU, ...) are relative to. Errors: BadData with the offset into the text.
Result<std::string> parse_sddl(std::string_view text, const std::optional<Sid>& domain);

}  // namespace tierline::directory
