#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "bufgc/buffer/buffer_observer.hpp"
#include "bufgc/viz/lifecycles.hpp"

/// The levels after each event, counted naively from the log alone.
struct NaiveLevels {
  std::vector<std::uint64_t> live_bytes;
  std::vector<std::uint64_t> live_buffers;
  std::vector<std::uint64_t> reserved_bytes;

  explicit NaiveLevels(const bufgc::Lifecycles& log) {
    using EventKind = bufgc::Lifecycles::EventKind;
    std::uint64_t bytes = 0;
    std::uint64_t buffers = 0;
    std::uint64_t reserved = 0;
    for (std::size_t event = 0; event < log.event_count(); ++event) {
      const std::uint32_t row = log.event_row[event];
      const EventKind kind = log.event_kind[event];
      if (kind == EventKind::alloc || kind == EventKind::free) {
        const bool owned = log.kind[row] == static_cast<std::uint8_t>(bufgc::BufferKind::owned);
        const std::uint64_t size = owned ? log.size_bytes[row] : 0;
        bytes += kind == EventKind::alloc ? size : 0 - size;
        buffers += kind == EventKind::alloc ? 1 : std::uint64_t{0} - 1;
      }
      live_bytes.push_back(bytes);
      live_buffers.push_back(buffers);
    }
    // A segment's rows are the pieces in which it was given back.
    reserved_bytes.resize(log.event_count());
    for (const bufgc::Lifecycles::SegmentLife& piece : log.segments) {
      reserved_bytes[piece.reserve_event] += piece.size_bytes;
      if (piece.release_event != bufgc::Lifecycles::none)
        reserved_bytes[piece.release_event] -= piece.size_bytes;
    }
    for (std::uint64_t& level : reserved_bytes) level = reserved += level;
  }
  [[nodiscard]] std::uint64_t max_live_bytes() const {
    return live_bytes.empty() ? 0 : *std::max_element(live_bytes.begin(), live_bytes.end());
  }
  [[nodiscard]] std::uint64_t max_live_buffers() const {
    return live_buffers.empty() ? 0 : *std::max_element(live_buffers.begin(), live_buffers.end());
  }
};
