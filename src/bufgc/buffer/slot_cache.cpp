// Which cache a thread uses for a heap, and how caches come and go with threads and heaps.

#include "bufgc/buffer/slot_cache.hpp"

#include <new>

#include "bufgc/buffer/heap_section.hpp"

namespace bufgc {

constinit thread_local SlotCachesOfThread slot_caches_of_thread{};

#if !defined(BUFGC_SINGLE_THREADED)

namespace {

// Where a thread that ends meets a heap that closes: both take a cache from the other.
constinit Lock retirement_lock;

}  // namespace

/// Gives a thread's caches back when it ends.
struct SlotCacheReaper {
  bool armed = false;
  ~SlotCacheReaper() {
    SlotCachesOfThread& mine = slot_caches_of_thread;
    mine.exiting = true;
    for (SlotCache*& recent : mine.recent) recent = nullptr;
    while (SlotCache* const cache = mine.first) {
      mine.first = cache->next_of_thread;
      {
        const Locked retiring(retirement_lock);
        if (BufferHeap* const heap = cache->heap.load(std::memory_order_acquire); heap != nullptr) {
          const Locked locked(heap->slot_lock_);
          heap->take_back(cache);
        }
      }
      delete cache;
    }
  }
};

SlotCache* BufferHeap::cache_of_thread() noexcept {
  SlotCachesOfThread& mine = slot_caches_of_thread;
  if (caches_retired_ || mine.exiting) return &common_;
  SlotCache* unused = nullptr;
  SlotCache* cache = mine.first;
  for (; cache != nullptr; cache = cache->next_of_thread) {
    const BufferHeap* const heap = cache->heap.load(std::memory_order_acquire);
    if (heap == this) break;
    if (heap == nullptr) unused = cache;
  }
  if (cache == nullptr) {
    cache = unused;
    if (cache == nullptr) {
      thread_local SlotCacheReaper reaper;
      reaper.armed = true;
      cache = new (std::nothrow) SlotCache;
      if (cache == nullptr) return &common_;
      cache->next_of_thread = mine.first;
      mine.first = cache;
    }
    cache->lock.open();
    cache->next_of_heap = caches_;
    caches_ = cache;
    cache->heap.store(this, std::memory_order_relaxed);
  }
  mine.recent[cache_place_] = cache;
  return cache;
}

void BufferHeap::take_back(SlotCache* cache) noexcept {
  SlotCache** link = &caches_;
  while (*link != cache) link = &(*link)->next_of_heap;
  *link = cache->next_of_heap;
  while (BufferRecord* const record = cache->pop()) common_.push(record);
  common_.counts.add(cache->counts);
  cache->counts = {};
  cache->heap.store(nullptr, std::memory_order_release);
}

void BufferHeap::retire_caches() noexcept {
  const Locked retiring(retirement_lock);
  const CachesShut alone(*this);
  closed_.store(true, std::memory_order_release);
  caches_retired_ = true;
  // They stay shut: their threads find the slot lock in their way, and then the common cache.
  while (caches_ != nullptr) {
    caches_->lock.shut();
    take_back(caches_);
  }
}

#else

void BufferHeap::retire_caches() noexcept {
  closed_.store(true, std::memory_order_release);
}

#endif

}  // namespace bufgc
