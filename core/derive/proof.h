#pragma once

// What must stand for a right to be given, as graph::AttackGraph::Proof has it: of each part, one piece. Any monotone
// condition over pieces has one such form in which no part contains another: its parts are the least sets whose removal takes
// the right away.

#include <algorithm>
#include <cstddef>
#include <iterator>
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

/// What must stand for one of two to do so. Both in simplest form; of very many parts, the longest are left out.
template <class Piece>
Parts<Piece> either(Parts<Piece> one, Parts<Piece> other) {
  const auto keep_short = [](Parts<Piece>& parts, std::size_t most) {
    if (parts.size() <= most) return;
    std::sort(parts.begin(), parts.end(), [](const std::vector<Piece>& a, const std::vector<Piece>& b) {
      return a.size() != b.size() ? a.size() < b.size() : a < b;
    });
    parts.resize(most);
  };
  constexpr std::size_t kMostParts = 256;
  constexpr std::size_t kMostOfEach = 64;
  keep_short(one, kMostOfEach);
  keep_short(other, kMostOfEach);
  Parts<Piece> both;
  for (const std::vector<Piece>& a : one) {
    for (const std::vector<Piece>& b : other) {
      std::vector<Piece>& part = both.emplace_back();
      std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(part));
    }
  }
  simplify(both);
  keep_short(both, kMostParts);
  std::sort(both.begin(), both.end());
  return both;
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
