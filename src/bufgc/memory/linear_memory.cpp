#include "bufgc/memory/linear_memory.hpp"

#if defined(__EMSCRIPTEN__)

#include <emscripten/heap.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

#include "bufgc/memory/align.hpp"

// Emscripten's library: makes its views of the memory anew after growth that it did not do itself.
extern "C" void emscripten_notify_memory_growth(std::size_t memory_index);

namespace bufgc {
namespace {

std::byte* end_of_memory() noexcept {
  return static_cast<std::byte*>(sbrk(0));
}

}  // namespace

void LinearMemory::make_room_for_malloc() noexcept {
  constexpr std::size_t most_bytes = std::size_t{64} << 20;
  if (end_of_memory() == end_) return;
  // Allocators keep what is freed at their end. Volatile, or the compiler would see that nothing happens.
  void* volatile room = std::malloc(malloc_room_bytes_);
  std::free(room);
  malloc_room_bytes_ = most_bytes;
}

std::byte* LinearMemory::idle_end() noexcept {
  std::byte* const end = end_of_memory();
  const Segment last = idle_.take_ending_at(end);
  if (last) idle_.put(last);
  return last ? last.data : end;
}

bool LinearMemory::append(std::size_t bytes) noexcept {
  std::byte* const end = end_of_memory();
  const std::size_t misaligned = reinterpret_cast<std::uintptr_t>(end) % granularity_bytes();
  const std::size_t skipped = misaligned == 0 ? 0 : granularity_bytes() - misaligned;
  const std::size_t added = bytes - bytes_between(idle_end(), end);
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the value by which sbrk says no.
  if (sbrk(static_cast<std::intptr_t>(skipped + added)) == reinterpret_cast<void*>(-1)) return false;
  end_ = end + skipped + added;
  idle_.put({end + skipped, added});
  idle_bytes_ += added;
  return true;
}

Segment LinearMemory::acquire(std::size_t min_bytes) noexcept {
  if (min_bytes == 0 || min_bytes > max_object_bytes) return {};
  const Locked locked(lock_);
  const std::size_t bytes = round_up(min_bytes, granularity_bytes());
  if (bytes > max_object_bytes || !idle_.reserve(1)) return {};
  Segment range = idle_.take_lowest(bytes);
  if (!range) {
    make_room_for_malloc();
    if (append(bytes)) range = idle_.take_lowest(bytes);
  }
  return counted(range);
}

Segment LinearMemory::acquire_at(std::byte* address, std::size_t min_bytes) noexcept {
  if (min_bytes == 0 || min_bytes > max_object_bytes) return {};
  const Locked locked(lock_);
  const std::size_t bytes = round_up(min_bytes, granularity_bytes());
  if (bytes > max_object_bytes || !idle_.reserve(1)) return {};
  Segment range = idle_.take_at(address, bytes);
  if (!range && address == idle_end() && append(bytes)) range = idle_.take_at(address, bytes);
  return counted(range);
}

void LinearMemory::release(Segment segment) noexcept {
  const Locked locked(lock_);
  // Without heap for one more entry the memory cannot be remembered, and is lost.
  if (!idle_.reserve(1)) return;
  idle_.put(segment);
  idle_bytes_ += segment.size_bytes;
}

bool LinearMemory::can_detach_views() const noexcept {
#if defined(__EMSCRIPTEN_PTHREADS__)
  return false;
#else
  return true;
#endif
}

void LinearMemory::detach_views() noexcept {
  __builtin_wasm_memory_grow(0, 0);
  emscripten_notify_memory_growth(0);
}

}  // namespace bufgc

#endif
