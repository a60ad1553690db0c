#pragma once

#include <cstdint>
#include <vector>

#include "bufgc/viz/lifecycles.hpp"
#include "timeline/axis.hpp"

namespace bufgc::timeline {

/// Where rows stood and from when to when. Box n below the number of rows is where row n was born;
/// each move adds a box behind those, and ends the one that the row had. Moves that follow each other
/// without another event between are one step: each holds from the first of them on, so that what a
/// compaction slides together never overlaps. Views move with their base and have no box of their own;
/// a row without address stays where it is packed.
///
/// Reads the lifecycles in place: valid while they are, for what stood in them when this was made.
class Places {
 public:
  explicit Places(const Lifecycles& lifecycles);
  /// One box a row, wherever it moved: for layouts in which addresses do not count.
  [[nodiscard]] static Places unmoved(const Lifecycles& lifecycles) noexcept {
    return Places(lifecycles, static_cast<std::uint32_t>(lifecycles.size()));
  }

  [[nodiscard]] std::size_t size() const noexcept { return rows_ + moved_.size(); }
  [[nodiscard]] std::uint32_t row_of(std::uint32_t box) const noexcept {
    return box < rows_ ? box : moved_[box - rows_].row;
  }
  [[nodiscard]] std::uint64_t address(std::uint32_t box) const noexcept {
    return box < rows_ ? lifecycles_->address[box] : moved_[box - rows_].address;
  }
  [[nodiscard]] std::uint32_t begin_event(std::uint32_t box) const noexcept {
    return box < rows_ ? lifecycles_->alloc_event[box] : moved_[box - rows_].begin_event;
  }
  /// The move away or the row's free; `Lifecycles::none` when it stands there at the end.
  [[nodiscard]] std::uint32_t end_event(std::uint32_t box) const noexcept {
    const std::uint32_t next = next_of(box);
    return next == Lifecycles::none ? lifecycles_->free_event[row_of(box)] : begin_event(next);
  }
  /// Whether it begins, or ends, with a move.
  [[nodiscard]] bool moved_in(std::uint32_t box) const noexcept { return box >= rows_; }
  [[nodiscard]] bool moved_on(std::uint32_t box) const noexcept { return next_of(box) != Lifecycles::none; }
  /// Where the row went from there; `Lifecycles::none` when nowhere.
  [[nodiscard]] std::uint32_t next_of(std::uint32_t box) const noexcept {
    return box < next_.size() ? next_[box] : Lifecycles::none;
  }
  /// The last place of a row.
  [[nodiscard]] std::uint32_t last_of(std::uint32_t row) const noexcept {
    return row < last_.size() ? last_[row] : row;
  }

 private:
  Places(const Lifecycles& lifecycles, std::uint32_t rows) noexcept : lifecycles_(&lifecycles), rows_(rows) {}
  struct Moved {
    std::uint32_t row;
    std::uint32_t begin_event;
    std::uint64_t address;
  };
  const Lifecycles* lifecycles_;
  std::uint32_t rows_;
  std::vector<Moved> moved_;
  // Empty without moves, as nearly all traces are:
  std::vector<std::uint32_t> next_;  ///< By box.
  std::vector<std::uint32_t> last_;  ///< By row.
};

/// Every box's time on the axis, for an index, read in place. What is alive at the end reaches to the end of
/// the axis.
class PlaceSpans {
 public:
  /// `waits`: by box, until which event what it left waited; null: nothing waits.
  PlaceSpans(const Places& places, const EventClock& clock, Axis axis,
             const std::vector<std::uint32_t>* waits = nullptr) noexcept
      : places_(places), clock_(clock), axis_(axis), waits_(waits) {}
  [[nodiscard]] std::size_t size() const noexcept { return places_.size(); }
  [[nodiscard]] std::uint64_t start(std::size_t box) const noexcept {
    return clock_.position(axis_, places_.begin_event(static_cast<std::uint32_t>(box)));
  }
  [[nodiscard]] std::uint64_t end(std::size_t box) const noexcept {
    return clock_.position(axis_, places_.end_event(static_cast<std::uint32_t>(box)));
  }
  [[nodiscard]] std::uint64_t until(std::size_t box) const noexcept {
    return waits_ == nullptr ? end(box) : clock_.position(axis_, (*waits_)[box]);
  }
  [[nodiscard]] static std::uint32_t box(std::size_t box) noexcept { return static_cast<std::uint32_t>(box); }

 private:
  const Places& places_;
  const EventClock& clock_;
  Axis axis_;
  const std::vector<std::uint32_t>* waits_;
};

}  // namespace bufgc::timeline
