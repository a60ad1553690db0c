// How the arena takes memory from its source and gives it back.

#include <algorithm>
#include <functional>
#include <new>

#include "bufgc/memory/align.hpp"
#include "bufgc/memory/arena.hpp"

namespace bufgc {
namespace {

/// The free space at the end of `extent`.
std::size_t free_end_bytes(const Extent* extent) noexcept {
  const Range* tail = extent->back.before;
  return tail->state == RangeState::free ? tail->capacity_bytes : 0;
}

Segment whole(const Extent* extent) noexcept {
  return {extent->begin, bytes_between(extent->begin, extent->end)};
}

}  // namespace

Extent* Arena::extent_at(const std::byte* address) const noexcept {
  Extent* extent = highest_;
  while (extent != nullptr && std::less<>{}(address, static_cast<const std::byte*>(extent->begin))) {
    extent = extent->previous;
  }
  return extent;
}

Extent* Arena::insert_extent(Extent* previous) noexcept {
  auto* extent = new (std::nothrow) Extent;
  if (extent == nullptr) return nullptr;
  extent->front.state = RangeState::edge;
  extent->back.state = RangeState::edge;
  extent->previous = previous;
  extent->next = previous == nullptr ? lowest_ : previous->next;
  (extent->previous != nullptr ? extent->previous->next : lowest_) = extent;
  (extent->next != nullptr ? extent->next->previous : highest_) = extent;
  ++counts_.extents;
  return extent;
}

void Arena::erase_extent(Extent* extent) noexcept {
  (extent->previous != nullptr ? extent->previous->next : lowest_) = extent->next;
  (extent->next != nullptr ? extent->next->previous : highest_) = extent->previous;
  delete extent;
  --counts_.extents;
}

Segment Arena::acquire(std::byte* at, std::size_t bytes, std::uint64_t limit_bytes) noexcept {
  const std::uint64_t rounded = round_up(bytes, page_bytes_);
  const std::uint64_t headroom = limit_bytes > reserved_bytes_ ? limit_bytes - reserved_bytes_ : 0;
  if (rounded > headroom) return {};
  const auto wanted = static_cast<std::size_t>(rounded);
  const Segment segment = at == nullptr ? source_.acquire(wanted) : source_.acquire_at(at, wanted);
  if (segment || at == nullptr) ++counts_.source_calls;
  if (segment && segment.size_bytes > headroom) {
    source_.release(segment);
    ++counts_.source_calls;
    return {};
  }
  return segment;
}

void Arena::give_back(Segment segment) noexcept {
  reserved_bytes_ -= segment.size_bytes;
  ++counts_.source_calls;
  source_.release(segment);
  if (listener_ != nullptr) listener_->on_segment_released(segment);
}

std::size_t Arena::lacking_bytes(std::size_t capacity_bytes) const noexcept {
  const std::size_t free_bytes = highest_ == nullptr ? 0 : free_end_bytes(highest_);
  return capacity_bytes > free_bytes ? capacity_bytes - free_bytes : 0;
}

bool Arena::extend(Extent* extent, std::size_t capacity_bytes, std::size_t step_bytes,
                   std::uint64_t limit_bytes) noexcept {
  const std::size_t lacking = capacity_bytes - free_end_bytes(extent);
  Segment segment;
  if (step_bytes > lacking) segment = acquire(extent->end, step_bytes, limit_bytes);
  if (!segment) segment = acquire(extent->end, lacking, limit_bytes);
  return segment && add(segment);
}

bool Arena::grow(std::size_t capacity_bytes, std::size_t step_bytes, std::uint64_t limit_bytes) noexcept {
  // The lowest extents first, so that holes are filled before the top grows. The bound keeps a badly
  // torn address space from costing a long walk.
  constexpr int most_extents = 16;
  int tried = 0;
  for (Extent* extent = lowest_; extent != nullptr; extent = extent->next) {
    if (++tried == most_extents) extent = highest_;
    if (extend(extent, capacity_bytes, step_bytes, limit_bytes)) return true;
  }
  Segment segment;
  if (step_bytes > capacity_bytes) segment = acquire(nullptr, step_bytes, limit_bytes);
  if (!segment) segment = acquire(nullptr, capacity_bytes, limit_bytes);
  return segment && add(segment);
}

bool Arena::grow_top(std::size_t bytes, std::uint64_t limit_bytes) noexcept {
  Segment segment = acquire(highest_->end, bytes, limit_bytes);
  if (!segment) segment = acquire(nullptr, bytes, limit_bytes);
  return segment && add(segment);
}

bool Arena::add(Segment segment) noexcept {
  Extent* lower = extent_at(segment.data);
  Extent* upper = lower == nullptr ? lowest_ : lower->next;
  std::byte* const end = segment.data + segment.size_bytes;
  const bool joins_lower = lower != nullptr && lower->end == segment.data;
  const bool joins_upper = upper != nullptr && upper->begin == end;
  Range* range = pool_.take();
  Extent* extent = joins_lower ? lower : joins_upper ? upper : nullptr;
  if (range != nullptr && extent == nullptr) {
    extent = insert_extent(lower);
    if (extent != nullptr) {
      extent->begin = segment.data;
      link(&extent->front, &extent->back);
    }
  }
  if (range == nullptr || extent == nullptr) {
    if (range != nullptr) pool_.give(range);
    source_.release(segment);
    ++counts_.source_calls;
    return false;
  }
  range->data = segment.data;
  range->capacity_bytes = segment.size_bytes;
  if (extent == upper) {
    link(range, upper->front.after);
    link(&upper->front, range);
    upper->begin = segment.data;
  } else {
    link(extent->back.before, range);
    link(range, &extent->back);
    extent->end = end;
    if (joins_upper) {
      link(range, upper->front.after);
      link(upper->back.before, &extent->back);
      extent->end = upper->end;
      erase_extent(upper);
    }
  }
  list_joined(range);
  reserved_bytes_ += segment.size_bytes;
  counts_.peak_reserved_bytes = std::max(counts_.peak_reserved_bytes, reserved_bytes_);
  if (listener_ != nullptr) listener_->on_segment_reserved(segment);
  return true;
}

void Arena::cut_extent(Extent* extent, Extent* upper, Segment pages, Range* left, Range* right) noexcept {
  std::byte* const end = pages.data + pages.size_bytes;
  if (upper != nullptr) {
    upper->begin = end;
    upper->end = extent->end;
    link(extent->back.before, &upper->back);
    link(&upper->front, right);
    link(left, &extent->back);
    extent->end = pages.data;
  } else if (extent->begin != pages.data) {
    link(left, &extent->back);
    extent->end = pages.data;
  } else if (extent->end != end) {
    link(&extent->front, right);
    extent->begin = end;
  } else {
    erase_extent(extent);
  }
}

Segment Arena::highest_pages(const Range* range, std::uint64_t wanted_bytes) const noexcept {
  const Segment pages = bins_.pages_of(range);
  if (wanted_bytes >= pages.size_bytes) return pages;
  const std::size_t bytes = round_up(static_cast<std::size_t>(wanted_bytes), page_bytes_);
  return {pages.data + (pages.size_bytes - bytes), bytes};
}

bool Arena::take_out(Range* range, Segment pages) noexcept {
  std::byte* const end = pages.data + pages.size_bytes;
  Extent* extent = extent_at(pages.data);
  const bool keeps_left = range->data != pages.data;
  const bool keeps_right = range->end() != end;
  // All that can fail comes first.
  Range* rest = keeps_left && keeps_right ? pool_.take() : nullptr;
  const bool cuts = extent->begin != pages.data && extent->end != end;
  Extent* upper = cuts ? insert_extent(extent) : nullptr;
  if ((keeps_left && keeps_right && rest == nullptr) || (cuts && upper == nullptr)) {
    if (rest != nullptr) pool_.give(rest);
    if (upper != nullptr) erase_extent(upper);
    return false;
  }

  unlist(range);
  Range* left = keeps_left ? range : range->before;
  Range* right = range->after;
  if (keeps_right) {
    right = keeps_left ? rest : range;
    const std::size_t bytes = bytes_between(end, range->end());
    if (right == rest) link(rest, range->after);
    right->data = end;
    right->capacity_bytes = bytes;
  }
  if (keeps_left) left->capacity_bytes = bytes_between(left->data, pages.data);
  cut_extent(extent, upper, pages, left, right);
  if (keeps_left) list(left);
  if (keeps_right) list(right);
  if (!keeps_left && !keeps_right) pool_.give(range);
  reserved_bytes_ -= pages.size_bytes;
  if (listener_ != nullptr) listener_->on_segment_released(pages);
  return true;
}

std::uint64_t Arena::release_within(Range* range, std::uint64_t wanted_bytes) noexcept {
  if (range->state != RangeState::free) return 0;
  const Segment pages = highest_pages(range, wanted_bytes);
  if (pages.size_bytes == 0 || !take_out(range, pages)) return 0;
  ++counts_.source_calls;
  source_.release(pages);
  return pages.size_bytes;
}

std::uint64_t Arena::release_pages(std::uint64_t wanted_bytes) noexcept {
  std::uint64_t released = 0;
  while (released < wanted_bytes && bins_.page_bytes() > 0) {
    Range* highest = nullptr;
    for (std::size_t bin = bins_.occupied_from(0); bin < FreeBins::bin_count;
         bin = bins_.occupied_from(bin + 1)) {
      for (Range* range = bins_.head(bin); range != nullptr; range = range->next) {
        if (!bins_.pages_of(range)) continue;
        if (highest == nullptr || std::less<>{}(highest->data, range->data)) highest = range;
      }
    }
    if (highest == nullptr) break;
    const std::uint64_t bytes = release_within(highest, wanted_bytes - released);
    if (bytes == 0) break;
    released += bytes;
  }
  return released;
}

void Arena::set_listener(SegmentListener* listener) noexcept {
  listener_ = listener;
  if (listener == nullptr) return;
  for (const Extent* extent = lowest_; extent != nullptr; extent = extent->next) {
    listener->on_segment_reserved(whole(extent));
  }
}

}  // namespace bufgc
