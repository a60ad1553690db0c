#include <catch2/catch.hpp>
#include <random>

#include "timeline/address_layout.hpp"
#include "timeline/cache_waits.hpp"
#include "timeline/levels.hpp"
#include "trace_maker.hpp"

using namespace bufgc;
using namespace bufgc::timeline;

namespace {

/// What a program may do besides allocating and releasing at the same few addresses.
struct Habits {
  bool segments = false;
  bool moves = false;
  bool new_addresses = false;
  bool no_addresses = false;
  bool born_before = false;
};

/// A trace that goes on and on.
class GrowingTrace {
 public:
  GrowingTrace(std::uint32_t seed, const Habits& habits) : random_(seed), habits_(habits) {
    if (habits.born_before) holder_[0] = maker_.born_before({300, address_of(0)});
    // From the first on all addresses are known, but for new ones.
    for (std::uint32_t slot = 0; slot < slots; ++slot) step(slot);
  }
  void go_on(std::uint32_t steps) {
    while (steps-- > 0) step(roll(slots));
  }
  [[nodiscard]] const Lifecycles& lifecycles() const { return maker_.trace; }

 private:
  static constexpr std::uint32_t slots = 16;
  static constexpr std::uint64_t slot_bytes = 1000;
  static std::uint64_t address_of(std::uint32_t slot) {
    return 0x10000 + slot * slot_bytes + (slot % 3) * 0x1000000;
  }
  std::uint32_t roll(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }

  void step(std::uint32_t slot) {
    maker_.now += roll(500);
    if (habits_.segments && roll(20) == 0) reserve_or_release();
    if (habits_.moves && roll(30) == 0 && holder_[slot] != Lifecycles::none &&
        holder_[0] == Lifecycles::none && slot > 0) {
      maker_.move(holder_[slot], address_of(0));
      holder_[0] = std::exchange(holder_[slot], Lifecycles::none);
    }
    if (habits_.new_addresses && roll(40) == 0) maker_.alloc({10, 0x90000000 + 4096 * roll(1000)});
    if (habits_.no_addresses && roll(40) == 0) maker_.alloc({1 + roll(50)});
    if (roll(15) == 0) {
      TraceMaker::Birth view{10};
      view.kind = holder_[slot] == Lifecycles::none ? BufferKind::external : BufferKind::view;
      view.base = holder_[slot];
      maker_.alloc(view);
    }
    if (holder_[slot] != Lifecycles::none) {
      maker_.free(std::exchange(holder_[slot], Lifecycles::none), roll(2) == 0 ? to_cache : std::uint8_t{2});
    } else {
      // The first buffer of a slot is its largest.
      TraceMaker::Birth birth{first_ ? slot_bytes - slot : 1 + roll(900), address_of(slot)};
      birth.served_by = roll(3) == 0 ? from_cache : from_source;
      holder_[slot] = maker_.alloc(birth);
    }
    first_ = maker_.trace.size() < slots;
  }
  void reserve_or_release() {
    if (held_.empty() || roll(2) == 0) {
      held_.push_back(maker_.reserve(0x10000 + 4096 * roll(100), 4096 * (1 + roll(8))));
    } else {
      maker_.release(held_.back());
      held_.pop_back();
    }
  }

  std::mt19937 random_;
  Habits habits_;
  TraceMaker maker_;
  std::vector<std::uint32_t> holder_ = std::vector<std::uint32_t>(slots, Lifecycles::none);
  std::vector<std::uint32_t> held_;
  bool first_ = true;
};

std::vector<Habits> all_habits() {
  Habits segments, moves, new_addresses, no_addresses, born_before;
  segments.segments = moves.moves = new_addresses.new_addresses = true;
  no_addresses.no_addresses = born_before.born_before = true;
  return {Habits{}, segments, moves, new_addresses, no_addresses, born_before};
}

void check_same(const Levels& grown, const Levels& fresh, const EventClock& clock) {
  REQUIRE(grown.events() == fresh.events());
  for (std::uint64_t event = 0; event < fresh.events(); ++event) {
    const Level a = grown.at(event);
    const Level b = fresh.at(event);
    REQUIRE(a.live_bytes == b.live_bytes);
    REQUIRE(a.live_buffers == b.live_buffers);
    REQUIRE(a.cached_bytes == b.cached_bytes);
    REQUIRE(a.reserved_bytes == b.reserved_bytes);
  }
  CHECK(grown.maxima().live_bytes == fresh.maxima().live_bytes);
  CHECK(grown.maxima().live_buffers == fresh.maxima().live_buffers);
  CHECK(grown.maxima().cached_bytes == fresh.maxima().cached_bytes);
  CHECK(grown.maxima().reserved_bytes == fresh.maxima().reserved_bytes);
  CHECK(grown.max_live_event() == fresh.max_live_event());
  CHECK(grown.max_reserved_event() == fresh.max_reserved_event());
  for (const std::uint32_t columns : {1U, 7U, 40U}) {
    const Columns cut{0, static_cast<double>(clock.events()), columns};
    const LevelColumns a = grown.resample(clock, Axis::event, cut);
    const LevelColumns b = fresh.resample(clock, Axis::event, cut);
    CHECK(a.live_max == b.live_max);
    CHECK(a.live_min == b.live_min);
    CHECK(a.cached_max == b.cached_max);
    CHECK(a.reserved_max == b.reserved_max);
  }
}

}  // namespace

TEST_CASE("levels of a trace that grows are those of the whole, whatever it does") {
  std::uint32_t seed = 1;
  for (const Habits& habits : all_habits()) {
    GrowingTrace growing(seed++, habits);
    std::mt19937 random(seed);
    Levels levels(growing.lifecycles());
    for (int turn = 0; turn < 25; ++turn) {
      // Often less than a block of events, now and then nothing.
      growing.go_on(static_cast<std::uint32_t>(random() % (turn % 3 == 0 ? 90 : 9)));
      levels.extend(growing.lifecycles());
      check_same(levels, Levels(growing.lifecycles()), EventClock(growing.lifecycles()));
    }
  }
}

TEST_CASE("an empty trace that grows, another trace, and one that was cut have the levels of their own") {
  Lifecycles empty;
  Levels levels(empty);
  levels.extend(empty);
  CHECK(levels.events() == 0);
  GrowingTrace growing(9, {});
  growing.go_on(100);
  levels.extend(growing.lifecycles());
  check_same(levels, Levels(growing.lifecycles()), EventClock(growing.lifecycles()));
  levels.extend(empty);
  CHECK(levels.events() == 0);
  // What the cache must have held before the first event shows only later.
  TraceMaker late;
  late.free(late.alloc({100, 0x1000}), to_cache);
  Levels before(late.trace);
  TraceMaker::Birth served{500, 0x2000};
  served.served_by = from_cache;
  late.alloc(served);
  before.extend(late.trace);
  check_same(before, Levels(late.trace), EventClock(late.trace));
  CHECK(before.at(0).cached_bytes == 400);
  // With the first segment all reserved bytes are those of segments.
  TraceMaker held;
  held.alloc({100, 0x1000});
  Levels without(held.trace);
  CHECK(without.at(0).reserved_bytes == 100);
  held.reserve(0x1000, 4096);
  without.extend(held.trace);
  check_same(without, Levels(held.trace), EventClock(held.trace));
  CHECK(without.at(0).reserved_bytes == 0);
}

TEST_CASE("births and ends without an event of their own are not lost when a trace grows") {
  TraceMaker maker;
  const std::uint32_t row = maker.alloc({100, 0x1000});
  Levels levels(maker.trace);
  SECTION("an end that another birth tells") {
    maker.trace.free_event[row] = static_cast<std::uint32_t>(maker.trace.event_count());
    maker.alloc({50, 0x1000});
  }
  SECTION("a birth at an event that is about something else") {
    const std::uint32_t later = maker.alloc({50, 0x2000});
    maker.trace.alloc_event[maker.born_before({30, 0x3000})] = maker.trace.alloc_event[later];
  }
  levels.extend(maker.trace);
  check_same(levels, Levels(maker.trace), EventClock(maker.trace));
  CHECK(levels.at(1).live_bytes != 150);
}

TEST_CASE("the layout of a trace that grows is that of the whole, whatever it does") {
  std::uint32_t seed = 1;
  for (const Habits& habits : all_habits()) {
    GrowingTrace growing(seed++, habits);
    std::mt19937 random(seed);
    AddressLayout layout(growing.lifecycles());
    for (int turn = 0; turn < 25; ++turn) {
      growing.go_on(static_cast<std::uint32_t>(random() % 40));
      layout.extend(growing.lifecycles());
      const AddressLayout fresh(growing.lifecycles());
      REQUIRE(layout.height() == fresh.height());
      REQUIRE(layout.places().size() == fresh.places().size());
      REQUIRE(layout.strips().size() == fresh.strips().size());
      for (std::uint32_t box = 0; box < fresh.strips().size(); ++box) {
        REQUIRE(layout.strips()[box] == fresh.strips()[box]);
        REQUIRE(layout.places().address(box) == fresh.places().address(box));
        REQUIRE(layout.places().end_event(box) == fresh.places().end_event(box));
      }
      for (double y = 0; y < static_cast<double>(fresh.height()); y += 97)
        REQUIRE(layout.address_at(y) == fresh.address_at(y));
    }
  }
}

TEST_CASE("a buffer without address is packed, be there one at the last of all addresses") {
  TraceMaker maker;
  maker.alloc({16, ~std::uint64_t{0} - 16});
  AddressLayout layout(maker.trace);
  maker.alloc({16});
  layout.extend(maker.trace);
  const AddressLayout fresh(maker.trace);
  CHECK(layout.height() == fresh.height());
  CHECK(layout.strips()[1] == fresh.strips()[1]);
}

TEST_CASE("what waits in the cache of a trace that grows is found as in the whole, whatever it does") {
  std::uint32_t seed = 1;
  for (const Habits& habits : all_habits()) {
    GrowingTrace growing(seed++, habits);
    std::mt19937 random(seed);
    GrowingCacheWaits grown(growing.lifecycles(), Places(growing.lifecycles()));
    for (int turn = 0; turn < 60; ++turn) {
      growing.go_on(static_cast<std::uint32_t>(random() % 40));
      const Places places(growing.lifecycles());
      grown.extend(growing.lifecycles(), places);
      REQUIRE(grown.waits() == find_cache_waits(growing.lifecycles(), places));
    }
  }
}
