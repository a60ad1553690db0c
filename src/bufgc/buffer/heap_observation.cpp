#include <utility>

#include "bufgc/buffer/heap_section.hpp"
#include "bufgc/memory/sole_thread.hpp"

namespace bufgc {
namespace {

/// Null when the list is of as many free slots as the cache says; adds them to `free`.
const char* check_free(const SlotCache& cache, std::uint64_t& free) noexcept {
  std::uint32_t count = 0;
  for (const BufferRecord* record = cache.free; record != nullptr; record = record->next_free, ++count) {
    if (record_word::count(record->word.load(std::memory_order_relaxed)) != 0) {
      return "a slot in use stands in a list of free ones";
    }
    if (record->described || record->linked || record->claimed != Claimed::no || record->root != record ||
        record->newest_finalizer.load(std::memory_order_relaxed) != nullptr) {
      return "a free slot tells of the buffer that it was";
    }
  }
  free += count;
  if (count != cache.free_count) return "a list of free slots is not as long as it says";
  return count <= cache.room ? nullptr : "a thread keeps more free slots than it may";
}

}  // namespace

bool BufferHeap::goes_on(BufferId id) const noexcept {
  if (!id.valid() || id.slot >= slots_used_) return false;
  const BufferRecord& record = at(id.slot);
  return record.id() == id && record.told.load(std::memory_order_relaxed) != Told::ended;
}

void BufferHeap::set_observer(BufferObserver* observer, std::span<BufferId> known) noexcept {
  std::uint32_t slots = 0;
  std::size_t missed = 0;
  {
    // From here on births and ends tell by themselves; what was born before is told below. While
    // "being told" stands, an end waits before its last step: the record keeps its facts.
    const CachesShut alone(*this);
    observer_.store(observer, std::memory_order_release);
    if (observer == nullptr) return;
    for (BufferId& id : known) {
      if (!goes_on(id)) std::swap(id, known[missed++]);
    }
    slots = slots_used_;
    for (std::uint32_t slot = 0; slot < slots; ++slot) {
      BufferRecord& record = at(slot);
      const std::uint64_t word = record.word.load(std::memory_order_acquire);
      const bool lives = record_word::count(word) != 0 && record_word::generation(word) == record.lifetime();
      const Told told = record.told.load(std::memory_order_relaxed);
      record.tail().listed = lives && told == Told::no;
      if (record.tail().listed) record.told.store(Told::being_told, std::memory_order_relaxed);
      if (!lives || told != Told::yes) record.tail().believed = nullptr;  // of a lifetime before
    }
  }
  for (const BufferId id : known.first(missed)) observer->on_missed_end(id);
  tell_missed_moves(*observer, known.subspan(missed));
  for (const bool views : {false, true}) {
    for (std::uint32_t slot = 0; slot < slots; ++slot) {
      BufferRecord* record = nullptr;
      {
        const CpuAllocator::State::Section section(memory_);
        record = &at(slot);
      }
      if (!record->tail().listed || (record->kind == BufferKind::view) != views) continue;
      record->tail().listed = false;
      tell_birth(*observer, *record);
    }
  }
}

void BufferHeap::tell_missed_moves(BufferObserver& observer, std::span<const BufferId> known) noexcept {
  const CpuAllocator::State::Section section(memory_);
  for (const BufferId id : known) {
    BufferRecord& record = at(id.slot);
    const std::byte* const from = std::exchange(record.tail().believed, nullptr);
    if (from != nullptr && from != record.data && goes_on(id)) observer.on_move(id, from, record.data);
  }
}

BufferStatistics BufferHeap::statistics() noexcept {
  BufferStatistics figures;
  HeapCounts counts;
  {
    const CachesShut alone(*this);
    counts = all_counts();
  }
  figures.live_buffers = counts.live_owned();
  figures.live_views = counts.live_views;
  figures.external_buffers = counts.live_external;
  figures.external_bytes = counts.external_bytes;
  figures.disposed_buffers = counts.ended[static_cast<std::size_t>(Cause::dispose)];
  figures.finalized_buffers = counts.ended[static_cast<std::size_t>(Cause::finalized)];
  figures.collected_buffers = counts.ended[static_cast<std::size_t>(Cause::collected)];
  figures.closed_buffers = counts.ended[static_cast<std::size_t>(Cause::closed)];
  const FinalizerRegistry::Counts finalizers = registry_->counts();
  figures.finalizers_alive = finalizers.alive;
  figures.finalizers_deferred = finalizers.deferred;
  figures.finalizers_run = finalizers.run;
  figures.finalizer_errors = finalizers.errors;
  figures.collections = collections_.load(std::memory_order_relaxed);
  figures.edges = edges_.load(std::memory_order_relaxed);
  return figures;
}

HeapCounts BufferHeap::all_counts() const noexcept {
  HeapCounts counts = common_.counts;
  for (const SlotCache* cache = caches_; cache != nullptr; cache = cache->next_of_heap)
    counts.add(cache->counts);
  return counts;
}

const char* BufferHeap::check_invariants() noexcept {
  if (hardened_) report_leaked_edges();
  if (const char* wrong = registry_->check(); wrong != nullptr) return wrong;
  const Locked graph(graph_lock_);
  const CachesShut alone(*this);
  const HeapCounts counts = all_counts();
  std::uint64_t held = 0;
  std::uint64_t dying = 0;
  std::uint64_t live[3] = {};
  for (std::uint32_t slot = 0; slot < slots_used_; ++slot) {
    const BufferRecord& record = at(slot);
    if (record.tail().heap != this || record.slot != slot) return "a record does not know its slot";
    const std::uint64_t word = record.word.load(std::memory_order_relaxed);
    if ((word & record_word::suspect) != 0) return "a record is suspect outside a collection";
    if (record.told.load(std::memory_order_relaxed) != Told::ended) {
      ++live[static_cast<std::size_t>(record.kind)];
    }
    if (record_word::count(word) != 0) {
      ++held;
    } else if (record.told.load(std::memory_order_relaxed) != Told::ended) {
      ++dying;
    }
  }
  if (live[static_cast<std::size_t>(BufferKind::owned)] != counts.live_owned() ||
      live[static_cast<std::size_t>(BufferKind::view)] != counts.live_views ||
      live[static_cast<std::size_t>(BufferKind::external)] != counts.live_external) {
    return "the counts of live buffers are not the numbers of live records";
  }
  if (const char* wrong = graph_.check(); wrong != nullptr) return wrong;
  if (graph_.links() != edges_.load(std::memory_order_relaxed)) return "edges is not the number of links";
  std::uint64_t free = 0;
  if (const char* wrong = check_free(common_, free); wrong != nullptr) return wrong;
  for (const SlotCache* cache = caches_; cache != nullptr; cache = cache->next_of_heap) {
    if (const char* wrong = check_free(*cache, free); wrong != nullptr) return wrong;
  }
  const std::uint64_t known = held + dying + free + retired_;
  if (known > slots_used_) return "slots held, free and retired are more than all slots";
  // Another thread may be about to give one back.
  if (known < slots_used_ && is_sole_thread()) return "a slot is lost";
  return nullptr;
}

}  // namespace bufgc
