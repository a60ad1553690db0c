#include "timeline/fragmentation.hpp"

#include <algorithm>

namespace bufgc::timeline {

Fragmentation::Fragmentation(const Levels& levels) : ppm_(levels.events()) {
  for (std::size_t event = 0; event < ppm_.size(); ++event) {
    const Level level = levels.at(event);
    ppm_[event] = fragmentation_ppm(level.live_bytes, level.reserved_bytes);
  }
  worst_ = Pyramid<true>(ppm_);
}

std::vector<double> Fragmentation::resample(const EventClock& clock, Axis axis, double t0, double t1,
                                            std::size_t columns) const {
  std::vector<double> worst(columns);
  const std::size_t count = std::min(ppm_.size(), clock.events());
  for (std::size_t column = 0; column < columns; ++column) {
    const double left = t0 + (t1 - t0) * static_cast<double>(column) / static_cast<double>(columns);
    const double right = t0 + (t1 - t0) * static_cast<double>(column + 1) / static_cast<double>(columns);
    const auto [first, last] = clock.standing_within(axis, left, right, count);
    if (first != last) worst[column] = static_cast<double>(worst_.over(ppm_, first, last));
  }
  return worst;
}

}  // namespace bufgc::timeline
