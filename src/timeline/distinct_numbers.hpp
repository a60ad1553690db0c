#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "timeline/memo.hpp"

namespace bufgc::timeline {

/// The distinct numbers of a series in which the same ones come again and again. Takes little more room than
/// they do, however long the series is.
class DistinctNumbers {
 public:
  /// For about so many numbers, the same ones counted again.
  explicit DistinctNumbers(std::size_t count) : seen_(count) {}

  void add(std::uint64_t number) {
    static_cast<void>(seen_.of(number, [&] {
      numbers_.push_back(number);
      return true;
    }));
    if (numbers_.size() < room_) return;
    keep_distinct();
    room_ = std::max(room_, 2 * numbers_.size());
  }
  /// All of them, ascending.
  [[nodiscard]] std::vector<std::uint64_t> take() {
    keep_distinct();
    return std::exchange(numbers_, {});
  }

 private:
  void keep_distinct() {
    std::sort(numbers_.begin(), numbers_.end());
    numbers_.erase(std::unique(numbers_.begin(), numbers_.end()), numbers_.end());
  }

  Memo<bool> seen_;
  std::vector<std::uint64_t> numbers_;
  std::size_t room_ = std::size_t{1} << 16U;  ///< Sorted out once there are so many.
};

}  // namespace bufgc::timeline
