#include "bufgc/memory/offset_planner.hpp"

#include <algorithm>

#include "bufgc/memory/align.hpp"
#include "bufgc/memory/offset_planner_problem.hpp"

namespace bufgc {

Result<OffsetPlan> plan_offsets(std::span<const PlannedBlock> blocks, std::uint64_t granule_bytes,
                                std::chrono::nanoseconds, std::uint64_t) noexcept {
  using Answer = Result<OffsetPlan>;
  planning::Problem problem;
  const Status status = planning::read_problem(blocks, granule_bytes, problem);
  if (status != Status::ok) return Answer::failure(status);
  Answer answer;
  FixedArray<std::uint64_t> floors;
  if (!answer.value.offsets_bytes.allocate(blocks.size()) || !floors.allocate(problem.loads.size())) {
    return Answer::failure(Status::out_of_memory);
  }
  const unsigned shift = floor_log2(granule_bytes);
  std::uint64_t height = 0;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const planning::Item& item = problem.items[i];
    std::uint64_t* const first = floors.begin() + item.first;
    std::uint64_t* const last = floors.begin() + item.last;
    const std::uint64_t offset = *std::max_element(first, last);
    std::fill(first, last, offset + item.size);
    answer.value.offsets_bytes[i] = offset << shift;
    height = std::max(height, offset + item.size);
  }
  answer.value.height_bytes = height << shift;
  answer.value.lower_bound_bytes = problem.lower_bound << shift;
  return answer;
}

}  // namespace bufgc
