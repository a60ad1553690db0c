#include "timeline/live_set.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <string>

#include "timeline/levels.hpp"
#include "trace_maker.hpp"

using namespace bufgc;
using namespace bufgc::timeline;

namespace {

std::vector<std::uint8_t> all_rows(const Lifecycles& trace) {
  return std::vector<std::uint8_t>(trace.size(), 1);
}

/// A random trace whose rows have one of five labels.
Lifecycles labelled_trace(std::uint32_t seed) {
  Lifecycles trace = random_trace({seed});
  for (std::size_t row = 0; row < trace.size(); ++row) {
    trace.label.set(row, trace.strings.intern(std::string("label ") + std::to_string(row % 5)));
  }
  return trace;
}

}  // namespace

TEST_CASE("the live set of every event is what a count from nothing finds, and its totals are the level") {
  for (std::uint32_t seed = 1; seed <= 6; ++seed) {
    const Lifecycles trace = labelled_trace(seed);
    const Levels levels(trace);
    for (std::uint32_t event = 0; event < trace.event_count(); ++event) {
      INFO("seed " << seed << ", event " << event);
      std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> expected;
      for (std::size_t row = 0; row < trace.size(); ++row) {
        if (trace.alloc_event[row] > event || trace.free_event[row] <= event) continue;
        auto& [buffers, bytes] = expected[std::string(trace.strings.at(trace.label[row]))];
        ++buffers;
        bytes += trace.kind[row] == 0 ? trace.size_bytes[row] : 0;
      }
      const LiveSet set = live_set(trace, {event, GroupBy::label, 3}, all_rows(trace));
      REQUIRE(set.bytes == levels.at(event).live_bytes);
      REQUIRE(set.buffers == levels.at(event).live_buffers);
      REQUIRE(set.groups.size() == expected.size());
      std::uint64_t before = ~std::uint64_t{0};
      for (const LiveGroup& group : set.groups) {
        REQUIRE(group.bytes <= before);
        before = group.bytes;
        REQUIRE(std::pair(group.buffers, group.bytes) == expected[group.name]);
      }
    }
  }
}

TEST_CASE("the largest live buffers come first, hold bytes and match the filter") {
  TraceMaker maker;
  maker.alloc({10, 0x100, "a"});
  const std::uint32_t gone = maker.alloc({900, 0x200, "a"});
  const std::uint32_t base = maker.alloc({300, 0x1000, "b"});
  maker.alloc({200, 0x1000, "b", {}, BufferKind::view, base});
  maker.alloc({300, 0x2000, "a"});
  maker.alloc({700, 0x9000, "a", {}, BufferKind::external});
  maker.free(gone);
  using Rows = std::vector<std::uint32_t>;
  const Lifecycles& trace = maker.trace;
  CHECK(live_set(trace, {99, GroupBy::label, 10}, all_rows(trace)).largest == Rows{2, 4, 0});
  CHECK(live_set(trace, {99, GroupBy::label, 2}, all_rows(trace)).largest == Rows{2, 4});
  CHECK(live_set(trace, {4, GroupBy::label, 2}, all_rows(trace)).largest == Rows{1, 2});
  CHECK(live_set(trace, {99, GroupBy::label, 10}, {1, 1, 0, 0, 1, 1}).largest == Rows{4, 0});
  CHECK(live_set(trace, {0, GroupBy::size, 10}, all_rows(trace)).groups.at(0).name == "8 B to 16 B");
}

TEST_CASE("a live set of no events is empty") {
  const LiveSet set = live_set({}, {}, {});
  CHECK(set.buffers == 0);
  CHECK(set.groups.empty());
}
