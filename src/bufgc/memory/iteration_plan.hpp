#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "bufgc/memory/fixed_array.hpp"
#include "bufgc/status.hpp"

namespace bufgc {

/// What one iteration of a repeating program allocates, in order, and the place of each block that it
/// also frees. A value: made from a recording, handed from one `Iteration` to another, of another
/// allocator too.
struct IterationPlan {
  /// The offset of a block that outlives the iteration: it has no place in the plan.
  static constexpr std::uint64_t no_offset = UINT64_MAX;
  /// The `end_event` of such a block.
  static constexpr std::uint32_t no_event = UINT32_MAX;

  struct Allocation {
    std::size_t capacity_bytes = 0;          ///< The request, rounded up to the granule.
    std::uint64_t offset_bytes = no_offset;  ///< From the beginning of the plan's region.
    /// The block is freed before the allocation of this number; its own number is where it begins.
    std::uint32_t end_event = no_event;
  };

  FixedArray<Allocation> allocations;
  std::size_t granule_bytes = 0;        ///< The `alignment_bytes` of the allocator that recorded it.
  std::uint64_t planned_blocks = 0;     ///< Those that have a place.
  std::uint64_t height_bytes = 0;       ///< Of the region that holds every place.
  std::uint64_t lower_bound_bytes = 0;  ///< The most that is live of them at once: no plan is lower.

  /// Looks for lower offsets (`plan_offsets`), and takes them if they are. `Status::out_of_memory`
  /// when the heap has no room to look, `Status::invalid_argument` when the sizes add up to 2^63 or
  /// more; the plan is then as before.
  Status lower(std::chrono::nanoseconds time_limit) noexcept;
};

}  // namespace bufgc
