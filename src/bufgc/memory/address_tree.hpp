#pragma once

#include <cstddef>

#include "bufgc/memory/range.hpp"

namespace bufgc {

/// The free ranges by address, for first fit: a treap through the ranges' own records, in which
/// each knows the largest range of its subtree. Logarithmic in the number of free ranges; allocates
/// nothing.
class AddressTree {
 public:
  void insert(Range* range) noexcept;
  void remove(Range* range) noexcept;
  /// `range`, still between the same neighbours, has another capacity or begins elsewhere.
  static void update(Range* range) noexcept;

  /// The range at the lowest address of at least `bytes`, still listed, or null.
  [[nodiscard]] Range* find(std::size_t bytes) const noexcept;
  /// The largest range's capacity, or 0.
  [[nodiscard]] std::size_t largest_bytes() const noexcept {
    return root_ == nullptr ? 0 : root_->largest_bytes;
  }

  /// Null when order, balance and sizes hold and `count` ranges are here, else what does not hold.
  [[nodiscard]] const char* check(std::size_t count) const noexcept;

 private:
  /// Puts `child` (may be null) into the place that `range` has below its parent.
  void replace(const Range* range, Range* child) noexcept;
  /// Turns the tree so that `child` takes the place of its parent.
  void lift(Range* child) noexcept;

  Range* root_ = nullptr;
};

}  // namespace bufgc
