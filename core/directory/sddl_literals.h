#pragma once

// Names and values inside conditions and resource attributes, [MS-DTYP] 2.5.1.1. Texts are stored as UTF-16.

#include <optional>
#include <string>

#include "core/directory/sddl_reader.h"

namespace tierline::directory {

/// Characters that every name of an attribute may hold as they are (attr-char1).
constexpr bool is_plain_in_name(char c) noexcept {
  return is_decimal(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == ':' || c == '.' ||
         c == '/' || c == '_';
}

/// Characters of a plain name as SDDL writes it.
constexpr bool is_of_plain_name(char c) noexcept { return is_plain_in_name(c) || c == '@' || c == '%'; }

/// Characters that end a name; in one they are written as %XXXX.
constexpr bool ends_name(char c) noexcept {
  return is_sddl_space(c) || std::string_view("!\"&()<=>|").find(c) != std::string_view::npos;
}

/// Appends one UTF-16 unit as %XXXX.
void append_escaped(std::string& out, std::uint32_t unit);

/// A name as text: as it is where printable ASCII allows, the rest as %XXXX. Absent for an empty name and for
/// half a unit.
std::optional<std::string> name_to_text(ByteSpan units);

/// Reads a name of any characters but those that end one, or one of plain characters and '@' alone; both with
/// %XXXX for others. UTF-16; an error when it is empty.
std::string read_name(SddlReader& reader);
std::string read_plain_name(SddlReader& reader);

/// A text in quotation marks; absent when it holds one itself, as there is no way to escape it, or is no UTF-16.
std::optional<std::string> string_to_text(ByteSpan units);

/// Reads such a text, from its opening quotation mark on. UTF-16.
std::string read_string(SddlReader& reader);

/// "#" and two digits for each byte.
std::string octets_to_text(ByteSpan bytes);

/// Reads an octet string. The first '#' may be missing, further ones are zeros; an odd number of digits has a
/// zero before it, as Windows has it.
std::string read_octets(SddlReader& reader);

/// A number the way conditions store it, [MS-DTYP] 2.4.4.17.5.
struct ClaimNumber {
  enum Sign : std::uint8_t { kPlus = 1, kMinus = 2, kNoSign = 3 };
  enum Base : std::uint8_t { kOctal = 1, kDecimal = 2, kHexadecimal = 3 };

  std::uint64_t value = 0;  ///< two's complement
  std::uint8_t sign = kNoSign;
  std::uint8_t base = kDecimal;
};

/// With its sign and base where they fit the value; without a sign, octal and hexadecimal ones are unsigned.
std::string number_to_text(const ClaimNumber& number);

/// True for digits that read_number takes to their end: decimal, 0 and octal, 0x and hexadecimal.
bool is_number(std::string_view digits) noexcept;

/// What a number may be: 64 bits with or without a sign, or never negative.
enum class Range { Any, Unsigned };

/// Reads a number with or without a sign. An error when it does not fit. Of any range, octal and hexadecimal ones
/// without a sign may fill all 64 bits.
ClaimNumber read_number(SddlReader& reader, Range range = Range::Any);

}  // namespace tierline::directory
