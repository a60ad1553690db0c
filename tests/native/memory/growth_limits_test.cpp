// How far the reserve may pass what was live before free pages are exchanged, or blocks moved: at the limit,
// and one step beyond it.

#include <algorithm>

#include "bufgc/memory/arena.hpp"
#include "bufgc/memory/compaction.hpp"
#include "bufgc/memory/page_exchange.hpp"
#include "memory/field_source.hpp"
#include "memory/support.hpp"

using namespace bufgc;
using namespace bufgc::testing;

namespace {

constexpr std::size_t page_bytes = 4 * KiB;

void sort(std::vector<Range*>& blocks) {
  std::sort(blocks.begin(), blocks.end(), [](Range* a, Range* b) { return a->data < b->data; });
}

/// Blocks of a page side by side.
std::vector<Range*> pages_in(Arena& arena, std::size_t count) {
  REQUIRE(arena.grow(count * page_bytes, 0, no_budget));
  std::vector<Range*> blocks;
  for (std::size_t i = 0; i < count; ++i) {
    blocks.push_back(arena.allocate(page_bytes));
    REQUIRE(blocks.back() != nullptr);
    blocks.back()->size_bytes = page_bytes;
  }
  sort(blocks);
  return blocks;
}

}  // namespace

TEST_CASE("blocks slide together once the reserve would pass what was live by more than its slack",
          "[memory][compaction]") {
  // 100 pages, of which every other one is free; wanted are two that touch.
  constexpr std::uint64_t slack = 128 * KiB;
  constexpr std::uint64_t grown = 102 * page_bytes;
  for (const bool beyond : {false, true}) {
    SlidingSource source;
    Arena arena(source, 64);
    const std::vector<Range*> blocks = pages_in(arena, 100);
    for (std::size_t i = 0; i < 99; i += 2) static_cast<void>(arena.free(blocks[i]));
    Compaction compaction;
    compaction.before_growth(arena, 2 * page_bytes, grown - slack - (beyond ? 1 : 0), 0, no_budget);
    CHECK(arena.counts().compactions == (beyond ? 1 : 0));
    CHECK(arena.has_room(2 * page_bytes) == beyond);
    CHECK(arena.reserved_bytes() == 100 * page_bytes);
  }
}

TEST_CASE("the slack of what was live is a part of it once that is more than the least",
          "[memory][compaction]") {
  constexpr std::uint64_t pages = 2000;
  for (const bool beyond : {false, true}) {
    SlidingSource source;
    Arena arena(source, 64);
    const std::vector<Range*> blocks = pages_in(arena, pages);
    for (std::size_t i = 0; i + 1 < pages; i += 2) static_cast<void>(arena.free(blocks[i]));
    // The most of which what there will be is no more than a 24th beyond.
    std::uint64_t most_live = (pages + 2) * page_bytes * 24 / 25;
    while (most_live + most_live / 24 >= (pages + 2) * page_bytes) --most_live;
    Compaction compaction;
    compaction.before_growth(arena, 2 * page_bytes, most_live + (beyond ? 0 : 1), 0, no_budget);
    CHECK(arena.counts().compactions == (beyond ? 1 : 0));
  }
}

TEST_CASE("once moving cost too much beside what was asked for, the reserve is given more room",
          "[memory][compaction]") {
  constexpr std::size_t pages = 512;
  SlidingSource source;
  Arena arena(source, 64);
  std::vector<Range*> blocks = pages_in(arena, pages);
  // Every other page is free, by address.
  const auto comb = [&] {
    while (Range* const block = arena.allocate(page_bytes)) {
      block->size_bytes = page_bytes;
      blocks.push_back(block);
    }
    sort(blocks);
    std::vector<Range*> left;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      if (i % 2 != 0) {
        left.push_back(blocks[i]);
      } else {
        static_cast<void>(arena.free(blocks[i]));
      }
    }
    blocks = left;
  };
  constexpr std::uint64_t most_live = (pages + 1) * page_bytes - 200 * KiB;
  Compaction compaction;
  const auto before_growth = [&](std::uint64_t allocated_bytes) {
    comb();
    const std::uint64_t before = arena.counts().compactions;
    compaction.before_growth(arena, 2 * page_bytes, most_live, allocated_bytes, no_budget);
    return arena.counts().compactions != before;
  };
  while (arena.counts().moved_bytes <= 16 * most_live) {
    comb();
    // By far beyond the most that was live: all is gathered, whatever it costs.
    compaction.before_growth(arena, pages / 2 * page_bytes, pages / 2 * page_bytes, no_budget, no_budget);
  }
  const std::uint64_t beyond = arena.counts().moved_bytes - 16 * most_live;
  REQUIRE(beyond % page_bytes == 0);
  CHECK_FALSE(before_growth(beyond * 8 - 8));
  CHECK(before_growth(beyond * 8));
}

TEST_CASE("free pages are exchanged once the reserve would pass what was live by more than its slack",
          "[memory][exchange]") {
  for (const std::uint64_t most_live : {std::uint64_t{MiB}, std::uint64_t{32 * MiB}}) {
    const std::uint64_t slack = std::max<std::uint64_t>(64 * KiB, most_live / 128);
    for (const bool beyond : {false, true}) {
      const std::size_t pages = static_cast<std::size_t>((most_live + slack) / page_bytes) - 2;
      Field source(2 * pages, true, false);
      Arena arena(source, 64);
      PageExchange exchange;
      const std::vector<Range*> blocks = pages_in(arena, pages);
      for (std::size_t i = 0; i + 1 < pages; i += 2) static_cast<void>(arena.free(blocks[i]));
      // The last page is a block's, so that two pages more are wanted, up to the limit or one beyond it.
      REQUIRE(exchange.grow(arena, {2 * page_bytes, 0, most_live - (beyond ? 1 : 0), no_budget}));
      CHECK(arena.has_room(2 * page_bytes));
      const std::uint64_t grown = arena.reserved_bytes();
      CHECK(grown == (pages + 2) * page_bytes - (beyond ? page_bytes : 0));
    }
  }
}

TEST_CASE("once exchanges have cost their part at a peak, the reserve is given more room",
          "[memory][exchange]") {
  constexpr std::size_t pages = 1024;
  Field source(4 * pages, true, false);
  Arena arena(source, 64);
  PageExchange exchange;
  constexpr std::uint64_t most_live =
      pages * page_bytes - 64 * KiB;  // so that all that is reserved is the limit
  std::vector<Range*> blocks = pages_in(arena, pages);
  std::uint64_t exchanges = 0;
  for (; exchanges < 100; ++exchanges) {
    std::vector<Range*> left;
    for (std::size_t i = 0; i < pages; ++i) {
      if (i % 2 == 0) {
        static_cast<void>(arena.free(blocks[i]));
      } else {
        left.push_back(blocks[i]);
      }
    }
    REQUIRE(exchange.grow(arena, {pages / 2 * page_bytes, 0, most_live, no_budget}));
    if (arena.reserved_bytes() > pages * page_bytes) break;
    // And all as before.
    for (Range* block : left) static_cast<void>(arena.free(block));
    REQUIRE(arena.release_pages(no_budget) == pages * page_bytes);
    blocks = pages_in(arena, pages);
  }
  // 64 MiB to begin with, and a quarter of the peak; each released half of all pages.
  constexpr std::uint64_t cost = pages / 2 * page_bytes;
  CHECK(exchanges == (64 * MiB + most_live / 4 + cost - 1) / cost);
}
