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
#include "bufgc/viz/event_times.hpp"
#include "bufgc/viz/lifecycles.hpp"
#include "bufgc/viz/range_map.hpp"
#include "bufgc/viz/string_table.hpp"

namespace bufgc {

/// The visualizer's memory: bounded queues of events, eight bytes each, of births, a cache line each,
/// and of what else events need beside them. When a queue is full the oldest event is folded into
/// totals; what still holds after it (a buffer alive, a segment held, a link, the current phase) is
/// carried on. Ids are below 2^53. Not safe from several threads: `BufferVisualizer` locks around it.
class EventLog {
 public:
  using EventKind = Lifecycles::EventKind;
  using Folded = Lifecycles::Folded;

  explicit EventLog(std::size_t max_events);

  // Each returns whether an event was recorded. They throw only for want of memory, and then leave
  // the log as it was.
  bool alloc(const BufferBirth& birth, std::uint32_t thread);
  bool free(std::uint64_t id, std::uint8_t cause, std::uint8_t freed_to);
  bool use(std::string_view kernel, std::span<const KernelUse> uses);
  bool mark(std::string_view name);
  bool reserve(std::uint64_t address, std::uint64_t size_bytes);
  bool release(std::uint64_t address, std::uint64_t size_bytes);
  bool link(std::uint64_t holder, std::uint64_t held, bool added);
  bool move(std::uint64_t id, std::uint64_t from, std::uint64_t to);

  /// Whether its birth was recorded and its end was not.
  [[nodiscard]] bool is_live(std::uint64_t id) const noexcept;
  [[nodiscard]] std::vector<BufferId> live_buffers() const;

  /// When they happen: stamped after the event, and before reading, for what is read must stay.
  [[nodiscard]] bool wants_stamp() noexcept { return times_.wants_stamp(); }
  void stamp(std::int64_t time_ns) noexcept {
    if (event_count() > first_) times_.stamp(event_count() - 1, time_ns);
  }

  /// Between the two, `reserve` names what is held already; what was held before and is not named
  /// again went unseen, and its release is recorded then.
  void begin_segment_listing() noexcept { listing_ = true; }
  void end_segment_listing();

  /// Forgets detail and totals; what holds now is listed as begun at event 0 and time 0.
  void clear();

  /// An event that could not be recorded.
  void skip(SkipReason reason) noexcept { ++skipped_[static_cast<std::size_t>(reason)]; }
  [[nodiscard]] const std::array<std::uint64_t, skip_reason_count>& skipped() const noexcept {
    return skipped_;
  }
  [[nodiscard]] std::uint64_t event_count() const noexcept { return first_ + events_.size(); }
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

  /// Hands out the events numbered `from` and later, at most `limit` of those kept in detail, oldest
  /// first; events already folded come only where what they began still holds. Returns the number
  /// after the last one handed out.
  std::uint64_t for_each_since(std::uint64_t from, std::uint64_t limit, const EventVisitor& visit) const;
  /// The totals that go with `for_each_since(0)`: of the events that it leaves out.
  [[nodiscard]] Folded folded() const;

 private:
  static constexpr std::uint64_t no_base = ~std::uint64_t{0};
  static constexpr unsigned access_shift = 56;
  static constexpr std::uint64_t never = ~std::uint64_t{0};
  static constexpr std::size_t page_entries = 4096;
  static constexpr std::size_t max_strings = std::size_t{1} << 16U;
  static constexpr std::size_t max_text_bytes = std::size_t{1} << 23U;
  static constexpr std::size_t max_string_bytes = 1024;
  static constexpr std::size_t shape_cache_entries = 64;

  /// An event in 64 bits: what it is about (55 bits), its kind, and of a free the cause and where to.
  class Event {
   public:
    Event() noexcept = default;
    Event(EventKind kind, std::uint64_t subject, std::uint8_t cause = 0, std::uint8_t freed_to = 0) noexcept
        : bits_((subject << 9U) | (std::uint64_t{cause & 7U} << 6U) | (std::uint64_t{freed_to & 3U} << 4U) |
                static_cast<std::uint64_t>(kind)) {}
    [[nodiscard]] EventKind kind() const noexcept { return static_cast<EventKind>(bits_ & 15U); }
    /// alloc, free, move: the buffer's id; mark: the name; reserve, release: of `segments_`; use: the number
    /// of entries in `side_`; link, unlink: nothing.
    [[nodiscard]] std::uint64_t subject() const noexcept { return bits_ >> 9U; }
    /// The same, where it counts what is in memory.
    [[nodiscard]] std::size_t place() const noexcept { return static_cast<std::size_t>(subject()); }
    [[nodiscard]] std::uint8_t cause() const noexcept { return known((bits_ >> 6U) & 7U, 7); }
    [[nodiscard]] std::uint8_t freed_to() const noexcept { return known((bits_ >> 4U) & 3U, 3); }

   private:
    [[nodiscard]] static std::uint8_t known(std::uint64_t code, std::uint64_t unknown) noexcept {
      return code == unknown ? Lifecycles::unknown : static_cast<std::uint8_t>(code);
    }
    std::uint64_t bits_ = 0;
  };
  struct Birth {
    std::uint64_t id = 0, size_bytes = 0, capacity_bytes = 0, address = 0;
    std::uint64_t base_id = no_base;
    std::uint32_t label = 0, shape = 0, site = 0, thread = 0;
    std::uint8_t dtype = 0, kind = 0, served_by = 0;
  };
  /// A birth that was folded, of a buffer whose end was not.
  struct CarriedBirth {
    Birth birth;
    std::uint64_t number = never;  ///< `never`: there is none.
    std::int64_t time_ns = 0;
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
  template <class Entry>
  using Pages = std::vector<std::unique_ptr<Entry[]>>;

  /// The id of the buffer alive in a slot, `never` when there is none; null where no page was made.
  [[nodiscard]] std::uint64_t* live_entry(std::uint64_t id) const noexcept {
    const std::uint32_t slot = BufferId::from_value(id).slot;
    const std::size_t page = slot / page_entries;
    return page < live_.size() && live_[page] ? &live_[page][slot % page_entries] : nullptr;
  }
  [[nodiscard]] std::uint64_t* make_live_entry(std::uint64_t id);
  /// The place for the birth of a buffer that was alive once.
  [[nodiscard]] CarriedBirth& carried_birth(std::uint64_t id) noexcept {
    const std::uint32_t slot = BufferId::from_value(id).slot;
    return carried_births_[slot / page_entries][slot % page_entries];
  }
  [[nodiscard]] const CarriedBirth* find_carried(std::uint64_t id) const noexcept;

  /// Folds until there is room for one event, with a birth or `side_entries` beside it.
  [[nodiscard]] bool make_room(bool birth, std::size_t side_entries) {
    return has_room(birth, side_entries) || fold_for_room(birth, side_entries);
  }
  [[nodiscard]] bool has_room(bool birth, std::size_t side_entries) noexcept {
    return events_.room() && (!birth || births_.room()) && (side_entries == 0 || side_.room(side_entries));
  }
  [[nodiscard]] bool fold_for_room(bool birth, std::size_t side_entries);
  void fold_oldest();
  bool push_segment(EventKind kind, std::uint64_t from, std::uint64_t to);
  void fold_segment(bool added, const SegmentRow& range);
  void fold_link(bool added, LinkEnds ends);
  void forget_links_of_the_dead();

  void make_string_room();
  std::uint32_t intern(std::string_view text);
  std::uint32_t intern_shape(const Shape& shape);
  void drop_unused_strings();

  /// Events folded whose effect still holds, oldest first.
  struct Carried {
    std::uint64_t number;
    EventKind kind;
    LinkEnds ends;  ///< Of a link; the reserved range, from and to; of an alloc the id.
    std::int64_t time_ns;
  };
  [[nodiscard]] std::vector<Carried> carried() const;
  /// Where a walk over the events stands.
  struct Reader;
  void describe(const Carried& carried, EventRecord& record, Reader& reader) const;
  void describe(std::size_t offset, EventRecord& record, Reader& reader) const;
  void describe_birth(const Birth& born, EventRecord& record, Reader& reader) const;

  std::uint64_t first_ = 0;  ///< The number of the oldest event in detail.
  ChunkRing<Event> events_;
  ChunkRing<Birth> births_;  ///< Of the alloc events in `events_`, in their order.
  ChunkRing<std::uint64_t>
      side_;  ///< Links: holder, held. Moves: from, to. Uses: the kernel's name, then id and access each.
  EventTimes times_;
  /// How many births and side entries there were, ever, before an event.
  struct Place {
    std::uint64_t number = 0, births = 0, side = 0;
    void pass(const Event& event) noexcept {
      ++number;
      switch (event.kind()) {
        case EventKind::alloc:
          ++births;
          break;
        case EventKind::use:
          side += event.subject();
          break;
        case EventKind::link:
        case EventKind::unlink:
        case EventKind::move:
          side += 2;
          break;
        default:
          break;
      }
    }
  };
  Place oldest_;               ///< That of event `first_`.
  mutable Place last_reader_;  ///< Where the last reader stopped; the next often goes on from there.

  Pages<std::uint64_t> live_;           ///< By slot.
  Pages<CarriedBirth> carried_births_;  ///< By slot.
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
