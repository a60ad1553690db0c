#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "bufgc/memory/lock.hpp"
#include "bufgc/memory/row.hpp"

namespace bufgc {

/// Rows of freed blocks on their way from the threads that free to those that allocate: a row is given and
/// taken whole, and no block's record is touched by that. A table of fixed size that allocates nothing;
/// without threads it has no place.
class Depot {
 public:
#if defined(BUFGC_SINGLE_THREADED)
  static constexpr std::size_t most_rows = 0;
#else
  static constexpr std::size_t most_rows = 32;
#endif

  /// Takes over what `row` keeps, which is then empty; false, and nothing happened, when there is no place.
  [[nodiscard]] bool give(Row& row) noexcept;
  /// Fills `row`, which is empty, with the row of its capacity that was given last; false when there is none.
  [[nodiscard]] bool take(Row& row) noexcept;
  [[nodiscard]] bool has(std::size_t capacity_bytes) const noexcept {
    return place_of(capacity_bytes) != count_;
  }

  /// Any block, or null when there is none.
  [[nodiscard]] Range* evict() noexcept;
  [[nodiscard]] std::uint64_t bytes() const noexcept;
  /// As `Row::mark`, of all.
  void mark() noexcept;
  /// Calls `visit(range)` for every block kept.
  template <class Visit>
  void each(Visit visit) const noexcept {
    for (std::size_t i = 0; i < count_; ++i) rows_[i].each(visit);
  }

 private:
  /// Of the row of this capacity that was given last; the number of all when there is none.
  [[nodiscard]] std::size_t place_of(std::size_t capacity_bytes) const noexcept;

  std::size_t count_ = 0;
  std::array<Row, most_rows> rows_;  ///< The first `count_` keep something.
};

}  // namespace bufgc
