// A region of the arena whose blocks are placed by a plan, at offsets that are known beforehand.
// Its ranges stand among all others; only its free space is found by address, and serves nothing else.

#include "bufgc/memory/arena.hpp"

namespace bufgc {

void Arena::make_region(Range* block) noexcept {
  region_.begin = block->data;
  region_.end = block->end();
  region_.free_bytes = block->capacity_bytes;
  block->state = RangeState::region;
  region_.free.insert(block);
}

Range* Arena::allocate_in_region(std::uint64_t offset_bytes, std::size_t capacity_bytes) noexcept {
  if (offset_bytes > region_bytes() || capacity_bytes > region_bytes() - offset_bytes) return nullptr;
  std::byte* const begin = region_.begin + offset_bytes;
  std::byte* const end = begin + capacity_bytes;
  Range* range = region_.free.at(begin);
  if (range == nullptr || std::less<>{}(range->end(), end)) return nullptr;
  const std::size_t left_bytes = bytes_between(range->data, begin);
  const std::size_t right_bytes = bytes_between(end, range->end());
  // All that can fail comes first. `range` stays the free space on one side, if there is any.
  Range* block = left_bytes + right_bytes > 0 ? pool_.take() : range;
  Range* rest = left_bytes > 0 && right_bytes > 0 ? pool_.take() : nullptr;
  if (block == nullptr || (rest == nullptr && left_bytes > 0 && right_bytes > 0)) {
    if (block != nullptr) pool_.give(block);
    return nullptr;
  }
  if (block == range) {
    region_.free.remove(range);
  } else if (left_bytes > 0) {
    if (rest != nullptr) {
      rest->data = end;
      rest->capacity_bytes = right_bytes;
      rest->state = RangeState::region;
      link(rest, range->after);
      link(range, rest);
    }
    link(block, range->after);
    link(range, block);
    range->capacity_bytes = left_bytes;
    AddressTree::update(range);
    if (rest != nullptr) region_.free.insert(rest);
  } else {
    link(range->before, block);
    link(block, range);
    range->data = end;
    range->capacity_bytes = right_bytes;
    AddressTree::update(range);
  }
  if (block != range) ++counts_.splits;
  block->data = begin;
  block->capacity_bytes = capacity_bytes;
  block->state = RangeState::held;
  region_.free_bytes -= capacity_bytes;
  return block;
}

Range* Arena::free_in_region(Range* range) noexcept {
  region_.free_bytes += range->capacity_bytes;
  range->state = RangeState::region;
  Range* const before = range->before->state == RangeState::region ? range->before : nullptr;
  Range* const after = range->after->state == RangeState::region ? range->after : nullptr;
  if (before == nullptr && after == nullptr) {
    region_.free.insert(range);
    return range;
  }
  Range* const joined = before != nullptr ? before : after;
  std::size_t bytes = joined->capacity_bytes + range->capacity_bytes;
  if (before != nullptr && after != nullptr) {
    bytes += after->capacity_bytes;
    region_.free.remove(after);
    link(before, after->after);
    pool_.give(after);
    ++counts_.merges;
  } else {
    link(range->before, range->after);
  }
  if (joined == after) after->data = range->data;
  joined->capacity_bytes = bytes;
  AddressTree::update(joined);
  pool_.give(range);
  ++counts_.merges;
  return joined;
}

void Arena::dissolve_region() noexcept {
  while (Range* range = region_.free.find(1)) {
    region_.free.remove(range);
    list_joined(range);
  }
  region_ = {};
}

}  // namespace bufgc
