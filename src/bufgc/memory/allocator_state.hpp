#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "bufgc/memory/arena.hpp"
#include "bufgc/memory/block_guard.hpp"
#include "bufgc/memory/cache_roster.hpp"
#include "bufgc/memory/compaction.hpp"
#include "bufgc/memory/cpu_allocator.hpp"
#include "bufgc/memory/decay.hpp"
#include "bufgc/memory/open_iteration.hpp"
#include "bufgc/memory/page_exchange.hpp"

namespace bufgc {

/// The allocator: each thread's cache, the common one and the arena behind its lock, and the rules
/// that join these (when to flush, to grow, to give back). Every function expects the lock held but
/// `on_rise`, which is for who is in the only cache; `own` is what `of_thread` gave.
struct CpuAllocator::State final : CacheRoster {
  State(MemorySource& source, const AllocatorOptions& wanted);
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State();

  /// What `size_bytes` is looked for under in a cache. Of nothing and of what wraps it is 0, of which no
  /// cache has a block.
  [[nodiscard]] std::size_t cached_capacity_of(std::size_t size_bytes) const noexcept {
    return (size_bytes + granule_low_bits) & granule_mask;
  }

  /// The capacity that serves a request, or 0 when there is none so large.
  [[nodiscard]] std::size_t capacity_of(std::size_t size_bytes) const noexcept {
    if (size_bytes > max_object_bytes - options.alignment_bytes - strip_bytes) return 0;
    size_bytes += strip_bytes;
    return size_bytes == 0 ? options.alignment_bytes : round_up(size_bytes, options.alignment_bytes);
  }

  using CacheRoster::be_alone;
  using CacheRoster::of_thread;
  using CacheRoster::of_thread_or_common;
  using CacheRoster::set_rider_keeper;

  /// As `BlockCache::take`. `on_rise` is to follow where the share rose.
  [[nodiscard]] Range* take(BlockCache& cache, std::size_t size_bytes, bool& rose) const noexcept {
    return cache.take(size_bytes, cached_capacity_of(size_bytes), rose);
  }

  /// The roads for what the thread's cache alone cannot do; of an open iteration, for all.
  [[nodiscard]] Allocation allocate_behind_caches(std::size_t size_bytes,
                                                  std::size_t capacity_bytes) noexcept {
    BlockCache& own = of_thread();
    return open_iteration_ == nullptr ? allocate_slowly(own, size_bytes, capacity_bytes)
                                      : allocate_in_iteration(own, size_bytes, capacity_bytes);
  }
  FreedTo free_behind_caches(Range* range) noexcept {
    BlockCache& own = of_thread();
    return open_iteration_ == nullptr ? free_slowly(own, range) : free_in_iteration(own, range);
  }

  // allocator_guard.cpp: the roads of a hardened allocator, on which the program's blocks are the guard's.
  /// Whether `guarded` has a record for one more block. Without a guard it needs none.
  [[nodiscard]] bool may_guard() noexcept { return guard == nullptr || guard->reserve(); }
  [[nodiscard]] Allocation guarded(Allocation allocation) noexcept {
    if (guard != nullptr) allocation.block = guard->give_out(static_cast<Range*>(allocation.block));
    return allocation;
  }
  FreedTo free_guarded(Block* block) noexcept;
  /// The record beside the memory of a live block, or null when it is none, which is reported.
  [[nodiscard]] Range* range_of(Block* block) noexcept;
  void set_move_listener(MoveListener* listener) noexcept;
  /// Reports a misuse that concerns the buffer with this id. Not under the lock, nor any other.
  void report(MisuseKind kind, std::uint64_t id, std::uint64_t expected, std::uint64_t found) noexcept;

  /// `cache` rose above its marks, which it has while nobody else counts: so the peaks are exact.
  void on_rise(BlockCache& cache) noexcept;

  /// Merges and returns until at most `keep_bytes` are cached, what is free of a region included.
  /// Returns the bytes released.
  std::uint64_t give_back(std::uint64_t keep_bytes) noexcept;
  void set_budget_bytes(std::uint64_t budget_bytes) noexcept;
  void set_cache_enabled(bool enabled) noexcept;
  [[nodiscard]] std::uint64_t frees() noexcept;

  [[nodiscard]] MemoryStatistics statistics() noexcept;
  [[nodiscard]] SizeHistogram size_histogram() noexcept;
  [[nodiscard]] const char* check() noexcept;

  /// From here on, until it is closed, nothing is taken or freed past the iteration. False while
  /// another is open.
  [[nodiscard]] bool open_iteration(OpenIteration& iteration) noexcept;
  void close_iteration() noexcept;
  /// Makes ordinary memory of the region, unless an iteration is open.
  void drop_region() noexcept;

  /// In checking builds: `range` and its neighbours at every mutation, everything at every mutation
  /// while there are few ranges, then at every so many that the walks cost a bounded part.
  void check_mutation(const Range* range) noexcept;

  AllocatorOptions options;
  std::size_t granule_low_bits;
  std::size_t granule_mask;
  Arena arena;
  std::unique_ptr<BlockGuard> guard;  ///< Null unless hardened.
  std::size_t strip_bytes = 0;        ///< What the guard needs of a block's memory.
  /// Shared, so that a call under way outlives its replacement.
  std::shared_ptr<const PressureHandler> pressure_handler;
  std::uint64_t pressure_calls = 0;
  std::uint64_t failed_allocations = 0;
  Iteration* iterations = nullptr;  ///< All that know this allocator.

 private:
  /// All caches together.
  struct Sums {
    std::uint64_t live_bytes = 0;
    std::uint64_t live_blocks = 0;
    std::uint64_t allocated_bytes = 0;
    std::uint64_t kept_bytes = 0;
  };
  [[nodiscard]] Sums sums() noexcept;
  [[nodiscard]] std::uint64_t allocations() noexcept;

  // allocator_state.cpp
  /// The road when the thread's cache has no such block: the common one, the arena's free space, then
  /// the same with all caches flushed into it, then new memory.
  [[nodiscard]] Allocation allocate_slowly(BlockCache& own, std::size_t size_bytes,
                                           std::size_t capacity_bytes) noexcept;
  /// The road when the block cannot simply be kept.
  FreedTo free_slowly(BlockCache& own, Range* range) noexcept;
  /// The same of one that is counted as freed.
  FreedTo keep_or_merge(BlockCache& own, Range* range) noexcept;
  /// Makes free space of all that is held back; false when nothing is.
  [[nodiscard]] bool release_quarantine() noexcept;
  /// Merges and returns until at most `keep_bytes` are cached. Returns the bytes released.
  std::uint64_t trim(std::uint64_t keep_bytes) noexcept;
  [[nodiscard]] Range* refill(BlockCache& own, std::size_t capacity_bytes) noexcept;
  /// The steps of the road behind the caches; the range is not yet counted as a block. Null when there
  /// is no room.
  [[nodiscard]] Range* place(std::size_t capacity_bytes, ServedBy& served_by) noexcept;
  /// What is evicted from `from`, a cache or the depot, goes to the arena.
  template <class From>
  void flush(From& from) noexcept {
    while (Range* range = from.evict()) {
      arena.free(range);
      ++flushed_blocks_;
    }
  }
  /// All caches and the depot; from here on the calling thread is alone with them.
  void flush_all() noexcept;
  /// When free space, the caches flushed into it, has no room in one piece: what can be done short of
  /// growth by `capacity_bytes`. The arena is asked again afterwards.
  void compact_before_growth(std::size_t capacity_bytes) noexcept;
  /// New memory from the source within the budget, and the block in it; null when there is none.
  [[nodiscard]] Range* grow(std::size_t capacity_bytes) noexcept;
  /// The most that was live, or is with `capacity_bytes` more. All caches are flushed.
  [[nodiscard]] std::uint64_t most_live_bytes(std::size_t capacity_bytes) noexcept;
  void grow_ahead(std::size_t capacity_bytes) noexcept;

  [[nodiscard]] bool may_keep(std::size_t capacity_bytes) const noexcept {
    return options.cache && capacity_bytes <= options.cache_limit_bytes && excess_bytes() == 0 &&
           (arena.can_exchange_pages() || capacity_bytes <= small_bytes());
  }
  /// Where no page ever returns, a block larger than this is not kept whole: to be used again in its
  /// own place would cost more memory than to be placed anew costs time.
  [[nodiscard]] std::uint64_t small_bytes() const noexcept {
    constexpr std::uint64_t always_small_bytes = std::uint64_t{64} * 1024;
    const std::uint64_t part = arena.reserved_bytes() >> 14U;
    return part > always_small_bytes ? part : always_small_bytes;
  }
  [[nodiscard]] bool may_compact() const noexcept { return options.compact && arena.can_compact(); }
  /// What is reserved beyond a budget that was set below it: each block that is freed pays of it.
  [[nodiscard]] std::uint64_t excess_bytes() const noexcept {
    const std::uint64_t reserved_bytes = arena.reserved_bytes();
    return reserved_bytes > options.budget_bytes ? reserved_bytes - options.budget_bytes : 0;
  }
  /// What is cached goes, as far as the budget wants it; live blocks stay.
  void meet_budget() noexcept;
  /// Where the caches' bytes are bounded together, and while an iteration, a guard or a lowered budget must
  /// see all that comes and goes, only the common one is used.
  [[nodiscard]] bool may_use_thread_caches() const noexcept {
    return options.cache && options.cache_limit_bytes == no_budget && open_iteration_ == nullptr &&
           guard == nullptr && excess_bytes() == 0;
  }
  /// Of several threads each keeps at most so many bytes, or one block, to itself.
  [[nodiscard]] std::uint64_t thread_limit_bytes() const noexcept;
  /// How many blocks of this capacity make a row: what takes a half of a thread's limit. Less than two when
  /// they are too large for that.
  [[nodiscard]] std::size_t row_blocks(std::size_t capacity_bytes) const noexcept;
  /// From here on `own`, settled, keeps blocks of `capacity_bytes` in its row.
  void open_row(BlockCache& own, std::size_t capacity_bytes) noexcept;
  void close_row(BlockCache& own) noexcept;
  /// All, and empties the depot.
  void close_rows() noexcept;
  /// Keeps `range`, which nobody has, in the row: where that is open for its capacity, or is to be, as the
  /// magazine has no room and others shall find such blocks. False when that is not so.
  [[nodiscard]] bool keep_in_row(BlockCache& own, Range* range) noexcept;
  /// Keeps `range` in the common cache, or else frees it.
  void share(Range* range) noexcept;
  /// Empties the row of `own`: others find the blocks.
  void give_row(BlockCache& own) noexcept;
  /// Gives blocks that `own` keeps to the common cache, those of `capacity_bytes` first, until half of
  /// its limit is free.
  void spill(BlockCache& own, std::size_t capacity_bytes) noexcept;

  // allocator_iteration.cpp
  [[nodiscard]] Allocation allocate_in_iteration(BlockCache& own, std::size_t size_bytes,
                                                 std::size_t capacity_bytes) noexcept;
  FreedTo free_in_iteration(BlockCache& own, Range* range) noexcept;
  /// Sees to it that the region is so high, where there is room; tells who made room for it.
  ServedBy ensure_region(std::uint64_t height_bytes) noexcept;
  void dissolve_region() noexcept;
  /// Before the reserve grows for an ordinary block: true when there is more free space instead.
  [[nodiscard]] bool give_up_idle_region(std::size_t capacity_bytes) noexcept;
  [[nodiscard]] bool may_keep_region() const noexcept {
    return options.cache && arena.region_bytes() <= options.cache_limit_bytes;
  }

  // allocator_figures.cpp
  void raise_peaks(const Sums& now) noexcept;
  /// What must hold after each slow change: nothing is cached beyond the limit, the peaks are told, and
  /// `own` (or the only cache) knows how far it may go without the lock.
  void settle(BlockCache& own) noexcept;
  void settle_sole(BlockCache& sole) noexcept;
  /// `sole`, the only cache in use, comes to `on_rise` when more is live than ever in this epoch.
  void set_marks(BlockCache& sole, std::uint64_t live_bytes, std::uint64_t live_blocks) noexcept;
  [[nodiscard]] std::size_t largest_free_bytes() noexcept;
  /// Null when the only cache keeps nothing for others, and no peak is below what there is, or can be passed
  /// unseen.
  [[nodiscard]] const char* check_peaks(const Sums& now) noexcept;
  /// Gives back what has not been needed for long.
  void decay() noexcept;
  [[nodiscard]] std::uint64_t cached_bytes() noexcept { return sums().kept_bytes + arena.free_page_bytes(); }

  void absorb(BlockCache& cache) noexcept override;
  void on_caches_changed() noexcept override;

  PageExchange exchange_;
  Compaction compaction_;
  Decay decay_;
  std::uint64_t decayed_bytes_ = 0;
  std::uint64_t flushed_blocks_ = 0;  ///< Since the most that was live rose.
  std::uint64_t flushed_at_peak_bytes_ = 0;
  std::uint64_t misses_ = 0;
  std::uint64_t peak_live_bytes_ = 0;
  std::uint64_t peak_live_blocks_ = 0;
  std::uint64_t peak_cached_bytes_ = 0;
  std::uint64_t mutations_until_walk_ = 0;
  OpenIteration* open_iteration_ = nullptr;
  std::uint64_t planned_allocations_ = 0;
  std::uint64_t plan_deviations_ = 0;
};

/// Stands before a `Section`: what misuse was found in it is told once it is over.
class [[nodiscard]] MisuseDelivery {
 public:
  explicit MisuseDelivery(const CpuAllocator::State& state) noexcept : guard_(state.guard.get()) {}
  ~MisuseDelivery() {
    if (guard_ != nullptr) guard_->deliver();
  }
  MisuseDelivery(const MisuseDelivery&) = delete;
  MisuseDelivery& operator=(const MisuseDelivery&) = delete;

 private:
  BlockGuard* const guard_;
};

}  // namespace bufgc
