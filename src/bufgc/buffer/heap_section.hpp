#pragma once

// Private to the buffer room.

#include "bufgc/buffer/buffer_heap.hpp"

namespace bufgc {

/// A short stretch in which the calling thread may take and give back slots, write a newborn's
/// record, count, and read what `BufferHeap` keeps for such stretches. By way of the thread's own
/// cache, without a lock; under the heap's slot lock when there is none or somebody has all of
/// them shut (`CachesShut`). No user code, and no other lock, inside.
class [[nodiscard]] HeapSection {
 public:
#if defined(BUFGC_SINGLE_THREADED)
  explicit HeapSection(BufferHeap& heap) noexcept : cache_(&heap.common_) {}
#else
  explicit HeapSection(BufferHeap& heap) noexcept : heap_(heap) {
    cache_ = slot_caches_of_thread.recent[heap.cache_place_];
    if (cache_ == nullptr || cache_->heap.load(std::memory_order_relaxed) != &heap ||
        !cache_->lock.try_enter()) {
      cache_ = take_lock(heap);
      locked_ = true;
    }
  }
  ~HeapSection() {
    if (locked_) {
      heap_.slot_lock_.unlock();
    } else {
      cache_->lock.leave();
    }
  }
#endif
  HeapSection(const HeapSection&) = delete;
  HeapSection& operator=(const HeapSection&) = delete;

  /// The same for what needs no more than the thread's own cache, without a call in it: null where a
  /// section takes longer. To be left by `leave`.
  [[nodiscard]] static SlotCache* enter_at_once(BufferHeap& heap) noexcept {
#if defined(BUFGC_SINGLE_THREADED)
    return &heap.common_;
#else
    SlotCache* const cache = slot_caches_of_thread.recent[heap.cache_place_];
    if (cache == nullptr || cache->heap.load(std::memory_order_relaxed) != &heap) [[unlikely]]
      return nullptr;
    if (!cache->lock.try_enter_at_once()) [[unlikely]]
      return nullptr;
    return cache;
#endif
  }
  static void leave(SlotCache* cache) noexcept {
    cache->lock.leave();
  }

  /// The calling thread's, or the common one.
  [[nodiscard]] SlotCache& cache() noexcept {
    return *cache_;
  }

  /// Whether it is the slot lock that holds others off.
  [[nodiscard]] bool locked() const noexcept {
#if defined(BUFGC_SINGLE_THREADED)
    return true;
#else
    return locked_;
#endif
  }
  /// Goes on under the slot lock; in between, anybody may have had it. What was read must be read again.
  void lock() noexcept {
#if !defined(BUFGC_SINGLE_THREADED)
    if (locked_) return;
    cache_->lock.leave();
    cache_ = take_lock(heap_);
    locked_ = true;
#endif
  }

 private:
#if !defined(BUFGC_SINGLE_THREADED)
  [[gnu::noinline]] static SlotCache* take_lock(BufferHeap& heap) noexcept {
    heap.slot_lock_.lock();
    return heap.cache_of_thread();
  }
  BufferHeap& heap_;
  bool locked_ = false;
#endif
  SlotCache* cache_;
};

inline bool BufferHeap::free_slot(BufferRecord* record, HeapSection& section) noexcept {
  if (retires(record)) {
    section.lock();
    ++retired_;
  } else {
    section.cache().push(record);
    if (section.cache().free_count > SlotCache::room && !section.locked()) {
      section.lock();
      if (&section.cache() != &common_) spill(section.cache());
    }
  }
  return section.locked() && abandoned_ && open_slots() == 0;
}

/// The slot lock, with every thread kept out of its own cache: whoever holds this is alone with
/// the heap's slots, births, ends and counts.
class [[nodiscard]] CachesShut {
 public:
  explicit CachesShut(BufferHeap& heap) noexcept : heap_(heap) {
    heap.slot_lock_.lock();
    const SlotCache* const own = slot_caches_of_thread.recent[heap.cache_place_];
    bool others = false;
    for (SlotCache* cache = heap.caches_; cache != nullptr; cache = cache->next_of_heap) {
      if (cache == own) continue;  // this thread is here, not there
      cache->lock.shut();
      others = true;
    }
    if (!others) return;
    OwnerLock::fence();
    for (SlotCache* cache = heap.caches_; cache != nullptr; cache = cache->next_of_heap) {
      if (cache != own) cache->lock.await_left();
    }
  }
  ~CachesShut() {
    for (SlotCache* cache = heap_.caches_; cache != nullptr; cache = cache->next_of_heap) cache->lock.open();
    heap_.slot_lock_.unlock();
  }
  CachesShut(const CachesShut&) = delete;
  CachesShut& operator=(const CachesShut&) = delete;

 private:
  BufferHeap& heap_;
};

}  // namespace bufgc
