#pragma once

// Trusts between domains: what the bits of a trustedDomain object mean, and which SIDs pass.

#include <cstdint>

#include "core/directory/sid.h"

namespace tierline::knowledge {

/// [MS-ADTS] 6.1.6.7.12.
enum class TrustDirection : std::uint8_t { Disabled = 0, Inbound = 1, Outbound = 2, Both = 3 };

constexpr bool is_inbound(TrustDirection direction) { return (static_cast<unsigned>(direction) & 1) != 0; }
constexpr bool is_outbound(TrustDirection direction) { return (static_cast<unsigned>(direction) & 2) != 0; }

/// [MS-ADTS] 6.1.6.7.9.
namespace trust_attribute {
inline constexpr std::uint32_t kQuarantined = 0x4;
inline constexpr std::uint32_t kForestTransitive = 0x8;
inline constexpr std::uint32_t kSelectiveAuthentication = 0x10;  // CROSS_ORGANIZATION
inline constexpr std::uint32_t kWithinForest = 0x20;
inline constexpr std::uint32_t kTreatAsExternal = 0x40;
inline constexpr std::uint32_t kNoTgtDelegation = 0x200;
inline constexpr std::uint32_t kPrivilegedAccessManagement = 0x400;
inline constexpr std::uint32_t kEnableTgtDelegation = 0x800;
}  // namespace trust_attribute

/// Which SIDs of other domains than the trusted one's forest a trusting domain accepts from it.
enum class SidFilter : std::uint8_t {
  All,       ///< none passes
  HighRids,  ///< those with a RID of 1000 and more pass
  Nothing,   ///< every one passes
};

/// The filter of the trusting side, from the attributes of its own trustedDomain object, [MS-PAC] 4.1.2.2.
SidFilter sid_filter(std::uint32_t trust_attributes);

/// Whether a trusting domain accepts `sid` through such a filter.
bool passes(SidFilter filter, const directory::Sid& sid);

/// Whether the trusted domain, whose own trustedDomain object has these attributes, lets ticket-granting
/// tickets of its users go to services of the trusting one, [MS-KILE] 3.3.5.7.5.
bool lets_tgt_delegation(std::uint32_t trust_attributes);

}  // namespace tierline::knowledge
