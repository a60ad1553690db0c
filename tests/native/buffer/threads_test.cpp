// Several threads on one manager. The threads count what they find wrong; the main thread judges.

#if !defined(__EMSCRIPTEN__)

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>

#include "bufgc/buffer/buffer_heap.hpp"
#include "bufgc/memory/default_source.hpp"
#include "bufgc/memory/iteration.hpp"
#include "bufgc/memory/sole_thread.hpp"
#include "garbage.hpp"
#include "support.hpp"

using namespace bufgc;
using bufgc::test::require_nothing_left;
using bufgc::test::weightless;

namespace {

/// Runs `body(thread_number)` on `count` threads at once and waits for all.
template <class Body>
void on_threads(int count, Body body) {
  std::atomic<int> ready{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      ++ready;
      while (ready < count) std::this_thread::yield();
      body(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

TEST_CASE("threads that allocate and free share a manager", "[threads]") {
  BufferManager manager;
  std::atomic<int> wrong{0};
  on_threads(4, [&](int thread) {
    std::vector<CpuBuffer> held;
    for (int i = 0; i < 500; ++i) {
      held.push_back(manager.alloc(64 + static_cast<std::uint64_t>(i % 5) * 100));
      held.back().bytes()[0] = static_cast<std::byte>(thread);
      if (held.size() > 8) {
        for (const CpuBuffer& buffer : held) {
          if (buffer.bytes()[0] != static_cast<std::byte>(thread)) ++wrong;
        }
        held.erase(held.begin(), held.begin() + 5);
      }
    }
  });
  REQUIRE(wrong == 0);
  REQUIRE(manager.statistics().allocations == 2000);
  require_nothing_left(manager);
}

TEST_CASE("a weak lock racing with the last release gives a live buffer or nothing", "[threads][weak]") {
  BufferManager manager;
  std::atomic<int> wrong{0};
  std::atomic<int> released{0};
  for (int round = 0; round < 300; ++round) {
    CpuBuffer buffer = weightless(manager, [&](std::byte*, std::uint64_t) { ++released; });
    const WeakBuffer weak = buffer.weak();
    on_threads(3, [&](int thread) {
      if (thread == 0) {
        buffer.reset();
        return;
      }
      const int released_before = released;
      const CpuBuffer locked = weak.lock();
      if (locked && (locked.try_data() == nullptr || released != released_before)) ++wrong;
      if (locked && locked.id() != weak.id()) ++wrong;
    });
    REQUIRE(released == round + 1);
    REQUIRE(weak.expired());
  }
  REQUIRE(wrong == 0);
  require_nothing_left(manager);
}

TEST_CASE("of several threads that destroy one buffer exactly one succeeds", "[threads]") {
  BufferManager manager;
  std::atomic<int> succeeded{0};
  std::atomic<int> finalized{0};
  for (int round = 0; round < 200; ++round) {
    const CpuBuffer shared = manager.alloc(100);
    manager.finalize(shared, [&] { ++finalized; });
    on_threads(3, [&](int) {
      CpuBuffer own = shared;
      if (own.try_destroy() == Status::ok) ++succeeded;
      static_cast<void>(own.try_data());
      static_cast<void>(own.try_view({}).value.size_bytes());
    });
  }
  REQUIRE(succeeded == 200);
  REQUIRE(finalized == 200);
  require_nothing_left(manager);
}

TEST_CASE("call, detach and death decide together: a finalizer runs at most once", "[threads][finalizer]") {
  BufferManager manager;
  for (int round = 0; round < 200; ++round) {
    std::atomic<int> runs{0};
    std::atomic<int> detached{0};
    CpuBuffer buffer = manager.alloc(10);
    const Finalizer finalizer = manager.finalize(buffer, [&] { ++runs; });
    on_threads(3, [&](int thread) {
      Finalizer own = finalizer;
      if (thread == 0) buffer.reset();
      if (thread == 1) own.call();
      if (thread == 2 && own.detach()) ++detached;
    });
    REQUIRE(runs + detached == 1);
  }
  require_nothing_left(manager);
}

TEST_CASE("collecting while other threads copy, lock, link and drop frees only garbage",
          "[threads][collection]") {
  BufferManager manager;
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::atomic<std::uint64_t> rings{0};
  std::atomic<std::uint64_t> collected{0};
  on_threads(3, [&](int thread) {
    if (thread == 0) {
      for (int i = 0; i < 300; ++i) collected += manager.collect().buffers;
      stop = true;
      return;
    }
    std::uint32_t state = 77U + static_cast<std::uint32_t>(thread);
    do {
      std::vector<CpuBuffer> ring;
      for (int i = 0; i < 5; ++i) ring.push_back(weightless(manager));
      for (std::size_t i = 0; i < 5; ++i) ring[i].link(ring[(i + 1) % 5]);
      state = state * 1664525U + 1013904223U;
      // Only one of the ring stays held, through a view, a copy or a weak reference made strong.
      const std::size_t keep = (state >> 16U) % 5;
      const WeakBuffer weak = ring[(keep + 2) % 5].weak();
      CpuBuffer held = (state >> 24U) % 2 == 0 ? ring[keep].view({}) : ring[keep];
      ring.clear();
      const CpuBuffer other = weak.lock();
      if (!other || other.try_data() == nullptr || held.try_data() == nullptr) ++wrong;
      const CpuBuffer base = held.is_view() ? held.base() : held;
      held.reset();
      if (!base || base.try_data() == nullptr) ++wrong;
      if (!weak.lock()) ++wrong;
      ++rings;
    } while (!stop);
  });
  collected += manager.collect().buffers;
  REQUIRE(wrong == 0);
  // Views die by themselves or in the cycle; the ring's own buffers only by collection.
  REQUIRE(collected >= rings * 5);
  REQUIRE(manager.statistics().collected_buffers == collected);
  require_nothing_left(manager);
}

TEST_CASE("automatic collections while threads copy, lock, link, drop, freeze and collect free only garbage",
          "[threads][collection][automatic]") {
  BufferManager manager;
  manager.set_collect_threshold(8);
  std::atomic<int> wrong{0};
  std::atomic<std::uint64_t> rings{0};
  on_threads(3, [&](int thread) {
    std::uint32_t state = 7U + static_cast<std::uint32_t>(thread);
    for (int round = 0; round < 2000; ++round) {
      std::vector<CpuBuffer> ring;
      for (int i = 0; i < 5; ++i) ring.push_back(weightless(manager));
      for (std::size_t i = 0; i < 5; ++i) ring[i].link(ring[(i + 1) % 5]);
      state = state * 1664525U + 1013904223U;
      const std::size_t keep = (state >> 16U) % 5;
      const WeakBuffer weak = ring[(keep + 2) % 5].weak();
      CpuBuffer held = (state >> 24U) % 2 == 0 ? ring[keep].view({}) : ring[keep];
      ring.clear();
      const CpuBuffer other = weak.lock();
      if (!other || other.try_data() == nullptr || held.try_data() == nullptr) ++wrong;
      const CpuBuffer base = held.is_view() ? held.base() : held;
      held.reset();
      if (!base || base.try_data() == nullptr || !weak.lock()) ++wrong;
      ++rings;
      if (round % 100 == 0) {
        static_cast<void>(manager.freeze());
        manager.unfreeze();
      }
      if (round % 150 == 1) manager.collect();
      if (round % 400 == 2) manager.set_collect_threshold(thread == 0 ? 0 : 8);
    }
  });
  REQUIRE(manager.check_invariants() == nullptr);
  manager.collect();
  REQUIRE(wrong == 0);
  REQUIRE(manager.statistics().collected_buffers >= rings * 5);
  require_nothing_left(manager);
}

// A release that notes a candidate may find its heap gone, and must not touch it.
TEST_CASE("linked buffers dropped on several threads as their manager goes", "[threads][automatic][close]") {
  for (int round = 0; round < 500; ++round) {
    auto manager = std::make_unique<BufferManager>();
    manager->set_collect_threshold(round % 3 == 0 ? 1 : 1000);
    CpuBuffer a = weightless(*manager);
    CpuBuffer b = weightless(*manager);
    a.link(b);
    b.link(a);
    std::vector<CpuBuffer> copies{a, b, a};
    a = {};
    b = {};
    on_threads(3, [&](int thread) {
      if (thread == 0) manager.reset();
      copies[static_cast<std::size_t>(thread)] = {};
    });
  }
}

TEST_CASE("a visualizer started and stopped while cycles are collected hears no death without a birth",
          "[threads][collection]") {
  BufferManager manager;
  const CpuBuffer stays = manager.alloc(10);
  const WeakBuffer weak = stays.weak();
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> collected{0};
  std::uint64_t made = 0;
  on_threads(3, [&](int thread) {
    if (thread == 0) {
      for (int i = 0; i < 60; ++i) {
        std::vector<CpuBuffer> ring;
        for (int k = 0; k < 300; ++k) ring.push_back(manager.alloc(64));
        for (std::size_t k = 0; k < ring.size(); ++k) ring[k].link(ring[(k + 1) % ring.size()]);
        ring[0].link(stays);
        made += ring.size();
        ring.clear();
        collected += manager.collect().buffers;
      }
      stop = true;
    } else if (thread == 1) {
      while (!stop) {
        // Whoever hears of the dead may ask weak references: no lock of the collector's is held then.
        const auto subscription =
            manager.visualizer().subscribe([&](std::uint64_t) { (void)weak.expired(); });
        manager.start_visualizer();
        manager.stop_visualizer();
        manager.visualizer().unsubscribe(subscription);
      }
    } else {
      while (!stop) collected += manager.collect().buffers;
    }
  });
  collected += manager.collect().buffers;
  REQUIRE(collected == made);
  REQUIRE(stays.use_count() == 1);
  REQUIRE(manager.statistics().live_buffers == 1);
  REQUIRE(manager.check_invariants() == nullptr);
}

TEST_CASE("dead cycles of all kinds end together beside another thread", "[threads][collection]") {
  std::atomic<bool> stop{false};
  std::thread other([&] {
    while (!stop) std::this_thread::yield();
  });
  CHECK_FALSE(is_sole_thread());
  try {
    bufgc::test::require_all_garbage_ends();
  } catch (...) {
    stop = true;
    other.join();
    throw;
  }
  stop = true;
  other.join();
}

TEST_CASE("several threads may collect at once", "[threads][collection]") {
  BufferManager manager;
  std::atomic<std::uint64_t> collected{0};
  on_threads(4, [&](int) {
    for (int i = 0; i < 100; ++i) {
      {
        CpuBuffer a = weightless(manager);
        a.link(a);
      }
      collected += manager.collect().buffers;
    }
  });
  collected += manager.collect().buffers;
  REQUIRE(collected == 400);
  require_nothing_left(manager);
}

TEST_CASE("links and unlinks from several threads keep the counts", "[threads]") {
  BufferManager manager;
  const CpuBuffer a = manager.alloc(10);
  const CpuBuffer b = manager.alloc(10);
  on_threads(3, [&](int) {
    CpuBuffer holder = a;
    const CpuBuffer held = b;
    for (int i = 0; i < 300; ++i) {
      holder.link(held);
      if (i % 3 != 0) holder.unlink(held);
    }
  });
  REQUIRE(manager.statistics().edges == 300);
  REQUIRE(b.use_count() == 301);
  REQUIRE(manager.check_invariants() == nullptr);
}

TEST_CASE("closing while other threads allocate and drop ends every buffer once", "[threads][close]") {
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> made{0};
    std::atomic<int> released{0};
    {
      BufferManager manager;
      on_threads(3, [&](int thread) {
        if (thread == 0) {
          std::this_thread::yield();
          manager.close();
          return;
        }
        std::vector<CpuBuffer> held;
        static std::byte bytes[8];
        for (int i = 0; i < 200; ++i) {
          Result<CpuBuffer> result = manager.try_external(bytes, {8, DType::uint8, {}, {}},
                                                          [&](std::byte*, std::uint64_t) { ++released; });
          if (!result) break;
          ++made;
          held.push_back(std::move(result.value));
          if (held.size() > 3) held.erase(held.begin());
        }
      });
      REQUIRE(manager.closed());
    }
    REQUIRE(released == made);
  }
}

TEST_CASE("the visualizer started and stopped while threads work tells each birth once and no death alone",
          "[threads][visualizer]") {
  BufferManager manager;
  std::atomic<bool> stop{false};
  on_threads(3, [&](int thread) {
    if (thread == 0) {
      for (int i = 0; i < 20; ++i) {
        manager.start_visualizer();
        std::this_thread::yield();
        manager.stop_visualizer();
      }
      stop = true;
      return;
    }
    while (!stop) {
      const CpuBuffer a = weightless(manager);
      const CpuBuffer view = a.view({});
    }
  });
  manager.start_visualizer();
  const Lifecycles log = manager.visualizer().snapshot();
  for (std::size_t row = 0; row < log.size(); ++row) {
    if (log.free_event[row] == Lifecycles::none) FAIL("id " << log.id[row] << " is shown alive and is dead");
  }
  REQUIRE(manager.check_invariants() == nullptr);
}

TEST_CASE("what ends while the visualizer starts again is not shown alive", "[threads][visualizer]") {
  for (int round = 0; round < 30; ++round) {
    BufferManager manager;
    manager.start_visualizer();
    std::vector<CpuBuffer> known;
    for (int i = 0; i < 3000; ++i) known.push_back(weightless(manager));
    manager.stop_visualizer();
    std::atomic<int> ready{0};
    on_threads(2, [&](int thread) {
      ++ready;
      while (ready < 2) std::this_thread::yield();
      if (thread == 0) {
        manager.start_visualizer();
      } else {
        // From both ends, and some whose slots are taken again.
        for (std::size_t i = 0; i < known.size() / 3; ++i) {
          known[i].reset();
          known[known.size() - 1 - i].reset();
          if (i % 7 == 0) known[i] = weightless(manager);
        }
      }
    });
    const Lifecycles log = manager.visualizer().snapshot();
    std::size_t alive = 0;
    for (std::size_t row = 0; row < log.size(); ++row) {
      if (log.free_event[row] != Lifecycles::none) continue;
      ++alive;
      if (!manager.lock(BufferId::from_value(log.id[row])))
        FAIL("id " << log.id[row] << " is shown alive and is dead");
    }
    REQUIRE(alive == manager.statistics().external_buffers);
    REQUIRE(log.skipped_events == 0);
  }
}

TEST_CASE("slots that a thread kept free go to others when it ends", "[threads][slots]") {
  BufferManager manager;
  std::uint32_t highest = 0;
  for (int round = 0; round < 50; ++round) {
    on_threads(2, [&](int) {
      std::vector<CpuBuffer> held;
      for (int i = 0; i < 100; ++i) held.push_back(weightless(manager));
    });
    const CpuBuffer probe = weightless(manager);
    highest = std::max(highest, probe.id().slot);
    REQUIRE(manager.check_invariants() == nullptr);
  }
  // As many as ever lived at once, and what the caches of three threads hold beside.
  REQUIRE(highest < 200 + 3 * 64);
  require_nothing_left(manager);
}

TEST_CASE("a thread whose first act is an end tells the visualizer of it", "[threads][slots][visualizer]") {
  ManagerOptions options;
  options.visualize = true;
  BufferManager manager(options);
  CpuBuffer buffer = manager.alloc(1000);
  std::thread([&] { buffer = {}; }).join();
  const Lifecycles log = manager.visualizer().snapshot();
  REQUIRE(log.size() == 1);
  REQUIRE(log.free_event[0] != Lifecycles::none);
  REQUIRE(log.cause[0] == static_cast<std::uint8_t>(Cause::finalized));
  require_nothing_left(manager);
}

TEST_CASE("buffers born on one thread and dropped on another keep counts and slots", "[threads][slots]") {
  BufferManager manager;
  for (int round = 0; round < 20; ++round) {
    std::vector<CpuBuffer> handed_over[2];
    for (std::vector<CpuBuffer>& buffers : handed_over) buffers.resize(300);
    on_threads(2, [&](int thread) {
      for (CpuBuffer& buffer : handed_over[thread]) buffer = manager.alloc(64);
    });
    REQUIRE(manager.statistics().live_buffers == 600);
    on_threads(2, [&](int thread) { handed_over[1 - thread].clear(); });
    require_nothing_left(manager);
  }
  REQUIRE(manager.statistics().finalized_buffers == 20 * 600);
}

TEST_CASE("a manager closes while other threads keep free slots of it, and they go on with the next",
          "[threads][slots][close]") {
  for (int round = 0; round < 20; ++round) {
    auto first = std::make_unique<BufferManager>();
    BufferManager second;
    std::atomic<int> warm{0};
    std::atomic<bool> closed{false};
    std::atomic<int> wrong{0};
    on_threads(3, [&](int thread) {
      CpuBuffer left_over = first->alloc(100);
      first->alloc(100).reset();
      ++warm;
      if (thread == 0) {
        while (warm < 3) std::this_thread::yield();
        first->close();
        closed = true;
      }
      while (!closed) std::this_thread::yield();
      if (first->try_alloc(100).status != Status::closed || !left_over.destroyed()) ++wrong;
      for (int i = 0; i < 100; ++i) {
        if (!second.try_alloc(100)) ++wrong;
      }
    });
    REQUIRE(wrong == 0);
    REQUIRE(first->check_invariants() == nullptr);
    first.reset();
    require_nothing_left(second);
  }
}

TEST_CASE("a thread that ends leaves its blocks and its slots together", "[threads][slots][reuse]") {
  BufferManager manager;
  const std::byte* place = nullptr;
  std::uint32_t slot = 0;
  std::thread([&] {
    for (int turn = 0; turn < 10; ++turn) {
      const CpuBuffer buffer = manager.alloc(5000);
      place = buffer.data();
      slot = buffer.id().slot;
    }
  }).join();
  require_nothing_left(manager);
  REQUIRE(manager.statistics().finalized_buffers == 10);
  REQUIRE(manager.statistics().allocations == 10);
  const CpuBuffer again = manager.alloc(5000);
  CHECK(again.data() == place);
  CHECK(again.id().slot < 64);
  CHECK(slot < 64);
  CHECK(manager.statistics().allocations == 11);
}

TEST_CASE("heaps follow one another on one allocator, whose threads go on", "[threads][slots][close]") {
  CpuAllocator allocator(default_source());
  std::atomic<int> wrong{0};
  std::atomic<int> gone{0};
  std::atomic<int> round{0};
  std::atomic<int> done{0};
  std::atomic<BufferHeap*> heap{nullptr};
  constexpr int rounds = 10;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      for (int mine = 1; mine <= rounds; ++mine) {
        while (round < mine) std::this_thread::yield();
        for (int n = 0; n < 200; ++n) {
          if (!heap.load()->allocate(100 + static_cast<std::uint64_t>(n % 3), {})) ++wrong;
        }
        ++done;
      }
    });
  }
  for (int turn = 1; turn <= rounds; ++turn) {
    heap = new BufferHeap(
        allocator, [](void* context) { ++*static_cast<std::atomic<int>*>(context); }, &gone);
    round = turn;
    while (done < 3 * turn) std::this_thread::yield();
    BufferHeap* const ending = heap.exchange(nullptr);
    CHECK(ending->check_invariants() == nullptr);
    CHECK(ending->statistics().live_buffers == 0);
    CHECK(ending->statistics().finalized_buffers == 600);
    ending->close();
    CHECK(ending->check_invariants() == nullptr);
    ending->abandon();
    REQUIRE(gone == turn);
    delete ending;
    CHECK(allocator.check_invariants() == nullptr);
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(allocator.statistics().live_blocks == 0);
  CHECK(allocator.statistics().allocations == 3 * 200 * rounds);
}

TEST_CASE("buffers are born and end past the threads' own caches while an iteration is open",
          "[threads][slots][iteration]") {
  BufferManager manager;
  Iteration iteration = manager.iteration();
  std::atomic<int> wrong{0};
  std::atomic<bool> stop{false};
  std::thread other([&] {
    std::vector<CpuBuffer> held;
    while (!stop) {
      held.push_back(manager.try_alloc(4096).value);
      if (!held.back()) ++wrong;
      if (held.size() == 10) held.clear();
    }
  });
  for (int turn = 0; turn < 50; ++turn) {
    const Status status = iteration.run([&] {
      const CpuBuffer inside = manager.alloc(8192);
      if (manager.check_invariants() != nullptr) ++wrong;
    });
    if (status != Status::ok) ++wrong;
    const CpuBuffer outside = manager.alloc(8192);
    if (manager.check_invariants() != nullptr) ++wrong;
  }
  stop = true;
  other.join();
  CHECK(wrong == 0);
  require_nothing_left(manager);
}

TEST_CASE("statistics taken while threads work add up at every moment", "[threads][slots]") {
  BufferManager manager;
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  on_threads(3, [&](int thread) {
    if (thread == 0) {
      for (int i = 0; i < 300; ++i) {
        // Each of the others has one buffer at most, of which each birth and end is counted once.
        if (manager.statistics().live_buffers > 2 || manager.check_invariants() != nullptr) ++wrong;
      }
      stop = true;
      return;
    }
    while (!stop) static_cast<void>(manager.alloc(256));
  });
  REQUIRE(wrong == 0);
  require_nothing_left(manager);
}

TEST_CASE("an id asked for while its slot is born again gives that buffer or nothing", "[threads][weak]") {
  BufferManager manager;
  std::atomic<std::uint64_t> current{0};
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  on_threads(2, [&](int thread) {
    if (thread == 0) {
      for (int i = 0; i < 20'000; ++i) {
        const CpuBuffer buffer = manager.alloc(64);
        current = buffer.id().value();
      }
      stop = true;
      return;
    }
    while (!stop) {
      const BufferId id = BufferId::from_value(current);
      const CpuBuffer found = manager.lock(id);
      if (found && found.id() != id) ++wrong;
    }
  });
  REQUIRE(wrong == 0);
  require_nothing_left(manager);
}

#endif
