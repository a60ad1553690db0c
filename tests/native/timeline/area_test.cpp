// What stands in an area of a picture, against a count from nothing.

#include "timeline/area.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "timeline/address_layout.hpp"
#include "trace_maker.hpp"

using namespace bufgc;
using namespace bufgc::timeline;

namespace {

using Flags = std::vector<std::uint8_t>;

std::uint64_t bytes_of(const Lifecycles& trace, std::size_t row) {
  return trace.kind[row] == 0 ? trace.size_bytes[row] : 0;
}

/// An area anywhere on the axes, its edges on units or between them.
View random_area(std::mt19937& random, double width, double height) {
  const auto at = [&](double extent) {
    const double place = static_cast<double>(random() % 1001) / 1000 * extent;
    return random() % 2 == 0 ? std::floor(place) : place;
  };
  View area{at(width), at(width), at(height), at(height)};
  if (area.t0 > area.t1) std::swap(area.t0, area.t1);
  if (area.y0 > area.y1) std::swap(area.y0, area.y1);
  if (area.t0 == area.t1) ++area.t1;
  if (area.y0 == area.y1) ++area.y1;
  return area;
}

/// By where each row stood, without an index.
Flags naive_boxes(const Lifecycles& trace, const AddressLayout& layout, const EventClock& clock, Axis axis,
                  const View& area) {
  Flags inside(trace.size());
  for (std::uint32_t row = 0; row < trace.size(); ++row) {
    if (trace.kind[row] == static_cast<std::uint8_t>(BufferKind::view)) continue;
    for (const Stay& stay : layout.stays_of(row)) {
      const std::uint64_t start = clock.position(axis, stay.begin_event);
      const std::uint64_t end = std::max(clock.position(axis, stay.end_event), start + 1);
      const bool time = static_cast<double>(start)<area.t1&& static_cast<double>(end)> area.t0;
      const bool place =
          static_cast<double>(stay.strip.y)<area.y1&& static_cast<double>(stay.strip.y + stay.strip.height)>
              area.y0;
      if (time && place) inside[row] = 1;
    }
  }
  return inside;
}

/// By the whole stack of every moment.
Flags naive_stack(const Lifecycles& trace, EventRange moments, double y0, double y1) {
  Flags inside(trace.size());
  for (std::size_t event = moments.first; event < moments.last; ++event) {
    std::uint64_t y = 0;
    for (std::size_t row = 0; row < trace.size(); ++row) {
      const std::uint64_t bytes = bytes_of(trace, row);
      if (bytes == 0 || trace.alloc_event[row] > event || trace.free_event[row] <= event) continue;
      if (static_cast<double>(y) < y1 && static_cast<double>(y + bytes) > y0) inside[row] = 1;
      y += bytes;
    }
  }
  return inside;
}

}  // namespace

TEST_CASE("an area of boxes holds the rows that some place of meets it, on either axis") {
  for (std::uint32_t seed = 1; seed <= 8; ++seed) {
    RandomTrace options{seed, 300};
    options.moves = seed % 2 == 0;
    options.addresses = seed % 4 != 1;
    const Lifecycles trace = random_trace(options);
    const EventClock clock(trace);
    const AddressLayout layout(trace);
    std::mt19937 random(seed);
    for (const Axis axis : {Axis::event, Axis::time}) {
      const LifecycleIndex index(PlaceSpans(layout.places(), clock, axis));
      for (int i = 0; i < 60; ++i) {
        const View area = random_area(random, static_cast<double>(clock.extent(axis)),
                                      static_cast<double>(layout.height()));
        INFO("seed " << seed << ", area " << area.t0 << " " << area.t1 << " " << area.y0 << " " << area.y1);
        REQUIRE(rows_in_boxes({&index, &layout.strips()}, layout.places(), trace.size(), area) ==
                naive_boxes(trace, layout, clock, axis, area));
      }
    }
  }
}

TEST_CASE("an area of the stack holds the rows that stand in it at any moment") {
  for (std::uint32_t seed = 1; seed <= 8; ++seed) {
    const Lifecycles trace = random_trace({seed, 300});
    std::mt19937 random(seed);
    for (int i = 0; i < 60; ++i) {
      const View area = random_area(random, 300, 12'000);
      const EventRange moments = EventClock(trace).standing_within(Axis::event, area.t0, area.t1, 300);
      INFO("seed " << seed << ", area " << area.t0 << " " << area.t1 << " " << area.y0 << " " << area.y1);
      REQUIRE(rows_in_stack(trace, moments, area.y0, area.y1) ==
              naive_stack(trace, moments, area.y0, area.y1));
    }
  }
}

TEST_CASE("a buffer that slides past an area of the stack in one step was never in it") {
  TraceMaker maker;
  const std::uint32_t low = maker.alloc({100});
  maker.alloc({10});  // stands at 100, from event 2 on at 0
  maker.free(low);
  CHECK(rows_in_stack(maker.trace, {0, 3}, 40, 60) == Flags{1, 0});
  CHECK(rows_in_stack(maker.trace, {0, 3}, 40, 101) == Flags{1, 1});
  CHECK(rows_in_stack(maker.trace, {2, 3}, 40, 60) == Flags{0, 0});
  CHECK(rows_in_stack(maker.trace, {2, 3}, 0, 1) == Flags{0, 1});
}

TEST_CASE("an area's figures are those of its rows that match") {
  for (std::uint32_t seed = 1; seed <= 6; ++seed) {
    const Lifecycles trace = random_trace({seed, 300});
    std::mt19937 random(seed);
    Flags inside(trace.size());
    Flags matches(trace.size());
    for (std::size_t row = 0; row < trace.size(); ++row) {
      inside[row] = random() % 3 != 0;
      matches[row] = random() % 4 != 0;
    }
    const EventRange events{50, 200};
    AreaStatistics expected;
    expected.least_bytes = ~std::uint64_t{0};
    for (std::size_t row = 0; row < trace.size(); ++row) {
      if (inside[row] + matches[row] != 2) continue;
      if (trace.kind[row] != 0) {
        ++expected.external;
        continue;
      }
      const std::uint64_t bytes = trace.size_bytes[row];
      ++expected.buffers;
      expected.bytes += bytes;
      expected.least_bytes = std::min(expected.least_bytes, bytes);
      expected.most_bytes = std::max(expected.most_bytes, bytes);
      if (trace.alloc_event[row] >= 50 && trace.alloc_event[row] < 200) {
        ++expected.allocations;
        expected.allocated_bytes += bytes;
      }
      if (trace.free_event[row] >= 50 && trace.free_event[row] < 200) {
        ++expected.frees;
        expected.freed_bytes += bytes;
      }
    }
    const AreaStatistics found = area_statistics(trace, inside, matches, events);
    INFO("seed " << seed);
    REQUIRE(found.buffers == expected.buffers);
    CHECK(found.bytes == expected.bytes);
    CHECK(found.least_bytes == expected.least_bytes);
    CHECK(found.most_bytes == expected.most_bytes);
    CHECK(found.mean_bytes ==
          static_cast<std::uint64_t>(
              std::llround(static_cast<double>(expected.bytes) / static_cast<double>(expected.buffers))));
    CHECK(found.allocations == expected.allocations);
    CHECK(found.allocated_bytes == expected.allocated_bytes);
    CHECK(found.frees == expected.frees);
    CHECK(found.freed_bytes == expected.freed_bytes);
    CHECK(found.external == expected.external);
  }
}

TEST_CASE("what was born before the log is in an area, but was not allocated in it; nothing has no least") {
  TraceMaker maker;
  const std::uint32_t early = maker.born_before({100});
  maker.alloc({50});
  maker.free(early);
  const AreaStatistics all = area_statistics(maker.trace, {1, 1}, {1, 1}, {0, 2});
  CHECK(all.buffers == 2);
  CHECK(all.allocations == 1);
  CHECK(all.allocated_bytes == 50);
  CHECK(all.freed_bytes == 100);
  const AreaStatistics none = area_statistics(maker.trace, {1, 0}, {0, 1}, {0, 2});
  CHECK(none.buffers == 0);
  CHECK(none.least_bytes == 0);
  CHECK(none.mean_bytes == 0);
}
