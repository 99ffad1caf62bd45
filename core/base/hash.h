#pragma once

#include <xxhash.h>

#include <cstdint>
#include <random>
#include <string_view>

#include "core/base/bytes.h"

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

}  // namespace tierline
