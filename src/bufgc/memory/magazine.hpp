#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "bufgc/memory/range.hpp"

namespace bufgc {

/// Freed blocks kept whole, by exact capacity; the last in is the first out, warm. A table of fixed
/// size that allocates nothing and knows neither arena nor lock: one stands before the arena, and
/// one for each thread before that. Who holds it says how many bytes more it may keep.
class Magazine {
 public:
  constexpr Magazine() noexcept { heads_.fill(&none_); }

  /// A block of exactly `capacity_bytes`, or null. Of 0 bytes there is none.
  [[nodiscard]] Range* take(std::size_t capacity_bytes) noexcept;
  /// The same without a call in it: null also for a size that had to make way for another.
  [[nodiscard]] Range* take_at_home(std::size_t capacity_bytes) noexcept {
    return take_at(home_of(capacity_bytes), capacity_bytes);
  }

  /// Whether `put` may follow: the size of `range` has a slot here, and there is room.
  [[nodiscard]] bool has_room_for(const Range* range) const noexcept {
    const std::size_t capacity_bytes = range->capacity_bytes;
    return sizes_[range->slot] == capacity_bytes && room_bytes_ >= capacity_bytes;
  }
  void put(Range* range) noexcept { keep(range->slot, range, range->capacity_bytes); }

  /// Keeps `range` without regard to the room; false when there is no slot for one more size near its own.
  [[nodiscard]] bool add(Range* range) noexcept;

  /// Gives up the slot of a size of which no block is kept, so that `put` may not follow for one.
  void forget(std::size_t capacity_bytes) noexcept;

  /// Any block, or null when there is none: all of one size, then of another, so that none stays for ever.
  [[nodiscard]] Range* evict() noexcept;

  [[nodiscard]] std::uint64_t bytes() const noexcept { return most_bytes_ - room_bytes_; }
  /// How many bytes more `put` takes.
  [[nodiscard]] std::uint64_t room_bytes() const noexcept { return room_bytes_; }
  void set_room_bytes(std::uint64_t room_bytes) noexcept {
    most_bytes_ = bytes() + room_bytes;
    room_bytes_ = room_bytes;
  }

  /// Calls `visit(range)` for every block kept.
  template <class Visit>
  void each(Visit visit) const noexcept {
    for (const Range* const head : heads_) {
      for (const Range* range = head; range != &none_; range = range->next) visit(range);
    }
  }

 private:
  static Range none_;  ///< Stands at the end of every row. Never written.

  static constexpr unsigned slot_count_log2 = 9;
  static constexpr std::size_t slot_count = std::size_t{1} << slot_count_log2;
  /// A size lives in one of this many slots from its own on.
  static constexpr std::size_t window = 4;

  /// By the high bits of a product (Knuth's multiplicative hashing, with the golden ratio).
  static std::size_t home_of(std::size_t capacity_bytes) noexcept {
    return (static_cast<std::uint32_t>(capacity_bytes) * 0x9E3779B1U) >> (32U - slot_count_log2);
  }
  // The first of a row tells its size, and the end of every row a size that nobody asks for: one
  // comparison sees that the slot is this size's and holds a block.
  [[nodiscard]] Range* take_at(std::size_t slot, std::size_t capacity_bytes) noexcept {
    Range* const range = heads_[slot];
    if (range->capacity_bytes != capacity_bytes) [[unlikely]]
      return nullptr;
    heads_[slot] = range->next;
    room_bytes_ += capacity_bytes;
    return range;
  }
  void keep(std::size_t slot, Range* range, std::size_t capacity_bytes) noexcept {
    range->size_bytes = Range::kept;
    range->next = heads_[slot];
    heads_[slot] = range;
    room_bytes_ -= capacity_bytes;
  }

  std::uint64_t room_bytes_ = 0;
  std::uint64_t most_bytes_ = 0;  ///< Kept, and what there is room for.
  std::size_t hand_ = 0;
  std::array<Range*, slot_count + window - 1> heads_{};
  /// Of the blocks that each slot keeps, or kept last.
  std::array<std::size_t, slot_count + window - 1> sizes_{};
};

}  // namespace bufgc
