#pragma once

// GUIDs, kept as the 16 bytes that the directory stores ([MS-DTYP] 2.3.4.2: Data1 to Data3 little-endian).

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.h"

namespace tierline::directory {

struct Guid {
  std::array<std::uint8_t, 16> bytes = {};

  friend constexpr auto operator<=>(const Guid&, const Guid&) = default;

  /// The 16 stored bytes; absent when `raw` has another size.
  static std::optional<Guid> from_bytes(ByteSpan raw) noexcept;

  /// "00299570-246d-11d0-a768-00aa006e0529", in either case, with or without braces.
  static constexpr std::optional<Guid> parse(std::string_view text) noexcept {
    if (text.size() == 38 && text.front() == '{' && text.back() == '}') text = text.substr(1, 36);
    if (text.size() != 36) return std::nullopt;
    // Position in the text of each stored byte's two digits: the first three groups are byte-swapped.
    constexpr std::uint8_t kAt[16] = {6, 4, 2, 0, 11, 9, 16, 14, 19, 21, 24, 26, 28, 30, 32, 34};
    if (text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-') return std::nullopt;
    Guid guid;
    for (std::size_t i = 0; i < 16; ++i) {
      const int high = digit(text[kAt[i]]);
      const int low = digit(text[kAt[i] + 1u]);
      if (high < 0 || low < 0) return std::nullopt;
      guid.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return guid;
  }

  bool is_zero() const noexcept { return *this == Guid{}; }

  /// Lower case, without braces.
  std::string to_string() const;

 private:
  static constexpr int digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  }
};

/// A GUID literal for the knowledge tables; a missing digit does not compile.
consteval Guid operator""_guid(const char* text, std::size_t size) {
  return Guid::parse(std::string_view(text, size)).value();
}

}  // namespace tierline::directory

template <>
struct std::hash<tierline::directory::Guid> {
  std::size_t operator()(const tierline::directory::Guid& guid) const noexcept {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    std::memcpy(&low, guid.bytes.data(), 8);
    std::memcpy(&high, guid.bytes.data() + 8, 8);
    return (low ^ (high * 0x9E3779B97F4A7C15u)) * 0xFF51AFD7ED558CCDu;
  }
};
