// How lifetimes end. One order for all: weak references are cleared (the word), finalizers run,
// newest first and outside every lock, then what the buffer held is let go, its memory goes back, and
// the observer is told. Nothing recurses along links and nothing allocates, so a chain of a million
// buffers dies on a small stack and at the budget.

#include <utility>

#include "bufgc/buffer/buffer_heap.hpp"

#if !defined(BUFGC_SINGLE_THREADED)
#include <thread>
#endif

namespace bufgc {
namespace {

void pause() noexcept {
#if !defined(BUFGC_SINGLE_THREADED)
  std::this_thread::yield();
#endif
}

/// User code that runs at a death may cause further deaths, on this thread, inside that death. They
/// are carried out at once, but only so deep: below that they join the row of the death around them.
/// (A finalizer that holds the next buffer, whose finalizer holds the next … would else need a stack
/// as long as the chain.)
constexpr int deepest_nesting = 32;
thread_local int nesting = 0;
thread_local DeathRow* row_around = nullptr;

/// User code runs while this stands.
class [[nodiscard]] UserCode {
 public:
  explicit UserCode(DeathRow& row) noexcept : outer_(row_around) {
    row_around = &row;
    ++nesting;
  }
  ~UserCode() {
    --nesting;
    row_around = outer_;
  }
  UserCode(const UserCode&) = delete;
  UserCode& operator=(const UserCode&) = delete;

 private:
  DeathRow* const outer_;
};

}  // namespace

/// The steps of one burial, for a record whose lifetime the calling thread has ended.
struct Burial {
  static void run_finalizers(BufferRecord* record, DeathRow& row) noexcept {
    if (record->newest_finalizer.load(std::memory_order_acquire) == nullptr) return;
    FinalizerRegistry& registry = *record->heap->registry_;
    const UserCode user_code(row);
    // At close those that asked for it have run already; the others are dropped unrun.
    const bool to_run = record->cause != Cause::closed;
    while (const FinalizerRegistry::Callback callback = registry.claim_newest_of(record, to_run)) {
      if (to_run) registry.run(callback);
    }
  }

  static void let_go(BufferRecord* held, DeathRow& row) noexcept {
    const std::uint64_t before = held->word.fetch_sub(record_word::one, std::memory_order_acq_rel);
    if (record_word::count(before) != 1) return;
    if ((before & record_word::suspect) != 0) await_verdict();
    if (record_word::generation(before) != held->generation) {
      held->heap->recycle(held);
      return;
    }
    held->cause = Cause::finalized;
    row.push(held);
  }

  static void release_holds(BufferRecord* record, DeathRow& row) noexcept {
    // What is doomed together goes together; the links inside are not counted down.
    const bool collected = record->cause == Cause::collected;
    const auto let_go_outside = [&row, collected](BufferRecord* held) {
      if (collected && held->verdict.load(std::memory_order_relaxed) == Verdict::doomed) return;
      let_go(held, row);
    };
    if (record->claimed || !record->edges.empty()) {
      // Others may still hold handles of a claimed record and be about to link.
      EdgeList edges;
      {
        const Locked locked(record->heap->graph_lock_);
        edges.swap(record->edges);
        record->heap->edges_.fetch_sub(edges.size(), std::memory_order_relaxed);
      }
      for (BufferRecord* held : edges) let_go_outside(held);
    }
    if (record->kind == BufferKind::view) let_go_outside(record->root);
  }

  static FreedTo give_back(BufferRecord* record, DeathRow& row) noexcept {
    if (record->kind == BufferKind::owned) return record->heap->allocator_.deallocate(record->block);
    if (ReleaseHook* const hook = std::exchange(record->release_hook, nullptr); hook != nullptr) {
      const UserCode user_code(row);
#if defined(__cpp_exceptions)
      try {
        hook->callback(record->data, record->size_bytes);
      } catch (...) {
        record->heap->registry_->report_current_exception();
      }
#else
      hook->callback(record->data, record->size_bytes);
#endif
      delete hook;
    }
    return FreedTo::source;
  }

  /// Counts the end, tells the observer, gives the slot back. The record must not be touched after.
  static void finish(BufferRecord* record, FreedTo freed_to) noexcept {
    BufferHeap& heap = *record->heap;
    const BufferId id = record->id();
    const Cause cause = record->cause;
    const bool claimed = record->claimed;
    BufferObserver* observer = nullptr;
    bool last_out = false;
    for (;;) {
      // The observer may be just now hearing of the birth, on the thread that attached it.
      while (record->told.load(std::memory_order_acquire) == Told::being_told) pause();
      const Locked locked(heap.slot_lock_);
      const Told told = record->told.load(std::memory_order_acquire);
      if (told == Told::being_told) continue;
      record->told.store(Told::ended, std::memory_order_relaxed);
      record->verdict.store(Verdict::none, std::memory_order_relaxed);
      --heap.live_[static_cast<std::size_t>(record->kind)];
      if (record->kind == BufferKind::external) heap.external_bytes_ -= record->size_bytes;
      ++heap.ended_[static_cast<std::size_t>(cause)];
      if (told == Told::yes) observer = heap.observer_;
      if (observer == nullptr && !claimed) last_out = free_and_check(heap, record);
      break;
    }
    if (observer != nullptr) observer->on_free(id, cause, freed_to);
    if (claimed) {
      release(record, cause);
    } else if (observer != nullptr) {
      heap.recycle(record);
    } else if (last_out) {
      heap.last_one_out_(heap.context_);
    }
  }

  [[nodiscard]] static bool free_and_check(BufferHeap& heap, BufferRecord* record) noexcept {
    drop_texts(record);
    heap.free_slot(record);
    return heap.abandoned_ && heap.open_ == 0;
  }

  static void drop_texts(BufferRecord* record) noexcept {
    TextTable::drop(std::exchange(record->label, nullptr));
    TextTable::drop(std::exchange(record->site, nullptr));
  }

  static void bury(DeathRow& row) noexcept {
    while (BufferRecord* const record = row.pop()) {
      run_finalizers(record, row);
      release_holds(record, row);
      finish(record, give_back(record, row));
    }
  }

  static void bury_one(BufferRecord* record) noexcept {
    if (nesting >= deepest_nesting) {
      row_around->push(record);
      return;
    }
    DeathRow row;
    row.push(record);
    bury(row);
  }

  /// Ends the lifetime `generation` explicitly, if it still goes on: weak references are cleared and
  /// one strong reference is taken for the time of the burial. The caller keeps the record from
  /// being born again meanwhile, and holds no lock under which it may not wait for a collector.
  [[nodiscard]] static bool claim(BufferRecord* record, std::uint32_t generation, Cause cause) noexcept {
    std::uint64_t word = record->word.load(std::memory_order_acquire);
    for (;;) {
      if (record_word::generation(word) != generation || record_word::count(word) == 0) return false;
      if ((word & record_word::suspect) != 0) {
        await_verdict();
        word = record->word.load(std::memory_order_acquire);
        continue;
      }
      const std::uint64_t ended = word + record_word::one_generation + record_word::one;
      if (record->word.compare_exchange_weak(word, ended, std::memory_order_acq_rel,
                                             std::memory_order_acquire)) {
        record->cause = cause;
        record->claimed = true;
        return true;
      }
    }
  }

  static void last_reference_went(BufferRecord* record, std::uint64_t word_before, Cause cause) noexcept {
    // A suspect that dies of itself stays as it is until the collector has looked at it.
    if ((word_before & record_word::suspect) != 0) await_verdict();
    if (record_word::generation(word_before) != record->generation) {
      record->heap->recycle(record);  // its lifetime was ended explicitly before
      return;
    }
    record->cause = cause;
    bury_one(record);
  }

  static void close(BufferHeap& heap) noexcept;
};

void last_reference_went(BufferRecord* record, std::uint64_t word_before, Cause cause) noexcept {
  Burial::last_reference_went(record, word_before, cause);
}

void BufferHeap::recycle(BufferRecord* record) noexcept {
  bool last_out = false;
  {
    const Locked locked(slot_lock_);
    last_out = Burial::free_and_check(*this, record);
  }
  if (last_out) last_one_out_(context_);
}

Status BufferHeap::destroy(BufferRecord* record) noexcept {
  if (!record->alive() || !Burial::claim(record, record->generation, Cause::dispose)) {
    return Status::destroyed;
  }
  Burial::bury_one(record);
  return Status::ok;
}

void bury_together(DeathRow& doomed) noexcept {
  DeathRow others;
  for (BufferRecord* record = doomed.first(); record != nullptr; record = record->next) {
    Burial::run_finalizers(record, others);
  }
  for (BufferRecord* record = doomed.first(); record != nullptr; record = record->next) {
    Burial::release_holds(record, others);
  }
  while (BufferRecord* const record = doomed.pop()) {
    Burial::finish(record, Burial::give_back(record, others));
  }
  Burial::bury(others);
}

void Burial::close(BufferHeap& heap) noexcept {
  // What exit finalizers register runs too, but one that registers itself for ever must not hang
  // the close.
  constexpr int most_finalizers_after_the_first = 1 << 16;
  DeathRow side;
  {
    const UserCode user_code(side);
    std::uint64_t left = heap.registry_->counts().alive + most_finalizers_after_the_first;
    while (left-- > 0) {
      const FinalizerRegistry::Callback callback = heap.registry_->claim_newest_at_exit();
      if (callback == nullptr) break;
      heap.registry_->run(callback);
    }
  }
  bury(side);

  std::uint32_t slots = 0;
  {
    const Locked locked(heap.slot_lock_);
    heap.closed_.store(true, std::memory_order_release);
    slots = heap.slots_used_;
  }
  DeathRow row;
  for (std::uint32_t slot = 0; slot < slots; ++slot) {
    BufferRecord* record = nullptr;
    std::uint32_t generation = 0;
    {
      const Locked locked(heap.slot_lock_);
      record = &heap.at(slot);
      generation = record->generation;
    }
    // Nothing is born any more, so the slot's generation stays.
    if (claim(record, generation, Cause::closed)) row.push(record);
  }
  bury(row);
}

void BufferHeap::close() noexcept {
  {
    const Locked locked(slot_lock_);
    if (std::exchange(closing_, true)) return;
  }
  Burial::close(*this);
}

void BufferHeap::abandon() noexcept {
  bool empty = false;
  {
    const Locked locked(slot_lock_);
    abandoned_ = true;
    empty = open_ == 0;
  }
  if (empty) last_one_out_(context_);
}

}  // namespace bufgc
