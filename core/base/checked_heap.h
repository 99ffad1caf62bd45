#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

namespace tierline {

/// Memory as RapidJSON's allocators hand it out; but where there is none, theirs goes on with a null pointer. Throws
/// std::bad_alloc, like everything else that runs out of it.
struct CheckedHeap {
  static constexpr bool kNeedFree = true;

  void* Malloc(std::size_t size) { return size == 0 ? nullptr : checked(std::malloc(size)); }
  void* Realloc(void* place, std::size_t /*old_size*/, std::size_t size) {
    if (size != 0) return checked(std::realloc(place, size));
    Free(place);
    return nullptr;
  }
  static void Free(void* place) { std::free(place); }

 private:
  static void* checked(void* place) {
    if (place == nullptr) throw std::bad_alloc();
    return place;
  }
};

}  // namespace tierline
