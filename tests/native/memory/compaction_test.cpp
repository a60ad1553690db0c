// Live blocks that slide together, where the source allows it.

#include <algorithm>
#include <cstring>
#include <map>

#include "bufgc/memory/address_tree.hpp"
#include "bufgc/memory/range_pool.hpp"
#include "memory/support.hpp"

using namespace bufgc;
using namespace bufgc::testing;

namespace {

/// Every byte of a block tells whose it is.
void fill(Block* block, std::size_t name) {
  std::memset(block->data, static_cast<int>(name % 251 + 1), block->size_bytes);
}
bool holds(const Block* block, std::size_t name) {
  const auto expected = static_cast<std::byte>(name % 251 + 1);
  for (std::size_t i = 0; i < block->size_bytes; ++i) {
    if (block->data[i] != expected) return false;
  }
  return true;
}

struct MoveCounter final : MoveListener {
  void on_blocks_moved() noexcept override { ++calls; }
  int calls = 0;
};

/// Sixteen blocks of 64 KiB that fill a budget of 1 MiB; every second one is freed.
struct Comb {
  static constexpr std::size_t tooth = 64 * KiB;
  explicit Comb(AllocatorOptions options = {}) : allocator(source, limited(options)) {
    for (std::size_t i = 0; i < 16; ++i) {
      blocks.push_back(allocator.allocate(tooth).block);
      REQUIRE(blocks.back() != nullptr);
      fill(blocks.back(), i);
    }
    for (std::size_t i = 0; i < 16; i += 2) {
      allocator.deallocate(blocks[i]);
      blocks[i] = nullptr;
    }
  }
  static AllocatorOptions limited(AllocatorOptions options) {
    options.budget_bytes = 16 * tooth;
    return options;
  }
  void check_contents() const {
    for (std::size_t i = 1; i < 16; i += 2) {
      if (blocks[i] != nullptr) CHECK(holds(blocks[i], i));
    }
  }
  SlidingSource source;
  CpuAllocator allocator;
  std::vector<Block*> blocks;
};

}  // namespace

TEST_CASE("the tree of free ranges finds the lowest that fits, as a plain search does", "[memory][tree]") {
  const auto seed = GENERATE(1U, 2U, 3U);
  INFO("seed " << seed);
  Random random(seed);
  RangePool pool;
  std::vector<Range*> ranges(300);
  std::map<std::byte*, Range*> model;
  AddressTree tree;
  std::vector<std::byte> bytes(ranges.size() * 1000);
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    ranges[i] = pool.take();
    REQUIRE(ranges[i] != nullptr);
    ranges[i]->data = &bytes[i * 1000];
    ranges[i]->capacity_bytes = 1 + below(random, 1000);
    ranges[i]->state = RangeState::free;
  }
  for (int step = 0; step < 6000; ++step) {
    Range* range = ranges[below(random, ranges.size())];
    const auto found = model.find(range->data);
    if (found == model.end()) {
      tree.insert(range);
      model[range->data] = range;
    } else if (below(random, 3) == 0) {
      range->capacity_bytes = 1 + below(random, 1000);
      AddressTree::update(range);
    } else {
      tree.remove(range);
      model.erase(found);
    }
    const char* fault = tree.check(model.size());
    INFO((fault == nullptr ? "" : fault));
    REQUIRE(fault == nullptr);
    const std::size_t wanted = 1 + below(random, 1100);
    Range* lowest = nullptr;
    for (const auto& [data, candidate] : model) {
      if (lowest == nullptr && candidate->capacity_bytes >= wanted) lowest = candidate;
    }
    REQUIRE(tree.find(wanted) == lowest);
  }
}

TEST_CASE("at the budget live blocks slide together, and keep their bytes", "[memory][compaction]") {
  Comb comb;
  MoveCounter moves;
  comb.allocator.set_move_listener(&moves);
  const Allocation large = comb.allocator.allocate(4 * Comb::tooth);
  REQUIRE(large.block != nullptr);
  CHECK(large.served_by == ServedBy::arena);
  fill(large.block, 100);
  comb.check_contents();
  const MemoryStatistics statistics = comb.allocator.statistics();
  CHECK(statistics.compactions == 1);
  // Four holes are as good as gathered when the three blocks between them have moved.
  CHECK(statistics.moved_bytes == 3 * Comb::tooth);
  CHECK(comb.source.detachments() == 1);
  CHECK(moves.calls == 1);
  check_sound(comb.allocator);
  // All the rest in one piece.
  REQUIRE(comb.allocator.allocate(4 * Comb::tooth).block != nullptr);
  CHECK(holds(large.block, 100));
  comb.check_contents();
  CHECK(comb.allocator.statistics().reserved_bytes == 16 * Comb::tooth);
  CHECK(comb.allocator.allocate(1).block == nullptr);
  check_sound(comb.allocator);
}

TEST_CASE("pinned blocks stay where they are", "[memory][compaction]") {
  Comb comb;
  for (std::size_t i = 1; i < 16; i += 4) comb.allocator.pin(comb.blocks[i]);
  const std::byte* place = comb.blocks[5]->data;
  // Between two pinned blocks there is room for two.
  REQUIRE(comb.allocator.allocate(2 * Comb::tooth).block != nullptr);
  CHECK(comb.allocator.allocate(3 * Comb::tooth).block == nullptr);
  CHECK(comb.blocks[5]->data == place);
  comb.check_contents();
  comb.allocator.pin(comb.blocks[1]);
  comb.allocator.unpin(comb.blocks[1]);
  CHECK(comb.allocator.allocate(3 * Comb::tooth).block == nullptr);
  for (std::size_t i = 1; i < 16; i += 4) comb.allocator.unpin(comb.blocks[i]);
  CHECK(comb.allocator.allocate(3 * Comb::tooth).block != nullptr);
  comb.check_contents();
  check_sound(comb.allocator);
}

TEST_CASE("what was trimmed away between blocks is taken back when they slide together",
          "[memory][compaction]") {
  Comb comb;
  CHECK(comb.source.taken_bytes() == 16 * Comb::tooth);
  CHECK(comb.allocator.trim(0) == 8 * Comb::tooth);
  CHECK(comb.allocator.statistics().segments == 8);
  REQUIRE(comb.allocator.allocate(8 * Comb::tooth).block != nullptr);
  comb.check_contents();
  CHECK(comb.allocator.statistics().segments == 1);
  // All but what lies below the lowest block.
  CHECK(comb.source.taken_bytes() == 17 * Comb::tooth);
  check_sound(comb.allocator);
}

TEST_CASE("what others hold between two segments stays theirs when blocks slide together",
          "[memory][compaction]") {
  SlidingSource source;
  AllocatorOptions options;
  options.budget_bytes = 16 * Comb::tooth;
  CpuAllocator allocator(source, options);
  std::vector<Block*> blocks;
  Segment theirs;
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 8) {
      theirs = source.acquire(Comb::tooth);
      REQUIRE(theirs);
      std::memset(theirs.data, 77, theirs.size_bytes);
    }
    blocks.push_back(allocator.allocate(Comb::tooth).block);
    REQUIRE(blocks.back() != nullptr);
    fill(blocks.back(), i);
  }
  REQUIRE(allocator.statistics().segments == 2);
  for (std::size_t i = 0; i < 16; i += 2) allocator.deallocate(blocks[i]);
  CHECK(allocator.allocate(4 * Comb::tooth).block != nullptr);
  CHECK(allocator.allocate(4 * Comb::tooth).block != nullptr);
  CHECK(allocator.statistics().compactions > 0);
  CHECK(allocator.statistics().segments == 2);
  for (std::size_t i = 1; i < 16; i += 2) CHECK(holds(blocks[i], i));
  CHECK(std::count(theirs.data, theirs.data + theirs.size_bytes, std::byte{77}) ==
        static_cast<std::ptrdiff_t>(theirs.size_bytes));
  check_sound(allocator);
  source.release(theirs);
}

TEST_CASE("where there is nothing yet to slide together, what does not fit is refused",
          "[memory][compaction]") {
  SlidingSource source;
  AllocatorOptions options;
  options.budget_bytes = KiB;  // not one page
  CpuAllocator allocator(source, options);
  CHECK(allocator.allocate(64).block == nullptr);
  CHECK(source.detachments() == 0);
  allocator.set_budget_bytes(Comb::tooth);
  CHECK(allocator.allocate(64).block != nullptr);
  check_sound(allocator);
}

TEST_CASE("compaction is off where the option says so, and where views cannot be detached",
          "[memory][compaction]") {
  AllocatorOptions options;
  options.compact = false;
  Comb comb(options);
  CHECK(comb.allocator.allocate(2 * Comb::tooth).block == nullptr);
  CHECK(comb.allocator.statistics().compactions == 0);
  CHECK(comb.source.detachments() == 0);

  HeapSource heap;
  CHECK_FALSE(heap.can_detach_views());
}

TEST_CASE("what fits, fits: no allocation fails by fragmentation", "[memory][compaction]") {
  const auto seed = GENERATE(11U, 12U, 13U, 14U);
  INFO("seed " << seed);
  Random random(seed);
  SlidingSource source;
  AllocatorOptions options;
  options.budget_bytes = 2 * MiB;
  CpuAllocator allocator(source, options);
  std::map<std::size_t, Block*> live;
  std::uint64_t live_bytes = 0;
  std::size_t refused = 0;
  for (std::size_t name = 0; name < 4000; ++name) {
    const std::size_t size = below(random, 4) == 0 ? below(random, 512 * KiB) : mixed_size(random);
    const std::uint64_t rounded = round_up(size == 0 ? 1 : size, 64);
    Block* block = allocator.allocate(size).block;
    REQUIRE((block != nullptr) == (live_bytes + rounded <= options.budget_bytes));
    if (block != nullptr) {
      fill(block, name);
      live[name] = block;
      live_bytes += rounded;
      continue;
    }
    for (++refused; live_bytes > below(random, 2 * MiB);) {
      auto victim = live.lower_bound(below(random, name));
      if (victim == live.end()) victim = live.begin();
      REQUIRE(holds(victim->second, victim->first));
      live_bytes -= victim->second->capacity_bytes;
      allocator.deallocate(victim->second);
      live.erase(victim);
    }
  }
  for (const auto& [name, block] : live) CHECK(holds(block, name));
  CHECK(refused > 20);
  CHECK(allocator.statistics().compactions > 20);
  CHECK(allocator.statistics().peak_reserved_bytes <= options.budget_bytes);
  check_sound(allocator);
}

TEST_CASE("before growth, blocks slide together rather than let the reserve pass what is live by far",
          "[memory][compaction]") {
  const bool compact = GENERATE(true, false);
  Random random(5);
  SlidingSource source;
  AllocatorOptions options;
  options.compact = compact;
  CpuAllocator allocator(source, options);
  std::vector<Block*> blocks;
  std::uint64_t live_bytes = 0;
  for (int i = 0; i < 3000; ++i) {
    const std::size_t size = (std::size_t{16} + below(random, 1000)) * KiB;
    while (live_bytes + size > 16 * MiB) {
      const std::size_t index = below(random, blocks.size());
      live_bytes -= blocks[index]->capacity_bytes;
      allocator.deallocate(blocks[index]);
      blocks[index] = blocks.back();
      blocks.pop_back();
    }
    blocks.push_back(allocator.allocate(size).block);
    REQUIRE(blocks.back() != nullptr);
    live_bytes += blocks.back()->capacity_bytes;
  }
  const MemoryStatistics statistics = allocator.statistics();
  const double ratio =
      static_cast<double>(statistics.peak_reserved_bytes) / static_cast<double>(statistics.peak_live_bytes);
  const double price =
      static_cast<double>(statistics.moved_bytes) / static_cast<double>(statistics.total_allocated_bytes);
  INFO("ratio " << ratio << ", moved per allocated byte " << price);
  if (compact) {
    // A sixteenth at first; a quarter for a program that goes on for ever at the same peak.
    CHECK(ratio <= 1.26);
    CHECK(price > 0);
    CHECK(price < 0.5);
  } else {
    CHECK(price == 0);
  }
  check_sound(allocator);
}
