#include "timeline/area.hpp"

#include <algorithm>
#include <cmath>

#include "timeline/rows.hpp"

namespace bufgc::timeline {

std::vector<std::uint8_t> rows_in_boxes(const Boxes& boxes, const Places& places, std::size_t rows,
                                        const View& area) {
  std::vector<std::uint8_t> inside(rows);
  if (!(area.t1 > 0)) return inside;
  const auto first = static_cast<std::uint64_t>(std::max(std::floor(area.t0), 0.0));
  const auto last = static_cast<std::uint64_t>(std::ceil(area.t1));
  boxes.index->for_each(first, last, [&](std::uint32_t box, std::uint64_t start, std::uint64_t end) {
    // The index knows whole units only.
    const auto until = static_cast<double>(std::max(end, start + 1));
    if (!(static_cast<double>(start) < area.t1 && until > area.t0)) return;
    const Strip strip = (*boxes.strips)[box];
    const auto bottom = static_cast<double>(strip.y);
    const auto top = static_cast<double>(strip.y + strip.height);
    if (strip.height != 0 && bottom < area.y1 && top > area.y0) inside[places.row_of(box)] = 1;
  });
  return inside;
}

std::vector<std::uint8_t> rows_in_stack(const Lifecycles& lifecycles, EventRange moments, double y0,
                                        double y1) {
  std::vector<std::uint8_t> inside(lifecycles.size());
  std::uint64_t below = 0;  // Bytes of those that have come below y1.
  std::size_t next = 0;     // The first row that has not.
  for (std::size_t event = moments.first; event < moments.last; ++event) {
    if (event != moments.first && lifecycles.event_kind[event] == Lifecycles::EventKind::free) {
      const std::uint32_t row = lifecycles.event_row[event];
      if (row < next) below -= live_bytes(lifecycles, row);
    }
    while (next < inside.size() && lifecycles.alloc_event[next] <= event && static_cast<double>(below) < y1) {
      if (lives_after(lifecycles, next, event)) {
        const std::uint64_t bytes = live_bytes(lifecycles, next);
        if (bytes != 0 && static_cast<double>(below + bytes) > y0) inside[next] = 1;
        below += bytes;
      }
      ++next;
    }
  }
  return inside;
}

AreaStatistics area_statistics(const Lifecycles& lifecycles, const std::vector<std::uint8_t>& inside,
                               const std::vector<std::uint8_t>& matches, EventRange events) {
  AreaStatistics out;
  const auto happened = [&](std::uint32_t event) { return event >= events.first && event < events.last; };
  for (std::size_t row = 0; row < inside.size(); ++row) {
    if (inside[row] == 0 || matches[row] == 0) continue;
    if (!is_owned(lifecycles, row)) {
      ++out.external;
      continue;
    }
    const std::uint64_t bytes = live_bytes(lifecycles, row);
    out.least_bytes = out.buffers == 0 ? bytes : std::min(out.least_bytes, bytes);
    out.most_bytes = std::max(out.most_bytes, bytes);
    out.bytes += bytes;
    ++out.buffers;
    if (happened(lifecycles.alloc_event[row]) && born_in_log(lifecycles, row)) {
      ++out.allocations;
      out.allocated_bytes += bytes;
    }
    if (!is_alive_at_end(lifecycles, row) && happened(lifecycles.free_event[row])) {
      ++out.frees;
      out.freed_bytes += bytes;
    }
  }
  if (out.buffers != 0)
    out.mean_bytes = out.bytes / out.buffers + (out.bytes % out.buffers * 2 >= out.buffers);
  return out;
}

}  // namespace bufgc::timeline
