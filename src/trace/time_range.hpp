#pragma once

#include <cstdint>
#include <limits>

#include "bufgc/viz/lifecycles.hpp"

namespace bufgc::trace {

/// Both ends belong to it.
struct TimeRange {
  std::int64_t from_ns = std::numeric_limits<std::int64_t>::min();
  std::int64_t to_ns = std::numeric_limits<std::int64_t>::max();
};

/// What the times of a range count from: the trace's clock, or its first event.
enum class RangeStart : std::uint8_t { clock, first_event };
/// The range so much later; what would lie beyond any time is at the last one.
[[nodiscard]] TimeRange moved(TimeRange range, std::int64_t by_ns) noexcept;

/// The events within a time range, as a visualizer would show them that had folded all before: what holds
/// at the range's beginning (buffers, reservations, links, the phase) stands in front, at its own times, and
/// exact totals of the rest in `folded`. What is alive at the range's end is alive at the end.
[[nodiscard]] Lifecycles cut(const Lifecycles& lifecycles, TimeRange range);

}  // namespace bufgc::trace
