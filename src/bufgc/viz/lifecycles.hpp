#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "bufgc/viz/narrow_column.hpp"
#include "bufgc/viz/string_table.hpp"

namespace bufgc {

// Why an event could not be used. X(name, meaning).
#define BUFGC_SKIP_REASONS(X)                                                     \
  X(unknown_op, "an operation that this reader does not know")                    \
  X(alloc_of_live_id, "an allocation of an id that was alive")                    \
  X(free_of_unknown_id, "a free of an id that was not alive")                     \
  X(use_of_unknown_id, "a use that names an id that was not alive")               \
  X(link_of_unknown_id, "a link that names an id that was not alive")             \
  X(move_of_unknown_id, "a move of an id that was not alive")                     \
  X(reserve_of_held_segment, "a reservation of a segment that was held")          \
  X(release_of_unknown_segment, "a release of a segment that was not held")       \
  X(no_memory_for_log, "an event that the log had no memory for")                 \
  X(folded_before_written, "an event that was folded away before it was written") \
  X(mark_without_place, "a mark whose place among the events is not known")

enum class SkipReason : std::uint8_t {
#define BUFGC_X(name, meaning) name,
  BUFGC_SKIP_REASONS(BUFGC_X)
#undef BUFGC_X
};
inline constexpr std::size_t skip_reason_count = 11;

/// Lifecycles of buffers in columns: what the visualizer hands out, what trace files are read into
/// and written from, and what pictures are drawn of. A row is one lifetime; its index is its
/// number in order of birth. An event's number is its position in the log, from 0; time is stamped
/// beside it. The level at event n is the level *after* event n.
struct Lifecycles {
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
  static constexpr std::uint64_t no_address = std::numeric_limits<std::uint64_t>::max();
  /// The cause of a free whose file does not say; alive at the end has `free_event == none`.
  static constexpr std::uint8_t unknown = 0xff;

  // One entry a lifetime.
  std::vector<std::uint64_t>
      id;  ///< As in the file, or `BufferId::value()`; may repeat over time only in files.
  std::vector<std::uint64_t> size_bytes;  ///< As requested.
  std::vector<std::uint64_t>
      capacity_bytes;                  ///< The block's size; equals size_bytes where the file does not say.
  std::vector<std::uint64_t> address;  ///< At birth (`moves` tell later ones); `no_address` where unknown.
  std::vector<std::uint32_t> alloc_event;
  std::vector<std::uint32_t> free_event;  ///< `none`: alive at the end (a leak or a survivor).
  NarrowColumn<std::uint32_t> label;      ///< Index into `strings`, as are dtype, shape, site and thread.
  NarrowColumn<std::uint32_t> dtype;
  NarrowColumn<std::uint32_t> shape;  ///< As text, "1080x1920x4".
  NarrowColumn<std::uint32_t> site;   ///< A frame, or a whole stack: `site_text.hpp`.
  NarrowColumn<std::uint32_t> thread;
  std::vector<std::uint32_t>
      base;  ///< Of a view: the row of its base; `none` otherwise. Views hold no bytes of their own.
  std::vector<std::uint8_t> kind;       ///< `BufferKind` as a number.
  std::vector<std::uint8_t> cause;      ///< `Cause` as a number, or `unknown`.
  std::vector<std::uint8_t> served_by;  ///< `ServedBy` as a number, or `unknown`.
  std::vector<std::uint8_t> freed_to;   ///< `FreedTo` as a number, or `unknown`.

  // Every event in order: time and what it was about.
  enum class EventKind : std::uint8_t {
    alloc = 0,
    free = 1,
    use = 2,
    mark = 3,
    reserve = 4,
    release = 5,
    link = 6,
    unlink = 7,
    move = 8
  };
  std::vector<std::int64_t> event_time_ns;  ///< Never decreasing.
  std::vector<EventKind> event_kind;
  std::vector<std::uint32_t> event_row;  ///< alloc, free: lifetime; use: `uses`; mark: `marks`; reserve,
                                         ///< release: `segments`; link, unlink: `links`; move: `moves`.

  struct Use {
    std::uint32_t event;
    std::uint32_t row;     ///< The lifetime used.
    std::uint32_t kernel;  ///< Index into `strings`.
    std::uint8_t access;   ///< `Access` as a number: 1 read, 2 write, 3 both.
  };
  std::vector<Use> uses;  ///< In order of events; one event (a kernel run) may have several.

  struct Mark {
    std::uint32_t event;
    std::uint32_t name;  ///< Index into `strings`.
  };
  std::vector<Mark> marks;

  /// Memory held from the source. A reservation that is given back in pieces has a row for each piece,
  /// all with its `reserve_event`; the event's own row is one of them.
  struct SegmentLife {
    std::uint64_t address;
    std::uint64_t size_bytes;
    std::uint32_t reserve_event;
    std::uint32_t release_event;  ///< `none` while held.
  };
  std::vector<SegmentLife> segments;

  struct Link {
    std::uint32_t event;
    std::uint32_t holder;  ///< Rows.
    std::uint32_t held;
    std::uint8_t added;  ///< 1 link, 0 unlink.
  };
  std::vector<Link> links;

  /// A lifetime's bytes went to another address and stood there from this event on. Moves that follow
  /// each other without another event between were one step, a compaction: what is told of one
  /// address in the middle of it may overlap another. Views have moves of their own.
  struct Move {
    std::uint32_t event;
    std::uint32_t row;
    std::uint64_t from;
    std::uint64_t to;
  };
  std::vector<Move> moves;  ///< In order of events.

  StringTable strings;

  /// Where detail before the first event was folded away: exact totals of what is no longer listed.
  struct Folded {
    std::uint64_t events = 0;          ///< Events dropped; event 0 of the log was number `events` of the run.
    std::uint64_t buffers = 0;         ///< Lifetimes that ended in them.
    std::uint64_t bytes = 0;           ///< Their requested bytes.
    std::uint64_t max_live_bytes = 0;  ///< The highest level within them.
    std::uint64_t max_live_buffers = 0;
  } folded;

  std::uint64_t skipped_events = 0;  ///< Lines or events that a reader could not use.
  std::array<std::uint64_t, skip_reason_count> skipped_by_reason{};  ///< The same by `SkipReason`.

  [[nodiscard]] std::size_t size() const noexcept { return id.size(); }
  /// When a lifetime began: the time of its event; 0 without one.
  [[nodiscard]] std::int64_t alloc_time_ns(std::size_t row) const noexcept {
    return alloc_event[row] < event_time_ns.size() ? event_time_ns[alloc_event[row]] : 0;
  }
  /// When it ended; 0 while it is alive.
  [[nodiscard]] std::int64_t free_time_ns(std::size_t row) const noexcept {
    return free_event[row] < event_time_ns.size() ? event_time_ns[free_event[row]] : 0;
  }
  [[nodiscard]] std::size_t event_count() const noexcept { return event_kind.size(); }
};

}  // namespace bufgc
