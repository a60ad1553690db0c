#include "bufgc/memory/linear_memory.hpp"

#if defined(__EMSCRIPTEN__)

#include <unistd.h>

#include <algorithm>
#include <cstdint>

#include "bufgc/memory/align.hpp"

namespace bufgc {
namespace {

constexpr std::size_t smallest_run_bytes = std::size_t{16} << 20;
constexpr std::size_t largest_run_bytes = std::size_t{256} << 20;

/// `bytes` bytes, aligned to `granule`, above the end of memory and one granule apart from what lies
/// below; empty when the memory cannot grow so far.
Segment raise_end(std::size_t bytes, std::size_t granule) noexcept {
  auto* const end = static_cast<std::byte*>(sbrk(0));
  const std::size_t misaligned = reinterpret_cast<std::uintptr_t>(end) % granule;
  const std::size_t skipped = granule + (misaligned == 0 ? 0 : granule - misaligned);
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the value by which sbrk says no.
  if (sbrk(static_cast<std::intptr_t>(skipped + bytes)) == reinterpret_cast<void*>(-1)) return {};
  return {end + skipped, bytes};
}

}  // namespace

bool LinearMemory::add_run(std::size_t bytes) noexcept {
  if (!idle_.reserve(1)) return false;
  const std::size_t wanted = std::clamp(run_bytes_, smallest_run_bytes, largest_run_bytes);
  Segment run;
  if (wanted > bytes) run = raise_end(wanted, granularity_bytes());
  if (!run) run = raise_end(bytes, granularity_bytes());
  if (!run) return false;
  idle_.put(run);
  idle_bytes_ += run.size_bytes;
  run_bytes_ += run.size_bytes;
  return true;
}

Segment LinearMemory::acquire(std::size_t min_bytes) noexcept {
  if (min_bytes == 0 || min_bytes > max_object_bytes) return {};
  const Locked locked(lock_);
  const std::size_t bytes = round_up(min_bytes, granularity_bytes());
  if (bytes > max_object_bytes) return {};
  Segment range = idle_.take_lowest(bytes);
  if (!range && add_run(bytes)) range = idle_.take_lowest(bytes);
  idle_bytes_ -= range.size_bytes;
  return range;
}

Segment LinearMemory::acquire_at(std::byte* address, std::size_t min_bytes) noexcept {
  if (min_bytes == 0 || min_bytes > max_object_bytes) return {};
  const Locked locked(lock_);
  if (!idle_.reserve(1)) return {};
  const Segment range = idle_.take_at(address, round_up(min_bytes, granularity_bytes()));
  idle_bytes_ -= range.size_bytes;
  return range;
}

void LinearMemory::release(Segment segment) noexcept {
  const Locked locked(lock_);
  // Without heap for one more entry the memory cannot be remembered, and is lost.
  if (!idle_.reserve(1)) return;
  idle_.put(segment);
  idle_bytes_ += segment.size_bytes;
}

}  // namespace bufgc

#endif
