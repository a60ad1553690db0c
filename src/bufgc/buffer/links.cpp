#include <new>
#include <utility>

#include "bufgc/buffer/buffer_heap.hpp"
#include "bufgc/buffer/hold_probe.hpp"

namespace bufgc {

Status BufferHeap::link(BufferRecord* holder, BufferRecord* held) noexcept {
  BufferHeap& heap = *holder->tail().heap;
  if (&heap != held->tail().heap) return Status::invalid_argument;
  {
    const Locked locked(heap.graph_lock_);
    // An explicit end changes the generation first and takes the links under this lock after, so a
    // link is either refused here or let go there.
    if (!holder->alive() || !held->alive()) return Status::destroyed;
    if (!heap.graph_.link(holder, held)) return Status::out_of_memory;
    holder->linked = true;
    retain(held);
    heap.edges_.store(heap.graph_.links(), std::memory_order_relaxed);
  }
  BufferObserver* const observer = heap.observer_.load(std::memory_order_acquire);
  if (observer != nullptr) observer->on_link(holder->id(), held->id());
  return Status::ok;
}

Status BufferHeap::unlink(BufferRecord* holder, BufferRecord* held) noexcept {
  BufferHeap& heap = *holder->tail().heap;
  if (&heap != held->tail().heap) return Status::invalid_argument;
  {
    const Locked locked(heap.graph_lock_);
    if (!holder->own_life()) return Status::destroyed;
    if (!heap.graph_.unlink(holder, held)) return Status::invalid_argument;
    heap.edges_.store(heap.graph_.links(), std::memory_order_relaxed);
  }
  BufferObserver* const observer = heap.observer_.load(std::memory_order_acquire);
  if (observer != nullptr) observer->on_unlink(holder->id(), held->id());
  release(held, Cause::finalized);
  return Status::ok;
}

void BufferHeap::set_attentive(BufferRecord* record, bool attentive) noexcept {
  if (attentive) {
    record->word.fetch_or(record_word::attentive, std::memory_order_relaxed);
    return;
  }
  BufferHeap& heap = *record->tail().heap;
  // It may be watched, and is no suspect outside a collection.
  const Locked locked(heap.graph_lock_);
  if (!heap.graph_.is_watched(record)) {
    record->word.fetch_and(~record_word::attentive, std::memory_order_relaxed);
  }
}

Result<Finalizer> BufferHeap::finalize(BufferRecord* owner, Finalizer::Callback callback) {
  if (!owner->alive()) return Result<Finalizer>::failure(Status::destroyed);
  if (HoldProbe::holds(callback, owner)) return Result<Finalizer>::failure(Status::invalid_argument);
  auto state = FinalizerRegistry::add(owner->tail().heap->registry_, owner, std::move(callback));
  if (state == nullptr) return Result<Finalizer>::failure(Status::destroyed);
  return {Finalizer(std::move(state))};
}

}  // namespace bufgc
