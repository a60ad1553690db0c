#pragma once

#if !defined(__EMSCRIPTEN__)

#include <cstddef>

#include "bufgc/memory/address_ranges.hpp"
#include "bufgc/memory/lock.hpp"
#include "bufgc/memory/memory_source.hpp"
#include "bufgc/memory/seams.hpp"

namespace bufgc {

/// Pages of the operating system. Address space is taken once, in large windows that nothing backs,
/// which costs no memory; `acquire` backs a piece of a window, `release` gives its pages back at
/// once and keeps the addresses. So an allocator's segments can follow one another without a seam.
/// Where Linux has huge pages they back whatever spans them, so that cold memory is touched at a
/// tenth of the usual price; segments that extend no other begin at a huge page's address.
/// Safe to share between allocators: each starts in the middle of the largest window left, with
/// room to grow. Memory that comes from the system is zeroed; memory that was moved is not.
class SystemPages final : public MemorySource {
 public:
  SystemPages() noexcept;
  /// Unmaps every window, also under segments not released.
  ~SystemPages() override;

  [[nodiscard]] Segment acquire(std::size_t min_bytes) noexcept override;
  [[nodiscard]] Segment acquire_at(std::byte* address, std::size_t min_bytes) noexcept override;
  void release(Segment segment) noexcept override;
  [[nodiscard]] std::size_t granularity_bytes() const noexcept override { return page_bytes_; }

  /// By `mremap`, on Linux from 5.7 on. Not under a sanitizer, whose shadow stays where it is.
  [[nodiscard]] bool move(Segment from, std::byte* to) noexcept override;
  [[nodiscard]] std::size_t least_move_bytes() const noexcept override;

  /// The mappings that its windows are divided into at most; the system allows a process 65,530.
  [[nodiscard]] std::size_t mappings() const noexcept {
    return windows_.count() + 2 * unbacked_.count() + seams_.count();
  }

 private:
  [[nodiscard]] bool add_window(std::size_t min_bytes) noexcept;
  /// Backs `range`; when the system refuses, the range is put back and an empty segment returned.
  [[nodiscard]] Segment back(Segment range) noexcept;
  /// `range`, backed by nothing now, waits for the next `acquire`.
  void put_back(Segment range) noexcept;

  std::size_t page_bytes_;
  bool moves_;
  Lock lock_;
  AddressRanges unbacked_;
  AddressRanges windows_;
  /// The system moves what lies in one mapping, so it is asked for each by itself.
  Seams seams_;
};

}  // namespace bufgc

#endif
