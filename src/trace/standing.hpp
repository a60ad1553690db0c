#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "bufgc/viz/event_record.hpp"
#include "bufgc/viz/id_map.hpp"
#include "bufgc/viz/lifecycles.hpp"
#include "bufgc/viz/range_map.hpp"
#include "bufgc/viz/string_table.hpp"

namespace bufgc::trace {

/// What holds after a run of events: the buffers alive, the memory reserved, the links and the phase, and
/// exact totals of all that does not hold any more. A trace that begins in the middle begins with it, as
/// does that of a visualizer which folded its oldest events. Memory is bounded by what holds.
class Standing {
 public:
  static constexpr std::uint64_t none = ~std::uint64_t{0};

  struct Life {
    std::uint64_t row = 0;     ///< Births before it.
    std::uint64_t number = 0;  ///< Of its event.
    std::int64_t time_ns = 0;
    std::uint64_t id = 0, size_bytes = 0, capacity_bytes = 0, address = 0;
    std::uint64_t base_row = none;
    std::uint32_t label = 0, dtype = 0, shape = 0, site = 0, thread = 0;  ///< In `strings()`.
    std::uint8_t kind = 0, served_by = 0;
  };

  /// The totals that this begins with: of events that are not listed.
  explicit Standing(const Lifecycles::Folded& before = {}) : totals_(before) {}

  /// The next event. False, with `reason` set, where it does not fit what holds; it then changes nothing. The
  /// rules are those of `LifecyclesBuilder`; uses of what is not alive are the caller's to leave out.
  bool add(const EventRecord& event, SkipReason& reason);

  /// The buffer alive with that id, or null. Good until the next event.
  [[nodiscard]] const Life* find(std::uint64_t id) const noexcept;
  [[nodiscard]] std::size_t live_buffers() const noexcept { return live_.size(); }
  [[nodiscard]] std::uint64_t live_bytes() const noexcept { return live_bytes_; }
  /// Births ever.
  [[nodiscard]] std::uint64_t rows() const noexcept { return rows_; }
  /// Events ever.
  [[nodiscard]] std::uint64_t events() const noexcept { return events_; }

  /// Hands out what holds, as the events that began it, by their order; a buffer that was moved stands at its
  /// last address. The rows of the births handed out are ascending.
  void for_each(const EventVisitor& visit) const;
  /// How many links stand between two, by their ids: holder, held.
  [[nodiscard]] std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> link_counts() const;
  [[nodiscard]] bool is_held(std::uint64_t begin, std::uint64_t end) const;
  /// The memory reserved, as pieces with a `begin` and an `end`.
  [[nodiscard]] auto held_pieces() const { return held_.pieces(); }
  /// Of all events but those that `for_each` hands out.
  [[nodiscard]] Lifecycles::Folded folded() const;

  /// The names of what holds, and of what held since they were last dropped.
  [[nodiscard]] StringTable& strings() noexcept { return strings_; }
  [[nodiscard]] const StringTable& strings() const noexcept { return strings_; }
  /// Keeps only the names of what holds; all get new numbers.
  void drop_unused_strings();

 private:
  using Ends = std::pair<std::uint64_t, std::uint64_t>;  // rows: holder, held
  struct Reservation {
    std::uint64_t number = 0;
    std::int64_t time_ns = 0;
  };
  struct StandingLink {
    std::uint64_t number = 0;
    std::int64_t time_ns = 0;
    std::uint64_t count = 0;
    std::uint64_t holder_id = 0, held_id = 0;
  };

  bool birth(const EventRecord& event);
  bool death(const EventRecord& event);
  bool reserve(const EventRecord& event);
  bool release(const EventRecord& event);
  bool link(const EventRecord& event);
  [[nodiscard]] Life* life_of(std::uint64_t id) noexcept;
  /// The events that began what holds.
  struct Begun {
    std::uint64_t number = 0;
    Lifecycles::EventKind kind = Lifecycles::EventKind::mark;
    const Life* life = nullptr;
    const StandingLink* link = nullptr;
    std::uint64_t from = 0, to = 0;  // of memory reserved
    std::int64_t time_ns = 0;
  };
  [[nodiscard]] std::vector<Begun> begun() const;
  [[nodiscard]] std::vector<const Life*> lives_by_row() const;
  void forget_links_of_the_dead();

  IdMap live_;               // to places in lives_
  std::vector<Life> lives_;  // some of them free
  std::vector<std::uint32_t> free_places_;
  RangeMap<Reservation> held_;
  std::map<Ends, StandingLink> links_;
  std::size_t links_checked_at_ = 1024;
  Reservation mark_{none, 0};
  std::uint32_t mark_name_ = 0;
  StringTable strings_;
  Lifecycles::Folded totals_;
  std::uint64_t live_bytes_ = 0;
  std::uint64_t rows_ = 0;
  std::uint64_t events_ = 0;
};

}  // namespace bufgc::trace
