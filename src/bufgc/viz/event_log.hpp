#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bufgc/buffer/buffer_observer.hpp"
#include "bufgc/viz/chunk_ring.hpp"
#include "bufgc/viz/event_record.hpp"
#include "bufgc/viz/id_map.hpp"
#include "bufgc/viz/lifecycles.hpp"
#include "bufgc/viz/range_map.hpp"

namespace bufgc {

/// The visualizer's memory: events in bounded columns, and a table of the buffers, segments and links
/// that they are about. When a column is full the oldest event is folded into totals; what still
/// holds after it (a buffer alive, a segment held, a link, the current phase) is carried on.
/// Not safe from several threads: `BufferVisualizer` locks around it.
class EventLog {
 public:
  using EventKind = Lifecycles::EventKind;
  using Folded = Lifecycles::Folded;

  explicit EventLog(std::size_t max_events);

  // Each returns whether an event was recorded. They throw only for want of memory, and then leave
  // the log as it was.
  bool alloc(std::int64_t time_ns, const BufferBirth& birth, std::uint32_t thread);
  bool free(std::int64_t time_ns, std::uint64_t id, std::uint8_t cause, std::uint8_t freed_to);
  bool use(std::int64_t time_ns, std::string_view kernel, std::span<const KernelUse> uses);
  bool mark(std::int64_t time_ns, std::string_view name);
  bool reserve(std::int64_t time_ns, std::uint64_t address, std::uint64_t size_bytes);
  bool release(std::int64_t time_ns, std::uint64_t address, std::uint64_t size_bytes);
  bool link(std::int64_t time_ns, std::uint64_t holder, std::uint64_t held, bool added);

  /// Between the two, `reserve` names what is held already; what was held before and is not named
  /// again went unseen, and its release is recorded at `time_ns`.
  void begin_segment_listing() noexcept { listing_ = true; }
  void end_segment_listing(std::int64_t time_ns);

  /// Forgets detail and totals; what holds now is listed as begun at event 0 and time 0.
  void clear();

  /// An event that could not be recorded.
  void skip(SkipReason reason) noexcept { ++skipped_[static_cast<std::size_t>(reason)]; }
  [[nodiscard]] const std::array<std::uint64_t, skip_reason_count>& skipped() const noexcept {
    return skipped_;
  }
  [[nodiscard]] std::uint64_t event_count() const noexcept { return first_ + kinds_.size(); }
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

  /// Hands out the events numbered `from` and later, at most `limit` of those kept in detail, oldest
  /// first; events already folded come only where what they began still holds. Returns the number
  /// after the last one handed out.
  std::uint64_t for_each_since(std::uint64_t from, std::uint64_t limit, const EventVisitor& visit) const;
  /// The totals that go with `for_each_since(0)`: of the events that it leaves out.
  [[nodiscard]] Folded folded() const;

 private:
  static constexpr std::uint32_t none = Lifecycles::none;
  static constexpr std::uint64_t never = ~std::uint64_t{0};
  static constexpr std::size_t page_entries = 4096;
  static constexpr std::size_t max_strings = std::size_t{1} << 16U;
  static constexpr std::size_t max_text_bytes = std::size_t{1} << 23U;
  static constexpr std::size_t max_string_bytes = 1024;
  static constexpr std::size_t shape_cache_entries = 64;

  struct Row {
    std::uint64_t id = 0, size_bytes = 0, capacity_bytes = 0, address = 0, base_id = 0;
    std::int64_t alloc_time_ns = 0;
    std::uint64_t alloc_number = never;  ///< `never`: the row is free.
    std::uint32_t label = 0, shape = 0, site = 0, thread = 0;
    std::uint32_t next_free = none;
    bool alive = false, has_base = false;
    std::uint8_t dtype = 0, kind = 0, served_by = 0, cause = 0, freed_to = 0;
  };
  /// The range of one reserve or release event.
  struct SegmentRow {
    std::uint64_t address = 0, size_bytes = 0;
  };
  struct Reservation {
    std::uint64_t number = 0;
    std::int64_t time_ns = 0;
  };
  struct LinkEnds {
    std::uint64_t holder, held;
    friend bool operator==(const LinkEnds& a, const LinkEnds& b) noexcept {
      return a.holder == b.holder && a.held == b.held;
    }
  };
  struct LinkHash {
    std::size_t operator()(const LinkEnds& ends) const noexcept;
  };
  /// Links between the same two count.
  struct StandingLink {
    std::uint64_t number = 0;
    std::int64_t time_ns = 0;
    std::uint64_t count = 0;
  };
  /// Uses and links need more room than an event has: a header, then one word each.
  struct Pair {
    std::uint32_t a, b;
  };

  [[nodiscard]] Row& row(std::uint32_t index) noexcept {
    return rows_[index / page_entries][index % page_entries];
  }
  [[nodiscard]] const Row& row(std::uint32_t index) const noexcept {
    return rows_[index / page_entries][index % page_entries];
  }
  /// The place in the table of a slot, or null where none was made.
  [[nodiscard]] std::uint32_t* slot_entry(std::uint64_t id) const noexcept;
  [[nodiscard]] std::uint32_t live_row(std::uint64_t id) const noexcept;
  std::uint32_t* make_slot_entry(std::uint64_t id);
  std::uint32_t take_row();
  void recycle(std::uint32_t row) noexcept;

  bool make_room(std::size_t side_entries);
  void push(std::int64_t time_ns, EventKind kind, std::uint32_t row) noexcept;
  void fold_oldest();
  bool push_segment(std::int64_t time_ns, EventKind kind, std::uint64_t from, std::uint64_t to);
  void fold_segment(bool added, const SegmentRow& range, std::int64_t time_ns);
  void fold_link(bool added, Pair ends, std::int64_t time_ns);
  void forget_links_of_the_dead();
  [[nodiscard]] std::size_t side_offset(std::size_t event_offset) const noexcept {
    return event_rows_.at(event_offset) - side_first_;
  }

  void make_string_room();
  std::uint32_t intern(std::string_view text);
  std::uint32_t intern_shape(const Shape& shape);
  void drop_unused_strings();

  /// Events folded whose effect still holds, oldest first.
  struct Carried {
    std::uint64_t number;
    EventKind kind;
    std::uint32_t index;
    LinkEnds link;  ///< Or the reserved range: from, to.
    std::int64_t time_ns;
  };
  [[nodiscard]] std::vector<Carried> carried() const;
  struct Scratch;
  void describe(const Carried& carried, EventRecord& record, Scratch& scratch) const;
  void describe(std::size_t offset, EventRecord& record, Scratch& scratch) const;
  void describe_birth(const Row& row, EventRecord& record, Scratch& scratch) const;

  std::uint64_t first_ = 0;  ///< The number of the oldest event in detail.
  ChunkRing<std::int64_t> times_;
  ChunkRing<EventKind> kinds_;
  ChunkRing<std::uint32_t> event_rows_;
  ChunkRing<Pair> side_;
  std::uint32_t side_first_ = 0;  ///< The number of the oldest side entry, modulo 2^32, as all of them are.

  std::vector<std::unique_ptr<Row[]>> rows_;
  std::size_t rows_made_ = 0;
  std::uint32_t free_row_ = none;
  std::vector<std::unique_ptr<std::uint32_t[]>> slots_;  ///< A buffer's slot to its live row.
  std::vector<SegmentRow> segments_;
  std::vector<std::uint32_t> free_segments_;
  RangeMap<char> held_;                                          ///< After the newest event.
  RangeMap<Reservation> folded_held_;                            ///< Before event `first_`.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> listed_;  ///< Ranges named while listing.
  bool listing_ = false;
  std::unordered_map<LinkEnds, StandingLink, LinkHash> standing_links_;
  std::size_t links_checked_at_ = 1024;
  struct {
    std::uint64_t number = never;
    std::int64_t time_ns = 0;
    std::uint32_t name = 0;
  } standing_mark_;

  StringTable strings_;
  std::uint64_t strings_checked_at_ = 0;
  struct ShapeName {
    Shape shape;
    std::uint32_t name = 0;
  };
  std::array<ShapeName, shape_cache_entries> shape_names_{};

  Folded folded_;                        ///< Of all events before `first_`, carried ones included.
  std::uint64_t folded_live_bytes_ = 0;  ///< The levels before event `first_`.
  std::uint64_t folded_live_buffers_ = 0;
  std::array<std::uint64_t, skip_reason_count> skipped_{};
};

}  // namespace bufgc
