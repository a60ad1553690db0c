// How lifetimes end. One order for all: weak references are cleared (the word), finalizers run,
// newest first and outside every lock, then what the buffer held is let go, its memory goes back, and
// the observer is told. Nothing recurses along links and nothing allocates, so a chain of a million
// buffers dies on a small stack and at the budget.

#include "bufgc/buffer/teardown.hpp"

#include <array>
#include <utility>

#include "bufgc/buffer/heap_section.hpp"
#include "bufgc/buffer/hold_probe.hpp"
#include "bufgc/buffer/offered.hpp"
#include "bufgc/buffer/user_code.hpp"

#if !defined(BUFGC_SINGLE_THREADED)
#include <thread>
#endif

namespace bufgc {
namespace {

/// Links are taken out of the graph under its lock, and let go outside it: so many at a time.
constexpr std::size_t links_at_once = 32;

}  // namespace

/// The steps of one burial, for a record whose lifetime the calling thread has ended.
struct Burial {
  static void run_finalizers(BufferRecord* record, DeathRow& row) noexcept {
    if (record->newest_finalizer.load(std::memory_order_acquire) == nullptr) return;
    FinalizerRegistry& registry = *record->tail().heap->registry_;
    if (defers_user_code() && registry.defer(record)) return;
    const UserCode user_code(row);
    // At close those that asked for it have run already; the others are dropped unrun.
    const bool to_run = record->cause != Cause::closed;
    while (const FinalizerRegistry::Callback callback = registry.claim_newest_of(record, to_run)) {
      if (to_run) registry.run(callback);
    }
  }

  static void let_go(BufferRecord* held, std::uint32_t times, DeathRow& row) noexcept {
    std::uint64_t before = held->word.fetch_sub(record_word::one * times, std::memory_order_acq_rel);
    if (record_word::count(before) != times && !note(held, before)) return;
    if ((before & record_word::suspect) != 0) await_verdict();
    if (record_word::generation(before) != held->lifetime()) {
      held->tail().heap->recycle(held);
      return;
    }
    held->cause = Cause::finalized;
    row.push(held);
  }
  static void let_go(const LooseLinks* links, std::size_t count, DeathRow& row) noexcept {
    for (std::size_t i = 0; i < count; ++i) let_go(links[i].held, links[i].times, row);
  }

  /// One or more references to `record` went, and others did not: what is watched becomes a candidate of the
  /// next automatic collection. `word` is what the record's was before. True when the last one went in the
  /// course of that; `word` then is what it was before that.
  ///
  /// Whoever lets go first cannot know whether the record, or its heap, is there a moment later. So it takes
  /// a reference again, if that lifetime goes on, and lets go of it when the record is noted. A collection
  /// that took the candidate in between has seen that reference, and the record watched again tells so.
  [[nodiscard]] static bool note(BufferRecord* record, std::uint64_t& word,
                                 bool may_collect = false) noexcept {
    bool noted = true;
    while (offers_automatic_collection && noted && (word & record_word::watched) != 0) {
      const std::uint32_t generation = record_word::generation(word);
      if (generation != record->lifetime() || !try_retain(record, generation)) return false;
      BufferHeap& heap = *record->tail().heap;
      if (std::exchange(may_collect, false)) heap.collect_if_due();
      {
        const Locked locked(heap.graph_lock_);
        noted = record->own_life() && heap.graph_.note(record);
      }
      word = record->word.fetch_sub(record_word::one, std::memory_order_acq_rel);
      if (record_word::count(word) == 1) return true;
    }
    return false;
  }

  static void release_holds(BufferRecord* record, DeathRow& row) noexcept {
    if (record->claimed == Claimed::shared) BufferHeap::drop_pins(record);
    // Others may still hold handles of a record that one of them claimed, and be about to link.
    if (record->claimed == Claimed::shared || record->linked) release_links(record, row);
    if (record->kind == BufferKind::view) let_go(record->root, 1, row);
  }
  static void release_links(const BufferRecord* record, DeathRow& row) noexcept {
    BufferHeap& heap = *record->tail().heap;
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): filled as far as it is read.
    std::array<LooseLinks, links_at_once> loose;
    std::size_t count = 0;
    do {
      {
        const Locked locked(heap.graph_lock_);
        count = heap.graph_.take_links(record, loose.data(), loose.size());
        heap.edges_.store(heap.graph_.links(), std::memory_order_relaxed);
      }
      let_go(loose.data(), count, row);
    } while (count == loose.size());
  }

  static FreedTo give_back(BufferRecord* record, DeathRow& row) noexcept {
    record->tail().heap->check_unheld(record);
    if (record->kind == BufferKind::owned) return record->tail().heap->allocator_.deallocate(record->block);
    if (ReleaseHook* const hook = std::exchange(record->details().release_hook, nullptr); hook != nullptr) {
      FinalizerRegistry& registry = *record->tail().heap->registry_;
      if (defers_user_code() && registry.defer(hook, record->data, record->tail().size_bytes)) {
        return FreedTo::source;
      }
      const UserCode user_code(row);
      registry.run(hook, record->data, record->tail().size_bytes);
    }
    return FreedTo::source;
  }

  /// Tells the observer, unless it was `observed` already, counts the end, gives the slot back. The record
  /// must not be touched after.
  [[gnu::noinline]] static void finish(BufferRecord* record, FreedTo freed_to,
                                       bool observed = false) noexcept {
    BufferHeap& heap = *record->tail().heap;
    const Cause cause = record->cause;
    const bool claimed = record->claimed != Claimed::no;
    bool last_out = false;
    for (;;) {
      // An observer may be just now hearing of the birth, on the thread that attached it.
      const Told told = record->told.load(std::memory_order_acquire);
      if (told == Told::being_told) {
        pause();
        continue;
      }
      if (told == Told::yes && !observed) {
        BufferObserver* const observer = heap.observer_.load(std::memory_order_acquire);
        if (observer != nullptr) observer->on_free(record->id(), cause, freed_to);
        observed = observer != nullptr;
      }
      HeapSection section(heap);
      // Attached only now: it is told first.
      if (!observed && heap.observer_.load(std::memory_order_relaxed) != nullptr) {
        const Told now = record->told.load(std::memory_order_acquire);
        if (now == Told::being_told || now == Told::yes) continue;
      }
      record->told.store(Told::ended, std::memory_order_relaxed);
      section.slots().counts.on_end(*record, cause);
      if (!claimed) {
        drop_texts(record);
        last_out = heap.free_slot(record, section);
      }
      break;
    }
    if (claimed) {
      release(record, cause);
    } else if (last_out) {
      heap.last_one_out_(heap.context_);
    }
  }
  /// The same, in the section in which its memory went back, for a simple record without texts of which no
  /// observer knows, or one that was `observed`, and whose slot `slots` takes. False, and nothing was done,
  /// where it is not so.
  [[nodiscard, gnu::always_inline]] static bool finish_at_once(BufferRecord* record, Cause cause,
                                                               SlotCache& slots, bool observed) noexcept {
    const bool to_tell = !observed && record->told.load(std::memory_order_acquire) != Told::no;
    if (to_tell || slots.free_count >= slots.room || BufferHeap::retires(record)) [[unlikely]]
      return false;
    if (record->described && (record->details().label != nullptr || record->details().site != nullptr))
      return false;
    record->told.store(Told::ended, std::memory_order_relaxed);
    record->forget_description();
    ++slots.counts.ended[static_cast<std::size_t>(cause)];
    slots.push(record);
    return true;
  }

  /// The end of a simple record whose memory went back, which an observer may have been told of.
  [[gnu::noinline]] static void tell_and_finish(BufferRecord* record, FreedTo freed_to) noexcept {
    BufferHeap& heap = *record->tail().heap;
    BufferObserver* const observer = record->told.load(std::memory_order_acquire) == Told::yes
                                         ? heap.observer_.load(std::memory_order_acquire)
                                         : nullptr;
    if (observer != nullptr) {
      const Cause cause = record->cause;
      observer->on_free(record->id(), cause, freed_to);
      if (BlockCache* const cache = heap.memory_.enter_at_once(); cache != nullptr) {
        auto* const slots = static_cast<SlotCache*>(cache->rider);
        const bool finished = slots != nullptr && finish_at_once(record, cause, *slots, true);
        CpuAllocator::State::leave(cache);
        if (finished) return;
      }
    }
    finish(record, freed_to, observer != nullptr);
  }

  static void drop_texts(const BufferRecord* record) noexcept {
    TextTable::drop(record->details().label);
    TextTable::drop(record->details().site);
  }

  /// Whether the end of `record`, not claimed, runs no user code and lets nothing go but the memory.
  [[nodiscard]] static bool is_simple(const BufferRecord* record) noexcept {
    return record->kind == BufferKind::owned && !record->linked &&
           record->newest_finalizer.load(std::memory_order_acquire) == nullptr;
  }

  static void bury(DeathRow& row) noexcept {
    while (BufferRecord* const record = row.pop()) {
      run_finalizers(record, row);
      release_holds(record, row);
      finish(record, give_back(record, row));
    }
  }

  [[gnu::noinline]] static void bury_one(BufferRecord* record) noexcept {
    if (DeathRow* const around = row_to_join(); around != nullptr) {
      around->push(record);
      return;
    }
    DeathRow row;
    row.push(record);
    bury(row);
  }

  /// As the free one.
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
        const bool sole = cause == Cause::dispose && record_word::count(word) == 1;
        record->claimed = sole ? Claimed::sole : Claimed::shared;
        return true;
      }
    }
  }

  // What is rare goes its way by calls at the very end, so that the common end keeps nothing across one.
  [[gnu::always_inline]] static void reference_went(BufferRecord* record, std::uint64_t word_before,
                                                    Cause cause) noexcept {
    if (static_cast<std::uint32_t>(word_before) != record_word::one) [[unlikely]] {
      attentive_reference_went(record, word_before, cause);
      return;
    }
    if (record_word::generation(word_before) != record->lifetime()) [[unlikely]] {
      record->tail().heap->recycle(record);  // its lifetime was ended explicitly before
      return;
    }
    record->cause = cause;
    if (!is_simple(record)) [[unlikely]] {
      bury_one(record);
      return;
    }
#if !defined(BUFGC_CHECK_INVARIANTS)
    if (BlockCache* const cache = record->tail().heap->memory_.enter_at_once(); cache != nullptr) [[likely]] {
      auto* const slots = static_cast<SlotCache*>(cache->rider);
      const bool kept = cache->take_back(static_cast<Range*>(record->block));
      const bool finished = kept && slots != nullptr && finish_at_once(record, cause, *slots, false);
      CpuAllocator::State::leave(cache);
      if (finished) [[likely]]
        return;
      if (kept) {
        tell_and_finish(record, FreedTo::cache);
        return;
      }
    }
#endif
    finish_simple(record);
  }
  [[gnu::noinline]] static void attentive_reference_went(BufferRecord* record, std::uint64_t word_before,
                                                         Cause cause) noexcept {
    if (record_word::count(word_before) == 0) return released_too_often(record);
    HoldProbe::see(record);
    if (record_word::count(word_before) != 1 && !note(record, word_before, true)) return;
    // A suspect that dies of itself stays as it is until the collector has looked at it.
    if ((word_before & record_word::suspect) != 0) await_verdict();
    reference_went(record, record_word::make(record_word::generation(word_before), 1), cause);
  }
  /// Nobody held it: the reference is put back. (What has been born in its slot since is not told from it.)
  [[gnu::noinline]] static void released_too_often(BufferRecord* record) noexcept {
    record->word.fetch_add(record_word::one, std::memory_order_relaxed);
    BufferHeap::report_double_release(record);
  }
  [[gnu::noinline]] static void finish_simple(BufferRecord* record) noexcept {
    record->tail().heap->check_unheld(record);
    tell_and_finish(record, record->tail().heap->allocator_.deallocate(record->block));
  }
};

void run_finalizers(BufferRecord* record, DeathRow& row) noexcept {
  Burial::run_finalizers(record, row);
}

void let_go(const LooseLinks* links, std::size_t count, DeathRow& row) noexcept {
  Burial::let_go(links, count, row);
}

FreedTo give_back(BufferRecord* record, DeathRow& row) noexcept {
  return Burial::give_back(record, row);
}

void pause() noexcept {
#if !defined(BUFGC_SINGLE_THREADED)
  std::this_thread::yield();
#endif
}

void bury(DeathRow& row) noexcept {
  Burial::bury(row);
}

bool claim(BufferRecord* record, std::uint32_t generation, Cause cause) noexcept {
  return Burial::claim(record, generation, cause);
}

void reference_went(BufferRecord* record, std::uint64_t word_before, Cause cause) noexcept {
  Burial::reference_went(record, word_before, cause);
}

void BufferHeap::recycle(BufferRecord* record) noexcept {
  bool last_out = false;
  {
    HeapSection section(*this);
    Burial::drop_texts(record);
    last_out = free_slot(record, section);
  }
  if (last_out) last_one_out_(context_);
}

Status BufferHeap::destroy(BufferRecord* record) noexcept {
  if (!record->alive() || !Burial::claim(record, record->lifetime(), Cause::dispose)) {
    return Status::destroyed;
  }
  Burial::bury_one(record);
  return Status::ok;
}

}  // namespace bufgc
