#include "core/snapshot/value_pool.h"

#include <algorithm>
#include <cstring>

namespace tierline::snapshot {
namespace {

std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }

}  // namespace

ByteSpan ValuePool::operator[](Id id) const {
  std::uint32_t size = 0;
  std::memcpy(&size, kept_[id], sizeof size);
  return {kept_[id] + sizeof size, size};
}

// Where the string is, or would be put. At least a quarter of the table is free.
std::size_t ValuePool::place_of(ByteSpan bytes, std::uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t place = hash & mask;; place = (place + 1) & mask) {
    const Slot& slot = slots_[place];
    if (slot.id == kNone) return place;
    if (slot.tag == tag_of(hash) && std::ranges::equal((*this)[slot.id], bytes)) return place;
  }
}

ValuePool::Id ValuePool::keep(ByteSpan bytes, bool& is_new) {
  if ((kept_.size() + 1) * 4 > slots_.size() * 3) grow();
  const std::uint64_t hash = hash_(bytes);
  Slot& slot = slots_[place_of(bytes, hash)];
  is_new = slot.id == kNone;
  if (!is_new) return slot.id;
  slot = {static_cast<Id>(kept_.size()), tag_of(hash)};
  const auto size = static_cast<std::uint32_t>(bytes.size());
  const std::span<std::uint8_t> place = arena_.reserve(sizeof size + bytes.size());
  std::memcpy(place.data(), &size, sizeof size);
  std::ranges::copy(bytes, place.begin() + sizeof size);
  kept_.push_back(place.data());
  return slot.id;
}

std::optional<ValuePool::Id> ValuePool::find(ByteSpan bytes) const {
  const Slot& slot = slots_[place_of(bytes, hash_(bytes))];
  return slot.id == kNone ? std::nullopt : std::optional(slot.id);
}

void ValuePool::grow() {
  const std::size_t mask = slots_.size() * 2 - 1;
  slots_ = std::vector<Slot>(slots_.size() * 2);
  for (Id id = 0; id < kept_.size(); ++id) {
    const std::uint64_t hash = hash_((*this)[id]);
    std::size_t place = hash & mask;
    while (slots_[place].id != kNone) place = (place + 1) & mask;
    slots_[place] = {id, tag_of(hash)};
  }
}

}  // namespace tierline::snapshot
