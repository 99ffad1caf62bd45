#pragma once

// Bits of groupType, [MS-ADTS] 2.2.12.

#include <cstdint>

namespace tierline::knowledge::group_type {

inline constexpr std::int64_t kDomainLocal = 0x00000004;
inline constexpr std::int64_t kSecurityEnabled = 0x80000000;

}  // namespace tierline::knowledge::group_type
