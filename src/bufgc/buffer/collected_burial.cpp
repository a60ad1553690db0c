// How what a collection doomed ends: each step for all of it together, and what needs a lock for many
// at once. Nobody refers to these records any more, so their nodes stay as they are between the steps.

#include <algorithm>
#include <array>

#include "bufgc/buffer/heap_section.hpp"
#include "bufgc/buffer/teardown.hpp"

namespace bufgc {
namespace {

/// What one turn of the locks ends, and has in the processor's nearest cache.
constexpr std::size_t at_once = 64;

}  // namespace

void BufferHeap::bury_collected(Doomed& doomed, DeathRow& others) noexcept {
  while (BufferRecord* const record = doomed.with_finalizers.pop()) run_finalizers(record, others);
  if (doomed.cut_off) {
    // Their nodes forget them one by one.
    const Locked locked(graph_lock_);
    graph_.let_go_cut_off(doomed.links);
    edges_.store(graph_.links(), std::memory_order_relaxed);
  } else {
    release_links_of(doomed, others);
  }
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): filled as far as it is read.
  std::array<BufferRecord*, at_once> records;
  while (doomed.unlisted || doomed.first != LinkNode::none) {
    std::size_t count = 0;
    if (doomed.unlisted) {
      const Locked locked(graph_lock_);
      count = graph_.bury_pending(records.data(), at_once);
      doomed.unlisted = count == at_once;
    } else {
      const Locked locked(graph_lock_);
      std::uint32_t index = doomed.first;
      for (; index != LinkNode::none && count < at_once; ++count) {
        LinkNode& node = graph_.at(index);
        BufferRecord* const record = node.record;
        __builtin_prefetch(record);
        records[count] = record;
        const std::uint32_t next = node.next;
        graph_.bury(node, index);
        index = next;
      }
      doomed.first = index;
    }
    for (std::size_t i = 0; doomed.to_sentence && i < count; ++i) sentence(records[i]);
    end_collected(doomed, records.data(), count, others);
  }
}

/// Links among the doomed go at once; those to others are let go like any other.
void BufferHeap::release_links_of(const Doomed& doomed, DeathRow& others) noexcept {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): filled as far as it is read.
  std::array<LooseLinks, at_once> loose;
  std::uint32_t index = doomed.first;
  while (index != LinkNode::none) {
    std::size_t count = 0;
    {
      const Locked locked(graph_lock_);
      while (index != LinkNode::none && count < loose.size()) {
        LinkNode& node = graph_.at(index);
        count += graph_.take_outside_links(node, loose.data() + count, loose.size() - count);
        if (count < loose.size()) index = node.next;
      }
      edges_.store(graph_.links(), std::memory_order_relaxed);
    }
    let_go(loose.data(), count, others);
  }
}

void BufferHeap::end_collected(Doomed& doomed, BufferRecord** records, std::size_t count,
                               DeathRow& others) noexcept {
  std::array<Block*, at_once> blocks{};  // null of those that own none
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): filled as far as it is read.
  std::array<FreedTo, at_once> freed_to;
  for (std::size_t i = 0; i < count; ++i) {
    blocks[i] = records[i]->block;
    __builtin_prefetch(blocks[i]);
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (blocks[i] != nullptr) doomed.bytes += blocks[i]->size_bytes;
  }
  const std::size_t kept = allocator_.keep_first(blocks.data(), count);
  freed_to.fill(FreedTo::cache);
  if (kept != count) {
    // The source is foreign code, which may ask weak references.
    if (doomed.to_sentence) sentence_rest(doomed);
    for (std::size_t i = kept; i < count; ++i) {
      if (blocks[i] != nullptr) freed_to[i] = allocator_.deallocate(blocks[i]);
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (records[i]->kind != BufferKind::owned) freed_to[i] = give_back(records[i], others);
  }

  // As in `Burial::finish`: an observer may be attached meanwhile, and hear of a birth just now.
  std::array<bool, at_once> observed{};
  for (;;) {
    BufferObserver* const observer = observer_.load(std::memory_order_acquire);
    // Its subscribers may ask weak references.
    if (observer != nullptr && doomed.to_sentence) sentence_rest(doomed);
    for (std::size_t i = 0; observer != nullptr && i < count; ++i) {
      if (observed[i] || records[i]->told.load(std::memory_order_acquire) != Told::yes) continue;
      observer->on_free(records[i]->id(), Cause::collected, freed_to[i]);
      observed[i] = true;
    }
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): filled as far as it is read.
    std::array<BufferRecord*, at_once> waiting;
    std::size_t left = 0;
    {
      HeapSection section(*this);
      section.lock();
      const bool attached = observer_.load(std::memory_order_relaxed) != nullptr;
      std::size_t ended = 0;
      for (std::size_t i = 0; i < count; ++i) {
        BufferRecord* const record = records[i];
        const Told told = record->told.load(std::memory_order_acquire);
        if (told == Told::being_told || (attached && told == Told::yes && !observed[i])) {
          freed_to[left] = freed_to[i];
          observed[left] = observed[i];
          waiting[left++] = record;
          continue;
        }
        records[ended++] = record;
      }
      end_slots(records, ended);
    }
    if (left == 0) break;
    std::copy_n(waiting.data(), left, records);
    count = left;
    if (doomed.to_sentence) sentence_rest(doomed);
    pause();
  }
}

void BufferHeap::end_slots(BufferRecord* const* records, std::size_t count) noexcept {
  BufferRecord* first = nullptr;
  BufferRecord* last = nullptr;
  std::uint32_t freed = 0;
  for (std::size_t i = 0; i < count; ++i) {
    BufferRecord* const record = records[i];
    record->told.store(Told::ended, std::memory_order_relaxed);
    if (record->described) {
      common_.counts.count_other(*record, ~std::uint64_t{0});
      TextTable::drop(record->details().label);
      TextTable::drop(record->details().site);
    }
    record->forget();
    if (retires(record)) {
      ++retired_;
      continue;
    }
    record->next_free = first;
    first = record;
    if (last == nullptr) last = record;
    ++freed;
  }
  common_.counts.ended[static_cast<std::size_t>(Cause::collected)] += count;
  if (freed != 0) common_.push(first, last, freed);
}

}  // namespace bufgc
