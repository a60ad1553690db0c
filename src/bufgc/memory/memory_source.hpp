#pragma once

#include <cstddef>

namespace bufgc {

/// A contiguous range of bytes that a `MemorySource` backs.
struct Segment {
  std::byte* data = nullptr;
  std::size_t size_bytes = 0;

  [[nodiscard]] explicit operator bool() const noexcept { return data != nullptr; }
};

/// Where bytes come from. Sources wrap one another (a failing one over system pages in tests); each
/// does the one thing that its name says. Memory comes in segments and goes back to the source that
/// gave it in any pieces of whole granules: part of a segment, or a piece of several that touch.
/// Calls are serialised by the allocator that owns the source's use; a source shared by several
/// allocators must lock by itself.
class MemorySource {
 public:
  MemorySource() = default;
  MemorySource(const MemorySource&) = delete;
  MemorySource& operator=(const MemorySource&) = delete;
  virtual ~MemorySource() = default;

  /// A segment of at least `min_bytes`, aligned to `granularity_bytes()`, or an empty one. The
  /// source may round up to whole granules; the segment tells the true size.
  [[nodiscard]] virtual Segment acquire(std::size_t min_bytes) noexcept = 0;

  /// The same, begun exactly at `address`, or an empty segment. So an allocator's memory grows
  /// without a seam; a source that cannot place segments need not offer it.
  [[nodiscard]] virtual Segment acquire_at(std::byte* address, std::size_t min_bytes) noexcept {
    static_cast<void>(address);
    static_cast<void>(min_bytes);
    return {};
  }

  /// Takes back whole granules of what was acquired.
  virtual void release(Segment segment) noexcept = 0;

  /// The granule of segments: a power of two, 4096 at least (a page natively).
  [[nodiscard]] virtual std::size_t granularity_bytes() const noexcept = 0;

  /// Whether what is released is returned to the system, so that releasing scattered pages and
  /// acquiring others uses no more memory. Linear memory is only set aside for the next `acquire`.
  [[nodiscard]] virtual bool returns_memory() const noexcept { return true; }

  /// Lets the pages that back `from` back as many bytes from `to` on, which are acquired and were
  /// never touched; `from` is released by it. So memory that is warm changes its address, where
  /// releasing and acquiring would make it cold. False when that cannot be done: then both are held
  /// as before, only what they contain is no longer defined.
  [[nodiscard]] virtual bool move(Segment from, std::byte* to) noexcept {
    static_cast<void>(from);
    static_cast<void>(to);
    return false;
  }
  /// From how many bytes on to `move` is cheaper than to release and acquire; 0: the source cannot.
  [[nodiscard]] virtual std::size_t least_move_bytes() const noexcept { return 0; }

  /// Whether `detach_views` does what it says. Where it does, live blocks may be moved.
  [[nodiscard]] virtual bool can_detach_views() const noexcept { return false; }
  /// Takes away every view that others (JavaScript) hold of this memory, so that none of them can
  /// reach bytes that were moved. Called before blocks move.
  virtual void detach_views() noexcept {}
};

}  // namespace bufgc
