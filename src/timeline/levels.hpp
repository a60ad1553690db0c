#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "bufgc/viz/lifecycles.hpp"
#include "timeline/axis.hpp"
#include "timeline/level_steps.hpp"
#include "timeline/pyramid.hpp"

namespace bufgc::timeline {

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
/// Kept is what stood before every 32nd event and the extremes of those 32; what stands within them is
/// counted from the log when it is asked for. So the levels take two bytes and a half an event, and read the
/// lifecycles in place: they are valid while those are, for the events that stood in them when this was made.
class Levels {
 public:
  Levels() = default;
  explicit Levels(const Lifecycles& lifecycles);
  /// Takes in what the lifecycles, of which nothing has changed, have grown by since: as if made anew, but
  /// what stood before is not summed up again.
  void extend(const Lifecycles& lifecycles);

  [[nodiscard]] std::size_t events() const noexcept { return steps_.events(); }
  /// The level after an event; past the end, the last one; without events, zero.
  [[nodiscard]] Level at(std::uint64_t event) const noexcept;
  /// Highest levels over all events, each of its own event.
  [[nodiscard]] const Level& maxima() const noexcept { return maxima_; }
  /// The first event after which the highest `live_bytes` stood.
  [[nodiscard]] std::uint32_t max_live_event() const noexcept { return max_live_event_; }
  /// The same of `reserved_bytes`.
  [[nodiscard]] std::uint32_t max_reserved_event() const noexcept { return max_reserved_event_; }

  /// Calls `visit(event, level)` for the events [first, last) in order.
  template <class Visit>
  void for_each(std::size_t first, std::size_t last, Visit&& visit) const {
    if (first >= last) return;
    LevelSteps::State state = before_[first / block_events];
    for (std::size_t event = first - first % block_events; event < last; ++event) {
      steps_.advance(event, state);
      if (event >= first) visit(event, steps_.level(state));
    }
  }

  /// Cuts [t0, t1) of the axis into columns; a column takes every level that stood at any moment
  /// within it. Columns outside of the log are zero.
  [[nodiscard]] LevelColumns resample(const EventClock& clock, Axis axis, const Columns& columns) const;

  /// The first event after which the highest `live_bytes` of a column stood, so that no peak is lost;
  /// nothing outside of the log. Later columns have later events, or the same.
  [[nodiscard]] std::optional<std::uint32_t> peak_of(const EventClock& clock, Axis axis,
                                                     const Columns& columns, std::int64_t column) const;

  /// Events that are counted from one kept state.
  static constexpr std::size_t block_events = 32;

 private:
  struct Extremes {
    std::uint64_t live_max = 0;
    std::uint64_t live_min = ~std::uint64_t{0};
    std::uint64_t cached_max = 0;
    std::uint64_t reserved_max = 0;
    void take(const Level& level) noexcept;
  };
  [[nodiscard]] Extremes over(std::size_t first, std::size_t last) const;
  /// Sums up the block that begins at this event, which comes next.
  void add_block(std::size_t first, LevelSteps::State& state);
  void build_pyramids();

  LevelSteps steps_;
  std::vector<LevelSteps::State> before_;  ///< What stood before each block.
  // The extremes of each block, and those of many.
  std::vector<std::uint64_t> live_max_;
  std::vector<std::uint64_t> live_min_;
  std::vector<std::uint64_t> cached_max_;
  std::vector<std::uint64_t> reserved_max_;
  Pyramid<true> highest_live_;
  Pyramid<false> lowest_live_;
  Pyramid<true> highest_cached_;
  Pyramid<true> highest_reserved_;
  Level maxima_;
  std::uint32_t max_live_event_ = 0;
  std::uint32_t max_reserved_event_ = 0;
};

}  // namespace bufgc::timeline
