#pragma once

#include <chrono>
#include <cstdint>
#include <utility>

#include "bufgc/memory/cpu_allocator.hpp"
#include "bufgc/memory/iteration_plan.hpp"
#include "bufgc/memory/open_iteration.hpp"
#include "bufgc/status.hpp"

namespace bufgc {

struct IterationOptions {
  /// How long `end` may look for a good plan, once after each recording.
  std::chrono::nanoseconds plan_time_limit = std::chrono::milliseconds(100);
  /// After so many iterations in a row that went otherwise than planned the plan is dropped, and the
  /// next iteration is recorded anew. Doubled each time that this does not help. At least 1.
  std::uint32_t most_deviating_iterations = 3;
};

/// A part of a program that repeats itself (a training step, a frame) and allocates alike each time:
///
///     Iteration step(allocator);
///     for (...) step.run([&] { train(); });
///
/// The first iteration is recorded. At its end its blocks get offsets, planned with all lifetimes known.
/// From then on they are served from one region, exactly as high as the plan, each at the same place every
/// time. The region is taken with the first such block, and kept for the next iteration.
///
/// An iteration may deviate. An allocation of a size that the plan does not expect (a few may come out
/// of order), or whose place an earlier block still holds, goes the ordinary road and is counted
/// (`plan_deviations`). A block that outlived the recorded iteration has no place in the plan and is served
/// on the ordinary road as expected. After some deviating iterations in a row another is recorded.
///
/// What fits, fits as ever: where an allocation would else fail, the region becomes ordinary free space
/// and the rest of the iteration goes the ordinary road. Between iterations it also does when the reserve
/// would grow far past the most that was live, on `trim`, at a lower budget, and always with the cache off
/// or limited to less. The next iteration takes another.
///
/// Only what the thread that called `begin` allocates is recorded and planned; others go the ordinary
/// road meanwhile. Blocks may be freed by any thread. An `Iteration` is used from one thread at a time. It
/// may outlive its allocator: then `begin` answers `Status::closed`.
class Iteration {
 public:
  explicit Iteration(CpuAllocator& allocator, IterationOptions options = {}) noexcept;
  /// Abandons an iteration that is open.
  ~Iteration();
  Iteration(const Iteration&) = delete;
  Iteration& operator=(const Iteration&) = delete;

  /// Opens the next iteration. `Status::invalid_state` while one is open on the allocator, this or
  /// another.
  Status begin() noexcept;
  /// Ends it. After a recording it plans, for at most `plan_time_limit` and outside every lock:
  /// `Status::out_of_memory` when the heap had no room for that, then the next iteration is recorded
  /// again. `Status::invalid_state` when none is open.
  Status end() noexcept;
  /// Ends it and draws no conclusions, as when it was cut short: a recording is dropped, a plan stays.
  void abandon() noexcept;
  [[nodiscard]] bool is_open() const noexcept { return is_open_; }

  /// `body()` as one iteration; abandoned when it throws. Where `begin` or `end` refuse, their answer.
  template <class Body>
  Status run(Body&& body) {
    if (const Status status = begin(); status != Status::ok) return status;
    struct Guard {
      Iteration& iteration;
      ~Guard() { iteration.abandon(); }
    } const guard{*this};
    std::forward<Body>(body)();
    return end();
  }

  /// Whether the next iteration, or the open one, is served from a plan, not recorded.
  [[nodiscard]] bool planned() const noexcept { return has_plan_; }
  /// Empty when there is none.
  [[nodiscard]] const IterationPlan& plan() const noexcept { return plan_; }
  /// Looks for a lower plan when there is time for it. `Status::invalid_state` while it is open.
  Status improve_plan(std::chrono::nanoseconds time_limit) noexcept;
  /// Takes the plan of another recording. `Status::invalid_argument` when that was made with another
  /// alignment; `Status::invalid_state` while this one is open.
  Status set_plan(IterationPlan plan) noexcept;
  /// Gives the plan away; the next iteration is recorded. Empty while it is open.
  IterationPlan take_plan() noexcept;

  /// Iterations ended, not abandoned; of those, the ones that went otherwise than planned.
  [[nodiscard]] std::uint64_t iterations() const noexcept { return iterations_; }
  [[nodiscard]] std::uint64_t deviating_iterations() const noexcept { return deviating_iterations_; }

 private:
  friend struct CpuAllocator::State;
  Status end_recording() noexcept;
  void end_planned() noexcept;
  void drop_plan() noexcept;
  /// Lets the allocator forget the open iteration.
  void detach() noexcept;

  CpuAllocator::State* allocator_;  ///< Null when it is gone.
  Iteration* previous_ = nullptr;   ///< Among those of the allocator.
  Iteration* next_ = nullptr;
  IterationOptions options_;
  OpenIteration open_;
  IterationPlan plan_;
  bool is_open_ = false;
  bool has_plan_ = false;
  std::uint32_t deviating_in_a_row_ = 0;
  std::uint32_t patience_;  ///< How many of those are stood.
  std::uint64_t iterations_ = 0;
  std::uint64_t deviating_iterations_ = 0;
};

}  // namespace bufgc
