#include <functional>

#include "bufgc/memory/align.hpp"
#include "bufgc/memory/arena.hpp"

namespace bufgc {

const char* Arena::check_near(const Range* range) noexcept {
  for (const Range* end : {range->before, range->after}) {
    if (end == nullptr) return "a range has no neighbour and no edge beside it";
  }
  if (range->before->after != range || range->after->before != range) {
    return "neighbours do not know each other";
  }
  const bool listed = range->state == RangeState::free;
  for (const Range* other : {range->before, range->after}) {
    if (listed && other->state == RangeState::free) return "two free neighbours are not joined";
  }
  if (range->before->state != RangeState::edge && range->before->end() != range->data) {
    return "a range does not begin where the one before it ends";
  }
  if (range->after->state != RangeState::edge && range->end() != range->after->data) {
    return "a range does not end where the one after it begins";
  }
  if (range->capacity_bytes == 0) return "a range has no bytes";
  if (range->size_bytes > range->capacity_bytes) return "a block is smaller than its request";
  if (range->segment == nullptr || range->data < range->segment->begin ||
      range->data >= range->segment->end) {
    return "a range does not begin in the segment that it names";
  }
  return nullptr;
}

const char* Arena::check_range(const Range* range, Walk& walk) const noexcept {
  if (const char* fault = check_near(range)) return fault;
  if (range->capacity_bytes % granule_bytes_ != 0) return "a range is not a multiple of the granule";
  if (reinterpret_cast<std::uintptr_t>(range->data) % granule_bytes_ != 0) return "a range is not aligned";
  ++walk.ranges;
  switch (range->state) {
    case RangeState::live:
      ++walk.live_blocks;
      walk.live_bytes += range->size_bytes;
      walk.live_capacity_bytes += range->capacity_bytes;
      return nullptr;
    case RangeState::cached:
      ++walk.cached_blocks;
      walk.cached_bytes += range->capacity_bytes;
      return nullptr;
    case RangeState::free:
      break;
    case RangeState::edge:
      return "an edge stands between ranges";
  }
  std::size_t whole = 0;
  for (const SegmentRecord* record = range->segment; record != nullptr && record->begin < range->end();
       record = record->next) {
    if (record->begin >= range->data && record->end <= range->end()) whole += record->segment.size_bytes;
  }
  if (whole != range->whole_segment_bytes) return "a free range miscounts the segments that it covers";
  if (range->bin != bins_.bin_of(range->capacity_bytes)) return "a free range is listed in the wrong bin";
  ++walk.free_ranges;
  walk.free_bytes += range->capacity_bytes;
  walk.whole_segment_bytes += whole;
  return nullptr;
}

const char* Arena::check_run(const SegmentRecord* first, Walk& walk) const noexcept {
  const SegmentRecord* last = first;
  while (last->touches_next()) last = last->next;
  const Range* before = &first->front;
  const std::byte* cursor = first->begin;
  for (const Range* range = before->after; range->state != RangeState::edge; range = range->after) {
    if (range->data != cursor) return "ranges do not tile their segments";
    if (range->before != before) return "neighbours do not know each other";
    if (const char* fault = check_range(range, walk)) return fault;
    cursor = range->end();
    before = range;
  }
  if (cursor != last->end) return "ranges do not reach to the end of their segments";
  if (before->after != &last->back || last->back.before != before) return "segments lost their far edge";
  return nullptr;
}

const char* Arena::check_bins(std::uint64_t free_ranges) const noexcept {
  std::uint64_t listed = 0;
  for (std::size_t bin = 0; bin < FreeBins::bin_count; ++bin) {
    if (bins_.marked(bin) != (bins_.head(bin) != nullptr)) return "a bin's mark is wrong";
    if (bins_.marked(bin) && bins_.occupied_from(bin) != bin) return "the bitmap of bins is wrong";
    const Range* previous = nullptr;
    for (const Range* range = bins_.head(bin); range != nullptr; range = range->next) {
      if (range->state != RangeState::free) return "a bin lists a range that is not free";
      if (range->bin != bin || range->previous != previous) return "a bin's list is broken";
      previous = range;
      if (++listed > free_ranges) return "the bins list more ranges than are free";
    }
  }
  return listed == free_ranges ? nullptr : "a free range is in no bin";
}

const char* Arena::check(Walk& walk) const noexcept {
  const SegmentRecord* previous = nullptr;
  for (const SegmentRecord* record = lowest_; record != nullptr; record = record->next) {
    if (record->previous != previous) return "segments do not know each other";
    if (previous != nullptr && !std::less<>{}(previous->segment.data, record->segment.data)) {
      return "segments are not in address order";
    }
    if (previous != nullptr && previous->segment.data + previous->segment.size_bytes > record->segment.data) {
      return "segments overlap";
    }
    if (record->spare == nullptr) return "a segment has no spare record";
    ++walk.segments;
    walk.reserved_bytes += record->segment.size_bytes;
    walk.slack_bytes += record->slack_bytes();
    if (!record->touches_previous()) {
      if (const char* fault = check_run(record, walk)) return fault;
    }
    previous = record;
  }
  if (highest_ != previous) return "the highest segment is not the last";
  if (const char* fault = check_bins(walk.free_ranges)) return fault;
  if (walk.free_bytes != bins_.bytes()) return "free bytes are miscounted";
  if (walk.whole_segment_bytes != bins_.whole_segment_bytes()) return "whole free segments are miscounted";
  if (walk.reserved_bytes != reserved_bytes_) return "reserved bytes are miscounted";
  if (walk.segments != counts_.segments) return "segments are miscounted";
  return nullptr;
}

}  // namespace bufgc
