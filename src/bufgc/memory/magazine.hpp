#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "bufgc/memory/range.hpp"

namespace bufgc {

/// Freed blocks kept whole, by exact capacity; the last in is the first out, warm. A table of fixed
/// size that allocates nothing and knows neither arena nor lock: one stands before the arena, and
/// one for each thread may as well. Who holds it bounds its bytes.
class Magazine {
 public:
  /// `granule_bytes`, a power of two, divides every capacity.
  explicit Magazine(std::size_t granule_bytes) noexcept;

  /// A block of exactly `capacity_bytes`, or null.
  [[nodiscard]] Range* take(std::size_t capacity_bytes) noexcept {
    Slot* slot = &slots_[slot_of(capacity_bytes)];
    for (std::size_t i = 0; i < window; ++i, ++slot) {
      if (slot->capacity_bytes != capacity_bytes) continue;
      Range* range = slot->head;
      if (range == nullptr) return nullptr;
      slot->head = range->next;
      bytes_ -= capacity_bytes;
      return range;
    }
    return nullptr;
  }

  /// Keeps `range`; false when there is no slot for one more size near its own.
  [[nodiscard]] bool put(Range* range) noexcept {
    const std::size_t capacity_bytes = range->capacity_bytes;
    Slot* slot = &slots_[slot_of(capacity_bytes)];
    if (slot->capacity_bytes != capacity_bytes) {
      slot = claim(slot, capacity_bytes);
      if (slot == nullptr) return false;
    }
    range->state = RangeState::cached;
    range->next = slot->head;
    slot->head = range;
    bytes_ += capacity_bytes;
    return true;
  }

  /// Any block, or null when there is none: sizes in turn, so that none stays for ever.
  [[nodiscard]] Range* evict() noexcept;

  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

  /// Calls `visit(range)` for every block kept.
  template <class Visit>
  void each(Visit visit) const noexcept {
    for (const Slot& slot : slots_) {
      for (const Range* range = slot.head; range != nullptr; range = range->next) visit(range);
    }
  }

 private:
  struct Slot {
    std::size_t capacity_bytes = 0;
    Range* head = nullptr;
  };
  static constexpr unsigned slot_count_log2 = 8;
  static constexpr std::size_t slot_count = std::size_t{1} << slot_count_log2;
  /// A size lives in one of this many slots from its own on.
  static constexpr std::size_t window = 4;

  [[nodiscard]] std::size_t slot_of(std::size_t capacity_bytes) const noexcept {
    const auto granules = static_cast<std::uint32_t>(capacity_bytes >> granule_log2_);
    return (granules * 0x9E3779B1U) >> (32U - slot_count_log2);
  }
  /// The slot of the window that holds this size or can.
  [[nodiscard]] static Slot* claim(Slot* first, std::size_t capacity_bytes) noexcept;

  unsigned granule_log2_;
  std::size_t hand_ = 0;
  std::uint64_t bytes_ = 0;
  std::array<Slot, slot_count + window - 1> slots_{};
};

}  // namespace bufgc
