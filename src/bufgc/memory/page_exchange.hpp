#pragma once

#include <cstddef>
#include <cstdint>

#include "bufgc/memory/arena.hpp"

namespace bufgc {

/// Keeps the reserve near the most that was ever live, where released pages really return to the
/// system: before the reserve grows past it, free pages that lie in pieces too small make room for
/// those that are about to come.
class PageExchange {
 public:
  /// Before `arena` grows by `capacity_bytes` while at most `most_live_bytes` (with those) were live.
  void before_growth(Arena& arena, std::size_t capacity_bytes, std::uint64_t most_live_bytes) noexcept;

 private:
  std::uint64_t most_live_bytes_ = 0;
  /// What may still be exchanged at this peak.
  std::uint64_t left_bytes_ = 0;
};

}  // namespace bufgc
