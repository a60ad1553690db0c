#pragma once

#include <cstdint>
#include <vector>

#include "bufgc/viz/lifecycles.hpp"
#include "timeline/axis.hpp"
#include "timeline/places.hpp"

namespace bufgc::timeline {

/// A block that waited in the cache: from the free that put it there until an allocation takes any of its
/// addresses or a buffer moves there, its segment goes back, or the log ends.
struct CachedBlock {
  std::uint32_t box;          ///< The place that left it.
  std::uint32_t begin_event;  ///< Its free.
  std::uint32_t end_event;    ///< `Lifecycles::none`: still cached at the end.
};
/// By their frees.
using CachedBlocks = std::vector<CachedBlock>;

/// The same of what was released and not given back to the system, be it that the trace tells who had it
/// then or not.
enum class LeftBlocks : std::uint8_t { cached, released };

/// O(events), where the same addresses come again and again, as those of a cache do.
[[nodiscard]] CachedBlocks find_cached_blocks(const Lifecycles& lifecycles, const Places& places,
                                              LeftBlocks which = LeftBlocks::cached);

/// Their intervals on the axis, for an index, read in place; each with the place that left it, whose strip it
/// has.
class CachedSpans {
 public:
  CachedSpans(const CachedBlocks& blocks, const EventClock& clock, Axis axis) noexcept
      : blocks_(blocks), clock_(clock), axis_(axis) {}
  [[nodiscard]] std::size_t size() const noexcept { return blocks_.size(); }
  [[nodiscard]] std::uint64_t start(std::size_t block) const noexcept {
    return clock_.position(axis_, blocks_[block].begin_event);
  }
  [[nodiscard]] std::uint64_t end(std::size_t block) const noexcept {
    return clock_.position(axis_, blocks_[block].end_event);
  }
  [[nodiscard]] std::uint32_t box(std::size_t block) const noexcept { return blocks_[block].box; }

 private:
  const CachedBlocks& blocks_;
  const EventClock& clock_;
  Axis axis_;
};

}  // namespace bufgc::timeline
