#pragma once

// Private to the buffer room.

#include <cstddef>
#include <cstdint>

#include "bufgc/buffer/buffer_record.hpp"

namespace bufgc {

/// Records are handed to heaps in chunks. Chunks go from heap to heap and never back to the system:
/// that is what makes the record of a stale weak reference safe to read for ever.
struct RecordChunk {
  static constexpr std::uint32_t size = 64;

  RecordChunk() noexcept {
    for (std::size_t i = 0; i < size; ++i) tails[i].details = &details[i];
  }

  BufferRecord records[size];
  /// Between the two, so that a record and its tail do not lie a page's length apart: the processor takes a
  /// load for one of what was just stored where the low twelve bits of both addresses are the same.
  RecordChunk* next = nullptr;
  RecordTail tails[size];
  RecordDetails details[size];
};
static_assert(offsetof(RecordChunk, tails) == BufferRecord::tail_offset_bytes);

/// A chunk whose records are all dead, new or from a heap that is gone; null when there is no memory.
[[nodiscard]] RecordChunk* take_record_chunk() noexcept;
/// Takes back a chunk whose records are all dead.
void give_record_chunk(RecordChunk* chunk) noexcept;

}  // namespace bufgc
