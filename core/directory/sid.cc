#include "core/directory/sid.h"

#include <charconv>
#include <cstring>

namespace tierline::directory {

std::optional<Sid> Sid::from_bytes(ByteSpan raw) noexcept {
  if (raw.size() < 8 || raw[0] != 1 || raw[1] > kMaxSubAuthorities) return std::nullopt;
  Sid sid;
  sid.count_ = raw[1];
  if (raw.size() < sid.size()) return std::nullopt;
  for (std::size_t i = 2; i < 8; ++i) sid.authority_ = (sid.authority_ << 8) | raw[i];
  static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "sub-authorities are little-endian");
  std::memcpy(sid.sub_.data(), raw.data() + 8, 4u * sid.count_);
  return sid;
}

std::optional<Sid> Sid::parse(std::string_view text) noexcept {
  if (text.size() < 5 || (text[0] != 'S' && text[0] != 's') || text.substr(1, 3) != "-1-")
    return std::nullopt;
  const char* at = text.data() + 4;
  const char* const end = text.data() + text.size();
  Sid sid;
  std::from_chars_result parsed = {};
  if (text.substr(4, 2) == "0x" || text.substr(4, 2) == "0X") {
    parsed = std::from_chars(at + 2, end, sid.authority_, 16);
  } else {
    parsed = std::from_chars(at, end, sid.authority_);
  }
  if (parsed.ec != std::errc() || sid.authority_ > 0xFFFFFFFFFFFFu) return std::nullopt;
  at = parsed.ptr;
  while (at != end) {
    if (*at != '-' || sid.count_ == kMaxSubAuthorities) return std::nullopt;
    parsed = std::from_chars(at + 1, end, sid.sub_[sid.count_]);
    if (parsed.ec != std::errc() || parsed.ptr == at + 1) return std::nullopt;
    ++sid.count_;
    at = parsed.ptr;
  }
  return sid;
}

std::string Sid::to_string() const {
  std::array<char, 16 + 11 * (kMaxSubAuthorities + 1)> digits;
  char* at = digits.data();
  const auto put = [&](std::uint64_t number) { at = std::to_chars(at, digits.end(), number).ptr; };
  std::string text = "S-1-";
  if (authority_ <= 0xFFFFFFFFu) {
    put(authority_);
  } else {  // [MS-DTYP] 2.4.2.1: an authority of 2^32 or more is written in hexadecimal
    constexpr char kHex[] = "0123456789ABCDEF";
    text += "0x";
    for (int shift = 44; shift >= 0; shift -= 4) text += kHex[(authority_ >> shift) & 15];
  }
  for (std::size_t i = 0; i < count_; ++i) {
    *at++ = '-';
    put(sub_[i]);
  }
  text.append(digits.data(), at);
  return text;
}

std::string Sid::to_bytes() const {
  std::string raw;
  raw += '\1';
  raw += static_cast<char>(count_);
  for (int shift = 40; shift >= 0; shift -= 8) raw += static_cast<char>((authority_ >> shift) & 0xFF);
  for (std::size_t i = 0; i < count_; ++i) {
    for (unsigned shift = 0; shift < 32; shift += 8) raw += static_cast<char>((sub_[i] >> shift) & 0xFF);
  }
  return raw;
}

Sid Sid::parent() const noexcept {
  Sid sid = *this;
  sid.sub_[--sid.count_] = 0;
  return sid;
}

Sid Sid::with_rid(std::uint32_t rid) const noexcept {
  Sid sid = *this;
  if (sid.count_ < kMaxSubAuthorities) sid.sub_[sid.count_++] = rid;
  return sid;
}

}  // namespace tierline::directory
