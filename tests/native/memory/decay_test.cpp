// What a program has not needed for long goes back, and what it needs again and again stays.

#include <atomic>
#include <thread>

#include "memory/support.hpp"

using namespace bufgc;
using namespace bufgc::testing;

namespace {

AllocatorOptions decaying(std::uint64_t after_allocations) {
  AllocatorOptions options;
  options.decay_after_allocations = after_allocations;
  return options;
}

/// All blocks of a phase live at once.
void large_phase(CpuAllocator& allocator, std::size_t blocks, std::size_t block_bytes) {
  std::vector<Block*> live;
  for (std::size_t i = 0; i < blocks; ++i) {
    live.push_back(allocator.allocate(block_bytes).block);
    REQUIRE(live.back() != nullptr);
  }
  for (Block* block : live) allocator.deallocate(block);
}

/// One small block after the other, of sizes of which many are not at hand.
void small_phase(CpuAllocator& allocator, Random& random, std::size_t allocations) {
  for (std::size_t i = 0; i < allocations; ++i) {
    Block* const block = allocator.allocate(1 + below(random, 64 * KiB)).block;
    REQUIRE(block != nullptr);
    allocator.deallocate(block);
  }
}

/// Many small blocks that live all the time; among them a checking build walks over everything less often.
class Ballast {
 public:
  explicit Ballast(CpuAllocator& allocator) : allocator_(allocator) {
    for (std::size_t i = 0; i < count; ++i) blocks_.push_back(allocator.allocate(64).block);
  }
  Ballast(const Ballast&) = delete;
  Ballast& operator=(const Ballast&) = delete;
  ~Ballast() {
    for (Block* block : blocks_) allocator_.deallocate(block);
  }
  static constexpr std::size_t count = 3200;
  static constexpr std::size_t bytes = count * 64;

 private:
  CpuAllocator& allocator_;
  std::vector<Block*> blocks_;
};

}  // namespace

TEST_CASE("a program whose large phase is over gives its peak back", "[memory][decay]") {
  HeapSource source;
  CpuAllocator allocator(source, decaying(5000));
  const Ballast ballast(allocator);
  Random random(1);
  large_phase(allocator, 32, MiB);
  REQUIRE(allocator.statistics().reserved_bytes >= 32 * MiB);
  // Within an epoch the phase may come again.
  small_phase(allocator, random, 2000);
  CHECK(allocator.statistics().decayed_bytes == 0);
  CHECK(allocator.statistics().reserved_bytes >= 32 * MiB);

  small_phase(allocator, random, 30000);
  const MemoryStatistics s = allocator.statistics();
  CHECK(s.reserved_bytes <= 3 * MiB);
  CHECK(s.decayed_bytes >= 30 * MiB);
  CHECK(s.peak_reserved_bytes >= 32 * MiB);
  CHECK(s.peak_live_bytes == 32 * MiB + Ballast::bytes);
  check_sound(allocator);
}

TEST_CASE("of what decays twice the need and a mebibyte stay", "[memory][decay]") {
  HeapSource source;
  CpuAllocator allocator(source, decaying(5000));
  const Ballast ballast(allocator);
  large_phase(allocator, 32, MiB);
  Random random(1);
  for (int turn = 0; turn < 600; ++turn) {
    large_phase(allocator, 4, MiB);
    small_phase(allocator, random, 50);
  }
  const MemoryStatistics s = allocator.statistics();
  const std::uint64_t kept_bytes = 2 * (4 * MiB + Ballast::bytes) + MiB;
  CHECK(s.reserved_bytes > kept_bytes - 64 * KiB);
  CHECK(s.reserved_bytes < kept_bytes + MiB);  // for each block a granule more may be needed
  check_sound(allocator);
}

TEST_CASE("without decay the peak stays", "[memory][decay]") {
  HeapSource source;
  CpuAllocator allocator(source, decaying(0));
  const Ballast ballast(allocator);
  Random random(1);
  large_phase(allocator, 32, MiB);
  small_phase(allocator, random, 32000);
  CHECK(allocator.statistics().decayed_bytes == 0);
  CHECK(allocator.statistics().reserved_bytes >= 32 * MiB);
}

TEST_CASE("blocks in use stay where they are while others decay", "[memory][decay]") {
  HeapSource source;
  CpuAllocator allocator(source, decaying(1000));
  const Ballast ballast(allocator);
  Random random(2);
  std::vector<Block*> live;
  for (int i = 0; i < 32; ++i) live.push_back(allocator.allocate(MiB).block);
  for (std::size_t i = 0; i < live.size(); ++i) {
    if (i % 4 != 0) allocator.deallocate(live[i]);
  }
  small_phase(allocator, random, 20000);
  const MemoryStatistics s = allocator.statistics();
  CHECK(s.live_bytes == 8 * MiB + Ballast::bytes);
  CHECK(s.decayed_bytes >= 14 * MiB);
  CHECK(s.reserved_bytes <= 18 * MiB);
  check_sound(allocator);
  for (std::size_t i = 0; i < live.size(); i += 4) allocator.deallocate(live[i]);
}

TEST_CASE("what blocks in use keep of their pages does not decay, and nothing is given back for it",
          "[memory][decay]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source, decaying(1000));
  // One granule of each 4 KiB lives on.
  std::vector<Block*> live;
  std::vector<Block*> rest;
  for (int i = 0; i < 4096; ++i) {
    live.push_back(allocator.allocate(64).block);
    rest.push_back(allocator.allocate(4 * KiB - 64).block);
  }
  for (Block* const block : rest) allocator.deallocate(block);
  allocator.trim(0);
  const std::uint64_t reserved_bytes = allocator.statistics().reserved_bytes;
  REQUIRE(allocator.statistics().gap_bytes > 15 * MiB);
  Random random(5);
  small_phase(allocator, random, 20000);
  const MemoryStatistics s = allocator.statistics();
  CHECK(s.reserved_bytes >= reserved_bytes);
  CHECK(s.live_bytes == 4096 * 64);
  check_sound(allocator);
  for (Block* const block : live) allocator.deallocate(block);
}

TEST_CASE("a program that repeats its peak in every epoch never pays for decay", "[memory][decay]") {
  const auto run = [](std::uint64_t after_allocations) {
    HeapSource source;
    CpuAllocator allocator(source, decaying(after_allocations));
    const Ballast ballast(allocator);
    Random random(3);
    for (int round = 0; round < 40; ++round) {
      large_phase(allocator, 16, MiB);
      small_phase(allocator, random, 500);
    }
    const MemoryStatistics s = allocator.statistics();
    CHECK(s.decayed_bytes == 0);
    return s.source_calls;
  };
  CHECK(run(2000) == run(0));
}

TEST_CASE("a program whose rounds are longer than an epoch settles", "[memory][decay]") {
  HeapSource source;
  CpuAllocator allocator(source, decaying(500));
  const Ballast ballast(allocator);
  Random random(4);
  const auto rounds = [&](int count) {
    for (int round = 0; round < count; ++round) {
      large_phase(allocator, 16, MiB);
      small_phase(allocator, random, 4000);
    }
    return allocator.statistics().decayed_bytes;
  };
  const std::uint64_t at_first = rounds(12);
  CHECK(at_first > 0);  // it took the epochs for phases
  const std::uint64_t before = rounds(8);
  CHECK(rounds(20) == before);
}

TEST_CASE("where no page returns nothing decays", "[memory][decay]") {
  SlidingSource source;
  CpuAllocator allocator(source, decaying(500));
  const Ballast ballast(allocator);
  Random random(5);
  large_phase(allocator, 16, MiB);
  small_phase(allocator, random, 20000);
  const MemoryStatistics s = allocator.statistics();
  CHECK(s.decayed_bytes == 0);
  CHECK(s.reserved_bytes >= 16 * MiB);
  CHECK(s.peak_live_bytes == 16 * MiB + Ballast::bytes);
  check_sound(allocator);
}

#if !defined(__EMSCRIPTEN__)
TEST_CASE("what decays is not what several threads keep in use", "[memory][decay][threads]") {
  HeapSource source;
  CpuAllocator allocator(source, decaying(5000));
  const Ballast ballast(allocator);
  Random random(6);
  // A second thread has a cache of its own as long as it lives.
  std::atomic<bool> over{false};
  std::atomic<bool> ready{false};
  std::thread other([&] {
    allocator.deallocate(allocator.allocate(4 * KiB).block);
    ready = true;
    while (!over) std::this_thread::yield();
  });
  while (!ready) std::this_thread::yield();
  large_phase(allocator, 56, MiB);
  small_phase(allocator, random, 2000);
  const std::uint64_t early = allocator.statistics().decayed_bytes;
  small_phase(allocator, random, 30000);
  const MemoryStatistics s = allocator.statistics();
  over = true;
  other.join();
  CHECK(early == 0);
  CHECK(s.decayed_bytes >= 16 * MiB);
  CHECK(s.reserved_bytes <= 40 * MiB);
  check_sound(allocator);
}
#endif
