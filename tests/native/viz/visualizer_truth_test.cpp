// The visualizer's truth: its picture is the allocator's own, and watching changes nothing.

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "bufgc/buffer_manager.hpp"
#include "failing_heap.hpp"
#include "viz/levels_of.hpp"
#include "viz/recorded_trace.hpp"

using namespace bufgc;

namespace {

struct Moment {
  std::uint64_t event;  ///< The last one recorded.
  std::uint64_t live_bytes;
  std::uint64_t live_buffers;
  std::uint64_t reserved_bytes;
};

/// Feeds a trace's births and deaths to a manager; `after` is called after each.
template <class After>
void replay(const Lifecycles& trace, BufferManager& manager, After&& after) {
  std::vector<CpuBuffer> buffers(trace.size());
  for (std::size_t event = 0; event < trace.event_count(); ++event) {
    const std::uint32_t row = trace.event_row[event];
    if (trace.event_kind[event] == Lifecycles::EventKind::alloc) {
      BufferSpec spec;
      spec.size_bytes = trace.size_bytes[row];
      spec.label = trace.strings.at(trace.label[row]);
      buffers[row] = manager.try_alloc(spec).value;
    } else {
      buffers[row].reset();
    }
    after();
  }
}

std::vector<Moment> moments_of(const Lifecycles& trace, BufferManager& manager) {
  std::vector<Moment> moments;
  replay(trace, manager, [&] {
    const Statistics now = manager.statistics();
    moments.push_back(
        {manager.visualizer().event_count() - 1, now.live_bytes, now.live_buffers, now.reserved_bytes});
  });
  return moments;
}

}  // namespace

TEST_CASE("the log's levels equal the allocator's counters to the byte at every event of a recorded trace") {
  const Lifecycles trace = recorded_trace();
  REQUIRE(trace.event_count() == 400);
  ManagerOptions options;
  options.visualize = true;
  options.allocator.cache_limit_bytes = 1U << 20U;  // so that segments go back as well
  BufferManager manager(options);
  std::vector<Moment> moments;
  std::vector<Lifecycles> pictures;
  replay(trace, manager, [&] {
    const Statistics now = manager.statistics();
    moments.push_back(
        {manager.visualizer().event_count() - 1, now.live_bytes, now.live_buffers, now.reserved_bytes});
    if (moments.size() == 300) pictures.push_back(manager.visualizer().snapshot());
  });
  pictures.push_back(manager.visualizer().snapshot());
  for (const Lifecycles& picture : pictures) {
    const NaiveLevels levels(picture);
    for (const Moment& moment : moments) {
      if (moment.event >= picture.event_count()) break;
      const auto event = static_cast<std::size_t>(moment.event);
      REQUIRE(levels.live_bytes[event] == moment.live_bytes);
      REQUIRE(levels.live_buffers[event] == moment.live_buffers);
      REQUIRE(levels.reserved_bytes[event] == moment.reserved_bytes);
    }
  }
}

TEST_CASE("with folding the kept events' levels still equal the allocator's counters") {
  const Lifecycles trace = recorded_trace();
  ManagerOptions options;
  options.visualize = true;
  options.visualizer.max_events = 64;
  BufferManager manager(options);
  const std::vector<Moment> moments = moments_of(trace, manager);
  const Lifecycles picture = manager.visualizer().snapshot();
  const NaiveLevels levels(picture);
  std::size_t compared = 0;
  for (const Moment& moment : moments) {
    if (moment.event + 64 < manager.visualizer().event_count()) continue;
    const auto event = static_cast<std::size_t>(moment.event - picture.folded.events);
    REQUIRE(levels.live_bytes[event] == moment.live_bytes);
    REQUIRE(levels.live_buffers[event] == moment.live_buffers);
    REQUIRE(levels.reserved_bytes[event] == moment.reserved_bytes);
    ++compared;
  }
  CHECK(compared >= 30);  // the rest of the 64 are segments' own
}

TEST_CASE("with the visualizer on the same buffers die at the same events in the same order as off") {
  const Lifecycles trace = recorded_trace();
  std::vector<std::vector<std::uint64_t>> deaths(2);
  std::vector<std::vector<std::uint64_t>> counters(2);
  for (const std::size_t watched : {0U, 1U}) {
    ManagerOptions options;
    options.visualize = watched == 1;
    options.visualizer.max_events = 100;  // folding is part of watching
    BufferManager manager(options);
    std::uint64_t step = 0;
    std::vector<CpuBuffer> buffers(trace.size());
    std::vector<Finalizer> kept;
    for (std::size_t event = 0; event < trace.event_count(); ++event, ++step) {
      const std::uint32_t row = trace.event_row[event];
      if (trace.event_kind[event] == Lifecycles::EventKind::alloc) {
        buffers[row] = manager.alloc(trace.size_bytes[row]);
        kept.push_back(manager.finalize(buffers[row], [&deaths, &step, watched, row] {
          deaths[watched].push_back(step);
          deaths[watched].push_back(row);
        }));
        // Some hold one another: a few of them cycles, which only a collection ends.
        if (row % 7 == 3 && buffers[row - 1]) {
          buffers[row].link(buffers[row - 1]);
          if (row % 14 == 3) buffers[row - 1].link(buffers[row]);
        }
      } else {
        buffers[row].reset();
      }
      if (event % 50 == 49) manager.collect();
      const Statistics now = manager.statistics();
      counters[watched].insert(counters[watched].end(),
                               {now.live_bytes, now.cached_bytes, now.reserved_bytes, now.hits, now.misses,
                                now.live_buffers, now.collected_buffers, now.finalized_buffers, now.edges});
    }
  }
  REQUIRE(deaths[0].size() > 100);
  CHECK(deaths[0] == deaths[1]);
  CHECK(counters[0] == counters[1]);
}

TEST_CASE("a buffer that only the visualizer knows is released") {
  ManagerOptions options;
  options.visualize = true;
  BufferManager manager(options);
  const WeakBuffer weak = manager.alloc(4096).weak();
  CHECK(weak.expired());
  CHECK(manager.statistics().live_bytes == 0);
  const Lifecycles picture = manager.visualizer().snapshot();
  REQUIRE(picture.size() == 1);
  CHECK(picture.id[0] == weak.id().value());
  CHECK(picture.cause[0] == static_cast<std::uint8_t>(Cause::finalized));
}

TEST_CASE("a snapshot keeps no buffer alive and shows one alive at its end as alive") {
  ManagerOptions options;
  options.visualize = true;
  BufferManager manager(options);
  CpuBuffer buffer = manager.alloc(256);
  const Lifecycles picture = manager.visualizer().snapshot();
  buffer.reset();
  CHECK(manager.statistics().live_buffers == 0);
  REQUIRE(picture.size() == 1);
  CHECK(picture.free_event[0] == Lifecycles::none);
  CHECK(manager.visualizer().snapshot().free_event[0] != Lifecycles::none);
}

TEST_CASE("a handle that outlives its manager does not keep the log") {
  const auto blocks_kept = [](int events) {
    const std::int64_t before = FailingHeap::blocks_out();
    ManagerOptions options;
    options.visualize = true;
    auto manager = std::make_unique<BufferManager>(options);
    const CpuBuffer kept = manager->alloc(256);
    for (int i = 0; i < events; ++i) manager->visualizer().mark("event " + std::to_string(i));
    manager.reset();
    return FailingHeap::blocks_out() - before;
  };
  blocks_kept(1);  // what is made once
  const std::int64_t few = blocks_kept(1);
  CHECK(blocks_kept(30'000) <= few);
}

TEST_CASE("attaching at run time lists what is alive as born then") {
  BufferManager manager;
  CpuBuffer before = manager.alloc(1000);
  manager.alloc(500).reset();
  manager.start_visualizer();
  const CpuBuffer during = manager.alloc(2000);
  const Lifecycles picture = manager.visualizer().snapshot();
  REQUIRE(picture.size() == 2);
  CHECK(picture.id[0] == before.id().value());
  CHECK(picture.id[1] == during.id().value());
  const NaiveLevels levels(picture);
  CHECK(levels.live_bytes.back() == manager.statistics().live_bytes);
  CHECK(levels.reserved_bytes.back() == manager.statistics().reserved_bytes);
}

TEST_CASE("after detaching and attaching again the picture agrees with the allocator") {
  ManagerOptions options;
  options.visualize = true;
  BufferManager manager(options);
  CpuBuffer stays = manager.alloc(1000);
  CpuBuffer goes = manager.alloc(3U << 20U);
  manager.stop_visualizer();
  const std::uint64_t count = manager.visualizer().event_count();
  goes.reset();
  manager.trim(0);
  CpuBuffer unseen = manager.alloc(700);
  CHECK(manager.visualizer().event_count() == count);
  manager.start_visualizer();
  const Lifecycles picture = manager.visualizer().snapshot();
  const NaiveLevels levels(picture);
  CHECK(levels.live_bytes.back() == manager.statistics().live_bytes);
  CHECK(levels.live_buffers.back() == 2);
  CHECK(levels.reserved_bytes.back() == manager.statistics().reserved_bytes);
}

TEST_CASE("views are listed with their base and hold no bytes of their own") {
  ManagerOptions options;
  options.visualize = true;
  BufferManager manager(options);
  const CpuBuffer base = manager.alloc(BufferSpec{0, DType::float32, {16, 16}, "image"});
  const CpuBuffer view = base.view({64, 128, DType::uint8, {}, "row"});
  const CpuBuffer nested = view.view({32, 32, DType::uint8, {}, "part"});
  const Lifecycles picture = manager.visualizer().snapshot();
  REQUIRE(picture.size() == 3);
  CHECK(picture.strings.at(picture.shape[0]) == "16x16");
  CHECK(picture.strings.at(picture.dtype[0]) == "float32");
  CHECK(picture.kind[1] == static_cast<std::uint8_t>(BufferKind::view));
  CHECK(picture.base[1] == 0);
  CHECK(picture.base[2] == 0);  // the root
  CHECK(picture.capacity_bytes[1] == 0);
  CHECK(NaiveLevels(picture).live_bytes.back() == 1024);
}

TEST_CASE("the cause of every end stands in the log") {
  std::vector<std::uint8_t> causes;
  ManagerOptions options;
  options.visualize = true;
  BufferManager manager(options);
  {
    CpuBuffer disposed = manager.alloc(100);
    disposed.reset();
    const CpuBuffer finalized = manager.alloc(100);
  }
  {
    const CpuBuffer a = manager.alloc(100);
    const CpuBuffer b = manager.alloc(100);
    CpuBuffer(a).link(b);
    CpuBuffer(b).link(a);
  }
  CHECK(manager.collect().buffers == 2);
  const CpuBuffer left = manager.alloc(100);
  manager.close();
  const Lifecycles picture = manager.visualizer().snapshot();
  for (const std::uint8_t cause : picture.cause) causes.push_back(cause);
  const auto number = [](Cause cause) { return static_cast<std::uint8_t>(cause); };
  CHECK(causes == std::vector<std::uint8_t>{number(Cause::dispose), number(Cause::finalized),
                                            number(Cause::collected), number(Cause::collected),
                                            number(Cause::closed)});
  REQUIRE(picture.links.size() >= 2);
  CHECK(picture.links[0].holder == 2);
  CHECK(picture.links[0].held == 3);
}
