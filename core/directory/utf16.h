#pragma once

// UTF-16 little-endian, which the texts inside descriptors are stored in, and UTF-8, which everything else is.

#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.h"

namespace tierline::directory {

/// Absent when the size is odd or a surrogate stands without its other half.
std::optional<std::string> utf16_to_utf8(ByteSpan units);

/// Absent when `text` is no UTF-8.
std::optional<std::string> utf8_to_utf16(std::string_view text);

}  // namespace tierline::directory
