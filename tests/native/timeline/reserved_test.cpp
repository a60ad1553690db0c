#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "timeline/fragmentation.hpp"
#include "timeline/reserved_account.hpp"
#include "trace_maker.hpp"

using namespace bufgc;
using namespace bufgc::timeline;

namespace {

/// Segments come and go; blocks stand within them, rounded up to 16, freed to the cache or for good. Byte
/// maps of every event are kept beside.
struct SegmentTrace {
  static constexpr std::uint64_t segment_bytes = 256;
  static constexpr std::uint32_t segments = 6;
  static constexpr std::uint64_t granule = 16;

  TraceMaker maker;
  struct Block {
    std::uint32_t row;
    std::uint64_t address;
    std::uint64_t capacity;
  };
  std::vector<Block> live;
  std::set<std::uint64_t> cached;  ///< Granules.
  std::vector<std::uint32_t> held = std::vector<std::uint32_t>(segments, Lifecycles::none);

  struct Moment {
    std::uint64_t live_blocks = 0;
    std::uint64_t live_requested = 0;
    std::uint64_t held = 0;
    std::uint64_t longest_hole = 0;
  };
  std::vector<Moment> moments;

  static std::uint64_t address_of(std::uint32_t segment) { return 0x1000 + 2 * segment * segment_bytes; }

  bool is_free(std::uint64_t address) const {
    for (const Block& block : live) {
      if (address >= block.address && address < block.address + block.capacity) return false;
    }
    return true;
  }
  void note() {
    Moment moment;
    for (const Block& block : live) {
      moment.live_blocks += block.capacity;
      moment.live_requested += maker.trace.size_bytes[block.row];
    }
    for (std::uint32_t segment = 0; segment < segments; ++segment) {
      if (held[segment] == Lifecycles::none) continue;
      std::uint64_t run = 0;
      for (std::uint64_t at = 0; at < segment_bytes; at += granule) {
        moment.held += granule;
        run = is_free(address_of(segment) + at) ? run + granule : 0;
        moment.longest_hole = std::max(moment.longest_hole, run);
      }
    }
    while (moments.size() < maker.trace.event_count()) moments.push_back(moment);
  }

  explicit SegmentTrace(std::uint32_t seed) {
    std::mt19937 random(seed);
    const auto roll = [&](std::uint32_t below) { return static_cast<std::uint32_t>(random() % below); };
    while (maker.trace.event_count() < 300) {
      const std::uint32_t segment = roll(segments);
      const std::uint64_t base = address_of(segment);
      if (held[segment] == Lifecycles::none) {
        held[segment] = maker.reserve(base, segment_bytes);
      } else if (roll(12) == 0) {
        const bool empty = std::none_of(live.begin(), live.end(), [&](const Block& block) {
          return block.address >= base && block.address < base + segment_bytes;
        });
        if (!empty) continue;
        maker.release(std::exchange(held[segment], Lifecycles::none));
        cached.erase(cached.lower_bound(base), cached.lower_bound(base + segment_bytes));
      } else if (roll(2) == 0) {
        place(base, 1 + roll(90), roll(segment_bytes / granule) * granule);
      } else if (!live.empty()) {
        const std::uint32_t index = roll(static_cast<std::uint32_t>(live.size()));
        maker.free(live[index].row, roll(2) == 0 ? to_cache : std::uint8_t{1});
        live.erase(live.begin() + static_cast<std::ptrdiff_t>(index));
      }
      note();
    }
  }
  void place(std::uint64_t base, std::uint64_t size, std::uint64_t offset) {
    const std::uint64_t capacity = (size + granule - 1) / granule * granule;
    if (offset + capacity > segment_bytes) return;
    for (std::uint64_t at = 0; at < capacity; at += granule) {
      if (!is_free(base + offset + at)) return;
    }
    TraceMaker::Birth birth{size, base + offset};
    birth.capacity = capacity;
    live.push_back({maker.alloc(birth), base + offset, capacity});
  }
};

void require_whole(const ReservedAccount& account) {
  REQUIRE(account.reserved_bytes + account.outside_bytes ==
          account.live_bytes + account.rounding_bytes + account.cached_bytes + account.gaps_bytes);
}

}  // namespace

TEST_CASE("where segments are known, every reserved byte is live, rounding, cached or a gap") {
  for (std::uint32_t seed = 1; seed <= 8; ++seed) {
    const SegmentTrace made(seed);
    const Lifecycles& trace = made.maker.trace;
    const Levels levels(trace);
    const Places places(trace);
    for (std::uint32_t event = 0; event < trace.event_count(); ++event) {
      INFO("seed " << seed << ", event " << event);
      const ReservedAccount account = account_reserved(trace, places, levels, event);
      const SegmentTrace::Moment& moment = made.moments[event];
      require_whole(account);
      REQUIRE(account.knows_segments);
      REQUIRE(account.knows_blocks);
      REQUIRE(account.reserved_bytes == moment.held);
      REQUIRE(account.live_bytes == moment.live_requested);
      REQUIRE(account.rounding_bytes == moment.live_blocks - moment.live_requested);
      REQUIRE(account.gaps_bytes == moment.held - moment.live_blocks - levels.at(event).cached_bytes);
      REQUIRE(account.outside_bytes == 0);
      REQUIRE(account.largest_hole_bytes == moment.longest_hole);
    }
  }
}

TEST_CASE("without segments reserved is live, rounding and cached, on any trace and while buffers move") {
  for (std::uint32_t seed = 1; seed <= 6; ++seed) {
    const Lifecycles trace = random_trace({seed, 400, true, true, true});
    const Levels levels(trace);
    const Places places(trace);
    for (std::uint32_t event = 0; event < trace.event_count(); ++event) {
      const ReservedAccount account = account_reserved(trace, places, levels, event);
      INFO("seed " << seed << ", event " << event);
      require_whole(account);
      REQUIRE_FALSE(account.knows_segments);
      REQUIRE(account.gaps_bytes == 0);
      REQUIRE(account.outside_bytes == 0);
    }
  }
}

TEST_CASE("what stands in no held segment is told apart, and hides no gap") {
  TraceMaker maker;
  maker.reserve(0x1000, 256);
  maker.alloc({100, 0x1000});
  maker.alloc({64, 0x10f0});  // 16 bytes of it within
  maker.alloc({500, 0x9000});
  const ReservedAccount account = account_reserved(maker.trace, Places(maker.trace), Levels(maker.trace), 99);
  CHECK(account.outside_bytes == 548);
  CHECK(account.gaps_bytes == 140);
  CHECK(account.largest_hole_bytes == 140);
  require_whole(account);
}

TEST_CASE("a hole may reach over segments that touch, and a moved buffer leaves one behind") {
  TraceMaker maker;
  maker.reserve(0x1000, 0x100);
  maker.reserve(0x1100, 0x100);
  const std::uint32_t row = maker.alloc({0x80, 0x1080});
  maker.move(row, 0x1000);
  const Levels levels(maker.trace);
  const Places places(maker.trace);
  CHECK(account_reserved(maker.trace, places, levels, 0).largest_hole_bytes == 0x100);
  CHECK(account_reserved(maker.trace, places, levels, 2).largest_hole_bytes == 0x100);
  CHECK(account_reserved(maker.trace, places, levels, 3).largest_hole_bytes == 0x180);
}

TEST_CASE("files that contradict themselves still add up") {
  TraceMaker maker;
  maker.reserve(0xffffffffffffff00, 0x80);
  maker.alloc({0x200, 0xffffffffffffff80});  // past the last address
  maker.alloc({0x60, 0xffffffffffffff00});
  maker.alloc({0x60, 0xffffffffffffff00});  // two at one place
  TraceMaker::Birth birth{100, 0x100};
  birth.capacity = 10;  // less than was asked for
  maker.alloc(birth);
  const Levels levels(maker.trace);
  const Places places(maker.trace);
  for (std::uint32_t event = 0; event < 5; ++event) {
    require_whole(account_reserved(maker.trace, places, levels, event));
  }
  const Lifecycles empty;
  require_whole(account_reserved(empty, Places(empty), Levels(empty), 0));
}

TEST_CASE("a column's fragmentation is the worst share of reserved that stood within it") {
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {
    const Lifecycles trace = random_trace({seed});
    const Levels levels(trace);
    const EventClock clock(trace);
    const std::size_t columns = 23;
    const auto events = static_cast<double>(trace.event_count());
    const std::vector<double> worst = Fragmentation(levels).resample(clock, Axis::event, 0, events, columns);
    for (std::size_t column = 0; column < columns; ++column) {
      const double left = events * static_cast<double>(column) / static_cast<double>(columns);
      const double right = events * static_cast<double>(column + 1) / static_cast<double>(columns);
      double expected = 0;
      for (std::uint32_t event = 0; event < trace.event_count(); ++event) {
        if (event + 1 <= left || event >= right) continue;
        const Level level = levels.at(event);
        if (level.reserved_bytes == 0) continue;
        const double share =
            1 - static_cast<double>(level.live_bytes) / static_cast<double>(level.reserved_bytes);
        expected = std::max(expected, share);
      }
      INFO("seed " << seed << ", column " << column);
      REQUIRE(worst[column] == Approx(1e6 * expected).margin(1));
    }
  }
  CHECK(fragmentation_ppm(0, 0) == 0);
  CHECK(fragmentation_ppm(75, 100) == 250000);
  CHECK(fragmentation_ppm(100, 50) == 0);
}
