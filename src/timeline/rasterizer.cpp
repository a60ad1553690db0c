#include "timeline/rasterizer.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

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

/// Adds box after box to a canvas.
class BoxPainter {
 public:
  /// The palette's last colour is that of what the filter leaves out.
  BoxPainter(const Scene& scene, const View& view, PictureSize size, const Projection& projection,
             const std::vector<Shade>& palette, Canvas& canvas, std::vector<Edged>& edged) noexcept
      : cutter_(view, size),
        strips_(scene.boxes.strips),
        places_(scene.places),
        classes_(scene.colors->classes().data()),
        matches_(scene.matches == nullptr ? nullptr : scene.matches->data()),
        palette_(palette.data()),
        unmatched_(palette.size() - 1),
        canvas_(&canvas),
        projection_(&projection),
        edged_(scene.edges ? &edged : nullptr),
        low_((outlined_pixels - 1) * std::abs(view.y1 - view.y0) / size.height) {}

  void ahead(std::uint32_t box) const noexcept { strips_->fetch(box); }
  template <class Place>
  void operator()(std::uint32_t box, Place start, Place end, Place until) const {
    add(box, static_cast<double>(start), static_cast<double>(end), static_cast<double>(until));
  }

 private:
  void add(std::uint32_t box, double start, double end, double until) const {
    const Extent extent = strips_->extent(box);
    ShownBox shown{};
    if (!cutter_.cut(start, end, until, extent.low, extent.high, shown)) return;
    const std::uint32_t row = places_->row_of(box);
    const bool matches = matches_ == nullptr || matches_[row] != 0;
    canvas_->add(shown, palette_[matches ? classes_[row] : unmatched_]);
    if (extent.high - extent.low >= low_ && edged_ != nullptr && matches && shown.lives)
      add_edges(box, start, end, extent);
  }
  [[gnu::noinline]] void add_edges(std::uint32_t box, double start, double end, Extent extent) const {
    const PixelBox whole = projection_->whole(start, end, extent);
    if (whole.right - whole.left < outlined_pixels || whole.bottom - whole.top < outlined_pixels) return;
    const Edged edge{whole, places_->end_event(box) == Lifecycles::none, places_->moved_in(box),
                     places_->moved_on(box)};
    if (edge.alive || edge.moved_in || edge.moved_on) edged_->push_back(edge);
  }

  BoxCutter cutter_;
  const Strips* strips_;
  const Places* places_;
  const std::uint8_t* classes_;
  const std::uint8_t* matches_;  ///< Null: all match.
  const Shade* palette_;
  std::size_t unmatched_;
  Canvas* canvas_;
  const Projection* projection_;
  std::vector<Edged>* edged_;  ///< Null: no edges.
  double low_;                 ///< Boxes that are lower get no outline, be this exact or not; most are.
};

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
  // Behind the classes stands what the filter leaves out.
  palette.push_back(shade_of(style.unmatched, unmatched_share));

  const Boxes& boxes = scene.boxes;
  const std::vector<float>* hatched =
      scene.cached && scene.hatching != nullptr ? scene.hatching->find(boxes, view, size) : nullptr;
  const bool hatches = scene.cached && hatched == nullptr && !empty;
  Canvas canvas(size, style, projection, rgba, hatches);
  std::vector<Edged> edged;
  if (!empty) {
    const auto from = static_cast<std::uint64_t>(std::max(std::floor(view.t0), 0.0));
    const auto to = static_cast<std::uint64_t>(std::max(std::ceil(view.t1), 0.0));
    boxes.index->for_each_held(from, to, BoxPainter(scene, view, size, projection, palette, canvas, edged));
  }
  std::vector<float> once;
  if (hatches) {
    once = canvas.take_hatched();
    hatched = scene.hatching == nullptr ? &once : &scene.hatching->keep(boxes, view, size, std::move(once));
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
