#pragma once

// The attributes that the LDAP collector asks for, and no others; docs/collected-attributes.md is made
// from this table. nTSecurityDescriptor is asked for besides, without its SACL (SD flags 7).

#include <span>
#include <string_view>

#include "core/directory/attribute_syntax.h"

namespace tierline::knowledge {

struct CollectedAttribute {
  std::string_view name;  ///< lDAPDisplayName
  directory::AttributeSyntax syntax;
  std::string_view reason;
};

std::span<const CollectedAttribute> collected_attributes();

}  // namespace tierline::knowledge
