#pragma once

// From a distinguished name to its object, by way of the tree: only the containers that are asked about are looked at.

#include <boost/unordered/unordered_flat_map.hpp>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/hash.h"
#include "core/snapshot/snapshot.h"

namespace tierline::derive {

class DnIndex {
 public:
  /// `snapshot` must outlive it.
  explicit DnIndex(const snapshot::Snapshot& snapshot) : snapshot_(snapshot) {}

  /// The object with this DN, compared without case; of several, the first one.
  std::optional<snapshot::ObjectIndex> find(std::string_view dn) const;

 private:
  using ByDn = boost::unordered_flat_map<std::string, snapshot::ObjectIndex, SeededHash, std::equal_to<>>;

  void prepare() const;
  std::span<const snapshot::ObjectIndex> children(snapshot::ObjectIndex parent) const;

  const snapshot::Snapshot& snapshot_;
  // Made when something is first looked for, by whichever thread.
  mutable std::mutex mutex_;
  mutable std::vector<std::uint32_t> first_child_;
  mutable std::vector<snapshot::ObjectIndex> children_;
  mutable ByDn roots_;  ///< objects whose parent is not in the snapshot, by folded DN
  mutable boost::unordered_flat_map<snapshot::ObjectIndex, ByDn> crowded_;  ///< containers of many
};

}  // namespace tierline::derive
