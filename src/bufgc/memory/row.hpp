#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "bufgc/memory/range.hpp"

namespace bufgc {

/// Freed blocks of one capacity, known by their addresses alone: to keep one or to give one out, or to hand
/// all of them to another thread, writes to no block's record. So blocks that are freed on another thread
/// than took them, again and again at one size, have their records in the caches of both processors.
///
/// What is kept here still has the size in its record that was last asked for; who wants to tell it from a
/// block in use has it marked before.
class Row {
 public:
  static constexpr std::size_t most_blocks = 32;
  static constexpr std::size_t idle_turns = 4 * most_blocks;

  /// Keeps up to `limit` blocks, at most `most_blocks`, of `capacity_bytes` from here on. It is empty.
  void open(std::size_t capacity_bytes, std::size_t limit) noexcept {
    capacity_bytes_ = capacity_bytes;
    limit_ = limit;
    turns_ = 0;
  }
  /// Keeps none any more. It is empty.
  void close() noexcept { open(0, 0); }
  [[nodiscard]] bool is_for(std::size_t capacity_bytes) const noexcept {
    return capacity_bytes_ == capacity_bytes && limit_ != 0;
  }

  [[nodiscard]] bool is_full() const noexcept { return count_ >= limit_; }
  /// It is not full, and for blocks of this capacity.
  void put(Range* range) noexcept { blocks_[count_++] = range; }
  /// The last that was put, or null when there is none.
  [[nodiscard]] Range* take() noexcept {
    if (count_ == 0) return nullptr;
    ++turns_;
    return blocks_[--count_];
  }
  /// So many blocks were taken since it was last exchanged that its thread must be using its own again, for
  /// which a magazine is the faster place.
  [[nodiscard]] bool is_idle() const noexcept { return turns_ >= idle_turns; }

  [[nodiscard]] std::size_t capacity_bytes() const noexcept { return capacity_bytes_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return std::uint64_t{count_} * capacity_bytes_; }
  /// What it keeps when it is full.
  [[nodiscard]] std::uint64_t most_bytes() const noexcept { return std::uint64_t{limit_} * capacity_bytes_; }

  /// All blocks of `other`, which is for the same capacity, instead of none; also more than the limit.
  void take_all(Row& other) noexcept {
    for (std::size_t i = 0; i < other.count_; ++i) blocks_[i] = other.blocks_[i];
    count_ = other.count_;
    other.count_ = 0;
    turns_ = 0;
    other.turns_ = 0;
  }

  /// Writes into the record of each block that it is kept.
  void mark() noexcept {
    for (std::size_t i = 0; i < count_; ++i) blocks_[i]->size_bytes = Range::kept;
  }
  /// Calls `visit(range)` for every block kept.
  template <class Visit>
  void each(Visit visit) const noexcept {
    for (std::size_t i = 0; i < count_; ++i) visit(blocks_[i]);
  }

 private:
  std::size_t capacity_bytes_ = 0;
  std::size_t limit_ = 0;
  std::size_t count_ = 0;
  std::size_t turns_ = 0;  ///< Blocks taken since the last exchange.
  std::array<Range*, most_blocks> blocks_{};
};

}  // namespace bufgc
