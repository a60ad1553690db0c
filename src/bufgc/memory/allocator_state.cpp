#include "bufgc/memory/allocator_state.hpp"

#include <algorithm>

namespace bufgc {
namespace {

// The reserve grows by a part of itself, so that the system is called a number of times that is
// logarithmic in its size, yet what is taken too much stays under a percent.
constexpr unsigned growth_shift = 7;
constexpr std::uint64_t least_growth_bytes = std::uint64_t{32} * 1024;
// Where what is taken can never be given back, this much at most is taken ahead: a growth of linear
// memory costs as much as touching some 100 KiB of it.
constexpr std::uint64_t most_lasting_growth_bytes = std::uint64_t{1024} * 1024;

// Of several threads each keeps a part of the reserve to itself.
constexpr unsigned thread_limit_shift = 4;
constexpr std::uint64_t least_thread_limit_bytes = std::uint64_t{128} * 1024;
// So many blocks go from the common cache to a thread's at once, when it asks for one.
constexpr std::uint64_t refill_blocks = 32;
// Blocks that threads hand to one another are on their way in their caches, which takes room beside
// what is live: the reserve may pass the most that was live by so much for that.
constexpr unsigned exchange_shift = 3;
// A program that repeats itself at the same peak and has caches flushed in every round comes to have
// room for all that it frees and uses again: once so many blocks were flushed at that peak (which costs
// some milliseconds), the reserve may pass the peak by a half.
constexpr std::uint64_t most_flushed_blocks = 32768;
constexpr unsigned settled_shift = 1;

#if !defined(BUFGC_HARDENING)
#define BUFGC_HARDENING 0
#endif
constexpr auto least_hardening = static_cast<Hardening>(BUFGC_HARDENING);

AllocatorOptions legal(AllocatorOptions options) noexcept {
  std::size_t alignment = 64;
  while (alignment < options.alignment_bytes && alignment < 4096) alignment *= 2;
  options.alignment_bytes = alignment;
  options.hardening = std::clamp(options.hardening, least_hardening, Hardening::full);
  return options;
}

}  // namespace

CpuAllocator::State::State(MemorySource& source, const AllocatorOptions& wanted)
    : options(legal(wanted)),
      granule_low_bits(options.alignment_bytes - 1),
      granule_mask(~granule_low_bits),
      arena(source, options.alignment_bytes),
      decay_(arena.can_exchange_pages() ? options.decay_after_allocations : 0) {
  if (options.hardening != Hardening::off) {
    guard = std::make_unique<BlockGuard>(*this, options);
    strip_bytes = guard->strip_bytes();
    arena.set_move_listener(guard.get());
    if (strip_bytes > 0) arena.move_capacities();
  }
  const Section section(*this);
  allow_thread_caches(may_use_thread_caches());
}

void CpuAllocator::State::flush_all() noexcept {
  be_alone();
  each_cache([this](BlockCache& cache) { flush(cache); });
  flush(depot());
}

std::uint64_t CpuAllocator::State::give_back(std::uint64_t keep_bytes) noexcept {
  be_alone();
  if (cached_bytes() + arena.region_free_bytes() > keep_bytes) dissolve_region();
  return trim(keep_bytes);
}

std::uint64_t CpuAllocator::State::trim(std::uint64_t keep_bytes) noexcept {
  be_alone();
  std::uint64_t released = 0;
  while (cached_bytes() > keep_bytes) {
    const std::uint64_t bytes = arena.release_pages(cached_bytes() - keep_bytes);
    released += bytes;
    if (bytes > 0) continue;
    Range* range = depot().evict();
    each_cache([&range](BlockCache& cache) {
      if (range == nullptr) range = cache.evict();
    });
    if (range == nullptr && guard != nullptr) range = guard->release_oldest();
    if (range == nullptr) break;
    arena.free(range);
  }
  // What left a cache made room there that the peak does not know of.
  if (BlockCache* const only = sole(); only != nullptr) settle_sole(*only);
  return released;
}

void CpuAllocator::State::set_budget_bytes(std::uint64_t budget_bytes) noexcept {
  be_alone();
  options.budget_bytes = budget_bytes;
  if (excess_bytes() > 0) dissolve_region();
  allow_thread_caches(may_use_thread_caches());
  settle(common());
}

void CpuAllocator::State::meet_budget() noexcept {
  while (excess_bytes() > 0) {
    const std::uint64_t cached = cached_bytes();
    trim(cached - std::min(cached, excess_bytes()));
    if (cached_bytes() == cached) break;  // nothing is left, or there is no record for one more cut
  }
}

void CpuAllocator::State::set_cache_enabled(bool enabled) noexcept {
  be_alone();
  options.cache = enabled;
  allow_thread_caches(may_use_thread_caches());
  if (open_iteration_ == nullptr && !may_keep_region()) dissolve_region();
  settle(common());
}

void CpuAllocator::State::decay() noexcept {
  // Of several threads nobody knows what is live: what threads keep to themselves counts as used.
  if (sole() == nullptr) {
    decay_.on_used(arena.reserved_bytes() - arena.free_page_bytes() - common().magazine.bytes() -
                   depot().bytes());
  }
  if (!decay_.is_due()) return;
  be_alone();
  const std::uint64_t limit_bytes = decay_.reserve_limit_bytes(allocations(), granule_low_bits);
  if (arena.reserved_bytes() <= limit_bytes) return;
  const std::uint64_t excess_bytes = arena.reserved_bytes() - limit_bytes;
  const std::uint64_t cached = cached_bytes();
  decayed_bytes_ += trim(cached > excess_bytes ? cached - excess_bytes : 0);
}

void CpuAllocator::State::absorb(BlockCache& cache) noexcept {
  while (Range* range = cache.evict()) share(range);
  cache.row.close();
  common().counters.add(cache.counters);
  cache.counters = {};
}

std::uint64_t CpuAllocator::State::thread_limit_bytes() const noexcept {
  return std::max(arena.reserved_bytes() >> thread_limit_shift, least_thread_limit_bytes);
}

Range* CpuAllocator::State::refill(BlockCache& own, std::size_t capacity_bytes) noexcept {
  if (&own == &common()) return nullptr;
  if (!own.row.is_for(capacity_bytes) && row_blocks(capacity_bytes) > 1 && depot().has(capacity_bytes)) {
    open_row(own, capacity_bytes);
  }
  if (own.row.is_for(capacity_bytes)) {
    if (Range* const range = own.row.take(); range != nullptr) return range;
    if (depot().take(own.row)) return own.row.take();
  }
  Magazine& shared = common().magazine;
  Range* const range = shared.take(capacity_bytes);
  if (range == nullptr) return nullptr;
  std::uint64_t more = std::min(thread_limit_bytes() / 2 / capacity_bytes, refill_blocks - 1);
  for (; more > 0; --more) {
    Range* const next = shared.take(capacity_bytes);
    if (next == nullptr) break;
    if (own.row.is_for(capacity_bytes)) {
      own.row.put(next);
      if (own.row.is_full()) break;
      continue;
    }
    if (own.magazine.add(next)) continue;
    static_cast<void>(shared.add(next));  // there was a slot for it
    break;
  }
  return range;
}

// What a thread frees and never asks for goes first.
void CpuAllocator::State::spill(BlockCache& own, std::size_t capacity_bytes) noexcept {
  const std::uint64_t limit_bytes = thread_limit_bytes();
  while (own.magazine.bytes() > limit_bytes / 2) {
    Range* range = own.magazine.take(capacity_bytes);
    if (range == nullptr) range = own.magazine.evict();
    share(range);
  }
}

void CpuAllocator::State::share(Range* range) noexcept {
  if (!common().magazine.add(range)) arena.free(range);
}

std::size_t CpuAllocator::State::row_blocks(std::size_t capacity_bytes) const noexcept {
  return static_cast<std::size_t>(
      std::min<std::uint64_t>(thread_limit_bytes() / 2 / capacity_bytes, Row::most_blocks));
}

void CpuAllocator::State::open_row(BlockCache& own, std::size_t capacity_bytes) noexcept {
  close_row(own);
  own.row.open(capacity_bytes, row_blocks(capacity_bytes));
  while (Range* const range = own.magazine.take(capacity_bytes)) {
    if (own.row.is_full()) give_row(own);
    own.row.put(range);
  }
  own.magazine.forget(capacity_bytes);
}

void CpuAllocator::State::close_row(BlockCache& own) noexcept {
  while (Range* const range = own.row.take()) {
    if (!own.magazine.add(range)) share(range);
  }
  own.row.close();
}

void CpuAllocator::State::close_rows() noexcept {
  each_cache([this](BlockCache& cache) { close_row(cache); });
  while (Range* const range = depot().evict()) share(range);
}

bool CpuAllocator::State::keep_in_row(BlockCache& own, Range* range) noexcept {
  const std::size_t capacity_bytes = range->capacity_bytes;
  if (&own == &common() || sole() != nullptr) return false;
  if (!own.row.is_for(capacity_bytes)) {
    if (own.magazine.room_bytes() >= capacity_bytes || row_blocks(capacity_bytes) < 2) return false;
    open_row(own, capacity_bytes);
  }
  if (own.row.is_full()) give_row(own);
  range->size_bytes = Range::kept;  // this section may be alone already, and all marked
  own.row.put(range);
  return true;
}

void CpuAllocator::State::give_row(BlockCache& own) noexcept {
  if (depot().give(own.row)) return;
  while (Range* const range = own.row.take()) share(range);
}

std::uint64_t CpuAllocator::State::most_live_bytes(std::size_t capacity_bytes) noexcept {
  raise_peaks(sums());
  const std::uint64_t used_bytes = arena.reserved_bytes() - arena.free_bytes() - arena.region_free_bytes();
  return std::max(peak_live_bytes_, used_bytes + capacity_bytes);
}

void CpuAllocator::State::compact_before_growth(std::size_t capacity_bytes) noexcept {
  if (!may_compact()) return;
  compaction_.before_growth(arena, capacity_bytes, most_live_bytes(capacity_bytes), sums().allocated_bytes,
                            options.budget_bytes);
}

Range* CpuAllocator::State::grow(std::size_t capacity_bytes) noexcept {
  std::uint64_t step = std::max(arena.reserved_bytes() >> growth_shift, least_growth_bytes);
  if (!arena.can_exchange_pages()) step = std::min(step, most_lasting_growth_bytes);
  bool grown = exchange_.grow(arena, {capacity_bytes, static_cast<std::size_t>(options.cache ? step : 0),
                                      most_live_bytes(capacity_bytes), options.budget_bytes});
  // It fits, yet the heap or the system refused; what is cached stays warm when it does not fit.
  const std::uint64_t least_bytes = arena.reserved_bytes() - arena.free_page_bytes() + capacity_bytes;
  if (!grown && arena.can_exchange_pages() && least_bytes <= options.budget_bytes &&
      arena.release_pages(no_budget) > 0) {
    grown = arena.grow(capacity_bytes, 0, options.budget_bytes);
  }
  if (!grown && may_compact()) grown = arena.compact(capacity_bytes, options.budget_bytes);
  return grown ? arena.allocate(capacity_bytes) : nullptr;
}

// The room is there, but only because caches were flushed; what they kept must be placed anew.
void CpuAllocator::State::grow_ahead(std::size_t capacity_bytes) noexcept {
  const std::uint64_t most_bytes = most_live_bytes(0);
  std::uint64_t allowed_bytes = 0;
  std::uint64_t wanted_bytes = std::max(std::uint64_t{capacity_bytes}, least_growth_bytes);
  if (most_bytes > flushed_at_peak_bytes_) {
    flushed_at_peak_bytes_ = most_bytes;
    flushed_blocks_ = 0;
  }
  if (flushed_blocks_ >= most_flushed_blocks) allowed_bytes = most_bytes + (most_bytes >> settled_shift);
  if (thread_count() > 1) {
    const std::uint64_t exchanged_bytes =
        std::max(most_bytes >> exchange_shift, least_thread_limit_bytes * thread_count());
    allowed_bytes = std::max(allowed_bytes, most_bytes + exchanged_bytes);
    wanted_bytes = std::max(wanted_bytes, thread_limit_bytes() / 2);
  }
  allowed_bytes = std::min(allowed_bytes, options.budget_bytes);
  if (arena.reserved_bytes() + wanted_bytes > allowed_bytes) return;
  static_cast<void>(arena.grow_top(static_cast<std::size_t>(wanted_bytes), allowed_bytes));
}

Range* CpuAllocator::State::place(std::size_t capacity_bytes, ServedBy& served_by) noexcept {
  // Where no page ever returns, a bad place is bad for good: the whole of free space decides.
  if (!arena.can_exchange_pages()) flush_all();
  served_by = ServedBy::arena;
  Range* range = arena.allocate(capacity_bytes);
  if (range == nullptr && arena.can_exchange_pages()) {
    flush_all();
    range = arena.allocate(capacity_bytes);
    if (range != nullptr) grow_ahead(capacity_bytes);
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

Allocation CpuAllocator::State::allocate_slowly(BlockCache& own, std::size_t size_bytes,
                                                std::size_t capacity_bytes) noexcept {
  ServedBy served_by = ServedBy::cache;
  if (own.row.is_for(capacity_bytes) && own.row.is_idle()) close_row(own);
  Range* range = own.magazine.take(capacity_bytes);
  if (range == nullptr) range = refill(own, capacity_bytes);
  if (range == nullptr) range = place(capacity_bytes, served_by);
  if (range == nullptr && release_quarantine()) range = place(capacity_bytes, served_by);
  if (range != nullptr) {
    if (served_by == ServedBy::source) ++misses_;
    static_cast<void>(own.hand_out(range, size_bytes));  // settled below
  }
  decay();
  settle(own);
  return {range, served_by};
}

FreedTo CpuAllocator::State::free_slowly(BlockCache& own, Range* range) noexcept {
  own.counters.on_free(1, range->size_bytes);
  return keep_or_merge(own, range);
}

FreedTo CpuAllocator::State::keep_or_merge(BlockCache& own, Range* range) noexcept {
  const std::size_t capacity_bytes = range->capacity_bytes;
  if (may_keep(capacity_bytes)) {
    if (options.cache_limit_bytes != no_budget) trim(options.cache_limit_bytes - capacity_bytes);
    if (keep_in_row(own, range)) {
      settle(own);
      return FreedTo::cache;
    }
    if (sole() == nullptr && own.magazine.room_bytes() < capacity_bytes) spill(own, capacity_bytes);
    if (own.magazine.add(range) || common().magazine.add(range)) {
      settle(own);
      return FreedTo::cache;
    }
  }
  Range* merged = arena.free(range);
  std::uint64_t released = 0;
  if (!may_use_thread_caches()) {
    const std::uint64_t limit = options.cache ? options.cache_limit_bytes : 0;
    const std::uint64_t cached = cached_bytes();
    const std::uint64_t wanted = std::max(cached - std::min(cached, limit), excess_bytes());
    if (wanted > 0) released = arena.release_within(merged, wanted);
  }
  settle(own);
  return released > 0 ? FreedTo::source : FreedTo::arena;
}

}  // namespace bufgc
