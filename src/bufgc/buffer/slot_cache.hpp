#pragma once

// Private to the buffer room.

#include <cstddef>
#include <cstdint>

#include "bufgc/buffer/buffer_record.hpp"
#include "bufgc/memory/cache_rider.hpp"

namespace bufgc {

/// What births and ends count. A cache's figures are shares of its heap's: each may be below zero
/// (kept modulo 2^64), their sum is not. Of owned buffers, which are most, one word is written at
/// a birth and one at an end; how many live follows.
struct HeapCounts {
  std::uint64_t born = 0;  ///< Of all kinds.
  std::uint64_t live_views = 0;
  std::uint64_t live_external = 0;
  std::uint64_t external_bytes = 0;
  std::uint64_t ended[4] = {};  ///< By cause.

  /// A birth besides `born`, or an end besides `ended`, of what is not owned: `one` is 1 or -1.
  void count_other(const BufferRecord& record, std::uint64_t one) noexcept {
    if (record.kind == BufferKind::view) live_views += one;
    if (record.kind != BufferKind::external) return;
    live_external += one;
    external_bytes += one * record.tail().size_bytes;
  }
  void on_birth(const BufferRecord& record) noexcept {
    ++born;
    count_other(record, 1);
  }
  void on_end(const BufferRecord& record, Cause cause) noexcept {
    ++ended[static_cast<std::size_t>(cause)];
    count_other(record, ~std::uint64_t{0});
  }

  [[nodiscard]] std::uint64_t live_owned() const noexcept {
    std::uint64_t live = born - live_views - live_external;
    for (const std::uint64_t of_cause : ended) live -= of_cause;
    return live;
  }
  void add(const HeapCounts& other) noexcept {
    born += other.born;
    live_views += other.live_views;
    live_external += other.live_external;
    external_bytes += other.external_bytes;
    for (std::size_t cause = 0; cause < 4; ++cause) ended[cause] += other.ended[cause];
  }
};

/// Free slots that one thread takes and gives back without a lock, and its share of the counts; it rides in
/// the thread's cache of blocks. A heap has one for each thread that uses it, and one in common for whoever
/// has none.
struct alignas(64) SlotCache : CacheRider {
  /// A full cache gives so many back, an empty one takes so many.
  static constexpr std::uint32_t batch = 32;

  BufferRecord* free = nullptr;  ///< Through `BufferRecord::next_free`, last in, first out.
  std::uint32_t free_count = 0;
  /// As many a thread keeps. None once the heap closed: births and ends then find the common cache.
  std::uint32_t room = 2 * batch;
  HeapCounts counts;
  SlotCache* next_of_heap = nullptr;

  void push(BufferRecord* record) noexcept {
    record->next_free = free;
    free = record;
    ++free_count;
  }
  /// The same for `count` records, linked from `first` to `last`.
  void push(BufferRecord* first, BufferRecord* last, std::uint32_t count) noexcept {
    last->next_free = free;
    free = first;
    free_count += count;
  }
  /// Null when there is none.
  [[nodiscard]] BufferRecord* pop() noexcept {
    BufferRecord* const record = free;
    if (record != nullptr) pop(record);
    return record;
  }
  /// The same for who knows already that `first` is the one.
  void pop(const BufferRecord* first) noexcept {
    free = first->next_free;
    --free_count;
  }
};

}  // namespace bufgc
