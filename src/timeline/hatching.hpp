#pragma once

#include <array>
#include <vector>

#include "timeline/rasterizer.hpp"

namespace bufgc::timeline {

/// How much of each pixel is covered by blocks that wait in the cache. Neither filter nor colours change it,
/// so what was counted for the last two pictures is kept: as a rule that of the visible range, and that of
/// the whole trace behind it. Takes four bytes a pixel of each.
class Hatching {
 public:
  /// One number a pixel, row by row from the top; good until the next call. The same `index` and `strips`
  /// must hold the same boxes as in the call before, unless `forget` was called in between.
  [[nodiscard]] const std::vector<float>& cover(const Boxes& cached, const View& view, PictureSize size);
  void forget() noexcept { kept_ = {}; }

 private:
  struct Kept {
    Boxes boxes;
    View view;
    PictureSize size;
    std::vector<float> cover;  ///< Empty: of nothing.
  };
  std::array<Kept, 2> kept_;  ///< The one asked for last stands first.
};

}  // namespace bufgc::timeline
