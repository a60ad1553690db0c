#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "timeline/rasterizer.hpp"
#include "timeline/stack_layout.hpp"

namespace bufgc::timeline {

/// What is drawn of a stack. Colours and matches have one entry a row.
struct StackScene {
  const Lifecycles* lifecycles = nullptr;
  const StackLayout* layout = nullptr;
  Axis axis = Axis::event;
  const ColorMap* colors = nullptr;
  const std::vector<std::uint8_t>* matches = nullptr;  ///< As in `Scene`.
  bool edges = false;  ///< Rules between slices, outlines of what is alive at the end.
  bool levels =
      false;  ///< Cached bytes hatched on top of the live ones, and the line of what is reserved beyond.
};

/// Begins a picture of the view, opaque. Each column of pixels is the stack of one moment
/// (`StackLayout::moment_of`); within it every buffer has the exact share of a pixel. A view with y0 above y1
/// is background.
///
/// Takes O(live rows at the first column), then a look at each birth up to the last column, and a column
/// O(pixels × log live + what ends since the one before) or O(live), whichever is less; in what order buffers
/// end makes no difference. A pure function of its arguments. A step of it is a column.
[[nodiscard]] std::unique_ptr<Painting> begin_stack_picture(const StackScene& scene, const View& view,
                                                            PictureSize size, const Style& style);
/// A picture of the view, drawn at once.
void rasterize_stack(const StackScene& scene, const View& view, PictureSize size, const Style& style,
                     std::vector<std::uint8_t>& rgba);

/// Slices at least this high, in pixels, have a rule between them.
inline constexpr double ruled_pixels = 4;

}  // namespace bufgc::timeline
