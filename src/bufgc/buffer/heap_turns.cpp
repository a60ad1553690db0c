// Turns: a simple buffer ends, and the next of its size is born as the same record around the same block.
// Natively each is two quick calls; a language binding for which a call is dear makes them by itself, and
// tells how many there were before anybody could want to know. An observer it tells of each at once.

#include "bufgc/buffer/heap_section.hpp"

namespace bufgc {

std::uint64_t BufferHeap::room_for_turns() noexcept {
  if (!births_are_plain_.load(std::memory_order_relaxed)) return 0;
  BlockCache* const cache = memory_.enter_at_once();
  if (cache == nullptr) return 0;
  const std::uint64_t room_bytes = cache->room_bytes();
  CpuAllocator::State::leave(cache);
  return room_bytes;
}

void BufferHeap::tell_turn_ended(BufferObserver& observer, BufferRecord& record) noexcept {
  record.told.store(Told::no, std::memory_order_relaxed);
  observer.on_free(record.id(), Cause::dispose, FreedTo::cache);
}

void BufferHeap::tell_turn_begun(BufferObserver& observer, BufferRecord& record) noexcept {
  tell_birth(observer, record);
}

void BufferHeap::count_turns(std::span<const std::uint32_t> by_class, std::uint64_t bytes) noexcept {
  const CpuAllocator::State::Section section(memory_);
  const std::uint64_t turns = memory_.of_thread().counters.on_turns(by_class, bytes);
  HeapCounts& counts = slots_of_thread().counts;
  counts.born += turns;
  counts.ended[static_cast<std::size_t>(Cause::dispose)] += turns;
}

}  // namespace bufgc
