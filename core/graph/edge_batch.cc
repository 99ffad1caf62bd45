#include "core/graph/edge_batch.h"

#include <utility>

namespace tierline::graph {

void EdgeBatch::resolve(std::span<const NodeId> nodes) {
  const auto put_in = [&](NodeId& node) {
    if (node >= kFirstUnknown) node = nodes[node - kFirstUnknown];
  };
  // From the last one on, so that what takes the place of a row that says nothing is resolved already.
  while (!open_.empty()) {
    const auto [kind, place] = open_.back();
    open_.pop_back();
    Rows& rows = rows_[static_cast<std::size_t>(kind)];
    Packed& row = rows[place];
    put_in(row.source);
    put_in(row.target);
    if (!says_nothing(unpack(row).edge)) continue;
    std::swap(row, rows.back());
    rows.pop_back();
  }
}

}  // namespace tierline::graph
