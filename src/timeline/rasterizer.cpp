#include "timeline/rasterizer.hpp"

#include <algorithm>
#include <cmath>

#include "timeline/canvas.hpp"
#include "timeline/hatching.hpp"
#include "timeline/projection.hpp"
#include "timeline/shown_boxes.hpp"

namespace bufgc::timeline {
namespace {

/// A box that gets an outline or a notch once the picture under it is painted.
struct Edged {
  PixelBox box;  ///< Uncut.
  bool alive;
  bool moved_in;
  bool moved_on;
};

/// A hairline around the box and a thick bar at its end: it never ended.
void outline(Canvas& canvas, const Projection& projection, const PixelBox& box, Color line) {
  const auto paint = [&](double left, double right, double top, double bottom) {
    const PixelBox part = projection.cut({left, right, top, bottom});
    if (part.left < part.right && part.top < part.bottom) canvas.paint(part, line);
  };
  const double mark = std::min(4.0, (box.right - box.left) / 4);
  paint(box.left, box.right, box.top, box.top + 1);
  paint(box.left, box.right, box.bottom - 1, box.bottom);
  paint(box.left, box.left + 1, box.top + 1, box.bottom - 1);
  paint(box.right - mark, box.right, box.top + 1, box.bottom - 1);
}

/// A wedge cut out of the box's edge, left or right: it came from elsewhere, or went there.
void notch(Canvas& canvas, const Projection& projection, const PixelBox& box, bool left, Color background) {
  const double deep = std::min(5.0, (box.right - box.left) / 4);
  const double half = std::min(4.0, (box.bottom - box.top) / 4);
  const double middle = (box.top + box.bottom) / 2;
  // A slice for each row of pixels, as wide as the wedge is in the slice's middle.
  for (double y = std::floor(middle - half); y < middle + half; ++y) {
    const double top = std::max(y, middle - half);
    const double bottom = std::min(y + 1, middle + half);
    const double wide = deep * (1 - std::abs((top + bottom) / 2 - middle) / half);
    const double edge = left ? box.left : box.right;
    const PixelBox slice =
        projection.cut({left ? edge : edge - wide, left ? edge + wide : edge, top, bottom});
    if (slice.left < slice.right && slice.top < slice.bottom) canvas.paint(slice, background);
  }
}

}  // namespace

float hatch_share(std::int64_t x, std::int64_t y) noexcept {
  return ((x + y) & 7) < 3 ? 0.60F : 0.14F;
}

Style Style::light() noexcept {
  return {{0xFF, 0xFF, 0xFF}, {0x8C, 0x1D, 0x2F}, {0x8A, 0x94, 0xA0}, {0x70, 0x78, 0x80}, {0x56, 0x5A, 0x5F}};
}
Style Style::dark() noexcept {
  return {{0x14, 0x16, 0x1A}, {0xFF, 0xC9, 0xD0}, {0x7C, 0x86, 0x92}, {0x90, 0x98, 0xA0}, {0xA0, 0xA6, 0xAD}};
}

void rasterize(const Scene& scene, const View& view, PictureSize size, const Style& style,
               std::vector<std::uint8_t>& rgba) {
  rgba.resize(static_cast<std::size_t>(size.width) * size.height * 4);
  if (size.width == 0 || size.height == 0) return;
  const bool empty = !(view.t1 > view.t0) || view.y1 == view.y0;
  const Projection projection(empty ? View{} : view, size);
  std::vector<Shade> palette;
  if (scene.colors != nullptr) {
    for (const Color color : scene.colors->palette()) palette.push_back(shade_of(color, 1.0F));
  }
  // Behind the classes stands what the filter leaves out: no branch decides that no one can foresee.
  const std::size_t unmatched = palette.size();
  palette.push_back(shade_of(style.unmatched, unmatched_share));

  Canvas canvas(size, style, projection, rgba);
  std::vector<Edged> edged;
  Hatching once;
  const std::vector<float>* hatched = nullptr;
  if (!empty) {
    Hatching& hatching = scene.hatching == nullptr ? once : *scene.hatching;
    if (scene.cached.index != nullptr) hatched = &hatching.cover(scene.cached, view, size);
    const Places* const places = scene.places;
    for_each_shown(scene.lifetimes, view, projection,
                   [&](std::uint32_t box, const PixelBox& whole, const PixelBox& cut) {
                     const std::uint32_t row = places->row_of(box);
                     const bool matches = scene.matches == nullptr || (*scene.matches)[row] != 0;
                     canvas.add(cut, palette[matches ? scene.colors->classes()[row] : unmatched]);
                     if (!scene.edges || !matches || whole.right - whole.left < outlined_pixels ||
                         whole.bottom - whole.top < outlined_pixels) {
                       return;
                     }
                     const Edged edge{whole, places->end_event(box) == Lifecycles::none,
                                      places->moved_in(box), places->moved_on(box)};
                     if (edge.alive || edge.moved_in || edge.moved_on) edged.push_back(edge);
                   });
  }
  canvas.resolve(hatched);
  for (const Edged& edge : edged) {
    const PixelBox& box = edge.box;
    if (edge.alive) outline(canvas, projection, box, style.outline);
    if (box.right - box.left < notched_pixels || box.bottom - box.top < notched_pixels) continue;
    if (edge.moved_in) notch(canvas, projection, box, true, style.background);
    if (edge.moved_on) notch(canvas, projection, box, false, style.background);
  }
}

}  // namespace bufgc::timeline
