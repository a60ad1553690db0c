#pragma once

#include <cstddef>
#include <cstdint>

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
    ++in_use_;
    *range = Range{};
    return range;
  }
  void give(Range* range) noexcept {
    --in_use_;
    put(range);
  }
  /// Records taken and not given back.
  [[nodiscard]] std::uint64_t in_use() const noexcept { return in_use_; }

 private:
  struct Chunk;
  [[nodiscard]] bool add_chunk() noexcept;
  void put(Range* range) noexcept {
    range->next = free_;
    free_ = range;
  }

  Range* free_ = nullptr;
  std::uint64_t in_use_ = 0;
  Slabs slabs_;
};

}  // namespace bufgc
