#include "timeline/rasterizer.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace bufgc::timeline {
namespace {

/// Red, green, blue and coverage of a pixel, so far.
using Shade = float __attribute__((vector_size(16)));

/// Pictures are drawn in bands of rows whose shades stay in the processor's cache.
constexpr std::uint32_t band_rows = 16;

/// A box in pixels, cut to the picture.
struct PixelBox {
  double left;
  double right;
  double top;
  double bottom;
};

/// From units of the view to pixels.
class Projection {
 public:
  Projection(const View& view, PictureSize size) noexcept
      : view_(view),
        width_(size.width),
        height_(size.height),
        per_x_(width_ / (view.t1 - view.t0)),
        per_y_(height_ / (view.y1 - view.y0)) {}

  [[nodiscard]] double x(std::uint64_t t) const noexcept {
    return (static_cast<double>(t) - view_.t0) * per_x_;
  }
  [[nodiscard]] double y(std::uint64_t at) const noexcept {
    return (view_.y1 - static_cast<double>(at)) * per_y_;
  }
  /// Not cut: what lies outside of the picture keeps its place.
  [[nodiscard]] PixelBox whole(std::uint64_t start, std::uint64_t end, Strip strip) const noexcept {
    const double a = y(strip.y);
    const double b = y(strip.y + strip.height);
    return {x(start), x(end), std::min(a, b), std::max(a, b)};
  }
  [[nodiscard]] PixelBox cut(const PixelBox& box) const noexcept {
    return {std::max(box.left, 0.0), std::min(box.right, width_), std::max(box.top, 0.0),
            std::min(box.bottom, height_)};
  }
  /// Number of the picture's first pixel in the plane of the whole, so that hatching moves with what it
  /// fills.
  [[nodiscard]] std::int64_t first_x() const noexcept { return std::llround(view_.t0 * per_x_); }
  [[nodiscard]] std::int64_t first_y() const noexcept { return std::llround(-view_.y1 * per_y_); }

 private:
  View view_;
  double width_;
  double height_;
  double per_x_;
  double per_y_;
};

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

/// Colours of a box's pixels, weighted by the area that it covers of each, in a form that costs the
/// same however wide the box is: what each pixel adds to its left neighbour's sum. A running sum
/// along the row gives the shades.
class Coverage {
 public:
  Coverage(std::uint32_t width, std::uint32_t first_row, std::uint32_t rows)
      : stride_(width + 2), first_row_(first_row), rows_(rows) {}

  /// Calls `at(index, share)` for each change of the box's share of a pixel, left to right.
  template <class Change>
  void changes(const PixelBox& box, Change&& at) const {
    const double top = std::max(box.top - first_row_, 0.0);
    const double bottom = std::min(box.bottom - first_row_, static_cast<double>(rows_));
    if (!(top < bottom)) return;
    const auto left = static_cast<std::uint32_t>(box.left);
    const auto right = static_cast<std::uint32_t>(box.right);
    // Of the pixel in which an edge stands, the part to the right of the edge.
    const auto left_share = static_cast<float>(left + 1 - box.left);
    const auto right_share = static_cast<float>(right + 1 - box.right);
    const auto end = static_cast<std::uint32_t>(std::ceil(bottom));
    for (auto y = static_cast<std::uint32_t>(top); y < end; ++y) {
      const auto tall = static_cast<float>(std::min(bottom, y + 1.0) - std::max(top, static_cast<double>(y)));
      const std::size_t row = static_cast<std::size_t>(y) * stride_;
      at(row + left, tall * left_share);
      at(row + left + 1, tall - tall * left_share);
      at(row + right, -tall * right_share);
      at(row + right + 1, tall * right_share - tall);
    }
  }
  [[nodiscard]] std::size_t size() const noexcept { return static_cast<std::size_t>(rows_) * stride_; }
  [[nodiscard]] std::size_t stride() const noexcept { return stride_; }

 private:
  std::size_t stride_;  ///< Room for the changes of a box that ends at the right edge.
  std::uint32_t first_row_;
  std::uint32_t rows_;
};

Shade shade_of(Color color, float share) noexcept {
  return Shade{static_cast<float>(color.red), static_cast<float>(color.green), static_cast<float>(color.blue),
               1.0F} *
         share;
}

std::uint32_t pack(Shade color) noexcept {
  using Integers = std::int32_t __attribute__((vector_size(16)));
  const auto rounded = __builtin_convertvector(color + 0.5F, Integers);
  return static_cast<std::uint32_t>(rounded[0]) | static_cast<std::uint32_t>(rounded[1]) << 8U |
         static_cast<std::uint32_t>(rounded[2]) << 16U | 0xFF000000U;
}

/// One picture under way: shades and hatching of a band of rows at a time.
class Canvas {
 public:
  Canvas(PictureSize size, const Style& style, const Projection& projection, std::vector<std::uint8_t>& rgba)
      : size_(size), style_(style), projection_(projection), rgba_(rgba) {}

  void begin(std::uint32_t first_row, std::uint32_t rows) {
    first_row_ = first_row;
    rows_ = rows;
    const std::size_t places = coverage().size();
    shades_.assign(places, Shade{});
    hatched_.assign(places, 0.0F);
  }
  void add(const PixelBox& box, Shade shade) {
    coverage().changes(box, [&](std::size_t at, float share) { shades_[at] += shade * share; });
  }
  void add_hatched(const PixelBox& box) {
    coverage().changes(box, [&](std::size_t at, float share) { hatched_[at] += share; });
  }

  /// Sums the band up and puts it over the background.
  void resolve(bool any_hatched) {
    const std::size_t stride = coverage().stride();
    for (std::uint32_t row = 0; row < rows_; ++row) {
      const Shade* shades = shades_.data() + row * stride;
      std::uint8_t* out = line(first_row_ + row);
      if (any_hatched) {
        resolve_hatched(shades, hatched_.data() + row * stride, first_row_ + row, out);
      } else {
        resolve_row(shades, out);
      }
    }
  }

  /// Puts a colour over what is resolved already, by the area covered.
  void paint(const PixelBox& box, Color color) {
    const Shade over = shade_of(color, 1.0F);
    const auto bottom = static_cast<std::uint32_t>(std::ceil(box.bottom));
    const auto right = static_cast<std::uint32_t>(std::ceil(box.right));
    const std::uint32_t first = std::max(static_cast<std::uint32_t>(box.top), first_row_);
    for (std::uint32_t y = first; y < std::min(bottom, first_row_ + rows_); ++y) {
      const double tall = std::min(box.bottom, y + 1.0) - std::max(box.top, static_cast<double>(y));
      for (auto x = static_cast<std::uint32_t>(box.left); x < right; ++x) {
        const double wide = std::min(box.right, x + 1.0) - std::max(box.left, static_cast<double>(x));
        std::uint8_t* pixel = line(y) + static_cast<std::size_t>(x) * 4;
        const Shade under{static_cast<float>(pixel[0]), static_cast<float>(pixel[1]),
                          static_cast<float>(pixel[2]), 1.0F};
        put(under + (over - under) * static_cast<float>(tall * wide), pixel);
      }
    }
  }

 private:
  [[nodiscard]] Coverage coverage() const noexcept { return {size_.width, first_row_, rows_}; }
  [[nodiscard]] std::uint8_t* line(std::uint32_t row) noexcept {
    return rgba_.data() + static_cast<std::size_t>(row) * size_.width * 4;
  }
  static void put(Shade color, std::uint8_t* pixel) noexcept {
    const std::uint32_t packed = pack(color);
    std::memcpy(pixel, &packed, sizeof packed);
  }
  /// Over the background; where more than the whole pixel is covered, the mean.
  static Shade mix(Shade shade, Shade background) noexcept {
    const float cover = shade[3];
    if (cover > 1.0F) return shade * (1.0F / cover);
    return shade + background * (1.0F - cover);
  }

  void resolve_row(const Shade* changes, std::uint8_t* out) const {
    const Shade background = shade_of(style_.background, 1.0F);
    Shade sum{};
    for (std::uint32_t x = 0; x < size_.width; ++x) {
      sum += changes[x];
      put(mix(sum, background), out + static_cast<std::size_t>(x) * 4);
    }
  }
  void resolve_hatched(const Shade* changes, const float* hatched, std::uint32_t row,
                       std::uint8_t* out) const {
    const Shade background = shade_of(style_.background, 1.0F);
    const Shade hatching = shade_of(style_.cached, 1.0F);
    const std::int64_t plane_x = projection_.first_x();
    const std::int64_t plane_y = projection_.first_y() + row;
    Shade sum{};
    float covered = 0;
    for (std::uint32_t x = 0; x < size_.width; ++x) {
      sum += changes[x];
      covered += hatched[x];
      const float share = covered * hatch_share(plane_x + x, plane_y);
      put(mix(sum + hatching * share, background), out + static_cast<std::size_t>(x) * 4);
    }
  }

  PictureSize size_;
  const Style& style_;
  const Projection& projection_;
  std::vector<std::uint8_t>& rgba_;
  std::uint32_t first_row_ = 0;
  std::uint32_t rows_ = 0;
  std::vector<Shade> shades_;
  std::vector<float> hatched_;
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
  const auto matches = [&](std::uint32_t box) {
    return scene.matches == nullptr || (*scene.matches)[box] != 0;
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
      canvas.add(pixels(item, strip),
                 matches(item.box) ? palette[scene.colors->classes()[item.box]] : unmatched);
    });
    canvas.resolve(cached.any(band));
    if (scene.free_event == nullptr) continue;
    lifetimes.for_each(band, [&](const Item& item, Strip strip) {
      if ((*scene.free_event)[item.box] != Lifecycles::none || !matches(item.box)) return;
      const PixelBox box = projection.whole(item.start, item.end, strip);
      if (box.right - box.left < outlined_pixels || box.bottom - box.top < outlined_pixels) return;
      outline(canvas, projection, box, style.outline);
    });
  }
}

}  // namespace bufgc::timeline
