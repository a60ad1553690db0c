#pragma once

// What JavaScript let go of without a call, and what it made of that without one.

#include <cstddef>
#include <cstdint>

#include "bufgc/buffer/buffer_access.hpp"

namespace bufgc::wasm {

/// Read and written by JavaScript as 32-bit words: wasm/src/shelf.ts, which lays simple buffers here that
/// were disposed and takes the topmost for the next of its size: a turn. Until the shelf is cleared those on
/// it live still, and turns are not counted; so whatever may look at either, or needs memory, clears it
/// first. The visualizer alone does not wait: JavaScript tells it of each end and each birth at once.
struct Shelf {
  static constexpr std::uint32_t size = 32;
  static constexpr std::uint32_t most_bytes = 65536;  ///< Of one buffer: always kept whole when it is freed.
  static constexpr std::size_t class_count = 17;      ///< By the logarithm of the size.
  static constexpr std::uint32_t most_turned_bytes = 0x7fffffffU;

  std::uint32_t room_bytes = 0;  ///< Of capacity that may still be laid here.
  std::uint32_t count = 0;
  BufferRecord* records[size] = {};
  std::uint32_t left_bytes = most_turned_bytes;  ///< That turns may still take, until they are counted.
  std::uint32_t turns[class_count] = {};

  BufferHeap* heap = nullptr;  ///< Null where nothing may be laid here.

  /// Releases all that lies here and counts the turns. There is no room until `make_room`. True when
  /// something lay here.
  bool clear() noexcept;
  /// Tells JavaScript how much it may lay here, as things are; not where something lies here since the call
  /// began that is about to end.
  void make_room() noexcept;
};

}  // namespace bufgc::wasm
