#pragma once

#include <cstdint>

namespace bufgc {

/// What one cycle collection found.
struct CollectReport {
  std::uint64_t buffers = 0;   ///< Freed, views included.
  std::uint64_t bytes = 0;     ///< Their requested bytes (views and external buffers count 0).
  std::uint64_t examined = 0;  ///< Live buffers looked at; 0 when no link exists, for then no cycle can.
  std::uint64_t time_ns = 0;   ///< From start to end, finalizers included.
};

}  // namespace bufgc
