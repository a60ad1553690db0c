#pragma once

#include <cstddef>

namespace bufgc {

/// A contiguous range of bytes that a `MemorySource` backs.
struct Segment {
  std::byte* data = nullptr;
  std::size_t size_bytes = 0;

  [[nodiscard]] explicit operator bool() const noexcept { return data != nullptr; }
};

/// Where bytes come from. Sources wrap one another (a budget over system pages, a failing one over
/// a budget in tests); each does the one thing that its name says. A segment goes back whole, to
/// the source that gave it. Calls are serialised by the allocator that owns the source's use;
/// a source shared by several allocators must lock by itself.
class MemorySource {
 public:
  MemorySource() = default;
  MemorySource(const MemorySource&) = delete;
  MemorySource& operator=(const MemorySource&) = delete;
  virtual ~MemorySource() = default;

  /// A segment of at least `min_bytes`, aligned to at least `granularity_bytes()`, or an empty one.
  /// The source may round up; the segment tells the true size.
  [[nodiscard]] virtual Segment acquire(std::size_t min_bytes) noexcept = 0;

  /// A segment of at least `min_bytes` that begins exactly at `address`, or an empty one. So an
  /// allocator's segments join up; a source that cannot place them need not offer it.
  [[nodiscard]] virtual Segment acquire_at(std::byte* address, std::size_t min_bytes) noexcept {
    static_cast<void>(address);
    static_cast<void>(min_bytes);
    return {};
  }

  /// Takes back a segment that `acquire` or `acquire_at` gave, whole.
  virtual void release(Segment segment) noexcept = 0;

  /// Sizes are rounded up to a multiple of this (a page natively, 64 KiB in WebAssembly).
  [[nodiscard]] virtual std::size_t granularity_bytes() const noexcept = 0;
};

}  // namespace bufgc
