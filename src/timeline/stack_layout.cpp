#include "timeline/stack_layout.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "timeline/rows.hpp"

namespace bufgc::timeline {

StackLayout::StackLayout(const Lifecycles& lifecycles, const Levels& levels, const EventClock& clock)
    : lifecycles_(&lifecycles), levels_(&levels), clock_(&clock), live_rows_(lifecycles) {}

std::uint64_t StackLayout::height() const noexcept {
  return std::max(levels_->maxima().live_bytes, levels_->maxima().reserved_bytes);
}

std::optional<std::uint32_t> StackLayout::row_at(Axis axis, const Columns& columns, double x, double y,
                                                 double tolerance) const {
  const double column = std::floor((x - columns.t0) / (columns.t1 - columns.t0) * columns.count);
  if (!(column >= 0 && column < columns.count && y >= 0)) return std::nullopt;
  const auto moment = moment_of(axis, columns, static_cast<std::int64_t>(column));
  if (!moment) return std::nullopt;
  std::optional<std::uint32_t> last;
  std::uint64_t top = 0;
  live_rows_.for_each(*moment, std::numeric_limits<std::uint32_t>::max(), [&](std::uint32_t row) {
    last = row;
    top += live_bytes(*lifecycles_, row);
    return y >= static_cast<double>(top);
  });
  const double above = y - static_cast<double>(top);
  return above < 0 || above < tolerance ? last : std::nullopt;
}

std::uint64_t StackLayout::released_below(std::uint32_t row, std::uint32_t from,
                                          std::uint32_t to) const noexcept {
  std::uint64_t bytes = 0;
  for (std::size_t event = std::size_t{from} + 1; event <= to; ++event) {
    if (lifecycles_->event_kind[event] != Lifecycles::EventKind::free) continue;
    const std::uint32_t released = lifecycles_->event_row[event];
    if (released < row) bytes += live_bytes(*lifecycles_, released);
  }
  return bytes;
}

std::vector<StackStep> StackLayout::steps_of(std::uint32_t row, Axis axis, const Columns& columns) const {
  std::vector<StackStep> steps;
  if (row >= lifecycles_->size()) return steps;
  const std::uint32_t born = lifecycles_->alloc_event[row];
  const std::uint32_t died = lifecycles_->free_event[row];
  const std::uint32_t base = lifecycles_->base[row];
  const std::uint32_t shown = is_view(*lifecycles_, row) && base < row ? base : row;
  const std::uint64_t height = live_bytes(*lifecycles_, shown);
  if (height == 0) return steps;
  std::optional<std::uint32_t> last;
  std::uint64_t y = 0;
  for (std::uint32_t column = 0; column < columns.count; ++column) {
    const auto moment = moment_of(axis, columns, column);
    if (!moment || *moment < born) continue;
    if (*moment >= died) break;
    if (last) {
      y -= released_below(shown, *last, *moment);
    } else {
      live_rows_.for_each(*moment, shown, [&](std::uint32_t below) {
        y += live_bytes(*lifecycles_, below);
        return true;
      });
    }
    last = moment;
    if (!steps.empty() && steps.back().y == y) {
      steps.back().t1 = columns.left(column + 1);
    } else {
      steps.push_back({columns.left(column), columns.left(column + 1), y, height});
    }
  }
  return steps;
}

}  // namespace bufgc::timeline
