// What a heap over a hardened allocator sees of misuse: ids and references that do not add up. Blocks and
// bytes are the allocator's to watch, which also knows how to tell of it.

#include <array>

#include "bufgc/buffer/heap_section.hpp"

namespace bufgc {

// Whether it lives is asked where no block can be given back: another thread may have closed the manager
// around the newborn.
void BufferHeap::name_block(const BufferRecord* record) noexcept {
  const MisuseDelivery delivery(memory_);
  const CpuAllocator::State::Section section(memory_);
  if (!record->alive()) return;
  memory_.guard->name(record->block, {record->id().value(), text_of(record->details().label),
                                      text_of(record->details().site)});
}

void BufferHeap::report_dead_id(BufferId id) noexcept {
  BufferId now;
  bool given = false;
  {
    const CpuAllocator::State::Section section(memory_);
    if (id.slot < slots_used_) {
      now = at(id.slot).id();
      // Of a slot that was never born the generation is the one before the first.
      given = now.generation != ~std::uint32_t{0} && id.generation <= now.generation;
    }
  }
  const bool has_slot = now.valid() && now.generation != ~std::uint32_t{0};
  memory_.report(given ? MisuseKind::stale_id : MisuseKind::forged_id, id.value(), id.value(),
                 has_slot ? now.value() : Misuse::no_id);
}

void BufferHeap::check_unheld(const BufferRecord* record) noexcept {
  // What was ended explicitly may be linked to still.
  if (!hardened_ || record->claimed != Claimed::no) return;
  std::uint64_t times = 0;
  {
    const Locked locked(graph_lock_);
    times = graph_.drop_holds_on(record);
    edges_.store(graph_.links(), std::memory_order_relaxed);
  }
  if (times > 0) memory_.report(MisuseKind::leaked_edge, record->id().value(), times, 0);
}

void BufferHeap::report_leaked_edges() noexcept {
  struct Leak {
    std::uint64_t id;
    std::uint32_t held_by;
    std::uint32_t count;
  };
  std::array<Leak, 8> leaks{};
  std::size_t found = 0;
  {
    const Locked locked(graph_lock_);
    graph_.each([&](const LinkNode& node, std::uint32_t) {
      const std::uint32_t count = record_word::count(node.record->word.load(std::memory_order_relaxed));
      const bool dies = node.mark == Mark::doomed || node.mark == Mark::cut_off;
      if (!dies && count < node.held_by) leaks[found++] = {node.record->id().value(), node.held_by, count};
      return found < leaks.size();
    });
  }
  for (std::size_t i = 0; i < found; ++i) {
    memory_.report(MisuseKind::leaked_edge, leaks[i].id, leaks[i].held_by, leaks[i].count);
  }
}

void BufferHeap::report_double_release(const BufferRecord* record) noexcept {
  BufferHeap* const heap = record->tail().heap;
  if (heap != nullptr) heap->memory_.report(MisuseKind::double_release, record->id().value(), 1, 0);
}

}  // namespace bufgc
