#include "timeline/summary.hpp"

#include <algorithm>

#include "timeline/distinct_numbers.hpp"
#include "timeline/levels.hpp"
#include "timeline/rows.hpp"

namespace bufgc::timeline {
Summary summarise(const Lifecycles& lifecycles, const Levels& levels) {
  Summary summary;
  const Lifecycles::Folded& folded = lifecycles.folded;
  summary.events = lifecycles.event_count() + folded.events;
  summary.buffers = lifecycles.size() + folded.buffers;
  summary.total_allocated_bytes = folded.bytes;
  summary.skipped_events = lifecycles.skipped_events;

  DistinctNumbers sizes(lifecycles.size());
  for (std::size_t row = 0; row < lifecycles.size(); ++row) {
    const std::uint64_t bytes = live_bytes(lifecycles, row);
    summary.total_allocated_bytes += bytes;
    if (is_owned(lifecycles, row)) sizes.add(bytes);
    if (is_alive_at_end(lifecycles, row)) {
      ++summary.alive_at_end_buffers;
      summary.alive_at_end_bytes += bytes;
    }
  }
  summary.distinct_sizes = sizes.take().size();

  const Level& maxima = levels.maxima();
  summary.max_live_bytes = std::max(maxima.live_bytes, folded.max_live_bytes);
  summary.max_live_buffers = std::max(maxima.live_buffers, folded.max_live_buffers);
  summary.max_live_event = maxima.live_bytes >= folded.max_live_bytes ? levels.max_live_event() : 0;
  return summary;
}

std::uint64_t cache_hits(const Lifecycles& lifecycles) noexcept {
  std::uint64_t hits = 0;
  for (std::size_t row = 0; row < lifecycles.size(); ++row) hits += served_by_cache(lifecycles, row) ? 1 : 0;
  return hits;
}

Summary summarise(const Lifecycles& lifecycles) {
  return summarise(lifecycles, Levels(lifecycles));
}

}  // namespace bufgc::timeline
