#pragma once

#include <cstddef>
#include <cstdint>

#include "bufgc/memory/cpu_allocator.hpp"

namespace bufgc {

struct SegmentRecord;

enum class RangeState : std::uint8_t {
  live,    ///< A block handed out.
  cached,  ///< A freed block in a magazine, whole.
  free,    ///< Free space, listed in a bin.
  edge,    ///< No bytes: stands before the first and after the last range of joined segments.
};

/// What the allocator knows of a piece of memory; kept beside it, never in it. Ranges in address
/// order tile the segments without a gap, also across a seam between segments that touch. No two
/// neighbours are both `free`: they would be one.
struct Range : Block {
  Range* next = nullptr;  ///< In the bin or magazine that holds it.
  RangeState state = RangeState::free;
  std::uint16_t bin = 0;
  Range* previous = nullptr;  ///< In the bin.
  Range* before = nullptr;    ///< Neighbour in address order.
  Range* after = nullptr;
  SegmentRecord* segment = nullptr;  ///< The one in which the range begins.
  /// While free: the sizes of segments that lie wholly within.
  std::size_t whole_segment_bytes = 0;

  [[nodiscard]] std::byte* end() const noexcept { return data + capacity_bytes; }
};

/// A segment held from the source. Records are in address order; `previous` touches this one when
/// its `end` is this one's `begin`, and then ranges may reach across.
struct SegmentRecord {
  Segment segment;             ///< As the source gave it, and gets it back.
  std::byte* begin = nullptr;  ///< The part that can be used: cut to the alignment of blocks.
  std::byte* end = nullptr;
  SegmentRecord* previous = nullptr;
  SegmentRecord* next = nullptr;
  Range front;  ///< The edges; out of use on a side where another segment touches.
  Range back;
  /// Set aside so that giving a segment back, which may cut one free range into two, cannot fail.
  Range* spare = nullptr;

  [[nodiscard]] bool touches_previous() const noexcept {
    return previous != nullptr && previous->end == begin;
  }
  [[nodiscard]] bool touches_next() const noexcept { return next != nullptr && next->begin == end; }
  /// Bytes lost to alignment at both ends.
  [[nodiscard]] std::size_t slack_bytes() const noexcept {
    return segment.size_bytes - static_cast<std::size_t>(end - begin);
  }
};

}  // namespace bufgc
