#pragma once

#include <cstddef>

#include "bufgc/memory/range.hpp"
#include "bufgc/memory/slabs.hpp"

namespace bufgc {

/// Hands out `Range` records; a record given back is the next one out. Their memory goes back to the heap
/// when the pool dies.
class RangePool {
 public:
  RangePool() = default;
  RangePool(const RangePool&) = delete;
  RangePool& operator=(const RangePool&) = delete;
  ~RangePool() { slabs_.clear(); }

  /// A fresh record, or null when the heap has none.
  [[nodiscard]] Range* take() noexcept {
    if (free_ == nullptr && !add_chunk()) return nullptr;
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
  struct Chunk;
  [[nodiscard]] bool add_chunk() noexcept;

  Range* free_ = nullptr;
  Slabs slabs_;
};

}  // namespace bufgc
