// The cycle collector, by trial deletion as in CPython's gc: copy each strong count, subtract what
// links and views account for, keep what is still counted and all that it reaches, free the rest.
// It looks only at buffers with links and at what those hold: all others are held by handles, or by
// views that are, and no part of a cycle. (A view without links that no link leads to is held by
// handles; what it holds stays counted.)
//
// Other threads keep running. What makes the verdict right:
//  - Links do not change while it is found (graph lock). A record with links that dies waits for that
//    lock before it lets go of them; so it, and all that links lead to, keeps its place.
//  - Counting a record marks it suspect in the same atomic step. From then on no weak reference to
//    it becomes strong (`try_retain` waits), a suspect that dies is not buried and none is ended
//    explicitly (they wait too); so a view keeps its base.
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
  BufferRecord* candidates = nullptr;  ///< Through `next_candidate`.
  BufferRecord* stack = nullptr;       ///< Through `next_work`.
  CollectReport report;

  [[nodiscard]] static bool is(const BufferRecord* record, Verdict verdict) noexcept {
    return record->verdict.load(std::memory_order_relaxed) == verdict;
  }

  template <class Visit>
  static void for_each_held(const BufferRecord* record, Visit&& visit) {
    for (BufferRecord* held : record->edges) visit(held);
    if (record->root != record) visit(record->root);
  }

  void mark_suspects() noexcept {
    for (BufferRecord* holder = heap.holders_; holder != nullptr; holder = holder->next_holder) {
      mark(holder);
      for (BufferRecord* held : holder->edges) mark(held);
    }
  }

  void mark(BufferRecord* record) noexcept {
    if (!is(record, Verdict::none)) return;
    std::uint64_t word = record->word.load(std::memory_order_relaxed);
    do {
      if (record_word::count(word) == 0 || record_word::generation(word) != record->lifetime()) return;
    } while (!record->word.compare_exchange_weak(word, word | record_word::suspect, std::memory_order_acq_rel,
                                                 std::memory_order_relaxed));
    record->verdict.store(Verdict::candidate, std::memory_order_relaxed);
    record->unexplained = record_word::count(word);
    record->next_candidate = candidates;
    candidates = record;
    ++report.examined;
    // A suspect view keeps its root, and a root is no view.
    if (record->root != record) mark(record->root);
  }

  void explain_counts() noexcept {
    for (BufferRecord* holder = candidates; holder != nullptr; holder = holder->next_candidate) {
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
    for (BufferRecord* record = candidates; record != nullptr; record = record->next_candidate) {
      if (record->unexplained != 0) reach(record);
      reach_all();
    }
  }

  /// What is reachable is no longer suspect and no candidate.
  void acquit_reachable() noexcept {
    for (BufferRecord** link = &candidates; *link != nullptr;) {
      BufferRecord* const record = *link;
      if (is(record, Verdict::candidate)) {
        link = &record->next_candidate;
        continue;
      }
      *link = record->next_candidate;
      record->verdict.store(Verdict::none, std::memory_order_relaxed);
      record->word.fetch_and(~record_word::suspect, std::memory_order_acq_rel);
    }
  }

  /// The second look. `unexplained` is 0 in what is left, so its first count was all links and views.
  void look_again() noexcept {
    for (BufferRecord* holder = candidates; holder != nullptr; holder = holder->next_candidate) {
      for_each_held(holder, [](BufferRecord* held) {
        if (is(held, Verdict::candidate)) ++held->unexplained;
      });
    }
    for (BufferRecord* record = candidates; record != nullptr; record = record->next_candidate) {
      if (!is(record, Verdict::candidate)) continue;
      const std::uint64_t word = record->word.load(std::memory_order_acquire);
      if (record_word::count(word) != record->unexplained) reach(record);
      reach_all();
    }
  }

  /// Clears the weak references to all that is doomed.
  void pass_sentence(DeathRow& doomed) noexcept {
    for (BufferRecord* record = candidates; record != nullptr; record = record->next_candidate) {
      record->verdict.store(Verdict::doomed, std::memory_order_relaxed);
      record->cause = Cause::collected;
      record->word.store(record_word::make(record->lifetime(), 0), std::memory_order_release);
      ++report.buffers;
      if (record->kind == BufferKind::owned) report.bytes += record->size_bytes;
      doomed.push(record);
    }
  }

  void find(DeathRow& doomed) noexcept {
    const Locked verdict(verdict_lock);
    const Locked graph(heap.graph_lock_);
    mark_suspects();
    explain_counts();
    find_reachable();
    acquit_reachable();
    if (candidates == nullptr) return;
    look_again();
    acquit_reachable();
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
