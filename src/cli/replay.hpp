#pragma once

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

/// One run through a fresh manager. The buffers' bytes are never touched: what is measured is the
/// handing out and taking back.
[[nodiscard]] Run run(const Workload& workload, const AllocatorOptions& allocator, bool visualizer);

}  // namespace bufgc::cli
