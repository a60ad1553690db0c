// What is left when nothing new is to come: deferred finalizers are run, a heap is closed, and goes with its
// last record.

#include <utility>

#include "bufgc/buffer/heap_section.hpp"
#include "bufgc/buffer/teardown.hpp"
#include "bufgc/buffer/user_code.hpp"

namespace bufgc {
namespace {

/// What finalizers of a close register or defer runs too, but one that does so for ever must not hang it.
constexpr std::uint64_t most_finalizers_after_the_first = 1 << 16;

}  // namespace

BufferHeap::Visit::Visit(BufferHeap& heap) noexcept : heap_(heap) {
  const CpuAllocator::State::Section section(heap_.memory_);
  ++heap_.visits_;
}
BufferHeap::Visit::~Visit() {
  bool last_out = false;
  {
    const CpuAllocator::State::Section section(heap_.memory_);
    --heap_.visits_;
    last_out = heap_.abandoned_ && heap_.open_slots() == 0;
  }
  if (last_out) heap_.last_one_out_(heap_.context_);
}

std::uint64_t BufferHeap::drain() noexcept {
  const Visit visit(*this);
  return drain(~std::uint64_t{0});
}

std::uint64_t BufferHeap::drain(std::uint64_t most) noexcept {
  DeathRow row;
  std::uint64_t ran = 0;
  {
    const UserCode user_code(row);
    ran = registry_->drain(most);
  }
  bury(row);
  return ran;
}

void BufferHeap::drain_all() noexcept {
  const FinalizerRegistry::Counts counts = registry_->counts();
  std::uint64_t left = counts.deferred + counts.hooks + most_finalizers_after_the_first;
  while (left > 0) {
    const std::uint64_t ran = drain(left);
    if (ran == 0) return;
    left -= ran;
  }
}

void BufferHeap::run_at_exit() noexcept {
  DeathRow row;
  {
    const UserCode user_code(row);
    std::uint64_t left = registry_->counts().alive + most_finalizers_after_the_first;
    while (left-- > 0) {
      const FinalizerRegistry::Callback callback = registry_->claim_newest_at_exit();
      if (callback == nullptr) break;
      registry_->run(callback);
    }
  }
  bury(row);
}

void BufferHeap::end_all() noexcept {
  std::uint32_t slots = 0;
  {
    const CpuAllocator::State::Section section(memory_);
    slots = slots_used_;
  }
  DeathRow row;
  for (std::uint32_t slot = 0; slot < slots; ++slot) {
    BufferRecord* record = nullptr;
    {
      const CpuAllocator::State::Section section(memory_);
      record = &at(slot);
    }
    // Nothing is born any more, so the slot's lifetime stays.
    if (claim(record, record->lifetime(), Cause::closed)) row.push(record);
  }
  bury(row);
}

void BufferHeap::close() noexcept {
  {
    const CpuAllocator::State::Section section(memory_);
    if (std::exchange(closing_, true)) return;
  }
  if (hardened_) report_leaked_edges();
  const NotDeferring not_deferring;
  drain_all();
  run_at_exit();
  retire_caches();
  end_all();
  drain_all();  // of what ended meanwhile on threads that defer
}

void BufferHeap::abandon() noexcept {
  {
    const NotDeferring not_deferring;
    registry_->stop_deferring();
    drain_all();
  }
  bool empty = false;
  {
    const CpuAllocator::State::Section section(memory_);
    abandoned_ = true;
    common_.room = 0;  // no end may miss that it is the last
    empty = open_slots() == 0;
  }
  if (empty) last_one_out_(context_);
}

}  // namespace bufgc
