#include "timeline/growth.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "timeline/summary.hpp"
#include "trace_maker.hpp"

using namespace bufgc;
using namespace bufgc::timeline;

namespace {

std::vector<std::uint8_t> all_rows(const Lifecycles& trace) {
  return std::vector<std::uint8_t>(trace.size(), 1);
}

const GroupGrowth& named(const Growth& growth, const std::string& name) {
  const auto found = std::find_if(growth.groups.begin(), growth.groups.end(),
                                  [&](const GroupGrowth& group) { return group.name == name; });
  REQUIRE(found != growth.groups.end());
  return *found;
}

}  // namespace

TEST_CASE("growth: counts and floors are what a count from nothing finds") {
  for (std::uint32_t seed = 1; seed <= 8; ++seed) {
    Lifecycles trace = random_trace({seed, 900});
    for (std::size_t row = 0; row < trace.size(); ++row) {
      trace.label.set(row, trace.strings.intern(std::string("label ") + std::to_string(row % 7)));
    }
    const Growth growth = growth_of_groups(trace, GroupBy::label, all_rows(trace), 100);
    std::uint64_t bytes = 0;
    std::uint64_t buffers = 0;
    const std::size_t events = trace.event_count();
    for (const GroupGrowth& group : growth.groups) {
      bytes += group.bytes;
      buffers += group.buffers;
      const auto alive_before = [&](std::size_t event) {
        std::uint32_t alive = 0;
        for (std::size_t row = 0; row < trace.size(); ++row) {
          const bool member = trace.strings.at(trace.label[row]) == group.name;
          alive += member && trace.alloc_event[row] < event && trace.free_event[row] >= event ? 1 : 0;
        }
        return alive;
      };
      for (std::size_t part = 0; part < GroupGrowth::samples; ++part) {
        const std::size_t first = events * part / GroupGrowth::samples;
        const std::size_t last = events * (part + 1) / GroupGrowth::samples;
        std::uint32_t fewest = ~0U;
        for (std::size_t event = first; event <= last; ++event)
          fewest = std::min(fewest, alive_before(event));
        INFO("seed " << seed << ", " << group.name << ", part " << part);
        REQUIRE(group.floor[part] == fewest);
      }
    }
    const Summary summary = summarise(trace);
    CHECK(bytes == summary.alive_at_end_bytes);
    CHECK(buffers == summary.alive_at_end_buffers);
    CHECK(std::is_sorted(growth.groups.begin(), growth.groups.end(),
                         [](const GroupGrowth& a, const GroupGrowth& b) { return a.bytes > b.bytes; }));
  }
}

TEST_CASE("growth: what is kept forever grows; weights, garbage in waves and what stopped do not") {
  TraceMaker maker;
  maker.alloc({4096, 0, "weight"});
  maker.alloc({4096, 0, "weight"});
  std::vector<std::uint32_t> garbage;
  for (std::uint32_t step = 0; step < 400; ++step) {
    maker.free(maker.alloc({64, 0, "scratch"}));
    garbage.push_back(maker.alloc({16, 0, "garbage"}));
    if (step % 50 == 49) {
      while (garbage.size() > 1) {
        maker.free(garbage.back());
        garbage.pop_back();
      }
    }
    if (step % 20 == 0) maker.alloc({8, 0, "leak"});
    if (step < 100 && step % 20 == 0) maker.alloc({8, 0, "warm-up"});
  }
  const Growth growth = growth_of_groups(maker.trace, GroupBy::label, all_rows(maker.trace), 100);
  CHECK(growth.all_groups == 4);
  CHECK(growth.groups.front().name == "weight");
  CHECK(named(growth, "leak").grows);
  CHECK(named(growth, "leak").buffers == 20);
  CHECK_FALSE(named(growth, "weight").grows);
  CHECK_FALSE(named(growth, "garbage").grows);
  CHECK(named(growth, "garbage").total_buffers == 400);
  CHECK_FALSE(named(growth, "warm-up").grows);

  const Growth first = growth_of_groups(maker.trace, GroupBy::label, all_rows(maker.trace), 1);
  CHECK(first.groups.size() == 1);
  CHECK(first.all_groups == 4);
}

TEST_CASE("growth: buffers that lived before the log began are counted from its first event") {
  TraceMaker maker;
  maker.born_before({8, 0, "old"});
  const std::uint32_t gone = maker.born_before({8, 0, "old"});
  for (std::uint32_t step = 0; step < 40; ++step) maker.free(maker.alloc({8, 0, "other"}));
  maker.free(gone);
  const Growth growth = growth_of_groups(maker.trace, GroupBy::label, all_rows(maker.trace), 10);
  CHECK(named(growth, "old").floor.front() == 2);
  CHECK(named(growth, "old").floor.back() == 1);
}

TEST_CASE("growth: a trace of no events has no groups") {
  CHECK(growth_of_groups({}, GroupBy::site, {}, 10).groups.empty());
}
