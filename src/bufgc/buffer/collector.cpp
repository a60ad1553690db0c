// The cycle collector, by comparing counts as CPython's gc does: what is counted more often than links
// and views account for is held from outside; keep that and all that it reaches, free the rest. The
// link graph keeps account of links and views as they come and go, so one look at each count tells
// what is held from outside, and where that is everything, a collection ends there.
// It looks only at buffers with links and at what those hold: all others are held by handles, or by
// views that are, and no part of a cycle. (A view without links that no link leads to is held by
// handles; what it holds stays unaccounted for.)
//
// Other threads keep running. What makes the verdict right:
//  - Links do not change while it is found (graph lock). A record with links that dies waits for that
//    lock before it lets go of them; so it, and all that links lead to, keeps its place. So does the
//    root of a view with a node: an end of that view waits too.
//  - Counts change meanwhile. The first look needs no atomic step, because it decides only for life: a
//    buffer that nobody held then and somebody holds now has been held by a weak reference made strong,
//    or by a base of a view; the looks that follow find those.
//  - What the first look leaves is made suspect, each in the same atomic step as its count is looked at
//    again. From then on no weak reference to it becomes strong (`try_retain` waits), a suspect that dies
//    is not buried and none is ended explicitly (they wait too).
//  - A handle then comes only from a handle of the same buffer or, through `base()` and `view()`,
//    from one of a view of it. A view found without handles can never get one again. So after all
//    were suspect once, no more handles flow from doomed views to their bases, and, where there are
//    such views, one more look at the count of each doomed buffer, equal to the links and views that
//    hold it, proves that nobody outside does. One that fails a look is kept, with all it reaches.
// An automatic collection looks at less: at the candidates, which are what was let go of since while links
// or views still held it (the possible roots of Bacon and Rajan, "Concurrent Cycle Collection in Reference
// Counted Systems", 2001), and from those that nothing else holds at what they reach, as far as nothing
// else holds that. Among these it subtracts the links from one to another, as CPython does among all: what
// is held more often is held from elsewhere. What is garbage became so by such a letting go, of itself or of
// what led to it, and that is dead with it, or died before and let go of it in turn; so nothing is missed.
// The verdict then is found in the same way.
// Where the process has but one thread, counts do not change meanwhile: the first look decides, and no
// record is made suspect. Before anything foreign is called that might start a thread, all are sentenced.

#include <algorithm>
#include <chrono>
#include <utility>

#include "bufgc/buffer/offered.hpp"
#include "bufgc/buffer/teardown.hpp"
#include "bufgc/buffer/user_code.hpp"
#include "bufgc/memory/sole_thread.hpp"

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

/// One search for unreachable cycles. Its lists go through the nodes of the graph: collecting is what a
/// program does when memory has run out.
struct CollectorPass {
  explicit CollectorPass(BufferHeap& heap_in) noexcept : heap(heap_in), graph(heap_in.graph_) {}

  BufferHeap& heap;
  LinkGraph& graph;
  CollectScope scope = CollectScope::everything;
  const bool sole_thread = is_sole_thread();
  std::uint64_t pending = 0;             ///< Nodes that are.
  std::int64_t balance = 0;              ///< Of those together: 0 when they hold nothing but one another.
  std::uint64_t links = 0;               ///< From those.
  bool views_pending = false;            ///< Whether a view was ever among them.
  bool quiet = true;                     ///< No user code runs when these end.
  bool suspects = false;                 ///< Whether those are suspect.
  std::uint32_t stack = LinkNode::none;  ///< Through `LinkNode::next`.
  CollectReport report;

  [[nodiscard]] bool is_full() const noexcept {
    return !offers_automatic_collection || scope == CollectScope::everything;
  }
  [[nodiscard]] static bool goes_on(const BufferRecord* record, std::uint64_t word) noexcept {
    return record_word::count(word) != 0 && record_word::generation(word) == record->lifetime();
  }
  /// Alive, and held by nothing that the graph does not know.
  [[nodiscard]] static bool held_inside(const LinkNode& node, std::uint64_t word) noexcept {
    return record_word::count(word) == node.held_by && goes_on(node.record, word);
  }

  void look() noexcept {
    graph.choose_pending([this](const LinkNode& node) {
      const std::uint64_t word = node.record->word.load(std::memory_order_acquire);
      if (!goes_on(node.record, word)) return false;  // dies, or died; what it holds has not been let go yet
      ++report.examined;
      if (record_word::count(word) != node.held_by) return false;
      count_pending(node);
      return true;
    });
  }
  void count_pending(const LinkNode& node) noexcept {
    ++pending;
    links += node.edges.size();
    balance += node.balance();
    views_pending = views_pending || node.root != LinkNode::none;
    if (sole_thread) see_callbacks_of(*node.record);
  }

  /// Makes pending what the candidates reach, and keeps what is held from elsewhere. While it looks, a
  /// pending node's `held_by` leaves out the pending that were followed already.
  void look_from_candidates() noexcept {
    graph.take_candidates([this](const LinkNode& node, std::uint32_t index, std::uint64_t word) {
      ++report.candidates;
      make_pending_if_held_inside(node, index, word);
    });
    while (stack != LinkNode::none) {
      const LinkNode& node = graph.at(stack);
      stack = node.next;
      each_hold(node, [this](std::uint32_t target, std::uint32_t times) {
        LinkNode& held = graph.at(target);
        if (!graph.is_pending(target)) {
          make_pending_if_held_inside(held, target, held.record->word.load(std::memory_order_acquire));
        }
        if (graph.is_pending(target)) held.held_by -= times;
      });
    }
    std::uint32_t held_elsewhere = LinkNode::none;  // through `LinkNode::next`
    graph.each_pending([&](LinkNode& node, std::uint32_t index) {
      if (node.held_by == 0) return;
      node.next = held_elsewhere;
      held_elsewhere = index;
    });
    graph.each_pending([this](const LinkNode& node, std::uint32_t) {
      each_hold(node, [this](std::uint32_t target, std::uint32_t times) {
        if (graph.is_pending(target)) graph.at(target).held_by += times;
      });
    });
    graph.each_pending([this](const LinkNode& node, std::uint32_t) { count_pending(node); });
    while (held_elsewhere != LinkNode::none) {
      const std::uint32_t index = held_elsewhere;
      held_elsewhere = graph.at(index).next;
      keep(graph.at(index), index);
    }
    follow_stack();
  }
  void make_pending_if_held_inside(const LinkNode& node, std::uint32_t index, std::uint64_t word) noexcept {
    if (graph.is_frozen(index)) return;
    ++report.examined;
    if (!held_inside(node, word)) return;
    graph.make_pending(index);
    graph.at(index).next = stack;
    stack = index;
  }
  /// Calls `visit(target, times)` for all that `node` holds.
  template <class Visit>
  static void each_hold(const LinkNode& node, Visit&& visit) noexcept {
    node.edges.each(visit);
    if (node.root != LinkNode::none) visit(node.root, 1U);
  }

  /// As one of the dead that `record` will be: at the look that decides it, or may.
  void see_callbacks_of(const BufferRecord& record) noexcept {
    quiet = quiet && record.kind != BufferKind::external &&
            record.newest_finalizer.load(std::memory_order_relaxed) == nullptr;
  }

  void reach(std::uint32_t index) noexcept {
    if (graph.is_pending(index)) keep(graph.at(index), index);
  }

  void keep(LinkNode& node, std::uint32_t index) noexcept {
    if (may_have_threads && suspects) {
      const std::uint64_t attentive = graph.is_watched(index) ? 0 : record_word::attentive;
      node.record->word.fetch_and(~(record_word::suspect | attentive), std::memory_order_acq_rel);
    }
    graph.clear_pending(index);
    --pending;
    links -= node.edges.size();
    balance -= node.balance();
    node.next = stack;
    stack = index;
  }

  /// Keeps all that `node` holds.
  void follow(const LinkNode& node) noexcept {
    each_hold(node, [this](std::uint32_t target, std::uint32_t) { reach(target); });
  }

  /// Keeps all that the nodes on the stack reach.
  void follow_stack() noexcept {
    while (stack != LinkNode::none) {
      const LinkNode& node = graph.at(stack);
      stack = node.next;
      follow(node);
    }
  }

  void find_reachable() noexcept {
    if (pending == 0 || pending == graph.nodes()) return;
    graph.each([this](const LinkNode& node, std::uint32_t index) {
      if (graph.is_pending(index) || node.mark == Mark::cut_off) return true;
      follow(node);
      follow_stack();
      return pending != 0;
    });
  }

  /// The second look makes suspect what still nobody outside holds.
  void make_suspect() noexcept {
    graph.each_pending([&](LinkNode& node, std::uint32_t index) {
      std::uint64_t word = node.record->word.load(std::memory_order_acquire);
      while (held_inside(node, word)) {
        if (node.record->word.compare_exchange_weak(word,
                                                    word | record_word::attentive | record_word::suspect,
                                                    std::memory_order_acq_rel, std::memory_order_acquire)) {
          see_callbacks_of(*node.record);
          return;
        }
      }
      keep(node, index);
    });
    suspects = true;
    follow_stack();
  }

  /// The third look, once all were suspect.
  void look_again() noexcept {
    if (!views_pending) return;
    graph.each_pending([this](LinkNode& node, std::uint32_t index) {
      const std::uint64_t word = node.record->word.load(std::memory_order_acquire);
      if (record_word::count(word) != node.held_by) keep(node, index);
    });
    follow_stack();
  }

  /// Clears the weak references to all that is doomed. Where nothing can tell the difference, that is
  /// left to the burial, which has each record at hand anyway, and keeps the verdict lock for it.
  void pass_sentence(Doomed& doomed) noexcept {
    report.buffers = pending;
    // Among several threads a view's handle may have led to a finalizer of its base after that was looked at.
    doomed.to_sentence =
        quiet && (sole_thread || !views_pending) && heap.observer_.load(std::memory_order_acquire) == nullptr;
    // All that holds one of the doomed is doomed.
    doomed.cut_off = balance == 0;
    doomed.links = links;
    if (doomed.to_sentence && doomed.cut_off && is_full()) {
      // Nobody else comes to their nodes until they are buried, or `sentence_rest` comes.
      doomed.unlisted = true;
      graph.cut_off_pending();
      return;
    }
    if (!doomed.to_sentence) {
      graph.each_pending([&](const LinkNode& node, std::uint32_t) {
        sentence(node.record);
        if (node.record->newest_finalizer.load(std::memory_order_relaxed) == nullptr) return;
        doomed.with_finalizers.push(node.record);
      });
    }
    doomed.first = graph.list_pending(doomed.cut_off ? Mark::cut_off : Mark::doomed);
  }

  /// With the verdict lock held.
  void find(Doomed& doomed) noexcept {
    const Locked locked(heap.graph_lock_);
    if (heap.full_collection_due_) scope = CollectScope::everything;
    if (is_full()) {
      heap.full_collection_due_ = false;
      graph.take_candidates([this](const LinkNode&, std::uint32_t, std::uint64_t) { ++report.candidates; });
      look();
      find_reachable();
    } else {
      look_from_candidates();
    }
    if (may_have_threads && !sole_thread) {
      make_suspect();
      look_again();
    }
    heap.schedule_collection(report.automatic ? report.examined - pending : 0);
    pass_sentence(doomed);
  }
};

void BufferHeap::sentence_rest(Doomed& doomed) noexcept {
  {
    const Locked locked(graph_lock_);
    if (std::exchange(doomed.unlisted, false)) {
      doomed.first = graph_.list_pending(Mark::cut_off);
    }
    for (std::uint32_t index = doomed.first; index != LinkNode::none; index = graph_.at(index).next) {
      sentence(graph_.at(index).record);
    }
  }
  doomed.to_sentence = false;
  verdict_lock.unlock();
}

CollectReport BufferHeap::collect(CollectScope scope) noexcept {
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

  const Visit visit(*this);
  const std::uint64_t start_ns = now_ns();
  CollectReport none_yet;
  none_yet.automatic = scope == CollectScope::candidates;
  call(collect_start_, none_yet);
  CollectorPass pass(*this);
  pass.scope = scope;
  pass.report.automatic = scope == CollectScope::candidates;
  Doomed doomed;
  DeathRow others;
  verdict_lock.lock();
  pass.find(doomed);
  if (!doomed.to_sentence) verdict_lock.unlock();
  bury_collected(doomed, others);
  if (doomed.to_sentence) verdict_lock.unlock();
  bury(others);
  pass.report.bytes = doomed.bytes;
  collections_.fetch_add(1, std::memory_order_relaxed);
  pass.report.time_ns = now_ns() - start_ns;
  call(collect_stop_, pass.report);
  return pass.report;
}

void BufferHeap::collect_if_due() noexcept {
  if (!offers_automatic_collection) return;
  {
    const Locked locked(graph_lock_);
    if (collect_threshold_ == 0 || graph_.candidates() < collect_at_) return;
  }
  // What runs then finds its buffers, and the order of ends, as it left them.
  if (inside_callback > 0 || inside_user_code() || defers_user_code()) return;
  collect(CollectScope::candidates);
}

// So the looks at what lives are at most so many for each buffer that became a candidate, on the whole.
void BufferHeap::schedule_collection(std::uint64_t looks_in_vain) noexcept {
  constexpr std::uint64_t most_looks_in_vain = 8;
  collect_at_ = std::max(collect_threshold_, looks_in_vain / most_looks_in_vain);
}

void BufferHeap::set_collect_threshold(std::uint64_t candidates) noexcept {
  const Locked locked(graph_lock_);
  if (collect_threshold_ == 0) full_collection_due_ = true;  // nothing was noted before
  collect_threshold_ = candidates;
  graph_.watch(candidates != 0);
  schedule_collection(0);
}

std::uint64_t BufferHeap::freeze() noexcept {
  const Locked locked(graph_lock_);
  return graph_.freeze();
}

void BufferHeap::unfreeze() noexcept {
  const Locked locked(graph_lock_);
  graph_.thaw();
  full_collection_due_ = true;  // of what died meanwhile no candidate may be left
}

void BufferHeap::set_collect_callbacks(CollectCallback start, CollectCallback stop) {
  auto kept_start = std::make_shared<const CollectCallback>(std::move(start));
  auto kept_stop = std::make_shared<const CollectCallback>(std::move(stop));
  const Locked locked(callback_lock_);
  collect_start_.swap(kept_start);
  collect_stop_.swap(kept_stop);
}

}  // namespace bufgc
