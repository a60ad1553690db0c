#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "timeline/rasterizer.hpp"
#include "timeline/stack_picture.hpp"

namespace bufgc::timeline {

/// A rectangle of a picture, in units of the axes, not cut at the view's edges.
struct Rectangle {
  std::uint32_t row = Lifecycles::none;  ///< `none`: what waits in the cache.
  double t0 = 0;
  double t1 = 0;
  double y0 = 0;
  double y1 = 0;
};

/// What `rasterize` shows of a view, as rectangles that can be drawn at any size: those of the cache first,
/// then each place of a buffer. Nothing where there are more than `most`.
[[nodiscard]] std::optional<std::vector<Rectangle>> rectangles_of(const Scene& scene, const View& view,
                                                                  std::size_t most);

/// What `rasterize_stack` shows in so many columns: what is cached, then each buffer's steps from left to
/// right, buffer by buffer.
[[nodiscard]] std::optional<std::vector<Rectangle>> rectangles_of_stack(const StackScene& scene,
                                                                        const View& view,
                                                                        std::uint32_t columns,
                                                                        std::size_t most);

}  // namespace bufgc::timeline
