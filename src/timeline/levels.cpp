#include "timeline/levels.hpp"

#include <algorithm>
#include <utility>

#include "timeline/rows.hpp"

namespace bufgc::timeline {
namespace {

using Series = std::vector<std::uint64_t>;

/// Differences wrap around zero on purpose: their running sum does not.
struct Differences {
  explicit Differences(std::size_t events)
      : live(events), capacity(events), cached(events), reserved(events), buffers(events) {}
  Series live;
  Series capacity;
  Series cached;
  Series reserved;
  std::vector<std::uint32_t> buffers;
};

void add_rows(const Lifecycles& lifecycles, Differences& change) {
  const std::size_t events = change.live.size();
  for (std::size_t row = 0; row < lifecycles.size(); ++row) {
    const std::uint32_t born = lifecycles.alloc_event[row];
    const std::uint32_t died = lifecycles.free_event[row];
    const std::uint64_t bytes = live_bytes(lifecycles, row);
    const std::uint64_t capacity = is_owned(lifecycles, row) ? extent_bytes(lifecycles, row) : 0;
    if (born < events) {
      change.live[born] += bytes;
      change.capacity[born] += capacity;
      ++change.buffers[born];
      if (served_by_cache(lifecycles, row)) change.cached[born] -= capacity;
    }
    if (died < events) {
      change.live[died] -= bytes;
      change.capacity[died] -= capacity;
      --change.buffers[died];
      if (freed_to_cache(lifecycles, row)) change.cached[died] += capacity;
    }
  }
  for (const Lifecycles::SegmentLife& segment : lifecycles.segments) {
    if (segment.reserve_event < events) change.reserved[segment.reserve_event] += segment.size_bytes;
    if (segment.release_event < events) change.reserved[segment.release_event] -= segment.size_bytes;
  }
}

template <class Number>
void running_sum(std::vector<Number>& series) {
  Number sum = 0;
  for (Number& entry : series) {
    sum = static_cast<Number>(sum + entry);
    entry = sum;
  }
}

/// Cached bytes before the log began: the deepest that the running sum would fall below zero.
std::uint64_t cached_before(const Series& change) {
  std::int64_t sum = 0;
  std::int64_t lowest = 0;
  for (const std::uint64_t entry : change) {
    sum += static_cast<std::int64_t>(entry);
    lowest = std::min(lowest, sum);
  }
  return static_cast<std::uint64_t>(-lowest);
}

/// Sums up the cache; where segments are known, at most what they leave beside live blocks.
void running_cached(Series& cached, const Series& capacity, const Series& reserved, bool has_segments) {
  std::uint64_t sum = has_segments ? 0 : cached_before(cached);
  for (std::size_t event = 0; event < cached.size(); ++event) {
    const auto change = static_cast<std::int64_t>(cached[event]);
    const auto taken = static_cast<std::uint64_t>(change < 0 ? -change : 0);
    sum = taken > sum ? 0 : sum + cached[event];
    if (has_segments) {
      const std::uint64_t room = reserved[event] > capacity[event] ? reserved[event] - capacity[event] : 0;
      sum = std::min(sum, room);
    }
    cached[event] = sum;
  }
}

/// The first event with the highest level.
std::size_t first_highest(const Series& series) {
  return static_cast<std::size_t>(std::max_element(series.begin(), series.end()) - series.begin());
}

}  // namespace

Levels::Levels(const Lifecycles& lifecycles) {
  Differences change(lifecycles.event_count());
  add_rows(lifecycles, change);
  running_sum(change.live);
  running_sum(change.capacity);
  running_sum(change.reserved);
  running_sum(change.buffers);
  const bool has_segments = !lifecycles.segments.empty();
  running_cached(change.cached, change.capacity, change.reserved, has_segments);
  if (!has_segments) {
    for (std::size_t event = 0; event < change.reserved.size(); ++event) {
      change.reserved[event] = change.capacity[event] + change.cached[event];
    }
  }
  if (!change.live.empty()) {
    max_live_event_ = static_cast<std::uint32_t>(first_highest(change.live));
    max_reserved_event_ = static_cast<std::uint32_t>(first_highest(change.reserved));
    maxima_.live_bytes = change.live[max_live_event_];
    maxima_.reserved_bytes = change.reserved[max_reserved_event_];
    maxima_.cached_bytes = change.cached[first_highest(change.cached)];
    maxima_.live_buffers = *std::max_element(change.buffers.begin(), change.buffers.end());
  }
  live_ = std::move(change.live);
  cached_ = std::move(change.cached);
  reserved_ = std::move(change.reserved);
  live_min_ = Pyramid<false>(live_);
  live_max_ = Pyramid<true>(live_);
  cached_max_ = Pyramid<true>(cached_);
  reserved_max_ = Pyramid<true>(reserved_);
  live_buffers_ = std::move(change.buffers);
}

Level Levels::at(std::uint64_t event) const noexcept {
  if (events() == 0) return {};
  const auto index = static_cast<std::size_t>(std::min<std::uint64_t>(event, events() - 1));
  return {live_[index], live_buffers_[index], cached_[index], reserved_[index]};
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
    out.live_max[column] = static_cast<double>(live_max_.over(live_, first, last));
    out.live_min[column] = static_cast<double>(live_min_.over(live_, first, last));
    out.cached_max[column] = static_cast<double>(cached_max_.over(cached_, first, last));
    out.reserved_max[column] = static_cast<double>(reserved_max_.over(reserved_, first, last));
  }
  return out;
}

std::optional<std::uint32_t> Levels::peak_of(const EventClock& clock, Axis axis, const Columns& columns,
                                             std::int64_t column) const {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(events(), clock.events()));
  const auto [first, last] =
      clock.standing_within(axis, columns.left(column), columns.left(column + 1), count);
  if (first == last) return std::nullopt;
  return static_cast<std::uint32_t>(live_max_.place_of(live_, first, last));
}

}  // namespace bufgc::timeline
