#pragma once

// Memory for what is kept until everything is done: many small pieces, none of which is freed alone.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/base/bytes.h"

namespace tierline {

/// Copies stay where they are until clear(), or until the arena goes away, also when it is moved.
class Arena {
 public:
  ByteSpan keep(ByteSpan bytes) { return keep<std::uint8_t>(bytes); }

  template <class T>
  requires std::is_trivially_copyable_v<T> std::span<const T> keep(std::span<const T> items) {
    if (items.empty()) return {};
    void* const place = allocate(items.size_bytes(), alignof(T));
    std::memcpy(place, items.data(), items.size_bytes());
    return {static_cast<const T*>(place), items.size()};
  }

  /// Room for that many bytes, to be filled.
  std::span<std::uint8_t> reserve(std::size_t size) {
    return {static_cast<std::uint8_t*>(allocate(size, 1)), size};
  }

  std::string_view keep(std::string_view text) { return as_text(keep(as_bytes(text))); }

  /// Forgets everything; little memory is kept for what comes next.
  void clear() {
    if (blocks_.size() > 1 || capacity_ > kBlock) {
      blocks_.clear();
      capacity_ = 0;
    }
    used_ = 0;
  }

 private:
  static constexpr std::size_t kBlock = 1u << 20;

  void* allocate(std::size_t size, std::size_t alignment) {
    used_ = (used_ + alignment - 1) / alignment * alignment;
    if (used_ > capacity_ || size > capacity_ - used_) {
      capacity_ = size > kBlock ? size : kBlock;
      blocks_.push_back(std::make_unique_for_overwrite<std::uint8_t[]>(capacity_));
      used_ = 0;
    }
    void* const place = blocks_.back().get() + used_;
    used_ += size;
    return place;
  }

  std::vector<std::unique_ptr<std::uint8_t[]>> blocks_;
  std::size_t capacity_ = 0;  ///< of the last block
  std::size_t used_ = 0;
};

}  // namespace tierline
