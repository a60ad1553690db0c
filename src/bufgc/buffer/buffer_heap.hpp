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
#include "bufgc/buffer/release_hook.hpp"
#include "bufgc/buffer/slot_cache.hpp"
#include "bufgc/buffer/statistics.hpp"
#include "bufgc/buffer/text_table.hpp"
#include "bufgc/memory/cpu_allocator.hpp"
#include "bufgc/memory/lock.hpp"
#include "bufgc/status.hpp"

namespace bufgc {

class HeapSection;

/// Records on their way to the grave, first come first served, linked through `RecordTail::next`.
class DeathRow {
 public:
  void push(BufferRecord* record) noexcept {
    record->tail().next = nullptr;
    (last_ == nullptr ? first_ : last_->tail().next) = record;
    last_ = record;
  }
  [[nodiscard]] BufferRecord* pop() noexcept {
    BufferRecord* record = first_;
    if (record != nullptr) {
      first_ = record->tail().next;
      if (first_ == nullptr) last_ = nullptr;
    }
    return record;
  }
  [[nodiscard]] BufferRecord* first() const noexcept { return first_; }

 private:
  BufferRecord* first_ = nullptr;
  BufferRecord* last_ = nullptr;
};

/// Where a collection starts from.
enum class CollectScope : std::uint8_t {
  everything,  ///< That has links.
  candidates,  ///< An automatic one.
};

/// What a collection found dead.
struct Doomed {
  /// The first that is not buried: its node in the link graph; the others through `LinkNode::next`.
  std::uint32_t first = LinkNode::none;
  /// They are those that the graph has as pending, cut off, and stand in no list.
  bool unlisted = false;
  DeathRow with_finalizers;  ///< Those that have some.
  /// The verdict lock is held, and they are suspect still where others might ask for them: the burial
  /// clears the weak references to each.
  bool to_sentence = false;
  /// They hold nothing but one another.
  bool cut_off = false;
  std::uint64_t links = 0;  ///< Of them all together.
  std::uint64_t bytes = 0;  ///< Of those buried, that owned theirs.
};

/// The table of a manager's buffers. Lives until `abandon` was called and its last record is free.
///
/// Births and ends run in a `HeapSection` each, on free slots and counts of their own thread, which ride in
/// the thread's cache of blocks: what is simple takes or gives back a block and a slot in one section.
/// What concerns all slots holds `CachesShut`, which is alone. One heap at a time uses an allocator.
///
/// Locks, in the order in which they may nest: the process's verdict lock (collector.cpp), then
/// `graph_lock_` (links, verdicts), then the allocator's (which guards the table and the common slots too),
/// then the caches' own. The registry's and the text table's nest in none and hold none. User code runs
/// under no lock.
class BufferHeap final : private MoveListener, private RiderKeeper {
 public:
  /// Called when nothing of the heap is in use any more, as the very last thing that it does.
  using LastOneOut = void (*)(void* context);

  /// Holds the heap as a buffer would, for a call that goes on after user code, which may destroy the
  /// manager.
  class [[nodiscard]] Visit {
   public:
    explicit Visit(BufferHeap& heap) noexcept;
    ~Visit();
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

   private:
    BufferHeap& heap_;
  };

  BufferHeap(CpuAllocator& allocator, LastOneOut last_one_out, void* context);
  BufferHeap(const BufferHeap&) = delete;
  BufferHeap& operator=(const BufferHeap&) = delete;
  ~BufferHeap() override;

  // Births: heap_births.cpp.
  [[nodiscard]] Result<CpuBuffer> allocate(const BufferSpec& spec, Site site) noexcept {
    if (spec.shape.rank() == 0 && spec.label.empty() && spec.dtype == DType::uint8) {
      return allocate(spec.size_bytes, site);
    }
    return handle_of(bear_described(spec, site));
  }
  /// The same for bytes without shape or label.
  [[nodiscard]] Result<CpuBuffer> allocate(std::uint64_t size_bytes, Site site) noexcept {
    return handle_of(bear_bytes(size_bytes, site));
  }
  [[nodiscard]] Result<CpuBuffer> external(std::byte* data, const BufferSpec& spec, ReleaseCallback release,
                                           Site site) noexcept;
  [[nodiscard]] static Result<CpuBuffer> view(const BufferRecord* of, const ViewSpec& spec,
                                              Site site) noexcept;
  /// Empty when it is gone; hardened, that is reported as misuse.
  [[nodiscard]] CpuBuffer lock(BufferId id) noexcept;
  void set_sites_enabled(bool enabled) noexcept;

  // heap_moves.cpp
  /// Holds the bytes of a live buffer, or of a view's base, where they are; the caller keeps a strong
  /// reference until `unpin`.
  [[nodiscard]] static bool pin(BufferRecord* record) noexcept;
  static void unpin(BufferRecord* record) noexcept;
  /// Those of a record whose lifetime was ended under them, before it lets go of anything: whose the memory
  /// is next did not ask for them.
  static void drop_pins(BufferRecord* record) noexcept;

  // Turns: heap_turns.cpp. Of a simple buffer that ends, for who takes it over at the next birth of its size.
  [[nodiscard]] std::uint64_t room_for_turns() noexcept;
  static void tell_turn_ended(BufferObserver& observer, BufferRecord& record) noexcept;
  static void tell_turn_begun(BufferObserver& observer, BufferRecord& record) noexcept;
  void count_turns(std::span<const std::uint32_t> by_class, std::uint64_t bytes) noexcept;

  // Links and finalizers.
  static Status link(BufferRecord* holder, BufferRecord* held) noexcept;
  static Status unlink(BufferRecord* holder, BufferRecord* held) noexcept;
  /// Has releases of `record` seen one by one, for a `HoldProbe`, or ends that. The caller holds it.
  static void set_attentive(BufferRecord* record, bool attentive) noexcept;
  /// `invalid_argument` where the callback was seen to hold `owner`.
  [[nodiscard]] static Result<Finalizer> finalize(BufferRecord* owner, Finalizer::Callback callback);
  [[nodiscard]] FinalizerRegistry& finalizers() noexcept { return *registry_; }

  // Ends: of one, teardown.cpp; of all, heap_close.cpp.
  static Status destroy(BufferRecord* record) noexcept;
  std::uint64_t drain() noexcept;
  void close() noexcept;
  [[nodiscard]] bool closed() const noexcept { return closed_.load(std::memory_order_acquire); }
  /// The owner goes, and nobody will drain any more; `last_one_out` follows now or with the last record.
  void abandon() noexcept;

  // collector.cpp
  using CollectCallback = std::function<void(const CollectReport& report)>;
  CollectReport collect(CollectScope scope = CollectScope::everything) noexcept;
  /// As `collect`, but nothing at all, not even callbacks, when there is no link and so no cycle.
  CollectReport collect_if_linked() noexcept {
    return edges_.load(std::memory_order_relaxed) == 0 ? CollectReport{} : collect();
  }
  void set_collect_callbacks(CollectCallback start, CollectCallback stop);
  void set_collect_threshold(std::uint64_t candidates) noexcept;
  [[nodiscard]] std::uint64_t freeze() noexcept;
  void unfreeze() noexcept;

  // heap_observation.cpp
  /// Null detaches. Of those that `observer` knows as alive from before, it hears which have ended;
  /// `known` is in any order afterwards. Then which of them were moved; then live buffers that it was not
  /// told of are told as births, bases first. From one moment on, which lies before both, it hears of every
  /// birth and end itself.
  void set_observer(BufferObserver* observer, std::span<BufferId> known = {}) noexcept;

  [[nodiscard]] BufferStatistics statistics() noexcept;
  /// Null when the table agrees with its counters, else what does not hold. Hardened, leaked edges are
  /// reported.
  [[nodiscard]] const char* check_invariants() noexcept;

 private:
  friend struct Burial;
  friend struct CollectorPass;
  friend class CachesShut;
  friend class HeapSection;

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
  /// A newborn with one strong reference; null when there is no memory, no slot, or the heap is closed.
  struct Birth {
    BufferRecord* record;
    Status status;
  };
  [[nodiscard]] static Result<CpuBuffer> handle_of(Birth birth) noexcept {
    return {CpuBuffer(birth.record), birth.status};
  }
  [[nodiscard]] Birth bear_bytes(std::uint64_t size_bytes, Site site) noexcept;
  /// The same with all that may take longer.
  [[nodiscard, gnu::noinline]] Birth bear_bytes_slowly(std::uint64_t size_bytes, Site site) noexcept;
  /// Bytes with a shape, a type or a label.
  [[nodiscard, gnu::noinline]] Birth bear_described(const BufferSpec& spec, Site site) noexcept;
  /// Around `allocation`, which it gives back on failure; `newborn` says all else.
  [[nodiscard]] Birth bear_around(Allocation allocation, Newborn& newborn) noexcept;
  /// Tells the observer. Nothing of `newborn` is taken over on failure.
  [[nodiscard]] Birth bear(const Newborn& newborn) noexcept;
  /// What a birth writes into a free slot's record besides `begin_life`, of what is more than bytes.
  static void describe(BufferRecord* record, const Newborn& newborn) noexcept;
  /// What every birth writes; what observes is to be told outside the section.
  [[nodiscard]] BufferObserver* begin_life(BufferRecord* record, std::byte* data, std::uint64_t size_bytes,
                                           Block* block, ServedBy served_by) noexcept;
  /// The end of a birth in `cache` that raised a peak.
  [[nodiscard, gnu::noinline]] Birth risen(BlockCache* cache, BufferRecord* record,
                                           BufferObserver* observer) noexcept;
  [[nodiscard, gnu::noinline]] static Birth told(BufferObserver& observer, BufferRecord* record) noexcept;
  /// Gives a slot of which nobody knows any more back. True when the heap goes with it.
  [[nodiscard]] bool free_slot(BufferRecord* record, HeapSection& section) noexcept;
  /// Whether the slot of a dead record is spent.
  [[nodiscard]] static bool retires(const BufferRecord* record) noexcept {
    return record->id().generation >= BufferId::last_generation ||
           record_word::generation(record->word.load(std::memory_order_relaxed)) >=
               record_word::last_generation;
  }
  // Under the allocator's lock:
  [[nodiscard]] BufferRecord* take_slot(SlotCache& slots) noexcept;
  [[nodiscard]] bool refill(SlotCache& slots) noexcept;
  void spill(SlotCache& slots) noexcept;
  [[nodiscard]] bool add_chunk() noexcept;
  [[nodiscard]] Text* site_text(Site site) noexcept;
  [[nodiscard]] CpuBuffer find(BufferId id) noexcept;
  static void tell_birth(BufferObserver& observer, BufferRecord& record) noexcept;
  // collector.cpp
  /// Clears what weak references to the doomed are left, and gives the verdict lock back, so that an
  /// observer can be told.
  void sentence_rest(Doomed& doomed) noexcept;
  /// An automatic one, where there are candidates enough and no callback of a collection or an end is
  /// running.
  void collect_if_due() noexcept;
  /// When the next automatic one is due, after one that looked so often at what it kept. Under graph_lock_.
  void schedule_collection(std::uint64_t looks_in_vain) noexcept;
  // collected_burial.cpp
  /// Ends what a collection doomed. What dies in its wake joins `others`.
  void bury_collected(Doomed& doomed, DeathRow& others) noexcept;
  void release_links_of(const Doomed& doomed, DeathRow& others) noexcept;
  void end_collected(Doomed& doomed, BufferRecord** records, std::size_t count, DeathRow& others) noexcept;
  /// Gives the slots of all of `records` back, of whose ends nobody is to be told any more. Under the
  /// allocator's lock.
  void end_slots(BufferRecord* const* records, std::size_t count) noexcept;

  // heap_close.cpp
  /// Runs deferred finalizers and release callbacks, `most` of them. Returns how many.
  std::uint64_t drain(std::uint64_t most) noexcept;
  /// Those that there are, and what they defer, as far as that ends.
  void drain_all() noexcept;
  void run_at_exit() noexcept;
  /// Every lifetime that goes on, after the last birth.
  void end_all() noexcept;

  // teardown.cpp
  /// Gives the slot of a dead record back, and the heap with it if it was the last.
  void recycle(BufferRecord* record) noexcept;

  /// Slots that live or are still referred to, once caches are retired, and visits. Under the allocator's
  /// lock.
  [[nodiscard]] std::uint64_t open_slots() const noexcept {
    return std::uint64_t{slots_used_} - common_.free_count - retired_ + visits_;
  }
  [[nodiscard]] HeapCounts all_counts() const noexcept;  // with all caches shut
  /// Whether the end of the lifetime `id` is still to be told. With all caches shut.
  [[nodiscard]] bool goes_on(BufferId id) const noexcept;
  /// Of those that `observer` knew, and that stand elsewhere than it believes.
  void tell_missed_moves(BufferObserver& observer, std::span<const BufferId> known) noexcept;
  // slot_cache.cpp
  /// For the calling thread to use under the allocator's lock, and without it from then on.
  [[nodiscard]] SlotCache& slots_of_thread() noexcept;
  /// Moves all to the common ones. Alone with all caches.
  void empty(SlotCache& slots) noexcept;
  void take_back(CacheRider* rider) noexcept override;
  /// Closes the heap for births, and all threads' own slots for good.
  void retire_caches() noexcept;
  void drop_caches() noexcept;
  // heap_misuse.cpp, where the allocator is hardened
  /// Has reports of its block call it by its id, label and site.
  void name_block(const BufferRecord* record) noexcept;
  /// `id` was asked for, and no buffer that lives has it.
  void report_dead_id(BufferId id) noexcept;
  /// Before `record`, which nobody refers to, lets go of its memory: no link may lead to it any more.
  void check_unheld(const BufferRecord* record) noexcept;
  /// Of all that are held less often than links say.
  void report_leaked_edges() noexcept;
  /// `record` had no reference that could have been given back.
  static void report_double_release(const BufferRecord* record) noexcept;
  // heap_moves.cpp, under the allocator's lock
  void on_blocks_moved() noexcept override;

  [[nodiscard]] BufferRecord& at(std::uint32_t slot) const noexcept {  // under the allocator's lock
    return chunks_[slot / RecordChunk::size]->records[slot % RecordChunk::size];
  }

  CpuAllocator& allocator_;
  CpuAllocator::State& memory_;  ///< The same, for `HeapSection`.
  const bool hardened_;          ///< What misuse the heap sees is reported.
  const LastOneOut last_one_out_;
  void* const context_;
  const std::shared_ptr<FinalizerRegistry> registry_;
  TextTable texts_;
  std::atomic<bool> sites_{false};
  std::atomic<bool> closed_{false};

  std::atomic<bool> births_are_plain_{true};        ///< Neither closed nor with sites.
  std::atomic<BufferObserver*> observer_{nullptr};  ///< Changed with all caches shut.

  // Under the allocator's lock:
  RecordChunk** chunks_ = nullptr;
  std::uint32_t chunk_count_ = 0;
  std::uint32_t chunk_room_ = 0;
  std::uint32_t slots_used_ = 0;  ///< Slots from here on were never taken in this heap.
  std::uint64_t retired_ = 0;     ///< Slots whose generations are spent.
  SlotCache common_;              ///< Of whoever has no slots of its own.
  SlotCache* caches_ = nullptr;   ///< Those of threads.
  bool caches_retired_ = false;
  bool closing_ = false;
  bool abandoned_ = false;
  std::uint32_t visits_ = 0;

  Lock graph_lock_;
  LinkGraph graph_;                      ///< Under graph_lock_, as the next three.
  std::uint64_t collect_threshold_ = 0;  ///< 0: no automatic collections.
  std::uint64_t collect_at_ = 0;         ///< With so many candidates the next is due.
  bool full_collection_due_ = false;     ///< The next automatic one cannot go by candidates.
  std::atomic<std::uint64_t> edges_{0};  ///< What `graph_.links()` says. Changed under graph_lock_.
  std::atomic<std::uint64_t> collections_{0};
  Lock callback_lock_;
  std::shared_ptr<const CollectCallback> collect_start_;  ///< Under callback_lock_, as the next.
  std::shared_ptr<const CollectCallback> collect_stop_;
};

}  // namespace bufgc
