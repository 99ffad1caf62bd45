#pragma once

// What a resource attribute entry says of its object, [MS-DTYP] 2.4.4.15: a named claim with values of one type,
// stored as CLAIM_SECURITY_ATTRIBUTE_RELATIVE_V1, 2.4.10.1.

#include <optional>
#include <string>

#include "core/directory/sddl_reader.h"

namespace tierline::directory {

/// ("name",TS,0x0,"value",...). Absent for what is no such claim and for one that SDDL cannot say.
std::optional<std::string> resource_attribute_to_text(ByteSpan application_data, const SddlContext& context);

/// Reads one from its opening to its closing parenthesis. Laid out as Windows does: the fixed part, the name, the
/// values, one after the other without padding.
std::string read_resource_attribute(SddlReader& reader);

}  // namespace tierline::directory
