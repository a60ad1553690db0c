#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "bufgc/memory/cpu_allocator.hpp"

namespace bufgc {

enum class RangeState : std::uint8_t {
  held,    ///< A block handed out, or freed and kept whole in a magazine or a row.
  free,    ///< Free space, listed in a bin.
  region,  ///< Free space of the region that is laid out by a plan: in no bin.
  edge,    ///< No bytes: stands before the first and after the last range of an extent.
};

struct Range;

/// What few ranges need: those in the tree of free ranges, where placement is by address, and blocks that
/// are recorded.
struct RangeLinks {
  Range* lower = nullptr;
  Range* higher = nullptr;
  Range* parent = nullptr;
  std::size_t largest_bytes = 0;  ///< The largest capacity in its subtree.
  std::uint32_t recorded =
      0;  ///< Its number in the recording of an iteration, from 1 on; or an earlier one's.
};

// Where addresses are small the links fit into a range's line, else they stand apart (`RangeSlab`).
#if UINTPTR_MAX > 0xffffffffU
#define BUFGC_LINKS_APART 1
#endif

/// What the allocator knows of a piece of memory; kept beside it, never in it. Ranges in address
/// order tile an extent without a gap. No two neighbours are both `free`: they would be one.
///
/// A thread hands out and keeps blocks of its own without the allocator's lock. What it writes then,
/// `size_bytes` and `next`, the arena never reads of a neighbour under the lock alone; `state` it leaves
/// as it is. A range is one line of memory, so that two threads never write to one, and stands beside others
/// without a gap, so that the processor fetches the next ones by itself where many are freed.
// NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): of a union one is.
struct alignas(64) Range : Block {
  /// `size_bytes` of a block that is kept in a magazine, or in a row once it is marked.
  static constexpr std::size_t kept = std::numeric_limits<std::size_t>::max();

  Range* next = nullptr;  ///< In the bin or magazine that holds it.
  RangeState state = RangeState::free;
  union {
    std::uint16_t slot = 0;  ///< Of a held one: of the magazine that last kept it.
    std::uint16_t bin;       ///< Of a free one.
  };
  std::uint32_t pins = 0;     ///< Of a live block: who holds it where it is.
  Range* previous = nullptr;  ///< In the bin.
  Range* before = nullptr;    ///< Neighbour in address order.
  Range* after = nullptr;

  [[nodiscard]] std::byte* end() const noexcept { return data + capacity_bytes; }
  /// Freed and kept whole. Only for who is alone with all caches.
  [[nodiscard]] bool is_kept() const noexcept { return state == RangeState::held && size_bytes == kept; }
  /// Handed out; the same.
  [[nodiscard]] bool is_live() const noexcept { return state == RangeState::held && size_bytes != kept; }

  /// Of a range that is no edge.
#if defined(BUFGC_LINKS_APART)
  [[nodiscard]] RangeLinks& links() noexcept {
    return *reinterpret_cast<RangeLinks*>(reinterpret_cast<std::byte*>(this) + links_offset_bytes);
  }
  [[nodiscard]] const RangeLinks& links() const noexcept {
    return *reinterpret_cast<const RangeLinks*>(reinterpret_cast<const std::byte*>(this) +
                                                links_offset_bytes);
  }
  static constexpr std::size_t links_offset_bytes = std::size_t{65} * 64;
#else
  [[nodiscard]] RangeLinks& links() noexcept {
    return own_links;
  }
  [[nodiscard]] const RangeLinks& links() const noexcept {
    return own_links;
  }
  RangeLinks own_links;
#endif
};
static_assert(sizeof(Range) == 64);

/// Makes neighbours of two ranges.
inline void link(Range* left, Range* right) noexcept {
  left->after = right;
  right->before = left;
}

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
