#pragma once

#include <string_view>

namespace tierline::derive {

/// What names the rules by which graphs are derived: it is another one whenever anything changes that decides about edges.
std::string_view rule_set();

}  // namespace tierline::derive
