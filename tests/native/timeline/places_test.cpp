// Where buffers stand over time, and where the layout puts them.

#include "timeline/places.hpp"

#include <catch2/catch.hpp>

#include "timeline/address_layout.hpp"
#include "timeline/cache_waits.hpp"
#include "timeline/levels.hpp"
#include "timeline/summary.hpp"
#include "trace_maker.hpp"

using namespace bufgc;
using namespace bufgc::timeline;

TEST_CASE("each move ends a place and begins another") {
  TraceMaker maker;
  const std::uint32_t still = maker.alloc({100, 0x1000});
  const std::uint32_t moved = maker.alloc({100, 0x5000});
  maker.move(moved, 0x3000);  // event 2
  maker.alloc({1, 0x9000});
  maker.move(moved, 0x2000);  // event 4
  maker.free(moved);          // event 5
  const Places places(maker.trace);
  REQUIRE(places.size() == 5);
  CHECK(places.end_event(still) == Lifecycles::none);
  CHECK_FALSE(places.moved_on(still));
  CHECK(places.last_of(still) == still);
  CHECK(places.end_event(moved) == 2);
  CHECK(places.moved_on(moved));
  const std::uint32_t second = places.next_of(moved);
  CHECK(places.row_of(second) == moved);
  CHECK(places.address(second) == 0x3000);
  CHECK(places.begin_event(second) == 2);
  CHECK(places.end_event(second) == 4);
  CHECK(places.moved_in(second));
  const std::uint32_t third = places.last_of(moved);
  CHECK(third == places.next_of(second));
  CHECK(places.address(third) == 0x2000);
  CHECK(places.end_event(third) == 5);
  CHECK_FALSE(places.moved_on(third));
}

TEST_CASE("moves that follow each other are one step") {
  TraceMaker maker;
  const std::uint32_t a = maker.alloc({100, 0x1064});
  const std::uint32_t b = maker.alloc({100, 0x10c8});
  maker.move(b, 0x1064);  // event 2: where a still stands, had it not moved in the same step
  maker.move(a, 0x1000);
  maker.move(b, 0x1065);  // twice: only where it came to counts
  const Places places(maker.trace);
  REQUIRE(places.size() == 4);
  CHECK(places.begin_event(places.next_of(a)) == 2);
  CHECK(places.begin_event(places.next_of(b)) == 2);
  CHECK(places.address(places.last_of(b)) == 0x1065);
  CHECK(places.end_event(a) == 2);
}

TEST_CASE("a row without address stays where it is packed, and a view moves with its base") {
  TraceMaker maker;
  const std::uint32_t packed = maker.alloc({100});
  const std::uint32_t base = maker.alloc({100, 0x5000});
  const std::uint32_t early = maker.alloc({40, 0x5010, {}, {}, BufferKind::view, base});  // event 2
  maker.move(packed, 0x3000);
  maker.move(early, 0x1010);
  maker.move(base, 0x1000);  // one step from event 3 on
  const std::uint32_t late = maker.alloc({40, 0x1020, {}, {}, BufferKind::view, base});  // event 6
  maker.free(early);                                                                     // event 7
  const AddressLayout layout(maker.trace);
  CHECK(layout.stays_of(packed).size() == 1);
  const std::vector<Stay> whole = layout.stays_of(base);
  REQUIRE(whole.size() == 2);
  CHECK(whole[0].strip.y > whole[1].strip.y);
  const std::vector<Stay> stays = layout.stays_of(early);
  REQUIRE(stays.size() == 2);
  CHECK(stays[0].strip.y == whole[0].strip.y + 16);
  CHECK(stays[1].strip.y == whole[1].strip.y + 16);
  CHECK(stays[0].begin_event == 2);
  CHECK(stays[0].end_event == 3);
  CHECK(stays[1].begin_event == 3);
  CHECK(stays[1].end_event == 7);
  const std::vector<Stay> after = layout.stays_of(late);
  REQUIRE(after.size() == 1);
  CHECK(after[0].strip.y == whole[1].strip.y + 32);
  CHECK(after[0].strip.height == 40);
  CHECK(after[0].end_event == Lifecycles::none);
  CHECK(layout.stays_of(99).empty());
}

TEST_CASE("where buffers moved, no two share a place at the same time, and each stands at its address") {
  for (std::uint32_t seed = 1; seed <= 8; ++seed) {
    INFO("seed " << seed);
    const Lifecycles trace = random_trace({seed, 600, true, false, true});
    REQUIRE(trace.moves.size() > 20);
    const AddressLayout layout(trace);
    const Places& places = layout.places();
    const Strips& strips = layout.strips();
    for (std::uint32_t a = 0; a < places.size(); ++a) {
      REQUIRE(layout.address_at(static_cast<double>(strips[a].y) + 0.5) == places.address(a));
      REQUIRE(places.begin_event(a) < places.end_event(a));
      for (std::uint32_t b = 0; b < a; ++b) {
        const bool time =
            places.begin_event(a) < places.end_event(b) && places.begin_event(b) < places.end_event(a);
        const bool room =
            strips[a].y < strips[b].y + strips[b].height && strips[b].y < strips[a].y + strips[a].height;
        if (time && room) FAIL("boxes " << a << " and " << b);
      }
    }
    // What waits in the cache lies where its buffer last stood, and only until one moves there.
    const CacheWaits waits = find_cache_waits(trace, places);
    REQUIRE(waits.size() == places.size());
    std::size_t count = 0;
    for (std::uint32_t left = 0; left < waits.size(); ++left) {
      if (waits[left] == places.end_event(left)) continue;
      ++count;
      REQUIRE(left == places.last_of(places.row_of(left)));
      for (std::uint32_t box = 0; box < places.size(); ++box) {
        const bool time =
            places.begin_event(box) < waits[left] && places.end_event(box) > places.end_event(left);
        const bool room = strips[box].y < strips[left].y + strips[left].height &&
                          strips[left].y < strips[box].y + strips[box].height;
        if (time && room) FAIL("the block of box " << left << " and box " << box);
      }
    }
    CHECK(count > 0);
  }
}

TEST_CASE("moves change no total and no level") {
  Lifecycles trace = random_trace({5, 600, true, true, true});
  const Summary with = summarise(trace);
  const Levels levels(trace);
  for (const Lifecycles::Move& move : trace.moves)
    REQUIRE(levels.at(move.event).live_bytes == (move.event == 0 ? 0 : levels.at(move.event - 1).live_bytes));
  // The same without its moves: their events stay, as marks.
  for (auto& kind : trace.event_kind)
    if (kind == Lifecycles::EventKind::move) kind = Lifecycles::EventKind::mark;
  trace.moves.clear();
  const Summary without = summarise(trace);
#define BUFGC_X(name) CHECK(with.name == without.name);
  BUFGC_SUMMARY(BUFGC_X)
#undef BUFGC_X
}
