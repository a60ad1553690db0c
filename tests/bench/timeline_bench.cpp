// What the lifecycle plot costs: index, layouts, levels and pictures over synthetic lifetimes.
//   c++ -std=c++20 -O3 -Isrc tests/bench/timeline_bench.cpp src/timeline/*.cpp src/bufgc/viz/string_table.cpp
//   src/bufgc/memory/offset_planner*.cpp
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <random>
#include <utility>
#include <vector>

#include "timeline/cache_waits.hpp"
#include "timeline/levels.hpp"
#include "timeline/packed_layout.hpp"
#include "timeline/rasterizer.hpp"
#include "timeline/stack_picture.hpp"

namespace {

using bufgc::Lifecycles;
namespace tl = bufgc::timeline;

/// Lifecycles written event by event.
struct Maker {
  Lifecycles trace;

  std::uint32_t event(Lifecycles::EventKind kind, std::uint32_t row) {
    trace.event_time_ns.push_back(static_cast<std::int64_t>(trace.event_kind.size()) * 1000);
    trace.event_kind.push_back(kind);
    trace.event_row.push_back(row);
    return static_cast<std::uint32_t>(trace.event_kind.size() - 1);
  }
  std::uint32_t alloc(std::uint64_t size, std::uint64_t address) {
    const auto row = static_cast<std::uint32_t>(trace.size());
    trace.id.push_back(row);
    trace.size_bytes.push_back(size);
    trace.capacity_bytes.push_back((size + 63) / 64 * 64);
    trace.address.push_back(address);
    trace.alloc_event.push_back(event(Lifecycles::EventKind::alloc, row));
    trace.free_event.push_back(Lifecycles::none);
    for (auto* column : {&trace.label, &trace.dtype, &trace.shape, &trace.site, &trace.thread})
      column->push_back(0);
    trace.base.push_back(Lifecycles::none);
    trace.kind.push_back(0);
    trace.cause.push_back(0);
    trace.served_by.push_back(0);
    trace.freed_to.push_back(Lifecycles::unknown);
    return row;
  }
  void free(std::uint32_t row) {
    trace.free_event[row] = event(Lifecycles::EventKind::free, row);
    trace.freed_to[row] = 0;
  }
};

/// Blocks of 64 KiB slots; lifetimes mostly short, some long, a few to the end.
Lifecycles make_trace(std::uint32_t buffers) {
  constexpr std::uint32_t slots = 4096;
  std::mt19937 random(7);
  Maker maker;
  std::vector<std::uint32_t> holder(slots, Lifecycles::none);
  while (maker.trace.size() < buffers) {
    // Low slots turn over quickly, high ones slowly.
    const std::uint32_t slot = static_cast<std::uint32_t>(random() % (1U + random() % slots));
    if (holder[slot] != Lifecycles::none) {
      maker.free(std::exchange(holder[slot], Lifecycles::none));
    } else {
      holder[slot] = maker.alloc(1024 + random() % 60000, 0x7f0000000000 + std::uint64_t{slot} * 65536);
    }
  }
  return maker.trace;
}

/// All buffers are alive in the middle and then go in any order: a stack as deep as there are buffers.
Lifecycles make_deep_trace(std::uint32_t buffers) {
  std::mt19937 random(7);
  Maker maker;
  std::vector<std::uint32_t> order(buffers);
  for (std::uint32_t& row : order) row = maker.alloc(1024 + random() % 60000, Lifecycles::no_address);
  std::shuffle(order.begin(), order.end(), random);
  for (const std::uint32_t row : order) maker.free(row);
  return maker.trace;
}

/// Least of some runs, in ms of processor time, so that a busy machine does not count.
template <class Work>
double least_ms(Work&& work, int runs = 7) {
  double best = 1e9;
  for (int run = 0; run < runs; ++run) {
    const std::clock_t start = std::clock();
    work();
    best = std::min(best, static_cast<double>(std::clock() - start) * 1e3 / CLOCKS_PER_SEC);
  }
  return best;
}

void measure(std::uint32_t buffers) {
  const Lifecycles trace = make_trace(buffers);
  const tl::EventClock clock(trace);
  const double layout_ms = least_ms([&] { tl::AddressLayout layout(trace); });
  const tl::AddressLayout layout(trace);
  const double waits_ms = least_ms([&] { static_cast<void>(tl::find_cache_waits(trace, layout.places())); });
  const tl::CacheWaits waits = tl::find_cache_waits(trace, layout.places());
  const tl::PlaceSpans spans(layout.places(), clock, tl::Axis::event, &waits);
  const double index_ms = least_ms([&] { tl::LifecycleIndex index(spans); });
  const tl::LifecycleIndex index(spans);
  const double levels_ms = least_ms([&] { tl::Levels levels(trace); });
  const tl::Levels levels(trace);
  const double resample_ms = least_ms([&] {
    static_cast<void>(
        levels.resample(clock, tl::Axis::event, {0, static_cast<double>(clock.events()), 1600}));
  });
  const tl::ColorMap colors(trace, tl::ColorBy::state);
  tl::Scene scene;
  scene.boxes = {&index, &layout.strips()};
  scene.colors = &colors;
  scene.places = &layout.places();
  scene.edges = true;
  const auto draw_ms = [&](double share) {
    const auto events = static_cast<double>(clock.events());
    const auto height = static_cast<double>(layout.height());
    std::vector<std::uint8_t> rgba;
    return least_ms([&] {
      tl::rasterize(scene, {0, events * share, 0, height}, {1600, 600}, tl::Style::light(), rgba);
    });
  };
  const double draw = draw_ms(1);
  const double draw_part = draw_ms(0.01);
  scene.cached = true;
  const double draw_cached = draw_ms(1);
  std::printf(
      "%8u buffers: index %.2f ms, layout %.1f, levels %.1f, 1600 columns %.2f, waits in the cache %.1f; "
      "1600x600 picture: all %.1f ms, with cached %.1f, one hundredth of the time %.1f\n",
      buffers, index_ms, layout_ms, levels_ms, resample_ms, waits_ms, draw, draw_cached, draw_part);
}

/// The stack: pictures, what is under a point, where a buffer stands; and the packed layout.
void measure_layouts(const char* name, const Lifecycles& trace) {
  const tl::EventClock clock(trace);
  const tl::Levels levels(trace);
  const double build = least_ms([&] { tl::StackLayout layout(trace, levels, clock); });
  const tl::StackLayout layout(trace, levels, clock);
  const tl::ColorMap colors(trace, tl::ColorBy::state);
  tl::StackScene scene;
  scene.lifecycles = &trace;
  scene.layout = &layout;
  scene.colors = &colors;
  scene.edges = scene.levels = true;
  const auto events = static_cast<double>(clock.events());
  const auto height = static_cast<double>(layout.height());
  std::vector<std::uint8_t> rgba;
  const auto draw_ms = [&](double from, double to) {
    return least_ms([&] {
      tl::rasterize_stack(scene, {events * from, events * to, 0, height}, {1600, 600}, tl::Style::light(),
                          rgba);
    });
  };
  const double all = draw_ms(0, 1);
  const double part = draw_ms(0.5, 0.51);
  const double few = draw_ms(0.5, 0.5 + 200 / events);
  const tl::Columns columns{0, events, 1600};
  const double hit = least_ms(
      [&] { static_cast<void>(layout.row_at(tl::Axis::event, columns, events / 2, height / 4, 0)); });
  const double steps = least_ms([&] { static_cast<void>(layout.steps_of(0, tl::Axis::event, columns)); });
  const double packed = least_ms([&] { tl::PackedLayout(trace).advance(SIZE_MAX); }, 2);
  std::printf(
      "%8zu buffers, %s: stack %.1f ms; 1600x600 picture: all %.1f ms, one hundredth of the time %.1f, 200 "
      "events "
      "%.1f; hit test %.2f, steps of one buffer %.2f; packed %.0f\n",
      trace.size(), name, build, all, part, few, hit, steps, packed);
}

}  // namespace

int main() {
  measure(100'000);
  measure(1'000'000);
  for (const std::uint32_t buffers : {100'000U, 1'000'000U}) {
    measure_layouts("some thousand alive", make_trace(buffers));
    measure_layouts("all alive at a time", make_deep_trace(buffers));
  }
}
