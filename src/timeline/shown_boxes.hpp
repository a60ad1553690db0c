#pragma once

// Private to the pictures of boxes. What is done for each of them is inlined by force: else a box goes
// through memory on its way, and natively a picture takes up to 40 % longer.

#include <cstdint>

#include "timeline/lanes.hpp"
#include "timeline/rasterizer.hpp"

namespace bufgc::timeline {

/// A box in pixels, cut to the picture: the buffer's life from `born` to `ended`, and what it left in the
/// cache from there to `taken`.
struct ShownBox {
  std::uint32_t born;   ///< In which pixel of a row this edge stands,
  std::uint32_t ended;  ///< and so on.
  std::uint32_t taken;
  float beyond_born;  ///< How much of that pixel lies to the edge's right,
  float beyond_ended;
  float beyond_taken;
  bool lives;         ///< Some of its life is shown.
  bool waits;         ///< Some of its waiting is.
  std::uint32_t row;  ///< The row of pixels in which it begins,
  double row_end;     ///< where that ends,
  double top;
  double bottom;
};

/// From units of the view to boxes of the picture. Counts in pairs of numbers, which take as long as one.
class BoxCutter {
 public:
  BoxCutter(const View& view, PictureSize size) noexcept
      : BoxCutter(view, size.width / (view.t1 - view.t0), size.height / (view.y1 - view.y0), size) {}

  /// False when nothing of it is shown. Of `low` and `high` either may be above.
  [[nodiscard, gnu::always_inline]] bool cut(double start, double end, double until, double low, double high,
                                             ShownBox& box) const noexcept {
    const Pair life = within((Pair{start, end} - life_origin_) * life_scale_, life_size_);
    const Pair other = (Pair{until, upside_down_ ? low : high} - origin_) * scale_;
    const Pair corner = within(other, size_);
    const double bottom = ((upside_down_ ? high : low) - origin_[1]) * scale_[1];
    box.top = corner[1];
    box.bottom = bottom < size_[1] ? bottom : size_[1];
    box.lives = life[0] < life[1];
    box.waits = life[1] < corner[0];
    if (!(box.top < box.bottom) || !(box.lives || box.waits)) return false;
    const Pixels ends(life);
    const Pixels last(corner);
    const Pair beyond = ends.end - life;
    box.born = ends.at[0];
    box.ended = ends.at[1];
    box.taken = last.at[0];
    box.beyond_born = static_cast<float>(beyond[0]);
    box.beyond_ended = static_cast<float>(beyond[1]);
    box.beyond_taken = static_cast<float>(last.end[0] - corner[0]);
    box.row = last.at[1];
    box.row_end = last.end[1];
    return true;
  }

 private:
  /// In which pixels, or rows of them, two places within the picture lie.
  struct Pixels {
    explicit Pixels(Pair place) noexcept {
      using Bits = std::uint64_t __attribute__((vector_size(16)));
      const Pair whole = floor_of(place);
      // A whole number from 0 to 2^51 stands in the low bits of its sum with 2^52.
      const Bits bits = reinterpret_cast<Bits>(whole + 0x1p52);
      at[0] = static_cast<std::uint32_t>(bits[0]);
      at[1] = static_cast<std::uint32_t>(bits[1]);
      end = whole + 1.0;
    }
    std::uint32_t at[2] = {};
    Pair end;  ///< Where they end.
  };

  BoxCutter(const View& view, double per_x, double per_y, PictureSize size) noexcept
      : life_origin_{view.t0, view.t0},
        life_scale_{per_x, per_x},
        life_size_{static_cast<double>(size.width), static_cast<double>(size.width)},
        origin_{view.t0, view.y1},
        scale_{per_x, -per_y},
        size_{static_cast<double>(size.width), static_cast<double>(size.height)},
        upside_down_(per_y < 0) {}

  [[nodiscard, gnu::always_inline]] static Pair within(Pair place, Pair most) noexcept {
    return greater(Pair{}, lesser(most, place));
  }

  Pair life_origin_;
  Pair life_scale_;
  Pair life_size_;
  Pair origin_;
  Pair scale_;
  Pair size_;
  bool upside_down_;
};

/// Calls `at(share)` for each row of pixels that the box meets, from its first, with the share of its height.
template <class Row>
[[gnu::always_inline]] inline void for_each_row(const ShownBox& box, Row&& at) {
  double top = box.top;
  double end = box.row_end;
  for (;; ++end) {
    const bool is_last = !(end < box.bottom);
    at(static_cast<float>((is_last ? box.bottom : end) - top));
    if (is_last) return;
    top = end;
  }
}

}  // namespace bufgc::timeline
