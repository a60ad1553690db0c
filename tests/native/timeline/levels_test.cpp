#include "timeline/levels.hpp"

#include <catch2/catch.hpp>

#include "timeline/summary.hpp"
#include "trace_maker.hpp"

using namespace bufgc;
using namespace bufgc::timeline;

namespace {

/// The level after an event, counted from nothing.
Level naive_level(const Lifecycles& trace, std::uint32_t event) {
  Level level;
  std::uint64_t capacity = 0;
  for (std::size_t row = 0; row < trace.size(); ++row) {
    const bool owned = trace.kind[row] == 0;
    if (trace.alloc_event[row] <= event && trace.free_event[row] > event) {
      ++level.live_buffers;
      if (owned) {
        level.live_bytes += trace.size_bytes[row];
        capacity += trace.capacity_bytes[row];
      }
    }
    if (owned && trace.free_event[row] <= event && trace.freed_to[row] == to_cache) {
      level.cached_bytes += trace.capacity_bytes[row];
    }
    if (owned && trace.alloc_event[row] <= event && trace.served_by[row] == from_cache) {
      level.cached_bytes -= trace.capacity_bytes[row];
    }
  }
  level.reserved_bytes = capacity + level.cached_bytes;
  return level;
}

}  // namespace

TEST_CASE("levels after every event equal a count from nothing") {
  for (std::uint32_t seed = 1; seed <= 8; ++seed) {
    INFO("seed " << seed);
    const Lifecycles trace = random_trace({seed});
    const Levels levels(trace);
    REQUIRE(levels.events() == trace.event_count());
    for (std::uint32_t event = 0; event < trace.event_count(); ++event) {
      INFO("event " << event);
      const Level expected = naive_level(trace, event);
      const Level level = levels.at(event);
      REQUIRE(level.live_bytes == expected.live_bytes);
      REQUIRE(level.live_buffers == expected.live_buffers);
      REQUIRE(level.cached_bytes == expected.cached_bytes);
      REQUIRE(level.reserved_bytes == expected.reserved_bytes);
    }
  }
}

TEST_CASE("a resampled column holds the extremes of every level that stood within it, on both axes") {
  for (std::uint32_t seed = 1; seed <= 6; ++seed) {
    const Lifecycles trace = random_trace({seed});
    const Levels levels(trace);
    const EventClock clock(trace);
    for (const Axis axis : {Axis::event, Axis::time}) {
      const auto extent = static_cast<double>(clock.extent(axis));
      const double t0 = extent * 0.125 * (seed - 1);
      const double t1 = extent * (seed % 2 == 0 ? 0.9 : 1.0);
      const std::size_t columns = 37;
      const LevelColumns cut = levels.resample(clock, axis, {t0, t1, static_cast<std::uint32_t>(columns)});
      for (std::size_t column = 0; column < columns; ++column) {
        const double left = t0 + (t1 - t0) * static_cast<double>(column) / static_cast<double>(columns);
        const double right = t0 + (t1 - t0) * static_cast<double>(column + 1) / static_cast<double>(columns);
        INFO("seed " << seed << ", axis " << static_cast<int>(axis) << ", column " << column);
        double highest = 0;
        double lowest = 1e300;
        double most_cached = 0;
        double most_reserved = 0;
        for (std::uint32_t event = 0; event < trace.event_count(); ++event) {
          const auto from = static_cast<double>(clock.position(axis, event));
          const bool last = event + 1 == trace.event_count();
          const double until = last ? extent + 1 : static_cast<double>(clock.position(axis, event + 1));
          // A level without length (two events at one time) still stood for a moment.
          const bool stood = from < right && (until > left || (from == until && from >= left));
          if (!stood) continue;
          const Level level = levels.at(event);
          highest = std::max(highest, static_cast<double>(level.live_bytes));
          lowest = std::min(lowest, static_cast<double>(level.live_bytes));
          most_cached = std::max(most_cached, static_cast<double>(level.cached_bytes));
          most_reserved = std::max(most_reserved, static_cast<double>(level.reserved_bytes));
        }
        REQUIRE(cut.x[column] == left);
        REQUIRE(cut.live_max[column] == highest);
        REQUIRE(cut.live_min[column] == lowest);
        REQUIRE(cut.cached_max[column] == most_cached);
        REQUIRE(cut.reserved_max[column] == most_reserved);
      }
    }
  }
}

TEST_CASE("where segments are known, reserved is what they hold and a trim empties the cache") {
  TraceMaker maker;
  const std::uint32_t segment = maker.reserve(0x1000, 4096);
  const std::uint32_t buffer =
      maker.alloc({1000, 0x1000, "a", {}, BufferKind::owned, Lifecycles::none, from_source, 1024});
  maker.free(buffer, to_cache);
  maker.release(segment);
  const Levels levels(maker.trace);
  CHECK(levels.at(1).reserved_bytes == 4096);
  CHECK(levels.at(1).live_bytes == 1000);
  CHECK(levels.at(2).cached_bytes == 1024);
  CHECK(levels.at(3).cached_bytes == 0);
  CHECK(levels.at(3).reserved_bytes == 0);
  CHECK(levels.max_reserved_event() == 0);
  CHECK(levels.max_live_event() == 1);
}

TEST_CASE("what the cache held before the log began is counted from its first event") {
  TraceMaker maker;
  TraceMaker::Birth birth{100};
  birth.served_by = from_cache;
  maker.alloc({10});
  maker.alloc(birth);
  const Levels levels(maker.trace);
  CHECK(levels.at(0).cached_bytes == 100);
  CHECK(levels.at(1).cached_bytes == 0);
}

TEST_CASE("buffers born before the log stand from event 0, and folded totals enter the summary") {
  TraceMaker maker;
  maker.born_before({300});
  const std::uint32_t gone = maker.born_before({50});
  maker.free(maker.alloc({7}));
  maker.free(gone);
  maker.trace.folded = {40, 20, 9000, 5000, 30};
  const Levels levels(maker.trace);
  CHECK(levels.at(0).live_bytes == 357);
  CHECK(levels.at(2).live_bytes == 300);
  const Summary summary = summarise(maker.trace);
  CHECK(summary.events == 43);
  CHECK(summary.buffers == 23);
  CHECK(summary.total_allocated_bytes == 9357);
  CHECK(summary.max_live_bytes == 5000);
  CHECK(summary.max_live_buffers == 30);
  CHECK(summary.alive_at_end_bytes == 300);
}

TEST_CASE("views and external buffers are counted as buffers and hold no bytes") {
  TraceMaker maker;
  const std::uint32_t base = maker.alloc({64, 0x100});
  maker.alloc({32, 0x110, {}, {}, BufferKind::view, base});
  maker.alloc({500, 0x9000, {}, {}, BufferKind::external});
  const Summary summary = summarise(maker.trace);
  CHECK(summary.buffers == 3);
  CHECK(summary.max_live_buffers == 3);
  CHECK(summary.max_live_bytes == 64);
  CHECK(summary.total_allocated_bytes == 64);
  CHECK(summary.alive_at_end_buffers == 3);
  CHECK(summary.alive_at_end_bytes == 64);
  CHECK(summary.distinct_sizes == 1);
}

TEST_CASE("an empty trace has empty levels and a summary of zeros") {
  const Lifecycles trace;
  const Levels levels(trace);
  CHECK(levels.at(5).live_bytes == 0);
  CHECK(levels.resample(EventClock(trace), Axis::event, {0, 10, 4}).live_max == std::vector<double>(4));
  CHECK(summarise(trace).buffers == 0);
}

TEST_CASE("event and time lead to one another") {
  TraceMaker maker;
  maker.now = 500;
  maker.alloc({1});
  maker.now = 700;
  maker.alloc({1});
  maker.alloc({1});
  maker.now = 900;
  maker.alloc({1});
  const EventClock clock(maker.trace);
  CHECK(clock.duration_ns() == 400);
  CHECK(clock.time_of(2) == 200);
  CHECK(clock.time_of(99) == 400);
  CHECK(clock.event_at(-1) == 0);
  CHECK(clock.event_at(199) == 0);
  CHECK(clock.event_at(200) == 2);
  CHECK(clock.event_at(1e9) == 3);
  const auto within = [&](Axis axis, double t0, double t1) {
    const EventRange range = clock.happened_within(axis, t0, t1);
    return std::pair(range.first, range.last);
  };
  using Range = std::pair<std::size_t, std::size_t>;
  CHECK(within(Axis::event, 0, 4) == Range{0, 4});
  CHECK(within(Axis::event, 0.5, 2.5) == Range{1, 3});
  CHECK(within(Axis::event, -9, 2) == Range{0, 2});
  CHECK(within(Axis::event, 7, 9) == Range{4, 4});
  CHECK(within(Axis::time, 0, 400) == Range{0, 4});
  CHECK(within(Axis::time, 0, 399) == Range{0, 3});
  CHECK(within(Axis::time, 200, 201) == Range{1, 3});
  CHECK(within(Axis::time, 201, 399) == Range{3, 3});
  CHECK(clock.first_from(200) == 1);
  CHECK(clock.first_from(401) == 4);
}

TEST_CASE("distinct sizes are counted however many there are") {
  constexpr std::uint32_t sizes = 70'000;
  TraceMaker maker;
  for (std::uint32_t i = 0; i < 2 * sizes; ++i) maker.free(maker.alloc({1 + i % sizes}));
  CHECK(summarise(maker.trace).distinct_sizes == sizes);
}
