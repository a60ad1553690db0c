#pragma once

#include <cstddef>
#include <list>
#include <vector>

#include "timeline/rasterizer.hpp"

namespace bufgc::timeline {

/// How much of each pixel is covered by blocks that wait in the cache. Neither filter nor colours change it,
/// so what was counted for the last pictures is kept: as a rule those of the visible range and of the whole
/// trace behind it, which may be drawn in parts. Takes four bytes a pixel, 32 MB at most beyond one
/// picture's.
class Hatching {
 public:
  explicit Hatching(std::size_t most_pixels = 8'000'000) : most_pixels_(most_pixels) {}

  /// One number a pixel, row by row from the top, or null where none is kept; good until the next call of
  /// `keep`. The same `index` and `strips` must hold the same boxes as when it was kept, unless `forget` was
  /// called in between.
  [[nodiscard]] const std::vector<float>* find(const Boxes& boxes, const View& view, PictureSize size);
  /// The same, of what was counted now.
  const std::vector<float>& keep(const Boxes& boxes, const View& view, PictureSize size,
                                 std::vector<float> cover);
  void forget() noexcept { kept_.clear(); }

 private:
  struct Kept {
    Boxes boxes;
    View view;
    PictureSize size;
    std::vector<float> cover;
  };
  std::size_t most_pixels_;
  std::list<Kept> kept_;  ///< The one asked for last stands first.
};

}  // namespace bufgc::timeline
