// How a hardened allocator goes its roads: its caches stay shut, so that every request and release comes by
// here, and the blocks that the program has are the guard's, not the ranges.

#include "bufgc/memory/allocator_state.hpp"

namespace bufgc {

FreedTo CpuAllocator::State::free_guarded(Block* block) noexcept {
  GuardRecord* const record = guard->take_back(block);
  if (record == nullptr) return FreedTo::cache;
  Range* const range = record->range;
  // A plan wants its places back in time.
  if (!guard->has_quarantine() || arena.in_region(range)) {
    guard->forget(record);
    return free_behind_caches(range);
  }
  BlockCache& own = of_thread();
  if (open_iteration_ != nullptr && open_iteration_->plan() == nullptr) {
    open_iteration_->recorder().on_free(range);
  }
  own.counters.on_free(1, range->size_bytes);
  guard->quarantine(record);
  while (guard->is_overfull()) keep_or_merge(own, guard->release_oldest());
  settle(own);
  return FreedTo::cache;
}

bool CpuAllocator::State::release_quarantine() noexcept {
  if (guard == nullptr || guard->quarantined_bytes() == 0) return false;
  be_alone();
  while (Range* const range = guard->release_oldest()) arena.free(range);
  return true;
}

Range* CpuAllocator::State::range_of(Block* block) noexcept {
  if (guard == nullptr) return static_cast<Range*>(block);
  const GuardRecord* const record = guard->identify(block);
  return record == nullptr ? nullptr : record->range;
}

void CpuAllocator::State::set_move_listener(MoveListener* listener) noexcept {
  if (guard == nullptr) {
    arena.set_move_listener(listener);
  } else {
    guard->set_next_move_listener(listener);
  }
}

void CpuAllocator::State::report(MisuseKind kind, std::uint64_t id, std::uint64_t expected,
                                 std::uint64_t found) noexcept {
  if (guard == nullptr) return;
  {
    const Section section(*this);
    guard->note(kind, id, expected, found);
  }
  guard->deliver();
}

}  // namespace bufgc
