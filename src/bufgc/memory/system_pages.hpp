#pragma once

#if !defined(__EMSCRIPTEN__)

#include <cstddef>

#include "bufgc/memory/address_ranges.hpp"
#include "bufgc/memory/lock.hpp"
#include "bufgc/memory/memory_source.hpp"

namespace bufgc {

/// Pages of the operating system. Address space is taken once, in large windows that nothing backs,
/// which costs no memory; `acquire` backs a piece of a window, `release` gives its pages back at
/// once and keeps the addresses. So an allocator's segments can follow one another without a seam.
/// Safe to share between allocators: each starts in the middle of the largest window left, with
/// room to grow. Memory that comes from the system is zeroed.
class SystemPages final : public MemorySource {
 public:
  SystemPages() noexcept;
  /// Unmaps every window, also under segments not released.
  ~SystemPages() override;

  [[nodiscard]] Segment acquire(std::size_t min_bytes) noexcept override;
  [[nodiscard]] Segment acquire_at(std::byte* address, std::size_t min_bytes) noexcept override;
  void release(Segment segment) noexcept override;
  [[nodiscard]] std::size_t granularity_bytes() const noexcept override { return page_bytes_; }

 private:
  [[nodiscard]] bool add_window(std::size_t min_bytes) noexcept;
  /// Backs `range`; when the system refuses, the range is put back and an empty segment returned.
  [[nodiscard]] Segment back(Segment range) noexcept;

  std::size_t page_bytes_;
  Lock lock_;
  AddressRanges unbacked_;
  AddressRanges windows_;
};

}  // namespace bufgc

#endif
