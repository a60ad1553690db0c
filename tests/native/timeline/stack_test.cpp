#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "timeline/rows.hpp"
#include "timeline/stack_layout.hpp"
#include "timeline/stack_picture.hpp"
#include "trace_maker.hpp"

using namespace bufgc;
using namespace bufgc::timeline;

namespace {

/// Everything that a picture of a stack needs.
struct Stage {
  explicit Stage(Lifecycles lifecycles)
      : trace(std::move(lifecycles)),
        clock(trace),
        levels(trace),
        layout(trace, levels, clock),
        colors(trace, ColorBy::size) {}

  [[nodiscard]] StackScene scene(Axis axis = Axis::event) const {
    StackScene out;
    out.lifecycles = &trace;
    out.layout = &layout;
    out.axis = axis;
    out.colors = &colors;
    return out;
  }

  Lifecycles trace;
  EventClock clock;
  Levels levels;
  StackLayout layout;
  ColorMap colors;
};

/// A buffer in the stack of one moment, found by going through every row.
struct NaiveSlice {
  std::uint32_t row;
  std::uint64_t y;
  std::uint64_t height;
};

std::vector<NaiveSlice> naive_stack(const Lifecycles& trace, std::uint32_t event) {
  std::vector<NaiveSlice> stack;
  std::uint64_t y = 0;
  for (std::uint32_t row = 0; row < trace.size(); ++row) {
    const std::uint64_t bytes = trace.kind[row] == 0 ? trace.size_bytes[row] : 0;
    if (bytes == 0 || trace.alloc_event[row] > event || trace.free_event[row] <= event) continue;
    stack.push_back({row, y, bytes});
    y += bytes;
  }
  return stack;
}

/// The highest live level of a column, found by going through every event.
std::uint64_t naive_peak(const Stage& stage, Axis axis, const Columns& columns, std::uint32_t column) {
  std::uint64_t highest = 0;
  for (std::uint32_t event = 0; event < stage.trace.event_count(); ++event) {
    const auto from = static_cast<double>(stage.clock.position(axis, event));
    const bool last = event + 1 == stage.trace.event_count();
    const double until = last ? static_cast<double>(stage.clock.extent(axis)) + 1
                              : static_cast<double>(stage.clock.position(axis, event + 1));
    const double left = columns.left(column);
    if (from >= columns.left(column + 1) || !(until > left || (from == until && from >= left))) continue;
    std::uint64_t bytes = 0;
    for (const NaiveSlice& slice : naive_stack(stage.trace, event)) bytes += slice.height;
    highest = std::max(highest, bytes);
  }
  return highest;
}

/// Many buffers alive at a time, born and released in any order.
Lifecycles crowded_trace(std::uint32_t seed, std::uint32_t buffers, std::uint32_t alive) {
  std::mt19937 random(seed);
  TraceMaker maker;
  std::vector<std::uint32_t> held;
  while (maker.trace.size() < buffers) {
    maker.now += 10;
    const bool full = held.size() >= alive + random() % alive;
    if (full || (!held.empty() && random() % 3 == 0)) {
      // Now and then most of them go at once.
      const std::size_t gone = random() % 200 == 0 ? held.size() - held.size() / 8 : 1;
      for (std::size_t i = 0; i < gone; ++i) {
        std::swap(held[random() % held.size()], held.back());
        maker.free(held.back());
        held.pop_back();
      }
    } else {
      held.push_back(maker.alloc({1 + random() % 5000}));
    }
  }
  return maker.trace;
}

double shared(double a0, double a1, double b0, double b1) {
  return std::max(0.0, std::min(a1, b1) - std::max(a0, b0));
}

void check_pixels(const Stage& stage, const View& view, PictureSize size, Axis axis = Axis::event,
                  const std::vector<std::uint8_t>* matches = nullptr) {
  const Style style = Style::dark();
  StackScene scene = stage.scene(axis);
  scene.matches = matches;
  std::vector<std::uint8_t> rgba;
  rasterize_stack(scene, view, size, style, rgba);
  const double tall = (view.y1 - view.y0) / size.height;
  for (std::uint32_t x = 0; x < size.width; ++x) {
    const auto moment = stage.layout.moment_of(axis, {view.t0, view.t1, size.width}, x);
    const std::vector<NaiveSlice> stack =
        moment ? naive_stack(stage.trace, *moment) : std::vector<NaiveSlice>{};
    for (std::uint32_t y = 0; y < size.height; ++y) {
      const double bottom = view.y1 - (y + 1) * tall;
      double pixel[3] = {0, 0, 0};
      double cover = 0;
      for (const NaiveSlice& slice : stack) {
        const double share = shared(bottom, bottom + tall, static_cast<double>(slice.y),
                                    static_cast<double>(slice.y + slice.height)) /
                             tall;
        const bool shown = matches == nullptr || (*matches)[slice.row] != 0;
        const Color color = shown ? stage.colors.of(slice.row) : style.unmatched;
        const double weight = share * (shown ? 1 : static_cast<double>(unmatched_share));
        pixel[0] += color.red * weight;
        pixel[1] += color.green * weight;
        pixel[2] += color.blue * weight;
        cover += weight;
      }
      const std::uint8_t* out = rgba.data() + (static_cast<std::size_t>(y) * size.width + x) * 4;
      INFO("pixel " << x << ", " << y);
      REQUIRE(std::abs(out[0] - (pixel[0] + style.background.red * (1 - cover))) <= 1.0);
      REQUIRE(std::abs(out[1] - (pixel[1] + style.background.green * (1 - cover))) <= 1.0);
      REQUIRE(std::abs(out[2] - (pixel[2] + style.background.blue * (1 - cover))) <= 1.0);
      REQUIRE(out[3] == 255);
    }
  }
}

Color at(const std::vector<std::uint8_t>& rgba, std::uint32_t width, std::uint32_t x, std::uint32_t y) {
  const std::uint8_t* pixel = rgba.data() + (std::size_t{y} * width + x) * 4;
  return {pixel[0], pixel[1], pixel[2]};
}

constexpr std::uint32_t all_rows = std::numeric_limits<std::uint32_t>::max();

}  // namespace

TEST_CASE("at every event the stack holds the live buffers in order of birth, and is as high as the level") {
  for (std::uint32_t seed = 1; seed <= 8; ++seed) {
    INFO("seed " << seed);
    const Stage stage(seed < 5 ? random_trace({seed, 400, seed % 2 == 0, true, seed == 4})
                               : crowded_trace(seed, 400, 100));
    for (std::uint32_t event = 0; event < stage.trace.event_count(); ++event) {
      INFO("event " << event);
      const std::vector<NaiveSlice> expected = naive_stack(stage.trace, event);
      std::vector<std::uint32_t> found;
      std::uint64_t bytes = 0;
      stage.layout.live_rows().for_each(event, all_rows, [&](std::uint32_t row) {
        found.push_back(row);
        bytes += stage.trace.size_bytes[row];
        return true;
      });
      REQUIRE(found.size() == expected.size());
      for (std::size_t i = 0; i < found.size(); ++i) REQUIRE(found[i] == expected[i].row);
      REQUIRE(bytes == stage.levels.at(event).live_bytes);
      // No further than asked, and no row beyond.
      if (expected.size() < 3) continue;
      std::uint32_t last = 0;
      stage.layout.live_rows().for_each(event, expected[2].row, [&](std::uint32_t row) {
        last = row;
        return true;
      });
      REQUIRE(last == expected[1].row);
      stage.layout.live_rows().for_each(event, all_rows, [&](std::uint32_t row) {
        last = row;
        return false;
      });
      REQUIRE(last == expected[0].row);
    }
  }
}

TEST_CASE("a range of a series has its extreme where it stands first") {
  std::mt19937 random(5);
  std::vector<std::uint64_t> series(700);
  for (std::uint64_t& entry : series) entry = random() % 40;
  const Pyramid<true> highest(series);
  const Pyramid<false> lowest(series);
  for (int i = 0; i < 3000; ++i) {
    const std::size_t first = random() % series.size();
    const std::size_t last = first + 1 + random() % (i % 2 == 0 ? 10 : series.size() - first);
    const auto begin = series.begin() + static_cast<std::ptrdiff_t>(first);
    const auto end = series.begin() + static_cast<std::ptrdiff_t>(std::min(last, series.size()));
    const auto place = [&](auto found) { return static_cast<std::size_t>(found - series.begin()); };
    REQUIRE(highest.place_of(series, first, std::min(last, series.size())) ==
            place(std::max_element(begin, end)));
    REQUIRE(lowest.place_of(series, first, std::min(last, series.size())) ==
            place(std::min_element(begin, end)));
  }
}

TEST_CASE("a column shows the moment of its highest live level, so no peak is lost") {
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {
    const Stage stage(random_trace({seed, 300}));
    for (const Axis axis : {Axis::event, Axis::time}) {
      const auto extent = static_cast<double>(stage.clock.extent(axis));
      for (const std::uint32_t count : {7U, 40U, 900U}) {
        const Columns columns{extent * 0.1 * seed, extent * 1.2, count};
        std::uint32_t before = 0;
        for (std::uint32_t column = 0; column < count; ++column) {
          INFO("seed " << seed << ", axis " << static_cast<int>(axis) << ", column " << column);
          const auto moment = stage.layout.moment_of(axis, columns, column);
          if (!moment) {
            REQUIRE(columns.left(column + 1) > extent);
            continue;
          }
          REQUIRE(*moment >= before);
          before = *moment;
          REQUIRE(stage.levels.at(*moment).live_bytes == naive_peak(stage, axis, columns, column));
        }
      }
    }
  }
}

TEST_CASE("every pixel of the stack has the exact share of each buffer of its column's moment") {
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {
    const Stage stage(seed < 3 ? random_trace({seed, 500}) : crowded_trace(seed, 3000, 600));
    for (const Axis axis : {Axis::event, Axis::time}) {
      INFO("seed " << seed << ", axis " << static_cast<int>(axis));
      const auto extent = static_cast<double>(stage.clock.extent(axis));
      const auto height = static_cast<double>(stage.layout.height());
      check_pixels(stage, {0, extent, 0, height}, {61, 37}, axis);
      check_pixels(stage, {extent * 0.6, extent * 0.63, height * 0.2, height * 0.6}, {40, 150}, axis);
      check_pixels(stage, {-extent, 2 * extent, -height, 2 * height}, {33, 33}, axis);
      std::vector<std::uint8_t> matches(stage.trace.size());
      for (std::size_t row = 0; row < matches.size(); ++row) matches[row] = row % 3 == 0;
      check_pixels(stage, {0, extent, 0, height}, {30, 40}, axis, &matches);
    }
  }
}

TEST_CASE("pixels are exact where much is alive: by sums in narrow columns, by slices in wide ones") {
  const Stage stage(crowded_trace(17, 6000, 1500));
  const auto events = static_cast<double>(stage.trace.event_count());
  const auto height = static_cast<double>(stage.layout.height());
  // Events a column: 1, about 5, about 60, and some 200 in which most of what lives is new.
  for (const double wide : {40.0, 200.0, 2400.0, events}) {
    INFO("events in the picture: " << wide);
    for (const double share : {0.35, 0.8}) {
      const double from = wide == events ? 0 : std::floor(events * share - wide);
      check_pixels(stage, {from, from + wide, 0, height}, {40, 16});
      check_pixels(stage, {from, from + wide, height * 0.2, height * 0.21}, {40, 16});
    }
  }
}

TEST_CASE("a point leads to the buffer whose slice holds it, and a buffer to its slices") {
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {
    const Stage stage(seed < 3 ? random_trace({seed, 400}) : crowded_trace(seed, 500, 60));
    const Axis axis = seed % 2 == 0 ? Axis::time : Axis::event;
    const auto extent = static_cast<double>(stage.clock.extent(axis));
    for (const Columns& columns : {Columns{0, extent, 50}, Columns{extent * 0.4, extent * 0.45, 70}}) {
      std::vector<std::vector<StackStep>> steps;
      for (std::uint32_t row = 0; row < stage.trace.size(); ++row) {
        steps.push_back(stage.layout.steps_of(row, axis, columns));
        REQUIRE(steps.back().size() <= columns.count);
      }
      std::vector<double> shown(stage.trace.size());
      for (std::uint32_t column = 0; column < columns.count; ++column) {
        const double x = (columns.left(column) + columns.left(column + 1)) / 2;
        const auto moment = stage.layout.moment_of(axis, columns, column);
        REQUIRE(moment.has_value());
        const std::vector<NaiveSlice> stack = naive_stack(stage.trace, *moment);
        std::uint64_t top = 0;
        for (const NaiveSlice& slice : stack) {
          INFO("seed " << seed << ", column " << column << ", row " << slice.row);
          top = slice.y + slice.height;
          for (const double y : {static_cast<double>(slice.y), static_cast<double>(top) - 0.5}) {
            REQUIRE(stage.layout.row_at(axis, columns, x, y, 0) == slice.row);
          }
          const auto& own = steps[slice.row];
          const auto step = std::find_if(own.begin(), own.end(),
                                         [&](const StackStep& each) { return each.t0 <= x && x < each.t1; });
          REQUIRE(step != own.end());
          REQUIRE(step->y == slice.y);
          REQUIRE(step->height == slice.height);
          shown[slice.row] += columns.left(column + 1) - columns.left(column);
        }
        const auto edge = static_cast<double>(top);
        REQUIRE_FALSE(stage.layout.row_at(axis, columns, x, edge, 0).has_value());
        REQUIRE_FALSE(stage.layout.row_at(axis, columns, x, edge + 3, 3).has_value());
        REQUIRE_FALSE(stage.layout.row_at(axis, columns, x, -1, 3).has_value());
        if (!stack.empty()) REQUIRE(stage.layout.row_at(axis, columns, x, edge + 2, 3) == stack.back().row);
      }
      // Nowhere else.
      for (std::uint32_t row = 0; row < stage.trace.size(); ++row) {
        if (is_view(stage.trace, row)) continue;
        double wide = 0;
        for (const StackStep& step : steps[row]) wide += step.t1 - step.t0;
        REQUIRE(wide == Approx(shown[row]));
      }
    }
    REQUIRE_FALSE(stage.layout.row_at(axis, {0, extent, 50}, -1, 0, 9).has_value());
    REQUIRE_FALSE(stage.layout.row_at(axis, {0, extent, 50}, extent, 0, 9).has_value());
  }
}

TEST_CASE("what is born later slides down when a buffer is released; views stand where their base does") {
  TraceMaker maker;
  const std::uint32_t low = maker.alloc({100, 0x1000});  // event 0
  const std::uint32_t high = maker.alloc({50});          // event 1
  const std::uint32_t view = maker.alloc({10, 0x1000, {}, {}, BufferKind::view, high});
  const std::uint32_t outside = maker.alloc({70, 0x9000, {}, {}, BufferKind::external});
  maker.free(low);   // event 4
  maker.free(view);  // event 5
  const Stage stage(maker.trace);
  CHECK(stage.layout.height() == 150);
  const Columns columns{0, 6, 6};
  const auto steps = stage.layout.steps_of(high, Axis::event, columns);
  REQUIRE(steps.size() == 2);
  CHECK((steps[0].t0 == 1 && steps[0].t1 == 4 && steps[0].y == 100 && steps[0].height == 50));
  CHECK((steps[1].t0 == 4 && steps[1].t1 == 6 && steps[1].y == 0));
  const auto within = stage.layout.steps_of(view, Axis::event, columns);
  REQUIRE(within.size() == 2);
  CHECK((within[0].t0 == 2 && within[0].y == 100 && within[0].height == 50));
  CHECK((within[1].t0 == 4 && within[1].t1 == 5 && within[1].y == 0));
  CHECK(stage.layout.steps_of(outside, Axis::event, columns).empty());
  CHECK(stage.layout.steps_of(99, Axis::event, columns).empty());
}

TEST_CASE("slices have rules between them, and outlines and a bar at the end when they are alive there") {
  TraceMaker maker;
  maker.alloc({100});
  const std::uint32_t gone = maker.alloc({100});
  maker.free(gone);
  maker.alloc({100});
  const Stage stage(maker.trace);
  StackScene scene = stage.scene();
  scene.edges = true;
  const Style style = Style::light();
  std::vector<std::uint8_t> rgba;
  rasterize_stack(scene, {0, 4, 0, 200}, {40, 20}, style, rgba);
  const Color color = stage.colors.of(0);
  CHECK(at(rgba, 40, 5, 10) == style.outline);
  CHECK(at(rgba, 40, 5, 15) == color);
  CHECK(at(rgba, 40, 5, 19) == style.outline);
  CHECK(at(rgba, 40, 15, 5) == color);
  CHECK(at(rgba, 40, 15, 0).red > color.red);  // the rule
  CHECK(at(rgba, 40, 25, 5) == style.background);
  CHECK(at(rgba, 40, 35, 15) == color);
  CHECK(at(rgba, 40, 36, 15) == style.outline);  // the bar
  std::vector<std::uint8_t> small;
  rasterize_stack(scene, {0, 4, 0, 2000}, {40, 20}, style, small);
  CHECK(at(small, 40, 5, 19) == color);
}

TEST_CASE("what is cached is hatched above the live bytes, under the line of what is reserved") {
  TraceMaker maker;
  maker.reserve(0x1000, 400);
  const std::uint32_t first =
      maker.alloc({100, 0x1000, "a", {}, BufferKind::owned, Lifecycles::none, from_source});
  maker.alloc({100, 0x1064, "a", {}, BufferKind::owned, Lifecycles::none, from_source});
  maker.free(first, to_cache);
  const Stage stage(maker.trace);
  REQUIRE(stage.layout.height() == 400);
  StackScene scene = stage.scene();
  scene.levels = true;
  const Style style = Style::light();
  std::vector<std::uint8_t> rgba;
  rasterize_stack(scene, {0, 4, 0, 400}, {40, 40}, style, rgba);
  const auto rows_of = [&](std::uint32_t x, Color color) {
    std::vector<std::uint32_t> rows;
    for (std::uint32_t y = 0; y < 40; ++y) {
      if (at(rgba, 40, x, y) == color) rows.push_back(y);
    }
    return rows;
  };
  for (const std::uint32_t x : {5U, 15U, 25U, 35U}) {
    CHECK(rows_of(x, style.reserved) == std::vector<std::uint32_t>{0});
  }
  CHECK(rows_of(15, style.background).size() == 29);  // 100 live, nothing cached
  CHECK(rows_of(25, style.background).size() == 19);  // 200 live
  CHECK(rows_of(35, style.background).size() == 19);  // 100 live and 100 cached
  CHECK(rows_of(35, stage.colors.of(1)).size() == 10);
  for (std::uint32_t y = 20; y < 30; ++y) {
    CHECK(at(rgba, 40, 35, y).red < style.background.red);
    CHECK(at(rgba, 40, 35, y).red > style.cached.red);
  }
}

TEST_CASE("the line of what is reserved is joined where it steps, at the left edge of a picture too") {
  TraceMaker maker;
  maker.reserve(0x1000, 100);
  maker.reserve(0x2000, 300);
  maker.alloc({100, 0x1000});
  const Stage stage(maker.trace);
  StackScene scene = stage.scene();
  scene.levels = true;
  const Style style = Style::light();
  std::vector<std::uint8_t> whole;
  rasterize_stack(scene, {0, 3, 0, 400}, {3, 40}, style, whole);
  std::vector<std::uint8_t> part;
  rasterize_stack(scene, {1, 3, 0, 400}, {2, 40}, style, part);
  for (std::uint32_t y = 0; y < 40; ++y) {
    CHECK((at(whole, 3, 1, y) == style.reserved) == (y <= 30));
    CHECK(at(part, 2, 0, y) == at(whole, 3, 1, y));
    CHECK(at(part, 2, 1, y) == at(whole, 3, 2, y));
  }
}

TEST_CASE("a picture of the stack that is left off and gone on with is the picture") {
  const Stage stage(random_trace({5, 400, true, true, true}));
  StackScene scene = stage.scene();
  scene.edges = true;
  scene.levels = true;
  const View view{50, 350, 0, static_cast<double>(stage.layout.height())};
  std::vector<std::uint8_t> whole;
  rasterize_stack(scene, view, {30, 40}, Style::light(), whole);
  // A step is a column, however little is asked for.
  const auto painting = begin_stack_picture(scene, view, {30, 40}, Style::light());
  for (int column = 1; column <= 30; ++column) {
    REQUIRE(painting->go_on(1) == Approx(column / 30.0));
  }
  std::vector<std::uint8_t> rgba;
  painting->finish(rgba);
  CHECK(rgba == whole);
  // Many boxes are many columns.
  CHECK(begin_stack_picture(scene, view, {30, 40}, Style::light())->go_on(10 * 512) == Approx(1 / 3.0));
}

TEST_CASE("where nothing is reserved beyond the live bytes, there is no line") {
  TraceMaker maker;
  maker.alloc({100, 0x1000});
  maker.free(maker.alloc({300, 0x2000}));
  const Stage stage(maker.trace);
  REQUIRE(stage.levels.maxima().reserved_bytes == 400);
  StackScene scene = stage.scene();
  const View view{0, 3, 0, 400};
  std::vector<std::uint8_t> plain;
  rasterize_stack(scene, view, {30, 40}, Style::light(), plain);
  scene.levels = true;
  std::vector<std::uint8_t> lined;
  rasterize_stack(scene, view, {30, 40}, Style::light(), lined);
  CHECK(plain == lined);
}

TEST_CASE("a stack without events, extent or pixels is background or nothing") {
  const Stage empty{Lifecycles{}};
  CHECK(empty.layout.height() == 0);
  CHECK_FALSE(empty.layout.row_at(Axis::event, {0, 1, 1}, 0.5, 0, 1).has_value());
  std::vector<std::uint8_t> rgba;
  StackScene scene = empty.scene();
  scene.levels = true;
  rasterize_stack(scene, {0, 5, 0, 10}, {2, 1}, Style::light(), rgba);
  CHECK(rgba == std::vector<std::uint8_t>(8, 255));
  const Stage stage(random_trace({2}));
  rasterize_stack(stage.scene(), {5, 5, 0, 10}, {2, 1}, Style::light(), rgba);
  CHECK(rgba == std::vector<std::uint8_t>(8, 255));
  rasterize_stack(stage.scene(), {0, 5, 10, 0}, {2, 1}, Style::light(), rgba);
  CHECK(rgba == std::vector<std::uint8_t>(8, 255));
  rasterize_stack(stage.scene(), {0, 5, 0, 10}, {0, 7}, Style::light(), rgba);
  CHECK(rgba.empty());
}

TEST_CASE("sizes that add up beyond all bounds do no harm") {
  TraceMaker maker;
  for (int i = 0; i < 600; ++i) {
    const std::uint32_t row = maker.alloc({std::numeric_limits<std::uint64_t>::max() - 7});
    if (i % 2 == 0) maker.free(row);
  }
  const Stage stage(maker.trace);
  std::vector<std::uint8_t> rgba;
  StackScene scene = stage.scene();
  scene.edges = scene.levels = true;
  rasterize_stack(scene, {0, 900, 0, 1e19}, {50, 50}, Style::light(), rgba);
  CHECK(rgba.size() == 10'000);
}
