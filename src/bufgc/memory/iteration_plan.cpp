#include "bufgc/memory/iteration_plan.hpp"

#include "bufgc/memory/offset_planner.hpp"

namespace bufgc {

Status IterationPlan::lower(std::chrono::nanoseconds time_limit) noexcept {
  std::size_t count = 0;
  for (const Allocation& allocation : allocations) count += allocation.end_event != no_event ? 1 : 0;
  if (count == 0) return Status::ok;
  FixedArray<PlannedBlock> blocks;
  if (!blocks.allocate(count)) return Status::out_of_memory;
  std::size_t block = 0;
  std::uint32_t event = 0;
  for (const Allocation& allocation : allocations) {
    if (allocation.end_event != no_event) {
      blocks[block++] = {event, allocation.end_event, allocation.capacity_bytes};
    }
    ++event;
  }
  const Result<OffsetPlan> found =
      plan_offsets({blocks.data(), blocks.size()}, granule_bytes, time_limit, lower_bound_bytes);
  if (!found) return found.status;
  if (planned_blocks > 0 && found.value.height_bytes >= height_bytes) return Status::ok;
  block = 0;
  for (Allocation& allocation : allocations) {
    if (allocation.end_event != no_event) allocation.offset_bytes = found.value.offsets_bytes[block++];
  }
  planned_blocks = count;
  height_bytes = found.value.height_bytes;
  lower_bound_bytes = found.value.lower_bound_bytes;
  return Status::ok;
}

}  // namespace bufgc
