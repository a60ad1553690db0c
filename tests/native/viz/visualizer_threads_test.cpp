#if !defined(__EMSCRIPTEN__)

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include "bufgc/buffer_manager.hpp"
#include "viz/levels_of.hpp"

using namespace bufgc;

TEST_CASE("events of several threads get one order in which time never decreases and totals agree") {
  ManagerOptions options;
  options.visualize = true;
  options.visualizer.max_events = 5000;
  BufferManager manager(options);
  constexpr int per_thread = 4000;
  std::atomic<std::uint64_t> told{0};
  const auto subscription = manager.visualizer().subscribe([&](std::uint64_t) { ++told; });
  std::vector<std::vector<CpuBuffer>> kept(4);
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < kept.size(); ++thread) {
    threads.emplace_back([&manager, &mine = kept[thread]] {
      for (int i = 0; i < per_thread; ++i) {
        CpuBuffer buffer = manager.alloc(static_cast<std::uint64_t>(100 + i % 1000));
        if (i % 100 == 0) mine.push_back(std::move(buffer));
        if (i % 500 == 0) static_cast<void>(manager.visualizer().snapshot());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  manager.visualizer().unsubscribe(subscription);
  const Lifecycles picture = manager.visualizer().snapshot();
  const Statistics now = manager.statistics();
  CHECK(told == 4 * per_thread * 2 - now.live_buffers);
  CHECK(NaiveLevels(picture).live_bytes.back() == now.live_bytes);
  CHECK(NaiveLevels(picture).live_buffers.back() == now.live_buffers);
  CHECK(std::is_sorted(picture.event_time_ns.begin(), picture.event_time_ns.end()));
  CHECK(picture.skipped_events == 0);
}

TEST_CASE("what one thread recorded at once, another reads as soon as it looks") {
  ManagerOptions options;
  options.visualize = true;
  BufferManager manager(options);
  std::vector<CpuBuffer> kept;
  for (std::size_t i = 1; i <= 100; ++i) {
    kept.push_back(manager.alloc(100));
    std::size_t seen = 0;
    std::thread([&] { seen = manager.visualizer().snapshot().size(); }).join();
    REQUIRE(seen == i);
  }
}

TEST_CASE("a thread that recorded an event with a time of its own keeps nobody out") {
  BufferVisualizer visualizer;
  for (std::uint32_t slot = 0; slot < 50; ++slot) {
    // So rare that each has one.
    std::this_thread::sleep_for(std::chrono::microseconds(20));
    visualizer.on_alloc({.id = BufferId{slot, 0}, .size_bytes = 10, .capacity_bytes = 64});
    std::atomic<std::uint64_t> seen{0};
    std::thread other([&] { seen = visualizer.event_count(); });
    const auto late = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (seen == 0 && std::chrono::steady_clock::now() < late) std::this_thread::yield();
    const bool in_time = seen == slot + 1;
    if (!in_time) visualizer.on_free(BufferId{slot, 0}, Cause::dispose, FreedTo::cache);  // and leaves
    other.join();
    REQUIRE(in_time);
  }
}

#endif
