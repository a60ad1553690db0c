#include "timeline/rasterizer.hpp"

#include <algorithm>
#include <cmath>

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

/// One band of the picture: sums of colour by covered area.
class Band {
 public:
  Band(std::uint32_t width, std::uint32_t first_row, std::uint32_t rows, std::vector<Shade>& shades)
      : width_(width), first_row_(first_row), rows_(rows), shades_(shades) {
    shades_.assign(static_cast<std::size_t>(width) * rows, Shade{});
  }

  /// Adds `shade` weighted by the area covered. Columns that are covered in part stand at the ends.
  void add(const PixelBox& box, Shade shade) {
    rows_of(box, [&](Shade* line, std::uint32_t, float tall) {
      const Shade weighted = shade * tall;
      columns_of(
          box, [&](std::uint32_t x, float wide) { line[x] += weighted * wide; },
          [&](std::uint32_t first, std::uint32_t last) {
            for (std::uint32_t x = first; x < last; ++x) line[x] += weighted;
          });
    });
  }

  /// The same with each pixel's share of hatching.
  void add_hatched(const PixelBox& box, Shade shade, std::int64_t first_x, std::int64_t first_y) {
    rows_of(box, [&](Shade* line, std::uint32_t y, float tall) {
      const Shade weighted = shade * tall;
      const auto share = [&](std::uint32_t x) {
        return hatch_share(first_x + static_cast<std::int64_t>(x), first_y + static_cast<std::int64_t>(y));
      };
      columns_of(
          box, [&](std::uint32_t x, float wide) { line[x] += weighted * (wide * share(x)); },
          [&](std::uint32_t first, std::uint32_t last) {
            for (std::uint32_t x = first; x < last; ++x) line[x] += weighted * share(x);
          });
    });
  }

  /// Puts `shade` over what is there, by the area covered.
  void paint(const PixelBox& box, Shade shade) {
    rows_of(box, [&](Shade* line, std::uint32_t, float tall) {
      const auto over = [&](std::uint32_t x, float cover) {
        line[x] = line[x] * (1.0F / std::max(line[x][3], 1.0F)) * (1.0F - cover) + shade * cover;
      };
      columns_of(
          box, [&](std::uint32_t x, float wide) { over(x, tall * wide); },
          [&](std::uint32_t first, std::uint32_t last) {
            for (std::uint32_t x = first; x < last; ++x) over(x, tall);
          });
    });
  }

  void resolve(Color background, std::uint8_t* rgba) const {
    const Shade behind{static_cast<float>(background.red), static_cast<float>(background.green),
                       static_cast<float>(background.blue), 0.0F};
    for (const Shade& shade : shades_) {
      const float cover = shade[3];
      Shade mixed = behind;
      if (cover >= 1.0F) {
        mixed = shade * (1.0F / cover);
      } else if (cover > 0.0F) {
        mixed = shade + behind * (1.0F - cover);
      }
      rgba[0] = static_cast<std::uint8_t>(mixed[0] + 0.5F);
      rgba[1] = static_cast<std::uint8_t>(mixed[1] + 0.5F);
      rgba[2] = static_cast<std::uint8_t>(mixed[2] + 0.5F);
      rgba[3] = 255;
      rgba += 4;
    }
  }

 private:
  template <class Row>
  void rows_of(const PixelBox& box, Row&& row) {
    const double top = std::max(box.top - first_row_, 0.0);
    const double bottom = std::min(box.bottom - first_row_, static_cast<double>(rows_));
    if (!(top < bottom)) return;
    const auto last = static_cast<std::uint32_t>(std::ceil(bottom));
    for (auto y = static_cast<std::uint32_t>(top); y < last; ++y) {
      const double covered = std::min(bottom, y + 1.0) - std::max(top, static_cast<double>(y));
      row(shades_.data() + static_cast<std::size_t>(y) * width_, first_row_ + y, static_cast<float>(covered));
    }
  }
  template <class Edge, class Inside>
  static void columns_of(const PixelBox& box, Edge&& edge, Inside&& inside) {
    const auto first = static_cast<std::uint32_t>(box.left);
    const auto last = static_cast<std::uint32_t>(std::ceil(box.right)) - 1;
    if (first == last) {
      edge(first, static_cast<float>(box.right - box.left));
      return;
    }
    edge(first, static_cast<float>(first + 1.0 - box.left));
    inside(first + 1, last);
    edge(last, static_cast<float>(box.right - last));
  }

  std::uint32_t width_;
  std::uint32_t first_row_;
  std::uint32_t rows_;
  std::vector<Shade>& shades_;
};

Shade shade_of(Color color, float share) noexcept {
  return Shade{static_cast<float>(color.red), static_cast<float>(color.green), static_cast<float>(color.blue),
               1.0F} *
         share;
}

/// A hairline around the box, and a solid wedge's worth of colour at its end: it never ended.
void outline(Band& band, const Projection& projection, const PixelBox& box, Shade line) {
  const auto paint = [&](double left, double right, double top, double bottom) {
    const PixelBox part = projection.cut({left, right, top, bottom});
    if (part.left < part.right && part.top < part.bottom) band.paint(part, line);
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
  std::vector<Shade> shades;
  const bool empty = !(view.t1 > view.t0) || view.y1 == view.y0;
  const Projection projection(empty ? View{} : view, size);
  const LifecycleIndex no_index;
  const std::vector<Strip> no_strips;
  const auto or_none = [&](const Boxes& boxes) {
    return empty || boxes.index == nullptr ? Boxes{&no_index, &no_strips} : boxes;
  };
  const Bands lifetimes(or_none(scene.lifetimes), view, size, projection);
  const Bands cached(or_none(scene.cached), view, size, projection);
  const Shade hatching = shade_of(style.cached, 1.0F);
  const Shade unmatched = shade_of(style.unmatched, unmatched_share);
  const Shade line = shade_of(style.outline, 1.0F);

  for (std::uint32_t row = 0; row < size.height; row += band_rows) {
    const std::uint32_t rows = std::min(band_rows, size.height - row);
    Band band(size.width, row, rows, shades);
    const auto matches = [&](std::uint32_t box) {
      return scene.matches == nullptr || (*scene.matches)[box] != 0;
    };
    cached.for_each(row / band_rows, [&](const Item& item, Strip strip) {
      band.add_hatched(projection.cut(projection.whole(item.start, item.end, strip)), hatching,
                       projection.first_x(), projection.first_y());
    });
    lifetimes.for_each(row / band_rows, [&](const Item& item, Strip strip) {
      const Shade shade = matches(item.box) ? shade_of(scene.colors->of(item.box), 1.0F) : unmatched;
      band.add(projection.cut(projection.whole(item.start, item.end, strip)), shade);
    });
    if (scene.free_event != nullptr) {
      lifetimes.for_each(row / band_rows, [&](const Item& item, Strip strip) {
        if ((*scene.free_event)[item.box] != Lifecycles::none || !matches(item.box)) return;
        const PixelBox box = projection.whole(item.start, item.end, strip);
        if (box.right - box.left < outlined_pixels || box.bottom - box.top < outlined_pixels) return;
        outline(band, projection, box, line);
      });
    }
    band.resolve(style.background, rgba.data() + static_cast<std::size_t>(row) * size.width * 4);
  }
}

}  // namespace bufgc::timeline
