#include <new>
#include <utility>

#include "bufgc/buffer/buffer_heap.hpp"

namespace bufgc {

Status BufferHeap::link(BufferRecord* holder, BufferRecord* held) noexcept {
  BufferHeap& heap = *holder->heap;
  if (&heap != held->heap) return Status::invalid_argument;
  {
    const Locked locked(heap.graph_lock_);
    // An explicit end changes the generation first and takes the links under this lock after, so a
    // link is either refused here or let go there.
    if (!holder->alive() || !held->alive()) return Status::destroyed;
    const bool first = holder->edges.empty();
    if (!holder->edges.add(held)) return Status::out_of_memory;
    if (first) heap.remember_holder(holder);
    retain(held);
    heap.edges_.fetch_add(1, std::memory_order_relaxed);
  }
  BufferObserver* const observer = heap.observer_.load(std::memory_order_acquire);
  if (observer != nullptr) observer->on_link(holder->id(), held->id());
  return Status::ok;
}

Status BufferHeap::unlink(BufferRecord* holder, BufferRecord* held) noexcept {
  BufferHeap& heap = *holder->heap;
  if (&heap != held->heap) return Status::invalid_argument;
  {
    const Locked locked(heap.graph_lock_);
    if (!holder->own_life()) return Status::destroyed;
    if (!holder->edges.remove(held)) return Status::invalid_argument;
    if (holder->edges.empty()) heap.forget_holder(holder);
    heap.edges_.fetch_sub(1, std::memory_order_relaxed);
  }
  BufferObserver* const observer = heap.observer_.load(std::memory_order_acquire);
  if (observer != nullptr) observer->on_unlink(holder->id(), held->id());
  release(held, Cause::finalized);
  return Status::ok;
}

void BufferHeap::remember_holder(BufferRecord* record) noexcept {
  record->linked = true;
  record->previous_holder = nullptr;
  record->next_holder = holders_;
  if (holders_ != nullptr) holders_->previous_holder = record;
  holders_ = record;
}

void BufferHeap::forget_holder(BufferRecord* record) noexcept {
  BufferRecord* const next = record->next_holder;
  BufferRecord* const previous = record->previous_holder;
  if (next != nullptr) next->previous_holder = previous;
  (previous == nullptr ? holders_ : previous->next_holder) = next;
}

Result<Finalizer> BufferHeap::finalize(BufferRecord* owner, Finalizer::Callback callback) {
  if (!owner->alive()) return Result<Finalizer>::failure(Status::destroyed);
  auto state = FinalizerRegistry::add(owner->heap->registry_, owner, std::move(callback));
  if (state == nullptr) return Result<Finalizer>::failure(Status::destroyed);
  return {Finalizer(std::move(state))};
}

}  // namespace bufgc
