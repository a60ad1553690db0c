#pragma once

// Private to the buffer room and the manager.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "bufgc/buffer/buffer_observer.hpp"
#include "bufgc/buffer/buffer_record.hpp"
#include "bufgc/buffer/collect_report.hpp"
#include "bufgc/buffer/cpu_buffer.hpp"
#include "bufgc/buffer/finalizer_registry.hpp"
#include "bufgc/buffer/link_graph.hpp"
#include "bufgc/buffer/record_pool.hpp"
#include "bufgc/buffer/slot_cache.hpp"
#include "bufgc/buffer/statistics.hpp"
#include "bufgc/buffer/text_table.hpp"
#include "bufgc/memory/cpu_allocator.hpp"
#include "bufgc/memory/lock.hpp"
#include "bufgc/status.hpp"

namespace bufgc {

class HeapSection;

using ReleaseCallback = std::function<void(std::byte* data, std::uint64_t size_bytes)>;

/// What an external buffer calls at its end.
struct ReleaseHook {
  ReleaseCallback callback;
};

/// Records on their way to the grave, first come first served, linked through `BufferRecord::next`.
class DeathRow {
 public:
  void push(BufferRecord* record) noexcept {
    record->next = nullptr;
    (last_ == nullptr ? first_ : last_->next) = record;
    last_ = record;
  }
  [[nodiscard]] BufferRecord* pop() noexcept {
    BufferRecord* record = first_;
    if (record != nullptr) {
      first_ = record->next;
      if (first_ == nullptr) last_ = nullptr;
    }
    return record;
  }
  [[nodiscard]] BufferRecord* first() const noexcept { return first_; }

 private:
  BufferRecord* first_ = nullptr;
  BufferRecord* last_ = nullptr;
};

/// What a collection found dead.
struct Doomed {
  /// The first that is not buried: its node in the link graph; the others through `LinkNode::next`.
  std::uint32_t first = LinkNode::none;
  DeathRow with_finalizers;  ///< Those that have some.
  /// They are suspect still, and the verdict lock is held: the burial clears the weak references to each.
  bool to_sentence = false;
  std::uint64_t bytes = 0;  ///< Of those buried, that owned theirs.
};

/// The table of a manager's buffers. Lives until `abandon` was called and its last record is free.
///
/// Births and ends run in a `HeapSection` each, on free slots and counts of their own thread. What
/// concerns all slots holds `CachesShut`, which is alone.
///
/// Locks, in the order in which they may nest: the process's verdict lock (collector.cpp), then
/// `graph_lock_` (links, verdicts), then the process's retirement lock (slot_cache.cpp), the allocator's,
/// then `slot_lock_` (the table, the common cache), then the caches' own. The registry's and the text table's
/// nest in none and hold none. User code runs under no lock.
class BufferHeap final : private MoveListener {
 public:
  /// Called when nothing of the heap is in use any more, as the very last thing that it does.
  using LastOneOut = void (*)(void* context);

  BufferHeap(CpuAllocator& allocator, LastOneOut last_one_out, void* context);
  BufferHeap(const BufferHeap&) = delete;
  BufferHeap& operator=(const BufferHeap&) = delete;
  ~BufferHeap() override;

  // Births: heap_births.cpp.
  [[nodiscard]] Result<CpuBuffer> allocate(const BufferSpec& spec, Site site) noexcept;
  /// The same for bytes without shape or label.
  [[nodiscard]] Result<CpuBuffer> allocate(std::uint64_t size_bytes, Site site) noexcept;
  /// The same for bytes with a shape, a type or a label.
  [[nodiscard, gnu::noinline]] Result<CpuBuffer> allocate_described(const BufferSpec& spec,
                                                                    Site site) noexcept;
  [[nodiscard]] Result<CpuBuffer> external(std::byte* data, const BufferSpec& spec, ReleaseCallback release,
                                           Site site) noexcept;
  [[nodiscard]] static Result<CpuBuffer> view(const BufferRecord* of, const ViewSpec& spec,
                                              Site site) noexcept;
  [[nodiscard]] CpuBuffer lock(BufferId id) noexcept;
  void set_sites_enabled(bool enabled) noexcept { sites_.store(enabled, std::memory_order_relaxed); }

  // heap_moves.cpp
  /// Holds the bytes of a live buffer, or of a view's base, where they are; the caller keeps a strong
  /// reference until `unpin`.
  static void pin(BufferRecord* record) noexcept;
  static void unpin(BufferRecord* record) noexcept;

  // Links and finalizers.
  static Status link(BufferRecord* holder, BufferRecord* held) noexcept;
  static Status unlink(BufferRecord* holder, BufferRecord* held) noexcept;
  [[nodiscard]] static Result<Finalizer> finalize(BufferRecord* owner, Finalizer::Callback callback);
  [[nodiscard]] FinalizerRegistry& finalizers() noexcept { return *registry_; }

  // Ends: teardown.cpp.
  static Status destroy(BufferRecord* record) noexcept;
  void close() noexcept;
  [[nodiscard]] bool closed() const noexcept { return closed_.load(std::memory_order_acquire); }
  /// The owner goes; `last_one_out` follows now or with the last record.
  void abandon() noexcept;

  // collector.cpp
  using CollectCallback = std::function<void(const CollectReport& report)>;
  CollectReport collect() noexcept;
  /// As `collect`, but nothing at all, not even callbacks, when there is no link and so no cycle.
  CollectReport collect_if_linked() noexcept {
    return edges_.load(std::memory_order_relaxed) == 0 ? CollectReport{} : collect();
  }
  void set_collect_callbacks(CollectCallback start, CollectCallback stop);

  // heap_observation.cpp
  /// Null detaches. Of those that `observer` knows as alive from before, it hears which have ended;
  /// `known` is in any order afterwards. Then live buffers that it was not told of are told as births,
  /// bases first. From one moment on, which lies before both, it hears of every birth and end itself.
  void set_observer(BufferObserver* observer, std::span<BufferId> known = {}) noexcept;

  [[nodiscard]] BufferStatistics statistics() noexcept;
  /// Null when the table agrees with its counters, else what does not hold.
  [[nodiscard]] const char* check_invariants() noexcept;

 private:
  friend struct Burial;
  friend struct CollectorPass;
  friend struct SlotCacheReaper;
  friend class CachesShut;
  friend class HeapSection;

  /// Ids stay below 2^53, so that JavaScript and JSON readers can hold them as numbers.
  static constexpr std::uint32_t last_id_generation = (1U << 21U) - 1;

  /// Everything that a birth writes; the heap fills slot and generations.
  struct Newborn {
    BufferKind kind = BufferKind::owned;
    std::byte* data = nullptr;
    std::uint64_t size_bytes = 0;
    Block* block = nullptr;
    ServedBy served_by = ServedBy::source;
    BufferRecord* root = nullptr;
    std::uint32_t root_generation = 0;
    ReleaseHook* release_hook = nullptr;
    DType dtype = DType::uint8;
    const Shape* shape = nullptr;  ///< Null for none.
    Text* label = nullptr;
    Text* site = nullptr;
  };
  /// The newborn with one strong reference, told to the observer; null with `why` when there is no
  /// slot or the heap is closed. Nothing of `newborn` is then taken over.
  [[nodiscard]] BufferRecord* bear(const Newborn& newborn, Status& why) noexcept;
  /// Writes all that a birth writes into a free slot's record; what observes is to be told outside the
  /// section.
  [[nodiscard]] BufferObserver* write_birth(BufferRecord* record, const Newborn& newborn,
                                            HeapCounts& counts) noexcept;
  /// A buffer of bytes around `allocation`, with all that may take longer; gives it back on failure.
  [[nodiscard, gnu::noinline]] Result<CpuBuffer> bear_around(Allocation allocation, std::uint64_t size_bytes,
                                                             Site site) noexcept;
  /// Gives a slot of which nobody knows any more back. True when the heap goes with it.
  [[nodiscard]] bool free_slot(BufferRecord* record, HeapSection& section) noexcept;
  /// Whether the slot of a dead record is spent.
  [[nodiscard]] static bool retires(const BufferRecord* record) noexcept {
    return record->id().generation >= last_id_generation ||
           record_word::generation(record->word.load(std::memory_order_relaxed)) >=
               record_word::last_generation;
  }
  // Under slot_lock_:
  [[nodiscard]] BufferRecord* take_slot(SlotCache& cache) noexcept;
  [[nodiscard]] bool refill(SlotCache& cache) noexcept;
  void spill(SlotCache& cache) noexcept;
  [[nodiscard]] bool add_chunk() noexcept;
  [[nodiscard]] Text* site_text(Site site) noexcept;
  static void tell_birth(BufferObserver& observer, BufferRecord& record) noexcept;
  // collector.cpp
  /// Clears what weak references to the doomed are left, and gives the verdict lock back, so that an
  /// observer can be told.
  void sentence_rest(Doomed& doomed) noexcept;
  // collected_burial.cpp
  /// Ends what a collection doomed. What dies in its wake joins `others`.
  void bury_collected(Doomed& doomed, DeathRow& others) noexcept;
  void release_links_of(const Doomed& doomed, DeathRow& others) noexcept;
  void end_collected(Doomed& doomed, BufferRecord** records, std::size_t count, DeathRow& others) noexcept;
  void end_slot(BufferRecord* record) noexcept;  // under slot_lock_

  /// Gives the slot of a dead record back, and the heap with it if it was the last.
  void recycle(BufferRecord* record) noexcept;

  /// Slots that live or are still referred to, once caches are retired. Under slot_lock_.
  [[nodiscard]] std::uint64_t open_slots() const noexcept {
    return std::uint64_t{slots_used_} - common_.free_count - retired_;
  }
  [[nodiscard]] HeapCounts all_counts() const noexcept;  // with all caches shut
  /// Whether the end of the lifetime `id` is still to be told. With all caches shut.
  [[nodiscard]] bool goes_on(BufferId id) const noexcept;
  // slot_cache.cpp
  /// The cache for the calling thread to use under slot_lock_, and without it from then on.
  [[nodiscard]] SlotCache* cache_of_thread() noexcept;
  /// Moves what a thread's cache has to the common one. Alone with the cache, under slot_lock_.
  void take_back(SlotCache* cache) noexcept;
  /// Closes the heap for births, and to all threads' own caches for good.
  void retire_caches() noexcept;
  // heap_moves.cpp, under the allocator's lock
  void on_blocks_moved() noexcept override;

  [[nodiscard]] BufferRecord& at(std::uint32_t slot) const noexcept {  // under slot_lock_
    return chunks_[slot / RecordChunk::size]->records[slot % RecordChunk::size];
  }

  CpuAllocator& allocator_;
  const LastOneOut last_one_out_;
  void* const context_;
  const std::shared_ptr<FinalizerRegistry> registry_;
  TextTable texts_;
  std::atomic<bool> sites_{false};
  std::atomic<bool> closed_{false};

  const std::size_t cache_place_;                   ///< Of its caches in each thread's table.
  std::atomic<BufferObserver*> observer_{nullptr};  ///< Changed with all caches shut.

  Lock slot_lock_;
  // Under slot_lock_:
  RecordChunk** chunks_ = nullptr;
  std::uint32_t chunk_count_ = 0;
  std::uint32_t chunk_room_ = 0;
  std::uint32_t slots_used_ = 0;  ///< Slots from here on were never taken in this heap.
  std::uint64_t retired_ = 0;     ///< Slots whose generations are spent.
  SlotCache common_;              ///< Of whoever has no cache of its own.
  SlotCache* caches_ = nullptr;   ///< Those of threads.
  bool caches_retired_ = false;
  bool closing_ = false;
  bool abandoned_ = false;

  Lock graph_lock_;
  LinkGraph graph_;                      ///< Under graph_lock_.
  std::atomic<std::uint64_t> edges_{0};  ///< What `graph_.links()` says. Changed under graph_lock_.
  std::atomic<std::uint64_t> collections_{0};
  Lock callback_lock_;
  std::shared_ptr<const CollectCallback> collect_start_;  ///< Under callback_lock_, as the next.
  std::shared_ptr<const CollectCallback> collect_stop_;
};

}  // namespace bufgc
