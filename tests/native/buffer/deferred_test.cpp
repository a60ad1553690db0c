// User code of ends on threads that must not run any.

#if !defined(__EMSCRIPTEN__)
#include <atomic>
#include <thread>
#endif

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include "support.hpp"

using namespace bufgc;
using bufgc::test::require_nothing_left;
using bufgc::test::weightless;

TEST_CASE("deferred finalizers run at drain, in the order of the ends, newest first each",
          "[finalizer][deferred]") {
  BufferManager manager;
  std::vector<int> order;
  CpuBuffer a = manager.alloc(10);
  CpuBuffer b = manager.alloc(10);
  for (int i = 0; i < 2; ++i) manager.finalize(a, [&order, i] { order.push_back(i); });
  for (int i = 10; i < 12; ++i) manager.finalize(b, [&order, i] { order.push_back(i); });
  {
    const DeferFinalizers deferred;
    b.reset();
    const DeferFinalizers twice;
    a.destroy();
  }
  REQUIRE(order.empty());
  Statistics now = manager.statistics();
  REQUIRE(now.live_buffers == 0);  // all else of the ends is done
  REQUIRE(now.live_blocks == 0);
  REQUIRE(now.finalizers_deferred == 4);
  REQUIRE(now.finalizers_alive == 4);
  REQUIRE(now.finalizers_run == 0);
  REQUIRE(manager.check_invariants() == nullptr);
  REQUIRE(manager.drain() == 4);
  REQUIRE(order == std::vector<int>{11, 10, 1, 0});
  REQUIRE(manager.statistics().finalizers_run == 4);
  REQUIRE(manager.statistics().finalizers_deferred == 0);
  REQUIRE(manager.drain() == 0);
  require_nothing_left(manager);
}

TEST_CASE("outside the guard's life finalizers run at once", "[finalizer][deferred]") {
  BufferManager manager;
  int runs = 0;
  { const DeferFinalizers deferred; }
  CpuBuffer a = manager.alloc(10);
  manager.finalize(a, [&] { ++runs; });
  a.reset();
  REQUIRE(runs == 1);
}

TEST_CASE("a release callback is deferred too, behind the finalizers of its buffer", "[external][deferred]") {
  BufferManager manager;
  std::vector<std::string> order;
  std::byte bytes[8] = {};
  {
    CpuBuffer a = manager.external(bytes, BufferSpec{8, DType::uint8, {}, {}},
                                   [&](std::byte* data, std::uint64_t size_bytes) {
                                     if (data == bytes && size_bytes == 8) order.emplace_back("released");
                                     throw std::runtime_error("heard");
                                   });
    manager.finalize(a, [&] { order.emplace_back("finalized"); });
    const DeferFinalizers deferred;
    a.reset();
  }
  int errors = 0;
  manager.set_error_handler([&](const std::exception_ptr&) { ++errors; });
  REQUIRE(order.empty());
  REQUIRE(manager.drain() == 2);
  REQUIRE(order == std::vector<std::string>{"finalized", "released"});
  REQUIRE(errors == 1);
  require_nothing_left(manager);
}

TEST_CASE("deferred release callbacks are run once each, in the order of the ends", "[external][deferred]") {
  std::vector<int> order;
  {
    BufferManager manager;
    {
      std::vector<CpuBuffer> buffers;
      for (int i = 0; i < 4; ++i) {
        buffers.push_back(
            weightless(manager, [&order, i](std::byte*, std::uint64_t) { order.push_back(i); }));
      }
      const DeferFinalizers deferred;
      for (CpuBuffer& buffer : buffers) buffer.reset();
    }
    REQUIRE(order.empty());
    REQUIRE(manager.drain() == 4);
    REQUIRE(manager.drain() == 0);
  }
  REQUIRE(order == std::vector<int>{0, 1, 2, 3});
}

TEST_CASE("a deferred finalizer may be called, detached and peeked at until it runs",
          "[finalizer][deferred]") {
  BufferManager manager;
  std::vector<int> order;
  std::vector<Finalizer> finalizers;
  {
    const DeferFinalizers deferred;
    CpuBuffer a = manager.alloc(10);
    for (int i = 0; i < 4; ++i) {
      finalizers.push_back(manager.finalize(a, [&order, i] { order.push_back(i); }));
    }
  }
  REQUIRE(finalizers[1].alive());
  finalizers[1].call();
  REQUIRE(finalizers[3].peek());
  REQUIRE(finalizers[3].detach());
  REQUIRE(manager.check_invariants() == nullptr);
  REQUIRE(finalizers[0].detach());
  REQUIRE(manager.statistics().finalizers_deferred == 1);
  REQUIRE(manager.drain() == 1);
  REQUIRE(order == std::vector<int>{1, 2});
  REQUIRE_FALSE(finalizers[2].alive());
  require_nothing_left(manager);
}

TEST_CASE("finalizers of a collection are deferred where it runs", "[finalizer][deferred][collection]") {
  BufferManager manager;
  int runs = 0;
  {
    CpuBuffer a = manager.alloc(10);
    a.link(a);
    manager.finalize(a, [&] { ++runs; });
  }
  {
    const DeferFinalizers deferred;
    REQUIRE(manager.collect().buffers == 1);
  }
  REQUIRE(runs == 0);
  REQUIRE(manager.drain() == 1);
  REQUIRE(runs == 1);
}

TEST_CASE("no automatic collection starts on a thread that defers", "[deferred][automatic]") {
  BufferManager manager;
  manager.set_collect_threshold(1);
  const auto litter = [&] {
    for (int i = 0; i < 5; ++i) {
      CpuBuffer a = manager.alloc(10);
      a.link(a);
    }
  };
  {
    const DeferFinalizers deferred;
    litter();
    REQUIRE(manager.statistics().collections == 0);
  }
  litter();
  REQUIRE(manager.statistics().collections > 0);
}

TEST_CASE("what a drained finalizer defers waits for the next drain, what it frees ends at once",
          "[finalizer][deferred]") {
  BufferManager manager;
  std::vector<std::string> order;
  CpuBuffer later = manager.alloc(10);
  CpuBuffer now = manager.alloc(10);
  manager.finalize(later, [&] { order.emplace_back("later"); });
  manager.finalize(now, [&] { order.emplace_back("now"); });
  {
    const DeferFinalizers deferred;
    CpuBuffer a = manager.alloc(10);
    manager.finalize(a, [&] {
      now.reset();
      const DeferFinalizers inside;
      later.reset();
      order.emplace_back("first");
    });
  }
  REQUIRE(manager.drain() == 1);
  REQUIRE(order == std::vector<std::string>{"now", "first"});
  REQUIRE(manager.drain() == 1);
  REQUIRE(order.back() == "later");
}

TEST_CASE("a long chain through deferred finalizers is drained on a small stack", "[finalizer][deferred]") {
  BufferManager manager;
  constexpr int length = 100'000;
  int runs = 0;
  {
    const DeferFinalizers deferred;
    CpuBuffer current = weightless(manager);
    for (int i = 0; i < length; ++i) {
      CpuBuffer next = weightless(manager);
      manager.finalize(
          next, [&runs](const CpuBuffer&) { ++runs; }, current);
      current = std::move(next);
    }
  }
  while (manager.drain() != 0) {
  }
  REQUIRE(runs == length);
  require_nothing_left(manager);
}

TEST_CASE("nothing deferred is lost at close, which runs it even on a thread that defers",
          "[finalizer][deferred][close]") {
  int runs = 0;
  int exits = 0;
  int released = 0;
  {
    BufferManager manager;
    const DeferFinalizers deferred;
    for (int i = 0; i < 70'000; ++i) weightless(manager, [&](std::byte*, std::uint64_t) { ++released; });
    CpuBuffer a = manager.alloc(10);
    manager.finalize(a, [&] { ++runs; }).set_at_exit(false);
    a.reset();
    a = manager.alloc(10);
    manager.finalize(a, [&] { ++exits; });
    manager.close();
    REQUIRE(runs == 1);
    REQUIRE(exits == 1);
    REQUIRE(released == 70'000);
    require_nothing_left(manager);
  }
  REQUIRE(runs == 1);
}

TEST_CASE("what ends when nobody will drain any more is not deferred", "[finalizer][deferred][close]") {
  auto manager = std::make_unique<BufferManager>();
  std::unique_ptr<DeferFinalizers> deferred;
  int released = 0;
  int runs = 0;
  CpuBuffer a = weightless(*manager, [&](std::byte*, std::uint64_t) { ++released; });
  CpuBuffer b = manager->alloc(10);
  for (const CpuBuffer& each : {a, b}) {
    Finalizer finalizer = manager->finalize(each, [&] {
      ++runs;
      manager.reset();
      deferred = std::make_unique<DeferFinalizers>();
    });
    finalizer.set_at_exit(false);
  }
  SECTION("the rest of an end") {
    a.reset();
    REQUIRE(runs == 1);
  }
  SECTION("the rest of a collection") {
    a.link(b);
    b.link(a);
    a = {};
    b = {};
    manager->collect();
    REQUIRE(runs == 2);
  }
  REQUIRE(deferred);
  REQUIRE(released == 1);
}

TEST_CASE("what defers itself anew at close does not hang it", "[finalizer][deferred][close]") {
  int runs = 0;
  std::function<void()> again;
  {
    BufferManager manager;
    again = [&] {
      ++runs;
      const DeferFinalizers deferred;
      if (Result<CpuBuffer> next = manager.try_alloc(std::uint64_t{10})) manager.finalize(next.value, again);
    };
    CpuBuffer a = manager.alloc(10);
    manager.finalize(a, again);
    const DeferFinalizers deferred;
    a.reset();
  }
  REQUIRE(runs > 1);
}

#if !defined(__EMSCRIPTEN__)

TEST_CASE("what ends on a thread that defers while its manager closes is run before the close is over",
          "[finalizer][deferred][close][threads]") {
  BufferManager manager;
  int finalized = 0;
  int released = 0;
  CpuBuffer late = weightless(manager, [&](std::byte*, std::uint64_t) { ++released; });
  manager.finalize(late, [&] { ++finalized; }).set_at_exit(false);
  const CpuBuffer first = manager.alloc(10);
  manager.finalize(first, [&] {
    std::thread([&] {
      const DeferFinalizers deferring;
      late.reset();
    }).join();
    CHECK(finalized == 0);
  });
  manager.close();
  CHECK(finalized == 1);
  CHECK(released == 1);
  require_nothing_left(manager);
}

TEST_CASE("threads that defer, threads that drain and those that do neither run each finalizer once",
          "[threads][finalizer][deferred]") {
  BufferManager manager;
  constexpr int each = 3000;
  std::vector<std::atomic<int>> runs(3 * each);
  std::atomic<int> on_a_wrong_thread{0};
  std::atomic<int> working{2};
  const auto work = [&](int part, bool defer) {
    const std::thread::id self = std::this_thread::get_id();
    for (int i = part * each; i < (part + 1) * each; ++i) {
      CpuBuffer a = i % 2 == 0 ? manager.alloc(64) : weightless(manager);
      manager.finalize(a, [&, i, self, defer] {
        ++runs[static_cast<std::size_t>(i)];
        if (defer && std::this_thread::get_id() == self) ++on_a_wrong_thread;
      });
      if (defer) {
        const DeferFinalizers deferred;
        a.reset();
      }
    }
    --working;
  };
  std::thread first([&] { work(0, true); });
  std::thread second([&] { work(1, false); });
  std::thread drains([&] {
    while (working > 0) manager.drain();
  });
  work(2, false);
  first.join();
  second.join();
  drains.join();
  manager.drain();
  for (const std::atomic<int>& count : runs) {
    if (count != 1) FAIL("a finalizer ran " << count << " times");
  }
  REQUIRE(on_a_wrong_thread == 0);
  require_nothing_left(manager);
}

TEST_CASE(
    "a manager that goes while a thread defers ends with every finalizer of what ended before it run once",
    "[threads][finalizer][deferred][close]") {
  for (int round = 0; round < 300; ++round) {
    std::atomic<int> runs{0};
    std::atomic<int> ended{0};
    auto manager = std::make_unique<BufferManager>();
    std::vector<CpuBuffer> held;
    for (int i = 0; i < 20; ++i) {
      held.push_back(manager->alloc(64));
      manager->finalize(held.back(), [&] { ++runs; });
    }
    std::thread other([&] {
      const DeferFinalizers deferred;
      for (CpuBuffer& one : held) {
        if (one.try_destroy() == Status::ok) ++ended;
        one = {};
      }
    });
    std::this_thread::yield();
    manager.reset();
    other.join();
    // Those that the close ended ran at exit.
    REQUIRE(runs >= ended);
    REQUIRE(runs <= 20);
  }
}

#endif
