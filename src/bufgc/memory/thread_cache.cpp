#include "bufgc/memory/thread_cache.hpp"

namespace bufgc {

Range* BlockCache::take_from_row(std::size_t size_bytes, std::size_t capacity_bytes, bool& rose) noexcept {
  if (!row.is_for(capacity_bytes) || row.is_idle()) return nullptr;
  Range* const range = row.take();
  if (range == nullptr) return nullptr;
  // Only where it differs: what is not written stays in the cache of the processor that frees it, too.
  if (range->size_bytes != size_bytes) range->size_bytes = size_bytes;
  rose = !counters.on_allocate(size_bytes);
  return range;
}

bool BlockCache::put_in_row(Range* range) noexcept {
  if (!row.is_for(range->capacity_bytes) || row.is_full()) return false;
  counters.on_free(1, range->size_bytes);
  row.put(range);
  return true;
}

}  // namespace bufgc
