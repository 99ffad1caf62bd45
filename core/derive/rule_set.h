#pragma once

#include <string_view>

namespace tierline::derive {

/// What names the rules by which graphs are derived: it is another one whenever a source changes that rule_set.cmake hashes.
std::string_view rule_set();

}  // namespace tierline::derive
