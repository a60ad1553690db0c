// Linear memory gives no page back, so the core's arena never exchanges pages (`can_exchange_pages`):
// what src/bufgc/memory/arena_exchange.cpp does is left out.

#include <cstdlib>

#include "bufgc/memory/arena.hpp"

namespace bufgc {

Arena::Exchange Arena::grow_by_exchange(std::size_t, std::uint64_t, std::uint64_t) noexcept {
  std::abort();
}

}  // namespace bufgc
