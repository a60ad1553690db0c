#if !defined(__EMSCRIPTEN__)

#include <atomic>
#include <cstring>
#include <mutex>
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

}  // namespace

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
    std::vector<Block*> dropped;
    {
      const std::lock_guard<std::mutex> guard(mutex);
      dropped.swap(droppable);
    }
    for (Block* block : dropped) allocator.deallocate(block);
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

#endif
