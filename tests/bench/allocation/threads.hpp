#pragma once

// The cases of two threads at one allocator. Google Benchmark starts the two; times are wall times.

#include <atomic>
#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

#include "harness.hpp"

#if defined(__linux__)
#include <sched.h>
#endif

namespace bufgc::bench {

/// Hands blocks from one thread to another: a ring of one producer and one consumer, each of which
/// looks at the other's place only when its last look no longer suffices.
template <class Handle>
class Ring {
 public:
  void push(Handle handle) {
    const std::size_t at = head_.load(std::memory_order_relaxed);
    while (at - seen_tail_ == places) {
      seen_tail_ = tail_.load(std::memory_order_acquire);
      if (at - seen_tail_ == places) std::this_thread::yield();
    }
    slots_[at % places] = handle;
    head_.store(at + 1, std::memory_order_release);
  }
  Handle pop() {
    const std::size_t at = tail_.load(std::memory_order_relaxed);
    while (at == seen_head_) {
      seen_head_ = head_.load(std::memory_order_acquire);
      if (at == seen_head_) std::this_thread::yield();
    }
    Handle handle = slots_[at % places];
    tail_.store(at + 1, std::memory_order_release);
    return handle;
  }

 private:
  static constexpr std::size_t places = 128;
  std::vector<Handle> slots_ = std::vector<Handle>(places);
  alignas(64) std::atomic<std::size_t> head_{0};
  std::size_t seen_tail_ = 0;  // the producer's
  alignas(64) std::atomic<std::size_t> tail_{0};
  std::size_t seen_head_ = 0;  // the consumer's
};

/// Keeps the calling thread on one processor, each thread of a case on another, until the end of the scope.
/// Left alone, the scheduler at times puts both threads on one processor, where they fill and empty the ring
/// in turn and no block ever changes processors: such a turn takes the least time and says nothing of this
/// case.
class [[nodiscard]] OnProcessor {
 public:
#if defined(__linux__)
  /// On the `number`th of those that the process may use; it stays where it is when there are not so many.
  explicit OnProcessor(int number) {
    sched_getaffinity(0, sizeof(before_), &before_);
    for (int processor = 0; processor < CPU_SETSIZE; ++processor) {
      if (!CPU_ISSET(processor, &before_) || number-- > 0) continue;
      cpu_set_t one;
      CPU_ZERO(&one);
      CPU_SET(processor, &one);
      sched_setaffinity(0, sizeof(one), &one);
      return;
    }
  }
  ~OnProcessor() {
    sched_setaffinity(0, sizeof(before_), &before_);
  }
#else
  explicit OnProcessor(int) {}
  ~OnProcessor() {}
#endif
  OnProcessor(const OnProcessor&) = delete;
  OnProcessor& operator=(const OnProcessor&) = delete;

#if defined(__linux__)
 private:
  cpu_set_t before_;
#endif
};

/// One thread allocates, the other frees, on two processors.
template <class Allocator>
void freed_elsewhere(benchmark::State& state) {
  struct Shared {
    Allocator allocator;
    Ring<typename Allocator::Handle> ring;
  };
  static std::unique_ptr<Shared> shared;
  // The loop begins and ends with all threads together.
  if (state.thread_index() == 0) shared = std::make_unique<Shared>();
  const OnProcessor here(state.thread_index());
  const auto size = static_cast<std::size_t>(state.range(0));
  if (state.thread_index() == 0) {
    for (auto _ : state) shared->ring.push(shared->allocator.allocate(size));
  } else {
    for (auto _ : state) shared->allocator.release(shared->ring.pop(), size);
  }
  if (state.thread_index() == 0) shared.reset();
}

/// Each thread takes and gives back blocks of its own.
template <class Allocator>
void independent(benchmark::State& state) {
  static std::unique_ptr<Allocator> shared;
  if (state.thread_index() == 0) shared = std::make_unique<Allocator>();
  const auto size = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    auto handle = shared->allocate(size);
    benchmark::DoNotOptimize(handle);
    shared->release(handle, size);
  }
  if (state.thread_index() == 0) shared.reset();
}

}  // namespace bufgc::bench
