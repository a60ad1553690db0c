// Collection: links, chains and cycles.

#include <chrono>
#include <stdexcept>

#include "support.hpp"

using namespace bufgc;
using bufgc::test::make_chain;
using bufgc::test::require_nothing_left;
using bufgc::test::weightless;

namespace {

/// `length` buffers of 100 bytes, each linked to the next and the last to the first.
std::vector<CpuBuffer> make_ring(BufferManager& manager, std::size_t length) {
  std::vector<CpuBuffer> ring;
  for (std::size_t i = 0; i < length; ++i) ring.push_back(manager.alloc(100));
  for (std::size_t i = 0; i < length; ++i) ring[i].link(ring[(i + 1) % length]);
  return ring;
}

}  // namespace

TEST_CASE("a link keeps the held buffer alive as long as its holder", "[collection]") {
  BufferManager manager;
  CpuBuffer a = manager.alloc(10);
  CpuBuffer b = manager.alloc(10);
  a.link(b);
  REQUIRE(manager.statistics().edges == 1);
  const WeakBuffer weak = b.weak();
  b.reset();
  REQUIRE(weak.lock());
  a.reset();
  REQUIRE_FALSE(weak.lock());
  require_nothing_left(manager);
}

TEST_CASE("two links need two unlinks, and a third is refused", "[collection]") {
  BufferManager manager;
  CpuBuffer a = manager.alloc(10);
  CpuBuffer b = manager.alloc(10);
  a.link(b);
  a.link(b);
  REQUIRE(b.use_count() == 3);
  a.unlink(b);
  REQUIRE(b.use_count() == 2);
  a.unlink(b);
  REQUIRE_THROWS_AS(a.unlink(b), InvalidArgument);
  REQUIRE(b.use_count() == 1);
  REQUIRE(manager.statistics().edges == 0);
}

TEST_CASE("a destroyed holder lets go of what it held", "[collection]") {
  BufferManager manager;
  CpuBuffer a = manager.alloc(10);
  const WeakBuffer held = [&] {
    CpuBuffer b = manager.alloc(10);
    a.link(b);
    return b.weak();
  }();
  a.destroy();
  REQUIRE_FALSE(held.lock());
  require_nothing_left(manager);
}

TEST_CASE("a chain of a million buffers dies without recursion", "[collection]") {
  BufferManager manager;
  constexpr std::uint64_t length = 1'000'000;
  CpuBuffer head = make_chain(manager, length).head;
  REQUIRE(manager.statistics().external_buffers == length);
  head.reset();
  REQUIRE(manager.statistics().finalized_buffers == length - 1);
  REQUIRE(manager.statistics().disposed_buffers == 1);
  require_nothing_left(manager);
}

TEST_CASE("a ring of a million buffers is collected without recursion", "[collection]") {
  BufferManager manager;
  constexpr std::uint64_t length = 1'000'000;
  {
    CpuBuffer first = weightless(manager);
    CpuBuffer last = first;
    for (std::uint64_t i = 1; i < length; ++i) {
      CpuBuffer next = weightless(manager);
      last.link(next);
      last = std::move(next);
    }
    last.link(first);
  }
  const CollectReport report = manager.collect();
  REQUIRE(report.buffers == length);
  REQUIRE(report.examined == length);
  REQUIRE(manager.statistics().collected_buffers == length);
  require_nothing_left(manager);
}

TEST_CASE("a self-loop is collected with the exact count", "[collection]") {
  BufferManager manager;
  CpuBuffer a = manager.alloc(1000);
  a.link(a);
  REQUIRE(manager.collect().buffers == 0);
  a.reset();
  REQUIRE(manager.statistics().live_buffers == 1);
  const CollectReport report = manager.collect();
  REQUIRE(report.buffers == 1);
  REQUIRE(report.bytes == 1000);
  REQUIRE(manager.statistics().collected_buffers == 1);
  require_nothing_left(manager);
}

TEST_CASE("a mutual cycle is collected with the exact count", "[collection]") {
  BufferManager manager;
  const CpuBuffer bystander = manager.alloc(10);
  make_ring(manager, 2);
  const CollectReport report = manager.collect();
  REQUIRE(report.buffers == 2);
  REQUIRE(report.bytes == 200);
  REQUIRE(report.examined == 2);  // not the bystander: it has no links
  REQUIRE(manager.statistics().live_buffers == 1);
  REQUIRE(manager.collect().buffers == 0);
}

TEST_CASE("a cycle with several links between the same buffers is collected", "[collection]") {
  BufferManager manager;
  {
    std::vector<CpuBuffer> ring = make_ring(manager, 3);
    ring[0].link(ring[1]);
    ring[0].link(ring[0]);
    ring[2].link(ring[1]);
  }
  REQUIRE(manager.collect().buffers == 3);
  require_nothing_left(manager);
}

TEST_CASE("a cycle held from outside survives, with all it reaches", "[collection]") {
  BufferManager manager;
  CpuBuffer holder;
  WeakBuffer reached;
  {
    std::vector<CpuBuffer> ring = make_ring(manager, 5);
    const CpuBuffer leaf = manager.alloc(10);
    ring[3].link(leaf);
    reached = leaf.weak();
    holder = ring[1];
  }
  REQUIRE(manager.collect().buffers == 0);
  REQUIRE(manager.statistics().live_buffers == 6);
  REQUIRE(reached.lock());
  holder.reset();
  REQUIRE(manager.collect().buffers == 6);
  require_nothing_left(manager);
}

TEST_CASE("a cycle held by a buffer that is held survives", "[collection]") {
  BufferManager manager;
  CpuBuffer outside = manager.alloc(10);
  outside.link(make_ring(manager, 3)[0]);
  REQUIRE(manager.collect().buffers == 0);
  REQUIRE(manager.statistics().live_buffers == 4);
  outside.reset();
  REQUIRE(manager.statistics().live_buffers == 3);
  REQUIRE(manager.collect().buffers == 3);
}

TEST_CASE("a cycle through a view is collected, and a view held from outside keeps it",
          "[collection][view]") {
  BufferManager manager;
  CpuBuffer view;
  {
    CpuBuffer base = manager.alloc(100);
    view = base.view({});
    base.link(view);
  }
  REQUIRE(manager.collect().buffers == 0);
  REQUIRE(view.try_data() != nullptr);
  view.reset();
  const CollectReport report = manager.collect();
  REQUIRE(report.buffers == 2);
  REQUIRE(report.bytes == 100);
  require_nothing_left(manager);
}

TEST_CASE("what hangs from a dead cycle goes with it, what is held elsewhere stays", "[collection]") {
  BufferManager manager;
  const CpuBuffer stays = manager.alloc(10);
  {
    std::vector<CpuBuffer> ring = make_ring(manager, 2);
    ring[0].link(manager.alloc(30));
    ring[1].link(stays);
  }
  REQUIRE(manager.collect().buffers == 3);
  REQUIRE_FALSE(stays.destroyed());
  REQUIRE(stays.use_count() == 1);
}

TEST_CASE("weak references to all of a dead cycle are cleared before any finalizer runs", "[collection]") {
  BufferManager manager;
  std::vector<WeakBuffer> weak;
  int finalizers = 0;
  int still_reachable = 0;
  {
    std::vector<CpuBuffer> ring = make_ring(manager, 10);
    for (const CpuBuffer& buffer : ring) weak.push_back(buffer.weak());
    for (const CpuBuffer& buffer : ring) {
      manager.finalize(buffer, [&] {
        ++finalizers;
        for (const WeakBuffer& other : weak) {
          if (other.lock() || manager.lock(other.id())) ++still_reachable;
        }
      });
    }
  }
  REQUIRE(manager.collect().buffers == 10);
  REQUIRE(finalizers == 10);
  REQUIRE(still_reachable == 0);
}

TEST_CASE("all finalizers of a dead cycle run before any of its memory goes back", "[collection]") {
  BufferManager manager;
  std::vector<std::uint64_t> live_at_finalizer;
  {
    for (const CpuBuffer& buffer : make_ring(manager, 3)) {
      manager.finalize(buffer, [&] { live_at_finalizer.push_back(manager.statistics().live_blocks); });
    }
  }
  manager.collect();
  REQUIRE(live_at_finalizer == std::vector<std::uint64_t>{3, 3, 3});
}

TEST_CASE("finalizers of a dead cycle that allocate, free, collect, register, detach and throw harm nothing",
          "[collection]") {
  BufferManager manager;
  int errors = 0;
  manager.set_error_handler([&](const std::exception_ptr&) { ++errors; });
  CpuBuffer victim = manager.alloc(50);
  std::vector<CpuBuffer> kept;
  bool registered_ran = false;
  bool detached_ran = false;
  std::uint64_t nested = 0;
  Finalizer to_detach;
  {
    const std::vector<CpuBuffer> ring = make_ring(manager, 7);
    manager.finalize(ring[0], [&] { kept.push_back(manager.alloc(64)); });
    manager.finalize(ring[1], [&] { victim.destroy(); });
    manager.finalize(ring[2], [&] {
      make_ring(manager, 2);
      nested = manager.collect().buffers;
    });
    manager.finalize(ring[3], [&] {
      const CpuBuffer passing = manager.alloc(8);
      manager.finalize(passing, [&] { registered_ran = true; });
    });
    // The detacher is run before or after its target, by order of slots; both are fine for `at most once`.
    to_detach = manager.finalize(ring[5], [&] { detached_ran = true; });
    manager.finalize(ring[5], [&] { REQUIRE(to_detach.detach()); });
    manager.finalize(ring[6], [] { throw std::runtime_error("from a dead cycle"); });
  }
  const CollectReport report = manager.collect();
  REQUIRE(report.buffers == 7);
  REQUIRE(nested == 2);
  REQUIRE(errors == 1);
  REQUIRE(registered_ran);
  REQUIRE_FALSE(detached_ran);
  REQUIRE(victim.destroyed());
  REQUIRE(kept.size() == 1);
  REQUIRE(manager.statistics().live_buffers == 1);
  REQUIRE(manager.statistics().collected_buffers == 9);
  REQUIRE(manager.check_invariants() == nullptr);
}

TEST_CASE("collect tells start and stop, the stop with the report", "[collection]") {
  BufferManager manager;
  int starts = 0;
  std::vector<CollectReport> stops;
  manager.set_collect_callbacks(
      [&](const CollectReport& empty) {
        ++starts;
        REQUIRE(empty.buffers == 0);
      },
      [&](const CollectReport& report) { stops.push_back(report); });
  make_ring(manager, 4);
  const auto begin = std::chrono::steady_clock::now();
  manager.collect();
  const std::chrono::nanoseconds took = std::chrono::steady_clock::now() - begin;
  REQUIRE(stops.at(0).time_ns > 0);
  REQUIRE(stops.at(0).time_ns <= static_cast<std::uint64_t>(took.count()));
  REQUIRE(starts == 1);
  REQUIRE(stops.size() == 1);
  REQUIRE(stops[0].buffers == 4);
  REQUIRE(stops[0].bytes == 400);
  REQUIRE(manager.statistics().collections == 1);
}

TEST_CASE("a collection callback may collect, allocate and throw", "[collection]") {
  BufferManager manager;
  int errors = 0;
  int starts = 0;
  manager.set_error_handler([&](const std::exception_ptr&) { ++errors; });
  manager.set_collect_callbacks(
      [&](const CollectReport&) {
        ++starts;
        make_ring(manager, 2);
        REQUIRE(manager.collect().buffers == 5);
      },
      [](const CollectReport&) { throw std::runtime_error("no"); });
  make_ring(manager, 3);
  REQUIRE(manager.collect().buffers == 0);  // the nested collection took all five
  REQUIRE(starts == 1);
  REQUIRE(errors == 1);
  require_nothing_left(manager);
}

TEST_CASE("links across managers are refused", "[collection]") {
  BufferManager one;
  BufferManager two;
  CpuBuffer a = one.alloc(10);
  const CpuBuffer b = two.alloc(10);
  REQUIRE_THROWS_AS(a.link(b), InvalidArgument);
  REQUIRE(a.try_unlink(b) == Status::invalid_argument);
  REQUIRE(a.try_link(CpuBuffer{}) == Status::invalid_argument);
}

TEST_CASE("random graphs: exactly what no handle reaches is collected", "[collection]") {
  std::uint32_t state = 20240611;
  INFO("seed " << state);
  const auto random = [&state](std::uint32_t below) {
    state = state * 1664525U + 1013904223U;
    return (state >> 8U) % below;
  };
  for (int round = 0; round < 300; ++round) {
    BufferManager manager;
    const std::uint32_t count = 1 + random(30);
    std::vector<CpuBuffer> handles;
    std::vector<std::vector<std::uint32_t>> reaches(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint32_t base = i == 0 ? 0 : random(i);
      if (i > 0 && random(4) == 0 && !handles[base].is_view()) {
        handles.push_back(handles[base].view({}));
        reaches[i].push_back(base);
      } else {
        handles.push_back(weightless(manager));
      }
    }
    for (std::uint32_t links = random(2 * count); links > 0; --links) {
      const std::uint32_t from = random(count);
      const std::uint32_t to = random(count);
      handles[from].link(handles[to]);
      reaches[from].push_back(to);
    }
    std::vector<WeakBuffer> weak;
    for (const CpuBuffer& handle : handles) weak.push_back(handle.weak());
    std::vector<bool> expected(count, false);
    std::vector<std::uint32_t> stack;
    for (std::uint32_t i = 0; i < count; ++i) {
      if (random(4) != 0) {
        handles[i].reset();
      } else {
        expected[i] = true;
        stack.push_back(i);
      }
    }
    while (!stack.empty()) {
      const std::uint32_t at = stack.back();
      stack.pop_back();
      for (const std::uint32_t next : reaches[at]) {
        if (!expected[next]) stack.push_back(next);
        expected[next] = true;
      }
    }
    manager.collect();
    REQUIRE(manager.check_invariants() == nullptr);
    for (std::uint32_t i = 0; i < count; ++i) {
      if (static_cast<bool>(weak[i].lock()) != expected[i]) FAIL("round " << round << ", buffer " << i);
    }
    handles.clear();
    manager.collect();
    require_nothing_left(manager);
  }
}
