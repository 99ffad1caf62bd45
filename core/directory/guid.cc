#include "core/directory/guid.h"

#include <algorithm>

namespace tierline::directory {

std::optional<Guid> Guid::from_bytes(ByteSpan raw) noexcept {
  if (raw.size() != 16) return std::nullopt;
  Guid guid;
  std::copy(raw.begin(), raw.end(), guid.bytes.begin());
  return guid;
}

std::string Guid::to_string() const {
  constexpr std::uint8_t kOrder[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
  constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kHex[bytes[kOrder[i]] >> 4];
    text += kHex[bytes[kOrder[i]] & 15];
  }
  return text;
}

}  // namespace tierline::directory
