#include "timeline/stack_picture.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "timeline/live_stack.hpp"
#include "timeline/projection.hpp"
#include "timeline/rows.hpp"
#include "timeline/shade.hpp"

namespace bufgc::timeline {
namespace {

/// How much of the background a rule between two slices lets through.
constexpr float rule_share = 0.4F;
/// Width of the bar at the axis' end on what is alive there, in pixels.
constexpr double end_mark_pixels = 4;

/// A part of a column of pixels, from above.
struct Stretch {
  double top;
  double bottom;
};
/// One that gets a colour once the column under it is resolved.
struct Line {
  Stretch at;
  Shade color;
  float share;
};

/// Calls `at(row, share)` for each pixel of the stretch and the share of it that is covered.
template <class Pixel>
void for_each_pixel(Stretch stretch, std::uint32_t height, Pixel&& at) {
  const double top = std::max(stretch.top, 0.0);
  const double bottom = std::min(stretch.bottom, static_cast<double>(height));
  if (!(top < bottom)) return;
  const auto end = static_cast<std::uint32_t>(std::ceil(bottom));
  for (auto row = static_cast<std::uint32_t>(top); row < end; ++row) {
    at(row, static_cast<float>(std::min(bottom, row + 1.0) - std::max(top, static_cast<double>(row))));
  }
}

/// The stack carried on from moment to moment.
class MovingStack {
 public:
  MovingStack(const StackScene& scene, const LiveStack::Shades& shades, std::uint8_t unmatched)
      : scene_(scene), unmatched_(unmatched), stack_(shades) {}

  /// Brings the stack to a moment later than the last.
  void move_to(std::uint32_t moment) {
    const Lifecycles& trace = *scene_.lifecycles;
    const LiveRows& live_rows = scene_.layout->live_rows();
    const std::uint32_t born = live_rows.born_by(moment);
    if (!first_) changes_ = (3 * changes_ + (moment - stack_.moment())) / 4;
    stack_.move_to(moment);
    if (first_) {
      live_rows.for_each(moment, born, [&](std::uint32_t row) {
        push(row);
        return true;
      });
    }
    // What was born and died in between is never looked at.
    for (std::uint32_t row = first_ ? born : born_; row < born; ++row) {
      if (trace.free_event[row] > moment && live_bytes(trace, row) != 0) push(row);
    }
    first_ = false;
    born_ = born;
  }
  [[nodiscard]] LiveStack& stack() noexcept { return stack_; }
  /// So much has changed that all slices are to be read, not their sums.
  [[nodiscard]] bool changed_much() const noexcept { return changes_ * slices_a_change >= stack_.size(); }

 private:
  void push(std::uint32_t row) {
    const Lifecycles& trace = *scene_.lifecycles;
    const bool matches = scene_.matches == nullptr || (*scene_.matches)[row] != 0;
    stack_.push({static_cast<double>(live_bytes(trace, row)), trace.free_event[row],
                 matches ? scene_.colors->classes()[row] : unmatched_,
                 matches && is_alive_at_end(trace, row)});
  }

  /// Slices that are read in the time in which the sums over one are counted.
  static constexpr std::uint64_t slices_a_change = 16;

  const StackScene& scene_;
  std::uint8_t unmatched_;
  LiveStack stack_;
  std::uint64_t changes_ = 0;  ///< At most, with a move, in the mean of the last ones.
  std::uint32_t born_ = 0;
  bool first_ = true;
};

LiveStack::Shades shades_of(const ColorMap& colors, const Style& style) {
  LiveStack::Shades shades;
  for (const Color color : colors.palette()) {
    shades.push_back({static_cast<double>(color.red), static_cast<double>(color.green),
                      static_cast<double>(color.blue), 1});
  }
  const Shade unmatched = shade_of(style.unmatched, unmatched_share);
  shades.push_back({unmatched[0], unmatched[1], unmatched[2], unmatched[3]});
  return shades;
}

/// One column of pixels under way, filled from the bottom upwards: colours times bytes are summed up to the
/// next pixel's edge. What lies below or above the picture is summed too, into no pixel.
class Column {
 public:
  Column(const View& view, std::uint32_t height)
      : y0_(view.y0), tall_((view.y1 - view.y0) / height), height_(height), cells_(height) {}

  void restart() noexcept {
    next_ = 0;
    edge_ = y0_;
    sum_ = {};
    while (edge_ <= 0 && next_ <= height_) pass_edge();  // nothing stands below 0
  }
  /// All up to `end` has this sum, unless a pixel's edge is in between.
  bool add(double end, const LiveStack::Parts& sum) noexcept {
    if (end > edge_) return false;
    for (std::size_t part = 0; part < sum.size(); ++part) sum_[part] += sum[part];
    return true;
  }
  void fill(double from, double end, const LiveStack::Parts& shade) noexcept {
    while (end > edge_) {
      spread(edge_ - from, shade);
      from = edge_;
      pass_edge();
    }
    spread(end - from, shade);
  }
  /// All slices of the stack, without their sums; `edge(y, slice)` gets those of at least `ruled` bytes.
  template <class Edge>
  void pour(LiveStack& stack, const LiveStack::Shades& shades, double ruled, Edge&& edge) {
    double y = 0;
    LiveStack::Parts sum = sum_;
    stack.sweep([&](const StackSlice& slice, double bytes) {
      const double top = y + bytes;
      const LiveStack::Parts& shade = shades[slice.shade];
      if (top > edge_ || bytes >= ruled) {
        sum_ = sum;
        fill(y, top, shade);
        sum = sum_;
        if (bytes >= ruled) edge(y, slice);
      } else {
        for (std::size_t part = 0; part < shade.size(); ++part) sum[part] += shade[part] * bytes;
      }
      y = top;
    });
    sum_ = sum;
  }
  /// Nothing stands above.
  void finish() noexcept {
    while (next_ <= height_) pass_edge();
  }
  /// From the bottom upwards.
  [[nodiscard]] const std::vector<Shade>& cells() const noexcept { return cells_; }
  [[nodiscard]] double bytes_per_pixel() const noexcept { return tall_; }

 private:
  void spread(double bytes, const LiveStack::Parts& shade) noexcept {
    for (std::size_t part = 0; part < shade.size(); ++part) sum_[part] += shade[part] * bytes;
  }
  void pass_edge() noexcept {
    if (next_ > 0) {
      const double share = 1 / tall_;
      cells_[next_ - 1] = Shade{static_cast<float>(sum_[0] * share), static_cast<float>(sum_[1] * share),
                                static_cast<float>(sum_[2] * share), static_cast<float>(sum_[3] * share)};
    }
    ++next_;
    edge_ = next_ > height_ ? std::numeric_limits<double>::infinity() : y0_ + next_ * tall_;
    sum_ = {};
  }

  double y0_;
  double tall_;  ///< Bytes a pixel.
  std::uint32_t height_;
  std::vector<Shade> cells_;
  std::uint32_t next_ = 0;  ///< One more than the pixel that is being filled; 0: still below the picture.
  double edge_ = 0;         ///< The pixel's upper edge.
  LiveStack::Parts sum_{};
};

/// The picture under way, a column after the other.
class StackPicture final : public Painting {
 public:
  StackPicture(const StackScene& scene, const View& view, PictureSize size, const Style& style)
      : scene_(scene),
        size_(size),
        style_(style),
        rgba_(std::size_t{size.width} * size.height * 4),
        projection_(view, size),
        columns_{view.t0, view.t1, size.width},
        shades_(shades_of(*scene.colors, style)),
        stack_(scene_, shades_, static_cast<std::uint8_t>(shades_.size() - 1)),
        column_(view, size.height),
        hatched_(size.height),
        before_(moment_of(-1)) {}

  double go_on(std::size_t boxes) override {
    const std::size_t columns = std::max<std::size_t>(1, boxes / boxes_a_column);
    const auto end = static_cast<std::uint32_t>(next_ + std::min<std::size_t>(columns, size_.width - next_));
    for (; next_ < end; ++next_) draw(next_);
    return static_cast<double>(next_) / size_.width;
  }
  void finish(std::vector<std::uint8_t>& rgba) override { rgba = std::move(rgba_); }

 private:
  /// Boxes that are added in the time that a column takes, as a rule.
  static constexpr std::size_t boxes_a_column = 512;

  void draw(std::uint32_t x) {
    const std::optional<std::uint32_t> moment = moment_of(x);
    if (x == 0 || moment != before_) {
      clear();
      if (moment) show(*moment);
      column_.finish();
    }
    resolve(x);
    if (moment) finish_column(x, before_ ? *before_ : *moment, *moment);
    before_ = moment;
  }
  [[nodiscard]] std::optional<std::uint32_t> moment_of(std::int64_t column) const {
    return scene_.layout->moment_of(scene_.axis, columns_, column);
  }
  [[nodiscard]] Stretch stretch(double from, double to) const noexcept {
    return {projection_.y(to), projection_.y(from)};
  }

  void clear() {
    column_.restart();
    std::fill(hatched_.begin(), hatched_.end(), 0.0F);
    lines_.clear();
    alive_.clear();
  }

  void show(std::uint32_t moment) {
    const double ruled =
        scene_.edges ? ruled_pixels * column_.bytes_per_pixel() : std::numeric_limits<double>::infinity();
    const auto edge = [&](double y, const StackSlice& slice) {
      add_edges(stretch(y, y + slice.bytes), slice.edged);
    };
    stack_.move_to(moment);
    if (stack_.changed_much()) {
      column_.pour(stack_.stack(), shades_, ruled, edge);
    } else {
      stack_.stack().visit(
          [&](double y, const LiveStack::Sum& sum) { return column_.add(y + sum.bytes, sum.shade); },
          [&](double y, const StackSlice& slice) {
            column_.fill(y, y + slice.bytes, shades_[slice.shade]);
            if (slice.bytes >= ruled) edge(y, slice);
          });
    }
    if (scene_.levels) {
      const Level level = scene_.layout->levels().at(moment);
      const std::uint64_t top = std::min(level.live_bytes + level.cached_bytes, level.reserved_bytes);
      if (top > level.live_bytes) {
        for_each_pixel(stretch(static_cast<double>(level.live_bytes), static_cast<double>(top)), size_.height,
                       [&](std::uint32_t row, float share) { hatched_[row] = share; });
      }
    }
  }

  void add_edges(Stretch at, bool alive) {
    if (alive && at.bottom - at.top >= outlined_pixels) {
      const Shade line = shade_of(style_.outline, 1.0F);
      lines_.push_back({{at.top, at.top + 1}, line, 1.0F});
      lines_.push_back({{at.bottom - 1, at.bottom}, line, 1.0F});
      alive_.push_back(at);
    } else {
      lines_.push_back({{at.top, at.top + 1}, shade_of(style_.background, 1.0F), rule_share});
    }
  }

  void resolve(std::uint32_t x) {
    const Shade background = shade_of(style_.background, 1.0F);
    const Shade hatching = shade_of(style_.cached, 1.0F);
    const std::int64_t plane_x = projection_.first_x() + x;
    const std::int64_t plane_y = projection_.first_y();
    for (std::uint32_t row = 0; row < size_.height; ++row) {
      Shade shade = column_.cells()[size_.height - 1 - row];
      if (hatched_[row] > 0) shade += hatching * (hatched_[row] * hatch_share(plane_x, plane_y + row));
      put(mix(shade, background), pixel(x, row));
    }
    for (const Line& line : lines_) paint(x, line.at, line.color, line.share);
  }

  /// What depends on where the column stands: the bars at the end, and the step of what is reserved.
  void finish_column(std::uint32_t x, std::uint32_t before, std::uint32_t moment) {
    const double end = projection_.x(static_cast<double>(scene_.layout->clock().extent(scene_.axis)));
    const double wide = std::min(x + 1.0, end) - std::max(static_cast<double>(x), end - end_mark_pixels);
    if (wide > 0) {
      for (const Stretch& at : alive_) {
        paint(x, at, shade_of(style_.outline, 1.0F), static_cast<float>(wide));
      }
    }
    if (!scene_.levels) return;
    // Where nothing is reserved beyond the live bytes, the line would only thicken their edge.
    const Level last = scene_.layout->levels().at(before);
    const Level level = scene_.layout->levels().at(moment);
    if (level.reserved_bytes <= level.live_bytes) return;
    const double now = projection_.y(static_cast<double>(level.reserved_bytes));
    const double then =
        last.reserved_bytes > last.live_bytes ? projection_.y(static_cast<double>(last.reserved_bytes)) : now;
    paint(x, {std::min(then, now), std::max(then, now) + 1}, shade_of(style_.reserved, 1.0F), 1.0F);
  }

  void paint(std::uint32_t x, Stretch at, Shade color, float share) {
    for_each_pixel(at, size_.height, [&](std::uint32_t row, float covered) {
      put_over(color, share * covered, pixel(x, row));
    });
  }
  [[nodiscard]] std::uint8_t* pixel(std::uint32_t x, std::uint32_t row) noexcept {
    return rgba_.data() + (static_cast<std::size_t>(row) * size_.width + x) * 4;
  }

  StackScene scene_;
  PictureSize size_;
  Style style_;
  std::vector<std::uint8_t> rgba_;
  Projection projection_;
  Columns columns_;
  LiveStack::Shades shades_;
  MovingStack stack_;
  Column column_;
  std::vector<float> hatched_;
  std::vector<Line> lines_;
  std::vector<Stretch> alive_;           ///< What is alive at the end and high enough to get a bar there.
  std::optional<std::uint32_t> before_;  ///< What the column before shows.
  std::uint32_t next_ = 0;               ///< The first column that is not drawn.
};

}  // namespace

std::unique_ptr<Painting> begin_stack_picture(const StackScene& scene, const View& view, PictureSize size,
                                              const Style& style) {
  const bool is_empty = size.width == 0 || size.height == 0 || !(view.t1 > view.t0 && view.y1 > view.y0);
  if (is_empty) return begin_empty_picture(size, style);
  return std::make_unique<StackPicture>(scene, view, size, style);
}

void rasterize_stack(const StackScene& scene, const View& view, PictureSize size, const Style& style,
                     std::vector<std::uint8_t>& rgba) {
  begin_stack_picture(scene, view, size, style)->complete(rgba);
}

}  // namespace bufgc::timeline
