#pragma once

#include <cstddef>
#include <cstdint>

#include "bufgc/memory/arena.hpp"

namespace bufgc {

/// Keeps the reserve near the most that was ever live where memory never shrinks but live blocks may
/// be moved: when the reserve would grow far past that, blocks slide together instead. Either way
/// every view of the memory is detached, so nobody is surprised at a moment at which he was not before.
class Compaction {
 public:
  /// Before `arena` grows by `capacity_bytes` while at most `most_live_bytes` (with those) were live
  /// and `allocated_bytes` were ever asked for: makes a free range of so many where that is called for,
  /// within `limit_bytes` reserved.
  void before_growth(Arena& arena, std::size_t capacity_bytes, std::uint64_t most_live_bytes,
                     std::uint64_t allocated_bytes, std::uint64_t limit_bytes) noexcept;

 private:
  std::uint64_t moved_bytes_ = 0;
};

}  // namespace bufgc
