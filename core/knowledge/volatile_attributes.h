#pragma once

// Attributes that change without anybody's rights changing; diff leaves them out.

#include <string_view>

namespace tierline::knowledge {

/// By lDAPDisplayName without case.
bool is_volatile(std::string_view attribute);

}  // namespace tierline::knowledge
