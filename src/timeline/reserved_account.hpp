#pragma once

#include <cstdint>

#include "bufgc/viz/lifecycles.hpp"
#include "timeline/levels.hpp"
#include "timeline/places.hpp"

namespace bufgc::timeline {

/// Why reserved is above live at one moment. Every byte has one place:
///
///     reserved + outside = live + rounding + cached + gaps
struct ReservedAccount {
  std::uint64_t reserved_bytes = 0;
  std::uint64_t live_bytes = 0;      ///< As requested.
  std::uint64_t rounding_bytes = 0;  ///< What live blocks have beyond what was requested.
  std::uint64_t cached_bytes = 0;    ///< Blocks that wait for reuse.
  std::uint64_t gaps_bytes = 0;      ///< Held segments, less all of these: room between blocks.
  std::uint64_t outside_bytes =
      0;  ///< Of live blocks, what stands in no held segment that the trace tells of.
  /// The longest stretch of held addresses in which no buffer lived, cached or not.
  std::uint64_t largest_hole_bytes = 0;
  bool knows_segments = false;  ///< Without: reserved is live blocks plus cached, and has no gaps.
  bool knows_blocks = false;    ///< Without: no block is larger than what was requested.
};

/// Of the moment after an event; past the end, after the last. O(rows + segments · log segments).
[[nodiscard]] ReservedAccount account_reserved(const Lifecycles& lifecycles, const Places& places,
                                               const Levels& levels, std::uint64_t event);

}  // namespace bufgc::timeline
