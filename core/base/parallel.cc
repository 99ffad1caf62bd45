#include "core/base/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <system_error>
#include <thread>

namespace tierline {

std::size_t workers_for(std::size_t things) {
  constexpr std::size_t kEach = 8192;
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, things / kEach + 1);
}

void in_parallel(std::size_t count, std::size_t workers, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr failure;
  const auto run = [&] {
    try {
      for (std::size_t number = next++; number < count; number = next++) work(number);
    } catch (...) {
      next = count;  // for the others, too
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
    }
  };
  std::vector<std::thread> others;
  try {
    others.reserve(workers);
    while (others.size() + 1 < std::min(workers, count)) others.emplace_back(run);
  } catch (const std::system_error&) {
    // Where the system has no more threads, fewer do it.
  }
  run();
  for (std::thread& other : others) other.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace tierline
