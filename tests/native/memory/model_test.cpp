// The allocator against a reference that knows nothing of its inner form: what is live, by whom, with
// which contents. Run over several configurations.

#include <algorithm>
#include <cstring>
#include <map>

#include "memory/support.hpp"

using namespace bufgc;
using namespace bufgc::testing;

namespace {

struct Default {
  static AllocatorOptions options() { return {}; }
};
struct PageAligned {
  static AllocatorOptions options() { return {4096, no_budget, true, no_budget}; }
};
struct CacheOff {
  static AllocatorOptions options() { return {64, no_budget, false, no_budget}; }
};
struct CacheBounded {
  static AllocatorOptions options() { return {128, no_budget, true, 512 * KiB}; }
};
struct Budgeted {
  static AllocatorOptions options() { return {64, 6 * MiB, true, no_budget}; }
};
struct Hardened {
  static AllocatorOptions options() {
    AllocatorOptions options;
    options.budget_bytes = 8 * MiB;
    options.hardening = Hardening::full;
    options.quarantine_bytes = 256 * KiB;
    return options;
  }
};
template <class Options>
struct OnHeap : Options {};

template <class Configuration>
struct SourceOf {
  static constexpr bool is_small = false;
  FailingSource source{default_source()};
};
template <class Options>
struct SourceOf<OnHeap<Options>> {
  static constexpr bool is_small = true;
  HeapSource heap;
  FailingSource source{heap};
};

/// Where live blocks are moved.
template <class Options>
struct Sliding : Options {};
template <class Options>
struct SourceOf<Sliding<Options>> {
  static constexpr bool is_small = true;
  SlidingSource sliding;
  FailingSource source{sliding};
};

struct Entry {
  Block* block;
  std::size_t size;
  unsigned char mark;
};

void fill(const Entry& entry) {
  std::memset(entry.block->data, entry.mark, entry.size);
}
bool intact(const Entry& entry) {
  if (entry.size == 0) return true;
  // The first byte is the mark, and each other byte equals the one before it.
  const auto* bytes = reinterpret_cast<const unsigned char*>(entry.block->data);
  return bytes[0] == entry.mark && std::memcmp(bytes, bytes + 1, entry.size - 1) == 0;
}

/// The reference: live blocks by address, and the figures that follow from them.
class Model {
 public:
  explicit Model(const AllocatorOptions& options)
      : alignment_(options.alignment_bytes),
        strip_bytes_(options.hardening == Hardening::full ? alignment_ + 16 : 0) {}

  [[nodiscard]] bool add(Block* block) {
    const auto after = by_address_.lower_bound(block->data);
    if (after != by_address_.end() && block->data + block->capacity_bytes > after->first) return false;
    if (after != by_address_.begin() && std::prev(after)->second > block->data) return false;
    by_address_.emplace(block->data, block->data + block->capacity_bytes);
    live_bytes += block->size_bytes;
    rounding_bytes += rounded(block->size_bytes) - block->size_bytes;
    total_bytes += block->size_bytes;
    peak_bytes = std::max(peak_bytes, live_bytes);
    peak_blocks = std::max<std::uint64_t>(peak_blocks, by_address_.size());
    ++allocations;
    return true;
  }
  /// Compaction may have moved them.
  void follow(const std::vector<Entry>& live) {
    by_address_.clear();
    for (const Entry& entry : live) {
      by_address_.emplace(entry.block->data, entry.block->data + entry.block->capacity_bytes);
    }
  }
  void remove(const Block* block) {
    by_address_.erase(block->data);
    live_bytes -= block->size_bytes;
    rounding_bytes -= rounded(block->size_bytes) - block->size_bytes;
    ++frees;
  }
  [[nodiscard]] bool agrees(const MemoryStatistics& s) const {
    return s.live_bytes == live_bytes && s.rounding_bytes == rounding_bytes &&
           s.peak_live_bytes == peak_bytes && s.live_blocks == by_address_.size() &&
           s.peak_live_blocks == peak_blocks && s.allocations == allocations && s.frees == frees &&
           s.total_allocated_bytes == total_bytes &&
           s.reserved_bytes == s.live_bytes + s.rounding_bytes + s.cached_bytes + s.gap_bytes &&
           s.reserved_bytes <= s.budget_bytes;
  }

 private:
  [[nodiscard]] std::size_t rounded(std::size_t size) const {
    return std::max<std::size_t>((size + strip_bytes_ + alignment_ - 1) / alignment_, 1) * alignment_;
  }

  std::size_t alignment_;
  std::size_t strip_bytes_;
  std::map<std::byte*, std::byte*> by_address_;
  std::uint64_t live_bytes = 0;
  std::uint64_t rounding_bytes = 0;
  std::uint64_t total_bytes = 0;
  std::uint64_t peak_bytes = 0;
  std::uint64_t peak_blocks = 0;
  std::uint64_t allocations = 0;
  std::uint64_t frees = 0;
};

}  // namespace

TEMPLATE_TEST_CASE("under random use the figures are exact, nothing overlaps and contents stay",
                   "[memory][random]", Default, PageAligned, CacheOff, CacheBounded, Budgeted,
                   OnHeap<Default>, OnHeap<PageAligned>, OnHeap<CacheOff>, OnHeap<Budgeted>, Sliding<Default>,
                   Sliding<Hardened>, Hardened, OnHeap<Hardened>, Sliding<PageAligned>, Sliding<CacheBounded>,
                   Sliding<Budgeted>) {
  const std::uint64_t seed = Catch::rngSeed() + 20;
  INFO("seed " << seed);
  Random random(seed);
  SourceOf<TestType> origin;
  const AllocatorOptions options = TestType::options();
  const bool may_fail = options.budget_bytes != no_budget || origin.is_small;
  {
    CpuAllocator allocator(origin.source, options);
    Model model(options);
    std::vector<Entry> live;
    std::uint64_t compactions = 0;
    // Sizes come back, as in a program that repeats itself, or are new.
    std::vector<std::size_t> usual;
    for (int i = 0; i < 40; ++i) usual.push_back(mixed_size(random));
    constexpr int operations = 100000;
    for (int i = 0; i < operations; ++i) {
      const bool growing = (i / 5000) % 2 == 0;
      if (live.empty() || below(random, 100) < (growing && live.size() < 400 ? 60U : 45U)) {
        const bool is_usual = below(random, 4) != 0;
        const std::size_t size = is_usual ? usual[below(random, usual.size())] : mixed_size(random) / 8;
        const Allocation allocation = allocator.allocate(size);
        if (allocation.block == nullptr) {
          REQUIRE(may_fail);
          continue;
        }
        if (const std::uint64_t now = allocator.statistics().compactions; now != compactions) {
          compactions = now;
          model.follow(live);
        }
        REQUIRE(model.add(allocation.block));
        live.push_back({allocation.block, size, static_cast<unsigned char>(random())});
        fill(live.back());
      } else {
        const std::size_t index = below(random, live.size());
        REQUIRE(intact(live[index]));
        model.remove(live[index].block);
        allocator.deallocate(live[index].block);
        live[index] = live.back();
        live.pop_back();
      }
      if (below(random, 5000) == 0) allocator.trim(below(random, MiB));
      if (i % 16 == 0) REQUIRE(model.agrees(allocator.statistics()));
      if (i % 2000 == 0) check_sound(allocator);
    }
    REQUIRE(model.agrees(allocator.statistics()));
    for (const Entry& entry : live) {
      REQUIRE(intact(entry));
      allocator.deallocate(entry.block);
    }
    allocator.trim(0);
    CHECK(allocator.statistics().reserved_bytes == 0);
    check_sound(allocator);
  }
  CHECK(origin.source.bytes_out() == 0);
}
