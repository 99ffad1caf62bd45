#pragma once

#include <string_view>

namespace tierline::derive {

/// What names the rules by which graphs are derived and kept: it is another one whenever a source changes that decides
/// what a kept graph holds (rule_sources in core/CMakeLists.txt).
std::string_view rule_set();

}  // namespace tierline::derive
