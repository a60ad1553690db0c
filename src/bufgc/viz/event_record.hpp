#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "bufgc/buffer/buffer_observer.hpp"
#include "bufgc/viz/lifecycles.hpp"

namespace bufgc {

/// A kernel's use of one buffer.
struct KernelUse {
  BufferId id;
  Access access = Access::read;
};

/// One event on its own, with everything known about it: what a log hands out event by event, and
/// what a writer makes a line of. Strings and spans live only during the call that hands it over.
struct EventRecord {
  struct Use {
    std::uint64_t id;
    std::uint8_t access;  ///< `Access` as a number.
  };

  std::uint64_t number = 0;  ///< In the run, folded events included.
  bool carried = false;      ///< A log hands it out though it was folded, for what it began still holds.
  std::int64_t time_ns = 0;
  Lifecycles::EventKind kind = Lifecycles::EventKind::mark;

  std::uint64_t id = 0;       ///< alloc, free, move: the buffer; link, unlink: the holder.
  std::uint64_t held_id = 0;  ///< link, unlink: the held.
  std::uint64_t base_id = 0;  ///< alloc of a view, when `has_base`.
  bool has_base = false;
  std::uint64_t size_bytes = 0;                    ///< alloc; reserve, release.
  std::uint64_t capacity_bytes = 0;                ///< alloc.
  std::uint64_t address = Lifecycles::no_address;  ///< alloc; move: the new one; reserve, release.
  std::uint64_t from_address = 0;                  ///< move.
  std::string_view name;                           ///< alloc: the label; use: the kernel; mark: the phase.
  std::string_view dtype;                          ///< alloc, as are the following three.
  std::string_view shape;
  std::string_view site;
  std::string_view thread;
  std::uint8_t buffer_kind = 0;
  std::uint8_t served_by = Lifecycles::unknown;  ///< alloc.
  std::uint8_t cause = Lifecycles::unknown;      ///< free.
  std::uint8_t freed_to = Lifecycles::unknown;   ///< free.
  std::span<const Use> uses;                     ///< use.
};

/// Takes events in order; false stops the walk before the next one.
using EventVisitor = std::function<bool(const EventRecord& event)>;

}  // namespace bufgc
