#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "timeline/axis.hpp"
#include "timeline/levels.hpp"
#include "timeline/pyramid.hpp"

namespace bufgc::timeline {

/// The share of reserved that holds no live byte, in millionths: 1 − live ÷ reserved. Nothing reserved is
/// not fragmented.
[[nodiscard]] constexpr std::uint64_t fragmentation_ppm(std::uint64_t live_bytes,
                                                        std::uint64_t reserved_bytes) noexcept {
  if (live_bytes >= reserved_bytes) return 0;
  const auto idle = static_cast<double>(reserved_bytes - live_bytes);
  return static_cast<std::uint64_t>(1e6 * idle / static_cast<double>(reserved_bytes));
}

/// Fragmentation after every event. Built in O(events); keeps the worst of each block of events and asks the
/// levels, which must outlive it, for those within one.
class Fragmentation {
 public:
  explicit Fragmentation(const Levels& levels);

  /// The worst of each column of [t0, t1), as `Levels::resample` cuts it; in millionths.
  [[nodiscard]] std::vector<double> resample(const EventClock& clock, Axis axis, double t0, double t1,
                                             std::size_t columns) const;

 private:
  static constexpr std::size_t block = Levels::block_events;
  [[nodiscard]] std::uint64_t worst(std::size_t first, std::size_t last) const;
  [[nodiscard]] std::uint64_t over(std::size_t first, std::size_t last) const;

  const Levels* levels_;
  std::vector<std::uint64_t> worst_of_block_;
  Pyramid<true> worst_;
};

}  // namespace bufgc::timeline
