#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "bufgc/viz/lifecycles.hpp"

namespace bufgc::timeline {

/// The horizontal axis of a picture. On the event axis, event n stands at x = n and the level after
/// it holds over [n, n + 1). On the time axis x is nanoseconds from the first event.
enum class Axis : std::uint8_t { event = 0, time = 1 };

/// Events [first, last) of the log.
struct EventRange {
  std::size_t first = 0;
  std::size_t last = 0;
};

/// Events and their times, to go from one to the other. Reads the log in place: valid while the
/// lifecycles are, for the events that stood in it when this was made.
class EventClock {
 public:
  explicit EventClock(const Lifecycles& lifecycles) noexcept
      : lifecycles_(&lifecycles), events_(lifecycles.event_count()) {}

  [[nodiscard]] std::size_t events() const noexcept { return events_; }
  /// From the first event to the last.
  [[nodiscard]] std::uint64_t duration_ns() const noexcept { return events_ == 0 ? 0 : time_of(events_ - 1); }
  /// Nanoseconds from the first event; an event past the end has the end's time.
  [[nodiscard]] std::uint64_t time_of(std::uint64_t event) const noexcept {
    if (events_ == 0) return 0;
    const auto& times = lifecycles_->event_time_ns;
    const auto index = static_cast<std::size_t>(std::min<std::uint64_t>(event, events_ - 1));
    // Unsigned: the difference of two signed times may be past the signed range.
    return static_cast<std::uint64_t>(times[index]) - static_cast<std::uint64_t>(times[0]);
  }
  /// The first event at or after `time_ns`; `events()` when there is none.
  [[nodiscard]] std::uint64_t first_from(double time_ns) const noexcept;
  /// The last event that is not later than `time_ns`; 0 before the first.
  [[nodiscard]] std::uint64_t event_at(double time_ns) const noexcept;
  /// x extent of the axis.
  [[nodiscard]] std::uint64_t extent(Axis axis) const noexcept {
    return axis == Axis::event ? events_ : duration_ns();
  }
  /// The events, of the first `count`, whose level stood at some moment within [left, right).
  [[nodiscard]] EventRange standing_within(Axis axis, double left, double right,
                                           std::size_t count) const noexcept;
  /// The events that happened within [t0, t1); a range that reaches the end of the axis holds the last one.
  [[nodiscard]] EventRange happened_within(Axis axis, double t0, double t1) const noexcept;
  /// Where an event stands on the axis; `Lifecycles::none` (alive at the end) stands at its end.
  [[nodiscard]] std::uint64_t position(Axis axis, std::uint32_t event) const noexcept {
    if (event == Lifecycles::none || event >= events_) return extent(axis);
    return axis == Axis::event ? event : time_of(event);
  }

 private:
  const Lifecycles* lifecycles_;
  std::size_t events_;
};

/// A stretch of the axis cut into columns of equal width, as a picture of it is.
struct Columns {
  double t0 = 0;
  double t1 = 1;
  std::uint32_t count = 0;
  /// Where a column begins; the one before the first and the one after the last have an edge too.
  [[nodiscard]] double left(std::int64_t column) const noexcept {
    return t0 + (t1 - t0) * static_cast<double>(column) / static_cast<double>(count);
  }
};

}  // namespace bufgc::timeline
