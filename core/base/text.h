#pragma once

// Text as directories hold it: UTF-8 that may be broken or hostile, compared without case.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.h"

namespace tierline {

/// True when `text` is well-formed UTF-8 (no overlong forms, surrogates or code points past U+10FFFF).
bool is_utf8(std::string_view text) noexcept;

/// `text` for people: broken bytes become \xNN, control, bidirectional and zero-width characters become
/// \u{HEX}, so that a name can neither drive a terminal nor pose as another one.
std::string visible(std::string_view text);

/// Lower case for comparing directory names. ASCII and the letters of Latin-1, Greek and Cyrillic are
/// folded, as their case pairs are what naming collisions use in practice; other bytes stay as they are.
std::string fold_case(std::string_view text);

/// Upper case, by the same pairs.
std::string upper_case(std::string_view text);

constexpr char to_lower_ascii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

/// ASCII comparison without case, for attribute and class names, which are ASCII by schema rule.
bool equal_ascii_nocase(std::string_view a, std::string_view b) noexcept;

/// Base64 with its padding, RFC 4648 section 4; absent for anything else.
std::optional<std::string> from_base64(std::string_view text);

/// Lower-case hexadecimal.
std::string to_hex(ByteSpan bytes);

}  // namespace tierline
