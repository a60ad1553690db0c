// Compaction: the blocks of buffers that nobody pinned change their place between two calls.

#include <utility>

#include "bufgc/buffer/buffer_heap.hpp"
#include "bufgc/memory/allocator_state.hpp"

namespace bufgc {
namespace {

/// The record whose block may move and still has one: not of an external buffer, nor one that ended.
bool has_block(const BufferRecord& record) noexcept {
  return record.kind == BufferKind::owned && record.told.load(std::memory_order_relaxed) != Told::ended;
}

}  // namespace

void BufferHeap::on_blocks_moved() noexcept {
  BufferObserver* const observer = observer_.load(std::memory_order_acquire);
  const auto move = [observer](BufferRecord& record, std::byte* to) {
    if (record.data == to) return;
    const std::byte* const from = std::exchange(record.data, to);
    if (observer != nullptr && record.told.load(std::memory_order_relaxed) == Told::yes) {
      observer->on_move(record.id(), from, to);
    }
  };
  // Views first, while their bases still say where they were.
  for (std::uint32_t slot = 0; slot < slots_used_; ++slot) {
    BufferRecord& view = at(slot);
    if (view.kind != BufferKind::view || view.told.load(std::memory_order_relaxed) == Told::ended) continue;
    if (has_block(*view.root)) move(view, view.root->block->data + (view.data - view.root->data));
  }
  for (std::uint32_t slot = 0; slot < slots_used_; ++slot) {
    BufferRecord& record = at(slot);
    if (has_block(record)) move(record, record.block->data);
  }
}

// Whether it lives is asked where no block can be given back: that of a buffer which ends on another thread
// meanwhile is somebody else's.
bool BufferHeap::pin(BufferRecord* record) noexcept {
  CpuAllocator::State& memory = record->tail().heap->memory_;
  const MisuseDelivery delivery(memory);
  const CpuAllocator::State::Section section(memory);
  if (!record->alive()) return false;
  Block* const block = record->root->block;
  if (block == nullptr) return true;
  if (Range* const range = memory.range_of(block); range != nullptr) ++range->pins;
  return true;
}

void BufferHeap::unpin(BufferRecord* record) noexcept {
  CpuAllocator::State& memory = record->tail().heap->memory_;
  const MisuseDelivery delivery(memory);
  const CpuAllocator::State::Section section(memory);
  if (!record->alive()) return;
  Block* const block = record->root->block;
  if (block == nullptr) return;
  if (Range* const range = memory.range_of(block); range != nullptr) --range->pins;
}

}  // namespace bufgc
