// How live blocks are moved together. Only where the source can take every view of its memory away
// first, so that nobody sees another block's bytes in place of his own.

#include <cstring>

#include "bufgc/memory/align.hpp"
#include "bufgc/memory/arena.hpp"

namespace bufgc {

Arena::Window Arena::cheapest_window(std::size_t capacity_bytes) const noexcept {
  Window best;
  for (const Extent* extent = lowest_; extent != nullptr; extent = extent->next) {
    Window window;
    std::uint64_t free_bytes = 0;
    for (Range* range = extent->front.after; range != &extent->back; range = range->after) {
      if (range->state != RangeState::free) {
        if (!may_move(range)) {
          window = {};
          free_bytes = 0;
        } else if (window.first != nullptr) {
          window.live_bytes += range->size_bytes;
        }
        continue;
      }
      if (window.first == nullptr) window.first = range;
      window.last = range;
      free_bytes += range->capacity_bytes;
      while (free_bytes - window.first->capacity_bytes >= capacity_bytes) {
        free_bytes -= window.first->capacity_bytes;
        Range* next = window.first->after;
        for (; next->state != RangeState::free; next = next->after) window.live_bytes -= next->size_bytes;
        window.first = next;
      }
      if (free_bytes < capacity_bytes) continue;
      if (best.first == nullptr || window.live_bytes < best.live_bytes) best = window;
    }
  }
  return best;
}

std::uint64_t Arena::free_bytes_at_top() const noexcept {
  std::uint64_t bytes = 0;
  const Range* range = highest_->back.before;
  for (; range->state == RangeState::free || may_move(range); range = range->before) {
    if (range->state == RangeState::free) bytes += range->capacity_bytes;
  }
  return bytes;
}

void Arena::slide(const Window& window) noexcept {
  Range* hole = window.first;
  Range* before = hole->before;
  Range* const end = window.last->after;
  std::byte* to = hole->data;
  std::size_t free_bytes = 0;
  for (Range* range = hole; range != end;) {
    Range* const after = range->after;
    if (range->state == RangeState::free) {
      unlist(range);
      free_bytes += range->capacity_bytes;
      if (range != hole) {
        pool_.give(range);
        ++counts_.merges;
      }
    } else {
      const std::size_t bytes = moves_capacities_ ? range->capacity_bytes : range->size_bytes;
      std::memmove(to, range->data, bytes);
      counts_.moved_bytes += bytes;
      range->data = to;
      to = range->end();
      link(before, range);
      before = range;
    }
    range = after;
  }
  hole->data = to;
  hole->capacity_bytes = free_bytes;
  link(before, hole);
  link(hole, end);
  list(hole);
}

void Arena::close_holes(std::uint64_t limit_bytes) noexcept {
  for (Extent* extent = lowest_; extent != highest_;) {
    const std::size_t hole_bytes = bytes_between(extent->end, extent->next->begin);
    const Segment segment = acquire(extent->end, hole_bytes, limit_bytes);
    // Joined with the one above, the extent is looked at again.
    if (!segment || !add(segment)) extent = extent->next;
  }
}

bool Arena::compact(std::size_t capacity_bytes, std::uint64_t limit_bytes) noexcept {
  if (highest_ == nullptr) return false;
  Window window = cheapest_window(capacity_bytes);
  if (window.first == nullptr) {
    // What is free at the very end counts twice: as gathered, and as the end that is extended.
    const auto gathered = static_cast<std::size_t>(free_bytes_at_top());
    const std::size_t end_bytes = capacity_bytes - lacking_bytes(capacity_bytes);
    if (gathered >= capacity_bytes) return false;
    if (!extend(highest_, capacity_bytes - gathered + end_bytes, 0, limit_bytes)) return false;
    window = cheapest_window(capacity_bytes);
    if (window.first == nullptr) return false;
  }
  if (window.first != window.last) {
    source_.detach_views();
    slide(window);
    ++counts_.compactions;
    if (move_listener_ != nullptr) move_listener_->on_blocks_moved();
  }
  return true;
}

}  // namespace bufgc
