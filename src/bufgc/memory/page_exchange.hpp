#pragma once

#include <cstddef>
#include <cstdint>

#include "bufgc/memory/arena.hpp"

namespace bufgc {

/// Lets an arena grow and keeps its reserve near the most that was ever live, where released pages
/// really return to the system: before the reserve grows past it, free pages that lie in pieces too
/// small make room for those that are about to come.
class PageExchange {
 public:
  struct Growth {
    std::size_t capacity_bytes = 0;     ///< What there must be room for.
    std::size_t step_bytes = 0;         ///< What is taken at least, where that is within bounds.
    std::uint64_t most_live_bytes = 0;  ///< Ever, and with what is wanted now.
    std::uint64_t limit_bytes = 0;      ///< The budget.
  };
  /// Makes room in `arena` for a range of `capacity_bytes`.
  [[nodiscard]] bool grow(Arena& arena, const Growth& growth) noexcept;

 private:
  /// How far the reserve may grow without an exchange.
  [[nodiscard]] std::uint64_t free_limit_bytes(std::uint64_t most_live_bytes) noexcept;

  std::uint64_t most_live_bytes_ = 0;
  /// What exchanges may still cost, in bytes to be faulted in; more with each higher peak.
  std::uint64_t left_bytes_ = std::uint64_t{64} << 20U;
};

}  // namespace bufgc
