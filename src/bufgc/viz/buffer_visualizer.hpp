#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "bufgc/buffer/buffer_observer.hpp"
#include "bufgc/memory/cpu_allocator.hpp"
#include "bufgc/viz/event_record.hpp"
#include "bufgc/viz/lifecycles.hpp"

namespace bufgc {

struct VisualizerOptions {
  std::size_t max_events = 1U << 20U;  ///< Beyond it the oldest detail is folded into exact totals.
};

/// Records what happens to buffers: a bounded, columnar event log of ids. It owns no buffer and
/// changes nothing: with it on, the same buffers die at the same events in the same order. Attach
/// it with `BufferManager::start_visualizer()`. Names beyond a bound (65,536 at a time, 1 KiB each)
/// are cut or become "(one of too many names)". Safe from several threads; events of several
/// threads get one order, which their numbers tell exactly. Times are beside it: while events follow
/// closely the clock is read for some of them only (viz/event_times.hpp says how exact that is).
class BufferVisualizer final : public BufferObserver, public SegmentListener {
 public:
  explicit BufferVisualizer(VisualizerOptions options = {});
  ~BufferVisualizer() override;

  void on_alloc(const BufferBirth& birth) noexcept override;
  void on_free(BufferId id, Cause cause, FreedTo freed_to) noexcept override;
  void on_missed_end(BufferId id) noexcept override;
  void on_move(BufferId id, const std::byte* from, const std::byte* to) noexcept override;
  void on_link(BufferId holder, BufferId held) noexcept override;
  void on_unlink(BufferId holder, BufferId held) noexcept override;
  void on_segment_reserved(Segment segment) noexcept override;
  void on_segment_released(Segment segment) noexcept override;

  using KernelUse = bufgc::KernelUse;
  /// Around `CpuAllocator::set_segment_listener`, when attaching: it names the segments held now.
  /// Those known from before that are not named went while nobody watched; their release is recorded
  /// at `end_segment_listing`.
  void begin_segment_listing() noexcept;
  void end_segment_listing() noexcept;
  /// Those whose end was not recorded.
  [[nodiscard]] std::vector<BufferId> live_buffers() const;

  /// A kernel ran over these buffers. Ids that are not alive are left out and counted as skipped.
  void use(std::string_view kernel, std::span<const KernelUse> uses) noexcept;
  /// A phase begins: "epoch 3", "frame 17".
  void mark(std::string_view name) noexcept;

  /// Everything known now, as rows of lifetimes. A copy: what happens later does not show in it.
  [[nodiscard]] Lifecycles snapshot() const;

  /// Hands the events from number `from` on to `visitor`, in order, outside the visualizer's lock, up
  /// to those recorded when the call began. Where `from` was folded away already, it begins with the
  /// births, reservations and links since `from` that still hold. Returns the number to ask for next;
  /// where the visitor said false, that of the event it refused.
  std::uint64_t for_each_event_since(std::uint64_t from, const EventVisitor& visitor) const;

  /// Events ever recorded, folded ones included; the next event's number.
  [[nodiscard]] std::uint64_t event_count() const noexcept;
  /// Bytes that the log itself occupies.
  [[nodiscard]] std::size_t log_bytes() const noexcept;
  /// Forgets all detail and totals; what is alive now is listed anew from event 0 on, at time 0.
  void clear() noexcept;
  /// How often it was cleared: so often the events' numbers began anew.
  [[nodiscard]] std::uint64_t clears() const noexcept;

  /// Called after each event, on the thread of the event, outside the visualizer's lock, with the
  /// event's number. May read the visualizer, subscribe and unsubscribe; must not allocate or free
  /// buffers of this manager. Segments come and go, and buffers move, under the allocator's lock, so
  /// these events are not told by themselves: the next event's number has passed them. One call that another
  /// thread has begun may still be running when `unsubscribe` returns.
  using Subscriber = std::function<void(std::uint64_t event_number)>;
  using SubscriptionId = std::uint64_t;
  SubscriptionId subscribe(Subscriber subscriber);
  void unsubscribe(SubscriptionId subscription) noexcept;

  /// Hands a snapshot to a writer of `trace/writers.hpp`: `visualizer.export_to(write_ndjson, sink)`.
  template <class Writer, class Sink>
  auto export_to(Writer&& writer, Sink&& sink) const {
    return std::forward<Writer>(writer)(snapshot(), std::forward<Sink>(sink));
  }

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bufgc
