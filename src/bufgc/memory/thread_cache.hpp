#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "bufgc/memory/cache_rider.hpp"
#include "bufgc/memory/counters.hpp"
#include "bufgc/memory/magazine.hpp"
#include "bufgc/memory/owner_lock.hpp"
#include "bufgc/memory/row.hpp"

#if !defined(BUFGC_SINGLE_THREADED)
#include <atomic>
#endif

namespace bufgc {

/// What is handed out and taken back without the arena, and counted.
///
/// The block freed last is held in hand first: what asks for just its size next gets it, and such a turn
/// is one count. Until it is put down it counts as in use still, so a turn changes no other figure; there is
/// room for it in the magazine all that time. Whoever wants to know of the counters or the magazine, or to
/// change them, has the cache settled before.
///
/// A thread that frees what others allocate, or the other way, keeps blocks of that size in the row instead,
/// which it exchanges for a full or an empty one at the allocator's depot. While the row is open for a
/// capacity, neither the hand nor the magazine has blocks of it.
struct BlockCache {
  // What is written every time stands together: the end of the counters, the lock, the beginning of the
  // magazine.
  ShareCounters counters;
  /// Of a thread's cache, for that thread: open for the roster's key. The common cache's stays shut.
  [[no_unique_address]] OwnerLock lock;
  Range* hand = nullptr;
  std::uint64_t turns = 0;  ///< Not yet counted, each of `turn_bytes`.
  std::size_t turn_bytes = 0;
  CacheRider* rider = nullptr;
  Magazine magazine;
  Row row;

  /// A block for `size_bytes`, which are `capacity_bytes` rounded up, counted as one in use; null when none
  /// is kept. `rose` tells, of a block, whether the share now stands above its mark.
  [[nodiscard]] Range* take(std::size_t size_bytes, std::size_t capacity_bytes, bool& rose) noexcept {
    if (Range* const held = hand; held != nullptr) {
      if (held->size_bytes == size_bytes) [[likely]] {
        hand = nullptr;
        if (turn_bytes != size_bytes) [[unlikely]]
          begin_turns(size_bytes);
        ++turns;
        return held;
      }
      put_down(held);
    }
    Range* const range = magazine.take_at_home(capacity_bytes);
    if (range != nullptr) rose = !hand_out(range, size_bytes);
    return range;
  }
  /// The same from the row, which `take` and `take_back` leave alone.
  [[nodiscard]] Range* take_from_row(std::size_t size_bytes, std::size_t capacity_bytes, bool& rose) noexcept;
  /// Makes `range`, which nobody has, a block in use. False as `ShareCounters::on_allocate`.
  [[nodiscard]] bool hand_out(Range* range, std::size_t size_bytes) noexcept {
    range->size_bytes = size_bytes;
    return counters.on_allocate(size_bytes);
  }
  /// Keeps a block in use; false, and nothing happened, when it cannot simply be kept.
  [[nodiscard]] bool take_back(Range* range) noexcept {
    if (Range* const held = hand; held != nullptr) put_down(held);
    if (!magazine.has_room_for(range)) return false;
    hand = range;
    return true;
  }
  /// The same in the row.
  [[nodiscard]] bool put_in_row(Range* range) noexcept;
  /// The same for the first of `count` blocks, null ones passed over, until one cannot simply be kept.
  /// Returns how many that settles.
  [[nodiscard]] std::size_t take_back_first(Block* const* blocks, std::size_t count) noexcept {
    if (Range* const held = hand; held != nullptr) put_down(held);
    std::uint64_t freed_blocks = 0;
    std::uint64_t freed_bytes = 0;
    std::size_t i = 0;
    for (; i < count; ++i) {
      auto* const range = static_cast<Range*>(blocks[i]);
      if (range == nullptr) continue;
      if (!magazine.has_room_for(range)) {
        if (!put_in_row(range)) break;
        continue;
      }
      ++freed_blocks;
      freed_bytes += range->size_bytes;
      magazine.put(range);
    }
    counters.on_free(freed_blocks, freed_bytes);
    return i;
  }
  /// How many bytes more `take_back` keeps one by one, where each has its slot.
  [[nodiscard]] std::uint64_t room_bytes() const noexcept {
    return magazine.room_bytes() - (hand == nullptr ? 0 : hand->capacity_bytes);
  }
  /// Counts all that happened, and puts down what is in hand.
  void settle() noexcept {
    if (hand != nullptr) put_down(hand);
    begin_turns(0);
  }
  /// The same, and every record tells whether its block is kept.
  void settle_and_mark() noexcept {
    settle();
    row.mark();
  }

  // Settled:
  [[nodiscard]] std::uint64_t kept_bytes() const noexcept { return magazine.bytes() + row.bytes(); }
  /// Any block that is kept, or null when there is none.
  [[nodiscard]] Range* evict() noexcept {
    Range* const range = row.take();
    return range != nullptr ? range : magazine.evict();
  }
  /// Calls `visit(range)` for every block kept.
  template <class Visit>
  void each_kept(Visit visit) const noexcept {
    magazine.each(visit);
    row.each(visit);
  }

 private:
  void put_down(Range* held) noexcept {
    hand = nullptr;
    counters.on_free(1, held->size_bytes);
    magazine.put(held);
  }
  void begin_turns(std::size_t size_bytes) noexcept {
    counters.on_turns(turns, turn_bytes);
    turns = 0;
    turn_bytes = size_bytes;
  }
};

#if !defined(BUFGC_SINGLE_THREADED)

class CacheRoster;

/// One thread's for one allocator. Its thread uses it inside `lock`, everybody else under the
/// allocator's lock with this one shut.
struct alignas(64) ThreadCache : BlockCache {
  /// Null once that allocator is gone, for the thread to use it for another.
  std::atomic<CacheRoster*> roster{nullptr};
  ThreadCache* next_of_roster = nullptr;
  ThreadCache* next_of_thread = nullptr;
};

/// The caches of the calling thread: that last used at each place of the table, and the list of all.
/// Constant-initialised and trivially destroyed, so that it can be asked at any time.
struct ThreadCaches {
  static constexpr std::size_t size = 8;
  std::array<ThreadCache*, size> recent;
  ThreadCache* first;
  bool exiting;  ///< The thread's caches are given back; it gets none any more.

  /// Stands at places that are not used: shut for ever.
  static ThreadCache none;
};
#if defined(__ELF__)
// Found at a fixed distance, without a call: it is small enough for the room that the loader keeps.
[[gnu::tls_model("initial-exec")]]
#endif
extern constinit thread_local ThreadCaches thread_caches;

#endif

}  // namespace bufgc
