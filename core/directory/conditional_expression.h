#pragma once

// The condition of a callback entry, [MS-DTYP] 2.4.4.17: "artx" and an expression over claims in postfix order.
// In SDDL it is infix, 2.5.1.1. Both ways work on stacks of their own: no depth of nesting exhausts the program's.

#include <optional>
#include <string>

#include "core/directory/sddl_reader.h"

namespace tierline::directory {

/// The condition as Windows writes it, with every operation in parentheses: (@USER.Title == "PM"). Absent for
/// what is no condition and for one that SDDL cannot say, such as a text with a quotation mark in it.
std::optional<std::string> condition_to_text(ByteSpan application_data, const SddlContext& context);

/// Reads a condition from its opening to its closing parenthesis; the result begins with "artx" and is not
/// padded. Takes more than Windows does: either side of an operator may be anything.
std::string read_condition(SddlReader& reader);

}  // namespace tierline::directory
