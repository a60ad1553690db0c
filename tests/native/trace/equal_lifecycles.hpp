#pragma once

#include <catch2/catch.hpp>
#include <cstddef>

#include "bufgc/viz/lifecycles.hpp"

/// Equal in every column, strings compared as strings.
inline void require_equal(const bufgc::Lifecycles& a, const bufgc::Lifecycles& b) {
  REQUIRE(a.id == b.id);
  REQUIRE(a.size_bytes == b.size_bytes);
  REQUIRE(a.capacity_bytes == b.capacity_bytes);
  REQUIRE(a.address == b.address);
  REQUIRE(a.alloc_event == b.alloc_event);
  REQUIRE(a.free_event == b.free_event);
  REQUIRE(a.base == b.base);
  REQUIRE(a.kind == b.kind);
  REQUIRE(a.cause == b.cause);
  REQUIRE(a.served_by == b.served_by);
  REQUIRE(a.freed_to == b.freed_to);
  REQUIRE(a.event_time_ns == b.event_time_ns);
  REQUIRE(a.event_kind == b.event_kind);
  REQUIRE(a.event_row == b.event_row);
  for (std::size_t row = 0; row < a.size(); ++row) {
    REQUIRE(a.strings.at(a.label[row]) == b.strings.at(b.label[row]));
    REQUIRE(a.strings.at(a.dtype[row]) == b.strings.at(b.dtype[row]));
    REQUIRE(a.strings.at(a.shape[row]) == b.strings.at(b.shape[row]));
    REQUIRE(a.strings.at(a.site[row]) == b.strings.at(b.site[row]));
    REQUIRE(a.strings.at(a.thread[row]) == b.strings.at(b.thread[row]));
  }
  REQUIRE(a.uses.size() == b.uses.size());
  for (std::size_t i = 0; i < a.uses.size(); ++i) {
    REQUIRE(a.uses[i].event == b.uses[i].event);
    REQUIRE(a.uses[i].row == b.uses[i].row);
    REQUIRE(a.uses[i].access == b.uses[i].access);
    REQUIRE(a.strings.at(a.uses[i].kernel) == b.strings.at(b.uses[i].kernel));
  }
  REQUIRE(a.marks.size() == b.marks.size());
  for (std::size_t i = 0; i < a.marks.size(); ++i)
    REQUIRE(a.strings.at(a.marks[i].name) == b.strings.at(b.marks[i].name));
  REQUIRE(a.segments.size() == b.segments.size());
  for (std::size_t i = 0; i < a.segments.size(); ++i) {
    REQUIRE(a.segments[i].address == b.segments[i].address);
    REQUIRE(a.segments[i].size_bytes == b.segments[i].size_bytes);
    REQUIRE(a.segments[i].reserve_event == b.segments[i].reserve_event);
    REQUIRE(a.segments[i].release_event == b.segments[i].release_event);
  }
  REQUIRE(a.links.size() == b.links.size());
  for (std::size_t i = 0; i < a.links.size(); ++i) {
    REQUIRE(a.links[i].holder == b.links[i].holder);
    REQUIRE(a.links[i].held == b.links[i].held);
    REQUIRE(a.links[i].added == b.links[i].added);
  }
  REQUIRE(a.moves.size() == b.moves.size());
  for (std::size_t i = 0; i < a.moves.size(); ++i) {
    REQUIRE(a.moves[i].event == b.moves[i].event);
    REQUIRE(a.moves[i].row == b.moves[i].row);
    REQUIRE(a.moves[i].from == b.moves[i].from);
    REQUIRE(a.moves[i].to == b.moves[i].to);
  }
  REQUIRE(a.folded.events == b.folded.events);
  REQUIRE(a.folded.buffers == b.folded.buffers);
  REQUIRE(a.folded.bytes == b.folded.bytes);
  REQUIRE(a.folded.max_live_buffers == b.folded.max_live_buffers);
  REQUIRE(a.folded.max_live_bytes == b.folded.max_live_bytes);
}
