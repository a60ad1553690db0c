#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bufgc/buffer_manager.hpp"
#include "bufgc/viz/lifecycles.hpp"

namespace bufgc::cli {

/// A trace as what an allocator is asked: births and deaths of buffers that own memory, sizes scaled.
class Workload {
 public:
  Workload(const Lifecycles& lifecycles, std::uint64_t scale);

  struct Operation {
    std::uint32_t row;
    std::uint32_t event;  ///< In the trace.
    bool birth;
  };
  [[nodiscard]] const std::vector<Operation>& operations() const noexcept { return operations_; }
  [[nodiscard]] std::size_t rows() const noexcept { return specs_.size(); }
  [[nodiscard]] const BufferSpec& spec(std::uint32_t row) const noexcept { return specs_[row]; }

 private:
  std::vector<Operation> operations_;
  std::vector<BufferSpec> specs_;  // labels point into the lifecycles
};

struct Run {
  Statistics statistics;
  std::uint64_t operations = 0;
  std::uint64_t time_ns = 0;
  std::optional<std::uint32_t> failed_at_event;
};

/// Records `workload`, and at its end the release of what it leaves alive, as one iteration of a fresh
/// manager without a budget, and plans that.
[[nodiscard]] Result<IterationPlan> plan(const Workload& workload, std::chrono::nanoseconds time_limit);

/// One run through a fresh manager, by `plan` unless that is null; it comes back. The buffers' bytes are
/// never touched: what is measured is the handing out and taking back.
[[nodiscard]] Run run(const Workload& workload, const AllocatorOptions& allocator, bool visualizer,
                      IterationPlan* plan = nullptr);

}  // namespace bufgc::cli
