#include "bufgc/memory/allocator_state.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace bufgc {
namespace {

// The reserve grows by a part of itself, so that the system is called a number of times that is
// logarithmic in its size, yet what is taken too much stays under a percent.
constexpr unsigned growth_shift = 7;
constexpr std::uint64_t least_growth_bytes = std::uint64_t{32} * 1024;
// Where what is taken can never be given back, this much at most is taken ahead: a growth of linear
// memory costs as much as touching some 100 KiB of it.
constexpr std::uint64_t most_lasting_growth_bytes = std::uint64_t{1024} * 1024;

AllocatorOptions legal(AllocatorOptions options) noexcept {
  std::size_t alignment = 64;
  while (alignment < options.alignment_bytes && alignment < 4096) alignment *= 2;
  options.alignment_bytes = alignment;
  return options;
}

}  // namespace

CpuAllocator::State::State(MemorySource& source, const AllocatorOptions& wanted) noexcept
    : magazine(legal(wanted).alignment_bytes),
      options(legal(wanted)),
      arena(source, options.alignment_bytes) {}

void CpuAllocator::State::flush() noexcept {
  while (Range* range = magazine.evict()) arena.free(range);
}

std::uint64_t CpuAllocator::State::trim(std::uint64_t keep_bytes) noexcept {
  std::uint64_t released = 0;
  while (cached_bytes() > keep_bytes) {
    const std::uint64_t bytes = arena.release_pages(cached_bytes() - keep_bytes);
    released += bytes;
    if (bytes > 0) continue;
    Range* range = magazine.evict();
    if (range == nullptr) break;
    arena.free(range);
  }
  return released;
}

void CpuAllocator::State::settle() noexcept {
  trim(options.cache ? options.cache_limit_bytes : 0);
  counters.on_cached(cached_bytes());
}

Allocation CpuAllocator::State::hand_out(Range* range, std::size_t size_bytes, ServedBy served_by) noexcept {
  range->state = RangeState::live;
  range->size_bytes = size_bytes;
  counters.on_allocate(size_bytes, range->capacity_bytes);
  return {range, served_by};
}

void CpuAllocator::State::compact_before_growth(std::size_t capacity_bytes) noexcept {
  if (!may_compact()) return;
  const std::uint64_t most_live_bytes =
      std::max(counters.peak_live_bytes(), counters.live_capacity_bytes() + capacity_bytes);
  compaction.before_growth(arena, capacity_bytes, most_live_bytes, options.budget_bytes);
}

Range* CpuAllocator::State::grow(std::size_t capacity_bytes) noexcept {
  std::uint64_t step = std::max(arena.reserved_bytes() >> growth_shift, least_growth_bytes);
  if (!arena.can_exchange_pages()) step = std::min(step, most_lasting_growth_bytes);
  const std::uint64_t most_live_bytes =
      std::max(counters.peak_live_bytes(), counters.live_capacity_bytes() + capacity_bytes);
  bool grown = exchange.grow(arena, {capacity_bytes, static_cast<std::size_t>(options.cache ? step : 0),
                                     most_live_bytes, options.budget_bytes});
  // It fits, yet the heap or the system refused; what is cached stays warm when it does not fit.
  const std::uint64_t least_bytes = arena.reserved_bytes() - arena.free_page_bytes() + capacity_bytes;
  if (!grown && arena.can_exchange_pages() && least_bytes <= options.budget_bytes &&
      arena.release_pages(no_budget) > 0) {
    grown = arena.grow(capacity_bytes, 0, options.budget_bytes);
  }
  if (!grown && may_compact()) grown = arena.compact(capacity_bytes, options.budget_bytes);
  return grown ? arena.allocate(capacity_bytes) : nullptr;
}

Range* CpuAllocator::State::place(std::size_t capacity_bytes, ServedBy& served_by) noexcept {
  // Where no page ever returns, a bad place is bad for good: the whole of free space decides.
  if (!arena.can_exchange_pages()) flush();
  served_by = ServedBy::arena;
  Range* range = arena.allocate(capacity_bytes);
  if (range == nullptr && magazine.bytes() > 0) {
    flush();
    range = arena.allocate(capacity_bytes);
  }
  if (range == nullptr && give_up_idle_region(capacity_bytes)) range = arena.allocate(capacity_bytes);
  if (range == nullptr) {
    compact_before_growth(capacity_bytes);
    range = arena.allocate(capacity_bytes);
  }
  if (range == nullptr) {
    range = grow(capacity_bytes);
    served_by = ServedBy::source;
  }
  // What fits, fits, whatever a plan would have wanted.
  if (range == nullptr && arena.region_bytes() > 0) {
    arena.dissolve_region();
    return place(capacity_bytes, served_by);
  }
  return range;
}

Allocation CpuAllocator::State::allocate_slowly(std::size_t size_bytes, std::size_t capacity_bytes) noexcept {
  ServedBy served_by = ServedBy::arena;
  Range* range = place(capacity_bytes, served_by);
  Allocation allocation{nullptr, served_by};
  if (range != nullptr) {
    if (served_by == ServedBy::source) counters.on_miss();
    allocation = hand_out(range, size_bytes, served_by);
  }
  settle();
  return allocation;
}

FreedTo CpuAllocator::State::free_slowly(Range* range) noexcept {
  if (may_keep(range->capacity_bytes)) {
    trim(options.cache_limit_bytes - range->capacity_bytes);
    if (magazine.put(range)) return FreedTo::cache;
  }
  Range* merged = arena.free(range);
  const std::uint64_t limit = options.cache ? options.cache_limit_bytes : 0;
  const std::uint64_t cached = cached_bytes();
  const std::uint64_t released = cached > limit ? arena.release_within(merged, cached - limit) : 0;
  settle();
  return released > 0 ? FreedTo::source : FreedTo::arena;
}

std::size_t CpuAllocator::State::largest_free_bytes() const noexcept {
  std::size_t largest = arena.largest_run_bytes();
  magazine.each([&](const Range* range) { largest = std::max(largest, Arena::run_bytes(range)); });
  return largest;
}

MemoryStatistics CpuAllocator::State::statistics() const noexcept {
  MemoryStatistics statistics;
  counters.read(statistics);
  statistics.cached_bytes = cached_bytes();
  statistics.reserved_bytes = arena.reserved_bytes();
  const std::uint64_t idle = statistics.reserved_bytes - counters.live_capacity_bytes();
  statistics.gap_bytes = idle - statistics.cached_bytes;
  statistics.peak_reserved_bytes = arena.counts().peak_reserved_bytes;
  statistics.budget_bytes = options.budget_bytes;
  statistics.largest_free_bytes = largest_free_bytes();
  if (counters.live_capacity_bytes() > 0) {
    statistics.internal_fragmentation =
        static_cast<double>(statistics.rounding_bytes) / static_cast<double>(counters.live_capacity_bytes());
  }
  if (idle > 0) {
    statistics.external_fragmentation =
        1.0 - static_cast<double>(statistics.largest_free_bytes) / static_cast<double>(idle);
  }
  statistics.segments = arena.counts().extents;
  statistics.splits = arena.counts().splits;
  statistics.merges = arena.counts().merges;
  statistics.compactions = arena.counts().compactions;
  statistics.source_calls = arena.counts().source_calls;
  statistics.moved_bytes = arena.counts().moved_bytes;
  statistics.moved_pages = arena.counts().moved_pages;
  statistics.planned_bytes = arena.region_bytes();
  statistics.planned_allocations = planned_allocations;
  statistics.plan_deviations = plan_deviations;
  if (open_iteration != nullptr) {
    statistics.planned_allocations += open_iteration->placed();
    statistics.plan_deviations += open_iteration->deviations();
  }
  return statistics;
}

const char* CpuAllocator::State::check() const noexcept {
  Arena::Walk walk;
  if (const char* fault = arena.check(walk)) return fault;
  std::uint64_t kept_blocks = 0;
  std::uint64_t kept_bytes = 0;
  bool all_cached = true;
  magazine.each([&](const Range* range) {
    ++kept_blocks;
    kept_bytes += range->capacity_bytes;
    all_cached = all_cached && range->state == RangeState::cached;
  });
  if (!all_cached) return "the cache keeps a block that is not cached";
  if (kept_blocks != walk.cached_blocks) return "a cached block is not in the cache";
  if (kept_bytes != walk.cached_bytes || kept_bytes != magazine.bytes()) return "cached bytes are miscounted";
  if (walk.live_blocks != counters.live_blocks()) return "live blocks are miscounted";
  if (walk.live_bytes != counters.live_bytes()) return "live bytes are miscounted";
  if (walk.live_capacity_bytes != counters.live_capacity_bytes()) return "rounding is miscounted";
  std::uint64_t class_blocks = 0;
  std::uint64_t class_bytes = 0;
  for (const SizeClassCount& size_class : counters.histogram()) {
    class_blocks += size_class.live_blocks;
    class_bytes += size_class.live_bytes;
  }
  if (class_blocks != walk.live_blocks || class_bytes != walk.live_bytes)
    return "the histogram is miscounted";
  // The gaps that the walk saw against those that follow from the other figures.
  const std::uint64_t gaps = walk.free_bytes - walk.free_page_bytes + walk.region_free_bytes;
  if (walk.reserved_bytes != walk.live_capacity_bytes + cached_bytes() + gaps) {
    return "reserved bytes are not live + rounding + cached + gap";
  }
  const std::uint64_t limit = options.cache ? options.cache_limit_bytes : 0;
  if (cached_bytes() > limit) return "more is cached than the limit allows";
  return nullptr;
}

void CpuAllocator::State::check_mutation(const Range* range) noexcept {
  const char* fault = range == nullptr ? nullptr : Arena::check_near(range);
  if (fault == nullptr && mutations_until_walk-- == 0) {
    fault = check();
    mutations_until_walk = counters.live_blocks() / 16;
  }
  if (fault == nullptr) return;
  std::fprintf(stderr, "bufgc: allocator invariant broken: %s\n", fault);
  std::abort();
}

}  // namespace bufgc
