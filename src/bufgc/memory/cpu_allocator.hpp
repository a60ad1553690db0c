#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string_view>

#include "bufgc/memory/memory_source.hpp"
#include "bufgc/memory/misuse.hpp"
#include "bufgc/memory/statistics.hpp"

namespace bufgc {

inline constexpr std::uint64_t no_budget = std::numeric_limits<std::uint64_t>::max();

struct AllocatorOptions {
  std::size_t alignment_bytes = 64;  ///< A power of two from 64 to 4096: address and granule of every block.
  std::uint64_t budget_bytes = no_budget;  ///< `reserved_bytes` never exceeds it, to the byte.
  bool cache = true;  ///< Keep freed blocks for reuse; off: merge and return them at once.
  std::uint64_t cache_limit_bytes = no_budget;  ///< Freed blocks kept beyond this are merged and returned.
  /// Where pages can go back: when so many allocations later no more than a part of the reserve was ever in
  /// use at once, what lies beyond twice that part goes back to the source. Looked at only now and then when
  /// a request goes beyond its thread's own cache: a program that finds everything there keeps it (`trim`).
  /// Doubles whenever what went is needed again. 0: nothing ever goes by itself.
  std::uint64_t decay_after_allocations = 65536;
  /// Where the source allows it (WebAssembly's linear memory), live blocks that are not pinned slide
  /// together rather than let the memory grow far beyond what is live, or an allocation fail.
  bool compact = true;
  /// How closely misuse is watched for. A build with `BUFGC_HARDENING` set watches so closely at least.
  Hardening hardening = Hardening::off;
  /// With `Hardening::full`: freed blocks are held back from reuse until so many bytes of others were freed.
  /// They count as cached, and the limits of that hold for them too. 0: none is.
  std::uint64_t quarantine_bytes = std::uint64_t{16} * 1024 * 1024;
};

/// Who served an allocation.
enum class ServedBy : std::uint8_t {
  cache = 0,   ///< A freed block of the same rounded size.
  arena = 1,   ///< Free space of memory already held.
  source = 2,  ///< New memory from the source.
};

/// Where a freed block went.
enum class FreedTo : std::uint8_t {
  cache = 0,   ///< Kept whole for reuse.
  arena = 1,   ///< Merged into free space.
  source = 2,  ///< Merged, and pages of that free space went back to the source.
};

struct BlockCache;

/// A block in use: a record beside the memory, never inside it. Owned by its allocator; valid from
/// `allocate` to `deallocate`.
struct Block {
  std::byte* data = nullptr;       ///< Compaction changes it, unless the block is pinned.
  std::size_t size_bytes = 0;      ///< As requested.
  std::size_t capacity_bytes = 0;  ///< Rounded up to the granule; what the block occupies.
};

struct Allocation {
  Block* block = nullptr;  ///< Null when there is no memory.
  ServedBy served_by = ServedBy::source;
};

/// What reports of misuse call a block.
struct BlockName {
  std::uint64_t id = 0;
  std::string_view label;
  std::string_view site;  ///< Where it was made.
};

class Iteration;

/// Told of memory as it comes and goes; what is released need not be what was reserved in one call,
/// only as many bytes of it. Called under the allocator's lock: must not call the allocator.
class SegmentListener {
 public:
  virtual ~SegmentListener() = default;
  virtual void on_segment_reserved(Segment segment) noexcept = 0;
  virtual void on_segment_released(Segment segment) noexcept = 0;
};

/// Told when compaction has moved blocks: `Block::data` says where each is now. Called under the
/// allocator's lock: must not call the allocator.
class MoveListener {
 public:
  virtual ~MoveListener() = default;
  virtual void on_blocks_moved() noexcept = 0;
};

/// Places, caches and reuses blocks in segments of a `MemorySource`, counted to the byte.
/// Safe to use from several threads: each takes and gives back blocks of a cache of its own without a lock;
/// a block may be given back on another thread than took it. Sizes: 0 is served as one granule; a size that
/// would wrap is refused with a null block.
class CpuAllocator {
 public:
  /// `source` must outlive the allocator. Options out of range are clamped to the nearest legal value.
  explicit CpuAllocator(MemorySource& source, AllocatorOptions options = {});
  /// Returns every segment to the source, also under blocks still live.
  ~CpuAllocator();
  CpuAllocator(const CpuAllocator&) = delete;
  CpuAllocator& operator=(const CpuAllocator&) = delete;

  /// A block of at least `size_bytes`, its contents undefined. At the budget: flush the cache,
  /// coalesce, exchange free pages or move live blocks together, then ask the pressure handler while it says
  /// that it freed something, then fail.
  [[nodiscard]] Allocation allocate(std::size_t size_bytes) noexcept;

  /// Takes back a block that `allocate` gave, once. Hardened, a misuse is reported, and a block that is not
  /// to be had is left as it is.
  FreedTo deallocate(Block* block) noexcept;
  /// The same for the first of `count` blocks, in their order, as long as each can simply be kept for the
  /// next of its size; null ones are passed over. Returns how many of the `count` that settles: `deallocate`
  /// is for the others. Calls no source and no listener.
  [[nodiscard]] std::size_t keep_first(Block* const* blocks, std::size_t count) noexcept;

  /// A pinned block stays where it is until as many `unpin` have come; for those who hold its address.
  void pin(Block* block) noexcept;
  void unpin(Block* block) noexcept;

  /// Gives memory back to the source until `cached_bytes` is at most `keep_bytes`, what is free of a
  /// plan's region included. Returns the bytes released.
  std::uint64_t trim(std::uint64_t keep_bytes) noexcept;
  /// `trim(0)`: afterwards `cached_bytes` is 0.
  std::uint64_t release_cached() noexcept { return trim(0); }

  /// A budget below `reserved_bytes` is met at once as far as memory is cached; live blocks stay, and what
  /// they free goes back to the source until it is met.
  void set_budget_bytes(std::uint64_t budget_bytes) noexcept;
  /// Off: what is cached is released, and later frees are merged and returned at once.
  void set_cache_enabled(bool enabled) noexcept;

  /// Called outside the lock when `needed_bytes` do not fit; true means that something was freed
  /// and the allocation is worth another try.
  using PressureHandler = std::function<bool(std::size_t needed_bytes)>;
  void set_pressure_handler(PressureHandler handler);
  /// Null detaches. The segments already held are reported to a new listener first.
  void set_segment_listener(SegmentListener* listener) noexcept;
  /// Null detaches.
  void set_move_listener(MoveListener* listener) noexcept;

  /// Who is told of misuse, in hardened mode. Empty: it is printed, and the program aborts.
  void set_misuse_handler(MisuseHandler handler);
  /// What reports call a live block from now on; a copy is kept, in hardened mode.
  void set_block_name(Block* block, const BlockName& name) noexcept;

  [[nodiscard]] MemoryStatistics statistics() const noexcept;
  [[nodiscard]] SizeHistogram size_histogram() const noexcept;
  [[nodiscard]] const AllocatorOptions& options() const noexcept;

  /// Walks everything that the allocator knows and compares it with its counters; hardened in full, also
  /// looks at the bytes around every block, and reports those that were written. Null when all holds, else a
  /// sentence on the first thing that does not. Debug builds
  /// (`BUFGC_CHECK_INVARIANTS`) call it after every mutation and abort.
  [[nodiscard]] const char* check_invariants() const noexcept;

  /// What stands behind, for who keeps something of its own in the allocator's sections
  /// (`cache_rider.hpp`); private to the project.
  struct State;
  [[nodiscard]] State& state() noexcept { return *state_; }

 private:
  friend class Iteration;
  /// The road on which the lock is left and the pressure handler asked.
  [[nodiscard]] Allocation allocate_slowly(std::size_t size_bytes) noexcept;
  [[nodiscard]] Allocation allocate_elsewhere(std::size_t size_bytes) noexcept;
  /// Inside the section of `cache`, which gives no block at once; leaves it. So is `risen`.
  [[nodiscard]] Allocation allocate_inside(BlockCache* cache, std::size_t size_bytes) noexcept;
  [[nodiscard]] Allocation risen(BlockCache* cache, Block* block) noexcept;
  FreedTo deallocate_slowly(Block* block) noexcept;
  FreedTo deallocate_elsewhere(Block* block) noexcept;
  /// Inside the section of `cache`, which does not keep the block at once; leaves it.
  FreedTo deallocate_inside(BlockCache* cache, Block* block) noexcept;
  FreedTo deallocate_guarded(Block* block) noexcept;

  std::unique_ptr<State> state_;
};

}  // namespace bufgc
