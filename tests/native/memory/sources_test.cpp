#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "bufgc/memory/address_ranges.hpp"
#include "memory/support.hpp"

#if defined(__EMSCRIPTEN__)
#include <emscripten/heap.h>

#include "bufgc/memory/linear_memory.hpp"
#else
#include <sys/resource.h>

#include "bufgc/memory/system_pages.hpp"
#endif

using namespace bufgc;
using namespace bufgc::testing;

namespace {
std::byte* at(std::uintptr_t address) {
  return reinterpret_cast<std::byte*>(address);
}

#if defined(__EMSCRIPTEN__)
using Platform = LinearMemory;
#else
using Platform = SystemPages;
#endif
}  // namespace

TEST_CASE("address ranges that touch are joined, whatever the order they come in", "[memory][source]") {
  AddressRanges ranges;
  REQUIRE(ranges.reserve(3));
  ranges.put({at(0x3000), 0x1000});
  ranges.put({at(0x1000), 0x1000});
  CHECK(ranges.count() == 2);
  ranges.put({at(0x2000), 0x1000});
  REQUIRE(ranges.count() == 1);
  CHECK(ranges[0].data == at(0x1000));
  CHECK(ranges[0].size_bytes == 0x3000);
}

TEST_CASE("address ranges are cut where they are asked", "[memory][source]") {
  AddressRanges ranges;
  REQUIRE(ranges.reserve(4));
  ranges.put({at(0x1000), 0x1000});
  ranges.put({at(0x4000), 0x8000});
  CHECK(ranges.take_lowest(0x2000).data == at(0x4000));
  CHECK(ranges.take_at(at(0x8000), 0x1000).data == at(0x8000));
  CHECK_FALSE(ranges.take_at(at(0x8000), 0x1000));
  CHECK_FALSE(ranges.take_at(at(0x7000), 0x2000));
  CHECK(ranges.count() == 3);
  CHECK(ranges.take_middle(0x1000, 0x1000).size_bytes == 0x1000);
  CHECK(ranges.take_ending_at(at(0x2000)).data == at(0x1000));
  CHECK_FALSE(ranges.take_ending_at(at(0x2000)));
  CHECK_FALSE(ranges.take_lowest(0x100000));
}

TEST_CASE("of address ranges nothing is taken that does not end or begin so", "[memory][source]") {
  AddressRanges ranges;
  REQUIRE(ranges.reserve(4));
  ranges.put({at(0x1000), 0x1000});
  ranges.put({at(0x4100), 0x2000});
  CHECK_FALSE(ranges.take_ending_at(at(0x3000)));
  CHECK_FALSE(ranges.take_ending_at(at(0x800)));
  CHECK(ranges.holds(at(0x1000)));
  CHECK(ranges.holds(at(0x1fff)));
  CHECK_FALSE(ranges.holds(at(0x2000)));
  CHECK_FALSE(ranges.holds(at(0xfff)));
  // No multiple of the alignment lies between its begin and its middle.
  CHECK(ranges.take_middle(0x1000, 0x10000).data == at(0x4100));
  // The end of a range.
  CHECK(ranges.take_at(at(0x1800), 0x800).data == at(0x1800));
  REQUIRE(ranges.count() == 2);
  CHECK(ranges[0].size_bytes == 0x800);
  CHECK(ranges[1].data == at(0x5100));
}

TEST_CASE("address ranges are what was put and not taken, piece by piece", "[memory][source][random]") {
  constexpr std::size_t unit = 0x100;
  constexpr std::uintptr_t begin = 0x10000;
  constexpr std::size_t units = 64;
  Random random(20);
  for (int round = 0; round < 40; ++round) {
    AddressRanges ranges;
    REQUIRE(ranges.reserve(units));
    std::vector<bool> here(units + 1);  // and one that never is
    const auto run_at = [&](std::size_t from) {
      std::size_t to = from;
      while (here[to]) ++to;
      return to - from;
    };
    const auto begins = [&](std::size_t i) { return here[i] && (i == 0 || !here[i - 1]); };
    const auto expect = [&](Segment taken, std::size_t from, std::size_t count) {
      REQUIRE(taken.data == (count == 0 ? nullptr : at(begin + from * unit)));
      REQUIRE(taken.size_bytes == count * unit);
      for (std::size_t i = from; i < from + count; ++i) here[i] = false;
    };
    for (int step = 0; step < 200; ++step) {
      const std::size_t place = below(random, units);
      const std::size_t count = 1 + below(random, 8);
      switch (below(random, 6)) {
        case 0:
        case 1: {
          std::size_t end = place;
          while (end < units && end < place + count && !here[end]) ++end;
          if (end == place) break;
          for (std::size_t i = place; i < end; ++i) here[i] = true;
          std::size_t first = place;
          while (first > 0 && here[first - 1]) --first;
          const Segment joined = ranges.put({at(begin + place * unit), (end - place) * unit});
          REQUIRE(joined.data == at(begin + first * unit));
          REQUIRE(joined.size_bytes == run_at(first) * unit);
          break;
        }
        case 2: {
          std::size_t from = 0;
          while (from < units && !(begins(from) && run_at(from) >= count)) ++from;
          expect(ranges.take_lowest(count * unit), from, from == units ? 0 : count);
          break;
        }
        case 3:
          expect(ranges.take_at(at(begin + place * unit), count * unit), place,
                 run_at(place) >= count ? count : 0);
          break;
        case 4: {
          std::size_t from = place;
          while (from > 0 && here[from - 1]) --from;
          const bool ends_there = from != place && !here[place];
          expect(ranges.take_ending_at(at(begin + place * unit)), from, ends_there ? place - from : 0);
          break;
        }
        default: {
          std::size_t largest = 0;
          for (std::size_t i = 0; i < units; ++i) {
            if (begins(i) && (!here[largest] || run_at(i) > run_at(largest))) largest = i;
          }
          const std::size_t run = run_at(largest);
          if (run < count) {
            expect(ranges.take_middle(count * unit, unit), 0, 0);
            break;
          }
          constexpr std::size_t aligned_units = 4;  // also where the first unit stands
          std::size_t from = largest + (run - count) / 2;
          while (from > largest && from % aligned_units != 0) --from;
          expect(ranges.take_middle(count * unit, aligned_units * unit), from, count);
          break;
        }
      }
      std::size_t runs = 0;
      for (std::size_t i = 0; i < units; ++i) {
        REQUIRE(ranges.holds(at(begin + i * unit)) == here[i]);
        REQUIRE(ranges.holds(at(begin + i * unit + unit - 1)) == here[i]);
        if (!begins(i)) continue;
        REQUIRE(ranges[runs].data == at(begin + i * unit));
        REQUIRE(ranges[runs].size_bytes == run_at(i) * unit);
        ++runs;
      }
      REQUIRE(ranges.count() == runs);
    }
  }
}

TEST_CASE("nothing is asked of the platform for no bytes", "[memory][source]") {
  CHECK_FALSE(default_source().acquire(0));
  Platform source;
  const Segment segment = source.acquire(1);
  REQUIRE(segment);
  CHECK_FALSE(source.acquire_at(segment.data + segment.size_bytes, 0));
  CHECK_FALSE(source.acquire_at(segment.data + segment.size_bytes, max_object_bytes + std::size_t{1}));
  source.release(segment);
}

TEST_CASE("the platform's source gives usable segments of at least what is asked", "[memory][source]") {
  Platform source;
  for (std::size_t bytes : {1UL, 4096UL, 4097UL, 100000UL, 5000000UL}) {
    const Segment segment = source.acquire(bytes);
    REQUIRE(segment);
    CHECK(segment.size_bytes >= bytes);
    CHECK(segment.size_bytes % source.granularity_bytes() == 0);
    CHECK(reinterpret_cast<std::uintptr_t>(segment.data) % source.granularity_bytes() == 0);
    std::memset(segment.data, 0x5A, segment.size_bytes);
    source.release(segment);
  }
}

TEST_CASE("the platform's source extends a segment in place", "[memory][source]") {
  Platform source;
  const Segment first = source.acquire(10000);
  REQUIRE(first);
  const Segment second = source.acquire_at(first.data + first.size_bytes, 20000);
  REQUIRE(second);
  CHECK(second.data == first.data + first.size_bytes);
  CHECK_FALSE(source.acquire_at(first.data, 4096));
  std::memset(first.data, 1, first.size_bytes + second.size_bytes);
  source.release({first.data, first.size_bytes + second.size_bytes});
}

TEST_CASE("the platform's source takes parts of a segment back", "[memory][source]") {
  Platform source;
  const std::size_t page = source.granularity_bytes();
  const Segment whole = source.acquire(5 * page);
  REQUIRE(whole);
  std::memset(whole.data, 7, whole.size_bytes);
  source.release({whole.data + page, 2 * page});
  CHECK(whole.data[page - 1] == std::byte{7});
  CHECK(whole.data[3 * page] == std::byte{7});
  const Segment again = source.acquire_at(whole.data + page, page);
  CHECK(again.data == whole.data + page);
  source.release({whole.data, 2 * page});
  source.release({whole.data + 3 * page, 2 * page});
}

TEST_CASE("a segment too large for any memory is refused", "[memory][source]") {
  Platform source;
  CHECK_FALSE(source.acquire(~std::size_t{0}));
  CHECK_FALSE(source.acquire(~std::size_t{0} / 2 + 1));
  CHECK_FALSE(source.acquire(0));
}

#if defined(__EMSCRIPTEN__)

TEST_CASE("released linear memory is used again instead of growing", "[memory][source]") {
  LinearMemory source;
  const Segment a = source.acquire(MiB);
  const Segment b = source.acquire(MiB);
  const std::size_t idle_bytes = source.idle_bytes();
  source.release(a);
  CHECK(source.idle_bytes() == idle_bytes + MiB);
  const std::size_t heap_bytes = emscripten_get_heap_size();
  for (int i = 0; i < 100; ++i) {
    const Segment again = source.acquire(MiB);
    CHECK(again.data == a.data);
    source.release(again);
  }
  CHECK(emscripten_get_heap_size() == heap_bytes);
  source.release(b);
  CHECK(source.idle_bytes() == idle_bytes + 2 * MiB);
}

TEST_CASE("a segment of linear memory is extended in place, whoever grows the heap meanwhile",
          "[memory][source]") {
  LinearMemory source;
  const Segment first = source.acquire(64 * KiB);
  REQUIRE(first);
  std::vector<std::unique_ptr<char[]>> others;
  std::byte* end = first.data + first.size_bytes;
  for (int i = 0; i < 20; ++i) {
    others.emplace_back(new char[100 * KiB]);
    const Segment more = source.acquire_at(end, 64 * KiB);
    REQUIRE(more.data == end);
    end += more.size_bytes;
  }
  source.release({first.data, static_cast<std::size_t>(end - first.data)});
}

TEST_CASE("segments of linear memory touch, and take what they hold and no more", "[memory][source]") {
  LinearMemory source;
  const Segment first = source.acquire(65 * MiB);
  REQUIRE(first);
  const std::size_t heap_bytes = emscripten_get_heap_size();
  const Segment second = source.acquire(40 * MiB);
  REQUIRE(second);
  CHECK(second.data == first.data + first.size_bytes);
  // What is idle at the end is begun with.
  source.release(second);
  const Segment third = source.acquire_at(second.data, 50 * MiB);
  CHECK(third.data == second.data);
  constexpr std::size_t wasm_page = 64 * KiB;
  CHECK(emscripten_get_heap_size() >= heap_bytes + 50 * MiB - wasm_page);
  CHECK(emscripten_get_heap_size() <= heap_bytes + 50 * MiB + wasm_page);
  CHECK(source.idle_bytes() == 0);
  source.release(first);
  source.release(third);
}

TEST_CASE("linear memory grows by what an allocator reserves", "[memory][source]") {
  LinearMemory source;
  CpuAllocator allocator(source);
  static_cast<void>(allocator.allocate(1));
  const std::uint64_t reserved_bytes = allocator.statistics().reserved_bytes;
  const std::size_t heap_bytes = emscripten_get_heap_size();
  Random random(7);
  std::vector<Block*> blocks;
  for (int i = 0; i < 5000; ++i) {
    if (blocks.size() > 500) {
      const std::size_t index = below(random, blocks.size());
      allocator.deallocate(blocks[index]);
      blocks[index] = blocks.back();
      blocks.pop_back();
    }
    blocks.push_back(allocator.allocate(mixed_size(random)).block);
    REQUIRE(blocks.back() != nullptr);
  }
  CHECK(allocator.statistics().segments == 1);
  const std::uint64_t more_reserved = allocator.statistics().peak_reserved_bytes - reserved_bytes;
  const std::size_t more_heap = emscripten_get_heap_size() - heap_bytes;
  CHECK(more_reserved > MiB);
  CHECK(more_heap <= more_reserved + 64 * KiB);
  CHECK(more_reserved <= more_heap + 64 * KiB);
}

#else

TEST_CASE("memory of the system comes zeroed, again after it was released", "[memory][source]") {
  SystemPages source;
  for (int round = 0; round < 3; ++round) {
    const Segment segment = source.acquire(64 * KiB);
    for (std::size_t i = 0; i < segment.size_bytes; i += 997) REQUIRE(segment.data[i] == std::byte{0});
    std::memset(segment.data, 0xFF, segment.size_bytes);
    source.release(segment);
  }
}

TEST_CASE("moved memory is found where it was moved to, and its old place is empty",
          "[memory][source][move]") {
  SystemPages source;
  const std::size_t size = 2 * 64 * KiB;
  const Segment from = source.acquire(size);
  const Segment to = source.acquire(3 * size);
  REQUIRE(from);
  REQUIRE(to);
  std::memset(from.data, 7, size);
  if (source.least_move_bytes() == 0) {
    CHECK_FALSE(source.move(from, to.data));
    std::memset(from.data, 7, size);
    std::memset(to.data, 7, size);
    return;
  }
  REQUIRE(source.move(from, to.data + size));
  CHECK(to.data[0] == std::byte{0});
  CHECK(to.data[size] == std::byte{7});
  CHECK(to.data[2 * size - 1] == std::byte{7});
  CHECK(to.data[2 * size] == std::byte{0});
  const Segment again = source.acquire_at(from.data, size);
  REQUIRE(again.data == from.data);
  CHECK(again.data[0] == std::byte{0});
  CHECK(again.data[size - 1] == std::byte{0});

  // What was gathered from several pieces moves on as one.
  std::memset(again.data, 8, size);
  REQUIRE(source.move(again, to.data + 2 * size));
  const Segment last = source.acquire(2 * size);
  REQUIRE(source.move({to.data + size, 2 * size}, last.data));
  CHECK(last.data[0] == std::byte{7});
  CHECK(last.data[size] == std::byte{8});
  source.release(last);
  source.release({to.data, size});
  // All is one window of nothing again.
  CHECK(source.mappings() == 3);
}

TEST_CASE("a move that does not pay is refused and leaves both places in use", "[memory][source][move]") {
  SystemPages source;
  const std::size_t page = source.granularity_bytes();
  const Segment from = source.acquire(page);
  const Segment to = source.acquire(page);
  CHECK_FALSE(source.move(from, to.data));
  std::memset(from.data, 1, page);
  std::memset(to.data, 1, page);
  source.release(from);
  source.release(to);
}

TEST_CASE("released pages scattered over a window leave the system mappings for others", "[memory][source]") {
  SystemPages source;
  const std::size_t page = source.granularity_bytes();
  constexpr std::size_t pages = 50000;
  const Segment all = source.acquire(pages * page);
  REQUIRE(all);
  all.data[page] = std::byte{1};
  for (std::size_t i = 1; i < pages; i += 2) source.release({all.data + i * page, page});
  CHECK(source.acquire_at(all.data + page, page).data[0] == std::byte{0});
  std::size_t mapped = 0;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) ++mapped;
  CHECK(mapped < 40000);
  source.release({all.data, 2 * page});
  for (std::size_t i = 2; i < pages; i += 2) source.release({all.data + i * page, page});
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // which need more than these limits

namespace {
/// The process may have no more of a resource than it has, while this stands.
class Limited {
 public:
  explicit Limited(__rlimit_resource resource) : resource_(resource) {
    REQUIRE(::getrlimit(resource, &before_) == 0);
    const rlimit least{MiB, before_.rlim_max};
    REQUIRE(::setrlimit(resource, &least) == 0);
  }
  ~Limited() { ::setrlimit(resource_, &before_); }
  Limited(const Limited&) = delete;
  Limited& operator=(const Limited&) = delete;

 private:
  __rlimit_resource resource_;
  rlimit before_{};
};
}  // namespace

TEST_CASE("without address space or memory from the system nothing is had, and afterwards it is again",
          "[memory][source]") {
  SystemPages source;
  {
    const Limited addresses(RLIMIT_AS);
    const Segment refused = source.acquire(MiB);
    CHECK_FALSE(refused);
  }
  const Segment first = source.acquire(MiB);
  REQUIRE(first);
  {
    const Limited memory(RLIMIT_DATA);
    const Segment refused = source.acquire(MiB);
    CHECK_FALSE(refused);
    const Segment behind = source.acquire_at(first.data + first.size_bytes, MiB);
    CHECK_FALSE(behind);
  }
  const Segment behind = source.acquire_at(first.data + first.size_bytes, MiB);
  CHECK(behind.data == first.data + first.size_bytes);
  source.release(behind);
  source.release(first);
}

TEST_CASE("memory that the system does not take the addresses of comes zeroed again all the same",
          "[memory][source]") {
  SystemPages source;
  const Segment segment = source.acquire(MiB);
  REQUIRE(segment);
  std::memset(segment.data, 0xFF, segment.size_bytes);
  {
    const Limited addresses(RLIMIT_AS);
    source.release(segment);
  }
  const Segment again = source.acquire_at(segment.data, MiB);
  REQUIRE(again.data == segment.data);
  CHECK(again.data[0] == std::byte{0});
  CHECK(again.data[MiB - 1] == std::byte{0});
  source.release(again);
}

#endif

TEST_CASE("cold memory that spans huge pages begins at one", "[memory][source]") {
  SystemPages source;
  const Segment segment = source.acquire(16 * MiB);
  CHECK(reinterpret_cast<std::uintptr_t>(segment.data) % (2 * MiB) == 0);
  source.release(segment);
}

TEST_CASE("allocators that share the platform's source each grow without a seam", "[memory][source]") {
  SystemPages source;
  CpuAllocator a(source);
  CpuAllocator b(source);
  std::vector<Block*> blocks;
  std::uint64_t total = 0;
  for (int i = 0; i < 50; ++i) {
    blocks.push_back(a.allocate(100 * KiB).block);
    total += blocks.back()->capacity_bytes;
    static_cast<void>(b.allocate(100 * KiB));
  }
  CHECK(a.statistics().source_calls > 1);
  CHECK(a.statistics().segments == 1);
  for (Block* block : blocks) a.deallocate(block);
  CHECK(a.allocate(total).served_by == ServedBy::arena);
}

#endif

TEST_CASE("the platform's own source is one for the process", "[memory][source]") {
  CHECK(&default_source() == &default_source());
}
