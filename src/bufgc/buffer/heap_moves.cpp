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

/// What a pin on a buffer that is no view holds where it is; null where that never moves.
Range* pinnable(CpuAllocator::State& memory, const BufferRecord* record) noexcept {
  return record->block == nullptr ? nullptr : memory.range_of(record->block);
}

}  // namespace

void BufferHeap::on_blocks_moved() noexcept {
  BufferObserver* const observer = observer_.load(std::memory_order_acquire);
  const auto move = [observer](BufferRecord& record, std::byte* to) {
    if (record.data == to) return;
    const std::byte* from = std::exchange(record.data, to);
    if (record.told.load(std::memory_order_relaxed) != Told::yes) return;
    const std::byte*& believed = record.tail().believed;
    if (believed != nullptr) from = std::exchange(believed, nullptr);
    if (observer != nullptr) {
      observer->on_move(record.id(), from, to);
    } else {
      believed = from;
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
  Range* const range = pinnable(memory, record->root);
  if (range == nullptr) return true;
  ++range->pins;
  if (record->kind == BufferKind::view) ++record->details().pins;
  return true;
}

void BufferHeap::unpin(BufferRecord* record) noexcept {
  CpuAllocator::State& memory = record->tail().heap->memory_;
  const MisuseDelivery delivery(memory);
  const CpuAllocator::State::Section section(memory);
  if (!record->alive()) return;
  Range* const range = pinnable(memory, record->root);
  if (range == nullptr) return;
  --range->pins;
  if (record->kind == BufferKind::view) --record->details().pins;
}

void BufferHeap::drop_pins(BufferRecord* record) noexcept {
  CpuAllocator::State& memory = record->tail().heap->memory_;
  const MisuseDelivery delivery(memory);
  const CpuAllocator::State::Section section(memory);
  if (record->kind != BufferKind::view) {
    if (Range* const range = pinnable(memory, record); range != nullptr) range->pins = 0;
    return;
  }
  const std::uint32_t pins = std::exchange(record->details().pins, 0);
  const std::uint64_t root_word = record->root->word.load(std::memory_order_acquire);
  if (pins == 0 || record_word::generation(root_word) != record->root_generation) return;
  if (Range* const range = pinnable(memory, record->root); range != nullptr) range->pins -= pins;
}

}  // namespace bufgc
