#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "bufgc/memory/address_tree.hpp"
#include "bufgc/memory/align.hpp"
#include "bufgc/memory/cpu_allocator.hpp"
#include "bufgc/memory/free_bins.hpp"
#include "bufgc/memory/memory_source.hpp"
#include "bufgc/memory/range.hpp"
#include "bufgc/memory/range_pool.hpp"

namespace bufgc {

/// Places blocks in extents and joins freed neighbours: best fit where pages return to the system;
/// where none does, first fit by address, which keeps high memory free. Knows nothing of caches,
/// locks or budgets; its caller holds the lock and tells how far it may grow. Capacities are
/// multiples of the granule; a page is the source's granule.
class Arena {
 public:
  Arena(MemorySource& source, std::size_t granule_bytes) noexcept;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  /// Returns every extent to the source.
  ~Arena();

  /// A live range from free space, or null: then `grow` and try again.
  [[nodiscard]] Range* allocate(std::size_t capacity_bytes) noexcept;
  /// Makes free space, joined with its free neighbours, of a live or cached range; of one in the
  /// region, free space of that. Returns the range that holds it now.
  Range* free(Range* range) noexcept;

  /// Takes from the source what a range of `capacity_bytes` lacks, `step_bytes` at least where the
  /// limit allows, so that the next `allocate` of it succeeds; a free end of an extent is extended
  /// rather than left. `reserved_bytes` does not pass `limit_bytes`.
  [[nodiscard]] bool grow(std::size_t capacity_bytes, std::size_t step_bytes,
                          std::uint64_t limit_bytes) noexcept;
  /// Adds `bytes` to the free end of the highest extent, or behind it.
  [[nodiscard]] bool grow_top(std::size_t bytes, std::uint64_t limit_bytes) noexcept;
  /// As `grow`, when the reserve shall not pass `wanted_limit_bytes` as far as free pages elsewhere can
  /// make up for it: they are moved to where they are needed, the largest pieces first, or released
  /// where moving does not pay. `reserved_bytes` passes `limit_bytes` at no time.
  struct Exchange {
    bool grown = false;
    std::uint64_t moves = 0;
    std::uint64_t released_bytes = 0;
  };
  [[nodiscard]] Exchange grow_by_exchange(std::size_t capacity_bytes, std::uint64_t wanted_limit_bytes,
                                          std::uint64_t limit_bytes) noexcept;

  /// Releases whole pages of `range`, free, the highest first, until `wanted_bytes` are released.
  /// Returns the bytes; none within the region, or when the heap has no room for the records of a cut.
  std::uint64_t release_within(Range* range, std::uint64_t wanted_bytes) noexcept;
  /// The same over all free ranges.
  std::uint64_t release_pages(std::uint64_t wanted_bytes) noexcept;

  /// What the top must be extended by to hold a range of `capacity_bytes`.
  [[nodiscard]] std::size_t lacking_bytes(std::size_t capacity_bytes) const noexcept;
  /// Whether `allocate` has a place for so many.
  [[nodiscard]] bool has_room(std::size_t capacity_bytes) const noexcept {
    return find(capacity_bytes) != nullptr;
  }
  /// Takes back from the source what was released between extents, as far as the limit allows.
  void close_holes(std::uint64_t limit_bytes) noexcept;
  /// Whether live blocks may be moved.
  [[nodiscard]] bool can_compact() const noexcept { return source_.can_detach_views(); }
  /// Slides live blocks that are not pinned together so far that one free range of `capacity_bytes`
  /// comes to be, where that moves the fewest bytes. If all free space that can be gathered so is
  /// too little, the top is extended first by what lacks, up to `limit_bytes` reserved. Nothing
  /// may be cached.
  [[nodiscard]] bool compact(std::size_t capacity_bytes, std::uint64_t limit_bytes) noexcept;

  /// Makes of `block`, live, the region whose blocks are placed by a plan, all of it free space that
  /// serves nothing else. There is none yet.
  void make_region(Range* block) noexcept;
  /// A live range at exactly this place in the region; null when another block holds part of it, or
  /// the heap has no room for the records of a cut.
  [[nodiscard]] Range* allocate_in_region(std::uint64_t offset_bytes, std::size_t capacity_bytes) noexcept;
  /// Makes ordinary memory of the region, if there is one: free space of the rest, blocks like any
  /// other of those that live in it.
  void dissolve_region() noexcept;
  /// 0 when there is none.
  [[nodiscard]] std::size_t region_bytes() const noexcept {
    return bytes_between(region_.begin, region_.end);
  }
  /// Of those, what no block holds.
  [[nodiscard]] std::size_t region_free_bytes() const noexcept { return region_.free_bytes; }
  [[nodiscard]] bool in_region(const Range* range) const noexcept {
    return !std::less<>{}(range->data, region_.begin) && std::less<>{}(range->data, region_.end);
  }

  [[nodiscard]] std::uint64_t reserved_bytes() const noexcept { return reserved_bytes_; }
  [[nodiscard]] std::uint64_t free_bytes() const noexcept { return bins_.bytes(); }
  /// Free, in whole pages.
  [[nodiscard]] std::uint64_t free_page_bytes() const noexcept { return bins_.page_bytes(); }
  /// Whether releasing pages makes room for acquiring others.
  [[nodiscard]] bool can_exchange_pages() const noexcept { return source_.returns_memory(); }
  /// The longest run of neighbours, free or cached, that begins with a free range.
  [[nodiscard]] std::size_t largest_run_bytes() const noexcept;
  /// The length of the run of free or cached neighbours that begins with `range`, or 0 when it
  /// begins before: what one allocation can get of it once the cache is flushed.
  [[nodiscard]] static std::size_t run_bytes(const Range* range) noexcept;

  struct Counts {
    std::uint64_t extents = 0;
    std::uint64_t splits = 0;
    std::uint64_t merges = 0;
    std::uint64_t source_calls = 0;
    std::uint64_t peak_reserved_bytes = 0;
    std::uint64_t compactions = 0;
    std::uint64_t moved_bytes = 0;
    std::uint64_t moved_pages = 0;
  };
  [[nodiscard]] const Counts& counts() const noexcept { return counts_; }

  /// Null detaches; a new listener first hears of the extents held.
  void set_listener(SegmentListener* listener) noexcept;

  void set_move_listener(MoveListener* listener) noexcept { move_listener_ = listener; }
  /// Blocks hold more than their size says: their whole capacity is moved.
  void move_capacities() noexcept { moves_capacities_ = true; }

  /// Calls `visit(range)` for every range that is handed out or kept whole.
  template <class Visit>
  void each_held(Visit visit) const noexcept {
    for (const Extent* extent = lowest_; extent != nullptr; extent = extent->next) {
      for (const Range* range = extent->front.after; range != &extent->back; range = range->after) {
        if (range->state == RangeState::held) visit(range);
      }
    }
  }

  /// What a walk over all ranges adds up to.
  struct Walk {
    std::uint64_t ranges = 0;
    std::uint64_t live_blocks = 0;
    std::uint64_t live_bytes = 0;
    std::uint64_t live_capacity_bytes = 0;
    std::uint64_t cached_blocks = 0;
    std::uint64_t cached_bytes = 0;
    std::uint64_t free_ranges = 0;
    std::uint64_t free_bytes = 0;
    std::uint64_t free_page_bytes = 0;
    std::uint64_t region_ranges = 0;
    std::uint64_t region_free_bytes = 0;
    std::uint64_t reserved_bytes = 0;
    std::uint64_t extents = 0;
  };
  /// Null when every extent, range and bin is as it must be, else what is not; fills `walk`.
  [[nodiscard]] const char* check(Walk& walk) const noexcept;
  /// The same for `range` and its neighbours only.
  [[nodiscard]] static const char* check_near(const Range* range) noexcept;

 private:
  /// How many extents are looked at for an exchange; the bound keeps a badly torn address space from
  /// costing a long walk.
  static constexpr int most_places = 256;

  [[nodiscard]] Segment acquire(std::byte* at, std::size_t bytes, std::uint64_t limit_bytes) noexcept;
  void give_back(Segment segment) noexcept;
  [[nodiscard]] bool extend(Extent* extent, std::size_t capacity_bytes, std::size_t step_bytes,
                            std::uint64_t limit_bytes) noexcept;
  [[nodiscard]] bool add(Segment segment) noexcept;
  /// The last extent that begins at or before `address`, or null.
  [[nodiscard]] Extent* extent_at(const std::byte* address) const noexcept;
  /// A new extent, empty, behind `previous` (null: the first); null when the heap has no room.
  [[nodiscard]] Extent* insert_extent(Extent* previous) noexcept;
  void erase_extent(Extent* extent) noexcept;
  /// Takes `pages` out of the one extent around them; `left` and `right` are the ranges (or edges)
  /// that stay on both sides. `upper` becomes the extent above them where one is needed.
  void cut_extent(Extent* extent, Extent* upper, Segment pages, Range* left, Range* right) noexcept;
  /// The highest whole pages of `range`, free: `wanted_bytes` rounded up, or all that there are.
  [[nodiscard]] Segment highest_pages(const Range* range, std::uint64_t wanted_bytes) const noexcept;
  /// Takes `pages`, within free `range`, out of the records; the source still backs them. False when
  /// the heap has no room for the records of a cut.
  [[nodiscard]] bool take_out(Range* range, Segment pages) noexcept;
  /// Addresses that, backed, make one free range of what lies below and above them.
  struct Place {
    std::byte* at = nullptr;  ///< Null: wherever the source has room.
    std::size_t bytes = 0;
    Range* below = nullptr;
    Range* above = nullptr;
  };
  /// The place behind `extent` that makes room for `capacity_bytes`; none when a hole is too small.
  [[nodiscard]] Place place_after(const Extent* extent, std::size_t capacity_bytes) const noexcept;
  /// Of all such places, and anywhere, the one that lacks the fewest bytes, if as many free pages lie
  /// elsewhere as `wanted_limit_bytes` asks for.
  [[nodiscard]] Place cheapest_place(std::size_t capacity_bytes,
                                     std::uint64_t wanted_limit_bytes) const noexcept;
  [[nodiscard]] bool exchange_into(const Place& place, std::uint64_t wanted_limit_bytes,
                                   std::uint64_t limit_bytes, Exchange& exchange) noexcept;
  /// Acquires `place` and vacates as many bytes elsewhere as the reserve would be too large.
  [[nodiscard]] Segment back(const Place& place, std::uint64_t wanted_limit_bytes, std::uint64_t limit_bytes,
                             Exchange& exchange) noexcept;
  /// Takes `wanted_bytes` of free pages from anywhere: their memory goes to `to`, when that is not
  /// null, else to the source.
  void vacate(std::uint64_t wanted_bytes, std::byte* to, Exchange& exchange) noexcept;
  /// Lists `range`, free now, joined with its free neighbours.
  Range* list_joined(Range* range) noexcept;
  void list(Range* range) noexcept;
  void unlist(Range* range) noexcept;
  /// Where a block of `capacity_bytes` goes, or null.
  [[nodiscard]] Range* find(std::size_t capacity_bytes) const noexcept;
  /// `range`, listed, comes to reach from `data` over `capacity_bytes`.
  void resize(Range* range, std::byte* data, std::size_t capacity_bytes) noexcept;

  /// Neighbours from one free range to another, with live blocks between them that may move.
  struct Window {
    Range* first = nullptr;
    Range* last = nullptr;
    std::uint64_t live_bytes = 0;
  };
  /// The window that holds `capacity_bytes` free and the fewest live bytes; without `first` when none does.
  [[nodiscard]] Window cheapest_window(std::size_t capacity_bytes) const noexcept;
  /// The free bytes above the highest block that may not move, in the highest extent.
  [[nodiscard]] std::uint64_t free_bytes_at_top() const noexcept;
  /// Moves the live blocks of `window` to its low end and makes one free range of the rest.
  void slide(const Window& window) noexcept;
  [[nodiscard]] const char* check_extent(const Extent* extent, Walk& walk) const noexcept;
  [[nodiscard]] const char* check_range(const Range* range, Walk& walk) const noexcept;
  [[nodiscard]] const char* check_bins(std::uint64_t free_ranges) const noexcept;
  [[nodiscard]] const char* check_region(const Walk& walk) const noexcept;

  /// Lists `range`, of the region and no block's any more, joined with its free neighbours in it.
  Range* free_in_region(Range* range) noexcept;
  [[nodiscard]] bool may_move(const Range* range) const noexcept {
    return range->state == RangeState::held && range->pins == 0 && !in_region(range);
  }

  MemorySource& source_;
  std::size_t granule_bytes_;
  std::size_t page_bytes_;
  bool first_fit_;
  FreeBins bins_;
  AddressTree tree_;  ///< The same ranges, for first fit only.
  struct Region {
    std::byte* begin = nullptr;
    std::byte* end = nullptr;
    std::size_t free_bytes = 0;
    AddressTree free;
  };
  Region region_;
  RangePool pool_;
  Extent* lowest_ = nullptr;
  Extent* highest_ = nullptr;
  std::uint64_t reserved_bytes_ = 0;
  std::uint64_t most_used_bytes_ = 0;  ///< The most that was not free.
  Counts counts_;
  SegmentListener* listener_ = nullptr;
  MoveListener* move_listener_ = nullptr;
  bool moves_capacities_ = false;
};

}  // namespace bufgc
