#include "bufgc/memory/magazine.hpp"

namespace bufgc {

Magazine::Slot* Magazine::find(Slot* home, std::size_t capacity_bytes) noexcept {
  for (std::size_t i = 1; i < window; ++i) {
    if (home[i].capacity_bytes == capacity_bytes) return home + i;
  }
  return nullptr;
}

bool Magazine::add(Range* range) noexcept {
  const std::size_t capacity_bytes = range->capacity_bytes;
  Slot* const home = &slots_[home_of(capacity_bytes)];
  Slot* slot = nullptr;
  for (std::size_t i = 0; i < window; ++i) {
    if (home[i].capacity_bytes == capacity_bytes) {
      slot = home + i;
      break;
    }
    if (slot == nullptr && home[i].head == nullptr) slot = home + i;
  }
  if (slot == nullptr) return false;
  slot->capacity_bytes = capacity_bytes;
  range->slot = static_cast<std::uint16_t>(slot - slots_.data());
  if (room_bytes_ < capacity_bytes) set_room_bytes(capacity_bytes);
  keep(*slot, range, capacity_bytes);
  return true;
}

Range* Magazine::evict() noexcept {
  if (bytes() == 0) return nullptr;
  for (;;) {
    Slot& slot = slots_[hand_];
    Range* const range = slot.head;
    if (range == nullptr) {
      hand_ = hand_ + 1 == slots_.size() ? 0 : hand_ + 1;
      continue;
    }
    slot.head = range->next;
    room_bytes_ += range->capacity_bytes;
    return range;
  }
}

}  // namespace bufgc
