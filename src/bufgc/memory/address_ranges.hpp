#pragma once

#include <cstddef>
#include <memory>

#include "bufgc/memory/memory_source.hpp"

namespace bufgc {

/// Address ranges that wait for use: in address order, neighbours joined. What a source keeps of
/// its own address space between release and the next acquire.
///
/// `put`, and a `take` out of a range's middle, may need one entry more: `reserve` makes sure of it.
class AddressRanges {
 public:
  AddressRanges() = default;

  /// Makes room for `count` more ranges than are here; false when there is no memory for it.
  [[nodiscard]] bool reserve(std::size_t count) noexcept;
  /// Returns the range that holds it now.
  Segment put(Segment range) noexcept;

  /// The lowest piece of `bytes` bytes, or an empty one.
  [[nodiscard]] Segment take_lowest(std::size_t bytes) noexcept;
  /// `bytes` bytes from the middle of the largest range, so that the piece has room to be extended
  /// on both sides; begun at a multiple of `alignment`, or where the range begins when there is none
  /// before its middle.
  [[nodiscard]] Segment take_middle(std::size_t bytes, std::size_t alignment) noexcept;
  /// The piece of `bytes` bytes that begins at `address`, or an empty one.
  [[nodiscard]] Segment take_at(const std::byte* address, std::size_t bytes) noexcept;
  /// The range that ends at `end`, whole, or an empty one.
  [[nodiscard]] Segment take_ending_at(const std::byte* end) noexcept;

  /// Whether the byte at `address` is within a range.
  [[nodiscard]] bool holds(const std::byte* address) const noexcept;
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] const Segment& operator[](std::size_t index) const noexcept { return ranges_[index]; }

 private:
  /// The first range that begins after `address`.
  [[nodiscard]] std::size_t first_after(const std::byte* address) const noexcept;
  void insert(std::size_t index, Segment range) noexcept;
  void erase(std::size_t index) noexcept;
  /// Cuts `bytes` bytes at `offset` out of range `index`.
  Segment cut(std::size_t index, std::size_t offset, std::size_t bytes) noexcept;

  std::unique_ptr<Segment[]> ranges_;
  std::size_t count_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace bufgc
