#pragma once

// Private to the rasterizer.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "timeline/projection.hpp"
#include "timeline/shade.hpp"
#include "timeline/shown_boxes.hpp"

namespace bufgc::timeline {

/// One picture under way: shades, and how much is hatched, as changes along each row, then pixels.
class Canvas {
 public:
  /// `hatches`: whether what is added hatches what waits.
  Canvas(PictureSize size, const Style& style, const Projection& projection, std::vector<std::uint8_t>& rgba,
         bool hatches)
      : size_(size),
        style_(style),
        projection_(projection),
        rgba_(rgba),
        stride_(changes_a_row(size)),
        shades_(stride_ * size.height),
        hatched_(hatches ? shades_.size() : 0) {}

  void add(const ShownBox& box, Shade shade) {
    const bool waits = box.waits && !hatched_.empty();
    for_each_row(box, [&](std::uint32_t row, float share) {
      const std::size_t first = row * stride_;
      if (box.lives) add_stretch(shades_.data() + first, box.born, box.ended, shade * share);
      if (waits) add_stretch(hatched_.data() + first, box.ended, box.taken, share);
    });
  }
  /// How much of each pixel is hatched, without the places beyond the right edge. Nothing can be added after.
  [[nodiscard]] std::vector<float> take_hatched() {
    for (std::size_t row = 0; row < size_.height; ++row) {
      const float* const changes = hatched_.data() + row * stride_;
      float* const shares = hatched_.data() + row * size_.width;
      float sum = 0;
      for (std::size_t x = 0; x < size_.width; ++x) shares[x] = sum += changes[x];
    }
    hatched_.resize(std::size_t{size_.width} * size_.height);
    return std::move(hatched_);
  }

  /// Sums the changes up and puts them over the background; `hatched`, where there is any, is how much of
  /// each pixel is hatched besides.
  void resolve(const std::vector<float>* hatched) {
    for (std::uint32_t row = 0; row < size_.height; ++row) {
      const Shade* const shades = shades_.data() + row * stride_;
      if (hatched == nullptr) {
        resolve_row(shades, line(row));
      } else {
        resolve_hatched(shades, hatched->data() + std::size_t{row} * size_.width, row, line(row));
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
    for (std::uint32_t x = 0; x < size_.width; ++x) {
      sum += changes[x];
      const float share = hatched[x] * hatch_share(plane_x + x, plane_y);
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
