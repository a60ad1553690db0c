#pragma once

#include <cstddef>

/// While one of these stands, the thread's allocations from number `first` on fail, counted from 0; those of
/// other threads, and all before and after it, succeed.
class FailingNew {
 public:
  /// `count` of them fail, then they succeed again.
  explicit FailingNew(std::size_t first, std::size_t count = ~std::size_t{0}) noexcept;
  ~FailingNew();
  FailingNew(const FailingNew&) = delete;
  FailingNew& operator=(const FailingNew&) = delete;
  /// How many were asked for.
  [[nodiscard]] static std::size_t asked() noexcept;
};
