#include "timeline/address_blocks.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "timeline/latency.hpp"
#include "timeline/row_table.hpp"
#include "trace_maker.hpp"

using namespace bufgc;
using namespace bufgc::timeline;

namespace {

constexpr std::uint64_t slot_bytes = 4096;

/// Times in which buffers stand in address ranges of their own, one longer than a block; the last one comes
/// back to all of them.
Lifecycles trace_of_eras() {
  std::mt19937 random(5);
  TraceMaker maker;
  std::vector<std::uint32_t> holders(64 * 4, Lifecycles::none);
  const std::uint32_t segment = maker.reserve(0x100000, slot_bytes * 64);
  for (std::uint32_t era = 0; era < 5; ++era) {
    for (int step = 0; step < 3000; ++step) {
      const auto slot = static_cast<std::uint32_t>(era == 4 ? random() % 256 : era * 64 + random() % 64);
      std::uint32_t& holder = holders[slot];
      if (holder != Lifecycles::none) {
        maker.free(std::exchange(holder, Lifecycles::none), to_cache);
      } else {
        const std::uint64_t inside = random() % 4 == 0 ? slot_bytes / 2 : 0;
        holder = maker.alloc({1 + random() % (slot_bytes / 2), 0x100000 + slot * slot_bytes + inside});
      }
    }
    if (era == 2) maker.release(segment);
  }
  return maker.trace;
}

}  // namespace

TEST_CASE("address blocks: who passes over blocks finds what one finds who looks at all") {
  const Lifecycles trace = trace_of_eras();
  REQUIRE(trace.event_count() > 10 * AddressBlocks::length);
  REQUIRE(trace.size() > 5 * AddressBlocks::length);
  const Places places(trace);
  const AddressBlocks blocks(trace, places);
  std::uint32_t far = 0;
  for (std::uint32_t row = 0; row < trace.size(); row += 3) {
    Neighbours expected;
    for (std::uint32_t other = 0; other < trace.size(); ++other) {
      if (other == row || trace.address[other] != trace.address[row]) continue;
      if (other < row) expected.previous = other;
      if (other > row && expected.next == Lifecycles::none) expected.next = other;
    }
    const Neighbours found = neighbours_at_address(trace, blocks, row);
    REQUIRE(found.previous == expected.previous);
    REQUIRE(found.next == expected.next);
    if (found.next != Lifecycles::none && found.next > row + 2 * AddressBlocks::length) ++far;

    std::uint32_t reuse = Lifecycles::none;
    const std::uint64_t first = trace.address[row];
    const std::uint64_t end = first + trace.size_bytes[row];
    const bool freed = trace.free_event[row] != Lifecycles::none;
    for (std::size_t event = trace.free_event[row]; freed && ++event < trace.event_count();) {
      const std::uint32_t index = trace.event_row[event];
      if (trace.event_kind[event] == Lifecycles::EventKind::release && first < 0x100000 + slot_bytes * 64)
        break;
      if (trace.event_kind[event] != Lifecycles::EventKind::alloc) continue;
      if (trace.address[index] < end && first < trace.address[index] + trace.size_bytes[index]) {
        reuse = static_cast<std::uint32_t>(event);
        break;
      }
    }
    REQUIRE(latency_of_row(trace, places, blocks, row).reuse_event == reuse);
  }
  CHECK(far > 20);  // over whole blocks, that is
}

TEST_CASE("address blocks: the last address and no address") {
  TraceMaker maker;
  constexpr std::uint64_t last = Lifecycles::no_address - 8;
  const std::uint32_t high = maker.alloc({100, last});  // as a broken trace may have it
  const std::uint32_t nowhere = maker.alloc({100});
  maker.free(high);
  maker.free(nowhere);
  const AddressBlocks blocks(maker.trace, Places(maker.trace));
  CHECK(blocks.events_touch(0, last + 4, 1));
  CHECK(blocks.rows_touch(0, last, 1));
  CHECK_FALSE(blocks.rows_touch(0, last - 1, 1));
  CHECK_FALSE(blocks.events_touch(0, 0, last));
  CHECK(AddressBlocks({}, Places({})).length > 0);
}
