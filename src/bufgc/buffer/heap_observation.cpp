#include "bufgc/buffer/buffer_heap.hpp"

namespace bufgc {

void BufferHeap::tell_birth(BufferObserver& observer, BufferRecord& record) noexcept {
  BufferBirth birth;
  birth.id = record.id();
  birth.kind = record.kind;
  birth.base = record.base_id;
  birth.data = record.data;
  birth.size_bytes = record.size_bytes;
  birth.capacity_bytes = record.capacity_bytes;
  birth.dtype = record.dtype;
  birth.shape = record.shape;
  birth.label = text_of(record.label);
  birth.site = text_of(record.site);
  birth.served_by = record.served_by;
  observer.on_alloc(birth);
  record.told.store(Told::yes, std::memory_order_release);
}

void BufferHeap::set_observer(BufferObserver* observer) noexcept {
  std::uint32_t slots = 0;
  {
    // From here on births and deaths tell by themselves; what was born before is told below.
    const Locked locked(slot_lock_);
    observer_ = observer;
    slots = slots_used_;
  }
  if (observer == nullptr) return;
  for (const bool views : {false, true}) {
    for (std::uint32_t slot = 0; slot < slots; ++slot) {
      BufferRecord* record = nullptr;
      {
        const Locked locked(slot_lock_);
        record = &at(slot);
        const std::uint64_t word = record->word.load(std::memory_order_acquire);
        if (record_word::count(word) == 0 || record_word::generation(word) != record->generation) continue;
        if ((record->kind == BufferKind::view) != views) continue;
        if (record->told.load(std::memory_order_relaxed) != Told::no) continue;
        // While this stands, its death waits before the last step: the record keeps its facts.
        record->told.store(Told::being_told, std::memory_order_relaxed);
      }
      tell_birth(*observer, *record);
    }
  }
}

BufferStatistics BufferHeap::statistics() noexcept {
  BufferStatistics figures;
  {
    const Locked locked(slot_lock_);
    figures.live_buffers = live_[static_cast<std::size_t>(BufferKind::owned)];
    figures.live_views = live_[static_cast<std::size_t>(BufferKind::view)];
    figures.external_buffers = live_[static_cast<std::size_t>(BufferKind::external)];
    figures.external_bytes = external_bytes_;
    figures.disposed_buffers = ended_[static_cast<std::size_t>(Cause::dispose)];
    figures.finalized_buffers = ended_[static_cast<std::size_t>(Cause::finalized)];
    figures.collected_buffers = ended_[static_cast<std::size_t>(Cause::collected)];
    figures.closed_buffers = ended_[static_cast<std::size_t>(Cause::closed)];
  }
  const FinalizerRegistry::Counts counts = registry_->counts();
  figures.finalizers_alive = counts.alive;
  figures.finalizers_run = counts.run;
  figures.finalizer_errors = counts.errors;
  figures.collections = collections_.load(std::memory_order_relaxed);
  figures.edges = edges_.load(std::memory_order_relaxed);
  return figures;
}

const char* BufferHeap::check_invariants() noexcept {
  if (const char* wrong = registry_->check(); wrong != nullptr) return wrong;
  const Locked graph(graph_lock_);
  const Locked slots(slot_lock_);
  std::uint64_t held = 0;
  std::uint64_t edges = 0;
  std::uint64_t live[3] = {};
  for (std::uint32_t slot = 0; slot < slots_used_; ++slot) {
    const BufferRecord& record = at(slot);
    if (record.heap != this || record.slot != slot) return "a record does not know its slot";
    const std::uint64_t word = record.word.load(std::memory_order_relaxed);
    if ((word & record_word::suspect) != 0) return "a record is suspect outside a collection";
    if (record.told.load(std::memory_order_relaxed) != Told::ended) {
      ++live[static_cast<std::size_t>(record.kind)];
    }
    edges += record.edges.size();
    if (record_word::count(word) == 0) continue;
    ++held;
    for (const BufferRecord* target : record.edges) {
      if (target->heap != this) return "a link leads out of its manager";
      if (record_word::count(target->word.load(std::memory_order_relaxed)) == 0) {
        return "a link leads to a buffer that nobody holds";
      }
    }
  }
  if (held > open_) return "more records are held than slots are taken";
  for (std::size_t kind = 0; kind < 3; ++kind) {
    if (live[kind] != live_[kind]) return "the counts of live buffers are not the numbers of live records";
  }
  if (edges != edges_.load(std::memory_order_relaxed)) return "edges is not the number of links";
  std::uint64_t free = 0;
  for (const BufferRecord* record = free_slots_; record != nullptr; record = record->next) {
    if (record_word::count(record->word.load(std::memory_order_relaxed)) != 0) {
      return "a slot in use stands in the list of free ones";
    }
    ++free;
  }
  if (open_ + free + retired_ != slots_used_) return "slots taken, free and retired are not all slots";
  return nullptr;
}

}  // namespace bufgc
