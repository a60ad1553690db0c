// What the lifecycle plot costs: index, layout, levels and picture over synthetic lifetimes.
//   c++ -std=c++20 -O3 -Isrc tests/bench/timeline_bench.cpp src/timeline/*.cpp src/bufgc/viz/string_table.cpp
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <random>
#include <vector>

#include "timeline/cached_blocks.hpp"
#include "timeline/levels.hpp"
#include "timeline/rasterizer.hpp"

namespace {

using bufgc::Lifecycles;
namespace tl = bufgc::timeline;

/// Blocks of 64 KiB slots; lifetimes mostly short, some long, a few to the end.
Lifecycles make_trace(std::uint32_t buffers) {
  constexpr std::uint32_t slots = 4096;
  std::mt19937 random(7);
  Lifecycles trace;
  std::vector<std::uint32_t> holder(slots, Lifecycles::none);
  const auto event = [&](Lifecycles::EventKind kind, std::uint32_t row) {
    trace.event_time_ns.push_back(static_cast<std::int64_t>(trace.event_kind.size()) * 1000);
    trace.event_kind.push_back(kind);
    trace.event_row.push_back(row);
    return static_cast<std::uint32_t>(trace.event_kind.size() - 1);
  };
  while (trace.size() < buffers) {
    // Low slots turn over quickly, high ones slowly.
    const std::uint32_t slot = static_cast<std::uint32_t>(random() % (1U + random() % slots));
    if (holder[slot] != Lifecycles::none) {
      const std::uint32_t row = holder[slot];
      trace.free_event[row] = event(Lifecycles::EventKind::free, row);
      trace.free_time_ns[row] = trace.event_time_ns.back();
      trace.freed_to[row] = 0;
      holder[slot] = Lifecycles::none;
      continue;
    }
    const auto row = static_cast<std::uint32_t>(trace.size());
    holder[slot] = row;
    const std::uint64_t size = 1024 + random() % 60000;
    trace.id.push_back(row);
    trace.size_bytes.push_back(size);
    trace.capacity_bytes.push_back((size + 63) / 64 * 64);
    trace.address.push_back(0x7f0000000000 + std::uint64_t{slot} * 65536);
    trace.alloc_event.push_back(event(Lifecycles::EventKind::alloc, row));
    trace.alloc_time_ns.push_back(trace.event_time_ns.back());
    trace.free_event.push_back(Lifecycles::none);
    trace.free_time_ns.push_back(0);
    for (auto* column : {&trace.label, &trace.dtype, &trace.shape, &trace.site, &trace.thread})
      column->push_back(0);
    trace.base.push_back(Lifecycles::none);
    trace.kind.push_back(0);
    trace.cause.push_back(0);
    trace.served_by.push_back(0);
    trace.freed_to.push_back(Lifecycles::unknown);
  }
  return trace;
}

/// Least of some runs, in ms of processor time, so that a busy machine does not count.
template <class Work>
double least_ms(Work&& work) {
  double best = 1e9;
  for (int run = 0; run < 7; ++run) {
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
  const tl::Spans spans = tl::place_spans(layout.places(), clock, tl::Axis::event);
  const double index_ms = least_ms([&] { tl::LifecycleIndex index(spans); });
  const tl::LifecycleIndex index(spans);
  const double levels_ms = least_ms([&] { tl::Levels levels(trace); });
  const tl::Levels levels(trace);
  const double resample_ms = least_ms([&] {
    static_cast<void>(levels.resample(clock, tl::Axis::event, 0, static_cast<double>(clock.events()), 1600));
  });
  const double blocks_ms =
      least_ms([&] { static_cast<void>(tl::find_cached_blocks(trace, layout.places())); });
  const tl::CachedBlocks blocks = tl::find_cached_blocks(trace, layout.places());
  const tl::LifecycleIndex cached_index(tl::cached_spans(blocks, clock, tl::Axis::event));
  const std::vector<tl::Strip> cached_strips = tl::cached_strips(blocks, layout.strips());
  const tl::ColorMap colors(trace, tl::ColorBy::state);
  tl::Scene scene;
  scene.lifetimes = {&index, &layout.strips()};
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
  scene.cached = {&cached_index, &cached_strips};
  const double draw_cached = draw_ms(1);
  std::printf(
      "%8u buffers: index %.2f ms, layout %.1f, levels %.1f, 1600 columns %.2f, cached blocks %.1f; "
      "1600x600 picture: all %.1f ms, with cached %.1f, one hundredth of the time %.1f\n",
      buffers, index_ms, layout_ms, levels_ms, resample_ms, blocks_ms, draw, draw_cached, draw_part);
}

}  // namespace

int main() {
  measure(100'000);
  measure(1'000'000);
}
