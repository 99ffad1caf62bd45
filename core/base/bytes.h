#pragma once

// Bytes and text are the same thing on the wire; these two spans say which one is meant.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace tierline {

using ByteSpan = std::span<const std::uint8_t>;

inline ByteSpan as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline std::string_view as_text(ByteSpan bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Adds an integer in little-endian order.
template <class Integer>
void append(std::string& out, Integer value) {
  for (std::size_t i = 0; i < sizeof(Integer); ++i) out += static_cast<char>((value >> (8 * i)) & 0xFF);
}

/// Adds a text behind its length, for read_text(). REQUIRES: it is shorter than 4 GiB.
inline void append_text(std::string& out, std::string_view text) {
  append(out, static_cast<std::uint32_t>(text.size()));
  out += text;
}

/// Reads little-endian integers from bytes that nobody vouches for.
///
/// A read past the end yields 0 and makes failed() true for good, so that a parser can read a whole
/// structure and look once. offset() then still tells where the first read failed.
class ByteReader {
 public:
  explicit ByteReader(ByteSpan bytes, std::size_t offset = 0) noexcept : bytes_(bytes), offset_(offset) {
    if (offset > bytes.size()) failed_ = true;
  }

  std::uint8_t u8() noexcept { return read<std::uint8_t>(); }
  std::uint16_t u16() noexcept { return read<std::uint16_t>(); }
  std::uint32_t u32() noexcept { return read<std::uint32_t>(); }
  std::uint64_t u64() noexcept { return read<std::uint64_t>(); }

  /// The next `size` bytes, or an empty span (and failed()) when fewer are left.
  ByteSpan take(std::size_t size) noexcept {
    if (failed_ || size > bytes_.size() - offset_) {
      failed_ = true;
      return {};
    }
    const ByteSpan taken = bytes_.subspan(offset_, size);
    offset_ += size;
    return taken;
  }

  bool failed() const noexcept { return failed_; }
  std::size_t offset() const noexcept { return offset_; }
  std::size_t remaining() const noexcept { return failed_ ? 0 : bytes_.size() - offset_; }

 private:
  template <class Integer>
  Integer read() noexcept {
    static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the wire formats read here are little-endian");
    const ByteSpan raw = take(sizeof(Integer));
    Integer value = 0;
    if (!failed_) std::memcpy(&value, raw.data(), sizeof(Integer));
    return value;
  }

  ByteSpan bytes_;
  std::size_t offset_;
  bool failed_ = false;
};

/// What append_text() has added; empty when the reader failed. It lives as long as the bytes.
inline std::string_view read_text(ByteReader& from) noexcept {
  const std::uint32_t size = from.u32();
  return as_text(from.take(size));
}

}  // namespace tierline
