#pragma once

// Private to the buffer room.

#include <optional>

#include "bufgc/buffer/buffer_heap.hpp"
#include "bufgc/memory/allocator_state.hpp"

namespace bufgc {

/// A short stretch in which the calling thread may take and give back slots, write a newborn's
/// record, count, and read what `BufferHeap` keeps for such stretches. By way of the thread's own
/// cache, without a lock; under the allocator's lock when there is none or somebody has all of
/// them shut (`CachesShut`). No user code, and no call of the allocator, inside.
class [[nodiscard]] HeapSection {
 public:
#if defined(BUFGC_SINGLE_THREADED)
  explicit HeapSection(BufferHeap& heap) noexcept : slots_(&heap.common_) {}
#else
  explicit HeapSection(BufferHeap& heap) noexcept : heap_(heap), cache_(heap.memory_.enter()) {
    if (cache_ != nullptr) {
      slots_ = static_cast<SlotCache*>(cache_->rider);
      if (slots_ != nullptr && slots_->room > 0) return;
    }
    lock();
  }
  ~HeapSection() {
    if (!locked_) CpuAllocator::State::leave(cache_);
  }
#endif
  HeapSection(const HeapSection&) = delete;
  HeapSection& operator=(const HeapSection&) = delete;

  /// The calling thread's, or the common ones.
  [[nodiscard]] SlotCache& slots() noexcept {
    return *slots_;
  }

  /// Whether it is the allocator's lock that holds others off.
  [[nodiscard]] bool locked() const noexcept {
#if defined(BUFGC_SINGLE_THREADED)
    return true;
#else
    return locked_.has_value();
#endif
  }
  /// Goes on under the lock; in between, anybody may have had it. What was read must be read again.
  void lock() noexcept {
#if !defined(BUFGC_SINGLE_THREADED)
    if (locked_) return;
    if (cache_ != nullptr) CpuAllocator::State::leave(cache_);
    locked_.emplace(heap_.memory_);
    slots_ = &heap_.slots_of_thread();
#endif
  }

 private:
#if !defined(BUFGC_SINGLE_THREADED)
  BufferHeap& heap_;
  BlockCache* cache_;
  std::optional<CpuAllocator::State::Section> locked_;
#endif
  SlotCache* slots_ = nullptr;
};

inline bool BufferHeap::free_slot(BufferRecord* record, HeapSection& section) noexcept {
  record->forget();
  if (retires(record)) {
    section.lock();
    ++retired_;
  } else {
    section.slots().push(record);
    if (section.slots().free_count > section.slots().room && !section.locked()) {
      section.lock();
      if (&section.slots() != &common_) spill(section.slots());
    }
  }
  return section.locked() && abandoned_ && open_slots() == 0;
}

/// The allocator's lock, with every thread kept out of its own cache: whoever holds this is alone with
/// the heap's slots, births, ends and counts.
class [[nodiscard]] CachesShut {
 public:
  explicit CachesShut(BufferHeap& heap) noexcept : section_(heap.memory_) { heap.memory_.be_alone(); }

 private:
  const CpuAllocator::State::Section section_;
};

}  // namespace bufgc
