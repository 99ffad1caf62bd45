#pragma once

// Security identifiers, [MS-DTYP] 2.4.2: one byte revision, one byte count, a 48-bit big-endian
// authority and up to 15 little-endian sub-authorities.

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.h"

namespace tierline::directory {

/// An owned SID. A value: copies, compares (by authority, then sub-authorities) and hashes.
class Sid {
 public:
  static constexpr std::size_t kMaxSubAuthorities = 15;  // [MS-DTYP] 2.4.2.2

  /// The SID at the start of `raw`; bytes after it are ignored. Absent when the revision is not 1, there
  /// are more than 15 sub-authorities, or `raw` is too short.
  static std::optional<Sid> from_bytes(ByteSpan raw) noexcept;

  /// "S-1-5-21-..." in either case; the authority may be decimal or 0x hexadecimal.
  static std::optional<Sid> parse(std::string_view text) noexcept;

  std::string to_string() const;
  std::string to_bytes() const;

  /// Size of the stored form in bytes.
  std::size_t size() const noexcept { return 8 + 4u * count_; }

  std::uint64_t authority() const noexcept { return authority_; }
  std::size_t count() const noexcept { return count_; }
  /// REQUIRES: i < count().
  std::uint32_t sub_authority(std::size_t i) const noexcept { return sub_[i]; }

  /// The last sub-authority, or 0 when there is none.
  std::uint32_t rid() const noexcept { return count_ == 0 ? 0 : sub_[count_ - 1u]; }

  /// True for S-1-5-21-a-b-c and everything below it: SIDs that a domain or machine issued.
  bool is_domain_issued() const noexcept { return authority_ == 5 && count_ >= 4 && sub_[0] == 21; }

  /// True for S-1-5-32-x, the aliases that exist in every domain.
  bool is_builtin() const noexcept { return authority_ == 5 && count_ == 2 && sub_[0] == 32; }

  /// The SID without its last sub-authority: the domain of an account. REQUIRES: count() > 0.
  Sid parent() const noexcept;

  /// The SID of the account `rid` in the domain that this SID names.
  Sid with_rid(std::uint32_t rid) const noexcept;

  friend auto operator<=>(const Sid&, const Sid&) = default;

 private:
  std::uint64_t authority_ = 0;
  std::uint8_t count_ = 0;
  std::array<std::uint32_t, kMaxSubAuthorities> sub_ = {};
};

}  // namespace tierline::directory

template <>
struct std::hash<tierline::directory::Sid> {
  std::size_t operator()(const tierline::directory::Sid& sid) const noexcept {
    std::uint64_t mixed = sid.authority() + 0x9E3779B97F4A7C15u * (sid.count() + 1);
    for (std::size_t i = 0; i < sid.count(); ++i) {
      mixed = (mixed ^ sid.sub_authority(i)) * 0xFF51AFD7ED558CCDu;
      mixed ^= mixed >> 32;
    }
    return mixed;
  }
};
