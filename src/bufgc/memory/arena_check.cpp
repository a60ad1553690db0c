#include <functional>

#include "bufgc/memory/align.hpp"
#include "bufgc/memory/arena.hpp"

namespace bufgc {

const char* Arena::check_near(const Range* range) noexcept {
  if (range->before == nullptr || range->after == nullptr) {
    return "a range has neither neighbour nor edge beside it";
  }
  if (range->before->after != range || range->after->before != range) {
    return "neighbours do not know each other";
  }
  const bool is_space = range->state == RangeState::free || range->state == RangeState::region;
  if (is_space && (range->before->state == range->state || range->after->state == range->state)) {
    return "two free neighbours are not joined";
  }
  if (range->before->state != RangeState::edge && range->before->end() != range->data) {
    return "a range does not begin where the one before it ends";
  }
  if (range->after->state != RangeState::edge && range->end() != range->after->data) {
    return "a range does not end where the one after it begins";
  }
  if (range->capacity_bytes == 0) return "a range has no bytes";
  if (!range->is_kept() && range->size_bytes > range->capacity_bytes)
    return "a block is smaller than its request";
  return nullptr;
}

const char* Arena::check_range(const Range* range, Walk& walk) const noexcept {
  if (const char* fault = check_near(range)) return fault;
  if (range->capacity_bytes % granule_bytes_ != 0) return "a range is not a multiple of the granule";
  if (reinterpret_cast<std::uintptr_t>(range->data) % granule_bytes_ != 0) return "a range is not aligned";
  ++walk.ranges;
  switch (range->state) {
    case RangeState::held:
      if (range->is_kept()) {
        ++walk.cached_blocks;
        walk.cached_bytes += range->capacity_bytes;
      } else {
        ++walk.live_blocks;
        walk.live_bytes += range->size_bytes;
        walk.live_capacity_bytes += range->capacity_bytes;
      }
      return nullptr;
    case RangeState::free:
      if (range->bin != bins_.bin_of(range->capacity_bytes)) return "a free range is in the wrong bin";
      ++walk.free_ranges;
      walk.free_bytes += range->capacity_bytes;
      walk.free_page_bytes += bins_.pages_of(range).size_bytes;
      return nullptr;
    case RangeState::region:
      if (!in_region(range)) return "free space of the region lies outside";
      ++walk.region_ranges;
      walk.region_free_bytes += range->capacity_bytes;
      return nullptr;
    case RangeState::edge:
      break;
  }
  return "an edge stands between ranges";
}

const char* Arena::check_extent(const Extent* extent, Walk& walk) const noexcept {
  if (reinterpret_cast<std::uintptr_t>(extent->begin) % page_bytes_ != 0 ||
      bytes_between(extent->begin, extent->end) % page_bytes_ != 0) {
    return "an extent does not consist of whole pages";
  }
  const Range* before = &extent->front;
  const std::byte* cursor = extent->begin;
  for (const Range* range = before->after; range != &extent->back; range = range->after) {
    if (range->data != cursor) return "ranges do not tile their extent";
    if (range->before != before) return "neighbours do not know each other";
    if (const char* fault = check_range(range, walk)) return fault;
    cursor = range->end();
    before = range;
  }
  if (cursor != extent->end) return "ranges do not reach to the end of their extent";
  if (extent->back.before != before) return "an extent lost its far edge";
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

const char* Arena::check_region(const Walk& walk) const noexcept {
  if (walk.region_free_bytes != region_.free_bytes) return "free bytes of the region are miscounted";
  return region_.free.check(static_cast<std::size_t>(walk.region_ranges), RangeState::region);
}

const char* Arena::check(Walk& walk) const noexcept {
  const Extent* previous = nullptr;
  for (const Extent* extent = lowest_; extent != nullptr; extent = extent->next) {
    if (extent->previous != previous) return "extents do not know each other";
    if (previous != nullptr && !std::less<>{}(previous->end, extent->begin)) {
      return "extents are not in address order with a hole between";
    }
    ++walk.extents;
    walk.reserved_bytes += bytes_between(extent->begin, extent->end);
    if (const char* fault = check_extent(extent, walk)) return fault;
    previous = extent;
  }
  if (highest_ != previous) return "the highest extent is not the last";
  if (const char* fault = check_bins(walk.free_ranges)) return fault;
  if (const char* fault = tree_.check(first_fit_ ? static_cast<std::size_t>(walk.free_ranges) : 0))
    return fault;
  if (const char* fault = check_region(walk)) return fault;
  if (walk.free_bytes != bins_.bytes()) return "free bytes are miscounted";
  if (walk.free_page_bytes != bins_.page_bytes()) return "free pages are miscounted";
  if (walk.reserved_bytes != reserved_bytes_) return "reserved bytes are miscounted";
  if (walk.extents != counts_.extents) return "extents are miscounted";
  if (walk.ranges != pool_.in_use()) return "a record of a range is lost";
  return nullptr;
}

}  // namespace bufgc
