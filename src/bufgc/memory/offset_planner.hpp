#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include "bufgc/memory/fixed_array.hpp"
#include "bufgc/status.hpp"

namespace bufgc {

/// A block's lifetime in one iteration of a program, in event numbers: it is live at `begin`, and at
/// `end` no more. A block that ends at the event at which another begins may give it its place.
struct PlannedBlock {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::uint64_t size_bytes = 0;
};

/// A place for each block: two that are live at the same event never overlap.
struct OffsetPlan {
  FixedArray<std::uint64_t> offsets_bytes;  ///< One a block, in their order; multiples of the granule.
  std::uint64_t height_bytes = 0;           ///< Above every offset plus its block's rounded size.
  /// The most that is live at any event, in rounded sizes: no plan is lower.
  std::uint64_t lower_bound_bytes = 0;
};

/// Finds a plan that is as low as `time_limit` allows, knowing all lifetimes beforehand. The first plan
/// takes O(n log n), whatever the limit; the rest of the time goes into better ones. The search ends
/// early at the lower bound, at a height of at most `good_enough_bytes`, or when nothing lower exists.
///
/// The search takes the same way each time and reads the clock only to know when to stop: two calls
/// that both end early give the same plan.
///
/// Sizes are rounded up to `granule_bytes`, a power of two. `Status::invalid_argument` when it is none,
/// for a block without length or size, for more than 2^31 blocks, and when the rounded sizes add up to
/// 2^63 or more; `Status::out_of_memory` when the heap has no room for the first plan.
[[nodiscard]] Result<OffsetPlan> plan_offsets(std::span<const PlannedBlock> blocks,
                                              std::uint64_t granule_bytes,
                                              std::chrono::nanoseconds time_limit,
                                              std::uint64_t good_enough_bytes = 0) noexcept;

}  // namespace bufgc
