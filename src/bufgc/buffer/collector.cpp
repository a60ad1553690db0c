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
// Where the process has but one thread, counts do not change meanwhile: the first look decides, and no
// record is made suspect. Before anything foreign is called that might start a thread, all are sentenced.

#include <chrono>
#include <utility>

#include "bufgc/buffer/teardown.hpp"
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
  const bool sole_thread = is_sole_thread();
  std::uint64_t pending = 0;             ///< Nodes that are.
  std::int64_t balance = 0;              ///< Of those together: 0 when they hold nothing but one another.
  std::uint64_t links = 0;               ///< From those.
  bool views_pending = false;            ///< Whether a view was ever among them.
  bool quiet = true;                     ///< No user code runs when these end.
  bool suspects = false;                 ///< Whether those are suspect.
  std::uint32_t stack = LinkNode::none;  ///< Through `LinkNode::next`.
  CollectReport report;

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
      ++pending;
      links += node.edges.size();
      balance += node.balance();
      views_pending = views_pending || node.root != LinkNode::none;
      if (sole_thread) see_callbacks_of(*node.record);
      return true;
    });
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
    if (suspects) node.record->word.fetch_and(~record_word::suspect, std::memory_order_acq_rel);
    graph.clear_pending(index);
    --pending;
    links -= node.edges.size();
    balance -= node.balance();
    node.next = stack;
    stack = index;
  }

  /// Keeps all that `node` holds.
  void follow(const LinkNode& node) noexcept {
    node.edges.each([this](std::uint32_t target, std::uint32_t) { reach(target); });
    if (node.root != LinkNode::none) reach(node.root);
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
        if (node.record->word.compare_exchange_weak(word, word | record_word::suspect,
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
    if (doomed.to_sentence && doomed.cut_off) {
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
    look();
    find_reachable();
    if (!sole_thread) {
      make_suspect();
      look_again();
    }
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

void BufferHeap::set_collect_callbacks(CollectCallback start, CollectCallback stop) {
  auto kept_start = std::make_shared<const CollectCallback>(std::move(start));
  auto kept_stop = std::make_shared<const CollectCallback>(std::move(stop));
  const Locked locked(callback_lock_);
  collect_start_.swap(kept_start);
  collect_stop_.swap(kept_stop);
}

}  // namespace bufgc
