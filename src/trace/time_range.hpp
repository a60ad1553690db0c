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

/// The events within a time range, as a visualizer would show them that had folded all before: what holds
/// at the range's beginning (buffers, reservations, links, the phase) stands in front, at its own times, and
/// exact totals of the rest in `folded`. What is alive at the range's end is alive at the end.
[[nodiscard]] Lifecycles cut(const Lifecycles& lifecycles, TimeRange range);

}  // namespace bufgc::trace
