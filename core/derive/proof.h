#pragma once

// What must stand for a right to be given, as graph::AttackGraph::Proof has it: of each part, one piece. Any monotone
// condition over pieces has one such form in which no part contains another: its parts are the least sets whose removal takes
// the right away.

#include <algorithm>
#include <vector>

namespace tierline::derive {

/// In simplest form, parts and the pieces of each ascend, and no part contains another.
template <class Piece>
using Parts = std::vector<std::vector<Piece>>;

template <class Piece>
bool contains(const std::vector<Piece>& part, const std::vector<Piece>& less) {
  return std::includes(part.begin(), part.end(), less.begin(), less.end());
}

/// Gives the simplest form of parts whose pieces ascend.
template <class Piece>
void simplify(Parts<Piece>& parts) {
  std::sort(parts.begin(), parts.end());
  parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
  const Parts<Piece> all = parts;
  std::erase_if(parts, [&](const std::vector<Piece>& part) {
    return std::any_of(all.begin(), all.end(), [&](const std::vector<Piece>& other) {
      return other.size() < part.size() && contains(part, other);
    });
  });
}

/// Whether one stands only as long as the other does. Both in simplest form.
template <class Piece>
bool implies(const Parts<Piece>& one, const Parts<Piece>& other) {
  return std::all_of(other.begin(), other.end(), [&](const std::vector<Piece>& part) {
    return std::any_of(one.begin(), one.end(),
                       [&](const std::vector<Piece>& less) { return contains(part, less); });
  });
}

}  // namespace tierline::derive
