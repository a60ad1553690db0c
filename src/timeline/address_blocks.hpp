#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "bufgc/viz/lifecycles.hpp"
#include "timeline/places.hpp"

namespace bufgc::timeline {

/// Between which addresses each block of rows and each block of events lies, so that who looks for an address
/// passes over the blocks that do not come near it; and which blocks of rows hold views. Built in O(n); takes
/// 16 bytes a block.
class AddressBlocks {
 public:
  AddressBlocks(const Lifecycles& lifecycles, const Places& places);

  /// Rows or events of a block.
  static constexpr std::size_t length = 1024;

  /// Whether a row of the block may have been born within [address, address + bytes).
  [[nodiscard]] bool rows_touch(std::size_t block, std::uint64_t address,
                                std::uint64_t bytes) const noexcept {
    return rows_[block].touches(address, bytes);
  }
  [[nodiscard]] bool has_views(std::size_t block) const noexcept { return views_[block] != 0; }
  /// Whether an event of the block may be of memory within [address, address + bytes): a birth, a move there,
  /// a free, a segment's release.
  [[nodiscard]] bool events_touch(std::size_t block, std::uint64_t address,
                                  std::uint64_t bytes) const noexcept {
    return events_[block].touches(address, bytes);
  }

 private:
  struct Hull {
    std::uint64_t first = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t last = 0;  ///< Within. Below `first`: of nothing.
    void add(std::uint64_t address, std::uint64_t bytes) noexcept {
      first = std::min(first, address);
      last = std::max(last, last_of(address, bytes));
    }
    [[nodiscard]] bool touches(std::uint64_t address, std::uint64_t bytes) const noexcept {
      return address <= last && first <= last_of(address, bytes);
    }
    static std::uint64_t last_of(std::uint64_t address, std::uint64_t bytes) noexcept {
      const std::uint64_t further = std::max<std::uint64_t>(bytes, 1) - 1;
      return address + std::min(further, std::numeric_limits<std::uint64_t>::max() - address);
    }
  };
  std::vector<Hull> rows_;
  std::vector<Hull> events_;
  std::vector<std::uint8_t> views_;
};

}  // namespace bufgc::timeline
