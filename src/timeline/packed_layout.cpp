#include "timeline/packed_layout.hpp"

#include <algorithm>

#include "bufgc/memory/offset_planner.hpp"
#include "timeline/rows.hpp"

namespace bufgc::timeline {

void PackedLayout::place(std::uint32_t row) {
  const std::uint64_t bytes = live_bytes(*lifecycles_, row);
  strips_.add(bytes == 0 ? Strip{} : Strip{room_.take(bytes), bytes});
}

bool PackedLayout::advance(std::size_t events) {
  const Lifecycles& trace = *lifecycles_;
  if (improved_ && next_event_ < trace.event_count()) *this = PackedLayout(trace);
  const std::size_t end = next_event_ + std::min(events, trace.event_count() - next_event_);
  for (; next_event_ < end; ++next_event_) {
    // Rows are in order of birth. Those from before the log stand at its first event, and before it is done.
    while (strips_.size() < trace.size() && trace.alloc_event[strips_.size()] <= next_event_) {
      place(static_cast<std::uint32_t>(strips_.size()));
    }
    if (trace.event_kind[next_event_] != Lifecycles::EventKind::free) continue;
    const std::uint32_t row = trace.event_row[next_event_];
    if (row >= strips_.size()) continue;
    if (const Strip strip = strips_[row]; strip.height != 0) room_.give(strip.y, strip.height);
  }
  if (!improved_) height_ = room_.height();
  return next_event_ == trace.event_count();
}

void PackedLayout::improve(std::chrono::nanoseconds time_limit) {
  improved_ = true;
  const Lifecycles& trace = *lifecycles_;
  std::vector<PlannedBlock> blocks;
  std::vector<std::uint32_t> rows;
  for (std::uint32_t row = 0; row < strips_.size(); ++row) {
    if (strips_[row].height == 0) continue;
    const auto events = static_cast<std::uint32_t>(next_event_);
    const std::uint32_t begin = trace.alloc_event[row];
    // What was born before the log and freed by its first event stood there for a moment.
    const std::uint32_t end = std::max(std::min(trace.free_event[row], events), begin + 1);
    blocks.push_back({begin, end, strips_[row].height});
    rows.push_back(row);
  }
  const Result<OffsetPlan> plan = plan_offsets(blocks, 1, time_limit);
  if (!plan || plan.value.height_bytes >= height_) return;
  height_ = plan.value.height_bytes;
  for (std::size_t i = 0; i < rows.size(); ++i)
    strips_.set(rows[i], {plan.value.offsets_bytes[i], strips_[rows[i]].height});
}

std::vector<Stay> PackedLayout::stays_of(std::uint32_t row) const {
  const Lifecycles& trace = *lifecycles_;
  if (row >= strips_.size()) return {};
  const std::uint32_t base = trace.base[row];
  const Strip strip = strips_[is_view(trace, row) && base < row ? base : row];
  if (strip.height == 0) return {};
  return {{strip, trace.alloc_event[row], trace.free_event[row]}};
}

}  // namespace bufgc::timeline
