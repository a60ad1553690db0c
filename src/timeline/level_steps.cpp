#include "timeline/level_steps.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "timeline/rows.hpp"

namespace bufgc::timeline {
namespace {

using Kind = Lifecycles::EventKind;

void add(const LevelSteps::State& by, LevelSteps::State& to) noexcept {
  to.live_bytes += by.live_bytes;
  to.capacity_bytes += by.capacity_bytes;
  to.cached_bytes += by.cached_bytes;
  to.segment_bytes += by.segment_bytes;
  to.buffers += by.buffers;
}

std::uint64_t capacity_of(const Lifecycles& lifecycles, std::size_t row) noexcept {
  return is_owned(lifecycles, row) ? extent_bytes(lifecycles, row) : 0;
}

}  // namespace

LevelSteps::LevelSteps(const Lifecycles& lifecycles)
    : lifecycles_(&lifecycles),
      events_(lifecycles.event_count()),
      rows_(lifecycles.size()),
      has_segments_(!lifecycles.segments.empty()) {
  if (has_segments_) {
    find_others();
    return;
  }
  // As a rule each birth and each end has its own event, which one pass over the log tells.
  go_through(0, pass_);
  if (pass_.own_changes < changes()) {
    find_others();
    if (!others_.empty()) {
      pass_ = {};
      go_through(0, pass_);
    }
  }
  first_.cached_bytes = static_cast<std::uint64_t>(-pass_.least_cached_bytes);
}

bool LevelSteps::extend(const Lifecycles& lifecycles) {
  if (lifecycles_ != &lifecycles || lifecycles.event_count() < events_ || lifecycles.size() < rows_ ||
      has_segments_ == lifecycles.segments.empty())
    return false;
  const std::size_t old_events = std::exchange(events_, lifecycles.event_count());
  const std::size_t old_rows = std::exchange(rows_, lifecycles.size());
  if (!each_has_its_event(old_events, old_rows)) return false;
  if (has_segments_) {
    add_segments_from(old_events);
    return true;
  }
  const std::int64_t before = pass_.least_cached_bytes;
  go_through(old_events, pass_);
  return pass_.least_cached_bytes == before;
}

/// Each birth of the rows from the first on, and each end from the first event on.
bool LevelSteps::each_has_its_event(std::size_t first_event, std::size_t first_row) const noexcept {
  for (std::size_t row = first_row; row < rows_; ++row)
    if (!has_own_birth(row)) return false;
  const Lifecycles& trace = *lifecycles_;
  std::ptrdiff_t own_ends = 0;
  for (std::size_t event = first_event; event < events_; ++event) {
    const std::uint32_t row = trace.event_row[event];
    if (trace.event_kind[event] == Kind::free && row < rows_ && trace.free_event[row] == event) ++own_ends;
  }
  return own_ends ==
         std::count_if(trace.free_event.begin(), trace.free_event.end(),
                       [&](std::uint32_t event) { return event >= first_event && event < events_; });
}

void LevelSteps::add_birth(std::size_t row, State& by) const noexcept {
  const std::uint64_t capacity = capacity_of(*lifecycles_, row);
  by.live_bytes += live_bytes(*lifecycles_, row);
  by.capacity_bytes += capacity;
  ++by.buffers;
  if (served_by_cache(*lifecycles_, row)) by.cached_bytes -= capacity;
}

void LevelSteps::add_end(std::size_t row, State& by) const noexcept {
  const std::uint64_t capacity = capacity_of(*lifecycles_, row);
  by.live_bytes -= live_bytes(*lifecycles_, row);
  by.capacity_bytes -= capacity;
  --by.buffers;
  if (freed_to_cache(*lifecycles_, row)) by.cached_bytes += capacity;
}

bool LevelSteps::has_own_birth(std::size_t row) const noexcept {
  return born_in_log(*lifecycles_, row);
}

bool LevelSteps::has_own_end(std::size_t row) const noexcept {
  const std::uint32_t event = lifecycles_->free_event[row];
  return event < events_ && lifecycles_->event_kind[event] == Kind::free &&
         lifecycles_->event_row[event] == row;
}

LevelSteps::State& LevelSteps::other_change(std::uint32_t event) {
  others_.push_back({event, {}});
  return others_.back().by;
}

void LevelSteps::find_others() {
  const Lifecycles& trace = *lifecycles_;
  for (std::size_t row = 0; row < trace.size(); ++row) {
    if (trace.alloc_event[row] < events_ && !has_own_birth(row))
      add_birth(row, other_change(trace.alloc_event[row]));
    if (trace.free_event[row] < events_ && !has_own_end(row))
      add_end(row, other_change(trace.free_event[row]));
  }
  add_segments_from(0);
  others_.shrink_to_fit();
}

/// Keeps `others_` in order, one an event.
void LevelSteps::add_segments_from(std::size_t first_event) {
  const std::size_t old = first_event == 0 ? 0 : others_.size();
  for (const Lifecycles::SegmentLife& segment : lifecycles_->segments) {
    if (segment.reserve_event >= first_event && segment.reserve_event < events_)
      other_change(segment.reserve_event).segment_bytes += segment.size_bytes;
    if (segment.release_event >= first_event && segment.release_event < events_)
      other_change(segment.release_event).segment_bytes -= segment.size_bytes;
  }
  std::sort(others_.begin() + static_cast<std::ptrdiff_t>(old), others_.end(),
            [](const Change& a, const Change& b) { return a.event < b.event; });
  std::size_t kept = old;
  for (std::size_t i = old; i < others_.size(); ++i) {
    if (kept > 0 && others_[kept - 1].event == others_[i].event) {
      add(others_[i].by, others_[kept - 1].by);
    } else {
      others_[kept++] = others_[i];
    }
  }
  others_.resize(kept);
}

LevelSteps::State LevelSteps::change_at(std::size_t event) const noexcept {
  State by;
  const std::uint32_t row = lifecycles_->event_row[event];
  const Kind kind = lifecycles_->event_kind[event];
  if (kind == Kind::alloc && row < lifecycles_->size() && lifecycles_->alloc_event[row] == event) {
    add_birth(row, by);
  } else if (kind == Kind::free && row < lifecycles_->size() && lifecycles_->free_event[row] == event) {
    add_end(row, by);
  }
  if (others_.empty()) return by;
  const auto other = std::lower_bound(others_.begin(), others_.end(), event,
                                      [](const Change& change, std::size_t at) { return change.event < at; });
  if (other != others_.end() && other->event == event) add(other->by, by);
  return by;
}

void LevelSteps::advance(std::size_t event, State& state) const noexcept {
  const State by = change_at(event);
  std::uint64_t cached = state.cached_bytes;
  add(by, state);
  const auto change = static_cast<std::int64_t>(by.cached_bytes);
  const auto taken = static_cast<std::uint64_t>(change < 0 ? -change : 0);
  cached = taken > cached ? 0 : cached + by.cached_bytes;
  if (has_segments_) {
    const std::uint64_t room =
        state.segment_bytes > state.capacity_bytes ? state.segment_bytes - state.capacity_bytes : 0;
    cached = std::min(cached, room);
  }
  state.cached_bytes = cached;
}

std::size_t LevelSteps::changes() const noexcept {
  const auto in_log = [&](const std::vector<std::uint32_t>& events) {
    return static_cast<std::size_t>(
        std::count_if(events.begin(), events.end(), [&](std::uint32_t event) { return event < events_; }));
  };
  return in_log(lifecycles_->alloc_event) + in_log(lifecycles_->free_event);
}

void LevelSteps::go_through(std::size_t first, Pass& pass) const noexcept {
  for (std::size_t event = first; event < events_; ++event) {
    const State by = change_at(event);
    if (by.buffers != 0) ++pass.own_changes;
    pass.cached_bytes += static_cast<std::int64_t>(by.cached_bytes);
    pass.least_cached_bytes = std::min(pass.least_cached_bytes, pass.cached_bytes);
  }
}

}  // namespace bufgc::timeline
