#include "bufgc/memory/range_pool.hpp"

#include <iterator>
#include <new>

namespace bufgc {

/// Ranges without a gap, and the links of each at one distance from it.
struct RangePool::Chunk {
  Range ranges[64];
#if defined(BUFGC_LINKS_APART)
  /// So that a range and its links do not lie a page's length apart: the processor takes a load for one of
  /// what was just stored where the low twelve bits of both addresses are the same.
  std::byte between[sizeof(Range)] = {};
  struct alignas(sizeof(Range)) Links : RangeLinks {};
  Links links[64];
  static_assert(Range::links_offset_bytes == sizeof(ranges) + alignof(Links) &&
                sizeof(Links) == sizeof(Range));
#endif
};

bool RangePool::add_chunk() noexcept {
  void* const memory = slabs_.take(sizeof(Chunk));
  if (memory == nullptr) return false;
  auto* const chunk = new (memory) Chunk;
  // Backwards, so that records come out in address order.
  for (std::size_t i = std::size(chunk->ranges); i-- > 0;) put(&chunk->ranges[i]);
  return true;
}

}  // namespace bufgc
