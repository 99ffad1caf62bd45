#pragma once

// Which octet-string attributes hold a SID, a GUID or a security descriptor. The schema says only "octet
// string" for the first two; the collected attributes (collected_attributes.h) name their syntax themselves.

#include <string_view>

#include "core/directory/attribute_syntax.h"

namespace tierline::knowledge {

/// For an attribute that is transmitted as bytes; Binary when it holds none of the three.
directory::AttributeSyntax octet_syntax(std::string_view attribute);

}  // namespace tierline::knowledge
