#pragma once

// Work done by several threads with the same result whatever their number. There are as many as processors that the process
// may run on (one under `taskset -c 0`), and no more of them than there is work for.

#include <algorithm>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace tierline {

/// How many threads are worth their while for so many things, each of little work.
std::size_t workers_for(std::size_t things);

/// Calls `work` with each number below `count`, in any order, by so many threads. Throws what one of them threw, when none is
/// at work any more.
void in_parallel(std::size_t count, std::size_t workers, const std::function<void(std::size_t)>& work);

/// The things from `first` to before `last`.
struct Range {
  std::size_t first = 0;
  std::size_t last = 0;

  bool contains(std::size_t number) const { return number >= first && number < last; }
};

/// Range `number` of the `parts` that `count` things are cut into.
inline Range part_of(std::size_t count, std::size_t number, std::size_t parts) {
  return {count * number / parts, count * (number + 1) / parts};
}

/// Into how many ranges things are cut that follow from their number alone: enough for threads to share them evenly, and none
/// too small to be worth it.
inline std::size_t ranges_of(std::size_t count) {
  constexpr std::size_t kMost = 64;
  constexpr std::size_t kLeast = 64;
  return std::clamp<std::size_t>(count / kLeast, 1, kMost);
}

/// Calls `work` with each range of `count` things, several at a time, and `take` with what that returned, in order and one at
/// a time, while `work` may be under way for later ranges.
template <class Work, class Take>
void in_ranges(std::size_t count, const Work& work, const Take& take) {
  using Result = decltype(work(Range()));
  const std::size_t ranges = ranges_of(count);
  std::vector<std::optional<Result>> done(ranges);
  std::size_t next = 0;
  bool is_taking = false;
  std::mutex mutex;
  in_parallel(ranges, workers_for(count), [&](std::size_t number) {
    Result result = work(part_of(count, number, ranges));
    std::unique_lock lock(mutex);
    done[number] = std::move(result);
    // Whoever is at it goes on to what others bring meanwhile.
    if (std::exchange(is_taking, true)) return;
    while (next < ranges && done[next]) {
      Result ready = std::move(*done[next]);
      done[next++].reset();
      lock.unlock();
      take(std::move(ready));
      lock.lock();
    }
    is_taking = false;
  });
}

/// The results of all ranges, in order.
template <class Work>
auto of_ranges(std::size_t count, const Work& work) {
  std::vector<decltype(work(Range()))> results;
  in_ranges(count, work, [&](auto&& result) { results.push_back(std::move(result)); });
  return results;
}

}  // namespace tierline
