#if !defined(__EMSCRIPTEN__)

#include <algorithm>
#include <atomic>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "memory/support.hpp"

using namespace bufgc;
using namespace bufgc::testing;

namespace {

constexpr int thread_count = 4;

template <class Work>
void in_threads(Work work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < thread_count; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
}

/// A thread that does what it is told and then waits, so that it keeps what it has cached.
class Worker {
 public:
  Worker()
      : thread_([this] {
          for (;;) {
            while (state_ == State::waiting) std::this_thread::yield();
            if (state_ == State::ending) return;
            work_();
            state_ = State::waiting;
          }
        }) {}
  ~Worker() { end(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  void run(std::function<void()> work) {
    work_ = std::move(work);
    state_ = State::working;
    while (state_ == State::working) std::this_thread::yield();
  }
  void end() {
    if (!thread_.joinable()) return;
    state_ = State::ending;
    thread_.join();
  }

 private:
  enum class State { waiting, working, ending };
  std::function<void()> work_;
  std::atomic<State> state_{State::waiting};
  std::thread thread_;
};

/// Takes `count` blocks and gives them back; returns how many of them went to the cache.
std::size_t cache_blocks(CpuAllocator& allocator, std::size_t count, std::size_t size_bytes) {
  std::vector<Block*> blocks;
  for (std::size_t i = 0; i < count; ++i) blocks.push_back(allocator.allocate(size_bytes).block);
  std::size_t cached = 0;
  for (Block* block : blocks) cached += allocator.deallocate(block) == FreedTo::cache ? 1U : 0U;
  return cached;
}

}  // namespace

TEST_CASE("what a thread frees and allocates after it gave its cache back goes by the common one",
          "[memory][threads]") {
  static CpuAllocator* allocator;
  static Block* left;
  // Made before the thread's cache, and so destroyed after it.
  struct Late {
    Block* block = nullptr;
    ~Late() {
      allocator->deallocate(block);
      left = allocator->allocate(2000).block;
    }
  };
  CountedSource counted;
  CpuAllocator own(counted.source);
  allocator = &own;
  std::thread([] {
    thread_local Late late;
    late.block = nullptr;
    late.block = allocator->allocate(1000).block;
  }).join();
  REQUIRE(left != nullptr);
  const MemoryStatistics s = own.statistics();
  CHECK(s.live_blocks == 1);
  CHECK(s.live_bytes == 2000);
  CHECK(s.allocations == 2);
  check_sound(own);
  own.deallocate(left);
}

TEST_CASE("threads that allocate and free at once keep the figures exact", "[memory][threads]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  std::atomic<int> spoiled{0};
  in_threads([&](int number) {
    Random random(static_cast<std::uint64_t>(number));
    std::vector<Block*> live;
    const auto mark = static_cast<unsigned char>(number + 1);
    for (int i = 0; i < 4000; ++i) {
      if (live.size() < 20 && below(random, 2) == 0) {
        Block* block = allocator.allocate(mixed_size(random) / 16).block;
        std::memset(block->data, mark, block->size_bytes);
        live.push_back(block);
      } else if (!live.empty()) {
        const auto* bytes = reinterpret_cast<const unsigned char*>(live.back()->data);
        for (std::size_t k = 0; k < live.back()->size_bytes; ++k) spoiled += bytes[k] == mark ? 0 : 1;
        allocator.deallocate(live.back());
        live.pop_back();
      }
      if (i % 500 == 0) allocator.trim(100 * KiB);
    }
    for (Block* block : live) allocator.deallocate(block);
  });
  CHECK(spoiled == 0);
  CHECK(allocator.statistics().live_blocks == 0);
  CHECK(allocator.statistics().live_bytes == 0);
  check_sound(allocator);
}

TEST_CASE("a block may be freed on another thread than allocated it", "[memory][threads]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  std::mutex mutex;
  std::vector<Block*> handed_over;
  std::atomic<int> left{thread_count * 2000};
  in_threads([&](int number) {
    if (number % 2 == 0) {
      for (int i = 0; i < 4000; ++i) {
        Block* block = allocator.allocate(static_cast<std::size_t>(1 + i % 50) * 100).block;
        const std::lock_guard<std::mutex> guard(mutex);
        handed_over.push_back(block);
      }
    } else {
      while (left > 0) {
        Block* block = nullptr;
        {
          const std::lock_guard<std::mutex> guard(mutex);
          if (!handed_over.empty()) {
            block = handed_over.back();
            handed_over.pop_back();
          }
        }
        if (block == nullptr) {
          std::this_thread::yield();
        } else {
          allocator.deallocate(block);
          --left;
        }
      }
    }
  });
  CHECK(allocator.statistics().frees == thread_count * 2000);
  CHECK(allocator.statistics().live_blocks == 0);
  check_sound(allocator);
}

TEST_CASE("figures read while threads work agree with one another", "[memory][threads]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  std::atomic<bool> stop{false};
  std::thread worker([&] {
    Random random(9);
    while (!stop) allocator.deallocate(allocator.allocate(mixed_size(random)).block);
  });
  bool agree = true;
  for (int i = 0; i < 2000; ++i) {
    const MemoryStatistics s = allocator.statistics();
    agree = agree && s.reserved_bytes == s.live_bytes + s.rounding_bytes + s.cached_bytes + s.gap_bytes &&
            s.allocations == s.frees + s.live_blocks;
  }
  stop = true;
  worker.join();
  CHECK(agree);
}

TEST_CASE("threads at the budget get through by the pressure handler", "[memory][threads][pressure]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source, {64, MiB});
  std::mutex mutex;
  std::vector<Block*> droppable;
  allocator.set_pressure_handler([&](std::size_t) {
    // Under the lock: who asks meanwhile finds them freed, not taken.
    const std::lock_guard<std::mutex> guard(mutex);
    for (Block* block : droppable) allocator.deallocate(block);
    droppable.clear();
    return true;
  });
  std::atomic<int> failed{0};
  in_threads([&](int) {
    for (int i = 0; i < 500; ++i) {
      Block* block = allocator.allocate(20 * KiB).block;
      if (block == nullptr) {
        ++failed;
        continue;
      }
      const std::lock_guard<std::mutex> guard(mutex);
      droppable.push_back(block);
    }
  });
  CHECK(failed < thread_count * 500 / 10);
  CHECK(allocator.statistics().peak_reserved_bytes <= MiB);
  check_sound(allocator);
}

TEST_CASE("what another thread keeps cached makes room at the budget", "[memory][threads][budget]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source, {64, MiB});
  Worker worker;
  std::size_t cached = 0;
  for (int round = 0; round < 20; ++round) {
    worker.run([&] { cached += cache_blocks(allocator, 16, 64 * KiB); });
    Block* whole = allocator.allocate(MiB).block;
    REQUIRE(whole != nullptr);
    CHECK(allocator.statistics().reserved_bytes == MiB);
    allocator.deallocate(whole);
  }
  CHECK(cached == 20 * 16);
  CHECK(allocator.statistics().failed_allocations == 0);
  CHECK(allocator.statistics().peak_reserved_bytes == MiB);
  check_sound(allocator);
}

TEST_CASE("trim reaches what every thread keeps cached", "[memory][threads][trim]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  Worker workers[3];
  for (int round = 0; round < 5; ++round) {
    for (Worker& worker : workers) {
      worker.run([&] { CHECK(cache_blocks(allocator, 10, 20000) == 10); });
    }
    CHECK(allocator.statistics().cached_bytes >= 10 * 20000);
    check_sound(allocator);
    allocator.trim(0);
    CHECK(allocator.statistics().cached_bytes == 0);
    CHECK(allocator.statistics().reserved_bytes == 0);
    check_sound(allocator);
  }
}

TEST_CASE("a thread that ends leaves what it kept to the others", "[memory][threads]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  std::byte* data = nullptr;
  std::thread([&] {
    Block* block = allocator.allocate(5000).block;
    data = block->data;
    CHECK(allocator.deallocate(block) == FreedTo::cache);
  }).join();
  check_sound(allocator);
  const Allocation again = allocator.allocate(5000);
  CHECK(again.served_by == ServedBy::cache);
  CHECK(again.block->data == data);
  CHECK(allocator.statistics().allocations == 2);
  CHECK(allocator.statistics().frees == 1);
  CHECK(allocator.size_histogram()[12].allocations == 2);
}

TEST_CASE("what a thread freed last is free for all others, too", "[memory][threads][statistics]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  Worker worker;
  worker.run([&] {
    for (int turn = 0; turn < 10; ++turn) allocator.deallocate(allocator.allocate(5000).block);
  });
  MemoryStatistics now = allocator.statistics();
  CHECK(now.live_blocks == 0);
  CHECK(now.live_bytes == 0);
  CHECK(now.allocations == 10);
  CHECK(now.total_allocated_bytes == 50'000);
  CHECK(now.reserved_bytes == now.cached_bytes + now.gap_bytes);
  CHECK(allocator.size_histogram()[12].live_blocks == 0);
  CHECK(allocator.size_histogram()[12].allocations == 10);
  worker.run([&] { allocator.deallocate(allocator.allocate(5000).block); });
  CHECK(allocator.trim(0) > 0);
  CHECK(allocator.statistics().reserved_bytes == 0);
  worker.run([&] { allocator.deallocate(allocator.allocate(5000).block); });
  worker.end();
  now = allocator.statistics();
  CHECK(now.allocations == 12);
  CHECK(now.frees == 12);
  CHECK(now.live_blocks == 0);
  check_sound(allocator);
}

TEST_CASE("an allocator knows nothing of the caches of another that lay where it lies", "[memory][threads]") {
  CountedSource counted;
  std::optional<CpuAllocator> allocator;
  Worker worker;
  for (int round = 0; round < 10; ++round) {
    allocator.emplace(counted.source);
    worker.run([&] {
      CHECK(allocator->allocate(5000).served_by == ServedBy::source);
      allocator->deallocate(allocator->allocate(5000).block);
    });
    CHECK(allocator->statistics().allocations == 2);
    CHECK(allocator->statistics().live_blocks == 1);
    check_sound(*allocator);
    allocator.reset();
  }
}

TEST_CASE("a thread outlives allocators and goes on with the next", "[memory][threads]") {
  Worker worker;
  for (int round = 0; round < 40; ++round) {
    CountedSource counted;
    auto first = std::make_unique<CpuAllocator>(counted.source);
    CpuAllocator second(counted.source);
    worker.run([&] {
      cache_blocks(*first, 5, 1000);
      cache_blocks(second, 5, 3000);
    });
    first.reset();
    // The next may well lie where the first one lay.
    auto third = std::make_unique<CpuAllocator>(counted.source);
    worker.run([&] {
      CHECK(third->allocate(1000).served_by == ServedBy::source);
      CHECK(second.allocate(3000).served_by == ServedBy::cache);
    });
    CHECK(third->statistics().allocations == 1);
    CHECK(second.statistics().allocations == 6);
    check_sound(*third);
    check_sound(second);
  }
}

TEST_CASE("figures and checks while several threads work are of one moment",
          "[memory][threads][statistics]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::thread reader([&] {
    for (int i = 0; i < 300; ++i) {
      const MemoryStatistics s = allocator.statistics();
      // Each of the others has one block at most.
      if (s.live_blocks > thread_count || s.live_bytes > thread_count * 1000 ||
          s.peak_live_blocks > thread_count || s.allocations != s.frees + s.live_blocks ||
          s.reserved_bytes != s.live_bytes + s.rounding_bytes + s.cached_bytes + s.gap_bytes ||
          allocator.check_invariants() != nullptr) {
        ++wrong;
      }
    }
    stop = true;
  });
  std::atomic<std::uint64_t> allocations{0};
  in_threads([&](int number) {
    std::uint64_t mine = 0;
    for (; !stop; ++mine) {
      allocator.deallocate(allocator.allocate(static_cast<std::size_t>(number + 1) * 250).block);
    }
    allocations += mine;
  });
  reader.join();
  CHECK(wrong == 0);
  CHECK(allocator.statistics().allocations == allocations);
  CHECK(allocator.statistics().frees == allocations);
  check_sound(allocator);
}

TEST_CASE("the peak of one thread is exact again once the others have gone",
          "[memory][threads][statistics]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  in_threads([&](int) { cache_blocks(allocator, 50, 300); });
  allocator.trim(0);
  std::vector<Block*> blocks;
  for (int i = 0; i < 300; ++i) blocks.push_back(allocator.allocate(1000).block);
  for (Block* block : blocks) allocator.deallocate(block);
  blocks.clear();
  CHECK(allocator.statistics().peak_live_bytes == 300 * 1000);
  CHECK(allocator.statistics().peak_live_blocks == 300);
  // From its cache alone, one byte more each.
  for (int i = 0; i < 300; ++i) blocks.push_back(allocator.allocate(1001).block);
  for (Block* block : blocks) allocator.deallocate(block);
  CHECK(allocator.statistics().peak_live_bytes == 300 * 1001);
}

TEST_CASE("the cache is switched off and on while threads use theirs", "[memory][threads]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  std::atomic<bool> stop{false};
  std::thread switcher([&] {
    for (int i = 0; i < 200; ++i) {
      allocator.set_cache_enabled(false);
      if (allocator.statistics().cached_bytes != 0) std::abort();
      allocator.set_cache_enabled(true);
    }
    stop = true;
  });
  in_threads([&](int number) {
    while (!stop) cache_blocks(allocator, 3, static_cast<std::size_t>(number + 1) * 700);
  });
  switcher.join();
  CHECK(allocator.statistics().live_blocks == 0);
  check_sound(allocator);
}

TEST_CASE("the cache may be switched on where it is on, by who has none, while one thread uses its own",
          "[memory][threads]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  std::atomic<bool> stop{false};
  std::thread only([&] {
    while (!stop) cache_blocks(allocator, 3, 700);
  });
  while (allocator.statistics().allocations == 0) std::this_thread::yield();
  for (int i = 0; i < 10000; ++i) allocator.set_cache_enabled(true);
  stop = true;
  only.join();
  CHECK(allocator.statistics().live_blocks == 0);
  check_sound(allocator);
}

TEST_CASE("blocks handed from thread to thread come back without the arena", "[memory][threads][reuse]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  constexpr std::size_t in_flight = 64;
  Worker consumer;
  std::uint64_t from_arena = 0;
  for (int round = 0; round < 400; ++round) {
    std::vector<Block*> blocks;
    for (std::size_t i = 0; i < in_flight; ++i) {
      const Allocation allocation = allocator.allocate(4096);
      if (round >= 200 && allocation.served_by != ServedBy::cache) ++from_arena;
      blocks.push_back(allocation.block);
    }
    consumer.run([&] {
      for (Block* block : blocks) allocator.deallocate(block);
    });
  }
  // Of 12800 blocks in the second half.
  CHECK(from_arena < 100);
  const MemoryStatistics s = allocator.statistics();
  CHECK(s.peak_live_bytes == in_flight * 4096);
  // What two threads may keep to themselves, beside what lives.
  CHECK(s.peak_reserved_bytes <= in_flight * 4096 + 2 * 128 * KiB + 64 * KiB);
  check_sound(allocator);
}

#endif
