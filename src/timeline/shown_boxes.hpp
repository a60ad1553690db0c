#pragma once

// Private to the pictures of boxes.

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "timeline/projection.hpp"

namespace bufgc::timeline {

/// Calls `visit(box, whole, cut)` for each box that the picture shows, with its place in pixels. They come by
/// their beginnings, so what is written follows the picture from left to right and stays in the cache.
template <class Visit>
void for_each_shown(const Boxes& boxes, const View& view, const Projection& projection, Visit&& visit) {
  if (boxes.index == nullptr) return;
  const auto from = static_cast<std::uint64_t>(std::max(std::floor(view.t0), 0.0));
  const auto to = static_cast<std::uint64_t>(std::max(std::ceil(view.t1), 0.0));
  boxes.index->for_each(from, to, [&](std::uint32_t box, std::uint64_t start, std::uint64_t end) {
    const Strip strip = (*boxes.strips)[box];
    if (strip.height == 0 || start == end) return;
    const PixelBox whole = projection.whole(start, end, strip);
    const PixelBox cut = projection.cut(whole);
    if (cut.left < cut.right && cut.top < cut.bottom) visit(box, whole, cut);
  });
}

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
  const auto change = [&](std::uint32_t y, float tall) {
    const std::size_t row = y * stride;
    if (left == right) {
      const float share = tall * (left_share - right_share);
      at(row + left, share);
      at(row + left + 1, -share);
      return;
    }
    at(row + left, tall * left_share);
    at(row + left + 1, tall - tall * left_share);
    at(row + right, -tall * right_share);
    at(row + right + 1, tall * right_share - tall);
  };
  auto y = static_cast<std::uint32_t>(box.top);
  double top = box.top;
  for (; y + 1.0 < box.bottom; ++y) {
    change(y, static_cast<float>(y + 1.0 - top));
    top = y + 1.0;
  }
  change(y, static_cast<float>(box.bottom - top));
}

/// Places a row for such changes: a box that ends at the right edge has two beyond it.
[[nodiscard]] constexpr std::size_t changes_a_row(PictureSize size) noexcept {
  return std::size_t{size.width} + 2;
}

}  // namespace bufgc::timeline
