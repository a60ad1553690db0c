#include "shelf.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace bufgc::wasm {

bool Shelf::clear() noexcept {
  room_bytes = 0;
  if (left_bytes != most_turned_bytes) {
    BufferAccess::count_turns(heap, turns, most_turned_bytes - left_bytes);
    std::fill(std::begin(turns), std::end(turns), 0U);
    left_bytes = most_turned_bytes;
  }
  // The topmost last, for it to be the first again that the cache gives.
  const std::uint32_t laid = std::exchange(count, 0);
  for (std::uint32_t i = 0; i < laid; ++i) BufferAccess::release(records[i], Cause::dispose);
  return laid > 0;
}

void Shelf::make_room() noexcept {
  if (heap == nullptr || count > 0) return;
  room_bytes = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(BufferAccess::room_for_turns(heap), most_turned_bytes));
}

}  // namespace bufgc::wasm
