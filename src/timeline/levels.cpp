#include "timeline/levels.hpp"

#include <algorithm>

namespace bufgc::timeline {

void Levels::Extremes::take(const Level& level) noexcept {
  live_max = std::max(live_max, level.live_bytes);
  live_min = std::min(live_min, level.live_bytes);
  cached_max = std::max(cached_max, level.cached_bytes);
  reserved_max = std::max(reserved_max, level.reserved_bytes);
}

Levels::Levels(const Lifecycles& lifecycles) : steps_(lifecycles) {
  const std::size_t blocks = (events() + block_events - 1) / block_events;
  before_.reserve(blocks);
  for (std::vector<std::uint64_t>* series : {&live_max_, &live_min_, &cached_max_, &reserved_max_}) {
    series->reserve(blocks);
  }
  LevelSteps::State state = steps_.first();
  for (std::size_t first = 0; first < events(); first += block_events) add_block(first, state);
  build_pyramids();
}

void Levels::extend(const Lifecycles& lifecycles) {
  if (before_.empty() || !steps_.extend(lifecycles)) {
    *this = Levels(lifecycles);
    return;
  }
  // The last block may have been cut off by the end.
  LevelSteps::State state = before_.back();
  const std::size_t first = (before_.size() - 1) * block_events;
  before_.pop_back();
  for (std::vector<std::uint64_t>* series : {&live_max_, &live_min_, &cached_max_, &reserved_max_}) {
    series->pop_back();
  }
  for (std::size_t next = first; next < events(); next += block_events) add_block(next, state);
  build_pyramids();
}

void Levels::add_block(std::size_t first, LevelSteps::State& state) {
  before_.push_back(state);
  Extremes block;
  const std::size_t last = std::min(events(), first + block_events);
  for (std::size_t event = first; event < last; ++event) {
    steps_.advance(event, state);
    const Level level = steps_.level(state);
    block.take(level);
    // The first event with the highest level; none has one above that before it.
    if (event == 0 || level.live_bytes > maxima_.live_bytes) {
      max_live_event_ = static_cast<std::uint32_t>(event);
      maxima_.live_bytes = level.live_bytes;
    }
    if (event == 0 || level.reserved_bytes > maxima_.reserved_bytes) {
      max_reserved_event_ = static_cast<std::uint32_t>(event);
      maxima_.reserved_bytes = level.reserved_bytes;
    }
    maxima_.live_buffers = std::max(maxima_.live_buffers, level.live_buffers);
  }
  maxima_.cached_bytes = std::max(maxima_.cached_bytes, block.cached_max);
  live_max_.push_back(block.live_max);
  live_min_.push_back(block.live_min);
  cached_max_.push_back(block.cached_max);
  reserved_max_.push_back(block.reserved_max);
}

void Levels::build_pyramids() {
  highest_live_ = Pyramid<true>(live_max_);
  lowest_live_ = Pyramid<false>(live_min_);
  highest_cached_ = Pyramid<true>(cached_max_);
  highest_reserved_ = Pyramid<true>(reserved_max_);
}

Level Levels::at(std::uint64_t event) const noexcept {
  Level found;
  if (events() == 0) return found;
  const auto index = static_cast<std::size_t>(std::min<std::uint64_t>(event, events() - 1));
  for_each(index, index + 1, [&](std::size_t, const Level& level) { found = level; });
  return found;
}

Levels::Extremes Levels::over(std::size_t first, std::size_t last) const {
  Extremes found;
  const auto take = [&](std::size_t, const Level& level) { found.take(level); };
  const std::size_t first_block = (first + block_events - 1) / block_events;
  const std::size_t last_block = last == events() ? before_.size() : last / block_events;
  if (first_block >= last_block) {
    for_each(first, last, take);
    return found;
  }
  for_each(first, first_block * block_events, take);
  found.live_max = std::max(found.live_max, highest_live_.over(live_max_, first_block, last_block));
  found.live_min = std::min(found.live_min, lowest_live_.over(live_min_, first_block, last_block));
  found.cached_max = std::max(found.cached_max, highest_cached_.over(cached_max_, first_block, last_block));
  found.reserved_max =
      std::max(found.reserved_max, highest_reserved_.over(reserved_max_, first_block, last_block));
  for_each(last_block * block_events, last, take);
  return found;
}

LevelColumns Levels::resample(const EventClock& clock, Axis axis, const Columns& columns) const {
  LevelColumns out;
  out.x.resize(columns.count);
  for (std::vector<double>* series : {&out.live_max, &out.live_min, &out.cached_max, &out.reserved_max}) {
    series->resize(columns.count);
  }
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(events(), clock.events()));
  for (std::uint32_t column = 0; column < columns.count; ++column) {
    out.x[column] = columns.left(column);
    const auto [first, last] =
        clock.standing_within(axis, columns.left(column), columns.left(column + 1), count);
    if (first == last) continue;
    const Extremes found = over(first, last);
    out.live_max[column] = static_cast<double>(found.live_max);
    out.live_min[column] = static_cast<double>(found.live_min);
    out.cached_max[column] = static_cast<double>(found.cached_max);
    out.reserved_max[column] = static_cast<double>(found.reserved_max);
  }
  return out;
}

std::optional<std::uint32_t> Levels::peak_of(const EventClock& clock, Axis axis, const Columns& columns,
                                             std::int64_t column) const {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(events(), clock.events()));
  const auto [first, last] =
      clock.standing_within(axis, columns.left(column), columns.left(column + 1), count);
  if (first == last) return std::nullopt;
  std::size_t place = first;
  std::optional<std::uint64_t> highest;
  const auto take = [&](std::size_t event, const Level& level) {
    if (highest && level.live_bytes <= *highest) return;
    place = event;
    highest = level.live_bytes;
  };
  const std::size_t first_block = (first + block_events - 1) / block_events;
  const std::size_t last_block = last == events() ? before_.size() : last / block_events;
  if (first_block >= last_block) {
    for_each(first, last, take);
    return static_cast<std::uint32_t>(place);
  }
  for_each(first, first_block * block_events, take);
  if (!highest || highest_live_.over(live_max_, first_block, last_block) > *highest) {
    const std::size_t block = highest_live_.place_of(live_max_, first_block, last_block) * block_events;
    for_each(block, std::min(block + block_events, last), take);
  }
  for_each(last_block * block_events, last, take);
  return static_cast<std::uint32_t>(place);
}

}  // namespace bufgc::timeline
