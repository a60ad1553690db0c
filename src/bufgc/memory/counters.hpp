#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "bufgc/memory/align.hpp"
#include "bufgc/memory/statistics.hpp"

namespace bufgc {

/// One thread's share of what allocating and freeing counts; the allocator's figures are the sums.
/// Few words are written, and what else is told follows from them: what was freed from how far the marks
/// went up, how many blocks were allocated from the numbers by size. A thread that frees what others
/// allocated has a share below zero (kept modulo 2^64); the sum is not.
class ShareCounters {
 public:
  /// False when the share now stands above its mark: who keeps the peaks wants to know.
  [[nodiscard]] bool on_allocate(std::size_t size_bytes) noexcept {
    ++by_class_[floor_log2(size_bytes | 1U)];
    allocated_bytes_ += size_bytes;
    const bool was_at_mark = blocks_left_-- == 0;
    if (allocated_bytes_ > mark_bytes_) [[unlikely]]
      return false;
    if (was_at_mark) [[unlikely]]
      return false;
    return true;
  }
  void on_free(std::uint64_t blocks, std::uint64_t bytes) noexcept {
    mark_bytes_ += bytes;
    blocks_left_ += blocks;
  }
  /// Blocks were freed and as many allocated, one at a time, all of this size.
  void on_turns(std::uint64_t turns, std::size_t size_bytes) noexcept {
    by_class_[floor_log2(size_bytes | 1U)] += turns;
    allocated_bytes_ += turns * size_bytes;
    mark_bytes_ += turns * size_bytes;
  }

  /// The same for `bytes` together, by the logarithm of their sizes. Answers how many there were.
  std::uint64_t on_turns(std::span<const std::uint32_t> turns_by_class, std::uint64_t bytes) noexcept {
    std::uint64_t turns = 0;
    for (std::size_t i = 0; i < turns_by_class.size(); ++i) {
      by_class_[i] += turns_by_class[i];
      turns += turns_by_class[i];
    }
    allocated_bytes_ += bytes;
    mark_bytes_ += bytes;
    return turns;
  }

  /// The share may rise by so much before `on_allocate` says so.
  void set_marks(std::uint64_t rise_bytes, std::uint64_t rise_blocks) noexcept {
    const std::uint64_t freed_bytes = this->freed_bytes();
    mark_bytes_ = allocated_bytes_ + rise_bytes;
    first_mark_bytes_ = mark_bytes_ - freed_bytes;
    mark_blocks_ = live_blocks() + rise_blocks;
    blocks_left_ = rise_blocks;
  }
  /// A rise that never comes.
  static constexpr std::uint64_t no_mark = std::numeric_limits<std::uint64_t>::max() / 4;

  [[nodiscard]] std::uint64_t allocated_bytes() const noexcept { return allocated_bytes_; }
  [[nodiscard]] std::uint64_t live_bytes() const noexcept { return allocated_bytes_ - freed_bytes(); }
  [[nodiscard]] std::uint64_t live_blocks() const noexcept { return mark_blocks_ - blocks_left_; }
  [[nodiscard]] std::uint64_t allocations() const noexcept {
    std::uint64_t allocations = 0;
    for (const std::uint64_t of_class : by_class_) allocations += of_class;
    return allocations;
  }

  /// Takes over what `other` counted.
  void add(const ShareCounters& other) noexcept {
    allocated_bytes_ += other.allocated_bytes_;
    mark_bytes_ += other.freed_bytes();
    mark_blocks_ += other.live_blocks();
    for (std::size_t i = 0; i < by_class_.size(); ++i) by_class_[i] += other.by_class_[i];
  }

  /// The allocations by size, added to `histogram`.
  void add_to(SizeHistogram& histogram) const noexcept {
    for (std::size_t i = 0; i < by_class_.size(); ++i) {
      histogram[i < histogram.size() ? i : histogram.size() - 1].allocations += by_class_[i];
    }
  }

 private:
  [[nodiscard]] std::uint64_t freed_bytes() const noexcept { return mark_bytes_ - first_mark_bytes_; }

  std::uint64_t first_mark_bytes_ = 0;
  std::uint64_t mark_blocks_ = 0;  ///< How many live when none of the rise is left.
  std::array<std::uint64_t, 64> by_class_{};
  std::uint64_t allocated_bytes_ = 0;
  std::uint64_t mark_bytes_ = 0;   ///< Goes up with what is freed.
  std::uint64_t blocks_left_ = 0;  ///< Of the rise to the mark.
};

}  // namespace bufgc
