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
  BufferRecord records[size];
  RecordChunk* next = nullptr;
};

/// A chunk whose records are all dead, new or from a heap that is gone; null when there is no memory.
[[nodiscard]] RecordChunk* take_record_chunk() noexcept;
/// Takes back a chunk whose records are all dead.
void give_record_chunk(RecordChunk* chunk) noexcept;

}  // namespace bufgc
