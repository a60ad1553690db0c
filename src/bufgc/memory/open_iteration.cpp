#include "bufgc/memory/open_iteration.hpp"

#include <algorithm>
#include <utility>

namespace bufgc {

const void* OpenIteration::this_thread() noexcept {
  thread_local const char mark = 0;
  return &mark;
}

void OpenIteration::open(const IterationPlan* plan) noexcept {
  thread_ = this_thread();
  plan_ = plan;
  recorder_.clear();
  first_ = 0;
  next_ = 0;
  came_ = 0;
  asked_ = 0;
  placed_ = 0;
  deviations_ = 0;
  wants_region_ = true;  // asked only where a plan gives a place
}

const IterationPlan::Allocation* OpenIteration::expected(std::size_t capacity_bytes) const noexcept {
  const FixedArray<IterationPlan::Allocation>& planned = plan_->allocations;
  if (next_ < planned.size() && planned[next_].capacity_bytes == capacity_bytes) return &planned[next_];
  const std::size_t end = std::min(first_ + window, planned.size());
  std::uint64_t came = came_;
  for (std::size_t i = first_; i < end; ++i, came >>= 1U) {
    if ((came & 1U) == 0 && planned[i].capacity_bytes == capacity_bytes) return &planned[i];
  }
  return nullptr;
}

void OpenIteration::on_allocate(const IterationPlan::Allocation* expected, bool placed) noexcept {
  placed_ += placed ? 1 : 0;
  if (expected == nullptr || (!placed && expected->offset_bytes != IterationPlan::no_offset)) ++deviations_;
  if (expected == nullptr) return;
  ++asked_;
  const auto number = static_cast<std::size_t>(expected - plan_->allocations.data());
  next_ = std::max(next_, number + 1);
  const std::size_t ahead = number - first_;
  came_ |= std::uint64_t{1} << ahead;
  if (ahead >= most_awaited) {
    first_ += ahead - most_awaited + 1;
    came_ >>= ahead - most_awaited + 1;
  }
  for (; (came_ & 1U) != 0; came_ >>= 1U) ++first_;
}

bool OpenIteration::wants_region() noexcept {
  return std::exchange(wants_region_, false);
}

bool OpenIteration::as_planned() const noexcept {
  return deviations_ == 0 && asked_ == plan_->allocations.size();
}

}  // namespace bufgc
