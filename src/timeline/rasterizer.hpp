#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "timeline/address_layout.hpp"
#include "timeline/color.hpp"
#include "timeline/lifecycle_index.hpp"
#include "timeline/painting.hpp"
#include "timeline/places.hpp"

namespace bufgc::timeline {

/// A part of the picture. x in units of the axis, y in units of the layout, which grows upward: y1
/// is the picture's top edge. With y0 > y1 the picture stands on its head.
struct View {
  double t0 = 0;
  double t1 = 1;
  double y0 = 0;
  double y1 = 1;
  friend bool operator==(const View&, const View&) = default;
};

/// Device pixels.
struct PictureSize {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  friend bool operator==(PictureSize, PictureSize) = default;
};

/// Boxes to draw: their times on the axis, each at the strip of its box.
struct Boxes {
  const LifecycleIndex* index = nullptr;
  const Strips* strips = nullptr;
};

/// What is drawn. Colours and matches have one entry a row.
struct Scene {
  Boxes boxes;
  const Places* places = nullptr;  ///< Whose each box is.
  bool edges = false;              ///< Outlines of what is alive at the end, notches of what moved.
  const ColorMap* colors = nullptr;
  const std::vector<std::uint8_t>* matches = nullptr;  ///< Null: all match. 0: the filter leaves the row
                                                       ///< out; it stays as a shade.
  bool cached = false;                                 ///< Whether what waits in the cache is hatched.
};

struct Style {
  Color background;
  Color outline;    ///< Around what is alive at the end, and its mark.
  Color cached;     ///< Hatching of what waits in the cache.
  Color unmatched;  ///< What the filter leaves out.
  Color reserved;   ///< The line of what is reserved, where a picture has one.
  static Style light() noexcept;
  static Style dark() noexcept;
};

/// Begins a picture of the view, opaque. Every box adds its colour to a pixel by the exact share of the
/// pixel's area that it covers, so that a thousand buffers within one pixel leave their true average; the
/// rest of the pixel is background. Where boxes overlap (only faulty traces do that) the pixel is their mean.
///
/// A pure function of its arguments: a picture cut into tiles equals the whole, to the pixel, when the tiles'
/// edges stand on the whole's pixel edges. Takes O(boxes + pixels), most for boxes that are not of the colour
/// that most have in the whole trace.
[[nodiscard]] std::unique_ptr<Painting> begin_picture(const Scene& scene, const View& view, PictureSize size,
                                                      const Style& style);
/// One of background alone.
[[nodiscard]] std::unique_ptr<Painting> begin_empty_picture(PictureSize size, const Style& style);
/// A picture of the view, drawn at once.
void rasterize(const Scene& scene, const View& view, PictureSize size, const Style& style,
               std::vector<std::uint8_t>& rgba);

/// The hatching's share of a pixel, by the pixel's place in the plane of the whole picture.
[[nodiscard]] float hatch_share(std::int64_t x, std::int64_t y) noexcept;
/// The share with which a box that the filter leaves out is drawn.
inline constexpr float unmatched_share = 0.16F;
/// Boxes at least this large, in pixels, get an outline when they are alive at the end.
inline constexpr double outlined_pixels = 5;
/// Boxes at least this large get a notch in the edge at which they moved.
inline constexpr double notched_pixels = 10;

}  // namespace bufgc::timeline
