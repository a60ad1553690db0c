// Memory use and reuse, seen from buffers.

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "support.hpp"

using namespace bufgc;
using bufgc::test::require_nothing_left;
using bufgc::test::weightless;

TEST_CASE("allocate, allocate, free, allocate has a peak of two", "[reuse]") {
  BufferManager manager;
  CpuBuffer a = manager.alloc(4096);
  const CpuBuffer b = manager.alloc(4096);
  a.destroy();
  const CpuBuffer c = manager.alloc(4096);
  const Statistics now = manager.statistics();
  REQUIRE(now.peak_live_blocks == 2);
  REQUIRE(now.peak_live_bytes == 2 * 4096);
  REQUIRE(now.live_bytes == 2 * 4096);
  REQUIRE(now.allocations == 3);
}

TEST_CASE("a freed buffer's block serves the next buffer of its size", "[reuse]") {
  BufferManager manager;
  CpuBuffer first = manager.alloc(10'000);
  const std::byte* const place = first.data();
  first.reset();
  const CpuBuffer second = manager.alloc(10'000);
  REQUIRE(second.data() == place);
  REQUIRE(manager.statistics().hits >= 1);
}

TEST_CASE("dropping the output of a computation frees its intermediates at once", "[reuse]") {
  BufferManager manager;
  CpuBuffer input = manager.alloc(1000);
  CpuBuffer output;
  {
    CpuBuffer intermediate = manager.alloc(2000);
    intermediate.link(input);
    output = manager.alloc(3000);
    output.link(intermediate);
  }
  REQUIRE(manager.statistics().live_buffers == 3);
  output.reset();
  REQUIRE(manager.statistics().live_buffers == 1);
  REQUIRE(manager.statistics().live_bytes == 1000);
  REQUIRE_FALSE(input.destroyed());
}

TEST_CASE("deleting one input keeps the other", "[reuse]") {
  BufferManager manager;
  CpuBuffer a = manager.alloc(100);
  const CpuBuffer b = manager.alloc(100);
  std::memset(b.data(), 7, 100);
  a.destroy();
  REQUIRE(manager.statistics().live_buffers == 1);
  for (const std::byte byte : b.bytes()) REQUIRE(byte == std::byte{7});
}

TEST_CASE("destroying twice is an error and harms nothing else", "[reuse]") {
  BufferManager manager;
  CpuBuffer a = manager.alloc(100);
  const CpuBuffer other = manager.alloc(100);
  a.destroy();
  REQUIRE_THROWS_AS(a.destroy(), UseAfterDestroy);
  REQUIRE(a.try_destroy() == Status::destroyed);
  REQUIRE(manager.statistics().frees == 1);
  REQUIRE(other.try_data() != nullptr);
  REQUIRE(manager.check_invariants() == nullptr);
}

TEST_CASE("using a buffer after destroy is an error", "[reuse]") {
  BufferManager manager;
  CpuBuffer a = manager.alloc(100);
  const CpuBuffer same = a;
  a.destroy();
  REQUIRE(same.destroyed());
  REQUIRE(same.try_data() == nullptr);
  REQUIRE_THROWS_AS(same.data(), UseAfterDestroy);
  REQUIRE_THROWS_AS(same.bytes(), UseAfterDestroy);
  REQUIRE_THROWS_AS(same.view({}), UseAfterDestroy);
  REQUIRE_THROWS_AS(a.link(manager.alloc(1)), UseAfterDestroy);
}

TEST_CASE("destroy frees the block at once while others still hold the buffer", "[reuse]") {
  BufferManager manager;
  CpuBuffer a = manager.alloc(100);
  const CpuBuffer same = a;
  a.destroy();
  REQUIRE(manager.statistics().live_blocks == 0);
  REQUIRE(manager.statistics().live_buffers == 0);
  REQUIRE(same.size_bytes() == 100);
}

TEST_CASE("after its base was destroyed and another buffer took the block, a view answers destroyed",
          "[reuse][view]") {
  BufferManager manager;
  CpuBuffer base = manager.alloc(4096);
  const CpuBuffer view = base.view({1024, 1024, DType::uint8, {}, {}});
  const std::byte* const place = base.data();
  base.destroy();
  const CpuBuffer thief = manager.alloc(4096);
  REQUIRE(thief.data() == place);
  std::memset(thief.data(), 0x5a, 4096);
  REQUIRE(view.destroyed());
  REQUIRE(view.try_data() == nullptr);
  REQUIRE_THROWS_AS(view.data(), UseAfterDestroy);
  const CpuBuffer base_again = manager.alloc(4096);
  REQUIRE(view.destroyed());
  REQUIRE_FALSE(thief.destroyed());
  REQUIRE_FALSE(base_again.destroyed());
}

TEST_CASE("bytes kept for reuse are reported as cached and go back with trim", "[reuse]") {
  BufferManager manager;
  manager.alloc(1 << 20).reset();
  REQUIRE(manager.statistics().live_bytes == 0);
  REQUIRE(manager.statistics().cached_bytes >= 1U << 20U);
  manager.trim(0);
  REQUIRE(manager.statistics().cached_bytes == 0);
}

TEST_CASE("a million allocations leave nothing behind (fewer where each is checked through and through)",
          "[reuse][collection]") {
#if defined(BUFGC_CHECK_INVARIANTS)
  constexpr std::uint64_t count = 20'000;
#else
  constexpr std::uint64_t count = 1'000'000;
#endif
  BufferManager manager;
  std::uint64_t peak_reserved = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const CpuBuffer buffer = manager.alloc(256 + i % 7 * 64);
    if (i == 1000) peak_reserved = manager.statistics().peak_reserved_bytes;
  }
  REQUIRE(manager.statistics().allocations == count);
  REQUIRE(manager.statistics().finalized_buffers == count);
  REQUIRE(manager.statistics().peak_live_blocks == 1);
  REQUIRE(manager.statistics().peak_reserved_bytes == peak_reserved);
  require_nothing_left(manager);
}

TEST_CASE("what is live in blocks used before counts toward the peak", "[reuse]") {
  BufferManager manager;
  const auto live_at_once = [&manager](std::uint64_t size_bytes) {
    std::vector<CpuBuffer> buffers;
    for (int i = 0; i < 8; ++i) buffers.push_back(manager.alloc(size_bytes));
  };
  live_at_once(1001);
  REQUIRE(manager.statistics().peak_live_bytes == 8 * 1001);
  const std::uint64_t reserved_bytes = manager.statistics().reserved_bytes;
  live_at_once(1020);
  REQUIRE(manager.statistics().reserved_bytes == reserved_bytes);
  REQUIRE(manager.statistics().peak_live_bytes == 8 * 1020);
  REQUIRE(manager.statistics().peak_live_blocks == 8);
}

TEST_CASE("slots beyond those that a thread keeps for itself are used again", "[reuse]") {
  BufferManager manager;
  std::uint32_t highest = 0;
  for (int round = 0; round < 5; ++round) {
    std::vector<CpuBuffer> buffers;
    for (int i = 0; i < 1000; ++i) {
      buffers.push_back(weightless(manager));
      highest = std::max(highest, buffers.back().id().slot);
    }
  }
  REQUIRE(highest < 1100);
}

TEST_CASE("a slot that was more than bytes is born again as bytes alone", "[reuse]") {
  BufferManager manager;
  static std::byte outside[64] = {};
  const CpuBuffer base = manager.alloc(1024);
  const auto reborn_after = [&](CpuBuffer former) {
    const std::uint32_t slot = former.id().slot;
    former = {};
    const CpuBuffer bytes = manager.alloc(64);
    REQUIRE(bytes.id().slot == slot);
    CHECK(bytes.dtype() == DType::uint8);
    CHECK(bytes.shape().rank() == 0);
    CHECK(bytes.label().empty());
    CHECK_FALSE(bytes.is_view());
    CHECK_FALSE(bytes.is_external());
    CHECK_FALSE(static_cast<bool>(bytes.base()));
    CHECK(bytes.capacity_bytes() == 64);
    CHECK(bytes.use_count() == 1);
    const CpuBuffer view = bytes.view({.offset_bytes = 8, .size_bytes = 8});
    CHECK(view.base() == bytes);
    CHECK(manager.check_invariants() == nullptr);
  };
  reborn_after(manager.alloc(BufferSpec{0, DType::float32, {4, 4}, {}}));
  reborn_after(manager.alloc(BufferSpec{64, DType::uint8, {}, "frame"}));
  reborn_after(manager.alloc(BufferSpec{0, DType::float32, {4, 4}, "frame"}));
  reborn_after(base.view({.offset_bytes = 64, .size_bytes = 64}));
  reborn_after(manager.external(outside, BufferSpec{64, DType::uint8, {}, {}}));
  CpuBuffer destroyed = manager.alloc(BufferSpec{0, DType::float32, {16}, "gone"});
  destroyed.destroy();
  reborn_after(std::move(destroyed));
  CpuBuffer linked = manager.alloc(64);
  linked.link(base);
  reborn_after(std::move(linked));
}

TEST_CASE("a buffer with a shape keeps it after it was destroyed, and gives its slot back without",
          "[reuse]") {
  BufferManager manager;
  CpuBuffer buffer = manager.alloc(BufferSpec{0, DType::float32, {2, 3}, "kept"});
  buffer.destroy();
  CHECK(buffer.shape() == Shape{2, 3});
  CHECK(buffer.dtype() == DType::float32);
  CHECK(buffer.label() == "kept");
  buffer = {};
  require_nothing_left(manager);
}

TEST_CASE("a buffer of no bytes is a buffer", "[reuse]") {
  BufferManager manager;
  const CpuBuffer empty = manager.alloc(0);
  REQUIRE(empty);
  REQUIRE(empty.size_bytes() == 0);
  REQUIRE(empty.bytes().empty());
  REQUIRE(manager.statistics().live_buffers == 1);
}
