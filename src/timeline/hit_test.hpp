#pragma once

#include <cstdint>
#include <optional>

#include "timeline/rasterizer.hpp"

namespace bufgc::timeline {

/// A point of the layout and how far around it still counts, all in units of the axes.
struct Probe {
  double x = 0;
  double y = 0;
  double tolerance_x = 0;
  double tolerance_y = 0;
};

/// The box under the point; else the nearest one within the tolerance, measured in tolerances;
/// among equals the smallest. Through the same index that the picture is drawn from.
[[nodiscard]] std::optional<std::uint32_t> hit_test(const Boxes& boxes, const Probe& probe);

}  // namespace bufgc::timeline
