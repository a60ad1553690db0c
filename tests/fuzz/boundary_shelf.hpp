#pragma once

// JavaScript's half of the shelf, wasm/src/shelf.ts.

#include <cstddef>
#include <cstdint>

#include "boundary_exports.hpp"
#include "bufgc/buffer/buffer_record.hpp"

inline bool lay(bufgc::BufferRecord* record, std::uint32_t size_bytes, bufgc::BufferVisualizer* witness) {
  bufgc::wasm::Shelf& shelf = *bufgc_shelf();
  const std::uint64_t capacity = record->tail().capacity_bytes;
  const bool simple = static_cast<std::uint32_t>(record->word.load()) == 1 &&
                      record->newest_finalizer.load() == nullptr && record->claimed == bufgc::Claimed::no &&
                      !record->linked && !record->described;
  if (shelf.count == bufgc::wasm::Shelf::size || shelf.room_bytes < capacity || !simple ||
      size_bytes - 1 >= bufgc::wasm::Shelf::most_bytes ||
      record->id_generation.load() >= bufgc::BufferId::last_generation)
    return false;
  shelf.room_bytes -= static_cast<std::uint32_t>(capacity);
  shelf.records[shelf.count++] = record;
  if (witness != nullptr) bufgc_annex_turn_ended(witness, record);
  return true;
}

inline bufgc::BufferRecord* take(std::uint32_t size_bytes, bufgc::BufferVisualizer* witness) {
  bufgc::wasm::Shelf& shelf = *bufgc_shelf();
  if (shelf.count == 0) return nullptr;
  bufgc::BufferRecord* const record = shelf.records[shelf.count - 1];
  if (record->tail().size_bytes != size_bytes || shelf.left_bytes < size_bytes) return nullptr;
  --shelf.count;
  shelf.room_bytes += static_cast<std::uint32_t>(record->tail().capacity_bytes);
  shelf.left_bytes -= size_bytes;
  std::size_t size_class = 0;
  while (size_bytes >> (size_class + 1) != 0) ++size_class;
  ++shelf.turns[size_class];
  record->id_generation.fetch_add(1);
  record->told = bufgc::Told::no;
  record->dtype = bufgc::DType::uint8;
  record->kind = bufgc::BufferKind::owned;
  record->served_by = bufgc::ServedBy::cache;
  if (witness != nullptr) bufgc_annex_turn_begun(witness, record);
  return record;
}
