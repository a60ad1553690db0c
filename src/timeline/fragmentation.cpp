#include "timeline/fragmentation.hpp"

#include <algorithm>

namespace bufgc::timeline {

Fragmentation::Fragmentation(const Levels& levels) : levels_(&levels) {
  for (std::size_t first = 0; first < levels.events(); first += block) {
    worst_of_block_.push_back(worst(first, std::min(levels.events(), first + block)));
  }
  worst_ = Pyramid<true>(worst_of_block_);
}

std::uint64_t Fragmentation::worst(std::size_t first, std::size_t last) const {
  std::uint64_t worst = 0;
  levels_->for_each(first, last, [&](std::size_t, const Level& level) {
    worst = std::max(worst, fragmentation_ppm(level.live_bytes, level.reserved_bytes));
  });
  return worst;
}

std::uint64_t Fragmentation::over(std::size_t first, std::size_t last) const {
  const std::size_t first_block = (first + block - 1) / block;
  const std::size_t last_block = last == levels_->events() ? worst_of_block_.size() : last / block;
  if (first_block >= last_block) return worst(first, last);
  return std::max({worst(first, first_block * block), worst_.over(worst_of_block_, first_block, last_block),
                   worst(last_block * block, last)});
}

std::vector<double> Fragmentation::resample(const EventClock& clock, Axis axis, double t0, double t1,
                                            std::size_t columns) const {
  std::vector<double> shares(columns);
  const std::size_t count = std::min(levels_->events(), clock.events());
  for (std::size_t column = 0; column < columns; ++column) {
    const double left = t0 + (t1 - t0) * static_cast<double>(column) / static_cast<double>(columns);
    const double right = t0 + (t1 - t0) * static_cast<double>(column + 1) / static_cast<double>(columns);
    const auto [first, last] = clock.standing_within(axis, left, right, count);
    if (first != last) shares[column] = static_cast<double>(over(first, last));
  }
  return shares;
}

}  // namespace bufgc::timeline
