#include "bufgc/memory/range_pool.hpp"

#include <algorithm>
#include <memory>
#include <new>

namespace bufgc {

struct RangePool::Slab {
  Slab* next = nullptr;
  std::unique_ptr<Range[]> ranges;
};

RangePool::~RangePool() {
  while (slabs_ != nullptr) {
    Slab* next = slabs_->next;
    delete slabs_;
    slabs_ = next;
  }
}

bool RangePool::add_slab() noexcept {
  constexpr std::size_t largest = 1024;
  std::unique_ptr<Slab> slab(new (std::nothrow) Slab);
  if (!slab) return false;
  slab->ranges.reset(new (std::nothrow) Range[next_count_]);
  if (!slab->ranges) return false;
  // Backwards, so that records come out in address order.
  for (std::size_t i = next_count_; i-- > 0;) give(&slab->ranges[i]);
  slab->next = slabs_;
  slabs_ = slab.release();
  next_count_ = std::min(next_count_ * 2, largest);
  return true;
}

}  // namespace bufgc
