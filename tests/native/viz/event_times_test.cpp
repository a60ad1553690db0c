// The clock is read for few events; the others get their times from those.

#include "bufgc/viz/event_times.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <cstdlib>
#include <vector>

using namespace bufgc;

namespace {

/// Records events at the given times as the visualizer does; returns how often the clock was read.
int record(EventTimes& times, const std::vector<std::int64_t>& at) {
  int reads = 0;
  for (std::size_t i = 0; i < at.size(); ++i) {
    if (!times.wants_stamp(i)) continue;
    times.stamp(i, at[i]);
    ++reads;
  }
  times.stamp(at.size() - 1, at.back());
  return reads;
}

std::vector<std::int64_t> evenly(std::size_t events, std::int64_t apart_ns) {
  std::vector<std::int64_t> at;
  for (std::size_t i = 0; i < events; ++i) at.push_back(static_cast<std::int64_t>(i) * apart_ns);
  return at;
}

}  // namespace

TEST_CASE("events that follow closely share a clock read, rare ones have one each") {
  for (const std::int64_t apart : {10, 100, 1000, 10'000}) {
    EventTimes times(10'000);
    const std::vector<std::int64_t> at = evenly(10'000, apart);
    const int reads = record(times, at);
    INFO(apart << " ns apart");
    CHECK(reads <= (apart <= 100 ? 700 : 10'000));
    CHECK(reads >= (apart >= 10'000 ? 10'000 : 600));
    EventTimes::Cursor cursor(times, 0);
    std::int64_t worst = 0;
    for (std::size_t i = 0; i < at.size(); ++i) worst = std::max(worst, std::abs(cursor.at(i) - at[i]));
    CHECK(worst <= 16);  // even events lie where they were, but for what the division drops
  }
}

TEST_CASE("times never decrease, are never beyond the clock's, and are exact where it was read") {
  std::vector<std::int64_t> at = evenly(1000, 50);
  for (std::size_t i = 500; i < at.size(); ++i) at[i] += 10'000'000;  // a pause
  EventTimes times(1000);
  record(times, at);
  EventTimes::Cursor cursor(times, 0);
  std::int64_t before = 0;
  int misplaced = 0;
  for (std::size_t i = 0; i < at.size(); ++i) {
    const std::int64_t time = cursor.at(i);
    REQUIRE(time >= before);
    REQUIRE(time <= at[i] + (i < 500 && i >= 480 ? 10'000'000 : 0));
    misplaced += time < at[i] - 4000 ? 1 : 0;
    before = time;
  }
  CHECK(misplaced < 16);
  CHECK(before == at.back());
  EventTimes::Cursor in_the_middle(times, 700);
  CHECK(in_the_middle.at(700) >= at[700] - 4000);
}

TEST_CASE("an event that was stamped has exactly that time, however it was come to") {
  EventTimes times(100);
  // No span can be divided evenly among its events.
  const std::vector<std::uint64_t> numbers = {0, 3, 10, 26};
  const std::vector<std::int64_t> at = {5, 105, 1'005, 2'008};
  for (std::size_t i = 0; i < numbers.size(); ++i) times.stamp(numbers[i], at[i]);
  EventTimes::Cursor walk(times, 0);
  std::size_t stamp = 0;
  for (std::uint64_t number = 0; number <= numbers.back(); ++number) {
    const std::int64_t time = walk.at(number);
    if (number != numbers[stamp]) continue;
    CHECK(time == at[stamp]);
    CHECK(EventTimes::Cursor(times, number).at(number) == at[stamp]);
    ++stamp;
  }
  CHECK(stamp == numbers.size());
}

TEST_CASE("what is forgotten from the old end leaves the other times as they were") {
  EventTimes times(200);
  const std::vector<std::int64_t> at = evenly(200, 20);
  record(times, at);
  std::vector<std::int64_t> whole;
  EventTimes::Cursor cursor(times, 0);
  for (std::size_t i = 0; i < at.size(); ++i) whole.push_back(cursor.at(i));
  for (std::size_t first = 0; first < at.size(); ++first) {
    REQUIRE(times.oldest(first) == whole[first]);
    times.forget_before(first + 1);
    if (first + 1 < at.size())
      REQUIRE(EventTimes::Cursor(times, first + 1).at(first + 1) == whole[first + 1]);
  }
}
