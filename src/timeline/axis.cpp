#include "timeline/axis.hpp"

#include <algorithm>
#include <cmath>

namespace bufgc::timeline {

std::uint64_t EventClock::first_from(double time_ns) const noexcept {
  std::uint64_t low = 0;
  std::uint64_t high = events_;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (static_cast<double>(time_of(middle)) < time_ns) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

std::uint64_t EventClock::event_at(double time_ns) const noexcept {
  std::uint64_t low = 0;
  std::uint64_t high = events_;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (static_cast<double>(time_of(middle)) <= time_ns) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low == 0 ? 0 : low - 1;
}

EventRange EventClock::standing_within(Axis axis, double left, double right,
                                       std::size_t count) const noexcept {
  const auto end = static_cast<double>(extent(axis));
  if (count == 0 || right <= 0 || (axis == Axis::event ? left >= end : left > end)) return {};
  if (axis == Axis::event) {
    const auto first = static_cast<std::size_t>(std::max(std::floor(left), 0.0));
    const auto last = static_cast<std::size_t>(std::min(std::ceil(right), static_cast<double>(count)));
    return {std::min(first, count - 1), std::max(last, std::min(first, count - 1) + 1)};
  }
  auto first = static_cast<std::size_t>(first_from(left));
  // The level of the event before still stands, unless one comes exactly at the edge.
  if (first > 0 && (first == count || static_cast<double>(time_of(first)) > left)) --first;
  const auto last = static_cast<std::size_t>(first_from(right));
  return {first, std::max(last, first + 1)};
}

EventRange EventClock::happened_within(Axis axis, double t0, double t1) const noexcept {
  const auto from = [&](double at) -> std::size_t {
    if (!(at > 0)) return 0;
    if (axis == Axis::time) return static_cast<std::size_t>(first_from(at));
    return at < static_cast<double>(events_) ? static_cast<std::size_t>(std::ceil(at)) : events_;
  };
  const std::size_t first = from(t0);
  const std::size_t last = t1 >= static_cast<double>(extent(axis)) ? events_ : from(t1);
  return {first, std::max(first, last)};
}

}  // namespace bufgc::timeline
