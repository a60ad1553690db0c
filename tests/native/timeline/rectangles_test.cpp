// The rectangles of a picture, against where each row stands.

#include "timeline/rectangles.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <map>

#include "timeline/cache_waits.hpp"
#include "trace_maker.hpp"

using namespace bufgc;
using namespace bufgc::timeline;

namespace {

using Rect = std::array<double, 4>;
using Rects = std::map<std::uint32_t, std::vector<Rect>>;

Rects by_row(const std::vector<Rectangle>& rectangles) {
  Rects rects;
  for (const Rectangle& rectangle : rectangles)
    rects[rectangle.row].push_back({rectangle.t0, rectangle.t1, rectangle.y0, rectangle.y1});
  for (auto& [row, places] : rects) std::sort(places.begin(), places.end());
  return rects;
}

bool meets(const Rect& rect, const View& view) {
  return rect[0] < view.t1 && rect[1] > view.t0 && rect[2] < view.y1 && rect[3] > view.y0;
}

}  // namespace

TEST_CASE("the rectangles of a view are the places that meet it, and nothing where they are too many") {
  for (std::uint32_t seed = 1; seed <= 6; ++seed) {
    RandomTrace options{seed, 300};
    options.moves = seed % 2 == 0;
    const Lifecycles trace = random_trace(options);
    const EventClock clock(trace);
    const AddressLayout layout(trace);
    const Places& places = layout.places();
    const CacheWaits waits = find_cache_waits(trace, places);
    const LifecycleIndex index(PlaceSpans(places, clock, Axis::event, &waits));
    Scene scene;
    scene.boxes = {&index, &layout.strips()};
    scene.places = &places;
    scene.cached = true;
    const auto height = static_cast<double>(layout.height());
    for (const View& view :
         {View{0, 300, 0, height}, View{100, 140, height / 4, height / 2}, View{7, 8, 0, 1}}) {
      Rects expected;
      std::size_t count = 0;
      const auto add = [&](std::uint32_t row, std::uint32_t from, std::uint32_t to, const Strip& strip) {
        const Rect rect{static_cast<double>(clock.position(Axis::event, from)),
                        static_cast<double>(clock.position(Axis::event, to)), static_cast<double>(strip.y),
                        static_cast<double>(strip.y + strip.height)};
        if (from == to || strip.height == 0 || !meets(rect, view)) return;
        expected[row].push_back(rect);
        ++count;
      };
      for (std::uint32_t row = 0; row < trace.size(); ++row) {
        if (trace.kind[row] == static_cast<std::uint8_t>(BufferKind::view)) continue;
        for (const Stay& stay : layout.stays_of(row)) add(row, stay.begin_event, stay.end_event, stay.strip);
      }
      for (std::uint32_t box = 0; box < waits.size(); ++box)
        add(Lifecycles::none, places.end_event(box), waits[box], layout.strips()[box]);
      for (auto& [row, places] : expected) std::sort(places.begin(), places.end());
      INFO("seed " << seed);
      const auto rectangles = rectangles_of(scene, view, count);
      REQUIRE(rectangles);
      REQUIRE(by_row(*rectangles) == expected);
      if (count > 0) CHECK_FALSE(rectangles_of(scene, view, count - 1));
    }
  }
}

TEST_CASE("the rectangles of a stack are each buffer's steps, and the cached bytes on top") {
  const Lifecycles trace = random_trace({5, 300});
  const EventClock clock(trace);
  const Levels levels(trace);
  const StackLayout layout(trace, levels, clock);
  StackScene scene;
  scene.lifecycles = &trace;
  scene.layout = &layout;
  scene.levels = true;
  const View view{50, 250, 0, static_cast<double>(layout.height())};
  constexpr std::uint32_t count = 80;
  const Columns columns{view.t0, view.t1, count};
  const auto rectangles = rectangles_of_stack(scene, view, count, 100'000);
  REQUIRE(rectangles);
  Rects found = by_row(*rectangles);
  const std::vector<Rect> cached = found[Lifecycles::none];
  found.erase(Lifecycles::none);
  Rects expected;
  for (std::uint32_t row = 0; row < trace.size(); ++row) {
    if (trace.kind[row] != 0) continue;
    for (const StackStep& step : layout.steps_of(row, Axis::event, columns)) {
      const auto y = static_cast<double>(step.y);
      expected[row].push_back({step.t0, step.t1, y, y + static_cast<double>(step.height)});
    }
  }
  CHECK(found == expected);
  double hatched = 0;
  double waiting = 0;
  for (const Rect& rect : cached) hatched += (rect[1] - rect[0]) * (rect[3] - rect[2]);
  for (std::uint32_t column = 0; column < count; ++column) {
    const auto moment = layout.moment_of(Axis::event, columns, column);
    REQUIRE(moment);
    waiting += static_cast<double>(levels.at(*moment).cached_bytes) * (view.t1 - view.t0) / count;
  }
  CHECK(waiting > 0);
  CHECK(hatched == Approx(waiting));
  CHECK_FALSE(rectangles_of_stack(scene, view, count, rectangles->size() - 1));
  scene.levels = false;
  CHECK(rectangles_of_stack(scene, view, count, 100'000)->size() == rectangles->size() - cached.size());
}
