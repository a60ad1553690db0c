#pragma once

#include <cstddef>
#include <cstdint>

/// While one of these stands, the thread's allocations from the C++ heap from number `first` on fail, counted
/// from 0: every form of `new`, and natively `malloc`, `calloc` and `realloc` where bufgc itself calls them.
/// Those of other threads, and all before and after it, succeed.
class FailingHeap {
 public:
  /// `count` of them fail, then they succeed again.
  explicit FailingHeap(std::size_t first, std::size_t count = ~std::size_t{0}) noexcept;
  ~FailingHeap();
  FailingHeap(const FailingHeap&) = delete;
  FailingHeap& operator=(const FailingHeap&) = delete;
  /// How many were asked for.
  [[nodiscard]] static std::size_t asked() noexcept;
  /// What this thread has taken and not given back, over its whole life; less than 0 where it gives back what
  /// others took.
  [[nodiscard]] static std::int64_t blocks_out() noexcept;
};
