#pragma once

// Private to the rasterizer.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "timeline/projection.hpp"
#include "timeline/shade.hpp"

namespace bufgc::timeline {

/// Calls `at(index, share)` for each change of the box's share of a pixel to that of its left neighbour, in a
/// picture of `stride` places a row: two at its beginning and two at its end, so that it costs the same
/// however wide the box is. A running sum along the row gives the shares back.
template <class Change>
void for_each_change(const PixelBox& box, std::size_t stride, Change&& at) {
  const auto left = static_cast<std::uint32_t>(box.left);
  const auto right = static_cast<std::uint32_t>(box.right);
  // Of the pixel in which an edge stands, the part to the right of the edge.
  const auto left_share = static_cast<float>(left + 1 - box.left);
  const auto right_share = static_cast<float>(right + 1 - box.right);
  const auto end = static_cast<std::uint32_t>(std::ceil(box.bottom));
  for (auto y = static_cast<std::uint32_t>(box.top); y < end; ++y) {
    const auto tall =
        static_cast<float>(std::min(box.bottom, y + 1.0) - std::max(box.top, static_cast<double>(y)));
    const std::size_t row = y * stride;
    if (left == right) {
      const float share = tall * (left_share - right_share);
      at(row + left, share);
      at(row + left + 1, -share);
      continue;
    }
    at(row + left, tall * left_share);
    at(row + left + 1, tall - tall * left_share);
    at(row + right, -tall * right_share);
    at(row + right + 1, tall * right_share - tall);
  }
}

/// One picture under way: shades and hatching as changes along each row, then pixels.
class Canvas {
 public:
  Canvas(PictureSize size, const Style& style, const Projection& projection, std::vector<std::uint8_t>& rgba)
      : size_(size),
        style_(style),
        projection_(projection),
        rgba_(rgba),
        stride_(std::size_t{size.width} + 2),  // room for the changes of a box that ends at the right edge
        shades_(stride_ * size.height) {}

  void add(const PixelBox& box, Shade shade) {
    for_each_change(box, stride_, [&](std::size_t at, float share) { shades_[at] += shade * share; });
  }
  void add_hatched(const PixelBox& box) {
    if (hatched_.empty()) hatched_.resize(shades_.size());
    for_each_change(box, stride_, [&](std::size_t at, float share) { hatched_[at] += share; });
  }

  /// Sums the changes up and puts them over the background.
  void resolve() {
    for (std::uint32_t row = 0; row < size_.height; ++row) {
      const Shade* const shades = shades_.data() + row * stride_;
      if (hatched_.empty()) {
        resolve_row(shades, line(row));
      } else {
        resolve_hatched(shades, hatched_.data() + row * stride_, row, line(row));
      }
    }
  }

  /// Puts a colour over what is resolved already, by the area covered.
  void paint(const PixelBox& box, Color color) {
    const Shade over = shade_of(color, 1.0F);
    const auto bottom = static_cast<std::uint32_t>(std::ceil(box.bottom));
    const auto right = static_cast<std::uint32_t>(std::ceil(box.right));
    for (auto y = static_cast<std::uint32_t>(box.top); y < bottom; ++y) {
      const double tall = std::min(box.bottom, y + 1.0) - std::max(box.top, static_cast<double>(y));
      for (auto x = static_cast<std::uint32_t>(box.left); x < right; ++x) {
        const double wide = std::min(box.right, x + 1.0) - std::max(box.left, static_cast<double>(x));
        put_over(over, static_cast<float>(tall * wide), line(y) + static_cast<std::size_t>(x) * 4);
      }
    }
  }

 private:
  [[nodiscard]] std::uint8_t* line(std::uint32_t row) noexcept {
    return rgba_.data() + static_cast<std::size_t>(row) * size_.width * 4;
  }
  void resolve_row(const Shade* changes, std::uint8_t* out) const {
    const Shade background = shade_of(style_.background, 1.0F);
    Shade sum{};
    for (std::uint32_t x = 0; x < size_.width; ++x) {
      sum += changes[x];
      put(mix(sum, background), out + static_cast<std::size_t>(x) * 4);
    }
  }
  void resolve_hatched(const Shade* changes, const float* hatched, std::uint32_t row,
                       std::uint8_t* out) const {
    const Shade background = shade_of(style_.background, 1.0F);
    const Shade hatching = shade_of(style_.cached, 1.0F);
    const std::int64_t plane_x = projection_.first_x();
    const std::int64_t plane_y = projection_.first_y() + row;
    Shade sum{};
    float covered = 0;
    for (std::uint32_t x = 0; x < size_.width; ++x) {
      sum += changes[x];
      covered += hatched[x];
      const float share = covered * hatch_share(plane_x + x, plane_y);
      put(mix(sum + hatching * share, background), out + static_cast<std::size_t>(x) * 4);
    }
  }

  PictureSize size_;
  const Style& style_;
  const Projection& projection_;
  std::vector<std::uint8_t>& rgba_;
  std::size_t stride_;
  std::vector<Shade> shades_;
  std::vector<float> hatched_;
};

}  // namespace bufgc::timeline
