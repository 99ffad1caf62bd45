#pragma once

// Bits of userAccountControl, [MS-ADTS] 2.2.16.

#include <cstdint>

namespace tierline::knowledge::uac {

inline constexpr std::int64_t kAccountDisabled = 0x00000002;
inline constexpr std::int64_t kPasswordNotRequired = 0x00000020;
inline constexpr std::int64_t kReversiblePassword = 0x00000080;
inline constexpr std::int64_t kNormalAccount = 0x00000200;
inline constexpr std::int64_t kInterdomainTrustAccount = 0x00000800;
inline constexpr std::int64_t kWorkstationTrustAccount = 0x00001000;
inline constexpr std::int64_t kServerTrustAccount = 0x00002000;
inline constexpr std::int64_t kPasswordNeverExpires = 0x00010000;
inline constexpr std::int64_t kSmartcardRequired = 0x00040000;
inline constexpr std::int64_t kTrustedForDelegation = 0x00080000;
inline constexpr std::int64_t kNotDelegated = 0x00100000;
inline constexpr std::int64_t kDesKeyOnly = 0x00200000;
inline constexpr std::int64_t kDontRequirePreauth = 0x00400000;
inline constexpr std::int64_t kTrustedToAuthForDelegation = 0x01000000;
inline constexpr std::int64_t kPartialSecretsAccount = 0x04000000;

}  // namespace tierline::knowledge::uac
