#pragma once

// What every allocator is asked, each in a program of its own. An allocator offers
//   Handle allocate(std::size_t size_bytes); void release(Handle, std::size_t size_bytes);
//   static std::byte* data(Handle);
// and is called, as a user calls it, through a function that is not inlined.

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "harness.hpp"

namespace bufgc::bench {

template <class Allocator>
void touch(typename Allocator::Handle handle, std::size_t size_bytes) {
  std::byte* const data = Allocator::data(handle);
  for (std::size_t at = 0; at < size_bytes; at += 4096) data[at] = std::byte{1};
  benchmark::ClobberMemory();
}

/// A block is taken and given back, again and again. The first time, for which memory is fetched, does not
/// count.
template <class Allocator>
void last_in_first_out(benchmark::State& state) {
  Allocator allocator;
  const auto size = static_cast<std::size_t>(state.range(0));
  allocator.release(allocator.allocate(size), size);
  for (auto _ : state) {
    auto handle = allocator.allocate(size);
    benchmark::DoNotOptimize(handle);
    allocator.release(handle, size);
  }
}

/// A step as training has it: 200 buffers of sizes that repeat in every step, every fourth only a
/// moment's work space, the others freed in reverse as the gradients come back.
template <class Allocator>
class TrainingStep {
 public:
  TrainingStep() {
    std::mt19937_64 random(1);
    for (std::size_t& size : sizes_) {
      const std::size_t scale = std::size_t{256} << (random() % 14);
      size = scale + random() % scale / 64 * 64;
    }
  }
  static constexpr std::size_t buffers = 200;

  void run(Allocator& allocator, bool touches) {
    for (std::size_t i = 0; i < buffers; ++i) {
      handles_[i] = allocator.allocate(sizes_[i]);
      if (touches) touch<Allocator>(handles_[i], sizes_[i]);
      if (i % 4 == 3) allocator.release(handles_[i], sizes_[i]);
    }
    for (std::size_t i = buffers; i-- > 0;) {
      if (i % 4 != 3) allocator.release(handles_[i], sizes_[i]);
    }
    benchmark::ClobberMemory();
  }

 private:
  std::array<std::size_t, buffers> sizes_{};
  std::array<typename Allocator::Handle, buffers> handles_{};
};

/// Once it has settled: what repeats itself is measured after 300 rounds of it.
template <class Allocator>
void training_step(benchmark::State& state) {
  Allocator allocator;
  TrainingStep<Allocator> step;
  const bool touches = state.range(0) != 0;
  for (int i = 0; i < 300; ++i) step.run(allocator, touches);
  for (auto _ : state) step.run(allocator, touches);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(step.buffers));
}

/// The 300 steps before: from nothing, every page touched.
template <class Allocator>
void first_steps(benchmark::State& state) {
  Allocator allocator;
  TrainingStep<Allocator> step;
  for (auto _ : state) step.run(allocator, true);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(step.buffers));
}

/// A block that the process never had before is written to, page by page. Run once in a process.
template <class Allocator>
void first_touch(benchmark::State& state) {
  Allocator allocator;
  const auto size = static_cast<std::size_t>(state.range(0));
  std::vector<typename Allocator::Handle> handles;
  handles.reserve(64);
  for (auto _ : state) {
    handles.push_back(allocator.allocate(size));
    touch<Allocator>(handles.back(), size);
  }
  for (auto handle : handles) allocator.release(handle, size);
}

}  // namespace bufgc::bench
