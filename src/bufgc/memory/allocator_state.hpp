#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "bufgc/memory/arena.hpp"
#include "bufgc/memory/compaction.hpp"
#include "bufgc/memory/counters.hpp"
#include "bufgc/memory/cpu_allocator.hpp"
#include "bufgc/memory/lock.hpp"
#include "bufgc/memory/magazine.hpp"
#include "bufgc/memory/open_iteration.hpp"
#include "bufgc/memory/page_exchange.hpp"

namespace bufgc {

/// The allocator behind its lock: the magazine before the arena, the counters beside them, and the
/// rules that join them (when to flush, to grow, to give back). Every function expects the lock held.
struct CpuAllocator::State {
  State(MemorySource& source, const AllocatorOptions& wanted) noexcept;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State();

  /// The capacity that serves a request, or 0 when there is none so large.
  [[nodiscard]] std::size_t capacity_of(std::size_t size_bytes) const noexcept {
    if (size_bytes > max_object_bytes - options.alignment_bytes) return 0;
    return size_bytes == 0 ? options.alignment_bytes : round_up(size_bytes, options.alignment_bytes);
  }

  /// The road when the magazine has no such block: the arena's free space, then the same with the
  /// cache flushed into it, then new memory.
  [[nodiscard]] Allocation allocate_slowly(std::size_t size_bytes, std::size_t capacity_bytes) noexcept;
  /// The steps of that road; the range is not yet counted as a block. Null when there is no room.
  [[nodiscard]] Range* place(std::size_t capacity_bytes, ServedBy& served_by) noexcept;
  Allocation hand_out(Range* range, std::size_t size_bytes, ServedBy served_by) noexcept;
  /// The road when the block cannot simply be kept.
  FreedTo free_slowly(Range* range) noexcept;
  [[nodiscard]] bool may_keep(std::size_t capacity_bytes) const noexcept {
    return options.cache && capacity_bytes <= options.cache_limit_bytes &&
           (arena.can_exchange_pages() || capacity_bytes <= small_bytes());
  }
  /// Where no page ever returns, a block larger than this is not kept whole: to be used again in its
  /// own place would cost more memory than to be placed anew costs time.
  [[nodiscard]] std::uint64_t small_bytes() const noexcept {
    constexpr std::uint64_t always_small_bytes = std::uint64_t{64} * 1024;
    const std::uint64_t part = arena.reserved_bytes() >> 14U;
    return part > always_small_bytes ? part : always_small_bytes;
  }
  [[nodiscard]] bool can_keep(const Range* range) const noexcept {
    return may_keep(range->capacity_bytes) &&
           cached_bytes() <= options.cache_limit_bytes - range->capacity_bytes;
  }

  // While an iteration is open, nothing is taken or freed past it.
  [[nodiscard]] Allocation allocate_in_iteration(std::size_t size_bytes, std::size_t capacity_bytes) noexcept;
  FreedTo free_in_iteration(Range* range) noexcept;
  void close_iteration() noexcept;
  /// Sees to it that the region is so high, where there is room; tells who made room for it.
  ServedBy ensure_region(std::uint64_t height_bytes) noexcept;
  void dissolve_region() noexcept;
  /// Before the reserve grows for an ordinary block: true when there is more free space instead.
  [[nodiscard]] bool give_up_idle_region(std::size_t capacity_bytes) noexcept;
  [[nodiscard]] bool may_keep_region() const noexcept {
    return options.cache && arena.region_bytes() <= options.cache_limit_bytes;
  }

  [[nodiscard]] bool may_compact() const noexcept { return options.compact && arena.can_compact(); }
  void flush() noexcept;
  /// When free space, the cache flushed into it, has no room in one piece: what can be done short of
  /// growth by `capacity_bytes`. The arena is asked again afterwards.
  void compact_before_growth(std::size_t capacity_bytes) noexcept;
  /// New memory from the source within the budget, and the block in it; null when there is none.
  [[nodiscard]] Range* grow(std::size_t capacity_bytes) noexcept;
  /// Merges and returns until at most `keep_bytes` are cached. Returns the bytes released.
  std::uint64_t trim(std::uint64_t keep_bytes) noexcept;
  /// What must hold after each slow change: nothing is cached beyond the limit.
  void settle() noexcept;

  [[nodiscard]] std::uint64_t cached_bytes() const noexcept {
    return magazine.bytes() + arena.free_page_bytes();
  }
  [[nodiscard]] std::size_t largest_free_bytes() const noexcept;
  [[nodiscard]] MemoryStatistics statistics() const noexcept;
  [[nodiscard]] const char* check() const noexcept;
  /// In checking builds: `range` and its neighbours at every mutation, everything at every mutation
  /// while there are few ranges, then at every so many that the walks cost a bounded part.
  void check_mutation(const Range* range) noexcept;

  Lock lock;
  Magazine magazine;
  Counters counters;
  AllocatorOptions options;
  Arena arena;
  PageExchange exchange;
  Compaction compaction;
  /// Shared, so that a call under way outlives its replacement.
  std::shared_ptr<const PressureHandler> pressure_handler;
  std::uint64_t mutations_until_walk = 0;
  OpenIteration* open_iteration = nullptr;
  Iteration* iterations = nullptr;  ///< All that know this allocator.
  std::uint64_t planned_allocations = 0;
  std::uint64_t plan_deviations = 0;
};

}  // namespace bufgc
