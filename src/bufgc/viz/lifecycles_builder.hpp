#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bufgc/viz/event_record.hpp"
#include "bufgc/viz/id_map.hpp"
#include "bufgc/viz/lifecycles.hpp"
#include "bufgc/viz/range_map.hpp"

namespace bufgc {

/// The one place that turns events into rows of lifetimes: the visualizer's snapshot and every file
/// reader use it. It matches frees to births by id, numbers events, and counts what it cannot use,
/// with the reason. Two lifetimes are never merged into one.
/// Time must not decrease from call to call; a caller that cannot know checks it.
class LifecyclesBuilder {
 public:
  /// Each returns whether the event was taken; where not, it was counted as skipped.
  bool alloc(const EventRecord& birth);
  bool free(std::int64_t time_ns, std::uint64_t id, std::uint8_t cause, std::uint8_t freed_to);
  /// Uses of unknown ids are left out and the event is counted as skipped; without any known id
  /// there is no event.
  bool use(std::int64_t time_ns, std::uint32_t kernel, std::span<const EventRecord::Use> uses);
  bool mark(std::int64_t time_ns, std::uint32_t name);
  bool reserve(std::int64_t time_ns, std::uint64_t address, std::uint64_t size_bytes);
  /// A release may cover a part of a reservation, which then falls into pieces, each a row of its own,
  /// or several of them, each of which then gets an event of its own.
  bool release(std::int64_t time_ns, std::uint64_t address, std::uint64_t size_bytes);
  bool link(std::int64_t time_ns, std::uint64_t holder_id, std::uint64_t held_id, bool added);
  bool move(std::int64_t time_ns, std::uint64_t id, std::uint64_t from, std::uint64_t to);
  /// Any of them.
  bool add(const EventRecord& event);

  void skip(SkipReason reason, std::uint64_t events = 1) noexcept;
  /// The columns count events in 32 bits: true when one more would not fit.
  [[nodiscard]] bool full() const noexcept { return rows_.event_count() >= max_events; }
  /// The row of a buffer that is alive now, or `Lifecycles::none`.
  [[nodiscard]] std::uint32_t live_row(std::uint64_t id) const noexcept { return live_.find(id); }

  /// For a reader of files that name buffers by their rows: it appends births, frees, uses, links and moves
  /// by itself, whole columns at a time, and the calls above that look up ids do not see them.
  [[nodiscard]] Lifecycles& rows() noexcept { return rows_; }
  [[nodiscard]] StringTable& strings() noexcept { return rows_.strings; }
  [[nodiscard]] Lifecycles::Folded& folded() noexcept { return rows_.folded; }
  [[nodiscard]] const Lifecycles& lifecycles() const noexcept { return rows_; }
  /// Moves the result out and begins anew.
  [[nodiscard]] Lifecycles take();

 private:
  static constexpr std::size_t max_events = 0xfffffff0U;
  std::uint32_t event(std::int64_t time_ns, Lifecycles::EventKind kind, std::size_t row);

  Lifecycles rows_;
  IdMap live_;
  RangeMap<std::uint32_t> segments_;
};

}  // namespace bufgc
