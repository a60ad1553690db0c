#include "bufgc/memory/iteration.hpp"

#include <algorithm>
#include <limits>

#include "bufgc/memory/allocator_state.hpp"

namespace bufgc {

Iteration::Iteration(CpuAllocator& allocator, IterationOptions options) noexcept
    : allocator_(allocator.state_.get()), options_(options) {
  options_.most_deviating_iterations = std::max(options_.most_deviating_iterations, std::uint32_t{1});
  patience_ = options_.most_deviating_iterations;
  const CpuAllocator::State::Section section(*allocator_);
  next_ = allocator_->iterations;
  if (next_ != nullptr) next_->previous_ = this;
  allocator_->iterations = this;
}

Iteration::~Iteration() {
  abandon();
  if (allocator_ == nullptr) return;
  const CpuAllocator::State::Section section(*allocator_);
  (previous_ != nullptr ? previous_->next_ : allocator_->iterations) = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
}

Status Iteration::begin() noexcept {
  if (allocator_ == nullptr) return Status::closed;
  const CpuAllocator::State::Section section(*allocator_);
  if (!allocator_->open_iteration(open_)) return Status::invalid_state;
  open_.open(has_plan_ ? &plan_ : nullptr);
  is_open_ = true;
  return Status::ok;
}

void Iteration::detach() noexcept {
  is_open_ = false;
  if (allocator_ == nullptr) return;
  const CpuAllocator::State::Section section(*allocator_);
  allocator_->close_iteration();
}

Status Iteration::end() noexcept {
  if (!is_open_) return Status::invalid_state;
  detach();
  ++iterations_;
  if (!has_plan_) return end_recording();
  end_planned();
  return Status::ok;
}

Status Iteration::end_recording() noexcept {
  if (allocator_ == nullptr) return Status::closed;
  Result<IterationPlan> recorded = open_.recorder().finish(allocator_->options.alignment_bytes);
  if (!recorded) return recorded.status;
  const Status status = recorded.value.lower(options_.plan_time_limit);
  if (status != Status::ok) return status;
  plan_ = std::move(recorded.value);
  has_plan_ = true;
  return Status::ok;
}

void Iteration::end_planned() noexcept {
  if (open_.as_planned()) {
    deviating_in_a_row_ = 0;
    patience_ = options_.most_deviating_iterations;
    return;
  }
  ++deviating_iterations_;
  if (++deviating_in_a_row_ < patience_) return;
  // A program that does not repeat itself is recorded ever more rarely.
  if (patience_ <= std::numeric_limits<std::uint32_t>::max() / 2) patience_ *= 2;
  drop_plan();
}

void Iteration::drop_plan() noexcept {
  plan_ = {};
  has_plan_ = false;
  deviating_in_a_row_ = 0;
  if (allocator_ == nullptr) return;
  const CpuAllocator::State::Section section(*allocator_);
  allocator_->drop_region();
}

void Iteration::abandon() noexcept {
  if (!is_open_) return;
  detach();
  open_.recorder().clear();
}

Status Iteration::improve_plan(std::chrono::nanoseconds time_limit) noexcept {
  return is_open_ ? Status::invalid_state : plan_.lower(time_limit);
}

Status Iteration::set_plan(IterationPlan plan) noexcept {
  if (is_open_) return Status::invalid_state;
  if (allocator_ == nullptr) return Status::closed;
  if (plan.granule_bytes != allocator_->options.alignment_bytes) return Status::invalid_argument;
  drop_plan();
  plan_ = std::move(plan);
  has_plan_ = true;
  return Status::ok;
}

IterationPlan Iteration::take_plan() noexcept {
  if (is_open_) return {};
  IterationPlan plan = std::move(plan_);
  drop_plan();
  return plan;
}

}  // namespace bufgc
