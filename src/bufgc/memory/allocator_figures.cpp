// What the allocator tells of itself, and how the figures stay exact though threads count by themselves.

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "bufgc/memory/allocator_state.hpp"

namespace bufgc {

CpuAllocator::State::Sums CpuAllocator::State::sums() noexcept {
  Sums sums;
  each_cache([&sums](const BlockCache& cache) {
    sums.live_bytes += cache.counters.live_bytes();
    sums.live_blocks += cache.counters.live_blocks();
    sums.allocated_bytes += cache.counters.allocated_bytes();
    sums.kept_bytes += cache.kept_bytes();
  });
  sums.kept_bytes += depot().bytes();
  if (guard != nullptr) sums.kept_bytes += guard->quarantined_bytes();
  return sums;
}

void CpuAllocator::State::raise_peaks(const Sums& now) noexcept {
  peak_live_bytes_ = std::max(peak_live_bytes_, now.live_bytes);
  peak_live_blocks_ = std::max(peak_live_blocks_, now.live_blocks);
  peak_cached_bytes_ = std::max(peak_cached_bytes_, now.kept_bytes + arena.free_page_bytes());
}

// The peaks of the epoch are no higher than those of all time: who hears of the one hears of the other.
void CpuAllocator::State::set_marks(BlockCache& sole, std::uint64_t live_bytes,
                                    std::uint64_t live_blocks) noexcept {
  decay_.on_live(live_bytes, live_blocks);
  sole.counters.set_marks(decay_.most_live_bytes() - live_bytes, decay_.most_live_blocks() - live_blocks);
}

void CpuAllocator::State::on_rise(BlockCache& cache) noexcept {
  std::uint64_t live_bytes = cache.counters.live_bytes();
  std::uint64_t live_blocks = cache.counters.live_blocks();
  if (&cache != &common()) {
    live_bytes += common().counters.live_bytes();
    live_blocks += common().counters.live_blocks();
  }
  peak_live_bytes_ = std::max(peak_live_bytes_, live_bytes);
  peak_live_blocks_ = std::max(peak_live_blocks_, live_blocks);
  set_marks(cache, live_bytes, live_blocks);
}

// As long as there is one cache, it comes here whenever a peak would rise: peaks are exact.
void CpuAllocator::State::settle_sole(BlockCache& sole) noexcept {
  const Sums now = sums();
  raise_peaks(now);
  set_marks(sole, now.live_bytes, now.live_blocks);
  const std::uint64_t cached_bytes = now.kept_bytes + arena.free_page_bytes();
  const std::uint64_t most_bytes =
      std::min(peak_cached_bytes_, options.cache ? options.cache_limit_bytes : 0);
  sole.magazine.set_room_bytes(most_bytes > cached_bytes ? most_bytes - cached_bytes : 0);
}

void CpuAllocator::State::settle(BlockCache& own) noexcept {
  if (!may_use_thread_caches()) {
    meet_budget();
    trim(options.cache ? options.cache_limit_bytes : 0);
    if (may_use_thread_caches()) allow_thread_caches(true);  // the budget is met
  }
  if (BlockCache* const only = sole(); only != nullptr) {
    settle_sole(*only);
    return;
  }
  if (is_alone()) raise_peaks(sums());
  if (&own == &common()) return;
  const std::uint64_t limit_bytes = thread_limit_bytes();
  const std::uint64_t kept_bytes = own.magazine.bytes() + own.row.most_bytes();
  own.magazine.set_room_bytes(limit_bytes > kept_bytes ? limit_bytes - kept_bytes : 0);
}

void CpuAllocator::State::on_caches_changed() noexcept {
  if (thread_count() < 2) close_rows();
  if (BlockCache* const only = sole(); only != nullptr) {
    settle_sole(*only);
    return;
  }
  // Several count from here on: none knows of a peak by itself.
  raise_peaks(sums());
  each_cache([](BlockCache& cache) {
    cache.counters.set_marks(ShareCounters::no_mark, ShareCounters::no_mark);
    cache.magazine.set_room_bytes(0);
  });
}

std::uint64_t CpuAllocator::State::allocations() noexcept {
  std::uint64_t allocations = 0;
  each_cache([&allocations](const BlockCache& cache) { allocations += cache.counters.allocations(); });
  return allocations;
}

std::uint64_t CpuAllocator::State::frees() noexcept {
  be_alone();
  return allocations() - sums().live_blocks;
}

std::size_t CpuAllocator::State::largest_free_bytes() noexcept {
  std::size_t largest = arena.largest_run_bytes();
  const auto measure = [&largest](const Range* range) {
    largest = std::max(largest, Arena::run_bytes(range));
  };
  each_cache([&measure](const BlockCache& cache) { cache.each_kept(measure); });
  depot().each(measure);
  return largest;
}

MemoryStatistics CpuAllocator::State::statistics() noexcept {
  be_alone();
  const Sums now = sums();
  raise_peaks(now);
  MemoryStatistics statistics;
  const std::uint64_t cached_bytes = now.kept_bytes + arena.free_page_bytes();
  const std::uint64_t idle = arena.free_bytes() + arena.region_free_bytes() + now.kept_bytes;
  const std::uint64_t live_capacity_bytes = arena.reserved_bytes() - idle;
  statistics.live_bytes = now.live_bytes;
  statistics.peak_live_bytes = peak_live_bytes_;
  statistics.rounding_bytes = live_capacity_bytes - now.live_bytes;
  statistics.cached_bytes = cached_bytes;
  statistics.peak_cached_bytes = peak_cached_bytes_;
  statistics.gap_bytes = idle - cached_bytes;
  statistics.reserved_bytes = arena.reserved_bytes();
  statistics.peak_reserved_bytes = arena.counts().peak_reserved_bytes;
  statistics.budget_bytes = options.budget_bytes;
  statistics.largest_free_bytes = largest_free_bytes();
  if (live_capacity_bytes > 0) {
    statistics.internal_fragmentation =
        static_cast<double>(statistics.rounding_bytes) / static_cast<double>(live_capacity_bytes);
  }
  if (idle > 0) {
    statistics.external_fragmentation =
        1.0 - static_cast<double>(statistics.largest_free_bytes) / static_cast<double>(idle);
  }
  statistics.live_blocks = now.live_blocks;
  statistics.peak_live_blocks = peak_live_blocks_;
  statistics.segments = arena.counts().extents;
  statistics.allocations = allocations();
  statistics.frees = statistics.allocations - now.live_blocks;
  statistics.total_allocated_bytes = now.allocated_bytes;
  statistics.misses = misses_;
  statistics.hits = statistics.allocations - misses_;
  statistics.splits = arena.counts().splits;
  statistics.merges = arena.counts().merges;
  statistics.compactions = arena.counts().compactions;
  statistics.source_calls = arena.counts().source_calls;
  statistics.decayed_bytes = decayed_bytes_;
  statistics.moved_bytes = arena.counts().moved_bytes;
  statistics.moved_pages = arena.counts().moved_pages;
  statistics.planned_bytes = arena.region_bytes();
  statistics.planned_allocations = planned_allocations_;
  statistics.plan_deviations = plan_deviations_;
  if (open_iteration_ != nullptr) {
    statistics.planned_allocations += open_iteration_->placed();
    statistics.plan_deviations += open_iteration_->deviations();
  }
  statistics.pressure_calls = pressure_calls;
  statistics.failed_allocations = failed_allocations;
  return statistics;
}

SizeHistogram CpuAllocator::State::size_histogram() noexcept {
  be_alone();
  SizeHistogram histogram{};
  for (std::size_t i = 0; i < histogram.size(); ++i) histogram[i].lower_bytes = std::uint64_t{1} << i;
  each_cache([&histogram](const BlockCache& cache) { cache.counters.add_to(histogram); });
  arena.each_held([&histogram](const Range* range) {
    if (!range->is_live()) return;
    const std::size_t size_class = floor_log2(range->size_bytes | 1U);
    SizeClassCount& count = histogram[std::min(size_class, histogram.size() - 1)];
    ++count.live_blocks;
    count.live_bytes += range->size_bytes;
  });
  return histogram;
}

const char* CpuAllocator::State::check() noexcept {
  be_alone();
  Arena::Walk walk;
  if (const char* fault = arena.check(walk)) return fault;
  std::uint64_t kept_blocks = 0;
  std::uint64_t kept_bytes = 0;
  bool all_kept = true;
  bool all_counted = true;
  const auto walk_kept = [&](const auto& each_kept, std::uint64_t counted_bytes) {
    std::uint64_t bytes = 0;
    each_kept([&](const Range* range) {
      ++kept_blocks;
      bytes += range->capacity_bytes;
      all_kept = all_kept && range->is_kept();
    });
    all_counted = all_counted && bytes == counted_bytes;
    kept_bytes += bytes;
  };
  each_cache([&](const BlockCache& cache) {
    walk_kept([&cache](auto visit) { cache.each_kept(visit); }, cache.kept_bytes());
  });
  walk_kept([this](auto visit) { depot().each(visit); }, depot().bytes());
  if (guard != nullptr) {
    kept_blocks += guard->quarantined_blocks();
    kept_bytes += guard->quarantined_bytes();
  }
  const Sums now = sums();
  if (!all_kept) return "a cache keeps a block that is not free";
  if (!all_counted) return "a cache's bytes are miscounted";
  if (kept_blocks != walk.cached_blocks) return "a cached block is in no cache";
  if (kept_bytes != walk.cached_bytes) return "cached bytes are miscounted";
  if (walk.live_blocks != now.live_blocks) return "live blocks are miscounted";
  if (walk.live_bytes != now.live_bytes) return "live bytes are miscounted";
  // The gaps that the walk saw against those that follow from the other figures.
  const std::uint64_t gaps = walk.free_bytes - walk.free_page_bytes + walk.region_free_bytes;
  if (walk.reserved_bytes != walk.live_capacity_bytes + cached_bytes() + gaps) {
    return "reserved bytes are not live + rounding + cached + gap";
  }
  const std::uint64_t limit = options.cache ? options.cache_limit_bytes : 0;
  if (cached_bytes() > limit) return "more is cached than the limit allows";
  return check_peaks(now);
}

// Of several caches none knows of a peak.
const char* CpuAllocator::State::check_peaks(const Sums& now) noexcept {
  const BlockCache* const only = sole();
  if (only == nullptr) return nullptr;
  if (only->row.most_bytes() != 0 || depot().bytes() != 0)
    return "rows wait though there is nobody to wait for";
  const std::uint64_t cached_bytes = now.kept_bytes + arena.free_page_bytes();
  if (now.live_bytes > peak_live_bytes_ || now.live_blocks > peak_live_blocks_ ||
      cached_bytes > peak_cached_bytes_) {
    return "a figure is above its peak";
  }
  const std::uint64_t room_bytes = only->magazine.room_bytes();
  const bool fits = room_bytes == 0 || room_bytes <= peak_cached_bytes_ - cached_bytes;
  return fits ? nullptr : "the only cache may keep more than was ever cached";
}

#if defined(BUFGC_CHECK_INVARIANTS)
void CpuAllocator::State::check_mutation(const Range* range) noexcept {
  be_alone();
  const char* fault = range == nullptr ? nullptr : Arena::check_near(range);
  if (fault == nullptr && mutations_until_walk_-- == 0) {
    fault = check();
    mutations_until_walk_ = sums().live_blocks / 16;
  }
  if (fault == nullptr) return;
  std::fprintf(stderr, "bufgc: allocator invariant broken: %s\n", fault);
  std::abort();
}
#endif

}  // namespace bufgc
