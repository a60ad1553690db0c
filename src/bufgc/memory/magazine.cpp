#include "bufgc/memory/magazine.hpp"

namespace bufgc {
namespace {

constexpr Range end_of_row() noexcept {
  Range range;
  range.capacity_bytes = std::numeric_limits<std::size_t>::max();  // no multiple of a granule
  return range;
}

}  // namespace

constinit Range Magazine::none_ = end_of_row();

Range* Magazine::take(std::size_t capacity_bytes) noexcept {
  const std::size_t home = home_of(capacity_bytes);
  for (std::size_t slot = home; slot < home + window; ++slot) {
    if (Range* const range = take_at(slot, capacity_bytes); range != nullptr) return range;
  }
  return nullptr;
}

bool Magazine::add(Range* range) noexcept {
  const std::size_t capacity_bytes = range->capacity_bytes;
  const std::size_t home = home_of(capacity_bytes);
  const std::size_t end = home + window;
  std::size_t slot = end;
  for (std::size_t i = home; i < end; ++i) {
    if (sizes_[i] == capacity_bytes) {
      slot = i;
      break;
    }
    if (slot == end && heads_[i] == &none_) slot = i;
  }
  if (slot == end) return false;
  sizes_[slot] = capacity_bytes;
  range->slot = static_cast<std::uint16_t>(slot);
  if (room_bytes_ < capacity_bytes) set_room_bytes(capacity_bytes);
  keep(slot, range, capacity_bytes);
  return true;
}

void Magazine::forget(std::size_t capacity_bytes) noexcept {
  const std::size_t home = home_of(capacity_bytes);
  for (std::size_t slot = home; slot < home + window; ++slot) {
    if (sizes_[slot] == capacity_bytes) sizes_[slot] = 0;
  }
}

Range* Magazine::evict() noexcept {
  if (bytes() == 0) return nullptr;
  for (;;) {
    Range* const range = heads_[hand_];
    if (range == &none_) {
      hand_ = hand_ + 1 == heads_.size() ? 0 : hand_ + 1;
      continue;
    }
    heads_[hand_] = range->next;
    room_bytes_ += range->capacity_bytes;
    return range;
  }
}

}  // namespace bufgc
