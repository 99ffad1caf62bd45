#pragma once

// Security Descriptor Definition Language, [MS-DTYP] 2.5.1: descriptors as text, both ways, as Windows'
// ConvertSecurityDescriptorToStringSecurityDescriptor and its opposite have it.
//
// Written: rights by their letters in the order of their bits, a number when one has none; FA, FR, FW and FX for
// just these masks. KA, KR and KW are read but not written: for a directory object the single rights say more.
// SIDs that mean the same everywhere by their two letters, those of a domain only where the context names it.
//
// What SDDL cannot say is lost: which parts are defaulted, the resource manager's byte, padding, and whether an
// ACL has revision 4 without need. Nothing of an entry is lost: what Windows refuses to write is written as
// "#" and its bytes in hexadecimal, and read back: a condition that is none or that text cannot hold, in the
// seventh field; an entry of an unknown kind, with the kind as a number ("0x4") and the other fields empty.

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/directory/sddl_names.h"
#include "core/directory/security_descriptor.h"

namespace tierline::directory {

/// One entry, such as "(OA;CI;WP;bf9679c0-0de6-11d0-a285-00aa003049e2;;S-1-5-21-1-2-3-512)".
std::string to_sddl(const Ace& ace, const SddlContext& context = {});

/// A whole descriptor: owner, group, DACL and SACL with their control flags.
std::string to_sddl(const SecurityDescriptor& descriptor, const SddlContext& context = {});

/// The seventh field of an entry: the condition of a callback entry, the claim of a resource attribute; empty
/// for an entry without one.
std::string condition_text(const Ace& ace, const SddlContext& context = {});

/// The self-relative form of `text`, laid out as Windows does: header, SACL, DACL, owner, group; ACL revision 4
/// where there are object entries and 2 elsewhere. Letters are read in either case but for O:, G:, D: and S:,
/// spaces are skipped between parts, entries and fields. Errors: BadData with the offset into the text.
Result<std::string> parse_sddl(std::string_view text, const SddlContext& context = {});

}  // namespace tierline::directory
