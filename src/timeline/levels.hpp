#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "bufgc/viz/lifecycles.hpp"
#include "timeline/axis.hpp"
#include "timeline/pyramid.hpp"

namespace bufgc::timeline {

/// What stood after one event.
struct Level {
  std::uint64_t live_bytes = 0;      ///< Requested bytes of owned buffers; views and external ones hold none.
  std::uint64_t live_buffers = 0;    ///< Buffers of every kind.
  std::uint64_t cached_bytes = 0;    ///< Blocks freed to the cache and not yet served from it, by capacity.
  std::uint64_t reserved_bytes = 0;  ///< Held segments; without such events, capacity of live plus cached.
};

/// A range cut into columns, each with the extremes of the levels that stood within it.
struct LevelColumns {
  std::vector<double> x;  ///< Left edges, in units of the axis.
  std::vector<double> live_max;
  std::vector<double> live_min;
  std::vector<double> cached_max;
  std::vector<double> reserved_max;
};

/// The levels after every event, exact. Built in O(events + rows).
///
/// Rows born before the log's first event (folded detail) stand as alive from event 0. Bytes that
/// must have been in the cache before the log began (served from it without having been freed to
/// it) are counted from the start. Where segments are known, what is cached never exceeds what
/// they leave beside live blocks: a trim has no event of its own but shows as released segments.
class Levels {
 public:
  Levels() = default;
  explicit Levels(const Lifecycles& lifecycles);

  [[nodiscard]] std::size_t events() const noexcept { return live_.size(); }
  /// The level after an event; past the end, the last one; without events, zero.
  [[nodiscard]] Level at(std::uint64_t event) const noexcept;
  /// Highest levels over all events, each of its own event.
  [[nodiscard]] const Level& maxima() const noexcept { return maxima_; }
  /// The first event after which the highest `live_bytes` stood.
  [[nodiscard]] std::uint32_t max_live_event() const noexcept { return max_live_event_; }
  /// The same of `reserved_bytes`.
  [[nodiscard]] std::uint32_t max_reserved_event() const noexcept { return max_reserved_event_; }

  /// Cuts [t0, t1) of the axis into columns; a column takes every level that stood at any moment
  /// within it. Columns outside of the log are zero.
  [[nodiscard]] LevelColumns resample(const EventClock& clock, Axis axis, const Columns& columns) const;

  /// The first event after which the highest `live_bytes` of a column stood, so that no peak is lost;
  /// nothing outside of the log. Later columns have later events, or the same.
  [[nodiscard]] std::optional<std::uint32_t> peak_of(const EventClock& clock, Axis axis,
                                                     const Columns& columns, std::int64_t column) const;

 private:
  std::vector<std::uint64_t> live_;
  std::vector<std::uint64_t> cached_;
  std::vector<std::uint64_t> reserved_;
  Pyramid<true> live_max_;
  Pyramid<false> live_min_;
  Pyramid<true> cached_max_;
  Pyramid<true> reserved_max_;
  std::vector<std::uint32_t> live_buffers_;
  Level maxima_;
  std::uint32_t max_live_event_ = 0;
  std::uint32_t max_reserved_event_ = 0;
};

}  // namespace bufgc::timeline
