#pragma once

#include <cstdint>

namespace bufgc {

/// A weak reference in 64 bits: a slot of the heap's table and the slot's generation. The slot is
/// used again after the buffer dies, the generation never is (a slot whose generations are spent
/// retires), so no two lifetimes share an id and a stale id answers "gone".
/// The first lifetime of slot n has the value n, so that small programs show small numbers.
struct BufferId {
  /// Ids stay below 2^53, so that JavaScript and JSON readers can hold them as numbers.
  static constexpr std::uint32_t last_generation = (1U << 21U) - 1;

  std::uint32_t slot = 0xffffffffU;
  std::uint32_t generation = 0xffffffffU;

  [[nodiscard]] constexpr bool valid() const noexcept { return slot != 0xffffffffU; }
  [[nodiscard]] constexpr std::uint64_t value() const noexcept {
    return (std::uint64_t{generation} << 32U) | slot;
  }
  [[nodiscard]] static constexpr BufferId from_value(std::uint64_t value) noexcept {
    return {static_cast<std::uint32_t>(value), static_cast<std::uint32_t>(value >> 32U)};
  }
  friend constexpr bool operator==(BufferId a, BufferId b) noexcept {
    return a.slot == b.slot && a.generation == b.generation;
  }
  friend constexpr bool operator!=(BufferId a, BufferId b) noexcept { return !(a == b); }
};

}  // namespace bufgc
