#pragma once

#include <cstdint>

#include "bufgc/viz/lifecycles.hpp"

namespace bufgc::timeline {

// The one list of a trace's figures: `bufgc summary --json`, `viewer.stats()` and the page read it.
#define BUFGC_SUMMARY(X)   \
  X(events)                \
  X(buffers)               \
  X(max_live_bytes)        \
  X(max_live_buffers)      \
  X(alive_at_end_buffers)  \
  X(alive_at_end_bytes)    \
  X(total_allocated_bytes) \
  X(distinct_sizes)        \
  X(skipped_events)

/// What a trace comes to. Views and external buffers are counted as buffers; views hold no bytes.
/// Folded detail is included.
struct Summary {
#define BUFGC_X(name) std::uint64_t name = 0;
  BUFGC_SUMMARY(BUFGC_X)
#undef BUFGC_X
  std::uint32_t max_live_event =
      0;  ///< The first event after which max_live_bytes stood; 0 where that was folded away.
};

[[nodiscard]] Summary summarise(const Lifecycles& lifecycles);

/// Allocations that the cache served.
[[nodiscard]] std::uint64_t cache_hits(const Lifecycles& lifecycles) noexcept;

class Levels;
/// The same where the levels have been built already.
[[nodiscard]] Summary summarise(const Lifecycles& lifecycles, const Levels& levels);

}  // namespace bufgc::timeline
