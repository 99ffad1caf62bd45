#include "core/derive/dn_index.h"

#include "core/base/text.h"
#include "core/directory/distinguished_name.h"

namespace tierline::derive {

using snapshot::ObjectIndex;

void DnIndex::prepare() const {
  if (!first_child_.empty()) return;
  const auto count = static_cast<ObjectIndex>(snapshot_.object_count());
  first_child_.assign(std::size_t{count} + 1, 0);
  for (ObjectIndex i = 0; i < count; ++i) {
    const ObjectIndex parent = snapshot_.object(i).parent();
    if (parent == snapshot::kNoObject) {
      roots_.emplace(fold_case(snapshot_.object(i).dn()), i);
    } else {
      ++first_child_[parent + 1];
    }
  }
  for (ObjectIndex i = 0; i < count; ++i) first_child_[i + 1] += first_child_[i];
  children_.resize(first_child_[count]);
  std::vector<std::uint32_t> next(first_child_.begin(), first_child_.end() - 1);
  for (ObjectIndex i = 0; i < count; ++i) {
    const ObjectIndex parent = snapshot_.object(i).parent();
    if (parent != snapshot::kNoObject) children_[next[parent]++] = i;
  }
}

std::span<const ObjectIndex> DnIndex::children(ObjectIndex parent) const {
  return std::span(children_).subspan(first_child_[parent], first_child_[parent + 1] - first_child_[parent]);
}

std::optional<ObjectIndex> DnIndex::find(std::string_view dn) const {
  const std::lock_guard lock(mutex_);
  prepare();
  const std::string folded = fold_case(dn);
  // From the nearest object above that has no parent, downwards.
  std::vector<std::string_view> way;
  std::optional<ObjectIndex> at;
  for (std::string_view name = folded; !at; name = directory::parent_dn(name)) {
    if (const auto root = roots_.find(name); root != roots_.end()) at = root->second;
    if (!at) way.push_back(name);
    if (!at && name.empty()) return std::nullopt;
  }
  for (; !way.empty(); way.pop_back()) {
    constexpr std::size_t kFew = 32;
    const auto below = children(*at);
    std::optional<ObjectIndex> found;
    if (below.size() <= kFew) {
      for (const ObjectIndex child : below) {
        if (!found && fold_case(snapshot_.object(child).dn()) == way.back()) found = child;
      }
    } else {
      const auto [place, added] = crowded_.try_emplace(*at);
      if (added) {
        for (const ObjectIndex child : below)
          place->second.emplace(fold_case(snapshot_.object(child).dn()), child);
      }
      const auto known = place->second.find(way.back());
      if (known != place->second.end()) found = known->second;
    }
    if (!found) return std::nullopt;
    at = found;
  }
  return at;
}

}  // namespace tierline::derive
