// The cycle collector, by trial deletion as in CPython's gc: copy each strong count, subtract what
// links and views account for, keep what is still counted and all that it reaches, free the rest.
//
// Other threads keep running. What makes the verdict right:
//  - Links do not change while it is found (graph lock).
//  - Counting a record marks it suspect in the same atomic step. From then on no weak reference to
//    it becomes strong (`try_retain` waits), a suspect that dies is not buried and none is ended
//    explicitly (they wait too); so records keep their place and their links.
//  - A handle then comes only from a handle of the same buffer or, through `base()` and `view()`,
//    from one of a view of it. A view found without handles can never get one again. So after all
//    were counted once, no more handles flow from doomed views to their bases, and a second look at
//    the count of each doomed buffer, equal to the links and views that hold it, proves that nobody
//    outside does. One that fails the second look is kept, with all it reaches.

#include <chrono>
#include <utility>

#include "bufgc/buffer/buffer_heap.hpp"

namespace bufgc {
namespace {

// Held by the collector that has suspects, whoever's; a thread that met one waits here. One for the
// process, because a stale weak reference may not touch its heap.
constinit Lock verdict_lock;

// Collections on this thread whose start or stop callback is running.
thread_local int inside_callback = 0;

std::uint64_t now_ns() noexcept {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
}

}  // namespace

void await_verdict() noexcept {
  const Locked locked(verdict_lock);
}

/// One search for unreachable cycles. The lists go through the records themselves: collecting is
/// what a program does when memory has run out.
struct CollectorPass {
  explicit CollectorPass(BufferHeap& heap_in) noexcept : heap(heap_in) {}

  BufferHeap& heap;
  BufferRecord* candidates = nullptr;  ///< Through `next`.
  BufferRecord* stack = nullptr;       ///< Through `next_work`.
  CollectReport report;

  [[nodiscard]] static bool is(const BufferRecord* record, Verdict verdict) noexcept {
    return record->verdict.load(std::memory_order_relaxed) == verdict;
  }

  template <class Visit>
  static void for_each_held(const BufferRecord* record, Visit&& visit) {
    for (BufferRecord* held : record->edges) visit(held);
    if (record->kind == BufferKind::view) visit(record->root);
  }

  void mark_suspects() noexcept {
    std::uint32_t slots = 0;
    {
      const Locked locked(heap.slot_lock_);
      slots = heap.slots_used_;
    }
    for (std::uint32_t first = 0; first < slots; first += RecordChunk::size) {
      // No birth and no recycling within a chunk while it is looked at.
      const Locked locked(heap.slot_lock_);
      BufferRecord* const records = heap.chunks_[first / RecordChunk::size]->records;
      for (std::uint32_t i = 0; i < RecordChunk::size && first + i < slots; ++i) mark(records[i]);
    }
  }

  void mark(BufferRecord& record) noexcept {
    std::uint64_t word = record.word.load(std::memory_order_relaxed);
    do {
      if (record_word::count(word) == 0 || record_word::generation(word) != record.generation) return;
    } while (!record.word.compare_exchange_weak(word, word | record_word::suspect, std::memory_order_acq_rel,
                                                std::memory_order_relaxed));
    record.verdict.store(Verdict::candidate, std::memory_order_relaxed);
    record.unexplained = record_word::count(word);
    record.next = candidates;
    candidates = &record;
    ++report.examined;
  }

  void explain_counts() noexcept {
    for (BufferRecord* holder = candidates; holder != nullptr; holder = holder->next) {
      for_each_held(holder, [](BufferRecord* held) {
        if (is(held, Verdict::candidate)) --held->unexplained;
      });
    }
  }

  void reach(BufferRecord* record) noexcept {
    if (!is(record, Verdict::candidate)) return;
    record->verdict.store(Verdict::reachable, std::memory_order_relaxed);
    record->next_work = stack;
    stack = record;
  }

  void reach_all() noexcept {
    while (stack != nullptr) {
      BufferRecord* const record = stack;
      stack = record->next_work;
      for_each_held(record, [this](BufferRecord* held) { reach(held); });
    }
  }

  void find_reachable() noexcept {
    for (BufferRecord* record = candidates; record != nullptr; record = record->next) {
      if (record->unexplained != 0) reach(record);
      reach_all();
    }
  }

  /// The second look. `unexplained` is 0 in what is left, so its first count was all links and views.
  void look_again() noexcept {
    for (BufferRecord* record = candidates; record != nullptr; record = record->next) {
      if (is(record, Verdict::candidate)) record->unexplained = 0;
    }
    for (BufferRecord* holder = candidates; holder != nullptr; holder = holder->next) {
      for_each_held(holder, [](BufferRecord* held) {
        if (is(held, Verdict::candidate)) ++held->unexplained;
      });
    }
    for (BufferRecord* record = candidates; record != nullptr; record = record->next) {
      if (!is(record, Verdict::candidate)) continue;
      const std::uint64_t word = record->word.load(std::memory_order_acquire);
      if (record_word::count(word) != record->unexplained) reach(record);
      reach_all();
    }
  }

  /// Clears the weak references to all that is doomed, frees the others of suspicion.
  void pass_sentence(DeathRow& doomed) noexcept {
    for (BufferRecord* record = std::exchange(candidates, nullptr); record != nullptr;) {
      BufferRecord* const next = record->next;
      if (is(record, Verdict::candidate)) {
        record->verdict.store(Verdict::doomed, std::memory_order_relaxed);
        record->cause = Cause::collected;
        record->word.store(record_word::make(record->generation, 0), std::memory_order_release);
        ++report.buffers;
        if (record->kind == BufferKind::owned) report.bytes += record->size_bytes;
        doomed.push(record);
      } else {
        record->verdict.store(Verdict::none, std::memory_order_relaxed);
        record->word.fetch_and(~record_word::suspect, std::memory_order_acq_rel);
      }
      record = next;
    }
  }

  void find(DeathRow& doomed) noexcept {
    const Locked verdict(verdict_lock);
    const Locked graph(heap.graph_lock_);
    if (heap.edges_.load(std::memory_order_relaxed) == 0) return;  // a cycle has a link
    mark_suspects();
    explain_counts();
    find_reachable();
    look_again();
    pass_sentence(doomed);
  }
};

CollectReport BufferHeap::collect() noexcept {
  const auto call = [this](const std::shared_ptr<const CollectCallback>& kept, const CollectReport& report) {
    std::shared_ptr<const CollectCallback> callback;
    {
      const Locked locked(callback_lock_);
      callback = kept;
    }
    // A collection started by such a callback collects, but calls no callback: that would not end.
    if (callback == nullptr || !*callback || inside_callback > 0) return;
    ++inside_callback;
#if defined(__cpp_exceptions)
    try {
      (*callback)(report);
    } catch (...) {
      registry_->report_current_exception();
    }
#else
    (*callback)(report);
#endif
    --inside_callback;
  };

  const std::uint64_t start_ns = now_ns();
  call(collect_start_, CollectReport{});
  CollectorPass pass(*this);
  DeathRow doomed;
  pass.find(doomed);
  bury_together(doomed);
  collections_.fetch_add(1, std::memory_order_relaxed);
  pass.report.time_ns = now_ns() - start_ns;
  call(collect_stop_, pass.report);
  return pass.report;
}

void BufferHeap::set_collect_callbacks(CollectCallback start, CollectCallback stop) {
  auto kept_start = std::make_shared<const CollectCallback>(std::move(start));
  auto kept_stop = std::make_shared<const CollectCallback>(std::move(stop));
  const Locked locked(callback_lock_);
  collect_start_.swap(kept_start);
  collect_stop_.swap(kept_stop);
}

}  // namespace bufgc
