#include "bufgc/viz/buffer_visualizer.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "bufgc/memory/biased_lock.hpp"
#include "bufgc/memory/thread_number.hpp"
#include "bufgc/viz/event_log.hpp"
#include "bufgc/viz/lifecycles_builder.hpp"

namespace bufgc {
namespace {

using Clock = std::chrono::steady_clock;

struct Subscription {
  BufferVisualizer::SubscriptionId id{};
  BufferVisualizer::Subscriber call;
  /// It may stand in a list still, where there was no memory for a shorter one.
  std::atomic<bool> ended{false};
};
using Subscriptions = std::vector<std::shared_ptr<Subscription>>;

/// A buffer so large takes longer to be filled than the clock to be read: its birth is stamped.
constexpr std::uint64_t stamped_bytes = std::uint64_t{1} << 20U;

/// Records copied out of the log, with the text that they show.
class Batch {
 public:
  void add(const EventRecord& record) {
    records_.push_back(record);
    EventRecord& copy = records_.back();
    for (std::string_view* text : {&copy.name, &copy.dtype, &copy.shape, &copy.site, &copy.thread})
      *text = keep(*text);
    use_begins_.push_back(uses_.size());
    uses_.insert(uses_.end(), record.uses.begin(), record.uses.end());
  }
  /// False at the record that the visitor refused, whose number `next` then is.
  bool visit(const EventVisitor& visitor, std::uint64_t& next) {
    for (std::size_t i = 0; i < records_.size(); ++i) {
      records_[i].uses = {uses_.data() + use_begins_[i], records_[i].uses.size()};
      if (!visitor(records_[i])) {
        next = records_[i].number;
        return false;
      }
    }
    return true;
  }
  void clear() noexcept {
    records_.clear();
    use_begins_.clear();
    uses_.clear();
    blocks_.resize(std::min<std::size_t>(blocks_.size(), 1));
    if (!blocks_.empty()) blocks_[0].clear();
  }

 private:
  static constexpr std::size_t block_bytes = std::size_t{1} << 16U;
  std::string_view keep(std::string_view text) {
    if (text.empty()) return {};
    if (blocks_.empty() || blocks_.back().capacity() - blocks_.back().size() < text.size()) {
      blocks_.emplace_back();
      blocks_.back().reserve(std::max(block_bytes, text.size()));
    }
    std::string& block = blocks_.back();
    const std::size_t begin = block.size();
    block.append(text);
    return std::string_view(block).substr(begin);
  }

  std::vector<EventRecord> records_;
  std::vector<std::size_t> use_begins_;
  std::vector<EventRecord::Use> uses_;
  std::vector<std::string> blocks_;  // never beyond their reserved size, so that views stay good
};

}  // namespace

struct BufferVisualizer::State {
  explicit State(std::size_t max_events) : log(max_events) {}

  [[nodiscard]] std::int64_t now() const noexcept {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count();
  }

  /// Records one event as most are recorded: by the thread that always records, with no one to tell and a
  /// few words to write. False, and nothing was done, where it is not so.
  template <class Record>
  [[nodiscard, gnu::always_inline]] bool record_at_once(Record&& append) noexcept {
    if (!lock.try_enter_at_once(own_thread_number)) [[unlikely]]
      return false;
    const bool recorded = subscriptions == nullptr && append(log);
    if (recorded && log.wants_stamp()) [[unlikely]] {
      stamp_and_leave();
      return true;
    }
    lock.leave_at_once();
    return recorded;
  }
  [[gnu::noinline]] void stamp_and_leave() noexcept {
    log.stamp(now());
    lock.leave_at_once();
  }

  /// Records one event under the lock (which gives all threads one order, and time that never
  /// decreases in it), then tells the subscribers outside of it.
  template <class Record>
  void record(bool tell, bool stamp, std::uint32_t thread, Record&& append) noexcept {
    std::shared_ptr<const Subscriptions> told;
    std::uint64_t number = 0;
    {
      const BiasedLock::User alone(lock, thread);
      if (!guarded([&] { return append(log); })) return;
      if (log.wants_stamp() || stamp) log.stamp(now());
      if (!tell || !subscriptions) return;
      told = subscriptions;
      number = log.event_count() - 1;
    }
    for (const auto& subscription : *told)
      if (!subscription->ended.load(std::memory_order_relaxed)) call(subscription->call, number);
  }

  [[gnu::noinline]] void record_alloc(const BufferBirth& birth) noexcept {
    const std::uint32_t thread = thread_number();
    record(true, birth.size_bytes >= stamped_bytes, thread,
           [&](EventLog& to) { return to.alloc_at_once(birth, thread) || to.alloc(birth, thread); });
  }
  [[gnu::noinline]] void record_free(BufferId id, Cause cause, FreedTo freed_to) noexcept {
    const auto why = static_cast<std::uint8_t>(cause);
    const auto where = static_cast<std::uint8_t>(freed_to);
    record(true, false, thread_number(), [&](EventLog& to) {
      return to.free_at_once(id.value(), why, where) || to.free(id.value(), why, where);
    });
  }

  /// What is read of the log must stay as it is: its newest event gets its time first.
  template <class Read>
  auto read(Read&& from) {
    const BiasedLock::Visitor alone(lock, thread_number());
    log.stamp(now());
    log.fold_excess();
    return from(log);
  }

  /// A list of those that have not ended, to be changed.
  [[nodiscard]] std::shared_ptr<Subscriptions> going_on() const {
    auto list = std::make_shared<Subscriptions>();
    if (!subscriptions) return list;
    for (const auto& one : *subscriptions)
      if (!one->ended.load(std::memory_order_relaxed)) list->push_back(one);
    return list;
  }

  /// False where it threw, which is only ever for want of memory.
  template <class Work>
  static bool attempt(Work&& work) noexcept {
#if defined(__cpp_exceptions)
    try {
      work();
    } catch (...) {
      return false;
    }
#else
    work();
#endif
    return true;
  }

  template <class Append>
  bool guarded(Append&& append) noexcept {
    bool appended = false;
    // Else the program goes on, its log has a gap.
    if (!attempt([&] { appended = append(); })) log.skip(SkipReason::no_memory_for_log);
    return appended;
  }

  static void call(const Subscriber& subscriber, std::uint64_t number) noexcept {
#if defined(__cpp_exceptions)
    try {
      subscriber(number);
    } catch (...) {  // an observer changes nothing, so it stops nothing either
    }
#else
    subscriber(number);
#endif
  }

  BiasedLock lock;
  EventLog log;
  Clock::time_point start = Clock::now();
  std::shared_ptr<const Subscriptions> subscriptions;  // null when there are none
  SubscriptionId last_subscription = 0;
  std::uint64_t clears = 0;
};

BufferVisualizer::BufferVisualizer(VisualizerOptions options)
    : state_(std::make_unique<State>(options.max_events)) {}
BufferVisualizer::~BufferVisualizer() = default;

void BufferVisualizer::on_alloc(const BufferBirth& birth) noexcept {
  const bool recorded = birth.size_bytes < stamped_bytes && state_->record_at_once([&](EventLog& log) {
    return log.alloc_at_once(birth, own_thread_number);
  });
  if (!recorded) [[unlikely]]
    state_->record_alloc(birth);
}

void BufferVisualizer::on_free(BufferId id, Cause cause, FreedTo freed_to) noexcept {
  const bool recorded = state_->record_at_once([&](EventLog& log) {
    return log.free_at_once(id.value(), static_cast<std::uint8_t>(cause),
                            static_cast<std::uint8_t>(freed_to));
  });
  if (!recorded) [[unlikely]]
    state_->record_free(id, cause, freed_to);
}

void BufferVisualizer::on_missed_end(BufferId id) noexcept {
  state_->record(true, false, thread_number(), [&](EventLog& log) {
    return log.is_live(id.value()) && log.free(id.value(), Lifecycles::unknown, Lifecycles::unknown);
  });
}

void BufferVisualizer::on_move(BufferId id, const std::byte* from, const std::byte* to) noexcept {
  state_->record(false, true, thread_number(), [&](EventLog& log) {
    return log.move(id.value(), reinterpret_cast<std::uintptr_t>(from), reinterpret_cast<std::uintptr_t>(to));
  });
}

void BufferVisualizer::on_link(BufferId holder, BufferId held) noexcept {
  state_->record(true, true, thread_number(),
                 [&](EventLog& log) { return log.link(holder.value(), held.value(), true); });
}

void BufferVisualizer::on_unlink(BufferId holder, BufferId held) noexcept {
  state_->record(true, true, thread_number(),
                 [&](EventLog& log) { return log.link(holder.value(), held.value(), false); });
}

void BufferVisualizer::on_segment_reserved(Segment segment) noexcept {
  state_->record(false, true, thread_number(), [&](EventLog& log) {
    return log.reserve(reinterpret_cast<std::uintptr_t>(segment.data), segment.size_bytes);
  });
}

void BufferVisualizer::on_segment_released(Segment segment) noexcept {
  state_->record(false, true, thread_number(), [&](EventLog& log) {
    return log.release(reinterpret_cast<std::uintptr_t>(segment.data), segment.size_bytes);
  });
}

void BufferVisualizer::begin_segment_listing() noexcept {
  const BiasedLock::Visitor alone(state_->lock, thread_number());
  state_->log.begin_segment_listing();
}

void BufferVisualizer::end_segment_listing() noexcept {
  state_->record(false, true, thread_number(), [](EventLog& log) {
    log.end_segment_listing();
    return true;
  });
}

std::vector<BufferId> BufferVisualizer::live_buffers() const {
  const BiasedLock::Visitor alone(state_->lock, thread_number());
  return state_->log.live_buffers();
}

void BufferVisualizer::use(std::string_view kernel, std::span<const KernelUse> uses) noexcept {
  state_->record(true, true, thread_number(), [&](EventLog& log) { return log.use(kernel, uses); });
}

void BufferVisualizer::mark(std::string_view name) noexcept {
  state_->record(true, true, thread_number(), [&](EventLog& log) { return log.mark(name); });
}

Lifecycles BufferVisualizer::snapshot() const {
  LifecyclesBuilder builder;
  return state_->read([&](const EventLog& log) {
    log.for_each_since(0, ~std::uint64_t{0}, [&](const EventRecord& event) {
      builder.add(event);
      return true;
    });
    builder.folded() = log.folded();
    for (std::size_t reason = 0; reason < skip_reason_count; ++reason)
      builder.skip(static_cast<SkipReason>(reason), log.skipped()[reason]);
    return builder.take();
  });
}

std::uint64_t BufferVisualizer::for_each_event_since(std::uint64_t from, const EventVisitor& visitor) const {
  constexpr std::uint64_t batch_events = 1024;
  Batch batch;
  std::uint64_t end = ~std::uint64_t{0};
  while (true) {
    state_->read([&](const EventLog& log) {
      end = std::min(end, log.event_count());
      from = log.for_each_since(from, batch_events, [&](const EventRecord& event) {
        batch.add(event);
        return true;
      });
    });
    std::uint64_t refused = 0;
    if (!batch.visit(visitor, refused)) return refused;
    if (from >= end) return from;
    batch.clear();
  }
}

std::uint64_t BufferVisualizer::event_count() const noexcept {
  const BiasedLock::Visitor alone(state_->lock, thread_number());
  return state_->log.event_count();
}

std::size_t BufferVisualizer::log_bytes() const noexcept {
  const BiasedLock::Visitor alone(state_->lock, thread_number());
  return state_->log.memory_bytes();
}

void BufferVisualizer::clear() noexcept {
  const BiasedLock::Visitor alone(state_->lock, thread_number());
  state_->guarded([&] {
    state_->log.clear();
    state_->start = Clock::now();
    ++state_->clears;
    return true;
  });
}

std::uint64_t BufferVisualizer::clears() const noexcept {
  const BiasedLock::Visitor alone(state_->lock, thread_number());
  return state_->clears;
}

BufferVisualizer::SubscriptionId BufferVisualizer::subscribe(Subscriber subscriber) {
  auto added = std::make_shared<Subscription>();
  added->call = std::move(subscriber);
  std::shared_ptr<const Subscriptions> dropped;  // a subscriber's destructor is user code: not under the lock
  const BiasedLock::Visitor alone(state_->lock, thread_number());
  auto next = state_->going_on();
  next->push_back(added);
  added->id = ++state_->last_subscription;
  dropped = std::exchange(state_->subscriptions, std::move(next));
  return added->id;
}

void BufferVisualizer::unsubscribe(SubscriptionId subscription) noexcept {
  std::shared_ptr<const Subscriptions> dropped;
  const BiasedLock::Visitor alone(state_->lock, thread_number());
  if (!state_->subscriptions) return;
  for (const auto& one : *state_->subscriptions)
    if (one->id == subscription) one->ended.store(true, std::memory_order_relaxed);
  State::attempt([&] {
    auto next = state_->going_on();
    if (next->empty()) next = nullptr;
    dropped = std::exchange(state_->subscriptions, std::move(next));
  });
}

}  // namespace bufgc
