#pragma once

#include <cstddef>

#include "bufgc/memory/range.hpp"

namespace bufgc {

/// Hands out `Range` records from slabs; a record given back is the next one out. Slabs go back to
/// the heap when the pool dies.
class RangePool {
 public:
  RangePool() = default;
  RangePool(const RangePool&) = delete;
  RangePool& operator=(const RangePool&) = delete;
  ~RangePool();

  /// A fresh record, or null when the heap has none.
  [[nodiscard]] Range* take() noexcept {
    if (free_ == nullptr && !add_slab()) return nullptr;
    Range* range = free_;
    free_ = range->next;
    *range = Range{};
    return range;
  }
  void give(Range* range) noexcept {
    range->next = free_;
    free_ = range;
  }

 private:
  struct Slab;
  [[nodiscard]] bool add_slab() noexcept;

  Range* free_ = nullptr;
  Slab* slabs_ = nullptr;
};

}  // namespace bufgc
