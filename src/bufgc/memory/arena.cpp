#include "bufgc/memory/arena.hpp"

#include <algorithm>
#include <functional>
#include <new>

#include "bufgc/memory/align.hpp"

namespace bufgc {
namespace {

bool idle(const Range* range) noexcept {
  return range->state == RangeState::free || range->state == RangeState::cached;
}

bool covers(const Range* range, const SegmentRecord* record) noexcept {
  return record->begin >= range->data && record->end <= range->end();
}

void link(Range* left, Range* right) noexcept {
  left->after = right;
  right->before = left;
}

std::size_t whole_segments_in(const Range* range) noexcept {
  std::size_t bytes = 0;
  for (const SegmentRecord* record = range->segment;; record = record->next) {
    if (covers(range, record)) bytes += record->segment.size_bytes;
    if (record->end >= range->end()) return bytes;
  }
}

}  // namespace

Arena::Arena(MemorySource& source, std::size_t granule_bytes) noexcept
    : source_(source), granule_bytes_(granule_bytes), bins_(granule_bytes) {}

Arena::~Arena() {
  while (highest_ != nullptr) return_segment(highest_);
}

Range* Arena::allocate(std::size_t capacity_bytes) noexcept {
  Range* range = bins_.find(capacity_bytes);
  if (range == nullptr) return nullptr;
  if (range->capacity_bytes > capacity_bytes) {
    Range* rest = pool_.take();
    if (rest == nullptr) return nullptr;
    bins_.remove(range);
    rest->data = range->data + capacity_bytes;
    rest->capacity_bytes = range->capacity_bytes - capacity_bytes;
    rest->whole_segment_bytes = range->whole_segment_bytes;
    // The rest loses the whole segments that the cut takes or goes through.
    SegmentRecord* record = range->segment;
    for (;; record = record->next) {
      if (record->begin == rest->data) break;
      if (covers(range, record)) rest->whole_segment_bytes -= record->segment.size_bytes;
      if (record->end > rest->data) break;
    }
    rest->segment = record;
    link(rest, range->after);
    link(range, rest);
    range->capacity_bytes = capacity_bytes;
    bins_.insert(rest);
    ++counts_.splits;
  } else {
    bins_.remove(range);
  }
  range->whole_segment_bytes = 0;
  range->state = RangeState::live;
  return range;
}

Range* Arena::join(Range* left, Range* right) noexcept {
  const SegmentRecord* seam = right->segment;
  const std::byte* middle = right->data;
  left->capacity_bytes += right->capacity_bytes;
  left->whole_segment_bytes += right->whole_segment_bytes;
  if (seam->begin != middle && covers(left, seam)) left->whole_segment_bytes += seam->segment.size_bytes;
  link(left, right->after);
  pool_.give(right);
  ++counts_.merges;
  return left;
}

Range* Arena::list_joined(Range* range) noexcept {
  if (range->before->state == RangeState::free) {
    bins_.remove(range->before);
    range = join(range->before, range);
  }
  if (range->after->state == RangeState::free) {
    bins_.remove(range->after);
    range = join(range, range->after);
  }
  bins_.insert(range);
  return range;
}

Range* Arena::free(Range* range) noexcept {
  range->state = RangeState::free;
  range->size_bytes = 0;
  range->whole_segment_bytes = whole_segments_in(range);
  return list_joined(range);
}

Segment Arena::acquire(std::byte* at, std::size_t bytes, std::uint64_t limit_bytes) noexcept {
  const std::size_t granularity = source_.granularity_bytes();
  // A source less aligned than the blocks are: room to align, and to cut the end.
  if (granularity % granule_bytes_ != 0 && at == nullptr) bytes += granule_bytes_;
  const std::uint64_t rounded = (std::uint64_t{bytes} + granularity - 1) / granularity * granularity;
  const std::uint64_t headroom = limit_bytes > reserved_bytes_ ? limit_bytes - reserved_bytes_ : 0;
  if (rounded > headroom || rounded > max_object_bytes) return {};
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

bool Arena::extend(SegmentRecord* last, std::size_t capacity_bytes, std::size_t step_bytes,
                   std::uint64_t limit_bytes) noexcept {
  std::byte* end = last->segment.data + last->segment.size_bytes;
  if (end != last->end) return false;
  const Range* tail = last->back.before;
  std::size_t lacking = capacity_bytes;
  if (tail->state == RangeState::free) lacking -= tail->capacity_bytes;
  Segment segment;
  if (step_bytes > lacking) segment = acquire(end, step_bytes, limit_bytes);
  if (!segment) segment = acquire(end, lacking, limit_bytes);
  return segment && add_segment(segment);
}

bool Arena::grow(std::size_t capacity_bytes, std::size_t step_bytes, std::uint64_t limit_bytes) noexcept {
  // The ends of runs of touching segments, the lowest first, so that holes are filled before the
  // top grows. The bound keeps a badly torn address space from costing a long walk.
  constexpr int most_ends = 16;
  int ends = 0;
  for (SegmentRecord* record = lowest_; record != nullptr; record = record->next) {
    if (record->touches_next()) continue;
    if (++ends == most_ends) record = highest_;
    if (extend(record, capacity_bytes, step_bytes, limit_bytes)) return true;
  }
  Segment segment;
  if (step_bytes > capacity_bytes) segment = acquire(nullptr, step_bytes, limit_bytes);
  if (!segment) segment = acquire(nullptr, capacity_bytes, limit_bytes);
  return segment && add_segment(segment);
}

bool Arena::add_segment(Segment segment) noexcept {
  auto* record = new (std::nothrow) SegmentRecord;
  Range* range = pool_.take();
  Range* spare = pool_.take();
  if (record == nullptr || range == nullptr || spare == nullptr) {
    delete record;
    if (range != nullptr) pool_.give(range);
    if (spare != nullptr) pool_.give(spare);
    source_.release(segment);
    ++counts_.source_calls;
    return false;
  }
  const auto misaligned =
      static_cast<std::size_t>(reinterpret_cast<std::uintptr_t>(segment.data) & (granule_bytes_ - 1));
  const std::size_t skipped = misaligned == 0 ? 0 : granule_bytes_ - misaligned;
  record->segment = segment;
  record->begin = segment.data + skipped;
  record->end = record->begin + round_down(segment.size_bytes - skipped, granule_bytes_);
  record->spare = spare;
  record->front.state = RangeState::edge;
  record->back.state = RangeState::edge;

  record->previous = highest_;
  while (record->previous != nullptr && std::less<>{}(segment.data, record->previous->segment.data)) {
    record->next = record->previous;
    record->previous = record->previous->previous;
  }
  (record->previous != nullptr ? record->previous->next : lowest_) = record;
  (record->next != nullptr ? record->next->previous : highest_) = record;

  range->data = record->begin;
  range->capacity_bytes = bytes_between(record->begin, record->end);
  range->segment = record;
  range->whole_segment_bytes = segment.size_bytes;
  link(record->touches_previous() ? record->previous->back.before : &record->front, range);
  link(range, record->touches_next() ? record->next->front.after : &record->back);
  list_joined(range);

  reserved_bytes_ += segment.size_bytes;
  counts_.peak_reserved_bytes = std::max(counts_.peak_reserved_bytes, reserved_bytes_);
  ++counts_.segments;
  if (listener_ != nullptr) listener_->on_segment_reserved(segment);
  return true;
}

void Arena::return_segment(SegmentRecord* record) noexcept {
  (record->previous != nullptr ? record->previous->next : lowest_) = record->next;
  (record->next != nullptr ? record->next->previous : highest_) = record->previous;
  const Segment segment = record->segment;
  if (record->spare != nullptr) pool_.give(record->spare);
  delete record;
  reserved_bytes_ -= segment.size_bytes;
  --counts_.segments;
  ++counts_.source_calls;
  source_.release(segment);
  if (listener_ != nullptr) listener_->on_segment_released(segment);
}

void Arena::release_run(Range* range, SegmentRecord* first, SegmentRecord* last) noexcept {
  bins_.remove(range);
  Range* left = range->before;
  Range* right = range->after;
  std::byte* const end = range->end();
  if (last->end < end) {
    right = last->spare;
    last->spare = nullptr;
    *right = Range{};
    right->data = last->end;
    right->capacity_bytes = bytes_between(last->end, end);
    right->segment = last->next;
    link(right, range->after);
  }
  if (range->data < first->begin) {
    left = range;
    left->capacity_bytes = bytes_between(range->data, first->begin);
    left->whole_segment_bytes = whole_segments_in(left);
  }
  // Where a segment that stays touched one that goes, its edge comes into use.
  if (first->touches_previous()) link(left, &first->previous->back);
  if (last->touches_next()) link(&last->next->front, right);
  if (left == range) {
    bins_.insert(left);
  } else {
    pool_.give(range);
  }
  if (right->state == RangeState::free) {
    right->whole_segment_bytes = whole_segments_in(right);
    bins_.insert(right);
  }
  for (SegmentRecord* record = last;;) {
    SegmentRecord* lower = record->previous;
    const bool done = record == first;
    return_segment(record);
    if (done) return;
    record = lower;
  }
}

std::uint64_t Arena::release_within(Range* range, std::uint64_t wanted_bytes) noexcept {
  if (range->whole_segment_bytes == 0 || wanted_bytes == 0) return 0;
  SegmentRecord* last = range->segment;
  while (last->touches_next() && last->next->end <= range->end()) last = last->next;
  SegmentRecord* first = last;
  std::uint64_t bytes = last->segment.size_bytes;
  while (bytes < wanted_bytes && first->touches_previous() && covers(range, first->previous)) {
    first = first->previous;
    bytes += first->segment.size_bytes;
  }
  release_run(range, first, last);
  return bytes;
}

std::uint64_t Arena::release_free_segments(std::uint64_t wanted_bytes) noexcept {
  std::uint64_t released = 0;
  while (released < wanted_bytes && bins_.whole_segment_bytes() > 0) {
    Range* highest = nullptr;
    for (std::size_t bin = bins_.occupied_from(0); bin < FreeBins::bin_count;
         bin = bins_.occupied_from(bin + 1)) {
      for (Range* range = bins_.head(bin); range != nullptr; range = range->next) {
        if (range->whole_segment_bytes == 0) continue;
        if (highest == nullptr || std::less<>{}(highest->data, range->data)) highest = range;
      }
    }
    released += release_within(highest, wanted_bytes - released);
  }
  return released;
}

std::size_t Arena::run_bytes(const Range* range) noexcept {
  if (idle(range->before)) return 0;
  std::size_t bytes = 0;
  for (; idle(range); range = range->after) bytes += range->capacity_bytes;
  return bytes;
}

std::size_t Arena::largest_run_bytes() const noexcept {
  std::size_t largest = 0;
  for (std::size_t bin = bins_.occupied_from(0); bin < FreeBins::bin_count;
       bin = bins_.occupied_from(bin + 1)) {
    for (const Range* range = bins_.head(bin); range != nullptr; range = range->next) {
      largest = std::max(largest, run_bytes(range));
    }
  }
  return largest;
}

void Arena::set_listener(SegmentListener* listener) noexcept {
  listener_ = listener;
  if (listener == nullptr) return;
  for (const SegmentRecord* record = lowest_; record != nullptr; record = record->next) {
    listener->on_segment_reserved(record->segment);
  }
}

}  // namespace bufgc
