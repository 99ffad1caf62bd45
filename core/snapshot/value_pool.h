#pragma once

// Byte strings that are kept once each and known by number: what names of objects, and values that come again and again, are
// while a snapshot is built.

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/arena.h"
#include "core/base/bytes.h"
#include "core/base/hash.h"

namespace tierline::snapshot {

class ValuePool {
 public:
  using Id = std::uint32_t;

  std::size_t size() const { return kept_.size(); }

  /// The number of the string, which is kept when it is new. REQUIRES: fewer than 2^32 - 1 strings, none of 4 GiB.
  Id keep(ByteSpan bytes, bool& is_new);
  std::optional<Id> find(ByteSpan bytes) const;
  ByteSpan operator[](Id id) const;

 private:
  /// Of the table; free while `id` is kNone. The tag, a part of the hash, spares most looks at the strings.
  struct Slot {
    Id id = kNone;
    std::uint32_t tag = 0;
  };
  static constexpr Id kNone = ~Id{0};

  std::size_t place_of(ByteSpan bytes, std::uint64_t hash) const;
  void grow();

  SeededHash hash_;
  Arena arena_;
  std::vector<const std::uint8_t*> kept_;  ///< the size, 4 bytes, and the string
  std::vector<Slot> slots_ = std::vector<Slot>(16);
};

}  // namespace tierline::snapshot
