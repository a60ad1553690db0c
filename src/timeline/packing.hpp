#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "bufgc/viz/lifecycles.hpp"

namespace bufgc::timeline {

/// Room of any height for what comes and goes: best fit, lowest offset among equals; what fits nowhere
/// goes on top. O(log gaps) a call.
class BestFitRoom {
 public:
  /// The offset of a new place.
  std::uint64_t take(std::uint64_t size);
  /// Gives a place back.
  void give(std::uint64_t offset, std::uint64_t size);
  /// Above every place so far.
  [[nodiscard]] std::uint64_t height() const noexcept { return height_; }

 private:
  std::uint64_t grow(std::uint64_t size);
  void insert(std::uint64_t offset, std::uint64_t size);
  void erase(std::uint64_t offset, std::uint64_t size);

  // The gaps below the height.
  std::map<std::uint64_t, std::uint64_t> by_offset_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> by_size_;
  std::uint64_t height_ = 0;
};

/// Places for rows whose address is unknown.
struct Packing {
  std::vector<std::uint64_t> offset;  ///< One a packed row, in the order of `rows`.
  std::uint64_t height = 0;           ///< Above every offset plus its size.
};

/// Places each of `rows` (in order of birth) so that two lifetimes never overlap in place and time:
/// best fit, lowest offset among equals, in the order of events. O(n log n).
[[nodiscard]] Packing pack_rows(const Lifecycles& lifecycles, const std::vector<std::uint32_t>& rows);

}  // namespace bufgc::timeline
