#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "bufgc/buffer/buffer_observer.hpp"
#include "bufgc/memory/cpu_allocator.hpp"
#include "bufgc/viz/lifecycles.hpp"

namespace bufgc {

struct VisualizerOptions {
  std::size_t max_events = 1U << 20U;  ///< Beyond it the oldest detail is folded into exact totals.
};

/// Records what happens to buffers: a bounded, columnar event log of ids. It owns no buffer and
/// changes nothing: with it on, the same buffers die at the same events in the same order. Attach
/// it with `BufferManager::visualizer().start()`. Safe from several threads; events of several
/// threads get one order.
class BufferVisualizer final : public BufferObserver, public SegmentListener {
 public:
  explicit BufferVisualizer(VisualizerOptions options = {});
  ~BufferVisualizer() override;

  void on_alloc(const BufferBirth& birth) noexcept override;
  void on_free(BufferId id, Cause cause, FreedTo freed_to) noexcept override;
  void on_link(BufferId holder, BufferId held) noexcept override;
  void on_unlink(BufferId holder, BufferId held) noexcept override;
  void on_segment_reserved(Segment segment) noexcept override;
  void on_segment_released(Segment segment) noexcept override;

  struct KernelUse {
    BufferId id;
    Access access = Access::read;
  };
  /// A kernel ran over these buffers.
  void use(std::string_view kernel, std::span<const KernelUse> uses) noexcept;
  /// A phase begins: "epoch 3", "frame 17".
  void mark(std::string_view name) noexcept;

  /// Everything known now, as rows of lifetimes. A copy: what happens later does not show in it.
  [[nodiscard]] Lifecycles snapshot() const;

  /// Events ever recorded, folded ones included; the next event's number.
  [[nodiscard]] std::uint64_t event_count() const noexcept;
  /// Bytes that the log itself occupies.
  [[nodiscard]] std::size_t log_bytes() const noexcept;
  /// Forgets all detail and totals; buffers alive now are listed as born at event 0.
  void clear() noexcept;

  /// Called after each event, on the thread of the event, outside the visualizer's lock, with the
  /// event's number. May read the visualizer; must not allocate or free buffers of this manager.
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
