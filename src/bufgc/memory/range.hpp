#pragma once

#include <cstddef>
#include <cstdint>

#include "bufgc/memory/cpu_allocator.hpp"

namespace bufgc {

enum class RangeState : std::uint8_t {
  live,    ///< A block handed out.
  cached,  ///< A freed block in a magazine, whole.
  free,    ///< Free space, listed in a bin.
  region,  ///< Free space of the region that is laid out by a plan: in no bin.
  edge,    ///< No bytes: stands before the first and after the last range of an extent.
};

/// What the allocator knows of a piece of memory; kept beside it, never in it. Ranges in address
/// order tile an extent without a gap. No two neighbours are both `free`: they would be one.
struct Range : Block {
  Range* next = nullptr;  ///< In the bin or magazine that holds it.
  RangeState state = RangeState::free;
  std::uint16_t bin = 0;
  Range* previous = nullptr;  ///< In the bin.
  Range* before = nullptr;    ///< Neighbour in address order.
  Range* after = nullptr;
  // In the tree of free ranges, where placement is by address.
  Range* lower = nullptr;
  Range* higher = nullptr;
  Range* parent = nullptr;
  std::size_t largest_bytes = 0;  ///< The largest capacity in its subtree.
  std::uint32_t pins = 0;         ///< Of a live block: who holds it where it is.
  std::uint32_t recorded = 0;     ///< Its number in the recording of an iteration, from 1 on.

  [[nodiscard]] std::byte* end() const noexcept { return data + capacity_bytes; }
};

/// Memory held from the source without a hole: segments that touch are one extent, and an extent
/// from whose middle pages were released is two. Extents are linked in address order.
struct Extent {
  std::byte* begin = nullptr;
  std::byte* end = nullptr;
  Extent* previous = nullptr;
  Extent* next = nullptr;
  Range front;  ///< The edges.
  Range back;
};

}  // namespace bufgc
