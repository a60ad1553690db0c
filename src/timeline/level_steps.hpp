#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "bufgc/viz/lifecycles.hpp"

namespace bufgc::timeline {

/// What stood after one event.
struct Level {
  std::uint64_t live_bytes = 0;      ///< Requested bytes of owned buffers; views and external ones hold none.
  std::uint64_t live_buffers = 0;    ///< Buffers of every kind.
  std::uint64_t cached_bytes = 0;    ///< Blocks freed to the cache and not yet served from it, by capacity.
  std::uint64_t reserved_bytes = 0;  ///< Held segments; without such events, capacity of live plus cached.
};

/// The levels from one event to the next, read from the lifecycles in place.
///
/// Rows born before the log's first event (folded detail) stand as alive from event 0. Bytes that
/// must have been in the cache before the log began (served from it without having been freed to
/// it) are counted from the start. Where segments are known, what is cached never exceeds what
/// they leave beside live blocks: a trim has no event of its own but shows as released segments.
class LevelSteps {
 public:
  struct State {
    std::uint64_t live_bytes = 0;
    std::uint64_t capacity_bytes = 0;  ///< Of what lives.
    std::uint64_t cached_bytes = 0;
    std::uint64_t segment_bytes = 0;
    std::uint64_t buffers = 0;
  };

  LevelSteps() = default;
  explicit LevelSteps(const Lifecycles& lifecycles);

  [[nodiscard]] std::size_t events() const noexcept { return events_; }
  /// Before the first event.
  [[nodiscard]] const State& first() const noexcept { return first_; }
  /// Takes in what the lifecycles, of which nothing has changed, have grown by since. False, with some of it
  /// done, where what stood before is another by that: then all is to be made anew.
  [[nodiscard]] bool extend(const Lifecycles& lifecycles);
  /// From before the event to after it.
  void advance(std::size_t event, State& state) const noexcept;
  [[nodiscard]] Level level(const State& state) const noexcept {
    return {state.live_bytes, state.buffers, state.cached_bytes,
            has_segments_ ? state.segment_bytes : state.capacity_bytes + state.cached_bytes};
  }

 private:
  /// What an event changes. Differences wrap around zero on purpose: their sum does not.
  struct Change {
    std::uint32_t event = 0;
    State by;
  };
  void add_birth(std::size_t row, State& by) const noexcept;
  void add_end(std::size_t row, State& by) const noexcept;
  [[nodiscard]] bool has_own_birth(std::size_t row) const noexcept;
  [[nodiscard]] bool has_own_end(std::size_t row) const noexcept;
  [[nodiscard]] State change_at(std::size_t event) const noexcept;
  [[nodiscard]] State& other_change(std::uint32_t event);
  void find_others();
  /// Births and ends in the log, whether or not they have an event of their own.
  [[nodiscard]] std::size_t changes() const noexcept;
  /// What the log adds to the cache, and how deep that falls below zero: what was there before it began.
  struct Pass {
    std::size_t own_changes = 0;  ///< Events that are a birth or an end; of the log alone, without `others_`.
    std::int64_t cached_bytes = 0;
    std::int64_t least_cached_bytes = 0;
  };
  void go_through(std::size_t first, Pass& pass) const noexcept;
  [[nodiscard]] bool each_has_its_event(std::size_t first_event, std::size_t first_row) const noexcept;
  void add_segments_from(std::size_t first_event);

  const Lifecycles* lifecycles_ = nullptr;
  std::size_t events_ = 0;
  std::size_t rows_ = 0;
  bool has_segments_ = false;
  State first_;
  Pass pass_;                   ///< Without segments, up to the last event.
  std::vector<Change> others_;  ///< By event: segments, and births and ends that have no event of their own.
};

}  // namespace bufgc::timeline
