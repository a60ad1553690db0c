#include "bufgc/buffer/record_pool.hpp"

#include <new>

#include "bufgc/memory/lock.hpp"
#include "bufgc/memory/slabs.hpp"

namespace bufgc {
namespace {

// Constant-initialised and trivially destroyed, so that buffers in static objects may die in any order.
constinit Lock pool_lock;
constinit Slabs slabs;
constinit RecordChunk* pool_first = nullptr;

}  // namespace

RecordChunk* take_record_chunk() noexcept {
  const Locked locked(pool_lock);
  if (RecordChunk* chunk = pool_first; chunk != nullptr) {
    pool_first = chunk->next;
    chunk->next = nullptr;
    return chunk;
  }
  void* const memory = slabs.take(sizeof(RecordChunk));
  return memory == nullptr ? nullptr : new (memory) RecordChunk;
}

void give_record_chunk(RecordChunk* chunk) noexcept {
  const Locked locked(pool_lock);
  chunk->next = pool_first;
  pool_first = chunk;
}

}  // namespace bufgc
