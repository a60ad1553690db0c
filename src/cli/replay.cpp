#include "replay.hpp"

#include <chrono>
#include <limits>

namespace bufgc::cli {

Workload::Workload(const Lifecycles& lifecycles, std::uint64_t scale) {
  using EventKind = Lifecycles::EventKind;
  specs_.resize(lifecycles.size());
  for (std::size_t row = 0; row < lifecycles.size(); ++row) {
    BufferSpec& spec = specs_[row];
    // A size that wraps is one that no allocator has.
    if (__builtin_mul_overflow(lifecycles.size_bytes[row], scale, &spec.size_bytes))
      spec.size_bytes = std::numeric_limits<std::uint64_t>::max();
    spec.label = lifecycles.strings.at(lifecycles.label[row]);
  }
  for (std::size_t event = 0; event < lifecycles.event_count(); ++event) {
    const EventKind kind = lifecycles.event_kind[event];
    if (kind != EventKind::alloc && kind != EventKind::free) continue;
    const std::uint32_t row = lifecycles.event_row[event];
    if (lifecycles.kind[row] != static_cast<std::uint8_t>(BufferKind::owned)) continue;
    operations_.push_back({row, static_cast<std::uint32_t>(event), kind == EventKind::alloc});
  }
}

namespace {

/// Asks `manager` for what `workload` says; counts in `result` how far it came.
void feed(const Workload& workload, BufferManager& manager, std::vector<CpuBuffer>& buffers, Run& result) {
  for (const Workload::Operation& operation : workload.operations()) {
    CpuBuffer& buffer = buffers[operation.row];
    if (operation.birth) {
      Result<CpuBuffer> made = manager.try_alloc(workload.spec(operation.row));
      if (!made) {
        result.failed_at_event = operation.event;
        break;
      }
      buffer = std::move(made.value);
    } else {
      buffer.reset();
    }
    ++result.operations;
  }
}

}  // namespace

Result<IterationPlan> plan(const Workload& workload, std::chrono::nanoseconds time_limit) {
  BufferManager manager;
  Iteration iteration = manager.iteration({.plan_time_limit = time_limit});
  std::vector<CpuBuffer> buffers(workload.rows());
  Run ignored;
  const Status status = iteration.run([&] {
    feed(workload, manager, buffers, ignored);
    buffers.clear();
  });
  if (status != Status::ok) return Result<IterationPlan>::failure(status);
  return {iteration.take_plan()};
}

Run run(const Workload& workload, const AllocatorOptions& allocator, bool visualizer, IterationPlan* plan) {
  using Clock = std::chrono::steady_clock;
  ManagerOptions options;
  options.allocator = allocator;
  options.visualize = visualizer;
  BufferManager manager(options);
  Iteration iteration = manager.iteration();
  std::vector<CpuBuffer> buffers(workload.rows());
  Run result;
  const bool planned = plan != nullptr && iteration.set_plan(std::move(*plan)) == Status::ok &&
                       iteration.begin() == Status::ok;
  const Clock::time_point start = Clock::now();
  feed(workload, manager, buffers, result);
  result.time_ns = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count());
  result.statistics = manager.statistics();
  if (planned) {
    iteration.abandon();
    *plan = iteration.take_plan();
  }
  return result;
}

}  // namespace bufgc::cli
