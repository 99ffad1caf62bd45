#pragma once

// Security Descriptor Definition Language, [MS-DTYP] 2.5.1.

#include <string>

#include "core/directory/security_descriptor.h"

namespace tierline::directory {

/// One entry, such as "(OA;CI;WP;bf9679c0-0de6-11d0-a285-00aa003049e2;;S-1-5-21-1-2-3-512)". SIDs are
/// written out, so that the text means the same in every domain.
std::string to_sddl(const Ace& ace);

}  // namespace tierline::directory
