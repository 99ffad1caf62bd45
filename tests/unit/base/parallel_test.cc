#include "core/base/parallel.h"

#include <doctest/doctest.h>

#include <atomic>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace tierline {
namespace {

TEST_CASE("ranges cover all things once and are taken in order, whoever worked on them") {
  for (const std::size_t count :
       {std::size_t{0}, std::size_t{1}, std::size_t{63}, std::size_t{1000}, std::size_t{100'003}}) {
    CAPTURE(count);
    std::size_t next = 0;
    std::atomic<int> taking = 0;
    in_ranges(
        count,
        [](Range range) {
          std::vector<std::size_t> things(range.last - range.first);
          std::iota(things.begin(), things.end(), range.first);
          return things;
        },
        [&](const std::vector<std::size_t>& things) {
          CHECK(++taking == 1);
          for (const std::size_t thing : things) REQUIRE(thing == next++);
          --taking;
        });
    CHECK(next == count);
  }
}

TEST_CASE("how things are cut does not depend on the number of threads") {
  CHECK(of_ranges(100'000, [](Range range) { return range.first; }).size() == ranges_of(100'000));
  std::vector<int> done(1000, 0);
  for (const std::size_t workers : {1U, 2U, 7U}) {
    in_parallel(done.size(), workers, [&](std::size_t number) { ++done[number]; });
  }
  CHECK(done == std::vector<int>(1000, 3));
}

TEST_CASE("what one thread throws reaches the caller, from work as well as from taking it over") {
  const auto fails_at = [](std::size_t place) {
    return [place](Range range) {
      if (range.contains(place)) throw std::runtime_error("here");
      return range.first;
    };
  };
  CHECK_THROWS_WITH(in_ranges(100'000, fails_at(70'000), [](std::size_t) {}), "here");
  CHECK_THROWS_WITH(in_ranges(
                        100'000, [](Range range) { return range.first; },
                        [](std::size_t first) {
                          if (first > 50'000) throw std::runtime_error("there");
                        }),
                    "there");
}

}  // namespace
}  // namespace tierline
