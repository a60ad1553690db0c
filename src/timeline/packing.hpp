#pragma once

#include <cstdint>
#include <vector>

#include "bufgc/viz/lifecycles.hpp"

namespace bufgc::timeline {

/// Places for rows whose address is unknown.
struct Packing {
  std::vector<std::uint64_t> offset;  ///< One a packed row, in the order of `rows`.
  std::uint64_t height = 0;           ///< Above every offset plus its size.
};

/// Places each of `rows` (in order of birth) so that two lifetimes never overlap in place and time:
/// best fit, lowest offset among equals, in the order of events. O(n log n).
[[nodiscard]] Packing pack_rows(const Lifecycles& lifecycles, const std::vector<std::uint32_t>& rows);

}  // namespace bufgc::timeline
