#include "bufgc/memory/range_pool.hpp"

#include <iterator>
#include <new>

namespace bufgc {

/// Ranges without a gap, and the links of each at one distance from it.
struct RangePool::Slab {
  Range ranges[64];
  /// Between the two also so that a range and its links do not lie a page's length apart: the processor
  /// takes a load for one of what was just stored where the low twelve bits of both addresses are the same.
  Slab* next = nullptr;
#if defined(BUFGC_LINKS_APART)
  struct alignas(sizeof(Range)) Links : RangeLinks {};
  Links links[64];
  static_assert(Range::links_offset_bytes == sizeof(ranges) + alignof(Links) &&
                sizeof(Links) == sizeof(Range));
#endif
};

RangePool::~RangePool() {
  while (slabs_ != nullptr) {
    Slab* next = slabs_->next;
    delete slabs_;
    slabs_ = next;
  }
}

bool RangePool::add_slab() noexcept {
  auto* const slab = new (std::nothrow) Slab;
  if (slab == nullptr) return false;
  // Backwards, so that records come out in address order.
  for (std::size_t i = std::size(slab->ranges); i-- > 0;) give(&slab->ranges[i]);
  slab->next = slabs_;
  slabs_ = slab;
  return true;
}

}  // namespace bufgc
