#include "timeline/rasterizer.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "timeline/cache_waits.hpp"
#include "timeline/hit_test.hpp"
#include "trace_maker.hpp"

using namespace bufgc;
using namespace bufgc::timeline;

namespace {

/// Everything a picture of a trace needs.
struct Stage {
  explicit Stage(Lifecycles lifecycles, Axis axis = Axis::event, ColorBy by = ColorBy::size)
      : trace(std::move(lifecycles)),
        clock(trace),
        layout(trace),
        places(layout.places()),
        waits(find_cache_waits(trace, places)),
        index(PlaceSpans(places, clock, axis, &waits)),
        colors(trace, by) {}

  [[nodiscard]] Scene scene(bool cached) const {
    Scene out;
    out.boxes = {&index, &layout.strips()};
    out.places = &places;
    out.colors = &colors;
    out.cached = cached;
    return out;
  }

  Lifecycles trace;
  EventClock clock;
  AddressLayout layout;
  const Places& places;
  CacheWaits waits;
  LifecycleIndex index;
  ColorMap colors;
};

double shared(double a0, double a1, double b0, double b1) {
  return std::max(0.0, std::min(a1, b1) - std::max(a0, b0));
}

/// The colour of one pixel by going through every box.
struct NaivePixel {
  double red = 0;
  double green = 0;
  double blue = 0;
  double cover = 0;
  void add(Color color, double share) {
    red += color.red * share;
    green += color.green * share;
    blue += color.blue * share;
    cover += share;
  }
  void over(Color background) {
    if (cover > 1) {
      red /= cover;
      green /= cover;
      blue /= cover;
    } else {
      red += background.red * (1 - cover);
      green += background.green * (1 - cover);
      blue += background.blue * (1 - cover);
    }
  }
};

double share_of(const View& view, PictureSize size, std::uint32_t x, std::uint32_t y, std::uint64_t start,
                std::uint64_t end, Strip strip) {
  const double wide = (view.t1 - view.t0) / size.width;
  const double tall = (view.y1 - view.y0) / size.height;
  const double left = view.t0 + x * wide;
  const double top = view.y1 - y * tall;
  return shared(left, left + wide, static_cast<double>(start), static_cast<double>(end)) / wide *
         shared(top - tall, top, static_cast<double>(strip.y), static_cast<double>(strip.y + strip.height)) /
         tall;
}

/// One rectangle of a row: from an event, or what it is on the axis, to another, at an address.
struct Piece {
  std::uint32_t row;
  std::uint64_t start;
  std::uint64_t end;
  Strip strip;
};

/// Every place of every buffer, found by going through its moves: those of one run of moves hold from
/// its first event on. The strips are those of the layout, whose own test compares them.
std::vector<Piece> naive_pieces(const Stage& stage, Axis axis) {
  std::vector<Piece> pieces;
  const Lifecycles& trace = stage.trace;
  std::uint32_t box = static_cast<std::uint32_t>(trace.size());
  std::vector<std::size_t> current;
  for (std::uint32_t row = 0; row < trace.size(); ++row) {
    current.push_back(pieces.size());
    pieces.push_back({row, stage.clock.position(axis, trace.alloc_event[row]),
                      stage.clock.position(axis, trace.free_event[row]), stage.layout.strips()[row]});
  }
  for (const Lifecycles::Move& move : trace.moves) {
    std::uint32_t first = move.event;
    while (first > 0 && trace.event_kind[first - 1] == Lifecycles::EventKind::move) --first;
    const std::uint64_t x = stage.clock.position(axis, first);
    const std::uint64_t end = pieces[current[move.row]].end;
    pieces[current[move.row]].end = x;
    current[move.row] = pieces.size();
    pieces.push_back({move.row, x, end, stage.layout.strips()[box++]});
  }
  return pieces;
}

void check_pixels(const Stage& stage, const View& view, PictureSize size, bool cached,
                  Axis axis = Axis::event) {
  const Style style = Style::dark();
  std::vector<std::uint8_t> rgba;
  rasterize(stage.scene(cached), view, size, style, rgba);
  const auto plane_x = std::llround(view.t0 * size.width / (view.t1 - view.t0));
  const auto plane_y = std::llround(-view.y1 * size.height / (view.y1 - view.y0));
  const std::vector<Piece> pieces = naive_pieces(stage, axis);
  REQUIRE(pieces.size() == stage.places.size());
  for (std::uint32_t y = 0; y < size.height; ++y) {
    for (std::uint32_t x = 0; x < size.width; ++x) {
      NaivePixel pixel;
      for (const Piece& piece : pieces) {
        pixel.add(stage.colors.of(piece.row),
                  share_of(view, size, x, y, piece.start, piece.end, piece.strip));
      }
      for (std::uint32_t box = 0; cached && box < stage.waits.size(); ++box) {
        const std::uint64_t left = stage.clock.position(axis, stage.places.end_event(box));
        const std::uint64_t taken = stage.clock.position(axis, stage.waits[box]);
        const double share = share_of(view, size, x, y, left, taken, stage.layout.strips()[box]);
        pixel.add(style.cached, share * hatch_share(plane_x + x, plane_y + y));
      }
      pixel.over(style.background);
      const std::uint8_t* out = rgba.data() + (static_cast<std::size_t>(y) * size.width + x) * 4;
      INFO("pixel " << x << ", " << y);
      REQUIRE(std::abs(out[0] - pixel.red) <= 1.0);
      REQUIRE(std::abs(out[1] - pixel.green) <= 1.0);
      REQUIRE(std::abs(out[2] - pixel.blue) <= 1.0);
      REQUIRE(out[3] == 255);
    }
  }
}

}  // namespace

TEST_CASE("every pixel has the exact share of each buffer that it shows") {
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {
    for (const Axis axis : {Axis::event, Axis::time}) {
      INFO("seed " << seed << ", axis " << static_cast<int>(axis));
      // Many colours, and one that nearly all have.
      const ColorBy by = seed % 2 == 0 ? ColorBy::state : ColorBy::size;
      const Stage stage(random_trace({seed, 500, seed != 4, true, seed < 3}), axis, by);
      const auto extent = static_cast<double>(stage.clock.extent(axis));
      const auto height = static_cast<double>(stage.layout.height());
      check_pixels(stage, {0, extent, 0, height}, {61, 37}, false, axis);
      check_pixels(stage, {extent * 0.3, extent * 0.37, height * 0.2, height * 0.6}, {40, 50}, true, axis);
      check_pixels(stage, {-extent, 2 * extent, -height, 2 * height}, {33, 33}, true, axis);
    }
  }
}

TEST_CASE("a thousand buffers within one pixel leave their average") {
  TraceMaker maker;
  for (int i = 0; i < 1000; ++i) maker.free(maker.alloc({i % 2 == 0 ? 10U : 1000U, 0x1000}));
  const Stage stage(maker.trace);
  check_pixels(stage, {0, 2000, 0, 1000}, {1, 1}, false);
}

TEST_CASE("with many thousand buffers a pixel, what is rounded off stays below a shade") {
  for (const ColorBy by : {ColorBy::state, ColorBy::size}) {
    const Stage stage(random_trace({21, 100'000, true, true, true}), Axis::event, by);
    check_pixels(stage, {0, 100'000, 0, static_cast<double>(stage.layout.height())}, {19, 3}, true);
  }
}

TEST_CASE("a picture cut into tiles equals the whole, to the pixel") {
  const ColorBy by = GENERATE(ColorBy::size, ColorBy::state);
  const Stage stage(random_trace({11, 500, true, true, true}), Axis::event, by);
  const View whole{0, 512, 0, 32768};
  std::vector<std::uint8_t> picture;
  rasterize(stage.scene(true), whole, {64, 64}, Style::light(), picture);
  for (std::uint32_t tile_y = 0; tile_y < 2; ++tile_y) {
    for (std::uint32_t tile_x = 0; tile_x < 2; ++tile_x) {
      const View part{tile_x * 256.0, tile_x * 256.0 + 256, 16384.0 * (1 - tile_y), 16384.0 * (2 - tile_y)};
      std::vector<std::uint8_t> tile;
      rasterize(stage.scene(true), part, {32, 32}, Style::light(), tile);
      for (std::uint32_t y = 0; y < 32; ++y) {
        for (std::uint32_t i = 0; i < 32 * 4; ++i) {
          const int there = picture[((tile_y * 32 + y) * 64 + tile_x * 32) * 4 + i];
          REQUIRE(std::abs(there - tile[y * 32 * 4 + i]) <= 1);
        }
      }
    }
  }
}

TEST_CASE("what is alive at the end has an outline, where it is large enough") {
  TraceMaker maker;
  maker.alloc({100, 0x1000});
  maker.free(maker.alloc({100, 0x1064}));
  const Stage stage(maker.trace);
  Scene scene = stage.scene(false);
  scene.edges = true;
  const Style style = Style::light();
  const auto at = [&](const std::vector<std::uint8_t>& rgba, std::uint32_t x, std::uint32_t y) {
    const std::uint8_t* pixel = rgba.data() + (y * 30 + x) * 4;
    return Color{pixel[0], pixel[1], pixel[2]};
  };
  std::vector<std::uint8_t> rgba;
  rasterize(scene, {0, 3, 0, 200}, {30, 20}, style, rgba);
  CHECK(at(rgba, 0, 15) == style.outline);
  CHECK(at(rgba, 5, 19) == style.outline);
  CHECK(at(rgba, 5, 10) == style.outline);
  CHECK(at(rgba, 28, 15) == style.outline);
  CHECK(at(rgba, 10, 15) == stage.colors.of(0));
  CHECK(at(rgba, 15, 0) == stage.colors.of(1));
  std::vector<std::uint8_t> small;
  rasterize(scene, {0, 30, 0, 2000}, {30, 20}, style, small);
  CHECK_FALSE(at(small, 0, 19) == style.outline);
}

TEST_CASE("a moved buffer is drawn at both places, with a notch in the edge where it moved") {
  TraceMaker maker;
  const std::uint32_t moved = maker.alloc({100, 0x1064});  // event 0
  maker.alloc({100, 0x2000});                              // event 1, so that the gap below has a height
  maker.move(moved, 0x1000);                               // event 2
  maker.free(moved);                                       // event 3
  const Stage stage(maker.trace);
  Scene scene = stage.scene(false);
  const auto at = [](const std::vector<std::uint8_t>& rgba, std::uint32_t x, std::uint32_t y) {
    const std::uint8_t* pixel = rgba.data() + (y * 40 + x) * 4;
    return Color{pixel[0], pixel[1], pixel[2]};
  };
  const Color color = stage.colors.of(moved);
  const Color ground = Style::light().background;
  std::vector<std::uint8_t> plain;
  rasterize(scene, {0, 4, 0, 200}, {40, 40}, Style::light(), plain);
  CHECK(at(plain, 19, 10) == color);  // the whole rectangle, without a notch
  scene.edges = true;
  std::vector<std::uint8_t> rgba;
  rasterize(scene, {0, 4, 0, 200}, {40, 40}, Style::light(), rgba);
  CHECK(at(rgba, 10, 10) == color);   // above, until the move
  CHECK(at(rgba, 22, 10) == ground);  // and no more
  CHECK(at(rgba, 10, 30) == ground);  // below, from the move on
  CHECK(at(rgba, 26, 30) == color);
  CHECK(at(rgba, 32, 30) == ground);
  CHECK(at(rgba, 19, 10) == ground);  // the notches
  CHECK(at(rgba, 20, 30) == ground);
  CHECK(at(rgba, 19, 1) == color);  // beside them the edges stand
  CHECK(at(rgba, 20, 21) == color);
  CHECK(at(rgba, 0, 10) == color);  // birth and end have none
  CHECK(at(rgba, 29, 30) == color);
  std::vector<std::uint8_t> small;
  rasterize(scene, {0, 40, 0, 2000}, {40, 40}, Style::light(), small);
  CHECK(at(small, 1, 37) == color);  // too small for one
}

TEST_CASE("rows that the filter leaves out stay as a shade") {
  TraceMaker maker;
  maker.alloc({100, 0x1000});
  maker.alloc({100, 0x1064});
  const Stage stage(maker.trace);
  const std::vector<std::uint8_t> matches{1, 0};
  Scene scene = stage.scene(false);
  scene.matches = &matches;
  std::vector<std::uint8_t> rgba;
  rasterize(scene, {1, 2, 0, 200}, {1, 2}, Style::light(), rgba);
  CHECK(Color{rgba[4], rgba[5], rgba[6]} == stage.colors.of(0));
  const double grey = 255 * (1 - unmatched_share) + Style::light().unmatched.red * unmatched_share;
  CHECK(std::abs(rgba[0] - grey) <= 1);
}

TEST_CASE("a view without extent is background, and one of no pixels is empty") {
  const Stage stage(random_trace({2}));
  std::vector<std::uint8_t> rgba;
  rasterize(stage.scene(true), {5, 5, 0, 10}, {2, 1}, Style::light(), rgba);
  CHECK(rgba == std::vector<std::uint8_t>(8, 255));
  rasterize(stage.scene(true), {0, 5, 0, 10}, {0, 7}, Style::light(), rgba);
  CHECK(rgba.empty());
}

TEST_CASE("a hit test finds the buffer under the point") {
  for (std::uint32_t seed = 1; seed <= 6; ++seed) {
    const Stage stage(random_trace({seed, 400, seed % 2 == 0, true, seed == 4 || seed == 6}));
    const std::vector<Piece> pieces = naive_pieces(stage, Axis::event);
    std::mt19937 random(seed);
    for (int i = 0; i < 400; ++i) {
      const double x = static_cast<double>(random() % (stage.clock.events() * 4)) / 4.0;
      const double y = static_cast<double>(random() % stage.layout.height()) + 0.5;
      INFO("seed " << seed << ", point " << x << ", " << y);
      std::optional<std::uint32_t> expected;
      for (const Piece& piece : pieces) {
        if (x >= static_cast<double>(piece.start) && x < static_cast<double>(piece.end) &&
            y >= static_cast<double>(piece.strip.y) &&
            y < static_cast<double>(piece.strip.y + piece.strip.height)) {
          expected = piece.row;
        }
      }
      const auto found = hit_test({&stage.index, &stage.layout.strips()}, {x, y, 0, 0});
      REQUIRE(found.has_value() == expected.has_value());
      if (found) REQUIRE(stage.places.row_of(*found) == *expected);
    }
  }
}

TEST_CASE("a hit test near a buffer finds the nearest within the tolerance, and none beyond it") {
  TraceMaker maker;
  const std::uint32_t low = maker.alloc({100, 0x1000});
  maker.free(low);
  for (int i = 0; i < 8; ++i) maker.free(maker.alloc({100, 0x5000}));
  const Stage stage(maker.trace);
  const Boxes boxes{&stage.index, &stage.layout.strips()};
  CHECK(hit_test(boxes, {3, 50, 2.5, 1}) == low);
  CHECK(hit_test(boxes, {3, 50, 1.5, 1}) == std::nullopt);
  CHECK(hit_test(boxes, {1, 50, 0, 0}) == std::nullopt);
  CHECK(hit_test(boxes, {1, 50, 1, 1}) == low);
  CHECK(hit_test(boxes, {-5, 50, 1, 1}) == std::nullopt);
}

TEST_CASE("a picture that is left off and gone on with is the picture") {
  std::mt19937 random(3);
  for (const ColorBy by : {ColorBy::state, ColorBy::size, ColorBy::label}) {
    const Stage stage(random_trace({11, 500, true, true, true}), Axis::event, by);
    std::vector<std::uint8_t> matches(stage.trace.size());
    for (std::uint8_t& match : matches) match = static_cast<std::uint8_t>(random() % 2);
    Scene scene = stage.scene(true);
    scene.matches = &matches;
    scene.edges = true;
    const View view{100, 400, 0, 32768};
    std::vector<std::uint8_t> whole;
    rasterize(scene, view, {40, 24}, Style::light(), whole);
    for (const std::size_t most : {1U, 7U, 50U}) {
      const auto painting = begin_picture(scene, view, {40, 24}, Style::light());
      double before = 0;
      int steps = 0;
      for (double share = painting->go_on(most); share < 1; share = painting->go_on(most), ++steps) {
        REQUIRE(share > before);
        before = share;
      }
      CHECK(steps > 2);
      std::vector<std::uint8_t> rgba;
      painting->finish(rgba);
      REQUIRE(rgba == whole);
    }
  }
}

TEST_CASE("a picture without boxes is drawn at once") {
  const Stage stage(random_trace({11, 100, true, true, true}));
  for (const View& view : {View{5000, 6000, 0, 100}, View{5, 5, 0, 100}, View{0, 5, 7, 7}}) {
    const auto painting = begin_picture(stage.scene(true), view, {2, 1}, Style::light());
    REQUIRE(painting->go_on(1) == 1);
    std::vector<std::uint8_t> rgba;
    painting->finish(rgba);
    CHECK(rgba == std::vector<std::uint8_t>(8, 255));
  }
}

TEST_CASE("the colour that most boxes have is drawn as exactly where a picture has none of it") {
  // A thousand small buffers of one label, then some of others: a view of those alone has no common colour.
  TraceMaker maker;
  for (int i = 0; i < 1000; ++i) maker.free(maker.alloc({100, 0x1000}));
  for (int i = 0; i < 3; ++i)
    maker.alloc(
        {100 + 50U * static_cast<std::uint32_t>(i), 0x2000U + 0x1000U * static_cast<std::uint32_t>(i)});
  const Stage stage(maker.trace, Axis::event, ColorBy::state);
  const auto height = static_cast<double>(stage.layout.height());
  check_pixels(stage, {2000, 2003, 0, height}, {31, 17}, true);
  check_pixels(stage, {1990, 2003, 0, height}, {31, 17}, true);
}
