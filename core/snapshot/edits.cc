#include "core/snapshot/edits.h"

#include <limits>
#include <memory>

namespace tierline::snapshot {

/// What chunks of the file have, in memory of its own.
class Edits::Columns {
 public:
  void add(const Snapshot::ObjectColumns& from, std::uint32_t row, const OfObject& edits) {
    guids_.insert(guids_.end(), from.guids.begin() + std::ptrdiff_t{row} * 16,
                  from.guids.begin() + (std::ptrdiff_t{row} + 1) * 16);
    parents_.push_back(from.parents[row]);
    object_descriptors_.push_back(from.descriptors[row]);
    for (std::uint32_t a = from.attribute_starts[row]; a < from.attribute_starts[row + 1]; ++a) {
      const std::size_t before = value_offsets_.size();
      for (std::uint32_t v = from.value_starts[a]; v < from.value_starts[a + 1]; ++v) {
        const auto edit = edits.find({from.attribute_ids[a], v - from.value_starts[a]});
        if (edit != edits.end() && !edit->second) continue;
        const std::uint32_t begin = from.value_offsets[v];
        const ByteSpan bytes = edit != edits.end()
                                   ? as_bytes(*edit->second)
                                   : from.heap.subspan(begin, from.value_offsets[v + 1] - begin);
        heap_.insert(heap_.end(), bytes.begin(), bytes.end());
        value_offsets_.push_back(static_cast<std::uint32_t>(heap_.size()));
      }
      if (value_offsets_.size() == before) continue;
      attribute_ids_.push_back(from.attribute_ids[a]);
      value_starts_.push_back(static_cast<std::uint32_t>(value_offsets_.size() - 1));
    }
    attribute_starts_.push_back(static_cast<std::uint32_t>(attribute_ids_.size()));
  }

  void add_descriptor(ByteSpan bytes) {
    descriptor_heap_.insert(descriptor_heap_.end(), bytes.begin(), bytes.end());
    descriptor_offsets_.push_back(static_cast<std::uint32_t>(descriptor_heap_.size()));
  }

  bool fits() const {
    constexpr std::size_t kMost = std::numeric_limits<std::uint32_t>::max();
    return heap_.size() <= kMost && descriptor_heap_.size() <= kMost;
  }

  Snapshot::ObjectColumns objects() const {
    return {guids_,         parents_,      object_descriptors_, attribute_starts_,
            attribute_ids_, value_starts_, value_offsets_,      heap_};
  }
  Snapshot::DescriptorColumns descriptors() const { return {descriptor_offsets_, descriptor_heap_}; }

 private:
  std::vector<std::uint8_t> guids_;
  std::vector<std::uint32_t> parents_;
  std::vector<std::uint32_t> object_descriptors_;
  std::vector<std::uint32_t> attribute_starts_ = {0};
  std::vector<std::uint16_t> attribute_ids_;
  std::vector<std::uint32_t> value_starts_ = {0};
  std::vector<std::uint32_t> value_offsets_ = {0};
  std::vector<std::uint8_t> heap_;
  std::vector<std::uint32_t> descriptor_offsets_ = {0};
  std::vector<std::uint8_t> descriptor_heap_;
};

void Edits::set_descriptor(ObjectIndex object, std::string bytes) {
  const auto next = static_cast<DescriptorIndex>(of_.descriptor_count() + descriptors_.size());
  const auto place = descriptors_.emplace(std::move(bytes), next).first;
  descriptor_of_.insert_or_assign(object, place->second);
}

Result<Snapshot> Edits::apply() const {
  Snapshot changed(of_);
  auto columns = std::make_shared<Columns>();
  for (const auto& [object, edits] : values_) {
    const Object at = of_.object(object);
    changed.moved_.emplace(object, static_cast<std::uint32_t>(changed.moved_.size()));
    columns->add(of_.objects_[at.chunk_], at.row_, edits);
  }
  std::vector<const std::string*> descriptors(descriptors_.size());
  for (const auto& [bytes, index] : descriptors_) descriptors[index - of_.descriptor_count()] = &bytes;
  for (const std::string* const bytes : descriptors) columns->add_descriptor(as_bytes(*bytes));
  if (!columns->fits()) return Error{ErrorCode::BadData, "more changes than memory holds", of_.path()};
  changed.objects_.push_back(columns->objects());
  changed.descriptors_.push_back(columns->descriptors());
  changed.descriptor_count_ += descriptors.size();
  changed.first_descriptor_.push_back(static_cast<DescriptorIndex>(changed.descriptor_count_));
  changed.descriptor_of_ = descriptor_of_;
  changed.edited_ = std::move(columns);
  return changed;
}

}  // namespace tierline::snapshot
