#include <catch2/catch.hpp>

#include "timeline/address_layout.hpp"
#include "timeline/cache_waits.hpp"
#include "timeline/packing.hpp"
#include "trace_maker.hpp"

using namespace bufgc;
using namespace bufgc::timeline;

namespace {

bool overlap_in_time(const Lifecycles& trace, std::uint32_t a, std::uint32_t b) {
  return trace.alloc_event[a] < trace.free_event[b] && trace.alloc_event[b] < trace.free_event[a];
}

bool overlap(Strip a, Strip b) {
  return a.y < b.y + b.height && b.y < a.y + a.height;
}

}  // namespace

TEST_CASE("no two buffers that live at the same time share a place") {
  for (std::uint32_t seed = 1; seed <= 8; ++seed) {
    INFO("seed " << seed);
    const Lifecycles trace = random_trace({seed, 600, seed % 2 == 0});
    const AddressLayout layout(trace);
    for (std::uint32_t a = 0; a < trace.size(); ++a) {
      const Strip strip = layout.strips()[a];
      REQUIRE(strip.y + strip.height <= layout.height());
      for (std::uint32_t b = 0; b < a; ++b) {
        if (!overlap_in_time(trace, a, b) || !overlap(strip, layout.strips()[b])) continue;
        FAIL("rows " << a << " and " << b);
      }
    }
  }
}

TEST_CASE("addresses keep their order and their size, and gaps without any buffer are thin") {
  const Lifecycles trace = random_trace({3, 600});
  const AddressLayout layout(trace);
  std::uint64_t covered = 0;
  for (std::uint32_t a = 0; a < trace.size(); ++a) {
    if (trace.kind[a] != 0) continue;
    REQUIRE(layout.strips()[a].height == trace.capacity_bytes[a]);
    for (std::uint32_t b = 0; b < a; ++b) {
      if (trace.kind[b] != 0 || trace.address[a] >= trace.address[b]) continue;
      REQUIRE(layout.strips()[a].y < layout.strips()[b].y);
    }
    covered = std::max(covered, trace.address[a]);
  }
  REQUIRE(layout.has_addresses());
  // 24 slots of 1000 bytes, although their addresses span 48 MiB.
  CHECK(layout.height() < 40'000);
}

TEST_CASE("an address leads to its y and back") {
  TraceMaker maker;
  maker.alloc({100, 0x1000});
  maker.alloc({100, 0x900000});
  const AddressLayout layout(maker.trace);
  for (std::uint32_t row = 0; row < 2; ++row) {
    const auto y = static_cast<double>(layout.strips()[row].y);
    CHECK(layout.address_at(y) == maker.trace.address[row]);
    CHECK(layout.address_at(y + 99.5) == maker.trace.address[row] + 99);
  }
  CHECK_FALSE(layout.address_at(100.5).has_value());
  CHECK_FALSE(layout.address_at(-1).has_value());
  CHECK_FALSE(layout.address_at(static_cast<double>(layout.height())).has_value());
}

TEST_CASE("a packed place is used again as soon as its buffer is gone") {
  TraceMaker maker;
  const std::uint32_t first = maker.alloc({100});
  const std::uint32_t second = maker.alloc({50});
  maker.free(first);
  const std::uint32_t third = maker.alloc({100});
  maker.free(second);
  maker.free(third);
  const std::uint32_t fourth = maker.alloc({150});
  const AddressLayout layout(maker.trace);
  CHECK(layout.height() == 150);
  CHECK(layout.strips()[third].y == layout.strips()[first].y);
  CHECK(layout.strips()[fourth].y == 0);
  CHECK_FALSE(layout.has_addresses());
}

TEST_CASE("a view stands within its base and has no place of its own") {
  TraceMaker maker;
  const std::uint32_t base = maker.alloc({100, 0x1000});
  const std::uint32_t view = maker.alloc({40, 0x1010, {}, {}, BufferKind::view, base});
  const AddressLayout layout(maker.trace);
  CHECK(layout.strips()[view].height == 0);
  const std::vector<Stay> stays = layout.stays_of(view);
  REQUIRE(stays.size() == 1);
  CHECK(stays[0].strip.y == layout.strips()[base].y + 16);
  CHECK(stays[0].strip.height == 40);
}

TEST_CASE("a cached block waits until any of its addresses is taken, or to the end") {
  TraceMaker maker;
  const std::uint32_t a = maker.alloc({100, 0x1000});
  const std::uint32_t b = maker.alloc({100, 0x2000});
  const std::uint32_t c = maker.alloc({100, 0x3000});
  maker.free(a, to_cache);        // event 3
  maker.free(b, to_cache);        // event 4
  maker.free(c);                  // event 5: not cached
  maker.alloc({8, 0x1000 + 60});  // event 6 takes a part of a's block
  const CacheWaits waits = find_cache_waits(maker.trace, Places(maker.trace));
  REQUIRE(waits.size() == 4);
  CHECK(waits[a] == 6);
  CHECK(waits[b] == Lifecycles::none);
  CHECK(waits[c] == 5);                 // Its own end: it left nothing.
  CHECK(waits[3] == Lifecycles::none);  // It lives.
}

TEST_CASE("cached blocks never overlap live buffers") {
  for (std::uint32_t seed = 1; seed <= 6; ++seed) {
    INFO("seed " << seed);
    const Lifecycles trace = random_trace({seed, 500, true, false});
    const CacheWaits waits = find_cache_waits(trace, Places(trace));
    for (std::uint32_t left = 0; left < waits.size(); ++left) {
      for (std::uint32_t row = 0; row < trace.size(); ++row) {
        const bool same_bytes = trace.address[row] < trace.address[left] + trace.capacity_bytes[left] &&
                                trace.address[left] < trace.address[row] + trace.capacity_bytes[row];
        const bool same_time =
            trace.alloc_event[row] < waits[left] && trace.free_event[row] > trace.free_event[left];
        REQUIRE_FALSE((same_bytes && same_time));
      }
    }
  }
}

TEST_CASE("addresses of very many buffers are united as those of few are") {
  constexpr std::uint32_t buffers = 140'000;
  constexpr std::uint64_t size = 64;
  TraceMaker maker;
  // Every second place of a long row, twice, the later half from above; then one that covers all gaps.
  for (std::uint32_t i = 0; i < buffers; ++i) {
    const std::uint32_t place = i < buffers / 2 ? i : buffers - 1 - i;
    TraceMaker::Birth birth{size};
    birth.address = 0x10000 + std::uint64_t{place} * 2 * size;
    maker.free(maker.alloc(birth));
  }
  const AddressLayout apart(maker.trace);
  CHECK(apart.height() >= buffers / 2 * size + buffers / 2 - 1);  // a gap between each two
  TraceMaker::Birth all{buffers * size};
  all.address = 0x10000;
  maker.free(maker.alloc(all));
  const AddressLayout layout(maker.trace);
  CHECK(layout.height() == buffers * size);
  for (std::uint32_t row = 0; row < buffers; ++row) {
    REQUIRE(layout.strips()[row].y == maker.trace.address[row] - 0x10000);
  }
}
