#pragma once

#if defined(__EMSCRIPTEN__)

#include <cstddef>

#include "bufgc/memory/address_ranges.hpp"
#include "bufgc/memory/lock.hpp"
#include "bufgc/memory/memory_source.hpp"

namespace bufgc {

/// WebAssembly's linear memory, taken at its end (`sbrk`), exactly as much as is asked. The runtime
/// grows the memory underneath in larger steps and shares what is over with `malloc`.
///
/// Linear memory never shrinks. What is released is therefore used again: at the end of memory
/// the end moves back, which gives the bytes to whoever grows next, `malloc` too; elsewhere it is
/// joined with released neighbours and waits here for the next `acquire` that fits (`idle_bytes`).
class LinearMemory final : public MemorySource {
 public:
  LinearMemory() = default;

  [[nodiscard]] Segment acquire(std::size_t min_bytes) noexcept override;
  [[nodiscard]] Segment acquire_at(std::byte* address, std::size_t min_bytes) noexcept override;
  void release(Segment segment) noexcept override;
  /// Finer than WebAssembly's page of 64 KiB: what is left of a page serves `malloc`.
  [[nodiscard]] std::size_t granularity_bytes() const noexcept override { return 4096; }

  [[nodiscard]] bool returns_memory() const noexcept override { return false; }

  /// Released and neither used again nor given back.
  [[nodiscard]] std::size_t idle_bytes() const noexcept { return idle_bytes_; }

 private:
  Lock lock_;
  AddressRanges idle_;
  std::size_t idle_bytes_ = 0;
};

}  // namespace bufgc

#endif
