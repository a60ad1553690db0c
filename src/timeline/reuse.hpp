#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "bufgc/viz/lifecycles.hpp"
#include "timeline/levels.hpp"
#include "timeline/places.hpp"

namespace bufgc::timeline {

/// Two buffers of which the second takes the place of the first in the plan, and stood elsewhere in the run.
struct ReusePair {
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  std::uint64_t bytes = 0;  ///< That they have in common in the plan.
};

/// What could be saved if all lifetimes were known beforehand. Of blocks: owned buffers, rounded up as they
/// were.
struct Reuse {
  std::uint64_t actual_bytes = 0;   ///< The most that was reserved.
  std::uint64_t planned_bytes = 0;  ///< The height of a plan for the same lifetimes (`plan_offsets`).
  std::uint64_t least_bytes = 0;    ///< The most that lived at once: no plan is lower.
  std::uint64_t saved_bytes = 0;    ///< Actual less planned; 0 where the plan is no lower.
  /// Most bytes first, then in order of the second's birth. Only of buffers whose addresses are known.
  std::vector<ReusePair> pairs;
  std::size_t all_pairs = 0;  ///< As many there are; only the first are listed.
};

/// O(n log n). The plan is the planner's first, so that the answer is the same each time. Without memory for
/// the plan, nothing is planned: all but `actual_bytes` is zero.
[[nodiscard]] Reuse find_reuse(const Lifecycles& lifecycles, const Places& places, const Levels& levels,
                               std::size_t most_pairs);

}  // namespace bufgc::timeline
