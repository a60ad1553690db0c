#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "bufgc/memory/iteration_plan.hpp"
#include "bufgc/memory/range.hpp"

namespace bufgc {

/// Writes down the lifetimes of the blocks of one iteration. Time is counted in allocations: a block
/// begins at its own number and ends at that of the next allocation after its release.
class IterationRecorder {
 public:
  /// `range` is handed out now. When the heap has no room to note it, the recording is no longer
  /// `complete`.
  void on_allocate(Range* range) noexcept;
  /// `range`, live until now, is freed; one that was not recorded here is none of its business.
  void on_free(Range* range) noexcept;

  [[nodiscard]] bool complete() const noexcept { return complete_; }
  /// What was recorded, without offsets, and an empty recorder; `Status::out_of_memory` when the
  /// recording is not complete or the heap has no room.
  [[nodiscard]] Result<IterationPlan> finish(std::size_t granule_bytes) noexcept;
  void clear() noexcept;

 private:
  struct Entry {
    const Range* range;
    std::size_t capacity_bytes;
    std::uint32_t end_event;
  };
  [[nodiscard]] bool grow() noexcept;

  std::unique_ptr<Entry[]> entries_;
  std::uint32_t count_ = 0;
  std::uint32_t room_ = 0;
  bool complete_ = true;
};

}  // namespace bufgc
