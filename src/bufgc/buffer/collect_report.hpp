#pragma once

#include <cstdint>

namespace bufgc {

/// What one cycle collection found.
struct CollectReport {
  std::uint64_t buffers = 0;   ///< Freed, views included.
  std::uint64_t bytes = 0;     ///< Their requested bytes (views and external buffers count 0).
  std::uint64_t examined = 0;  ///< Looks at live buffers; 0 when no link exists, for then no cycle can.
  std::uint64_t time_ns = 0;   ///< From start to end, finalizers included.
  /// Buffers that were let go of since the collection before while links or views still held them, in a way
  /// that a cycle may lead through them; none are noted while automatic collection is off. An automatic
  /// collection starts from these.
  std::uint64_t candidates = 0;
  bool automatic = false;  ///< It came by itself: `BufferManager::set_collect_threshold`.
};

}  // namespace bufgc
