#pragma once

// Memberships for a time ([MS-ADTS] 3.1.1.9.2). Whoever asks for it by a control (3.1.1.3.4.1.36) gets the value of a link that ends
// by itself as "<TTL=SECONDS,DN>".

#include <cstdint>
#include <optional>
#include <string_view>

namespace tierline::knowledge {

/// Of a snapshot: such values of `member` as they came. `member` itself has their DNs.
inline constexpr std::string_view kMemberTtl = "member;ttl";
/// The area of coverage that is there when they were asked for.
inline constexpr std::string_view kTtlArea = "memberships for a time";

struct TimedLink {
  std::uint64_t seconds = 0;  ///< that it has left
  std::string_view dn;
};

/// Absent for a value that is not of this form.
std::optional<TimedLink> parse_timed_link(std::string_view value);

}  // namespace tierline::knowledge
