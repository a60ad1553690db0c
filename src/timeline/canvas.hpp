#pragma once

// Private to the rasterizer.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "timeline/lanes.hpp"
#include "timeline/projection.hpp"
#include "timeline/shade.hpp"
#include "timeline/shown_boxes.hpp"

namespace bufgc::timeline {

/// One picture of boxes under way. What each pixel is covered by stands as changes to its left neighbour, so
/// that an edge costs the same however far the box reaches: two pixels change at it, the one in which it
/// stands by the share to its right, the next by what is left. A running sum along the row gives the amounts
/// back.
///
/// The boxes of one colour, and all that waits in the cache, have one number a pixel each; they stand side by
/// side, so that an edge is one sum of four numbers, and cost least. All other colours together have the
/// four of a shade, once there are any.
class Canvas {
 public:
  /// `common`: the colour that most boxes are expected to have.
  Canvas(PictureSize size, Shade common)
      : size_(size), common_(common), stride_(changes_a_row(size)), cover_(2 * stride_ * size.height) {}

  /// A box of the common colour.
  [[gnu::always_inline]] void add_common(const ShownBox& box, bool waits) noexcept {
    const Four born = edge(box.beyond_born) * lives_lanes;
    const Four taken = edge(box.beyond_taken) * waits_lanes;
    const Four ended = edge(box.beyond_ended);
    const std::size_t line = 2 * stride_;
    float* at = cover_.data() + std::size_t{box.row} * line;
    if (waits) {
      for_each_row(box, [&](float share) {
        add_to(at + place(box.born), born * share);
        add_to(at + place(box.ended), ended * (waits_lanes - lives_lanes) * share);
        add_to(at + place(box.taken), taken * -share);
        at += line;
      });
    } else {
      for_each_row(box, [&](float share) {
        add_to(at + place(box.born), born * share);
        add_to(at + place(box.ended), ended * lives_lanes * -share);
        at += line;
      });
    }
  }
  /// One of another colour.
  [[gnu::always_inline]] void add_other(const ShownBox& box, bool waits, Shade shade) {
    if (others_.empty()) others_.resize(stride_ * size_.height);
    const Four ended = edge(box.beyond_ended) * waits_lanes;
    const Four taken = edge(box.beyond_taken) * waits_lanes;
    std::size_t row = box.row;
    for_each_row(box, [&](float share) {
      Shade* const others = others_.data() + row * stride_;
      const Shade amount = shade * share;
      const Shade first = amount * box.beyond_born;
      const Shade last = amount * box.beyond_ended;
      others[box.born] += first;
      others[box.born + 1] += amount - first;
      others[box.ended] -= last;
      others[box.ended + 1] -= amount - last;
      if (waits) {
        float* const cover = cover_.data() + 2 * row * stride_;
        add_to(cover + place(box.ended), ended * share);
        add_to(cover + place(box.taken), taken * -share);
      }
      ++row;
    });
  }

  /// Sums the changes up and puts them over the background.
  void resolve(const Style& style, const Projection& projection, std::vector<std::uint8_t>& rgba) const {
    for (std::uint32_t row = 0; row < size_.height; ++row) {
      std::uint8_t* const line = rgba.data() + std::size_t{row} * size_.width * 4;
      if (others_.empty()) {
        resolve_row<false>(row, style, projection, line);
      } else {
        resolve_row<true>(row, style, projection, line);
      }
    }
  }

 private:
  static constexpr Four lives_lanes{1, 0, 1, 0};
  static constexpr Four waits_lanes{0, 1, 0, 1};

  /// An edge in both numbers of a pixel and of the next one.
  [[nodiscard, gnu::always_inline]] static Four edge(float beyond) noexcept {
    return Four{beyond, beyond, beyond, beyond} * Four{1, 1, -1, -1} + Four{0, 0, 1, 1};
  }
  /// Where the two numbers of a pixel stand in its row.
  [[nodiscard]] static constexpr std::size_t place(std::uint32_t pixel) noexcept {
    return std::size_t{pixel} * 2;
  }
  /// Pixels a row: an edge at the right end of the picture has two beyond it.
  [[nodiscard]] static constexpr std::size_t changes_a_row(PictureSize size) noexcept {
    return std::size_t{size.width} + 2;
  }

  template <bool has_others>
  void resolve_row(std::uint32_t row, const Style& style, const Projection& projection,
                   std::uint8_t* out) const {
    const float* const cover = cover_.data() + std::size_t{row} * stride_ * 2;
    const Shade background = shade_of(style.background, 1.0F);
    const Shade hatching = shade_of(style.cached, 1.0F);
    const std::int64_t plane_x = projection.first_x();
    const std::int64_t plane_y = projection.first_y() + row;
    float lives = 0;
    float waits = 0;
    Shade others{};
    for (std::size_t x = 0; x < size_.width; ++x) {
      lives += cover[2 * x];
      waits += cover[2 * x + 1];
      Shade shade =
          common_ * lives + hatching * (waits * hatch_share(plane_x + static_cast<std::int64_t>(x), plane_y));
      if constexpr (has_others) shade += others += others_[row * stride_ + x];
      put(mix(shade, background), out + x * 4);
    }
  }

  PictureSize size_;
  Shade common_;
  std::size_t stride_;
  std::vector<float>
      cover_;  ///< Of each pixel the change of what lives in the common colour, and of what waits.
  std::vector<Shade> others_;  ///< Of each pixel the change of all other colours.
};

}  // namespace bufgc::timeline
