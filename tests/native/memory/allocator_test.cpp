#include <algorithm>
#include <cstring>
#include <limits>

#include "bufgc/memory/arena.hpp"
#include "memory/support.hpp"

using namespace bufgc;
using namespace bufgc::testing;

TEST_CASE("every block is aligned to the alignment of the options", "[memory]") {
  const std::size_t alignment = GENERATE(64U, 128U, 512U, 4096U);
  CountedSource counted;
  CpuAllocator allocator(counted.source, {alignment});
  for (std::size_t size : {0UL, 1UL, 63UL, 64UL, 65UL, 4095UL, 4097UL, 100000UL}) {
    const Allocation allocation = allocator.allocate(size);
    REQUIRE(allocation.block != nullptr);
    CHECK(reinterpret_cast<std::uintptr_t>(allocation.block->data) % alignment == 0);
    CHECK(allocation.block->size_bytes == size);
    CHECK(allocation.block->capacity_bytes % alignment == 0);
    CHECK(allocation.block->capacity_bytes >= std::max<std::size_t>(size, alignment));
    CHECK(allocation.block->capacity_bytes < std::max<std::size_t>(size, 1) + alignment);
  }
  check_sound(allocator);
}

TEST_CASE("options out of range are clamped to the nearest legal alignment", "[memory]") {
  CountedSource counted;
  CHECK(CpuAllocator(counted.source, {0}).options().alignment_bytes == 64);
  CHECK(CpuAllocator(counted.source, {100}).options().alignment_bytes == 128);
  CHECK(CpuAllocator(counted.source, {1 << 20}).options().alignment_bytes == 4096);
}

TEST_CASE("allocate, allocate, free, allocate has a peak of two blocks", "[memory][reuse]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  const Allocation first = allocator.allocate(10000);
  const Allocation second = allocator.allocate(10000);
  std::byte* freed = second.block->data;
  allocator.deallocate(second.block);
  const Allocation third = allocator.allocate(10000);
  CHECK(third.block->data == freed);
  CHECK(third.served_by == ServedBy::cache);
  const MemoryStatistics s = allocator.statistics();
  CHECK(s.peak_live_blocks == 2);
  CHECK(s.peak_live_bytes == 20000);
  CHECK(s.live_blocks == 2);
  CHECK(first.block->data != third.block->data);
}

TEST_CASE("who served an allocation is told truthfully", "[memory][reuse]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  const Allocation from_source = allocator.allocate(64 * KiB - 64);
  CHECK(from_source.served_by == ServedBy::source);
  CHECK(allocator.statistics().misses == 1);
  const Allocation from_arena = allocator.allocate(64);
  CHECK(from_arena.served_by == ServedBy::arena);
  CHECK(allocator.deallocate(from_arena.block) == FreedTo::cache);
  const Allocation from_cache = allocator.allocate(64);
  CHECK(from_cache.served_by == ServedBy::cache);
  CHECK(allocator.statistics().misses == 1);
  CHECK(allocator.statistics().hits == 2);
}

TEST_CASE("of several freed blocks of one size the last freed is reused first", "[memory][reuse]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  Block* a = allocator.allocate(5000).block;
  Block* b = allocator.allocate(5000).block;
  std::byte* const a_data = a->data;
  std::byte* const b_data = b->data;
  allocator.deallocate(a);
  allocator.deallocate(b);
  CHECK(allocator.allocate(5000).block->data == b_data);
  CHECK(allocator.allocate(5000).block->data == a_data);
}

TEST_CASE("a request of zero bytes is served with one granule", "[memory]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  const Allocation a = allocator.allocate(0);
  const Allocation b = allocator.allocate(0);
  REQUIRE(a.block != nullptr);
  CHECK(a.block->capacity_bytes == 64);
  CHECK(a.block->data != b.block->data);
  CHECK(allocator.statistics().rounding_bytes == 128);
}

TEST_CASE("sizes near the largest integer are refused and change nothing", "[memory]") {
  const std::size_t alignment = GENERATE(64U, 4096U);
  CountedSource counted;
  CpuAllocator allocator(counted.source, {alignment});
  constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
  for (std::size_t size : {most, most - 1, most - 63, most - 64, most - 4095, most - 4096, most / 2 + 1,
                           most / 2 + 4096, most / 4 * 3, most / 8 * 7}) {
    INFO("size " << size);
    CHECK(allocator.allocate(size).block == nullptr);
  }
  const MemoryStatistics s = allocator.statistics();
  CHECK(s.failed_allocations == 10);
  CHECK(s.reserved_bytes == 0);
  CHECK(s.allocations == 0);
  check_sound(allocator);
}

TEST_CASE("a freed block is counted as cached, not as live", "[memory][statistics]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  Block* block = allocator.allocate(1000).block;
  MemoryStatistics s = allocator.statistics();
  CHECK(s.live_bytes == 1000);
  CHECK(s.rounding_bytes == 24);
  const std::uint64_t cached = s.cached_bytes;
  CHECK(s.internal_fragmentation == Approx(24.0 / 1024.0));
  allocator.deallocate(block);
  s = allocator.statistics();
  CHECK(s.live_bytes == 0);
  CHECK(s.rounding_bytes == 0);
  CHECK(s.cached_bytes == cached + 1024);
  CHECK(s.peak_cached_bytes == cached + 1024);
  CHECK(s.internal_fragmentation == 0);
  check_sound(allocator);
}

TEST_CASE("trim to nothing leaves nothing cached", "[memory][trim]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  std::vector<Block*> blocks;
  for (std::size_t i = 1; i <= 200; ++i) blocks.push_back(allocator.allocate(i * 1000).block);
  Block* kept = blocks[77];
  for (Block* block : blocks) {
    if (block != kept) allocator.deallocate(block);
  }
  const std::uint64_t reserved = allocator.statistics().reserved_bytes;
  const std::uint64_t released = allocator.release_cached();
  const MemoryStatistics s = allocator.statistics();
  CHECK(s.cached_bytes == 0);
  CHECK(s.reserved_bytes == reserved - released);
  CHECK(s.reserved_bytes < reserved / 10);
  CHECK(s.live_bytes == 78000);
  check_sound(allocator);
  allocator.deallocate(kept);
  allocator.release_cached();
  CHECK(allocator.statistics().reserved_bytes == 0);
  CHECK(allocator.statistics().segments == 0);
}

TEST_CASE("a trim calls the source once for each piece of free pages", "[memory][trim][statistics]") {
  HeapSource heap;
  CpuAllocator allocator(heap);
  std::vector<Block*> blocks;
  for (int i = 0; i < 7; ++i) blocks.push_back(allocator.allocate(MiB).block);
  for (const std::size_t i : {1U, 3U, 5U}) allocator.deallocate(blocks[i]);
  const std::uint64_t calls = allocator.statistics().source_calls;
  CHECK(allocator.trim(0) == 3 * MiB);
  CHECK(allocator.statistics().source_calls == calls + 3);
  check_sound(allocator);
}

TEST_CASE("trim keeps at most as much as it is told", "[memory][trim]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  std::vector<Block*> blocks;
  for (int i = 0; i < 64; ++i) blocks.push_back(allocator.allocate(256 * KiB).block);
  for (Block* block : blocks) allocator.deallocate(block);
  for (std::uint64_t keep : {10 * MiB, 5 * MiB, 300 * KiB}) {
    allocator.trim(keep);
    CHECK(allocator.statistics().cached_bytes <= keep);
    CHECK(allocator.statistics().cached_bytes > keep / 2);
    check_sound(allocator);
  }
}

TEST_CASE("with the cache off a freed block's memory goes back at once", "[memory][trim]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source, {64, no_budget, false});
  Block* block = allocator.allocate(3 * MiB).block;
  CHECK(allocator.deallocate(block) == FreedTo::source);
  CHECK(allocator.statistics().reserved_bytes == 0);
  Block* small = allocator.allocate(100).block;
  Block* neighbour = allocator.allocate(100).block;
  CHECK(allocator.deallocate(small) == FreedTo::arena);
  CHECK(allocator.statistics().cached_bytes == 0);
  CHECK(allocator.deallocate(neighbour) == FreedTo::source);
  CHECK(allocator.statistics().reserved_bytes == 0);
  check_sound(allocator);
}

TEST_CASE("switching the cache off releases what is cached", "[memory][trim]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  allocator.deallocate(allocator.allocate(MiB).block);
  CHECK(allocator.statistics().cached_bytes >= MiB);
  allocator.set_cache_enabled(false);
  CHECK(allocator.statistics().cached_bytes == 0);
  CHECK(allocator.statistics().reserved_bytes == 0);
  allocator.set_cache_enabled(true);
  CHECK(allocator.deallocate(allocator.allocate(64 * KiB).block) == FreedTo::cache);
}

TEST_CASE("no more is ever cached than the cache limit", "[memory][trim]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source, {64, no_budget, true, MiB});
  Random random(7);
  std::vector<Block*> blocks;
  for (int i = 0; i < 3000; ++i) {
    if (blocks.empty() || below(random, 5) < 3) {
      blocks.push_back(allocator.allocate(mixed_size(random)).block);
    } else {
      const std::size_t index = below(random, blocks.size());
      allocator.deallocate(blocks[index]);
      blocks[index] = blocks.back();
      blocks.pop_back();
    }
    REQUIRE(allocator.statistics().cached_bytes <= MiB);
  }
  for (Block* block : blocks) allocator.deallocate(block);
  CHECK(allocator.statistics().peak_cached_bytes <= MiB);
  CHECK(allocator.deallocate(allocator.allocate(2 * MiB).block) == FreedTo::source);
  check_sound(allocator);
}

TEST_CASE("freed neighbours of any sizes serve one larger request without the source", "[memory][reuse]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  std::vector<Block*> blocks;
  for (std::size_t i = 1; i <= 100; ++i) blocks.push_back(allocator.allocate(i * 640).block);
  const MemoryStatistics before = allocator.statistics();
  for (Block* block : blocks) allocator.deallocate(block);
  const Allocation whole = allocator.allocate(static_cast<std::size_t>(before.live_bytes));
  CHECK(whole.served_by == ServedBy::arena);
  CHECK(allocator.statistics().peak_reserved_bytes == before.reserved_bytes);
}

TEST_CASE("splits and merges are counted", "[memory][statistics]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source, {64, no_budget, true, 0});
  Block* a = allocator.allocate(64).block;
  Block* b = allocator.allocate(64).block;
  Block* c = allocator.allocate(64).block;
  CHECK(allocator.statistics().splits == 3);
  CHECK(allocator.statistics().merges == 0);
  allocator.deallocate(a);
  CHECK(allocator.statistics().merges == 0);
  allocator.deallocate(c);
  CHECK(allocator.statistics().merges == 1);
  allocator.deallocate(b);
  CHECK(allocator.statistics().merges == 3);
}

TEST_CASE("the largest free figure is what one request gets without the source", "[memory][statistics]") {
  CountedSource counted;
  AllocatorOptions options;
  options.compact = false;
  CpuAllocator allocator(counted.source, options);
  Random random(11);
  std::vector<Block*> blocks;
  for (int i = 0; i < 300; ++i) blocks.push_back(allocator.allocate(mixed_size(random)).block);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (i % 3 != 0) allocator.deallocate(blocks[i]);
  }
  const MemoryStatistics s = allocator.statistics();
  CHECK(s.external_fragmentation == Approx(1.0 - static_cast<double>(s.largest_free_bytes) /
                                                     static_cast<double>(s.cached_bytes + s.gap_bytes)));
  const Allocation fits = allocator.allocate(static_cast<std::size_t>(s.largest_free_bytes));
  CHECK(fits.served_by != ServedBy::source);
  CHECK(allocator.statistics().reserved_bytes == s.reserved_bytes);
  allocator.deallocate(fits.block);
  CHECK(allocator.allocate(static_cast<std::size_t>(s.largest_free_bytes) + 1).served_by == ServedBy::source);
}

TEST_CASE("the histogram counts requests by power of two", "[memory][statistics]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  Block* zero = allocator.allocate(0).block;
  static_cast<void>(allocator.allocate(1));
  Block* two = allocator.allocate(2).block;
  static_cast<void>(allocator.allocate(1023));
  static_cast<void>(allocator.allocate(1024));
  static_cast<void>(allocator.allocate(2047));
  allocator.deallocate(two);
  allocator.deallocate(zero);
  const SizeHistogram histogram = allocator.size_histogram();
  CHECK(histogram[0].allocations == 2);
  CHECK(histogram[0].live_blocks == 1);
  CHECK(histogram[0].live_bytes == 1);
  CHECK(histogram[1].allocations == 1);
  CHECK(histogram[1].live_blocks == 0);
  CHECK(histogram[9].live_bytes == 1023);
  CHECK(histogram[10].allocations == 2);
  CHECK(histogram[10].live_bytes == 3071);
  for (std::size_t i = 0; i < histogram.size(); ++i) {
    CHECK(histogram[i].lower_bytes == std::uint64_t{1} << i);
  }
}

TEST_CASE("a block that goes in and out in turns is counted at every turn", "[memory][statistics][reuse]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  const std::byte* place = nullptr;
  // Sizes that are rounded to the same capacity, each for some turns, and one of another.
  const std::size_t sizes[] = {1000, 1000, 1000, 1024, 1024, 1000, 5000, 5000, 1000};
  std::uint64_t allocated_bytes = 0;
  for (const std::size_t size : sizes) {
    const Allocation allocation = allocator.allocate(size);
    REQUIRE(allocation.block->size_bytes == size);
    if (size < 5000) {
      if (place == nullptr) place = allocation.block->data;
      CHECK(allocation.block->data == place);
    }
    CHECK(allocator.deallocate(allocation.block) == FreedTo::cache);
    allocated_bytes += size;
  }
  const MemoryStatistics now = allocator.statistics();
  CHECK(now.allocations == 9);
  CHECK(now.frees == 9);
  CHECK(now.hits == 8);
  CHECK(now.total_allocated_bytes == allocated_bytes);
  CHECK(now.live_blocks == 0);
  CHECK(now.live_bytes == 0);
  CHECK(now.peak_live_blocks == 1);
  CHECK(now.peak_live_bytes == 5000);
  CHECK(allocator.size_histogram()[9].allocations == 5);
  CHECK(allocator.size_histogram()[10].allocations == 2);
  CHECK(allocator.size_histogram()[12].allocations == 2);
  check_sound(allocator);
}

TEST_CASE("peaks are exact while a block goes in and out beside others", "[memory][statistics]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  Block* const first = allocator.allocate(2048).block;
  for (int turn = 0; turn < 3; ++turn) allocator.deallocate(allocator.allocate(1024).block);
  CHECK(allocator.statistics().peak_live_blocks == 2);
  CHECK(allocator.statistics().peak_live_bytes == 3072);
  Block* const second = allocator.allocate(1024).block;
  allocator.deallocate(first);
  Block* const third = allocator.allocate(512).block;
  CHECK(allocator.statistics().peak_live_blocks == 2);
  CHECK(allocator.statistics().peak_live_bytes == 3072);
  Block* const fourth = allocator.allocate(2048).block;
  CHECK(allocator.statistics().peak_live_blocks == 3);
  CHECK(allocator.statistics().peak_live_bytes == 3584);
  for (Block* const block : {second, third, fourth}) allocator.deallocate(block);
  CHECK(allocator.statistics().live_blocks == 0);
  CHECK(allocator.trim(0) > 0);
  CHECK(allocator.statistics().reserved_bytes == 0);
}

namespace {

class Ledger final : public SegmentListener {
 public:
  void on_segment_reserved(Segment segment) noexcept override { bytes += segment.size_bytes; }
  void on_segment_released(Segment segment) noexcept override { bytes -= segment.size_bytes; }
  std::uint64_t bytes = 0;
};

}  // namespace

TEST_CASE("a segment listener adds up to the statistics' reserved bytes", "[memory][statistics]") {
  CountedSource counted;
  Ledger ledger;
  CpuAllocator allocator(counted.source);
  static_cast<void>(allocator.allocate(MiB));
  allocator.set_segment_listener(&ledger);
  Random random(3);
  std::vector<Block*> blocks;
  for (int i = 0; i < 2000; ++i) {
    if (blocks.empty() || below(random, 2) == 0) {
      blocks.push_back(allocator.allocate(mixed_size(random)).block);
    } else {
      allocator.deallocate(blocks.back());
      blocks.pop_back();
    }
    if (i % 100 == 99) allocator.trim(0);
    const MemoryStatistics s = allocator.statistics();
    REQUIRE(ledger.bytes == s.reserved_bytes);
  }
  allocator.set_segment_listener(nullptr);
}

TEST_CASE("a segment listener hears that an allocator's memory goes with it", "[memory][statistics]") {
  CountedSource counted;
  Ledger ledger;
  {
    CpuAllocator allocator(counted.source);
    allocator.set_segment_listener(&ledger);
    static_cast<void>(allocator.allocate(MiB));
    allocator.deallocate(allocator.allocate(3 * MiB).block);
    CHECK(ledger.bytes >= 4 * MiB);
  }
  CHECK(ledger.bytes == 0);
}

TEST_CASE("memory of a source that goes downward is one segment all the same", "[memory][reuse]") {
  class Downward final : public MemorySource {
   public:
    explicit Downward(Segment all) : all_(all) {}
    [[nodiscard]] Segment acquire(std::size_t min_bytes) noexcept override {
      const std::size_t bytes = round_up(min_bytes, 4 * KiB);
      if (bytes > all_.size_bytes) return {};
      all_.size_bytes -= bytes;
      return {all_.data + all_.size_bytes, bytes};
    }
    void release(Segment) noexcept override {}
    [[nodiscard]] std::size_t granularity_bytes() const noexcept override { return 4 * KiB; }
    [[nodiscard]] bool returns_memory() const noexcept override { return false; }

   private:
    Segment all_;
  };
  HeapSource heap;
  Downward source(heap.acquire(8 * MiB));
  CpuAllocator allocator(source);
  std::vector<Block*> blocks;
  for (int i = 0; i < 8; ++i) {
    blocks.push_back(allocator.allocate(MiB / 2).block);
    REQUIRE(blocks.back() != nullptr);
    CHECK(allocator.statistics().segments == 1);
    check_sound(allocator);
  }
  for (Block* const block : blocks) allocator.deallocate(block);
  CHECK(allocator.allocate(4 * MiB).served_by == ServedBy::arena);
}

TEST_CASE("of more allocators than a thread remembers at once each finds its own cache", "[memory][reuse]") {
  CountedSource counted;
  std::vector<std::unique_ptr<CpuAllocator>> allocators;
  for (int i = 0; i < 20; ++i) allocators.push_back(std::make_unique<CpuAllocator>(counted.source));
  for (int round = 0; round < 3; ++round) {
    for (const auto& allocator : allocators) {
      const Allocation allocation = allocator->allocate(1000);
      CHECK((allocation.served_by == ServedBy::cache) == (round > 0));
      CHECK(allocator->deallocate(allocation.block) == FreedTo::cache);
    }
  }
  for (const auto& allocator : allocators) check_sound(*allocator);
}

TEST_CASE("a free range behind many of its bin that are too small is found", "[memory][reuse]") {
  // All between 1024 and 1088 granules, which are one bin.
  constexpr std::size_t small = 1030 * 64;
  constexpr std::size_t wanted = 1045 * 64;
  constexpr std::size_t large = 1050 * 64;
  HeapSource source;
  Arena arena(source, 64);
  REQUIRE(arena.grow(8 * MiB, 0, no_budget));
  std::vector<Range*> ranges{arena.allocate(large)};
  for (int i = 0; i < 100; ++i) {
    REQUIRE(arena.allocate(64) != nullptr);  // lies between, so that none are joined
    ranges.push_back(arena.allocate(small));
  }
  REQUIRE(arena.allocate(static_cast<std::size_t>(arena.free_bytes())) != nullptr);
  const std::byte* const place = ranges[0]->data;
  for (Range* const range : ranges) arena.free(range);
  const Range* const found = arena.allocate(wanted);
  REQUIRE(found != nullptr);
  CHECK(found->data == place);
}

TEST_CASE(
    "where no memory returns, a large block goes to the high end of its range and a small one to the low",
    "[memory][reuse]") {
  SlidingSource source;
  CpuAllocator allocator(source);
  Block* const all = allocator.allocate(4 * MiB).block;
  const std::byte* const begin = all->data;
  allocator.deallocate(all);
  // Large is an eighth of what was ever in use at once.
  CHECK(allocator.allocate(400 * KiB).block->data == begin);
  CHECK(allocator.allocate(600 * KiB).block->data == begin + 4 * MiB - 600 * KiB);
}

TEST_CASE("an allocator that dies returns the segments under live blocks", "[memory]") {
  FailingSource source(default_source());
  {
    CpuAllocator allocator(source);
    for (int i = 0; i < 50; ++i) static_cast<void>(allocator.allocate(100 * KiB));
    CHECK(source.bytes_out() > 0);
  }
  CHECK(source.bytes_out() == 0);
}

TEST_CASE("of many blocks the first are kept at once, up to one that cannot simply be", "[memory][reuse]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  // A size has its place in the cache from the first block on that it kept.
  std::vector<Block*> first;
  for (const std::size_t size : {1000UL, 4096UL, 1000UL}) first.push_back(allocator.allocate(size).block);
  for (Block* block : first) allocator.deallocate(block);

  std::vector<Block*> blocks;
  for (const std::size_t size : {1000UL, 4096UL, 8000UL, 1000UL}) {
    blocks.push_back(allocator.allocate(size).block);
  }
  blocks.insert(blocks.begin() + 1, nullptr);
  REQUIRE(allocator.keep_first(blocks.data(), blocks.size()) == 3);
  CHECK(allocator.statistics().live_blocks == 2);
  CHECK(allocator.statistics().live_bytes == 9000);
  check_sound(allocator);
  CHECK(allocator.allocate(4096).block == blocks[2]);
  CHECK(allocator.allocate(1000).block == blocks[0]);
  CHECK(allocator.statistics().peak_live_blocks == 4);

  for (Block* block : blocks) {
    if (block != nullptr) allocator.deallocate(block);
  }
  CHECK(allocator.statistics().live_blocks == 0);
  check_sound(allocator);
}
