#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "bufgc/viz/lifecycles.hpp"

namespace bufgc::timeline {

/// How many kernel uses each row had. Takes 4 bytes a row up to the last that was used, so nothing where the
/// trace tells of no uses.
class UseCounts {
 public:
  UseCounts() = default;
  explicit UseCounts(const Lifecycles& lifecycles);

  [[nodiscard]] std::uint32_t of(std::size_t row) const noexcept {
    return row < counts_.size() ? counts_[row] : 0;
  }

 private:
  std::vector<std::uint32_t> counts_;
};

}  // namespace bufgc::timeline
