#include "core/directory/utf16.h"

#include "core/base/text.h"

namespace tierline::directory {
namespace {

constexpr std::uint32_t kFirstSupplementary = 0x10000;

bool is_surrogate(std::uint32_t unit) noexcept { return unit >= 0xD800 && unit <= 0xDFFF; }

void append_utf8(std::string& out, std::uint32_t c) {
  const auto continuation = [&](unsigned shift) { out += static_cast<char>(0x80 | ((c >> shift) & 0x3F)); };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | (c >> 6));
    continuation(0);
  } else if (c < kFirstSupplementary) {
    out += static_cast<char>(0xE0 | (c >> 12));
    continuation(6);
    continuation(0);
  } else {
    out += static_cast<char>(0xF0 | (c >> 18));
    continuation(12);
    continuation(6);
    continuation(0);
  }
}

void append_unit(std::string& out, std::uint32_t unit) {
  out += static_cast<char>(unit & 0xFF);
  out += static_cast<char>(unit >> 8);
}

}  // namespace

std::optional<std::string> utf16_to_utf8(ByteSpan units) {
  std::string text;
  text.reserve(units.size() / 2);
  ByteReader reader(units);
  while (reader.remaining() > 0) {
    std::uint32_t c = reader.u16();
    if (is_surrogate(c)) {
      const std::uint32_t low = reader.u16();
      if (c >= 0xDC00 || low < 0xDC00 || low > 0xDFFF) return std::nullopt;
      c = kFirstSupplementary + ((c - 0xD800) << 10) + (low - 0xDC00);
    }
    if (reader.failed()) return std::nullopt;
    append_utf8(text, c);
  }
  return text;
}

std::optional<std::string> utf8_to_utf16(std::string_view text) {
  if (!is_utf8(text)) return std::nullopt;
  std::string units;
  units.reserve(text.size() * 2);
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t k) { return static_cast<std::uint8_t>(text[i + k]); };
    const std::uint8_t lead = byte(0);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    std::uint32_t c = length == 1 ? lead : lead & (0xFFu >> (length + 1));
    for (std::size_t k = 1; k < length; ++k) c = (c << 6) | (byte(k) & 0x3Fu);
    if (c < kFirstSupplementary) {
      append_unit(units, c);
    } else {
      append_unit(units, 0xD800 + ((c - kFirstSupplementary) >> 10));
      append_unit(units, 0xDC00 + ((c - kFirstSupplementary) & 0x3FF));
    }
    i += length;
  }
  return units;
}

}  // namespace tierline::directory
