#pragma once

// Bits of userAccountControl, [MS-ADTS] 2.2.16.

#include <cstdint>

namespace tierline::knowledge::uac {

inline constexpr std::int64_t kAccountDisabled = 0x00000002;
inline constexpr std::int64_t kInterdomainTrustAccount = 0x00000800;
inline constexpr std::int64_t kServerTrustAccount = 0x00002000;
inline constexpr std::int64_t kSmartcardRequired = 0x00040000;
inline constexpr std::int64_t kTrustedForDelegation = 0x00080000;
inline constexpr std::int64_t kDontRequirePreauth = 0x00400000;
inline constexpr std::int64_t kTrustedToAuthForDelegation = 0x01000000;
inline constexpr std::int64_t kPartialSecretsAccount = 0x04000000;

}  // namespace tierline::knowledge::uac
