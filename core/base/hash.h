#pragma once

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/text.h"

namespace tierline {

/// Hash of bytes or text for tables in memory, and only there: it is another one in each table, because whoever can
/// write the keys must not be able to choose many with the same hash.
struct SeededHash {
  using is_avalanching = void;
  using is_transparent = void;
  std::uint64_t seed = std::random_device()();

  std::size_t operator()(ByteSpan bytes) const {
    return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
  }
  std::size_t operator()(std::string_view text) const { return (*this)(as_bytes(text)); }
};

/// The same of ASCII text that is compared without case.
struct NocaseHash {
  using is_avalanching = void;
  using is_transparent = void;
  std::uint64_t seed = std::random_device()();

  std::size_t operator()(std::string_view text) const {
    std::uint64_t hash = seed;
    std::array<char, 64> folded;
    do {
      const std::string_view part = text.substr(0, folded.size());
      std::transform(part.begin(), part.end(), folded.begin(), to_lower_ascii);
      hash = XXH3_64bits_withSeed(folded.data(), part.size(), hash);
      text.remove_prefix(part.size());
    } while (!text.empty());
    return hash;
  }
};

struct NocaseEqual {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const { return equal_ascii_nocase(a, b); }
};

}  // namespace tierline
