#include "bufgc/memory/arena.hpp"

#include "bufgc/memory/align.hpp"

namespace bufgc {
namespace {

bool idle(const Range* range) noexcept {
  return range->state == RangeState::free || range->state == RangeState::cached;
}

void link(Range* left, Range* right) noexcept {
  left->after = right;
  right->before = left;
}

}  // namespace

Arena::Arena(MemorySource& source, std::size_t granule_bytes) noexcept
    : source_(source),
      granule_bytes_(granule_bytes),
      page_bytes_(source.granularity_bytes()),
      bins_(granule_bytes, page_bytes_) {}

Arena::~Arena() {
  while (highest_ != nullptr) {
    const Segment segment{highest_->begin, bytes_between(highest_->begin, highest_->end)};
    erase_extent(highest_);
    give_back(segment);
  }
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
    link(rest, range->after);
    link(range, rest);
    range->capacity_bytes = capacity_bytes;
    bins_.insert(rest);
    ++counts_.splits;
  } else {
    bins_.remove(range);
  }
  range->state = RangeState::live;
  return range;
}

Range* Arena::join(Range* left, Range* right) noexcept {
  left->capacity_bytes += right->capacity_bytes;
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
  range->size_bytes = 0;
  return list_joined(range);
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
      const std::size_t bytes = run_bytes(range);
      if (bytes > largest) largest = bytes;
    }
  }
  return largest;
}

}  // namespace bufgc
