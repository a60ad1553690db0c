#pragma once

// Private to the buffer room.

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "bufgc/buffer/buffer_record.hpp"
#include "bufgc/memory/owner_lock.hpp"

namespace bufgc {

/// What births and ends count. A cache's figures are shares of its heap's: each may be below zero
/// (kept modulo 2^64), their sum is not.
struct HeapCounts {
  std::uint64_t live[3] = {};  ///< By kind.
  std::uint64_t external_bytes = 0;
  std::uint64_t ended[4] = {};  ///< By cause.

  void add(const HeapCounts& other) noexcept {
    for (std::size_t kind = 0; kind < 3; ++kind) live[kind] += other.live[kind];
    external_bytes += other.external_bytes;
    for (std::size_t cause = 0; cause < 4; ++cause) ended[cause] += other.ended[cause];
  }
};

/// Free slots that one thread takes and gives back without a lock, and its share of the counts. A
/// heap has one for each thread that uses it, and one in common for whoever has none.
struct alignas(64) SlotCache {
  /// A full cache gives so many back, an empty one takes so many.
  static constexpr std::uint32_t batch = 32;
  static constexpr std::uint32_t room = 2 * batch;

  OwnerLock lock;
  /// Whose slots these are; null once that heap closed, for the thread to use it for another heap.
  std::atomic<BufferHeap*> heap{nullptr};
  BufferRecord* free = nullptr;  ///< Through `BufferRecord::next`, last in, first out.
  std::uint32_t free_count = 0;
  HeapCounts counts;
  SlotCache* next_of_heap = nullptr;
  SlotCache* next_of_thread = nullptr;

  void push(BufferRecord* record) noexcept {
    record->next = free;
    free = record;
    ++free_count;
  }
  /// Null when there is none.
  [[nodiscard]] BufferRecord* pop() noexcept {
    BufferRecord* const record = free;
    if (record == nullptr) return nullptr;
    free = record->next;
    --free_count;
    return record;
  }
};

/// The caches of the calling thread: that last used of each place of the table, and the list of all.
/// Constant-initialised and trivially destroyed, so that it can be asked at any time.
struct SlotCachesOfThread {
  static constexpr std::size_t size = 8;
  SlotCache* recent[size];
  SlotCache* first;
  bool exiting;  ///< The thread's caches are given back; it gets none any more.
};
#if defined(__ELF__)
[[gnu::tls_model("initial-exec")]]  // as `thread_caches`
#endif
extern constinit thread_local SlotCachesOfThread slot_caches_of_thread;

}  // namespace bufgc
