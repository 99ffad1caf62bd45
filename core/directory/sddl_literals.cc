#include "core/directory/sddl_literals.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/base/text.h"
#include "core/directory/utf16.h"

namespace tierline::directory {
namespace {

constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63;
constexpr std::size_t kEscapeDigits = 4;

int radix_of(std::uint8_t base) noexcept {
  return base == ClaimNumber::kOctal ? 8 : base == ClaimNumber::kHexadecimal ? 16 : 10;
}

std::string_view prefix_of(std::uint8_t base) noexcept {
  return base == ClaimNumber::kOctal ? "0" : base == ClaimNumber::kHexadecimal ? "0x" : "";
}

std::uint8_t base_of(std::string_view digits) noexcept {
  if (digits.starts_with("0x") || digits.starts_with("0X")) return ClaimNumber::kHexadecimal;
  return digits.size() > 1 && digits[0] == '0' ? ClaimNumber::kOctal : ClaimNumber::kDecimal;
}

void append_digits(std::string& out, std::uint64_t value, std::uint8_t base) {
  std::array<char, 24> digits = {};
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), value, radix_of(base));
  out += prefix_of(base);
  out.append(digits.data(), written.ptr);
}

std::uint32_t digit_value(char c) noexcept {
  return static_cast<std::uint32_t>(is_decimal(c) ? c - '0' : (c | 0x20) - 'a' + 10);
}

// Replaces each %XXXX by its unit; absent when one is no such thing or the text is no UTF-8.
std::optional<std::string> unescaped(std::string_view text) {
  std::string units;
  while (!text.empty()) {
    const std::size_t escape = text.find('%');
    const std::optional<std::string> plain = utf8_to_utf16(text.substr(0, escape));
    if (!plain) return std::nullopt;
    units += *plain;
    if (escape == std::string_view::npos) break;
    const std::string_view digits = text.substr(escape + 1, kEscapeDigits);
    if (digits.size() < kEscapeDigits || !std::all_of(digits.begin(), digits.end(), is_hexadecimal)) {
      return std::nullopt;
    }
    std::uint32_t unit = 0;
    for (const char c : digits) unit = unit << 4 | digit_value(c);
    units += static_cast<char>(unit & 0xFF);
    units += static_cast<char>(unit >> 8);
    text.remove_prefix(escape + 1 + kEscapeDigits);
  }
  return units;
}

// The largest magnitude that a number of this sign and base may have.
std::uint64_t largest(const ClaimNumber& number, Range range) noexcept {
  if (range == Range::Unsigned) return number.sign == ClaimNumber::kMinus ? 0 : ~std::uint64_t{0};
  if (number.sign == ClaimNumber::kMinus) return kSignBit;
  const bool is_bit_pattern = number.sign == ClaimNumber::kNoSign && number.base != ClaimNumber::kDecimal;
  return is_bit_pattern ? ~std::uint64_t{0} : kSignBit - 1;
}

template <class Belongs>
std::string read_name_of(SddlReader& reader, Belongs belongs) {
  const std::size_t start = reader.offset();
  const std::string_view text = reader.take_while(belongs);
  std::optional<std::string> units = unescaped(text);
  if (text.empty() || !units) {
    reader.fail("not the name of an attribute", start);
    return {};
  }
  return *std::move(units);
}

}  // namespace

void append_escaped(std::string& out, std::uint32_t unit) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '%';
  for (int shift = 12; shift >= 0; shift -= 4) out += kHex[(unit >> shift) & 15];
}

std::optional<std::string> name_to_text(ByteSpan units) {
  if (units.empty() || units.size() % 2 != 0) return std::nullopt;
  std::string text;
  for (ByteReader reader(units); reader.remaining() > 0;) {
    const std::uint16_t unit = reader.u16();
    const bool is_printable = unit > ' ' && unit < 0x7F && unit != '%' && !ends_name(static_cast<char>(unit));
    if (is_printable) {
      text += static_cast<char>(unit);
    } else {
      append_escaped(text, unit);
    }
  }
  return text;
}

std::string read_name(SddlReader& reader) {
  return read_name_of(reader, [](char c) { return !ends_name(c); });
}

std::string read_plain_name(SddlReader& reader) { return read_name_of(reader, is_of_plain_name); }

std::optional<std::string> string_to_text(ByteSpan units) {
  const std::optional<std::string> text = utf16_to_utf8(units);
  if (!text || text->find('"') != std::string::npos) return std::nullopt;
  return '"' + *text + '"';
}

std::string read_string(SddlReader& reader) {
  reader.expect('"');
  const std::size_t start = reader.offset();
  const std::string_view text = reader.take_until("\"");
  reader.expect('"');
  std::optional<std::string> units = utf8_to_utf16(text);
  if (!units) reader.fail("not UTF-8", start);
  return reader.failed() ? std::string() : *std::move(units);
}

std::string octets_to_text(ByteSpan bytes) { return '#' + to_hex(bytes); }

std::string read_octets(SddlReader& reader) {
  reader.skip("#");
  const std::string_view digits = reader.take_while([](char c) { return c == '#' || is_hexadecimal(c); });
  const auto value = [](char c) { return c == '#' ? 0u : digit_value(c); };
  std::string bytes;
  std::uint32_t byte = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    byte = (byte << 4 | value(digits[i])) & 0xFF;
    if ((digits.size() - i) % 2 == 1) bytes += static_cast<char>(byte);
  }
  return bytes;
}

std::string number_to_text(const ClaimNumber& number) {
  const bool is_negative = (number.value & kSignBit) != 0;
  const std::uint64_t magnitude = is_negative ? 0 - number.value : number.value;
  const bool says_plus = number.sign == ClaimNumber::kPlus && !is_negative;
  const bool says_minus = number.sign == ClaimNumber::kMinus && (is_negative || number.value == 0);
  const bool is_bits = number.base == ClaimNumber::kOctal || number.base == ClaimNumber::kHexadecimal;
  std::string text;
  if (!says_plus && !says_minus && is_bits) {
    append_digits(text, number.value, number.base);
    return text;
  }
  if (says_plus) text = "+";
  if (says_minus || is_negative) text = "-";
  append_digits(text, magnitude, number.base);
  return text;
}

bool is_number(std::string_view digits) noexcept {
  const auto all = [&](auto belongs) { return std::all_of(digits.begin(), digits.end(), belongs); };
  switch (base_of(digits)) {
    case ClaimNumber::kHexadecimal:
      digits.remove_prefix(2);
      return !digits.empty() && all(is_hexadecimal);
    case ClaimNumber::kOctal:
      return all([](char c) { return c >= '0' && c <= '7'; });
    default:
      return !digits.empty() && all(is_decimal);
  }
}

ClaimNumber read_number(SddlReader& reader, Range range) {
  const std::size_t start = reader.offset();
  ClaimNumber number;
  if (reader.skip("+")) {
    number.sign = ClaimNumber::kPlus;
  } else if (reader.skip("-")) {
    number.sign = ClaimNumber::kMinus;
  }
  std::string_view digits = reader.take_while(is_plain_in_name);
  if (!is_number(digits)) {
    reader.fail("not a number", start);
    return {};
  }
  number.base = base_of(digits);
  if (number.base == ClaimNumber::kHexadecimal) digits.remove_prefix(2);
  const auto parsed =
      std::from_chars(digits.data(), digits.data() + digits.size(), number.value, radix_of(number.base));
  if (parsed.ec != std::errc() || number.value > largest(number, range)) {
    reader.fail("a number out of range", start);
    return {};
  }
  if (number.sign == ClaimNumber::kMinus) number.value = 0 - number.value;
  return number;
}

}  // namespace tierline::directory
