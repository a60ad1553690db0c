#pragma once

#include <cstddef>
#include <cstdint>

#include "bufgc/memory/iteration_plan.hpp"
#include "bufgc/memory/iteration_recorder.hpp"
#include "bufgc/memory/range.hpp"

namespace bufgc {

/// The iteration that is open on an allocator, whose lock guards it: it is recorded, or has a plan
/// that says what comes next. Only what the thread that opened it allocates counts.
class OpenIteration {
 public:
  /// `plan` null: record. It must stay as it is until the iteration is over.
  void open(const IterationPlan* plan) noexcept;

  [[nodiscard]] bool of_this_thread() const noexcept { return thread_ == this_thread(); }
  /// Null while it is recorded.
  [[nodiscard]] const IterationPlan* plan() const noexcept { return plan_; }
  [[nodiscard]] IterationRecorder& recorder() noexcept { return recorder_; }

  /// The allocation of the plan that one of `capacity_bytes` is taken for: the next one if that has its
  /// size, else the first near it that has and did not come yet; null when none is expected.
  [[nodiscard]] const IterationPlan::Allocation* expected(std::size_t capacity_bytes) const noexcept;
  /// An allocation was made: `expected` it was (null: none), and whether it has the place of the plan.
  void on_allocate(const IterationPlan::Allocation* expected, bool placed) noexcept;

  /// Once in an iteration: whether there shall be a region for the plan.
  [[nodiscard]] bool wants_region() noexcept;

  [[nodiscard]] std::uint64_t placed() const noexcept { return placed_; }
  /// Allocations that the plan did not expect, or whose place was held.
  [[nodiscard]] std::uint64_t deviations() const noexcept { return deviations_; }
  /// Whether all that the plan expects came, each in its place, and nothing else.
  [[nodiscard]] bool as_planned() const noexcept;

 private:
  /// How far ahead an allocation is looked for, and how many are waited for at most before the first
  /// of them is taken as left out.
  static constexpr std::size_t window = 32;
  static constexpr std::size_t most_awaited = 16;

  /// Something that differs from thread to thread.
  [[nodiscard]] static const void* this_thread() noexcept;

  const void* thread_ = nullptr;
  const IterationPlan* plan_ = nullptr;
  IterationRecorder recorder_;
  std::size_t next_ = 0;     ///< Behind the last that came.
  std::size_t first_ = 0;    ///< The first that may still come.
  std::uint64_t came_ = 0;   ///< Of it and those that follow: a bit for each that came.
  std::uint64_t asked_ = 0;  ///< All that came.
  std::uint64_t placed_ = 0;
  std::uint64_t deviations_ = 0;
  bool wants_region_ = false;
};

}  // namespace bufgc
