// Which slots a thread uses of a heap, and how they come and go with threads and heaps.

#include "bufgc/buffer/slot_cache.hpp"

#include <new>
#include <utility>

#include "bufgc/buffer/heap_section.hpp"

namespace bufgc {

SlotCache& BufferHeap::slots_of_thread() noexcept {
  if (caches_retired_) return common_;
  BlockCache& cache = memory_.of_thread_or_common();
  if (cache.rider == nullptr) {
    auto* const slots = new (std::nothrow) SlotCache;
    if (slots == nullptr) return common_;
    slots->next_of_heap = caches_;
    caches_ = slots;
    cache.rider = slots;
  }
  return *static_cast<SlotCache*>(cache.rider);
}

void BufferHeap::empty(SlotCache& slots) noexcept {
  while (BufferRecord* const record = slots.pop()) common_.push(record);
  common_.counts.add(slots.counts);
  slots.counts = {};
}

void BufferHeap::take_back(CacheRider* rider) noexcept {
  auto* const slots = static_cast<SlotCache*>(rider);
  SlotCache** link = &caches_;
  while (*link != slots) link = &(*link)->next_of_heap;
  *link = slots->next_of_heap;
  empty(*slots);
  delete slots;
}

void BufferHeap::retire_caches() noexcept {
  const CachesShut alone(*this);
  closed_.store(true, std::memory_order_release);
  births_are_plain_.store(false, std::memory_order_relaxed);
  caches_retired_ = true;
  for (SlotCache* slots = caches_; slots != nullptr; slots = slots->next_of_heap) {
    empty(*slots);
    slots->room = 0;
  }
}

void BufferHeap::drop_caches() noexcept {
  const CachesShut alone(*this);
  memory_.set_rider_keeper(nullptr, nullptr);
  while (caches_ != nullptr) delete std::exchange(caches_, caches_->next_of_heap);
}

}  // namespace bufgc
