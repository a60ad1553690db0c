#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "bufgc/viz/lifecycles.hpp"
#include "timeline/axis.hpp"
#include "timeline/places.hpp"
#include "timeline/rasterizer.hpp"

namespace bufgc::timeline {

// An area of a picture: what stands at some moment of [t0, t1) somewhere in [y0, y1), neither being empty.
// Both answers hold one byte a row, 1 for what is inside; they are about every moment, not only about those
// that a picture shows.

/// Of a layout of boxes. A box without length counts as one unit long, as in the index.
[[nodiscard]] std::vector<std::uint8_t> rows_in_boxes(const Boxes& boxes, const Places& places,
                                                      std::size_t rows, const View& area);

/// Of the stack, over the levels that these events left behind. A buffer only ever slides down, so those
/// that have come below y1 are always the first ones of the live, and each is looked at once, when it comes
/// there: O(rows + events).
[[nodiscard]] std::vector<std::uint8_t> rows_in_stack(const Lifecycles& lifecycles, EventRange moments,
                                                      double y0, double y1);

/// Of buffers that hold bytes, in bytes as requested; external ones are only counted.
struct AreaStatistics {
  std::uint64_t buffers = 0;
  std::uint64_t bytes = 0;
  std::uint64_t least_bytes = 0;
  std::uint64_t mean_bytes = 0;  ///< To the nearest byte.
  std::uint64_t most_bytes = 0;
  // Of the same buffers, what was born and what was released within the events.
  std::uint64_t allocations = 0;
  std::uint64_t allocated_bytes = 0;
  std::uint64_t frees = 0;
  std::uint64_t freed_bytes = 0;
  std::uint64_t external = 0;
};
/// Of the rows that are inside and match: one byte a row each.
[[nodiscard]] AreaStatistics area_statistics(const Lifecycles& lifecycles,
                                             const std::vector<std::uint8_t>& inside,
                                             const std::vector<std::uint8_t>& matches, EventRange events);

}  // namespace bufgc::timeline
