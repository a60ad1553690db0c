// How an allocator serves the iteration that is open on it: by its plan, or recording it.

#include <algorithm>

#include "bufgc/memory/allocator_state.hpp"
#include "bufgc/memory/iteration.hpp"

namespace bufgc {
namespace {

// How far the reserve may pass the most that was live before a region that no iteration uses at the
// moment is made ordinary free space.
constexpr unsigned idle_region_shift = 4;

}  // namespace

CpuAllocator::State::~State() {
  retire();
  for (Iteration* iteration = iterations; iteration != nullptr; iteration = iteration->next_) {
    iteration->allocator_ = nullptr;
  }
}

bool CpuAllocator::State::open_iteration(OpenIteration& iteration) noexcept {
  if (open_iteration_ != nullptr) return false;
  open_iteration_ = &iteration;
  allow_thread_caches(may_use_thread_caches());
  return true;
}

void CpuAllocator::State::close_iteration() noexcept {
  planned_allocations_ += open_iteration_->placed();
  plan_deviations_ += open_iteration_->deviations();
  open_iteration_ = nullptr;
  // What is cached between iterations keeps to its limit, and so does what waits for the next.
  if (!may_keep_region()) dissolve_region();
  allow_thread_caches(may_use_thread_caches());
}

void CpuAllocator::State::drop_region() noexcept {
  if (open_iteration_ == nullptr) dissolve_region();
}

void CpuAllocator::State::dissolve_region() noexcept {
  if (arena.region_bytes() == 0) return;
  be_alone();
  arena.dissolve_region();
  settle(common());
}

bool CpuAllocator::State::give_up_idle_region(std::size_t capacity_bytes) noexcept {
  const bool in_use = open_iteration_ != nullptr && open_iteration_->plan() != nullptr;
  if (in_use || arena.region_bytes() == 0) return false;
  const std::uint64_t most_bytes = most_live_bytes(capacity_bytes);
  const std::uint64_t grown_bytes = arena.reserved_bytes() + arena.lacking_bytes(capacity_bytes);
  if (grown_bytes <= most_bytes + (most_bytes >> idle_region_shift)) return false;
  arena.dissolve_region();
  return true;
}

ServedBy CpuAllocator::State::ensure_region(std::uint64_t height_bytes) noexcept {
  // What was freed after the last iteration may be cached.
  if (arena.region_free_bytes() < arena.region_bytes()) flush(common());
  ServedBy served_by = ServedBy::arena;
  if (arena.region_bytes() >= height_bytes) return served_by;
  arena.dissolve_region();
  if (height_bytes <= std::min<std::uint64_t>(max_object_bytes, options.budget_bytes)) {
    if (Range* region = place(static_cast<std::size_t>(height_bytes), served_by)) arena.make_region(region);
  }
  return served_by;
}

Allocation CpuAllocator::State::allocate_in_iteration(BlockCache& own, std::size_t size_bytes,
                                                      std::size_t capacity_bytes) noexcept {
  const bool counts = open_iteration_->of_this_thread();
  const IterationPlan* plan = counts ? open_iteration_->plan() : nullptr;
  const IterationPlan::Allocation* expected =
      plan != nullptr ? open_iteration_->expected(capacity_bytes) : nullptr;
  Allocation allocation;
  if (expected != nullptr && expected->offset_bytes != IterationPlan::no_offset) {
    ServedBy served_by = ServedBy::arena;
    if (open_iteration_->wants_region()) served_by = ensure_region(plan->height_bytes);
    if (Range* range = arena.allocate_in_region(expected->offset_bytes, capacity_bytes)) {
      if (served_by == ServedBy::source) ++misses_;
      static_cast<void>(own.hand_out(range, size_bytes));  // settled here
      settle(own);
      allocation = {range, served_by};
    }
  }
  const bool placed = allocation.block != nullptr;
  if (!placed) {
    allocation = allocate_slowly(own, size_bytes, capacity_bytes);
    if (allocation.block == nullptr) return allocation;
  }
  if (plan != nullptr) {
    open_iteration_->on_allocate(expected, placed);
  } else if (counts) {
    open_iteration_->recorder().on_allocate(static_cast<Range*>(allocation.block));
  }
  return allocation;
}

FreedTo CpuAllocator::State::free_in_iteration(BlockCache& own, Range* range) noexcept {
  if (open_iteration_->plan() == nullptr) open_iteration_->recorder().on_free(range);
  if (!arena.in_region(range)) return free_slowly(own, range);
  own.counters.on_free(1, range->size_bytes);
  arena.free(range);
  settle(own);
  return FreedTo::arena;
}

}  // namespace bufgc
