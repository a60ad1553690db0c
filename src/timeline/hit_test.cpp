#include "timeline/hit_test.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace bufgc::timeline {
namespace {

/// Distance from a point to [first, last), 0 within, in tolerances; infinite beyond the tolerance.
double distance(double at, std::uint64_t first, std::uint64_t last, double tolerance) noexcept {
  const auto low = static_cast<double>(first);
  const auto high = static_cast<double>(last);
  if (at >= low && at < high) return 0;
  const double away = at < low ? low - at : at - high;
  if (away > tolerance || !(tolerance > 0)) return std::numeric_limits<double>::infinity();
  // The end itself is outside: it counts a little, so that whoever begins there comes first.
  return std::max(away / tolerance, 1e-9);
}

}  // namespace

std::optional<std::uint32_t> hit_test(const Boxes& boxes, const Probe& probe) {
  std::optional<std::uint32_t> best;
  double nearest = std::numeric_limits<double>::infinity();
  double smallest = 0;
  const double reach = std::max(probe.tolerance_x, 0.0);
  const double from = std::floor(probe.x - reach);
  const double to = std::floor(probe.x + reach) + 1;
  if (!(to > 0)) return best;
  // One unit more to the left: a box that ends right at the reach's edge is within the tolerance.
  const auto first = static_cast<std::uint64_t>(std::max(from - 1, 0.0));
  boxes.index->for_each(
      first, static_cast<std::uint64_t>(to), [&](std::uint32_t box, std::uint64_t start, std::uint64_t end) {
        const Strip strip = (*boxes.strips)[box];
        if (strip.height == 0) return;
        const double dx = distance(probe.x, start, end, probe.tolerance_x);
        const double dy = distance(probe.y, strip.y, strip.y + strip.height, probe.tolerance_y);
        const double away = dx + dy;
        if (!(away < std::numeric_limits<double>::infinity())) return;
        const double area = static_cast<double>(end - start) * static_cast<double>(strip.height);
        if (away < nearest || (away == nearest && area < smallest)) {
          best = box;
          nearest = away;
          smallest = area;
        }
      });
  return best;
}

}  // namespace bufgc::timeline
