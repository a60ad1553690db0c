// The peaks are exact where nobody looks: what was reached by blocks of the cache alone, and left again.

#include <algorithm>

#include "memory/support.hpp"

using namespace bufgc;
using namespace bufgc::testing;

namespace {

std::vector<Block*> allocate(CpuAllocator& allocator, std::size_t count, std::size_t size_bytes) {
  std::vector<Block*> blocks;
  for (std::size_t i = 0; i < count; ++i) blocks.push_back(allocator.allocate(size_bytes).block);
  return blocks;
}

void deallocate(CpuAllocator& allocator, const std::vector<Block*>& blocks) {
  for (Block* block : blocks) allocator.deallocate(block);
}

}  // namespace

TEST_CASE("a peak of bytes that the cache alone reaches is told though it is left before anybody looks",
          "[memory][statistics]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  // What is kept was asked for with fewer bytes than it has.
  deallocate(allocator, allocate(allocator, 40, 4033));
  const MemoryStatistics before = allocator.statistics();
  CHECK(before.peak_live_bytes == 40 * 4033);
  std::uint64_t most_bytes = before.peak_live_bytes;
  for (std::size_t count = 38; count <= 40; ++count) {
    deallocate(allocator, allocate(allocator, count, 4096));
    most_bytes = std::max<std::uint64_t>(most_bytes, count * 4096);
    CHECK(allocator.statistics().peak_live_bytes == most_bytes);
    CHECK(allocator.statistics().peak_live_blocks == 40);
  }
  CHECK(allocator.statistics().misses == before.misses);
}

#if !defined(__EMSCRIPTEN__)  // where nothing stays kept when a block is placed
TEST_CASE("a peak of blocks that the cache alone reaches is told though it is left before anybody looks",
          "[memory][statistics]") {
  for (std::size_t count = 1; count <= 24; ++count) {
    CountedSource counted;
    CpuAllocator allocator(counted.source);
    // Room for all that follows; so both sizes come to be kept though they never were live at once.
    allocator.deallocate(allocator.allocate(MiB).block);
    deallocate(allocator, allocate(allocator, 8, 4096));
    deallocate(allocator, allocate(allocator, 24, 64));
    const MemoryStatistics before = allocator.statistics();
    REQUIRE(before.peak_live_blocks == 24);
    REQUIRE(before.misses == 1);
    const std::vector<Block*> some = allocate(allocator, 8, 4096);
    const std::vector<Block*> others = allocate(allocator, count, 64);
    deallocate(allocator, some);
    deallocate(allocator, others);
    const MemoryStatistics now = allocator.statistics();
    INFO(count);
    REQUIRE(now.splits == before.splits);
    REQUIRE(now.peak_live_blocks == std::max<std::size_t>(24, 8 + count));
    REQUIRE(now.peak_live_bytes == MiB);
  }
}
#endif

TEST_CASE("the peak of what is cached is told though it is left again before anybody looks",
          "[memory][statistics]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  std::vector<Block*> blocks = allocate(allocator, 64, 4096);
  const std::uint64_t reserved = allocator.statistics().reserved_bytes;
  std::uint64_t most = allocator.statistics().peak_cached_bytes;
  for (std::size_t kept = 1; kept < 64; ++kept) {
    for (std::size_t i = 0; i < kept; ++i) allocator.deallocate(blocks[i]);
    for (std::size_t i = 0; i < kept; ++i) blocks[i] = allocator.allocate(4096).block;
    const MemoryStatistics now = allocator.statistics();
    most = std::max(most, now.cached_bytes + kept * 4096);
    REQUIRE(now.reserved_bytes == reserved);
    REQUIRE(now.peak_cached_bytes == most);
  }
  deallocate(allocator, blocks);
}
