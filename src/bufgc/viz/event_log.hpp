#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bufgc/buffer/buffer_observer.hpp"
#include "bufgc/viz/event_record.hpp"
#include "bufgc/viz/event_times.hpp"
#include "bufgc/viz/event_words.hpp"
#include "bufgc/viz/lifecycles.hpp"
#include "bufgc/viz/range_map.hpp"
#include "bufgc/viz/string_table.hpp"
#include "bufgc/viz/word_queue.hpp"

namespace bufgc {

/// The visualizer's memory: a bounded queue of events, three words for most births and one for an end
/// (viz/event_words.hpp). When it is full the oldest events are folded into totals, some at a time; what
/// still holds after them (a buffer alive, a segment held, a link, the current phase) is carried on. Ids
/// are below 2^53. Not safe from several threads: `BufferVisualizer` locks around it.
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

  // The same where the event is a few words to write and there is memory at hand. False, and nothing was
  // done, where it takes longer; so at the end of a chunk of memory at the latest.
  [[nodiscard]] bool alloc_at_once(const BufferBirth& birth, std::uint32_t thread) noexcept {
    const std::uint64_t id = birth.id.value();
    const auto address = reinterpret_cast<std::uintptr_t>(birth.data);
    if (birth.description != nullptr || birth.kind != BufferKind::owned || address == 0 ||
        !fits_compact_birth(address, birth.size_bytes, birth.capacity_bytes, thread)) [[unlikely]]
      return false;
    std::uint64_t* const live = live_entry(id);
    if (live == nullptr || *live != never || !queue_.at_hand(compact_birth_words)) [[unlikely]]
      return false;
    *live = id;
    write_compact_birth(queue_.take(compact_birth_words), id, address, birth.size_bytes, birth.capacity_bytes,
                        thread, static_cast<std::uint8_t>(birth.dtype),
                        static_cast<std::uint8_t>(birth.served_by));
    ++next_number_;
    return true;
  }
  [[nodiscard]] bool free_at_once(std::uint64_t id, std::uint8_t cause, std::uint8_t freed_to) noexcept {
    std::uint64_t* const live = live_entry(id);
    if (live == nullptr || *live != id || !queue_.at_hand(1)) [[unlikely]]
      return false;
    *live = never;
    *queue_.take(1) = EventWord::free(id, cause, freed_to).bits();
    ++next_number_;
    return true;
  }

  /// Whether its birth was recorded and its end was not.
  [[nodiscard]] bool is_live(std::uint64_t id) const noexcept;
  [[nodiscard]] std::vector<BufferId> live_buffers() const;

  /// When they happen: stamped after the event, and before reading, for what is read must stay.
  [[nodiscard]] bool wants_stamp() const noexcept { return times_.wants_stamp(next_number_ - 1); }
  void stamp(std::int64_t time_ns) noexcept {
    if (event_count() > first_) times_.stamp(event_count() - 1, time_ns);
  }

  /// Folds what there is beyond `max_events`, which recording does now and then only. Before reading.
  void fold_excess();

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
  [[nodiscard]] std::uint64_t event_count() const noexcept { return next_number_; }
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

  /// Hands out the events numbered `from` and later, at most `limit` of those kept in detail, oldest
  /// first; events already folded come only where what they began still holds. Returns the number
  /// after the last one handed out.
  std::uint64_t for_each_since(std::uint64_t from, std::uint64_t limit, const EventVisitor& visit) const;
  /// The totals that go with `for_each_since(0)`: of the events that it leaves out.
  [[nodiscard]] Folded folded() const;

 private:
  static constexpr std::uint64_t never = ~std::uint64_t{0};
  static constexpr std::uint64_t unmade = never - 1;
  static constexpr std::size_t page_entries = 4096;
  static constexpr std::size_t max_strings = std::size_t{1} << 16U;
  static constexpr std::size_t max_text_bytes = std::size_t{1} << 23U;
  static constexpr std::size_t max_string_bytes = 1024;
  static constexpr std::size_t shape_cache_entries = 64;

  /// A birth that was folded, of a buffer whose end was not.
  struct CarriedBirth {
    BirthWords words{};
    std::uint64_t number = never;  ///< `never`: there is none.
    std::int64_t time_ns = 0;
  };
  /// What folding counts: the levels before the oldest event, and totals of all that came before it.
  struct FoldedLevels {
    Folded totals;  ///< But for the number of events.
    std::uint64_t live_bytes = 0;
    std::uint64_t live_buffers = 0;

    void begins(std::uint64_t bytes) noexcept {
      live_bytes += bytes;
      ++live_buffers;
      totals.max_live_bytes = std::max(totals.max_live_bytes, live_bytes);
      totals.max_live_buffers = std::max(totals.max_live_buffers, live_buffers);
    }
    void ends(std::uint64_t bytes) noexcept {
      live_bytes -= bytes;
      --live_buffers;
      totals.bytes += bytes;
      ++totals.buffers;
    }
  };
  /// An event: its number, and where in the queue its first word stands.
  struct Place {
    std::uint64_t number = 0, position = 0;
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

  /// The id of the buffer alive in a slot; `never` when there is none, `unmade` where there is no place to
  /// carry a birth yet, null where not even one for the id.
  [[nodiscard]] std::uint64_t* live_entry(std::uint64_t id) noexcept {
    const std::uint32_t slot = BufferId::from_value(id).slot;
    return slot < live_.size() ? &live_[slot] : nullptr;
  }
  [[nodiscard]] std::uint64_t* make_live_entry(std::uint64_t id);
  /// The place for the birth of a buffer that was alive once.
  [[nodiscard]] CarriedBirth& carried_birth(std::uint64_t id) noexcept {
    const std::uint32_t slot = BufferId::from_value(id).slot;
    return carried_births_[slot / page_entries][slot % page_entries];
  }
  [[nodiscard]] const CarriedBirth* find_carried(std::uint64_t id) const noexcept;

  /// Folds until there is room for one event of so many words.
  [[nodiscard]] bool make_room(std::size_t words) {
    if (kept_events() >= max_events_ + fold_batch_) fold_excess();
    return queue_.room(words) || fold_for_room(words);
  }
  [[nodiscard]] bool fold_for_room(std::size_t words);
  /// Writes an event for whose words there is room.
  void push(EventWord first, std::initializer_list<std::uint64_t> others = {}) noexcept;
  [[nodiscard]] std::uint64_t kept_events() const noexcept { return next_number_ - first_; }
  /// What is recorded at once is not counted against the bound before the end of a chunk.
  [[nodiscard]] std::uint64_t most_kept_events() const noexcept {
    return max_events_ + fold_batch_ + WordQueue::chunk_words;
  }

  /// Folds the oldest events.
  void fold(std::uint64_t events);
  /// Those below number `end` that are births and ends, up to the first that is neither.
  void fold_lifetimes(std::uint64_t end) noexcept;
  /// A birth of so many words at `at`, and its end where that is the next event; moves `at` past them.
  template <std::size_t birth_words>
  void fold_birth(const std::uint64_t* words, std::uint64_t end, Place& at, FoldedLevels& levels) noexcept;
  /// One that is neither.
  void fold_other();
  void fold_segment(bool added, std::uint64_t begin, std::uint64_t size_bytes);
  void fold_link(bool added, LinkEnds ends);
  void forget_links_of_the_dead();

  void make_string_room();
  std::uint32_t intern(std::string_view text);
  std::uint32_t intern_shape(const Shape& shape);
  void drop_unused_strings();
  /// Replaces every name in the log by what `rename` makes of it.
  template <class Rename>
  void rename_all(Rename&& rename);

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
  void describe_next(EventRecord& record, Reader& reader) const;
  void describe_birth(const std::uint64_t* words, EventRecord& record, Reader& reader) const;

  const std::uint64_t max_events_;
  const std::uint64_t fold_batch_;  ///< So many more are kept before they are folded together.
  const std::size_t max_used_;      ///< Buffers in one use.
  WordQueue queue_;
  EventTimes times_;
  std::uint64_t next_number_ = 0;
  std::uint64_t first_ = 0;    ///< The oldest event in detail; it stands at the queue's beginning.
  mutable Place last_reader_;  ///< Where the last reader stopped; the next often goes on from there.

  std::vector<std::uint64_t> live_;                              ///< By slot.
  Pages<CarriedBirth> carried_births_;                           ///< By slot.
  RangeMap<char> held_;                                          ///< After the newest event.
  RangeMap<Reservation> folded_held_;                            ///< Before the oldest event.
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

  FoldedLevels folded_;
  std::array<std::uint64_t, skip_reason_count> skipped_{};
};

}  // namespace bufgc
