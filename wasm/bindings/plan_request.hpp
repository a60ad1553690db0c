#pragma once

// A call of `plan_offsets` on its way from the core to the annex: both see the same memory.

#include <chrono>
#include <cstdint>
#include <span>

#include "bufgc/memory/offset_planner.hpp"

namespace bufgc::wasm {

struct PlanRequest {
  std::span<const PlannedBlock> blocks;
  std::uint64_t granule_bytes;
  std::chrono::nanoseconds time_limit;
  std::uint64_t good_enough_bytes;
  Result<OffsetPlan> answer;
};

}  // namespace bufgc::wasm
