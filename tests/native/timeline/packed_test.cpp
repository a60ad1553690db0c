#include <catch2/catch.hpp>

#include "timeline/levels.hpp"
#include "timeline/packed_layout.hpp"
#include "timeline/rows.hpp"
#include "trace_maker.hpp"

using namespace bufgc;
using namespace bufgc::timeline;

namespace {

constexpr std::size_t at_once = SIZE_MAX;

bool same(const Strips& a, const Strips& b) {
  bool equal = a.size() == b.size();
  for (std::size_t row = 0; equal && row < a.size(); ++row) equal = a[row] == b[row];
  return equal;
}

void check_places(const Lifecycles& trace, const PackedLayout& layout) {
  REQUIRE(layout.strips().size() == trace.size());
  std::uint64_t top = 0;
  for (std::uint32_t a = 0; a < trace.size(); ++a) {
    const Strip strip = layout.strips()[a];
    REQUIRE(strip.height == live_bytes(trace, a));
    top = std::max(top, strip.y + strip.height);
    for (std::uint32_t b = 0; b < a; ++b) {
      const Strip other = layout.strips()[b];
      const bool same_time =
          trace.alloc_event[a] < trace.free_event[b] && trace.alloc_event[b] < trace.free_event[a];
      const bool same_bytes = strip.y < other.y + other.height && other.y < strip.y + strip.height;
      if (same_time && same_bytes) FAIL("rows " << a << " and " << b);
    }
  }
  CHECK(layout.height() == top);
  CHECK(layout.height() >= Levels(trace).maxima().live_bytes);
}

}  // namespace

TEST_CASE("packed, no two buffers that live at the same time overlap, and the height is at least the peak") {
  for (std::uint32_t seed = 1; seed <= 8; ++seed) {
    INFO("seed " << seed);
    const Lifecycles trace = random_trace({seed, 600, seed % 2 == 0, true, seed > 6});
    PackedLayout layout(trace);
    REQUIRE(layout.advance(at_once));
    check_places(trace, layout);
    const std::uint64_t height = layout.height();
    layout.improve(std::chrono::milliseconds{20});
    check_places(trace, layout);
    CHECK(layout.height() <= height);
  }
}

TEST_CASE("packed with all lifetimes known, buffers leave room for what is to come") {
  TraceMaker maker;
  const std::uint32_t shorter = maker.alloc({100});
  const std::uint32_t longer = maker.alloc({100});
  maker.free(shorter);
  maker.alloc({200});
  maker.free(longer);
  PackedLayout layout(maker.trace);
  REQUIRE(layout.advance(at_once));
  CHECK(layout.height() == 400);
  layout.improve(std::chrono::milliseconds{20});
  CHECK(layout.improved());
  CHECK(layout.height() == 300);
  check_places(maker.trace, layout);
  // The plan knew nothing of this one: all is placed anew.
  maker.alloc({50});
  CHECK(layout.advance(at_once));
  CHECK_FALSE(layout.improved());
  CHECK(layout.height() == 400);
  check_places(maker.trace, layout);
}

TEST_CASE("packed piece by piece, and while the trace grows, all stands where it does at once") {
  const Lifecycles trace = random_trace({9, 600});
  PackedLayout whole(trace);
  REQUIRE(whole.advance(at_once));
  PackedLayout pieces(trace);
  std::size_t calls = 1;
  while (!pieces.advance(7)) ++calls;
  CHECK(calls == (trace.event_count() + 6) / 7);
  CHECK(same(pieces.strips(), whole.strips()));

  TraceMaker maker;
  PackedLayout growing(maker.trace);
  CHECK(growing.advance(at_once));
  const std::uint32_t first = maker.alloc({100});
  CHECK(growing.advance(at_once));
  maker.alloc({30});
  maker.free(first);
  maker.alloc({60});
  CHECK(growing.advance(at_once));
  PackedLayout later(maker.trace);
  CHECK(later.advance(at_once));
  CHECK(same(growing.strips(), later.strips()));
  CHECK(growing.height() == 130);
  CHECK(growing.strips()[2].y == 0);
}

TEST_CASE("packed, lifetimes in the order of a stack are as high as their peak") {
  TraceMaker maker;
  std::mt19937 random(3);
  std::vector<std::uint32_t> held;
  for (int i = 0; i < 2000; ++i) {
    if (!held.empty() && random() % 2 == 0) {
      maker.free(held.back());
      held.pop_back();
    } else {
      held.push_back(maker.alloc({1 + random() % 1000}));
    }
  }
  PackedLayout layout(maker.trace);
  REQUIRE(layout.advance(at_once));
  CHECK(layout.height() == Levels(maker.trace).maxima().live_bytes);
}

TEST_CASE("packed, what was born before the log stands from its first event; views stand over their base") {
  TraceMaker maker;
  const std::uint32_t before = maker.born_before({300});
  const std::uint32_t gone = maker.born_before({50});
  maker.free(gone);  // event 0
  const std::uint32_t base = maker.alloc({40, 0x1000});
  const std::uint32_t view = maker.alloc({8, 0x1010, {}, {}, BufferKind::view, base});
  const std::uint32_t outside = maker.alloc({70, 0x9000, {}, {}, BufferKind::external});
  PackedLayout layout(maker.trace);
  REQUIRE(layout.advance(at_once));
  CHECK(layout.height() == 350);
  CHECK(layout.strips()[before].y == 0);
  CHECK(layout.strips()[base].y == 300);
  const std::vector<Stay> stays = layout.stays_of(view);
  REQUIRE(stays.size() == 1);
  CHECK((stays[0].strip.y == 300 && stays[0].strip.height == 40));
  CHECK((stays[0].begin_event == 2 && stays[0].end_event == Lifecycles::none));
  CHECK(layout.stays_of(outside).empty());
  CHECK(layout.stays_of(99).empty());
}
