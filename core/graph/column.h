#pragma once

// A column of a graph: numbers that were just worked out, or that lie in a mapped file.

#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace tierline::graph {

/// Immutable, and shared by its copies.
template <class T>
class Column {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Column() = default;
  explicit Column(std::vector<T>&& values) {
    auto owned = std::make_shared<const std::vector<T>>(std::move(values));
    view_ = *owned;
    owner_ = std::move(owned);
  }
  /// `owner` keeps what `view` looks at.
  Column(std::span<const T> view, std::shared_ptr<const void> owner)
      : view_(view), owner_(std::move(owner)) {}

  const T& operator[](std::size_t place) const { return view_[place]; }
  const T& back() const { return view_.back(); }
  std::size_t size() const { return view_.size(); }
  bool empty() const { return view_.empty(); }
  const T* data() const { return view_.data(); }
  auto begin() const { return view_.begin(); }
  auto end() const { return view_.end(); }
  std::span<const T> span() const { return view_; }
  /// The entries from one place to before another.
  std::span<const T> slice(std::size_t first, std::size_t last) const {
    return view_.subspan(first, last - first);
  }

 private:
  std::span<const T> view_;
  std::shared_ptr<const void> owner_;
};

}  // namespace tierline::graph
