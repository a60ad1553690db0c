#pragma once

#if defined(__EMSCRIPTEN__)

#include <cstddef>

#include "bufgc/memory/address_ranges.hpp"
#include "bufgc/memory/lock.hpp"
#include "bufgc/memory/memory_source.hpp"

namespace bufgc {

/// WebAssembly's linear memory, taken at its end (`sbrk`) in runs of 16 to 256 MiB.
/// A segment is part of one run; runs do not touch. So where a segment may be extended depends on the
/// calls made here alone, and not on what `malloc` took from the end of memory in between: whoever
/// watches, and needs memory to do so, changes no placement and no count. What is not touched of a
/// run costs addresses, no memory.
///
/// Linear memory never shrinks. What is released waits here, joined with released neighbours, for
/// the next `acquire` that fits.
class LinearMemory final : public MemorySource {
 public:
  LinearMemory() = default;

  [[nodiscard]] Segment acquire(std::size_t min_bytes) noexcept override;
  [[nodiscard]] Segment acquire_at(std::byte* address, std::size_t min_bytes) noexcept override;
  void release(Segment segment) noexcept override;
  /// Finer than WebAssembly's page of 64 KiB: what is left of a page serves `malloc`.
  [[nodiscard]] std::size_t granularity_bytes() const noexcept override { return 4096; }

  [[nodiscard]] bool returns_memory() const noexcept override { return false; }

  /// What its runs hold beyond the segments handed out.
  [[nodiscard]] std::size_t idle_bytes() const noexcept { return idle_bytes_; }

 private:
  /// Makes `bytes` idle bytes in one piece; false when the memory cannot grow so far.
  [[nodiscard]] bool add_run(std::size_t bytes) noexcept;

  Lock lock_;
  AddressRanges idle_;
  std::size_t idle_bytes_ = 0;
  std::size_t run_bytes_ = 0;
};

}  // namespace bufgc

#endif
