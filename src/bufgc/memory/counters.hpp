#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "bufgc/memory/align.hpp"
#include "bufgc/memory/statistics.hpp"

namespace bufgc {

/// One thread's share of what allocating and freeing counts; the allocator's figures are the sums.
/// Few words are written, and what else is told follows from them: what was freed from how far the marks
/// went up, live bytes from what was allocated and freed. A thread that frees what others allocated
/// has a share below zero (kept modulo 2^64); the sum is not.
class ShareCounters {
 public:
  /// False when the share now stands above its mark: who keeps the peaks wants to know.
  [[nodiscard]] bool on_allocate(std::size_t size_bytes) noexcept {
    ++by_class_[floor_log2(size_bytes | 1U)];
    allocated_bytes_ += size_bytes;
    ++allocations_;
    return allocated_bytes_ <= bytes_mark_ && allocations_ <= blocks_mark_;
  }
  void on_free(std::size_t size_bytes) noexcept {
    bytes_mark_ += size_bytes;
    ++blocks_mark_;
  }

  /// The share may rise by so much before `on_allocate` says so.
  void set_marks(std::uint64_t rise_bytes, std::uint64_t rise_blocks) noexcept {
    const std::uint64_t freed_bytes = this->freed_bytes();
    const std::uint64_t frees = this->frees();
    bytes_mark_ = allocated_bytes_ + rise_bytes;
    blocks_mark_ = allocations_ + rise_blocks;
    first_bytes_mark_ = bytes_mark_ - freed_bytes;
    first_blocks_mark_ = blocks_mark_ - frees;
  }
  /// A rise that never comes.
  static constexpr std::uint64_t no_mark = std::numeric_limits<std::uint64_t>::max() / 4;

  [[nodiscard]] std::uint64_t allocated_bytes() const noexcept { return allocated_bytes_; }
  [[nodiscard]] std::uint64_t freed_bytes() const noexcept { return bytes_mark_ - first_bytes_mark_; }
  [[nodiscard]] std::uint64_t live_bytes() const noexcept { return allocated_bytes_ - freed_bytes(); }
  [[nodiscard]] std::uint64_t allocations() const noexcept { return allocations_; }
  [[nodiscard]] std::uint64_t frees() const noexcept { return blocks_mark_ - first_blocks_mark_; }
  [[nodiscard]] std::uint64_t live_blocks() const noexcept { return allocations_ - frees(); }

  /// Takes over what `other` counted.
  void add(const ShareCounters& other) noexcept {
    allocated_bytes_ += other.allocated_bytes_;
    allocations_ += other.allocations_;
    bytes_mark_ += other.freed_bytes();
    blocks_mark_ += other.frees();
    for (std::size_t i = 0; i < by_class_.size(); ++i) by_class_[i] += other.by_class_[i];
  }

  /// The allocations by size, added to `histogram`.
  void add_to(SizeHistogram& histogram) const noexcept {
    for (std::size_t i = 0; i < by_class_.size(); ++i) {
      histogram[i < histogram.size() ? i : histogram.size() - 1].allocations += by_class_[i];
    }
  }

 private:
  std::uint64_t allocated_bytes_ = 0;
  std::uint64_t bytes_mark_ = 0;  ///< Goes up with what is freed.
  std::uint64_t allocations_ = 0;
  std::uint64_t blocks_mark_ = 0;  ///< The same.
  std::uint64_t first_bytes_mark_ = 0;
  std::uint64_t first_blocks_mark_ = 0;
  std::array<std::uint64_t, 64> by_class_{};
};

}  // namespace bufgc
