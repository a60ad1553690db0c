#pragma once

#include <cstdint>
#include <vector>

#include "bufgc/viz/lifecycles.hpp"
#include "timeline/address_layout.hpp"
#include "timeline/axis.hpp"

namespace bufgc::timeline {

/// Blocks that waited in the cache: from the free that put them there until an allocation takes
/// any of their addresses or a buffer moves there, their segment goes back, or the log ends.
struct CachedBlocks {
  std::vector<std::uint32_t> box;          ///< The place that left it.
  std::vector<std::uint32_t> begin_event;  ///< Its free; never decreasing.
  std::vector<std::uint32_t> end_event;    ///< `Lifecycles::none`: still cached at the end.
  [[nodiscard]] std::size_t size() const noexcept { return box.size(); }
};

[[nodiscard]] CachedBlocks find_cached_blocks(const Lifecycles& lifecycles, const Places& places);
/// Their intervals on the axis, each with the place that left it, whose strip it has.
[[nodiscard]] Spans cached_spans(const CachedBlocks& blocks, const EventClock& clock, Axis axis);

}  // namespace bufgc::timeline
