#include "timeline/rectangles.hpp"

#include <algorithm>
#include <cmath>

#include "timeline/area.hpp"

namespace bufgc::timeline {
namespace {

using Rectangles = std::vector<Rectangle>;

/// What lives, or what waits in the cache, which is no row's. False when there are more than `most`.
bool add_boxes(const Scene& scene, bool waiting, const View& view, std::size_t most, Rectangles& rectangles) {
  const auto from = static_cast<std::uint64_t>(std::max(std::floor(view.t0), 0.0));
  const auto to = static_cast<std::uint64_t>(std::max(std::ceil(view.t1), 0.0));
  bool enough = false;
  scene.boxes.index->for_each_held(
      from, to, [&](std::uint32_t box, std::uint64_t born, std::uint64_t ended, std::uint64_t taken) {
        const std::uint64_t start = waiting ? ended : born;
        const std::uint64_t end = waiting ? taken : ended;
        if (enough || start == end || start >= to || end <= from) return;
        const Strip strip = (*scene.boxes.strips)[box];
        const auto bottom = static_cast<double>(strip.y);
        const auto top = static_cast<double>(strip.y + strip.height);
        if (bottom >= top || bottom >= view.y1 || top <= view.y0) return;
        enough = rectangles.size() == most;
        const std::uint32_t row = waiting ? Lifecycles::none : scene.places->row_of(box);
        if (!enough)
          rectangles.push_back({row, static_cast<double>(start), static_cast<double>(end), bottom, top});
      });
  return !enough;
}

/// What is cached stands on the live bytes, column by column.
void add_cached(const StackScene& scene, const Columns& columns, Rectangles& rectangles) {
  for (std::uint32_t column = 0; column < columns.count; ++column) {
    const auto moment = scene.layout->moment_of(scene.axis, columns, column);
    if (!moment) continue;
    const Level level = scene.layout->levels().at(*moment);
    const auto live = static_cast<double>(level.live_bytes);
    const double top = live + static_cast<double>(level.cached_bytes);
    if (top == live) continue;
    const double left = columns.left(column);
    if (!rectangles.empty() && rectangles.back().t1 == left && rectangles.back().y0 == live &&
        rectangles.back().y1 == top) {
      rectangles.back().t1 = columns.left(column + 1);
    } else {
      rectangles.push_back({Lifecycles::none, left, columns.left(column + 1), live, top});
    }
  }
}

}  // namespace

std::optional<Rectangles> rectangles_of(const Scene& scene, const View& view, std::size_t most) {
  Rectangles rectangles;
  if (scene.cached && !add_boxes(scene, true, view, most, rectangles)) return std::nullopt;
  if (!add_boxes(scene, false, view, most, rectangles)) return std::nullopt;
  return rectangles;
}

std::optional<Rectangles> rectangles_of_stack(const StackScene& scene, const View& view,
                                              std::uint32_t columns, std::size_t most) {
  const Columns cut{view.t0, view.t1, columns};
  const EventClock& clock = scene.layout->clock();
  const EventRange moments = clock.standing_within(scene.axis, view.t0, view.t1, clock.events());
  const std::vector<std::uint8_t> inside = rows_in_stack(*scene.lifecycles, moments, view.y0, view.y1);
  if (static_cast<std::size_t>(std::count(inside.begin(), inside.end(), 1)) > most) return std::nullopt;
  Rectangles rectangles;
  if (scene.levels) add_cached(scene, cut, rectangles);
  for (std::uint32_t row = 0; row < inside.size(); ++row) {
    if (inside[row] == 0) continue;
    for (const StackStep& step : scene.layout->steps_of(row, scene.axis, cut)) {
      if (rectangles.size() == most) return std::nullopt;
      const auto y = static_cast<double>(step.y);
      rectangles.push_back({row, step.t0, step.t1, y, y + static_cast<double>(step.height)});
    }
  }
  return rectangles;
}

}  // namespace bufgc::timeline
