#include "timeline/rasterizer.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "timeline/canvas.hpp"
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

/// What goes over the boxes, in a picture that is resolved already.
class EdgePainter {
 public:
  EdgePainter(const Projection& projection, PictureSize size, std::vector<std::uint8_t>& rgba) noexcept
      : projection_(projection), size_(size), rgba_(rgba) {}

  /// A hairline around the box and a thick bar at its end: it never ended.
  void outline(const PixelBox& box, Color line) {
    const double mark = std::min(4.0, (box.right - box.left) / 4);
    paint({box.left, box.right, box.top, box.top + 1}, line);
    paint({box.left, box.right, box.bottom - 1, box.bottom}, line);
    paint({box.left, box.left + 1, box.top + 1, box.bottom - 1}, line);
    paint({box.right - mark, box.right, box.top + 1, box.bottom - 1}, line);
  }
  /// A wedge cut out of the box's edge, left or right: it came from elsewhere, or went there.
  void notch(const PixelBox& box, bool left, Color background) {
    const double deep = std::min(5.0, (box.right - box.left) / 4);
    const double half = std::min(4.0, (box.bottom - box.top) / 4);
    const double middle = (box.top + box.bottom) / 2;
    // A slice for each row of pixels, as wide as the wedge is in the slice's middle.
    for (double y = std::floor(middle - half); y < middle + half; ++y) {
      const double top = std::max(y, middle - half);
      const double bottom = std::min(y + 1, middle + half);
      const double wide = deep * (1 - std::abs((top + bottom) / 2 - middle) / half);
      const double edge = left ? box.left : box.right;
      paint({left ? edge : edge - wide, left ? edge + wide : edge, top, bottom}, background);
    }
  }

 private:
  /// By the area covered.
  void paint(const PixelBox& uncut, Color color) {
    const PixelBox box = projection_.cut(uncut);
    if (!(box.left < box.right && box.top < box.bottom)) return;
    const Shade over = shade_of(color, 1.0F);
    const auto bottom = static_cast<std::uint32_t>(std::ceil(box.bottom));
    const auto right = static_cast<std::uint32_t>(std::ceil(box.right));
    for (auto y = static_cast<std::uint32_t>(box.top); y < bottom; ++y) {
      const double tall = std::min(box.bottom, y + 1.0) - std::max(box.top, static_cast<double>(y));
      for (auto x = static_cast<std::uint32_t>(box.left); x < right; ++x) {
        const double wide = std::min(box.right, x + 1.0) - std::max(box.left, static_cast<double>(x));
        put_over(over, static_cast<float>(tall * wide), &rgba_[(std::size_t{y} * size_.width + x) * 4]);
      }
    }
  }

  const Projection& projection_;
  PictureSize size_;
  std::vector<std::uint8_t>& rgba_;
};

/// In which colour each row is shown: an index into the palette, whose last colour is that of what the filter
/// leaves out.
class ShownColors {
 public:
  ShownColors(const Scene& scene, const Style& style)
      : classes_(scene.colors == nullptr ? nullptr : scene.colors->classes().data()),
        matches_(scene.matches == nullptr ? nullptr : scene.matches->data()) {
    if (scene.colors != nullptr) {
      for (const Color color : scene.colors->palette()) palette_.push_back(shade_of(color, 1.0F));
    }
    palette_.push_back(shade_of(style.unmatched, unmatched_share));
    if (scene.colors != nullptr) common_ = commonest(scene.colors->classes().size());
  }

  [[nodiscard, gnu::always_inline]] bool matches(std::uint32_t row) const noexcept {
    return matches_ == nullptr || matches_[row] != 0;
  }
  [[nodiscard, gnu::always_inline]] std::size_t of(std::uint32_t row) const noexcept {
    return matches(row) ? classes_[row] : palette_.size() - 1;
  }
  [[nodiscard]] Shade shade(std::size_t color) const noexcept { return palette_[color]; }
  /// The one that most rows have, as far as some of them tell: those of the view may have others.
  [[nodiscard]] std::size_t common() const noexcept { return common_; }

 private:
  [[nodiscard]] std::size_t commonest(std::size_t rows) const {
    constexpr std::size_t most_asked = 256;
    std::vector<std::uint32_t> counts(palette_.size());
    const std::size_t step = std::max<std::size_t>(1, rows / most_asked);
    for (std::size_t row = 0; row < rows; row += step) ++counts[of(static_cast<std::uint32_t>(row))];
    return static_cast<std::size_t>(std::max_element(counts.begin(), counts.end()) - counts.begin());
  }

  const std::uint8_t* classes_;
  const std::uint8_t* matches_;  ///< Null: all match.
  std::vector<Shade> palette_;
  std::size_t common_ = 0;
};

/// The picture under way: a pass over the boxes in some steps, then over the pixels.
class BoxPicture final : public Painting {
 public:
  BoxPicture(const Scene& scene, const View& view, PictureSize size, const Style& style)
      : scene_(scene),
        size_(size),
        style_(style),
        projection_(view, size),
        cutter_(view, size),
        colors_(scene, style),
        canvas_(size, colors_.shade(colors_.common())),
        walk_(*scene.boxes.index, static_cast<std::uint64_t>(std::max(std::floor(view.t0), 0.0)),
              static_cast<std::uint64_t>(std::max(std::ceil(view.t1), 0.0))),
        outlined_((outlined_pixels - 1) * std::abs(view.y1 - view.y0) / size.height) {}

  double go_on(std::size_t boxes) override {
    walk_.go_on(boxes, Visitor{*this});
    return walk_.share();
  }
  void finish(std::vector<std::uint8_t>& rgba) override {
    rgba.resize(std::size_t{size_.width} * size_.height * 4);
    canvas_.resolve(style_, projection_, rgba);
    EdgePainter painter(projection_, size_, rgba);
    for (const Edged& edge : edged_) {
      const PixelBox& box = edge.box;
      if (edge.alive) painter.outline(box, style_.outline);
      if (box.right - box.left < notched_pixels || box.bottom - box.top < notched_pixels) continue;
      if (edge.moved_in) painter.notch(box, true, style_.background);
      if (edge.moved_on) painter.notch(box, false, style_.background);
    }
  }

 private:
  struct Visitor {
    BoxPicture& picture;
    void ahead(std::uint32_t box) const noexcept { picture.scene_.boxes.strips->fetch(box); }
    template <class Place>
    [[gnu::always_inline]] void operator()(std::uint32_t box, Place start, Place end, Place until) const {
      picture.add(box, static_cast<double>(start), static_cast<double>(end), static_cast<double>(until));
    }
  };

  [[gnu::always_inline]] void add(std::uint32_t box, double start, double end, double until) {
    const Extent extent = scene_.boxes.strips->extent(box);
    ShownBox shown{};
    if (!cutter_.cut(start, end, until, extent.low, extent.high, shown)) return;
    const std::uint32_t row = scene_.places->row_of(box);
    const std::size_t color = colors_.of(row);
    if (color == colors_.common()) {
      canvas_.add_common(shown, scene_.cached);
    } else {
      canvas_.add_other(shown, scene_.cached, colors_.shade(color));
    }
    // Those that are lower get no outline, be this exact or not; most are.
    if (extent.high - extent.low >= outlined_ && scene_.edges && shown.lives && colors_.matches(row))
      add_edges(box, start, end, extent);
  }
  [[gnu::noinline]] void add_edges(std::uint32_t box, double start, double end, Extent extent) {
    const PixelBox whole = projection_.whole(start, end, extent);
    if (whole.right - whole.left < outlined_pixels || whole.bottom - whole.top < outlined_pixels) return;
    const Places& places = *scene_.places;
    const Edged edge{whole, places.end_event(box) == Lifecycles::none, places.moved_in(box),
                     places.moved_on(box)};
    if (edge.alive || edge.moved_in || edge.moved_on) edged_.push_back(edge);
  }

  Scene scene_;
  PictureSize size_;
  Style style_;
  Projection projection_;
  BoxCutter cutter_;
  ShownColors colors_;
  Canvas canvas_;
  LifecycleIndex::Walk walk_;
  std::vector<Edged> edged_;
  double outlined_;
};

/// A view that shows nothing.
class EmptyPicture final : public Painting {
 public:
  EmptyPicture(PictureSize size, const Style& style) : size_(size), style_(style) {}
  double go_on(std::size_t /*boxes*/) override { return 1; }
  void finish(std::vector<std::uint8_t>& rgba) override {
    rgba.resize(std::size_t{size_.width} * size_.height * 4);
    for (std::size_t at = 0; at < rgba.size(); at += 4) put(shade_of(style_.background, 1.0F), &rgba[at]);
  }

 private:
  PictureSize size_;
  Style style_;
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

std::unique_ptr<Painting> begin_empty_picture(PictureSize size, const Style& style) {
  return std::make_unique<EmptyPicture>(size, style);
}

std::unique_ptr<Painting> begin_picture(const Scene& scene, const View& view, PictureSize size,
                                        const Style& style) {
  const bool is_empty = size.width == 0 || size.height == 0 || !(view.t1 > view.t0) || view.y1 == view.y0;
  if (is_empty) return begin_empty_picture(size, style);
  return std::make_unique<BoxPicture>(scene, view, size, style);
}

void rasterize(const Scene& scene, const View& view, PictureSize size, const Style& style,
               std::vector<std::uint8_t>& rgba) {
  begin_picture(scene, view, size, style)->complete(rgba);
}

}  // namespace bufgc::timeline
