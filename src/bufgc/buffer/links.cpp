#include <new>
#include <utility>

#include "bufgc/buffer/buffer_heap.hpp"

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

Result<Finalizer> BufferHeap::finalize(BufferRecord* owner, Finalizer::Callback callback) {
  if (!owner->alive()) return Result<Finalizer>::failure(Status::destroyed);
  auto state = FinalizerRegistry::add(owner->tail().heap->registry_, owner, std::move(callback));
  if (state == nullptr) return Result<Finalizer>::failure(Status::destroyed);
  return {Finalizer(std::move(state))};
}

}  // namespace bufgc
