#include "core/snapshot/counterparts.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/snapshot/format.h"

namespace tierline::snapshot {
namespace {

constexpr std::uint32_t kNotCompared = 0xFFFFFFFF;

bool same_bytes(const std::uint8_t* a, const std::uint8_t* b, std::size_t size) {
  return size == 0 || std::memcmp(a, b, size) == 0;
}

/// Whether two lists of places divide what they divide alike, wherever it begins. Without a way out in the middle, so that
/// several are compared at once.
bool same_steps(const std::uint32_t* a, const std::uint32_t* b, std::size_t size) {
  const std::uint32_t shift = *a - *b;
  std::uint32_t differs = 0;
  for (std::size_t i = 1; i < size; ++i) differs |= (a[i] - b[i]) ^ shift;
  return differs == 0;
}

}  // namespace

Counterparts::Row Counterparts::Rows::operator[](ObjectIndex object) {
  const std::vector<ObjectIndex>& first = snapshot_->first_object_;
  if (object < first[chunk_]) chunk_ = 0;
  while (object >= first[chunk_ + 1]) ++chunk_;
  const Snapshot::ObjectColumns* columns = &snapshot_->objects_[chunk_];
  std::size_t row = object - first[chunk_];
  if (const auto moved = snapshot_->moved_.find(object); moved != snapshot_->moved_.end()) {
    columns = &snapshot_->objects_.back();
    row = moved->second;
  }
  const auto changed = snapshot_->descriptor_of_.find(object);
  const std::uint32_t begin = columns->attribute_starts[row];
  return {columns->guids.data() + row * 16,
          changed == snapshot_->descriptor_of_.end() ? columns->descriptors[row] : changed->second,
          columns->attribute_ids.subspan(begin, columns->attribute_starts[row + 1] - begin),
          columns->value_starts.data() + begin,
          columns->value_offsets.data(),
          columns->heap.data()};
}

Counterparts::Counterparts(const Snapshot& before, const Snapshot& after, std::span<const Attribute> compared)
    : before_(before), after_(after), compared_(compared.begin(), compared.end()) {
  match_attributes();
  match_objects();
  find_shifts();
  is_named_.assign(after.object_count(), false);
  is_named_twice_.assign(after.object_count(), false);
  same_descriptor_.assign(before.descriptor_count(), kNoDescriptor);
}

void Counterparts::match_attributes() {
  const Snapshot& before = before_.snapshot();
  const Snapshot& after = after_.snapshot();
  before_place_.assign(before.names_objects_.size(), kNotCompared);
  after_place_.assign(after.names_objects_.size(), kNotCompared);
  found_at_.assign(compared_.size(), 0);
  for (std::uint32_t place = 0; place < compared_.size(); ++place) {
    const auto& [old_id, new_id] = compared_[place];
    if (old_id != kNoAttribute) before_place_[old_id] = place;
    if (new_id != kNoAttribute) after_place_[new_id] = place;
    Form form = Form::Different;
    if (old_id != kNoAttribute && new_id != kNoAttribute &&
        before.names_objects_[old_id] == after.names_objects_[new_id]) {
      // Objects' own names are never numbers.
      const bool is_text = before.names_objects_[old_id] == 0 ||
                           (old_id == before.dn_attribute_ && new_id == after.dn_attribute_);
      form = is_text ? Form::Bytes : Form::Names;
    }
    forms_.push_back(form);
  }
  const std::size_t shared = std::min(before_place_.size(), after_place_.size());
  is_aligned_ = std::equal(before_place_.begin(), before_place_.begin() + static_cast<std::ptrdiff_t>(shared),
                           after_place_.begin());
  for (const std::uint32_t place : before_place_) {
    form_of_.push_back(place == kNotCompared ? Form::Ignored : forms_[place]);
  }
}

std::strong_ordering Counterparts::order(ObjectIndex before, ObjectIndex after) {
  const std::uint8_t* const a = before_[before].guid;
  const std::uint8_t* const b = after_[after].guid;
  if (const int differs = std::memcmp(a, b, 16); differs != 0) return differs <=> 0;
  static constexpr std::uint8_t kZero[16] = {};
  if (std::memcmp(a, kZero, 16) != 0) return std::strong_ordering::equal;
  return before_.snapshot().object(before).dn() <=> after_.snapshot().object(after).dn();
}

void Counterparts::match_objects() {
  const std::size_t old_count = before_.snapshot().object_count();
  const std::size_t new_count = after_.snapshot().object_count();
  counterpart_.assign(old_count, kNoObject);
  ObjectIndex o = 0;
  ObjectIndex n = 0;
  while (o < old_count || n < new_count) {
    const auto ordered = o == old_count   ? std::strong_ordering::greater
                         : n == new_count ? std::strong_ordering::less
                                          : order(o, n);
    if (ordered < 0) {
      alone_.push_back({o++, false});
    } else if (ordered > 0) {
      alone_.push_back({n++, true});
    } else {
      counterpart_[o++] = n++;
    }
  }
}

void Counterparts::find_shifts() {
  for (std::size_t begin = 0; begin < counterpart_.size(); begin += kBlock) {
    const std::size_t end = std::min(begin + kBlock, counterpart_.size());
    const auto shift = [&](std::size_t object) {
      return counterpart_[object] == kNoObject ? kMixed
                                               : static_cast<std::int32_t>(counterpart_[object] - object);
    };
    const std::int32_t first = shift(begin);
    bool is_mixed = false;
    for (std::size_t object = begin; object < end; ++object) is_mixed |= shift(object) != first;
    shift_.push_back(is_mixed ? kMixed : first);
  }
}

Counterparts::Compared Counterparts::compare(ObjectIndex before, ObjectIndex after) {
  const Row a = before_[before];
  const Row b = after_[after];
  suspects_.clear();
  if (!is_unchanged(a, b)) find_suspects(a, b);
  return {suspects_, same_descriptor(a.descriptor, b.descriptor)};
}

void Counterparts::find_suspects(const Row& a, const Row& b) {
  for (std::uint32_t i = 0; i < a.ids.size(); ++i) {
    const std::uint32_t place = before_place_[a.ids[i]];
    if (place != kNotCompared) found_at_[place] = i + 1;
  }
  for (std::size_t i = 0; i < b.ids.size(); ++i) {
    const std::uint32_t place = after_place_[b.ids[i]];
    if (place == kNotCompared) continue;
    const std::uint32_t found = std::exchange(found_at_[place], 0);
    if (found == 0 || !same_values(forms_[place], a, found - 1, b, i)) suspects_.push_back(place);
  }
  for (const AttributeId id : a.ids) {
    const std::uint32_t place = before_place_[id];
    if (place != kNotCompared && std::exchange(found_at_[place], 0) != 0) suspects_.push_back(place);
  }
  std::sort(suspects_.begin(), suspects_.end());
}

// Whether objects have the same attributes in the same order. Those that do not count may be any.
bool Counterparts::same_attributes(std::span<const AttributeId> before,
                                   std::span<const AttributeId> after) const {
  if (before.size() != after.size()) return false;
  if (is_aligned_) return std::ranges::equal(before, after);
  std::uint32_t differs = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    differs |= before_place_[before[i]] ^ after_place_[after[i]];
  }
  return differs == 0;
}

// Whether nothing that counts has changed, for objects that have as many values of the same sizes: what lies between
// values that are to be looked at one by one, or not at all, is compared as one.
bool Counterparts::is_unchanged(const Row& before, const Row& after) const {
  const std::size_t attributes = before.ids.size();
  if (!same_attributes(before.ids, after.ids) ||
      !same_steps(before.value_starts, after.value_starts, attributes + 1)) {
    return false;
  }
  const std::uint32_t first = *before.value_starts;
  if (!same_steps(before.offsets + first, after.offsets + *after.value_starts,
                  before.value_starts[attributes] - first + 1)) {
    return false;
  }
  const std::uint32_t origin = before.offsets[first];
  const std::uint8_t* const a = before.heap + origin;
  const std::uint8_t* const b = after.heap + after.offsets[*after.value_starts];
  std::uint32_t begin = 0;
  for (std::size_t i = 0; i < attributes; ++i) {
    const Form form = form_of_[before.ids[i]];
    if (form == Form::Bytes) continue;
    if (form == Form::Different) return false;
    const std::uint32_t end = before.begin(i) - origin;
    if (!same_bytes(a + begin, b + begin, end - begin)) return false;
    begin = before.end(i) - origin;
    if (form == Form::Ignored) continue;
    const std::uint32_t value = before.value_starts[i];
    if (!same_names(a + end, b + end, {before.offsets + value, before.value_starts[i + 1] - value + 1u})) {
      return false;
    }
  }
  return same_bytes(a + begin, b + begin, before.offsets[before.value_starts[attributes]] - origin - begin);
}

bool Counterparts::same_values(Form form, const Row& before, std::size_t a, const Row& after,
                               std::size_t b) const {
  const std::uint32_t first = before.value_starts[a];
  const std::uint32_t other = after.value_starts[b];
  const std::uint32_t count = before.value_starts[a + 1] - first;
  if (form == Form::Different || after.value_starts[b + 1] - other != count ||
      !same_steps(before.offsets + first, after.offsets + other, count + 1)) {
    return false;
  }
  const std::uint8_t* const old_values = before.heap + before.offsets[first];
  const std::uint8_t* const new_values = after.heap + after.offsets[other];
  if (form == Form::Names) return same_names(old_values, new_values, {before.offsets + first, count + 1});
  return same_bytes(old_values, new_values, before.offsets[first + count] - before.offsets[first]);
}

// Of two lists of names that `starts` divides alike.
bool Counterparts::same_names(const std::uint8_t* before, const std::uint8_t* after,
                              std::span<const std::uint32_t> starts) const {
  for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
    const std::size_t size = starts[i + 1] - starts[i];
    if (*before != *after) return false;
    if (*before == kDnAsText) {
      if (!same_bytes(before, after, size)) return false;
    } else {
      ObjectIndex old_object = 0;
      ObjectIndex new_object = 0;
      std::memcpy(&old_object, before + 1, sizeof old_object);
      std::memcpy(&new_object, after + 1, sizeof new_object);
      if (counterpart(old_object) != new_object) return false;
    }
    before += size;
    after += size;
  }
  return true;
}

bool Counterparts::same_descriptor(DescriptorIndex before, DescriptorIndex after) {
  if (before == kNoDescriptor || after == kNoDescriptor) return before == after;
  if (same_descriptor_[before] == after) return true;
  const bool same =
      std::ranges::equal(before_.snapshot().descriptor(before), after_.snapshot().descriptor(after));
  if (same) same_descriptor_[before] = after;
  return same;
}

std::size_t Counterparts::Row::find(AttributeId attribute) const {
  const auto found = std::lower_bound(ids.begin(), ids.end(), attribute);
  return found == ids.end() || *found != attribute ? ids.size()
                                                   : static_cast<std::size_t>(found - ids.begin());
}

const Counterparts::Differences& Counterparts::differences(std::uint32_t place, ObjectIndex before,
                                                           ObjectIndex after) {
  differences_.before.clear();
  differences_.after.clear();
  texts_.clear();
  const Row a = before_[before];
  const Row b = after_[after];
  const auto values = [](const Row& row, AttributeId attribute) {
    const std::size_t found = row.find(attribute);
    return found == row.ids.size() ? std::pair(0u, 0u)
                                   : std::pair(row.value_starts[found], row.value_starts[found + 1]);
  };
  const auto [old_first, old_end] = values(a, compared_[place].before);
  const auto [new_first, new_end] = values(b, compared_[place].after);
  const Form form = forms_[place];
  if (form == Form::Different) {
    for (std::uint32_t i = old_first; i < old_end; ++i) differences_.before.push_back(i - old_first);
    for (std::uint32_t i = new_first; i < new_end; ++i) differences_.after.push_back(i - new_first);
    return differences_;
  }
  /// kNoObject for a text.
  const auto object_of = [&](ByteSpan value) {
    ObjectIndex object = kNoObject;
    if (form == Form::Names && value[0] == kDnAsObject) std::memcpy(&object, value.data() + 1, sizeof object);
    return object;
  };
  for (std::uint32_t i = new_first; i < new_end; ++i) {
    const ByteSpan value = b.value(i);
    if (const ObjectIndex object = object_of(value); object != kNoObject) {
      is_named_[object] = true;
    } else {
      texts_.emplace(as_text(value), false);
    }
  }
  for (std::uint32_t i = old_first; i < old_end; ++i) {
    const ByteSpan value = a.value(i);
    bool is_common = false;
    if (const ObjectIndex object = object_of(value); object != kNoObject) {
      const ObjectIndex same = counterpart(object);
      is_common = same != kNoObject && is_named_[same];
      if (is_common) is_named_twice_[same] = true;
    } else if (const auto text = texts_.find(as_text(value)); text != texts_.end()) {
      is_common = text->second = true;
    }
    if (!is_common) differences_.before.push_back(i - old_first);
  }
  for (std::uint32_t i = new_first; i < new_end; ++i) {
    const ByteSpan value = b.value(i);
    const ObjectIndex object = object_of(value);
    const bool is_common =
        object != kNoObject ? is_named_twice_[object] : texts_.find(as_text(value))->second;
    if (!is_common) differences_.after.push_back(i - new_first);
  }
  for (std::uint32_t i = new_first; i < new_end; ++i) {
    const ObjectIndex object = object_of(b.value(i));
    if (object == kNoObject) continue;
    is_named_[object] = false;
    is_named_twice_[object] = false;
  }
  return differences_;
}

}  // namespace tierline::snapshot
