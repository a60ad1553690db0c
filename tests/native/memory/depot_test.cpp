#if !defined(__EMSCRIPTEN__)

#include "bufgc/memory/depot.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "bufgc/memory/allocator_state.hpp"
#include "memory/support.hpp"

using namespace bufgc;
using namespace bufgc::testing;

namespace {

constexpr std::size_t block_bytes = 4096;

/// Ranges that a row may keep.
std::vector<Range> ranges_of(std::size_t count, std::size_t capacity_bytes) {
  std::vector<Range> ranges(count);
  for (Range& range : ranges) {
    range.capacity_bytes = capacity_bytes;
    range.size_bytes = capacity_bytes - 1;
    range.state = RangeState::held;
  }
  return ranges;
}

void fill(Row& row, std::vector<Range>& ranges, std::size_t limit) {
  row.open(ranges.front().capacity_bytes, limit);
  for (Range& range : ranges) row.put(&range);
}

/// A thread that does what it is told, so that it has a cache of its own all the time.
class Second {
 public:
  ~Second() {
    work_ = nullptr;
    working_ = true;
    thread_.join();
  }
  Second() = default;
  Second(const Second&) = delete;
  Second& operator=(const Second&) = delete;
  void run(std::function<void()> work) {
    work_ = std::move(work);
    working_ = true;
    while (working_) std::this_thread::yield();
  }

 private:
  std::function<void()> work_;
  std::atomic<bool> working_{false};
  std::thread thread_{[this] {
    for (;;) {
      while (!working_) std::this_thread::yield();
      if (!work_) return;
      work_();
      working_ = false;
    }
  }};
};

std::vector<Block*> allocate(CpuAllocator& allocator, std::size_t count, std::size_t size_bytes) {
  std::vector<Block*> blocks;
  for (std::size_t i = 0; i < count; ++i) blocks.push_back(allocator.allocate(size_bytes).block);
  return blocks;
}

std::size_t free_all(CpuAllocator& allocator, const std::vector<Block*>& blocks) {
  std::size_t kept = 0;
  for (Block* block : blocks) kept += allocator.deallocate(block) == FreedTo::cache ? 1U : 0U;
  return kept;
}

}  // namespace

TEST_CASE("a row keeps blocks without a word in their records, until it is asked to mark them",
          "[memory][depot]") {
  std::vector<Range> ranges = ranges_of(3, block_bytes);
  Row row;
  CHECK_FALSE(row.is_for(0));
  CHECK_FALSE(row.is_for(block_bytes));
  CHECK(row.is_full());
  fill(row, ranges, 3);
  CHECK(row.is_for(block_bytes));
  CHECK_FALSE(row.is_for(2 * block_bytes));
  CHECK(row.is_full());
  CHECK(row.bytes() == 3 * block_bytes);
  for (const Range& range : ranges) CHECK(range.size_bytes == block_bytes - 1);
  row.mark();
  for (const Range& range : ranges) CHECK(range.is_kept());
  CHECK(row.take() == &ranges[2]);
  CHECK_FALSE(row.is_full());
  CHECK(row.take() == &ranges[1]);
  CHECK(row.take() == &ranges[0]);
  CHECK(row.take() == nullptr);
}

TEST_CASE("a magazine that forgets a size puts no more of it, and of every other as before",
          "[memory][depot]") {
  std::vector<Range> ranges(100);
  Magazine magazine;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    ranges[i].capacity_bytes = (i + 1) * 64;
    ranges[i].state = RangeState::held;
    REQUIRE(magazine.add(&ranges[i]));
  }
  magazine.set_room_bytes(MiB);
  for (std::size_t i = 0; i < ranges.size(); i += 2) {
    REQUIRE(magazine.take(ranges[i].capacity_bytes) == &ranges[i]);
    magazine.forget(ranges[i].capacity_bytes);
  }
  for (std::size_t i = 0; i < ranges.size(); ++i) CHECK(magazine.has_room_for(&ranges[i]) == (i % 2 != 0));
}

TEST_CASE("the depot gives each capacity the row that came last, whole", "[memory][depot]") {
  std::vector<Range> first = ranges_of(4, block_bytes);
  std::vector<Range> large = ranges_of(2, 2 * block_bytes);
  std::vector<Range> last = ranges_of(3, block_bytes);
  Depot depot;
  for (std::vector<Range>* ranges : {&first, &large, &last}) {
    Row row;
    fill(row, *ranges, ranges->size());
    REQUIRE(depot.give(row));
    CHECK(row.bytes() == 0);
  }
  CHECK(depot.bytes() == (4 + 3) * block_bytes + 2 * 2 * block_bytes);
  CHECK_FALSE(depot.has(64));
  Row row;
  row.open(block_bytes, 2);  // fewer than are waiting
  REQUIRE(depot.take(row));
  CHECK(row.bytes() == 3 * block_bytes);
  CHECK(row.is_full());
  CHECK(row.take() == &last[2]);
  row = {};
  row.open(block_bytes, 4);
  REQUIRE(depot.take(row));
  CHECK(row.take() == &first[3]);
  CHECK_FALSE(depot.has(block_bytes));
  row = {};
  row.open(block_bytes, 4);
  CHECK_FALSE(depot.take(row));
  depot.mark();
  CHECK(large[0].is_kept());
  CHECK(depot.evict() == &large[1]);
  CHECK(depot.evict() == &large[0]);
  CHECK(depot.evict() == nullptr);
  CHECK(depot.bytes() == 0);
}

TEST_CASE("a cache no longer takes from a row that is not exchanged", "[memory][depot]") {
  std::vector<Range> ranges = ranges_of(1, block_bytes);
  BlockCache cache;
  fill(cache.row, ranges, 2);
  bool rose = false;
  for (std::size_t turn = 0; turn < Row::idle_turns; ++turn) {
    REQUIRE(cache.take_from_row(block_bytes, block_bytes, rose) == ranges.data());
    REQUIRE(cache.put_in_row(ranges.data()));
  }
  CHECK(cache.take_from_row(block_bytes, block_bytes, rose) == nullptr);
  Depot depot;
  REQUIRE(depot.give(cache.row));
  REQUIRE(depot.take(cache.row));
  CHECK(cache.take_from_row(block_bytes, block_bytes, rose) == ranges.data());
  CHECK(cache.counters.allocations() == Row::idle_turns + 1);
}

TEST_CASE("a row that is opened anew is not idle, however idle it was", "[memory][depot]") {
  std::vector<Range> ranges = ranges_of(1, block_bytes);
  Row row;
  fill(row, ranges, 2);
  for (std::size_t turn = 0; turn < Row::idle_turns; ++turn) {
    CHECK_FALSE(row.is_idle());
    REQUIRE(row.take() == ranges.data());
    row.put(ranges.data());
  }
  CHECK(row.is_idle());
  REQUIRE(row.take() == ranges.data());
  row.close();
  CHECK_FALSE(row.is_for(block_bytes));
  CHECK(row.most_bytes() == 0);
  row.open(block_bytes, 2);
  CHECK_FALSE(row.is_idle());
  CHECK(row.most_bytes() == 2 * block_bytes);
}

TEST_CASE("of several threads each may keep a part of the reserve, its row's whole room included",
          "[memory][depot][threads]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  const auto in_cache = [&](auto&& look) {
    const CpuAllocator::State::Section section(allocator.state());
    look(allocator.state().of_thread());
  };
  const std::vector<Block*> blocks = allocate(allocator, 2048, block_bytes);
  const std::vector<Block*> own(blocks.begin(), blocks.begin() + 1024);
  free_all(allocator, own);
  const std::vector<Block*> again = allocate(allocator, 512, block_bytes);
  in_cache([](const BlockCache& cache) { CHECK(cache.magazine.room_bytes() == 512 * block_bytes); });
  Second second;
  second.run([&] { allocator.deallocate(allocator.allocate(64).block); });
  // Nobody knows of peaks by itself from here on, so nobody may keep more without the lock.
  in_cache([](const BlockCache& cache) { CHECK(cache.magazine.room_bytes() == 0); });
  free_all(allocator, again);
  const std::uint64_t limit_bytes = allocator.statistics().reserved_bytes / 16;
  CHECK(limit_bytes > 100 * block_bytes);
  second.run([&] {
    CHECK(free_all(allocator, {blocks.begin() + 1024, blocks.end()}) == 1024);
    in_cache([&](const BlockCache& cache) {
      CHECK(cache.row.is_for(block_bytes));
      CHECK(cache.row.most_bytes() == Row::most_blocks * block_bytes);
      CHECK(cache.magazine.bytes() + cache.row.most_bytes() + cache.magazine.room_bytes() == limit_bytes);
    });
  });
  check_sound(allocator);
}

TEST_CASE("a thread that finds nothing of its own takes so many at once of what is common",
          "[memory][depot][threads]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  Second second;
  second.run([&] { allocator.deallocate(allocator.allocate(100).block); });
  for (const std::size_t size_bytes : {std::size_t{64}, std::size_t{8192}}) {
    // Left by a thread that has gone.
    std::thread([&] { free_all(allocator, allocate(allocator, 200, size_bytes)); }).join();
    second.run([&] {
      const std::uint64_t misses = allocator.statistics().misses;
      Block* const block = allocator.allocate(size_bytes).block;
      const std::uint64_t limit_bytes =
          std::max<std::uint64_t>(128 * KiB, allocator.statistics().reserved_bytes / 16);
      std::uint64_t kept_bytes = 0;
      {
        const CpuAllocator::State::Section section(allocator.state());
        BlockCache& cache = allocator.state().of_thread();
        CHECK_FALSE(cache.row.is_for(size_bytes));
        cache.magazine.each([&](const Range* range) {
          if (range->capacity_bytes == size_bytes) kept_bytes += size_bytes;
        });
      }
      CHECK(kept_bytes == std::min<std::uint64_t>(31, limit_bytes / 2 / size_bytes) * size_bytes);
      CHECK(allocator.statistics().misses == misses);
      allocator.deallocate(block);
    });
  }
  check_sound(allocator);
}

TEST_CASE("a thread that uses its own blocks again has them in its magazine", "[memory][depot][threads]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  Second second;
  const std::vector<Block*> blocks = allocate(allocator, 200, block_bytes);
  second.run([&] {
    free_all(allocator, blocks);
    const CpuAllocator::State::Section section(allocator.state());
    CHECK(allocator.state().of_thread().row.is_for(block_bytes));
  });
  second.run([&] {
    for (std::size_t turn = 0; turn <= Row::idle_turns; ++turn) {
      const Allocation allocation = allocator.allocate(block_bytes);
      CHECK(allocation.served_by == ServedBy::cache);
      allocator.deallocate(allocation.block);
    }
    const CpuAllocator::State::Section section(allocator.state());
    CHECK_FALSE(allocator.state().of_thread().row.is_for(block_bytes));
  });
  check_sound(allocator);
}

TEST_CASE("a full depot leaves the row as it is", "[memory][depot]") {
  std::vector<Range> ranges = ranges_of(Depot::most_rows + 1, block_bytes);
  Depot depot;
  Row row;
  row.open(block_bytes, 1);
  CHECK_FALSE(depot.give(row));  // nothing in it
  for (std::size_t i = 0; i < Depot::most_rows; ++i) {
    row.put(&ranges[i]);
    REQUIRE(depot.give(row));
  }
  row.put(&ranges.back());
  CHECK_FALSE(depot.give(row));
  CHECK(row.take() == &ranges.back());
  CHECK(depot.bytes() == Depot::most_rows * block_bytes);
}

TEST_CASE("rows change threads with their records as they were", "[memory][depot][threads]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  Second second;
  // Fills what the second thread may keep to itself, so that its row opens.
  const std::vector<Block*> blocks = allocate(allocator, 200, block_bytes);
  second.run([&] { CHECK(free_all(allocator, blocks) == 200); });
  std::vector<Block*> again;
  for (int i = 0; i < 150; ++i) {
    const Allocation allocation = allocator.allocate(block_bytes - 10);
    CHECK(allocation.served_by == ServedBy::cache);
    CHECK(allocation.block->size_bytes == block_bytes - 10);
    again.push_back(allocation.block);
  }
  const MemoryStatistics now = allocator.statistics();
  CHECK(now.live_blocks == 150);
  CHECK(now.live_bytes == 150 * (block_bytes - 10));
  CHECK(now.allocations == 350);
  CHECK(now.frees == 200);
  CHECK(now.total_allocated_bytes == 200 * block_bytes + 150 * (block_bytes - 10));
  CHECK(now.reserved_bytes == now.live_bytes + now.rounding_bytes + now.cached_bytes + now.gap_bytes);
  check_sound(allocator);
  second.run([&] { free_all(allocator, again); });
  CHECK(allocator.statistics().live_blocks == 0);
  check_sound(allocator);
}

TEST_CASE("what waits in rows makes room at the budget and goes at a trim",
          "[memory][depot][threads][budget]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source, {64, MiB});
  Second second;
  for (int round = 0; round < 5; ++round) {
    const std::vector<Block*> blocks = allocate(allocator, 256, block_bytes);
    REQUIRE(blocks.back() != nullptr);
    second.run([&] { CHECK(free_all(allocator, blocks) == 256); });
    CHECK(allocator.statistics().cached_bytes == MiB);
    CHECK(allocator.statistics().largest_free_bytes == MiB);
    Block* whole = allocator.allocate(MiB).block;
    REQUIRE(whole != nullptr);
    CHECK(allocator.statistics().reserved_bytes == MiB);
    allocator.deallocate(whole);
  }
  CHECK(allocator.statistics().failed_allocations == 0);
  const std::vector<Block*> blocks = allocate(allocator, 256, block_bytes);
  second.run([&] { free_all(allocator, blocks); });
  CHECK(allocator.trim(0) == MiB);
  CHECK(allocator.statistics().reserved_bytes == 0);
  check_sound(allocator);
}

TEST_CASE("rows of several sizes take turns, and none is lost when threads or the cache go",
          "[memory][depot][threads]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  auto second = std::make_unique<Second>();
  for (int round = 0; round < 40; ++round) {
    std::vector<Block*> blocks;
    for (std::size_t i = 0; i < 300; ++i) {
      const std::size_t size_bytes = (1 + (i / 7) % 3) * 1000;
      blocks.push_back(allocator.allocate(size_bytes).block);
    }
    second->run([&] { free_all(allocator, blocks); });
    if (round % 10 == 3) check_sound(allocator);
    if (round % 10 == 5) allocator.set_cache_enabled(false);
    if (round % 10 == 6) allocator.set_cache_enabled(true);
    if (round % 10 == 8) second = std::make_unique<Second>();
  }
  CHECK(allocator.statistics().live_blocks == 0);
  CHECK(allocator.statistics().allocations == 40 * 300);
  second.reset();
  check_sound(allocator);
  // One thread is left; the peaks are exact again, and what the rows kept is found by it.
  allocator.trim(0);
  CHECK(allocator.statistics().reserved_bytes == 0);
}

TEST_CASE("figures are exact while rows change threads", "[memory][depot][threads][statistics]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  constexpr std::size_t rounds = 200;
  constexpr std::size_t places = 64;
  std::vector<std::atomic<Block*>> ring(places);
  std::thread consumer([&] {
    for (std::size_t i = 0; i < rounds * places; ++i) {
      Block* block = nullptr;
      while ((block = ring[i % places].exchange(nullptr)) == nullptr) std::this_thread::yield();
      allocator.deallocate(block);
    }
  });
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < rounds * places; ++i) {
    Block* const block = allocator.allocate(block_bytes).block;
    while (ring[i % places].load() != nullptr) std::this_thread::yield();
    ring[i % places] = block;
    if (i % 500 != 0) continue;
    const MemoryStatistics now = allocator.statistics();
    if (now.allocations != i + 1 || now.frees + now.live_blocks != i + 1) ++wrong;
    if (now.live_bytes != now.live_blocks * block_bytes) ++wrong;
    if (now.reserved_bytes != now.live_bytes + now.rounding_bytes + now.cached_bytes + now.gap_bytes) ++wrong;
    if (allocator.check_invariants() != nullptr) ++wrong;
  }
  consumer.join();
  CHECK(wrong == 0);
  CHECK(allocator.statistics().live_blocks == 0);
  check_sound(allocator);
}

#endif
