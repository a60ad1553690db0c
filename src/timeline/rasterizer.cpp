#include "timeline/rasterizer.hpp"

#include <algorithm>
#include <cmath>

#include "timeline/canvas.hpp"
#include "timeline/projection.hpp"

namespace bufgc::timeline {
namespace {

/// Pictures are drawn in bands of rows whose shades stay in the processor's cache.
constexpr std::uint32_t band_rows = 16;

struct Item {
  std::uint64_t start;
  std::uint64_t end;
  std::uint32_t box;
};

/// The boxes that a picture shows, by band.
class Bands {
 public:
  Bands(const Boxes& boxes, const View& view, PictureSize size, const Projection& projection)
      : strips_(*boxes.strips) {
    const std::uint32_t bands = (size.height + band_rows - 1) / band_rows;
    first_.assign(bands + 1, 0);
    std::vector<std::uint32_t> top;
    std::vector<std::uint32_t> bottom;
    const auto from = static_cast<std::uint64_t>(std::max(std::floor(view.t0), 0.0));
    const auto to = static_cast<std::uint64_t>(std::max(std::ceil(view.t1), 0.0));
    boxes.index->for_each(from, to, [&](std::uint32_t box, std::uint64_t start, std::uint64_t end) {
      const Strip strip = strips_[box];
      if (strip.height == 0 || start == end) return;
      const PixelBox pixels = projection.cut(projection.whole(start, end, strip));
      if (!(pixels.left < pixels.right) || !(pixels.top < pixels.bottom)) return;
      seen_.push_back({start, end, box});
      top.push_back(static_cast<std::uint32_t>(pixels.top) / band_rows);
      bottom.push_back((static_cast<std::uint32_t>(std::ceil(pixels.bottom)) - 1) / band_rows);
      for (std::uint32_t band = top.back(); band <= bottom.back(); ++band) ++first_[band + 1];
    });
    for (std::uint32_t band = 0; band < bands; ++band) first_[band + 1] += first_[band];
    items_.resize(first_[bands]);
    std::vector<std::size_t> next(first_.begin(), first_.end() - 1);
    for (std::size_t i = 0; i < seen_.size(); ++i) {
      for (std::uint32_t band = top[i]; band <= bottom[i]; ++band) {
        items_[next[band]++] = static_cast<std::uint32_t>(i);
      }
    }
  }

  [[nodiscard]] bool any(std::uint32_t band) const noexcept { return first_[band] != first_[band + 1]; }
  template <class Visit>
  void for_each(std::uint32_t band, Visit&& visit) const {
    for (std::size_t i = first_[band]; i < first_[band + 1]; ++i) {
      const Item& item = seen_[items_[i]];
      visit(item, strips_[item.box]);
    }
  }

 private:
  const std::vector<Strip>& strips_;
  std::vector<Item> seen_;
  std::vector<std::size_t> first_;
  std::vector<std::uint32_t> items_;
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
  return {{0xFF, 0xFF, 0xFF}, {0x8C, 0x1D, 0x2F}, {0x8A, 0x94, 0xA0}, {0x70, 0x78, 0x80}};
}
Style Style::dark() noexcept {
  return {{0x14, 0x16, 0x1A}, {0xFF, 0xC9, 0xD0}, {0x7C, 0x86, 0x92}, {0x90, 0x98, 0xA0}};
}

void rasterize(const Scene& scene, const View& view, PictureSize size, const Style& style,
               std::vector<std::uint8_t>& rgba) {
  rgba.resize(static_cast<std::size_t>(size.width) * size.height * 4);
  if (size.width == 0 || size.height == 0) return;
  const bool empty = !(view.t1 > view.t0) || view.y1 == view.y0;
  const Projection projection(empty ? View{} : view, size);
  const LifecycleIndex no_index;
  const std::vector<Strip> no_strips;
  const auto or_none = [&](const Boxes& boxes) {
    return empty || boxes.index == nullptr ? Boxes{&no_index, &no_strips} : boxes;
  };
  const Bands lifetimes(or_none(scene.lifetimes), view, size, projection);
  const Bands cached(or_none(scene.cached), view, size, projection);
  const auto matches = [&](std::uint32_t row) {
    return scene.matches == nullptr || (*scene.matches)[row] != 0;
  };
  const auto pixels = [&](const Item& item, Strip strip) {
    return projection.cut(projection.whole(item.start, item.end, strip));
  };
  std::vector<Shade> palette;
  if (scene.colors != nullptr) {
    for (const Color color : scene.colors->palette()) palette.push_back(shade_of(color, 1.0F));
  }
  const Shade unmatched = shade_of(style.unmatched, unmatched_share);

  Canvas canvas(size, style, projection, rgba);
  for (std::uint32_t row = 0; row < size.height; row += band_rows) {
    const std::uint32_t band = row / band_rows;
    canvas.begin(row, std::min(band_rows, size.height - row));
    cached.for_each(band, [&](const Item& item, Strip strip) { canvas.add_hatched(pixels(item, strip)); });
    lifetimes.for_each(band, [&](const Item& item, Strip strip) {
      const std::uint32_t row = scene.places->row_of(item.box);
      canvas.add(pixels(item, strip), matches(row) ? palette[scene.colors->classes()[row]] : unmatched);
    });
    canvas.resolve(cached.any(band));
    if (!scene.edges) continue;
    const Places& places = *scene.places;
    lifetimes.for_each(band, [&](const Item& item, Strip strip) {
      const bool alive = places.end_event(item.box) == Lifecycles::none;
      const bool moved_in = places.moved_in(item.box);
      const bool moved_on = places.moved_on(item.box);
      if (!(alive || moved_in || moved_on) || !matches(places.row_of(item.box))) return;
      const PixelBox box = projection.whole(item.start, item.end, strip);
      if (box.right - box.left < outlined_pixels || box.bottom - box.top < outlined_pixels) return;
      if (alive) outline(canvas, projection, box, style.outline);
      if (box.right - box.left < notched_pixels || box.bottom - box.top < notched_pixels) return;
      if (moved_in) notch(canvas, projection, box, true, style.background);
      if (moved_on) notch(canvas, projection, box, false, style.background);
    });
  }
}

}  // namespace bufgc::timeline
