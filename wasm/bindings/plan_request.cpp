// The core's `plan_offsets`: the planner itself is in the annex.

#include "plan_request.hpp"

#include <utility>

#include "imports.hpp"

namespace bufgc {

Result<OffsetPlan> plan_offsets(std::span<const PlannedBlock> blocks, std::uint64_t granule_bytes,
                                std::chrono::nanoseconds time_limit,
                                std::uint64_t good_enough_bytes) noexcept {
  wasm::PlanRequest request{blocks, granule_bytes, time_limit, good_enough_bytes, {}};
  if (bufgc_ask_plan(&request) == 0) return Result<OffsetPlan>::failure(Status::invalid_state);
  return std::move(request.answer);
}

}  // namespace bufgc
