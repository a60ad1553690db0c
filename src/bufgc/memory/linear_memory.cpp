#include "bufgc/memory/linear_memory.hpp"

#if defined(__EMSCRIPTEN__)

#include <unistd.h>

#include <cstdint>

#include "bufgc/memory/align.hpp"

namespace bufgc {
namespace {

std::byte* end_of_memory() noexcept {
  return static_cast<std::byte*>(sbrk(0));
}

/// Moves the end of memory up; false when the memory cannot grow so far.
bool move_end(std::size_t bytes) noexcept {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the value by which sbrk says no.
  return sbrk(static_cast<std::intptr_t>(bytes)) != reinterpret_cast<void*>(-1);
}

}  // namespace

Segment LinearMemory::acquire(std::size_t min_bytes) noexcept {
  if (min_bytes == 0 || min_bytes > max_object_bytes) return {};
  const Locked locked(lock_);
  const std::size_t bytes = round_up(min_bytes, granularity_bytes());
  if (const Segment range = idle_.take_lowest(bytes)) {
    idle_bytes_ -= bytes;
    return range;
  }
  std::byte* end = end_of_memory();
  const std::size_t misaligned = reinterpret_cast<std::uintptr_t>(end) % granularity_bytes();
  const std::size_t skipped = misaligned == 0 ? 0 : granularity_bytes() - misaligned;
  if (!move_end(skipped + bytes)) return {};
  return {end + skipped, bytes};
}

Segment LinearMemory::acquire_at(std::byte* address, std::size_t min_bytes) noexcept {
  if (min_bytes == 0 || min_bytes > max_object_bytes) return {};
  const Locked locked(lock_);
  if (!idle_.reserve(1)) return {};
  const std::size_t bytes = round_up(min_bytes, granularity_bytes());
  if (const Segment range = idle_.take_at(address, bytes)) {
    idle_bytes_ -= bytes;
    return range;
  }
  if (end_of_memory() != address || !move_end(bytes)) return {};
  return {address, bytes};
}

void LinearMemory::release(Segment segment) noexcept {
  const Locked locked(lock_);
  // Without heap for one more entry the memory cannot be remembered, and is lost.
  if (!idle_.reserve(1)) return;
  idle_.put(segment);
  idle_bytes_ += segment.size_bytes;
  if (const Segment last = idle_.take_ending_at(end_of_memory())) {
    idle_bytes_ -= last.size_bytes;
    sbrk(-static_cast<std::intptr_t>(last.size_bytes));
  }
}

}  // namespace bufgc

#endif
