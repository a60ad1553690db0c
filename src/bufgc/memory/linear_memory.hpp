#pragma once

#if defined(__EMSCRIPTEN__)

#include <cstddef>

#include "bufgc/memory/address_ranges.hpp"
#include "bufgc/memory/lock.hpp"
#include "bufgc/memory/memory_source.hpp"

namespace bufgc {

/// WebAssembly's linear memory, taken at its end (`sbrk`), as much as is asked for and no more: what
/// the memory grows by is what is reserved.
///
/// `malloc` grows at the same end, and each time puts a seam between segments that would touch. So
/// it is first made to take enough for itself to last: room below all segments that costs addresses,
/// and no memory until it is touched. When that is used up, it takes more. So until then where a segment may
/// be extended depends on the calls made here alone: whoever watches, and needs memory to do so, changes no
/// placement and no count.
///
/// Linear memory never shrinks. What is released waits here, joined with released neighbours, for
/// the next `acquire` that fits.
class LinearMemory final : public MemorySource {
 public:
  LinearMemory() = default;

  [[nodiscard]] Segment acquire(std::size_t min_bytes) noexcept override;
  [[nodiscard]] Segment acquire_at(std::byte* address, std::size_t min_bytes) noexcept override;
  void release(Segment segment) noexcept override;
  /// Finer than WebAssembly's page of 64 KiB: what is left of a page serves the next call.
  [[nodiscard]] std::size_t granularity_bytes() const noexcept override { return 4096; }

  [[nodiscard]] bool returns_memory() const noexcept override { return false; }
  /// Memory shared with other threads cannot be taken from them.
  [[nodiscard]] bool can_detach_views() const noexcept override;
  /// By growing the memory by nothing, which makes every typed array over it one of length 0.
  void detach_views() noexcept override;

  /// What was released and not acquired again.
  [[nodiscard]] std::size_t idle_bytes() const noexcept { return idle_bytes_; }

 private:
  /// Grows the memory so that `bytes` idle bytes, in whole granules, are at its end, together with
  /// what is idle there. False when it cannot grow so far.
  [[nodiscard]] bool append(std::size_t bytes) noexcept;
  /// The beginning of what is idle at the end of memory, or that end.
  [[nodiscard]] std::byte* idle_end() noexcept;
  /// Lets `malloc` take room for itself where somebody else than this source took the end of memory.
  void make_room_for_malloc() noexcept;
  [[nodiscard]] Segment counted(Segment segment) noexcept {
    idle_bytes_ -= segment.size_bytes;
    return segment;
  }

  Lock lock_;
  AddressRanges idle_;
  std::size_t idle_bytes_ = 0;
  std::byte* end_ = nullptr;  ///< Of what was taken last.
  std::size_t malloc_room_bytes_ = std::size_t{16} << 20;
};

}  // namespace bufgc

#endif
