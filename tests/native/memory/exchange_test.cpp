// Free pages that change their place: what fits, fits, and the reserve stays near what is live.

#if !defined(__EMSCRIPTEN__)

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "bufgc/memory/system_pages.hpp"
#include "memory/support.hpp"

using namespace bufgc;
using namespace bufgc::testing;

namespace {

constexpr std::size_t page_bytes = 4096;

/// Sources that move pages, that cannot, and that are small and far from the system.
struct Moving {
  SystemPages source;
};
struct Fixed {
  SystemPages pages;
  FixedSource source{pages};
};

/// The pages that live blocks touch: what must stay whatever is given back.
class TouchedPages {
 public:
  void add(const Block* block) {
    each(block, [&](std::uintptr_t page) { ++blocks_[page]; });
  }
  void remove(const Block* block) {
    each(block, [&](std::uintptr_t page) {
      if (--blocks_[page] == 0) blocks_.erase(page);
    });
  }
  [[nodiscard]] std::size_t bytes() const { return blocks_.size() * page_bytes; }

 private:
  template <class Visit>
  static void each(const Block* block, Visit visit) {
    const auto begin = reinterpret_cast<std::uintptr_t>(block->data);
    for (std::uintptr_t page = begin / page_bytes; page * page_bytes < begin + block->capacity_bytes; ++page)
      visit(page);
  }
  std::map<std::uintptr_t, int> blocks_;
};

/// What the system says of the addresses from the lowest to the highest that an allocator ever held.
class SystemsView final : public SegmentListener {
 public:
  void on_segment_reserved(Segment segment) noexcept override {
    const auto begin = reinterpret_cast<std::uintptr_t>(segment.data);
    begin_ = std::min(begin_, begin);
    end_ = std::max(end_, begin + segment.size_bytes);
    told_bytes += segment.size_bytes;
  }
  void on_segment_released(Segment segment) noexcept override { told_bytes -= segment.size_bytes; }

  void look() {
    usable_bytes = 0;
    resident_bytes = 0;
    std::ifstream maps("/proc/self/smaps");
    bool within = false;
    for (std::string line; std::getline(maps, line);) {
      std::uintptr_t begin = 0;
      std::uintptr_t end = 0;
      std::uint64_t kilobytes = 0;
      char rights[8] = {};
      if (std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR " %7s", &begin, &end, rights) == 3) {
        within = begin < end_ && end > begin_;
        if (within && rights[1] == 'w') usable_bytes += std::min(end, end_) - std::max(begin, begin_);
      } else if (within && std::sscanf(line.c_str(), "Rss: %" SCNu64, &kilobytes) == 1) {
        resident_bytes += kilobytes * KiB;
      }
    }
  }

  std::uint64_t told_bytes = 0;
  std::uint64_t usable_bytes = 0;
  std::uint64_t resident_bytes = 0;

 private:
  std::uintptr_t begin_ = ~std::uintptr_t{0};
  std::uintptr_t end_ = 0;
};

struct Filled {
  Block* block;
  unsigned char mark;
};
Filled filled(Block* block, Random& random) {
  const Filled entry{block, static_cast<unsigned char>(random())};
  std::memset(block->data, entry.mark, block->size_bytes);
  return entry;
}
bool intact(const Filled& entry) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(entry.block->data);
  return bytes[0] == entry.mark && std::memcmp(bytes, bytes + 1, entry.block->size_bytes - 1) == 0;
}

/// From a page's fraction to a hundred pages, any granule.
std::size_t any_size(Random& random) {
  const std::size_t scale = std::size_t{256} << below(random, 11);
  return scale + below(random, scale);
}

}  // namespace

TEMPLATE_TEST_CASE("what fits in whole pages beside the pages in use is served, in any order of sizes",
                   "[memory][budget][exchange]", Moving, Fixed) {
  const std::uint64_t seed = Catch::rngSeed() + 30;
  INFO("seed " << seed);
  Random random(seed);
  const std::uint64_t budget = 8 * MiB;
  TestType origin;
  {
    CpuAllocator allocator(origin.source, {64, budget});
    TouchedPages touched;
    std::vector<Filled> live;
    int refused = 0;
    for (int i = 0; i < 6000; ++i) {
      const std::size_t size = any_size(random);
      const bool fits = touched.bytes() + (size + 63 + page_bytes) / page_bytes * page_bytes <= budget;
      if (Block* block = below(random, 3) == 0 ? nullptr : allocator.allocate(size).block) {
        live.push_back(filled(block, random));
        touched.add(block);
      } else if (!live.empty()) {
        if (Block* tried = fits ? allocator.allocate(size).block : nullptr) {
          live.push_back(filled(tried, random));
          touched.add(tried);
        } else {
          REQUIRE_FALSE(fits);
          ++refused;
        }
        for (std::size_t freed = 0; freed <= below(random, 4) && !live.empty(); ++freed) {
          const std::size_t index = below(random, live.size());
          REQUIRE(intact(live[index]));
          touched.remove(live[index].block);
          allocator.deallocate(live[index].block);
          live[index] = live.back();
          live.pop_back();
        }
      }
      REQUIRE(allocator.statistics().reserved_bytes <= budget);
    }
    CHECK(refused > 0);
    check_sound(allocator);
    CHECK((allocator.statistics().moved_pages > 0) == (origin.source.least_move_bytes() > 0));
  }
}

TEMPLATE_TEST_CASE("blocks of whole pages fit as long as their bytes do", "[memory][budget][exchange]",
                   Moving, Fixed) {
  const std::uint64_t seed = Catch::rngSeed() + 31;
  INFO("seed " << seed);
  Random random(seed);
  const std::uint64_t budget = 8 * MiB;
  TestType origin;
  CpuAllocator allocator(origin.source, {4096, budget});
  std::vector<Filled> live;
  std::uint64_t live_bytes = 0;
  int full = 0;
  for (int i = 0; i < 4000; ++i) {
    const std::size_t pages = 1 + below(random, std::size_t{1} << below(random, 9));
    const std::size_t wanted = std::min<std::size_t>(pages * page_bytes, budget - live_bytes);
    if (wanted > 0) {
      Block* block = allocator.allocate(wanted).block;
      REQUIRE(block != nullptr);
      live.push_back(filled(block, random));
      live_bytes += wanted;
    }
    if (live_bytes < budget) continue;
    ++full;
    for (std::size_t count = 1 + below(random, live.size()); count-- > 0;) {
      const std::size_t index = below(random, live.size());
      REQUIRE(intact(live[index]));
      live_bytes -= live[index].block->capacity_bytes;
      allocator.deallocate(live[index].block);
      live[index] = live.back();
      live.pop_back();
    }
  }
  CHECK(full > 10);
  CHECK(allocator.statistics().failed_allocations == 0);
  check_sound(allocator);
}

TEST_CASE("scattered free pages are gathered and live blocks stay where they are", "[memory][exchange]") {
  Random random(1);
  SystemPages source;
  CpuAllocator allocator(source, {64, 16 * MiB});
  std::vector<Filled> blocks;
  for (int i = 0; i < 64; ++i) blocks.push_back(filled(allocator.allocate(256 * KiB).block, random));
  std::vector<Filled> kept;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (i % 2 == 0) {
      allocator.deallocate(blocks[i].block);
    } else {
      kept.push_back(blocks[i]);
    }
  }
  const Allocation large = allocator.allocate(8 * MiB);
  REQUIRE(large.block != nullptr);
  std::memset(large.block->data, 1, 8 * MiB);
  for (const Filled& entry : kept) CHECK(intact(entry));
  const MemoryStatistics s = allocator.statistics();
  CHECK(s.peak_reserved_bytes == 16 * MiB);
  if (source.least_move_bytes() > 0) CHECK(s.moved_bytes == 8 * MiB);
  CHECK(s.moved_bytes == s.moved_pages * page_bytes);
  check_sound(allocator);
}

TEST_CASE("a hole between free neighbours is filled with no more than it lacks", "[memory][exchange]") {
  SystemPages source;
  CpuAllocator allocator(source, {64, 4 * MiB});
  std::vector<Block*> blocks;
  for (int i = 0; i < 4; ++i) blocks.push_back(allocator.allocate(MiB).block);
  const std::byte* const lowest = blocks[0]->data;
  REQUIRE(blocks[3]->data == lowest + 3 * MiB);
  allocator.deallocate(blocks[1]);
  allocator.trim(0);
  allocator.deallocate(blocks[0]);
  allocator.deallocate(blocks[2]);
  if (source.least_move_bytes() == 0) return;
  const Allocation joined = allocator.allocate(3 * MiB);
  REQUIRE(joined.block != nullptr);
  CHECK(joined.block->data == lowest);
  CHECK(allocator.statistics().moved_pages == 0);
  CHECK(allocator.statistics().segments == 1);
  check_sound(allocator);
}

TEST_CASE("a program that repeats itself comes to move nothing", "[memory][exchange]") {
  Random random(2);
  std::vector<std::size_t> sizes;
  for (int i = 0; i < 100; ++i) sizes.push_back(mixed_size(random) * 4);
  SystemPages source;
  CpuAllocator allocator(source);
  const auto step = [&] {
    std::vector<Block*> kept;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      Block* block = allocator.allocate(sizes[i]).block;
      REQUIRE(block != nullptr);
      if (i % 3 == 0) {
        allocator.deallocate(block);
      } else {
        kept.push_back(block);
      }
    }
    for (; !kept.empty(); kept.pop_back()) allocator.deallocate(kept.back());
  };
  for (int i = 0; i < 1000; ++i) step();
  const MemoryStatistics before = allocator.statistics();
  for (int i = 0; i < 100; ++i) step();
  const MemoryStatistics after = allocator.statistics();
  CHECK(after.moved_pages == before.moved_pages);
  CHECK(after.source_calls == before.source_calls);
  // Room for all that is freed and used again, which is more than what lives at once.
  CHECK(after.peak_reserved_bytes <= after.peak_live_bytes / 2 * 3 + 128 * KiB);
}

TEST_CASE("a program that repeats itself comes to be served from its cache", "[memory][exchange][reuse]") {
  Random random(1);
  std::vector<std::size_t> sizes;
  for (int i = 0; i < 200; ++i) sizes.push_back(mixed_size(random) * 4);
  SystemPages source;
  CpuAllocator allocator(source);
  std::size_t cached = 0;
  const auto step = [&] {
    std::vector<Block*> kept;
    cached = 0;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      const Allocation allocation = allocator.allocate(sizes[i]);
      cached += allocation.served_by == ServedBy::cache ? 1U : 0U;
      if (i % 4 == 3) {
        allocator.deallocate(allocation.block);
      } else {
        kept.push_back(allocation.block);
      }
    }
    for (; !kept.empty(); kept.pop_back()) allocator.deallocate(kept.back());
  };
  // The first round at a peak is as tight as ever.
  step();
  const MemoryStatistics first = allocator.statistics();
  CHECK(first.peak_reserved_bytes <= first.peak_live_bytes / 64 * 65 + 128 * KiB);
  for (int i = 0; i < 600; ++i) step();
  CHECK(cached == sizes.size());
  const MemoryStatistics settled = allocator.statistics();
  CHECK(settled.peak_reserved_bytes <= settled.peak_live_bytes / 2 * 3 + 128 * KiB);
  check_sound(allocator);
}

TEMPLATE_TEST_CASE("the system holds as many bytes as are reserved", "[memory][exchange]", Moving, Fixed) {
  const std::uint64_t seed = Catch::rngSeed() + 32;
  INFO("seed " << seed);
  Random random(seed);
  TestType origin;
  SystemsView system;
  CpuAllocator allocator(origin.source);
  allocator.set_segment_listener(&system);
  std::vector<Filled> live;
  for (int i = 0; i < 3000; ++i) {
    if (live.empty() || below(random, 100) < ((i / 500) % 2 == 0 ? 60U : 40U)) {
      live.push_back(filled(allocator.allocate(any_size(random) * 2).block, random));
    } else {
      const std::size_t index = below(random, live.size());
      REQUIRE(intact(live[index]));
      allocator.deallocate(live[index].block);
      live[index] = live.back();
      live.pop_back();
    }
    if (i % 300 != 299) continue;
    system.look();
    const MemoryStatistics s = allocator.statistics();
    CHECK(system.told_bytes == s.reserved_bytes);
    CHECK(system.usable_bytes == s.reserved_bytes);
    CHECK(system.resident_bytes <= s.reserved_bytes);
    CHECK(system.resident_bytes >= s.live_bytes);
  }
  for (const Filled& entry : live) allocator.deallocate(entry.block);
  allocator.trim(0);
  system.look();
  CHECK(system.usable_bytes == 0);
  CHECK(system.resident_bytes == 0);
  allocator.set_segment_listener(nullptr);
}

#endif
