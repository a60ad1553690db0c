#pragma once

#include <cstddef>

#include "bufgc/memory/range.hpp"

namespace bufgc {

/// Free ranges by address, for first fit or to find the one at an address: a treap through the ranges' own
/// records, in which each knows the largest range of its subtree. Logarithmic in the number of free ranges;
/// allocates nothing.
class AddressTree {
 public:
  void insert(Range* range) noexcept;
  void remove(Range* range) noexcept;
  /// `range`, still between the same neighbours, has another capacity or begins elsewhere.
  static void update(Range* range) noexcept;

  /// The range at the lowest address of at least `bytes`, still listed, or null.
  [[nodiscard]] Range* find(std::size_t bytes) const noexcept;
  /// The last range that begins at or before `address`, still listed, or null.
  [[nodiscard]] Range* at(const std::byte* address) const noexcept;
  /// The largest range's capacity, or 0.
  [[nodiscard]] std::size_t largest_bytes() const noexcept {
    return root_ == nullptr ? 0 : root_->links().largest_bytes;
  }

  /// Null when order, balance and sizes hold and `count` ranges are here, all in `state`, else what
  /// does not hold.
  [[nodiscard]] const char* check(std::size_t count, RangeState state = RangeState::free) const noexcept;

 private:
  /// Puts `child` (may be null) into the place that `range` has below its parent.
  void replace(const Range* range, Range* child) noexcept;
  /// Turns the tree so that `child` takes the place of its parent.
  void lift(Range* child) noexcept;

  Range* root_ = nullptr;
};

}  // namespace bufgc
