#pragma once

// Private to the offset planner.

#include <cstddef>
#include <cstdint>
#include <span>

#include "bufgc/memory/fixed_array.hpp"
#include "bufgc/memory/offset_planner_problem.hpp"

namespace bufgc::planning {

/// The first plan: items are placed in the order of time, each in the smallest gap that holds it, the
/// lowest of equals, or on top when none does. Of items that begin in the same section the large come
/// first. O(n log n) in time.
///
/// Gaps are known by the item below them: items live at the moment form a list by offset, and the
/// gaps that are not empty a treap by size and offset.
class BestFit {
 public:
  /// Room for `count` items; false when the heap has none.
  [[nodiscard]] bool allocate(std::size_t count) noexcept;
  /// An offset for each of `items`.
  void plan(std::span<const Item> items, std::span<std::uint64_t> offsets) noexcept;

 private:
  static constexpr std::uint32_t none = UINT32_MAX;

  struct Node {
    std::uint32_t below = none;  ///< Neighbours in the list.
    std::uint32_t above = none;
    std::uint32_t left = none;  ///< Children in the treap.
    std::uint32_t right = none;
    std::uint64_t end = 0;  ///< Where the item ends and the gap begins.
    std::uint64_t gap = 0;
  };

  void place(std::uint32_t index, std::uint64_t size, std::uint64_t& offset) noexcept;
  void remove(std::uint32_t index, std::uint64_t size) noexcept;

  [[nodiscard]] bool sorts_before(std::uint32_t a, std::uint32_t b) const noexcept;
  [[nodiscard]] std::uint32_t smallest_gap(std::uint64_t size) const noexcept;
  void insert_gap(std::uint32_t index) noexcept;
  void erase_gap(std::uint32_t index) noexcept;

  FixedArray<Node> nodes_;  ///< One an item; the last is the ground, which begins and ends at 0.
  FixedArray<std::uint32_t> births_;
  FixedArray<std::uint32_t> deaths_;
  std::uint32_t root_ = none;
  std::uint32_t ground_ = 0;
  std::uint32_t top_ = 0;
};

}  // namespace bufgc::planning
