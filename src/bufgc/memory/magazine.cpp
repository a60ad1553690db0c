#include "bufgc/memory/magazine.hpp"

#include "bufgc/memory/align.hpp"

namespace bufgc {

Magazine::Magazine(std::size_t granule_bytes) noexcept : granule_log2_(floor_log2(granule_bytes)) {}

Magazine::Slot* Magazine::claim(Slot* first, std::size_t capacity_bytes) noexcept {
  Slot* empty = nullptr;
  for (std::size_t i = 0; i < window; ++i) {
    Slot* slot = first + i;
    if (slot->capacity_bytes == capacity_bytes) return slot;
    if (slot->head == nullptr && empty == nullptr) empty = slot;
  }
  if (empty != nullptr) empty->capacity_bytes = capacity_bytes;
  return empty;
}

Range* Magazine::evict() noexcept {
  if (bytes_ == 0) return nullptr;
  for (;;) {
    Slot& slot = slots_[hand_];
    hand_ = hand_ + 1 == slots_.size() ? 0 : hand_ + 1;
    if (slot.head == nullptr) continue;
    Range* range = slot.head;
    slot.head = range->next;
    bytes_ -= range->capacity_bytes;
    return range;
  }
}

}  // namespace bufgc
