#pragma once

// Private to the rasterizer.

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "timeline/rasterizer.hpp"

namespace bufgc::timeline {

/// A box in pixels, cut to the picture.
struct PixelBox {
  double left;
  double right;
  double top;
  double bottom;
};

/// From units of the view to pixels.
class Projection {
 public:
  Projection(const View& view, PictureSize size) noexcept
      : view_(view),
        width_(size.width),
        height_(size.height),
        per_x_(width_ / (view.t1 - view.t0)),
        per_y_(height_ / (view.y1 - view.y0)) {}

  [[nodiscard]] double x(double t) const noexcept { return (t - view_.t0) * per_x_; }
  [[nodiscard]] double y(double at) const noexcept { return (view_.y1 - at) * per_y_; }
  /// Not cut: what lies outside of the picture keeps its place.
  [[nodiscard]] PixelBox whole(double start, double end, Extent extent) const noexcept {
    const double a = y(extent.low);
    const double b = y(extent.high);
    return {x(start), x(end), std::min(a, b), std::max(a, b)};
  }
  [[nodiscard]] PixelBox cut(const PixelBox& box) const noexcept {
    return {std::max(box.left, 0.0), std::min(box.right, width_), std::max(box.top, 0.0),
            std::min(box.bottom, height_)};
  }
  /// Number of the picture's first pixel in the plane of the whole, so that hatching moves with what it
  /// fills.
  [[nodiscard]] std::int64_t first_x() const noexcept { return std::llround(view_.t0 * per_x_); }
  [[nodiscard]] std::int64_t first_y() const noexcept { return std::llround(-view_.y1 * per_y_); }

 private:
  View view_;
  double width_;
  double height_;
  double per_x_;
  double per_y_;
};

}  // namespace bufgc::timeline
